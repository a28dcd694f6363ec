//! Answers to the runtime's requests.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::attach::Attached;
use super::launch::{ChildNamespace, ChildStreams, Launch, Purpose};
use super::log::Log;
use super::protocol::{
    AttachRequest, Envelope, ExecRequest, FailureKind, ProcessNamespace, Request, Response, StartRequest, VERSION,
};
use super::{Shim, container};

/// A failed request.
struct Failure(FailureKind, String);

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(FailureKind::Other, error.to_string())
    }
}

fn not_running(container_id: &str) -> Failure {
    Failure(FailureKind::NotRunning, format!("container {container_id} does not run"))
}

impl Shim {
    /// Does what is asked, or says why not.
    pub(super) fn answer(&mut self, connection: u64, envelope: Envelope, descriptors: Vec<OwnedFd>) {
        if envelope.version > VERSION {
            let message = format!("this shim speaks version {VERSION}, not {}", envelope.version);
            return self.fail(connection, FailureKind::Unsupported, message);
        }
        if let Err(Failure(kind, message)) = self.perform(connection, envelope.request, descriptors) {
            self.fail(connection, kind, message);
        }
    }

    fn perform(&mut self, connection: u64, request: Request, descriptors: Vec<OwnedFd>) -> Result<(), Failure> {
        match request {
            Request::Pod(request) => {
                if self.listener.is_some() {
                    return Err(Failure(FailureKind::Other, "the shim has a pod already".to_owned()));
                }
                self.make_pod(&request)?;
            }
            Request::Start(request) => return self.start(connection, request, descriptors),
            Request::Exec(request) => return self.exec(connection, &request, descriptors),
            Request::Attach(request) => self.attach(connection, &request, descriptors)?,
            Request::Resize { container_id, width, height } => self.container(&container_id)?.resize(width, height)?,
            Request::Kill { container_id, signal } => self.container(&container_id)?.signal(signal)?,
            Request::ReopenLog { container_id } => self.container(&container_id)?.reopen_log()?,
            Request::Socket { ipv6 } => {
                let family = if ipv6 { AddressFamily::INET6 } else { AddressFamily::INET };
                let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
                let socket = socket_with(family, SocketType::STREAM, flags, None).map_err(io::Error::from)?;
                self.reply(connection, &Response::Done, &[socket]);
                return Ok(());
            }
            Request::Subscribe => return self.subscribe(connection),
            Request::Forget { container_id } => {
                if self.containers.get(&container_id).is_some_and(|container| !container.has_ended()) {
                    return Err(Failure(FailureKind::Other, format!("container {container_id} runs")));
                }
                self.containers.remove(&container_id);
            }
            Request::Shutdown => self.shut_down()?,
        }
        self.reply(connection, &Response::Done, &[]);
        Ok(())
    }

    fn container(&mut self, container_id: &str) -> Result<&mut container::Container, Failure> {
        self.containers.get_mut(container_id).ok_or_else(|| not_running(container_id))
    }

    fn subscribe(&mut self, connection: u64) -> Result<(), Failure> {
        self.subscribing.push(connection);
        self.answer_subscribers();
        Ok(())
    }

    /// Tells those who have subscribed what runs, unless a container is on its way.
    pub(super) fn answer_subscribers(&mut self) {
        let is_container = |launch: &Launch| matches!(launch.purpose, Purpose::Container { .. });
        if self.launches.iter().any(is_container) {
            return;
        }
        for connection in std::mem::take(&mut self.subscribing) {
            self.answer_subscriber(connection);
        }
    }

    fn answer_subscriber(&mut self, connection: u64) {
        let containers = self.containers.iter().map(|(id, container)| container.report(id)).collect();
        let init_pid = self.pod_init.as_ref().map(|(pid, _)| *pid);
        if let Some(connection) = self.connections.get_mut(&connection) {
            connection.subscribed = true;
        }
        self.reply(connection, &Response::Status { containers, init_pid }, &[]);
    }

    fn shut_down(&mut self) -> Result<(), Failure> {
        if self.containers.values().any(|container| !container.has_ended()) {
            return Err(Failure(FailureKind::Other, "a container of the pod runs".to_owned()));
        }
        if let Some((_, init)) = &self.pod_init {
            crate::sys::send_signal(init.as_fd(), libc::SIGKILL)?;
        }
        self.shutting_down = true;
        Ok(())
    }

    fn start(&mut self, connection: u64, request: StartRequest, descriptors: Vec<OwnedFd>) -> Result<(), Failure> {
        let launching = |purpose: &Purpose| matches!(purpose, Purpose::Container { container_id, .. } if *container_id == request.container_id);
        if self.containers.contains_key(&request.container_id)
            || self.launches.iter().any(|launch| launching(&launch.purpose))
        {
            let message = format!("container {} was started before", request.container_id);
            return Err(Failure(FailureKind::Other, message));
        }
        let specification = descriptors.into_iter().next().ok_or_else(missing_descriptor)?;
        let target = match &request.process_namespace {
            ProcessNamespace::Own | ProcessNamespace::Host => None,
            ProcessNamespace::Pod => Some(self.pod_init.as_ref().map(|(_, pidfd)| pidfd.as_fd())),
            ProcessNamespace::Container(id) => Some(self.containers.get(id).and_then(|other| other.process())),
        };
        let target = match target {
            Some(Some(process)) => Some(process.try_clone_to_owned()?),
            Some(None) => return Err(Failure(FailureKind::Other, "whose processes it shall see has ended".to_owned())),
            None => None,
        };
        let namespace = match (&request.process_namespace, &target) {
            (_, Some(process)) => ChildNamespace::Of(process.as_fd()),
            (ProcessNamespace::Host, None) => ChildNamespace::Host,
            _ => ChildNamespace::New,
        };
        let log = request.log_path.as_ref().map(|path| {
            Log::open(PathBuf::from(path))
                .map_err(|error| Failure(FailureKind::Other, format!("cannot open the log file {path}: {error}")))
        });
        let log = log.transpose()?;
        let (child_streams, streams) = if request.terminal {
            (ChildStreams::null()?, container::Streams::default())
        } else {
            ChildStreams::pipes(request.stdin)?
        };
        let settings = container::Settings {
            terminal: request.terminal,
            stdin_once: request.stdin_once,
            kill_remaining: request.process_namespace != ProcessNamespace::Own,
            exit_path: PathBuf::from(request.exit_path),
            cgroup_directories: request.cgroup_directories,
        };
        let purpose = Purpose::Container { container_id: request.container_id, settings, streams, log };
        Ok(self.launch(purpose, connection, namespace, specification, child_streams, None)?)
    }

    fn exec(&mut self, connection: u64, request: &ExecRequest, descriptors: Vec<OwnedFd>) -> Result<(), Failure> {
        let process = self.container(&request.container_id)?.process();
        let process = process.ok_or_else(|| not_running(&request.container_id))?.try_clone_to_owned()?;
        let mut descriptors = descriptors.into_iter();
        let specification = descriptors.next().ok_or_else(missing_descriptor)?;
        let streams = if request.terminal {
            ChildStreams::null()?
        } else {
            let mut next = || descriptors.next().ok_or_else(missing_descriptor);
            ChildStreams { stdin: next()?, stdout: next()?, stderr: next()? }
        };
        let namespace = ChildNamespace::Of(process.as_fd());
        Ok(self.launch(Purpose::Command, connection, namespace, specification, streams, Some(process.as_fd()))?)
    }

    fn attach(&mut self, connection: u64, request: &AttachRequest, fds: Vec<OwnedFd>) -> Result<(), Failure> {
        let mut descriptors = fds.into_iter();
        let mut take = |wanted: bool| wanted.then(|| descriptors.next().ok_or_else(missing_descriptor)).transpose();
        let (stdin, stdout, stderr) = (take(request.stdin)?, take(request.stdout)?, take(request.stderr)?);
        let container = self.container(&request.container_id)?;
        if container.has_ended() {
            return Err(not_running(&request.container_id));
        }
        for descriptor in [&stdin, &stdout, &stderr].into_iter().flatten() {
            rustix::io::ioctl_fionbio(descriptor, true).map_err(io::Error::from)?;
        }
        container.attach(Attached { connection, stdin, stdout, stderr });
        Ok(())
    }
}

fn missing_descriptor() -> Failure {
    Failure(FailureKind::Other, "a descriptor is missing from the request".to_owned())
}
