//! Rotation of containers' logs.
//!
//! A worker tells which logs are written; each is looked at when something has been written to its directory, and
//! not more often than every ten seconds. A log that nobody writes costs nothing.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cri_api::v1::ReopenContainerLogRequest;
use tokio::task::AbortHandle;

use super::rotated;
use crate::{
    file_watch::DirectoryWatch,
    observed::{Observed, State},
    services::Services,
    volumes::blocking,
};

/// The least time between two looks at one log.
const LOOK_PERIOD: Duration = Duration::from_secs(10);

/// The rotation of one pod's logs.
pub(crate) struct Rotation {
    services: Arc<Services>,
    /// By container identifier.
    tasks: BTreeMap<String, AbortHandle>,
}

impl Drop for Rotation {
    fn drop(&mut self) {
        self.tasks.values().for_each(AbortHandle::abort);
    }
}

impl Rotation {
    pub(crate) fn new(services: Arc<Services>) -> Rotation {
        Rotation { services, tasks: BTreeMap::new() }
    }

    /// Follows the logs of the containers that run, and no others.
    pub(crate) fn follow(&mut self, observed: &Observed) {
        let running = |id: &str| observed.containers.iter().any(|one| one.id == id && one.state == State::Running);
        self.tasks.retain(|id, task| {
            let keep = running(id) && !task.is_finished();
            if !keep {
                task.abort();
            }
            keep
        });
        for container in observed.containers.iter().filter(|container| container.state == State::Running) {
            if self.tasks.contains_key(&container.id) || container.log_path.is_empty() {
                continue;
            }
            let (services, id, path) =
                (self.services.clone(), container.id.clone(), PathBuf::from(&container.log_path));
            let task = tokio::spawn(async move {
                if let Err(error) = keep(&services, &id, &path).await {
                    tracing::warn!(%error, log = %path.display(), "a log is no longer rotated");
                }
            });
            self.tasks.insert(container.id.clone(), task.abort_handle());
        }
    }
}

async fn keep(services: &Arc<Services>, id: &str, path: &Path) -> io::Result<()> {
    let Some(directory) = path.parent() else { return Ok(()) };
    let mut changes = DirectoryWatch::new(directory)?;
    loop {
        changes.changed().await?;
        let (max_bytes, max_files) = (services.config.container_log_max_bytes, services.config.container_log_max_files);
        let log = path.to_owned();
        if blocking(move || rotate(&log, max_bytes, max_files)).await? {
            let request = ReopenContainerLogRequest { container_id: id.to_owned() };
            if let Err(error) = services.runtime.reopen_container_log(request).await {
                tracing::warn!(%error, id, "a rotated log could not be reopened");
            }
        }
        tokio::time::sleep(LOOK_PERIOD).await;
    }
}

/// Moves a log that is larger than `max_bytes` aside and keeps `max_files` in all; whether it must be reopened.
pub(crate) fn rotate(path: &Path, max_bytes: u64, max_files: usize) -> io::Result<bool> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.len() >= max_bytes => {}
        Ok(_) => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    }
    let suffix = stdx::clock::now().strftime("%Y%m%d-%H%M%S.%6f").to_string();
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{suffix}"));
    std::fs::rename(path, name)?;
    let old = rotated(path);
    // The current file counts, too.
    for file in &old[..old.len().saturating_sub(max_files.max(2) - 1)] {
        std::fs::remove_file(file)?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_logs_go() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("0.log");
        assert!(!rotate(&path, 4, 3).unwrap(), "no log, nothing to do");
        std::fs::write(&path, "abc").unwrap();
        assert!(!rotate(&path, 4, 3).unwrap());
        for round in 0..5 {
            std::fs::write(&path, format!("round {round}")).unwrap();
            assert!(rotate(&path, 4, 3).unwrap());
        }
        let texts: Vec<String> = rotated(&path).iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
        assert_eq!(texts, ["round 3", "round 4"]);
    }
}
