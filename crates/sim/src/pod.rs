//! A pod's life on a hollow node, as pure steps: what is to be done next, and what its status says then.

use std::time::Duration;

use apimachinery::{Object, Str, Value, time, value};

use crate::{FleetOptions, node};

/// How long a pod that ends by itself runs.
const RUN_ANNOTATION: &str = "sim.sagong.dev/run-milliseconds";
/// With which exit code its containers end.
const EXIT_ANNOTATION: &str = "sim.sagong.dev/exit-code";

/// What must be known of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Container {
    name: Str,
    image: Str,
    /// Whether it runs, and ends, before the others start.
    init: bool,
}

/// Where a pod is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Nothing has been written.
    Seen,
    /// Its containers are being created.
    Starting,
    /// They run.
    Running,
    /// They have ended by themselves.
    Ended,
    /// They have been stopped, since the pod is deleted.
    Stopped,
    /// The API has been told to let it go.
    Gone,
}

/// A pod on a hollow node; small, since there are many.
#[derive(Clone, Debug)]
pub(crate) struct Pod {
    pub(crate) node: u32,
    pub(crate) namespace: Str,
    pub(crate) name: Str,
    pub(crate) stage: Stage,
    /// From when its containers run, in seconds since 1970.
    started_seconds: i64,
    /// The end of its address.
    pub(crate) slot: u8,
    host_network: bool,
    runs: Option<Duration>,
    exit_code: u8,
    /// How long its containers may take to stop; set once it is deleted.
    grace: Option<Duration>,
    containers: Box<[Container]>,
}

/// What to do with a pod now.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// Nothing, until something is heard of it.
    Nothing,
    /// Go on with this stage after a time.
    After(Duration, Stage),
    /// Write its status, which is then at this stage.
    Write(Stage),
    /// Tell the API that it is gone.
    Delete,
}

fn milliseconds(object: &Object, options: &FleetOptions) -> Option<Duration> {
    if object.spec().str_at("restartPolicy").unwrap_or("Always") == "Always" {
        return None;
    }
    let said = object.annotation(RUN_ANNOTATION).and_then(|text| text.parse().ok());
    Some(Duration::from_millis(said.unwrap_or(options.run_milliseconds)))
}

fn stage_of(object: &Object) -> Stage {
    match object.status().str_at("phase").unwrap_or_default() {
        "Running" => Stage::Running,
        "Succeeded" | "Failed" => Stage::Ended,
        _ => Stage::Seen,
    }
}

impl Pod {
    /// A pod of node `node`; one that ran before the fleet started goes on.
    pub(crate) fn read(object: &Object, node: u32, slot: u8, options: &FleetOptions) -> Pod {
        let spec = object.spec();
        let containers = [("initContainers", true), ("containers", false)].into_iter().flat_map(|(list, init)| {
            spec.list_at(list).iter().map(move |container| Container {
                name: container.str_at(&["name"]).unwrap_or_default().into(),
                image: container.str_at(&["image"]).unwrap_or_default().into(),
                // Those that are restarted for ever run beside the others.
                init: init && container.str_at(&["restartPolicy"]) != Some("Always"),
            })
        });
        let started = object.status().str_at("startTime").and_then(time::parse).unwrap_or_else(stdx::clock::now);
        let mut pod = Pod {
            node,
            namespace: object.namespace().into(),
            name: object.name().into(),
            stage: stage_of(object),
            started_seconds: started.as_second(),
            slot,
            host_network: spec.bool_at("hostNetwork") == Some(true),
            runs: milliseconds(object, options),
            exit_code: object.annotation(EXIT_ANNOTATION).and_then(|text| text.parse().ok()).unwrap_or(0),
            grace: None,
            containers: containers.collect(),
        };
        pod.update(object);
        pod
    }

    /// Takes over what may change.
    pub(crate) fn update(&mut self, object: &Object) {
        if object.deletion_timestamp().is_some() {
            let seconds = object.metadata().i64_at("deletionGracePeriodSeconds").unwrap_or(0);
            self.grace = Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
        }
    }

    /// Whether the API wants it gone.
    pub(crate) fn is_deleted(&self) -> bool {
        self.grace.is_some()
    }

    /// What comes next. `jitter` is a share of the jitter of starts, 0 to 1.
    pub(crate) fn next(&self, options: &FleetOptions, jitter: f64) -> Step {
        if let Some(grace) = self.grace {
            let stop = Duration::from_millis(options.stop_delay_milliseconds).min(grace);
            return match self.stage {
                // Nothing of it has ever run.
                Stage::Seen | Stage::Starting | Stage::Ended | Stage::Stopped => Step::Delete,
                Stage::Running if stop.is_zero() => Step::Write(Stage::Stopped),
                Stage::Running => Step::After(stop, Stage::Stopped),
                Stage::Gone => Step::Nothing,
            };
        }
        let jitter = Duration::from_millis(options.start_jitter_milliseconds).mul_f64(jitter);
        let delay = Duration::from_millis(options.start_delay_milliseconds) + jitter;
        match (self.stage, self.runs) {
            (Stage::Seen, _) if delay.is_zero() => Step::Write(Stage::Running),
            (Stage::Seen, _) => Step::Write(Stage::Starting),
            (Stage::Starting, _) => Step::After(delay, Stage::Running),
            (Stage::Running, Some(runs)) => Step::After(runs, Stage::Ended),
            (Stage::Running, None) | (Stage::Ended | Stage::Stopped | Stage::Gone, _) => Step::Nothing,
        }
    }

    /// What the pod's status says at `stage`, which it now enters; a strategic merge patch.
    pub(crate) fn status(&mut self, stage: Stage, uid: &str) -> Value {
        if stage == Stage::Running {
            self.started_seconds = stdx::clock::now().as_second();
        }
        let now = time::format_seconds(stdx::clock::now());
        let (phase, ready) = match stage {
            Stage::Seen | Stage::Starting => ("Pending", false),
            Stage::Running | Stage::Stopped => ("Running", stage == Stage::Running),
            Stage::Ended | Stage::Gone if self.exit_code == 0 => ("Succeeded", false),
            Stage::Ended | Stage::Gone => ("Failed", false),
        };
        let started = stage >= Stage::Running;
        let word = |holds: bool| if holds { "True" } else { "False" };
        let condition = |kind: &str, holds: bool| {
            let mut condition = value!({"type": kind, "status": word(holds), "lastTransitionTime": now.as_str()});
            let reason = match phase {
                "Succeeded" => "PodCompleted",
                "Failed" => "PodFailed",
                _ => "ContainersNotReady",
            };
            if !holds && kind != "PodReadyToStartContainers" {
                condition.set(&["reason"], reason);
            }
            condition
        };
        let mut status = value!({
            "phase": phase,
            "startTime": time::format_seconds(self.started()),
            "hostIP": node::address(self.node),
            "hostIPs": [{"ip": node::address(self.node)}],
            "conditions": [
                condition("PodReadyToStartContainers", stage == Stage::Running),
                condition("Initialized", true),
                condition("Ready", ready),
                condition("ContainersReady", ready)
            ]
        });
        if started {
            let address = match self.host_network {
                true => node::address(self.node),
                false => node::pod_address(self.node, self.slot),
            };
            status.set(&["podIP"], address.as_str());
            status.set(&["podIPs"], value!([{"ip": address}]));
        }
        let list = |init: bool| -> Vec<Value> {
            let of = self.containers.iter().enumerate().filter(|(_, container)| container.init == init);
            of.map(|(number, container)| self.container(container, number, stage, uid)).collect()
        };
        for (name, statuses) in [("initContainerStatuses", list(true)), ("containerStatuses", list(false))] {
            if !statuses.is_empty() {
                status.set(&[name], statuses);
            }
        }
        value!({"metadata": {"uid": uid}, "status": status})
    }

    fn started(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(self.started_seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    fn container(&self, container: &Container, number: usize, stage: Stage, uid: &str) -> Value {
        let started = time::format_seconds(self.started());
        let now = time::format_seconds(stdx::clock::now());
        // Distinct for each container of each pod, and the same whenever it is written.
        let identifier = format!("hollow://{:0>60}{number:04x}", uid.replace('-', ""));
        let terminated = |code: u8, until: &str| {
            let reason = if code == 0 { "Completed" } else { "Error" };
            value!({"terminated": {
                "exitCode": i64::from(code), "reason": reason, "containerID": identifier.as_str(),
                "startedAt": started.as_str(), "finishedAt": until
            }})
        };
        let state = match stage {
            Stage::Seen | Stage::Starting if container.init => value!({"waiting": {"reason": "PodInitializing"}}),
            Stage::Seen | Stage::Starting => value!({"waiting": {"reason": "ContainerCreating"}}),
            _ if container.init => terminated(0, &started),
            Stage::Running => value!({"running": {"startedAt": started.as_str()}}),
            Stage::Ended | Stage::Gone => terminated(self.exit_code, &now),
            Stage::Stopped => terminated(0, &now),
        };
        let running = stage == Stage::Running && !container.init;
        let mut status = value!({
            "name": container.name.as_str(),
            "image": container.image.as_str(),
            "imageID": "",
            "ready": running || (container.init && stage >= Stage::Running),
            "restartCount": 0,
            "started": running,
            "state": state
        });
        if stage >= Stage::Running {
            status.set(&["containerID"], identifier.as_str());
            status.set(&["imageID"], container.image.as_str());
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(restart_policy: &str, deleted: Option<i64>) -> Object {
        let mut pod = value!({
            "metadata": {"namespace": "default", "name": "a", "uid": "11-22"},
            "spec": {
                "restartPolicy": restart_policy,
                "initContainers": [{"name": "first", "image": "i"}],
                "containers": [{"name": "main", "image": "j"}]
            }
        });
        if let Some(grace) = deleted {
            pod.set(&["metadata", "deletionTimestamp"], "2026-01-01T00:00:00Z");
            pod.set(&["metadata", "deletionGracePeriodSeconds"], grace);
        }
        Object(pod)
    }

    fn options() -> FleetOptions {
        FleetOptions {
            start_delay_milliseconds: 100,
            start_jitter_milliseconds: 100,
            stop_delay_milliseconds: 3000,
            run_milliseconds: 7000,
            ..FleetOptions::default()
        }
    }

    #[test]
    fn a_life() {
        let options = options();
        let mut pod = Pod::read(&pod("Always", None), 0, 1, &options);
        assert_eq!(pod.next(&options, 0.5), Step::Write(Stage::Starting));
        pod.stage = Stage::Starting;
        assert_eq!(pod.next(&options, 0.5), Step::After(Duration::from_millis(150), Stage::Running));
        pod.stage = Stage::Running;
        assert_eq!(pod.next(&options, 0.5), Step::Nothing);
        pod.grace = Some(Duration::from_secs(30));
        assert_eq!(pod.next(&options, 0.5), Step::After(Duration::from_secs(3), Stage::Stopped));
        pod.grace = Some(Duration::from_secs(1));
        assert_eq!(pod.next(&options, 0.5), Step::After(Duration::from_secs(1), Stage::Stopped), "grace is honoured");
        pod.stage = Stage::Stopped;
        assert_eq!(pod.next(&options, 0.5), Step::Delete);
        pod.stage = Stage::Gone;
        assert_eq!(pod.next(&options, 0.5), Step::Nothing);
    }

    #[test]
    fn a_job_ends_when_it_says() {
        let options = options();
        let mut object = pod("Never", None);
        let mut by_default = Pod::read(&object, 0, 1, &options);
        by_default.stage = Stage::Running;
        assert_eq!(by_default.next(&options, 0.0), Step::After(Duration::from_secs(7), Stage::Ended));
        object.set(&["metadata", "annotations", RUN_ANNOTATION], "40");
        object.set(&["metadata", "annotations", EXIT_ANNOTATION], "3");
        let mut pod = Pod::read(&object, 0, 1, &options);
        pod.stage = Stage::Running;
        assert_eq!(pod.next(&options, 0.0), Step::After(Duration::from_millis(40), Stage::Ended));
        let status = pod.status(Stage::Ended, "11-22");
        assert_eq!(status.str_at(&["status", "phase"]), Some("Failed"));
        let container = &status.list_at(&["status", "containerStatuses"])[0];
        assert_eq!(container.i64_at(&["state", "terminated", "exitCode"]), Some(3));
    }

    #[test]
    fn what_never_ran_goes_at_once_and_what_ran_before_goes_on() {
        let options = options();
        assert_eq!(Pod::read(&pod("Always", Some(30)), 0, 1, &options).next(&options, 0.0), Step::Delete);
        let mut running = pod("Always", None);
        running.set(&["status", "phase"], "Running");
        assert_eq!(Pod::read(&running, 0, 1, &options).next(&options, 0.0), Step::Nothing);
    }

    #[test]
    fn a_running_pod_is_ready_and_has_an_address_and_containers() {
        let mut pod = Pod::read(&pod("Always", None), 258, 7, &options());
        let starting = pod.status(Stage::Starting, "11-22");
        assert_eq!(starting.str_at(&["status", "podIP"]), None);
        let status = pod.status(Stage::Running, "11-22");
        assert_eq!(status.str_at(&["metadata", "uid"]), Some("11-22"));
        assert_eq!(status.str_at(&["status", "podIP"]), Some("100.65.2.7"));
        let ready = status.list_at(&["status", "conditions"]).iter().all(|one| one.str_at(&["status"]) == Some("True"));
        assert!(ready, "{status:?}");
        let main = &status.list_at(&["status", "containerStatuses"])[0];
        assert_eq!(main.str_at(&["containerID"]), Some(&*format!("hollow://{:0>60}0001", "1122")));
        assert!(main.bool_at(&["ready"]) == Some(true) && main.at(&["state", "running"]).is_some());
        let first = &status.list_at(&["status", "initContainerStatuses"])[0];
        assert_eq!(first.str_at(&["state", "terminated", "reason"]), Some("Completed"));
    }
}
