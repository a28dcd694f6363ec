//! Containers: from created over running to exited and gone.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cri_api::v1::{ContainerEventType, LinuxContainerUser, NamespaceMode};
use cri_api::{Code, Error, Result};
use tokio::sync::watch;

use crate::error::{Context, blocking};
use crate::records::{ContainerRecord, Phase};
use crate::runtime::{Inner, lock, now_nanoseconds, path_text};
use crate::sandbox::Sandbox;
use crate::shim::protocol::{ContainerReport, ProcessNamespace, Request, ResolvedUser, Response, StartRequest};
use crate::{cgroups, create, state};

/// Exit code of a container whose program could not be started; containerd's number.
const START_ERROR_CODE: i32 = 128;

/// Exit code of a container whose end nobody saw.
const UNKNOWN_CODE: i32 = 255;

/// How long a killed container may take to end: longer means that the kernel cannot end it.
const KILL_TIMEOUT: Duration = Duration::from_secs(30);

/// One container.
pub(crate) struct Container {
    pub(crate) id: String,
    pub(crate) sandbox: Arc<Sandbox>,
    /// Its state: record, specification, exit file, mount point.
    pub(crate) directory: PathBuf,
    pub(crate) record: Mutex<ContainerRecord>,
    /// How far it is, for those who wait.
    phase: watch::Sender<Phase>,
    /// Held while it is started, killed or removed.
    pub(crate) changing: tokio::sync::Mutex<()>,
    /// Held until its start is known, so that its end is not told before.
    pub(crate) starting: tokio::sync::Mutex<()>,
}

impl Container {
    pub(crate) fn new(directory: PathBuf, sandbox: Arc<Sandbox>, record: ContainerRecord) -> Self {
        Self {
            id: record.id.clone(),
            sandbox,
            directory,
            phase: watch::Sender::new(record.phase),
            record: Mutex::new(record),
            changing: tokio::sync::Mutex::new(()),
            starting: tokio::sync::Mutex::new(()),
        }
    }

    pub(crate) fn save(&self) -> Result<()> {
        let record = lock(&self.record).clone();
        state::write(&self.directory.join("container.json"), &record)
            .context(|| format!("write the record of container {}", self.id))
    }

    /// Changes the record and writes it; a record that cannot be written is logged, since what it says has happened.
    fn update(&self, change: impl FnOnce(&mut ContainerRecord)) {
        let phase = {
            let mut record = lock(&self.record);
            change(&mut record);
            record.phase
        };
        if let Err(error) = self.save() {
            tracing::error!(%error, "a container's record is out of date");
        }
        self.phase.send_replace(phase);
    }

    pub(crate) fn phase(&self) -> Phase {
        lock(&self.record).phase
    }

    /// Returns once it does not run.
    pub(crate) async fn ended(&self) {
        let mut phase = self.phase.subscribe();
        // The sender lives as long as this container, so this never fails.
        let _ = phase.wait_for(|phase| *phase != Phase::Running).await;
    }

    /// Fails unless it runs.
    pub(crate) fn require_running(&self) -> Result<()> {
        match self.phase() {
            Phase::Running => Ok(()),
            phase => {
                let state = if phase == Phase::Created { "CONTAINER_CREATED" } else { "CONTAINER_EXITED" };
                Err(Error::failed_precondition(format!("container {} is in {state} state", self.id)))
            }
        }
    }
}

impl Inner {
    /// Runs a created container.
    pub(crate) async fn start_container(&self, container: &Arc<Container>) -> Result<()> {
        let _changing = container.changing.lock().await;
        if container.phase() != Phase::Created {
            return Err(Error::failed_precondition(format!("container {} was started before", container.id)));
        }
        if !lock(&container.sandbox.record).ready {
            return Err(Error::failed_precondition(format!("sandbox {} is not ready", container.sandbox.id)));
        }
        let _starting = container.starting.lock().await;
        match self.launch(container).await {
            Ok(()) => {
                self.container_event(container, ContainerEventType::ContainerStartedEvent);
                Ok(())
            }
            Err(error) => {
                container.update(|record| {
                    record.phase = Phase::Exited;
                    record.exit_code = START_ERROR_CODE;
                    record.reason = "StartError".to_owned();
                    record.message = error.message.clone();
                    record.finished_at = now_nanoseconds();
                });
                self.remove_cgroup(container).await;
                self.container_event(container, ContainerEventType::ContainerStoppedEvent);
                Err(error)
            }
        }
    }

    async fn launch(&self, container: &Arc<Container>) -> Result<()> {
        let (cgroups, prepared) = (self.cgroups.clone(), container.clone());
        let specification: OwnedFd = blocking(move || {
            let record = lock(&prepared.record).clone();
            cgroups.create(&record.cgroup).context(|| format!("create the cgroup {}", record.cgroup))?;
            cgroups.limit(&record.cgroup, &record.resources).context(|| format!("limit container {}", record.id))?;
            if let Some(devices) = create::device_rules(&record.config)? {
                cgroups
                    .limit_devices(&record.cgroup, &devices)
                    .context(|| format!("limit the devices of container {}", record.id))?;
            }
            let path = prepared.directory.join("spec.json");
            Ok(fs::File::open(&path).context(|| format!("open {}", path.display()))?.into())
        })
        .await?;
        let request = Request::Start(self.start_request(container)?);
        let answer = container.sandbox.shim.call(request, &[specification.as_fd()]).await.map_err(|error| {
            let error = Error::from(error);
            Error::new(
                error.code,
                format!(
                    "failed to create containerd task: failed to create shim task: OCI runtime create failed: \
                     unable to start container process: {}",
                    error.message
                ),
            )
        })?;
        let Response::Started { pid, started_at, user } = answer else {
            return Err(Error::internal(format!("unexpected answer of the shim: {answer:?}")));
        };
        container.update(|record| {
            record.phase = Phase::Running;
            record.process_id = pid;
            record.started_at = started_at;
            record.user = Some(user_of(&user));
        });
        Ok(())
    }

    fn start_request(&self, container: &Container) -> Result<StartRequest> {
        let record = lock(&container.record);
        let namespaces = create::security_of(&record.config).namespace_options.unwrap_or_default();
        let process_namespace = match namespaces.pid() {
            NamespaceMode::Container => ProcessNamespace::Own,
            NamespaceMode::Pod => ProcessNamespace::Pod,
            NamespaceMode::Node => ProcessNamespace::Host,
            NamespaceMode::Target => {
                let target = self.container(&namespaces.target_id)?;
                if target.sandbox.id != container.sandbox.id {
                    return Err(Error::invalid_argument(format!("container {} is of another pod", target.id)));
                }
                target.require_running()?;
                ProcessNamespace::Container(target.id.clone())
            }
        };
        Ok(StartRequest {
            container_id: container.id.clone(),
            process_namespace,
            terminal: record.config.tty,
            stdin: record.config.stdin,
            stdin_once: record.config.stdin_once,
            log_path: Some(record.log_path.clone()).filter(|path| !path.is_empty()),
            exit_path: path_text(&container.directory.join("exit.json")),
            cgroup_directories: self.cgroups.directories(&record.cgroup).iter().map(|path| path_text(path)).collect(),
        })
    }

    /// Notes a container's end, told by its shim.
    pub(crate) fn container_exited(&self, container: &Arc<Container>, report: &ContainerReport) {
        let Some(exit) = &report.exit else { return };
        if container.phase() == Phase::Exited {
            return;
        }
        container.update(|record| {
            record.phase = Phase::Exited;
            record.process_id = report.pid;
            record.started_at = report.started_at;
            record.finished_at = exit.finished_at;
            record.exit_code = exit.exit_code;
            record.reason = match exit.exit_code {
                _ if exit.out_of_memory => "OOMKilled",
                0 => "Completed",
                _ => "Error",
            }
            .to_owned();
        });
        self.container_event(container, ContainerEventType::ContainerStoppedEvent);
    }

    /// Brings a record from before this process up to date with what its shim says.
    pub(crate) fn container_adopted(&self, container: &Arc<Container>, report: Option<ContainerReport>) {
        match report {
            Some(report) if report.exit.is_some() => self.container_exited(container, &report),
            Some(report) => container.update(|record| {
                record.phase = Phase::Running;
                record.process_id = report.pid;
                record.started_at = report.started_at;
                record.user = Some(user_of(&report.user));
            }),
            None => self.container_lost(container),
        }
    }

    /// Notes the end of a container whose shim is gone, or knows nothing of it: the shim's exit file may tell more.
    pub(crate) fn container_lost(&self, container: &Arc<Container>) {
        if container.phase() != Phase::Running {
            return;
        }
        if let Ok(Some(report)) = state::read::<ContainerReport>(&container.directory.join("exit.json"))
            && report.exit.is_some()
        {
            return self.container_exited(container, &report);
        }
        container.update(|record| {
            record.phase = Phase::Exited;
            record.finished_at = now_nanoseconds();
            record.exit_code = UNKNOWN_CODE;
            record.reason = "Unknown".to_owned();
            record.message = "the shim of the pod ended before the container".to_owned();
        });
        self.container_event(container, ContainerEventType::ContainerStoppedEvent);
    }

    /// Asks a container to stop, and kills it when it has not after the timeout.
    pub(crate) async fn stop_container(&self, container: &Arc<Container>, timeout: Duration) -> Result<()> {
        if container.phase() != Phase::Running {
            return Ok(());
        }
        if !timeout.is_zero() {
            let signal = lock(&container.record).stop_signal;
            let request = Request::Kill { container_id: container.id.clone(), signal };
            match container.sandbox.shim.call(request, &[]).await {
                Ok(_) if tokio::time::timeout(timeout, container.ended()).await.is_ok() => return Ok(()),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, container = container.id, "the stop signal cannot be sent"),
            }
        }
        self.kill_container(container).await
    }

    /// Kills everything in a container and returns when it has ended.
    pub(crate) async fn kill_container(&self, container: &Arc<Container>) -> Result<()> {
        // One that is being started is killed when it has been.
        let _changing = container.changing.lock().await;
        if container.phase() != Phase::Running {
            return Ok(());
        }
        let directories = self.cgroups.directories(&lock(&container.record).cgroup);
        blocking(move || {
            cgroups::kill_processes(directories.iter().map(PathBuf::as_path));
            Ok(())
        })
        .await?;
        tokio::time::timeout(KILL_TIMEOUT, container.ended()).await.map_err(|_| {
            let message = format!("container {} did not end within {KILL_TIMEOUT:?} of being killed", container.id);
            Error::new(Code::DeadlineExceeded, message)
        })
    }

    /// Kills and forgets a container with its writable layer.
    pub(crate) async fn remove_container(&self, container: &Arc<Container>) -> Result<()> {
        self.kill_container(container).await?;
        let _changing = container.changing.lock().await;
        if lock(&container.sandbox.record).ready {
            let request = Request::Forget { container_id: container.id.clone() };
            container.sandbox.shim.call(request, &[]).await?;
        }
        self.remove_cgroup(container).await;
        let (directory, layer) = (container.directory.clone(), self.writable_layer(&container.id));
        blocking(move || {
            remove_directory(&layer)?;
            remove_directory(&directory)
        })
        .await?;
        self.images.release(&container.id);
        self.forget_container(&container.id);
        self.container_event(container, ContainerEventType::ContainerDeletedEvent);
        Ok(())
    }

    async fn remove_cgroup(&self, container: &Container) {
        let directories = self.cgroups.directories(&lock(&container.record).cgroup);
        let id = container.id.clone();
        let removed =
            blocking(move || cgroups::remove(&directories).context(|| format!("remove the cgroup of container {id}")));
        if let Err(error) = removed.await {
            tracing::warn!(%error, "a container's cgroup remains");
        }
    }

    /// Where a container's own files are.
    pub(crate) fn writable_layer(&self, container_id: &str) -> PathBuf {
        self.config.root_directory.join("containers").join(container_id)
    }
}

fn user_of(user: &ResolvedUser) -> LinuxContainerUser {
    LinuxContainerUser {
        uid: user.uid.into(),
        gid: user.gid.into(),
        supplemental_groups: user.groups.iter().map(|group| i64::from(*group)).collect(),
    }
}

fn remove_directory(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result.context(|| format!("remove {}", path.display())),
    }
}
