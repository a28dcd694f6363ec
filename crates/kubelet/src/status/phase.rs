//! The phase of a pod.

use api::views::core_v1::{Container, ContainerStatus, PodSpec};
use apimachinery::Value;
use component_helpers::resources::is_sidecar;

use super::containers::RESTARTING_ALL;
use crate::plan::restarts_after;

#[derive(Default)]
struct Counts {
    pending_init: usize,
    pending_sidecars: usize,
    failed_init: usize,
    unknown: usize,
    running: usize,
    waiting: usize,
    stopped: usize,
    stopped_for_good: usize,
    succeeded: usize,
}

/// Whether a container that ended runs again: by its policy, or because all of its pod start anew.
fn restarts(spec: PodSpec<'_>, container: Container<'_>, status: ContainerStatus<'_>, code: i32) -> bool {
    let ended = status.state().terminated().or_else(|| status.last_state().terminated());
    restarts_after(spec, container, code) || ended.is_some_and(|ended| ended.reason() == RESTARTING_ALL)
}

fn exit_code(status: ContainerStatus<'_>) -> Option<i32> {
    let ended = status.state().terminated().or_else(|| status.last_state().terminated())?;
    Some(i32::try_from(ended.exit_code()).unwrap_or(i32::MAX))
}

fn count_init(spec: PodSpec<'_>, statuses: &[Value], counts: &mut Counts) {
    for (container, status) in spec.init_containers().iter().zip(statuses) {
        let status = ContainerStatus::of(status);
        let (running, ended) = (status.state().running().is_some(), exit_code(status));
        if is_sidecar(container) {
            let started = status.started() == Some(true);
            match (running, ended) {
                (true, _) => {
                    counts.running += 1;
                    counts.pending_sidecars += usize::from(!started);
                }
                (false, Some(_)) => {}
                (false, None) => {
                    counts.pending_sidecars += 1;
                    counts.waiting += 1;
                }
            }
        } else {
            match ended.filter(|_| !running) {
                None => counts.pending_init += 1,
                Some(0) => {}
                Some(code) => counts.failed_init += usize::from(!restarts(spec, container, status, code)),
            }
        }
    }
}

fn count_regular(spec: PodSpec<'_>, statuses: &[Value], counts: &mut Counts) {
    for container in spec.containers().iter() {
        let status = statuses.iter().map(ContainerStatus::of).find(|status| status.name() == container.name());
        let Some(status) = status else {
            counts.unknown += 1;
            continue;
        };
        if status.state().running().is_some() {
            counts.running += 1;
        } else if let Some(code) = exit_code(status) {
            counts.stopped += 1;
            counts.stopped_for_good += usize::from(!restarts(spec, container, status, code));
            counts.succeeded += usize::from(code == 0 && status.state().terminated().is_some());
        } else if status.state().waiting().is_some() {
            counts.waiting += 1;
        } else {
            counts.unknown += 1;
        }
    }
}

/// The phase that container statuses amount to.
pub(super) fn phase(
    spec: PodSpec<'_>,
    init: &[Value],
    regular: &[Value],
    terminal: bool,
    initialized: bool,
) -> &'static str {
    let mut counts = Counts::default();
    count_init(spec, init, &mut counts);
    count_regular(spec, regular, &mut counts);
    let succeeded = counts.stopped == counts.succeeded;
    if counts.failed_init > 0 {
        "Failed"
    } else if counts.pending_init > 0 || (counts.pending_sidecars > 0 && !initialized) || counts.waiting > 0 {
        "Pending"
    } else if counts.running > 0 && counts.unknown == 0 {
        "Running"
    } else if counts.running == 0 && counts.stopped > 0 && counts.unknown == 0 {
        match (succeeded, terminal || counts.stopped == counts.stopped_for_good) {
            (_, false) => "Running",
            (true, true) => "Succeeded",
            (false, true) => "Failed",
        }
    } else {
        "Pending"
    }
}
