//! Termination messages: what a container has to say about its end.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use cri_api::v1::ContainerStatusRequest;

use crate::{
    labels, logs,
    observed::{Observed, State},
    services::Services,
    volumes::blocking,
};

/// The most that is read of a message.
const MESSAGE_LIMIT_BYTES: u64 = 4096;
/// The most of a log that stands in for a message.
const LOG_LIMIT_BYTES: u64 = 2048;
const LOG_LIMIT_LINES: usize = 80;

/// The messages of a pod's containers, read once each: the files go when the pod ends.
#[derive(Default)]
pub(crate) struct Messages(BTreeMap<String, String>);

impl Messages {
    /// Fills in the messages of the containers that have ended.
    pub(crate) async fn fill(&mut self, services: &Arc<Services>, observed: &mut Observed) {
        for container in observed.containers.iter_mut().filter(|container| container.state == State::Exited) {
            if !self.0.contains_key(&container.id) {
                let message = read(services, &container.id, container.exit_code).await;
                self.0.insert(container.id.clone(), message);
            }
            if let Some(message) = self.0.get(&container.id).filter(|message| !message.is_empty()) {
                container.message = match container.message.as_str() {
                    "" => message.clone(),
                    before => format!("{before}: {message}"),
                };
            }
        }
        self.0.retain(|id, _| observed.containers.iter().any(|container| container.id == *id));
    }
}

async fn read(services: &Arc<Services>, id: &str, exit_code: i32) -> String {
    let request = ContainerStatusRequest { container_id: id.to_owned(), verbose: false };
    let answer = services.runtime.container_status(request).await;
    let Some(status) = answer.ok().and_then(|answer| answer.status) else { return String::new() };
    let annotation = |key: &str| status.annotations.get(key).map(String::as_str).unwrap_or_default();
    let path = annotation(labels::TERMINATION_MESSAGE_PATH);
    let file =
        status.mounts.iter().find(|mount| mount.container_path == path).map(|mount| PathBuf::from(&mount.host_path));
    let fallback = annotation(labels::TERMINATION_MESSAGE_POLICY) == "FallbackToLogsOnError" && exit_code != 0;
    let log = PathBuf::from(&status.log_path);
    blocking(move || {
        let message = file.map(|file| start_of(&file)).unwrap_or_default();
        if message.is_empty() && fallback {
            return logs::tail(&log, LOG_LIMIT_LINES, LOG_LIMIT_BYTES);
        }
        message
    })
    .await
}

fn start_of(path: &Path) -> String {
    use std::io::Read as _;
    let mut message = Vec::new();
    if let Ok(file) = std::fs::File::open(path) {
        // What cannot be read is no message.
        let _ = file.take(MESSAGE_LIMIT_BYTES).read_to_end(&mut message);
    }
    String::from_utf8_lossy(&message).into_owned()
}
