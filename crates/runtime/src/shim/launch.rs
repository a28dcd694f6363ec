//! Starting a process: from the clone to the moment when its program runs.
//!
//! The child is this binary again, as an init ([`crate::init`]): a fresh image with no memory of the shim's. It
//! reports over a socket that exec closes, so its silence is success.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use super::container::{Container, Settings, Streams};
use super::log::Log;
use super::protocol::{FailureKind, InitMessage, ResolvedUser, Response};
use super::{Command, Shim, now_nanoseconds};
use crate::init::{COMMAND_MODE, CONTAINER_MODE, INIT_NAME};
use crate::{descriptors, sys};

/// What is launched.
pub(super) enum Purpose {
    /// A container's main process.
    Container { container_id: String, settings: Settings, streams: Streams, log: Option<Log> },
    /// A command in a container.
    Command,
}

/// A process on its way.
pub(super) struct Launch {
    pub(super) pid: i32,
    pub(super) pidfd: OwnedFd,
    pub(super) socket: OwnedFd,
    pub(super) purpose: Purpose,
    /// Who has asked for it.
    pub(super) connection: u64,
    /// Exit code, once it has ended without becoming its program.
    pub(super) ended: Option<i32>,
    master: Option<OwnedFd>,
    ready: Option<ResolvedUser>,
    failure: Option<String>,
}

/// The process namespace of a child.
pub(super) enum ChildNamespace<'a> {
    /// A new one.
    New,
    /// The shim's own, which is the host's.
    Host,
    /// That of the process behind a pidfd.
    Of(BorrowedFd<'a>),
}

/// The ends of the streams that a child gets.
pub(super) struct ChildStreams {
    pub(super) stdin: OwnedFd,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

impl ChildStreams {
    /// `/dev/null` three times; a terminal's init replaces them.
    pub(super) fn null() -> io::Result<Self> {
        let null = || rustix::fs::open("/dev/null", rustix::fs::OFlags::RDWR | rustix::fs::OFlags::CLOEXEC, 0.into());
        Ok(Self { stdin: null()?, stdout: null()?, stderr: null()? })
    }

    /// Pipes to the shim; the standard input is `/dev/null` unless wanted.
    pub(super) fn pipes(stdin: bool) -> io::Result<(Self, Streams)> {
        let mut child = Self::null()?;
        let mut streams = Streams::default();
        if stdin {
            let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
            child.stdin = reader;
            streams.stdin = Some(nonblocking(writer)?);
        }
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        child.stdout = writer;
        streams.stdout = Some(nonblocking(reader)?);
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        child.stderr = writer;
        streams.stderr = Some(nonblocking(reader)?);
        Ok((child, streams))
    }
}

fn nonblocking(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    rustix::io::ioctl_fionbio(&descriptor, true)?;
    Ok(descriptor)
}

impl Shim {
    /// Starts an init. `target` is the process that a command joins.
    pub(super) fn launch(
        &mut self,
        purpose: Purpose,
        connection: u64,
        namespace: ChildNamespace<'_>,
        specification: OwnedFd,
        streams: ChildStreams,
        target: Option<BorrowedFd<'_>>,
    ) -> io::Result<()> {
        let (mode, flags): (&CStr, u64) = match purpose {
            Purpose::Container { .. } => (CONTAINER_MODE, sys::NEW_MOUNT),
            Purpose::Command => (COMMAND_MODE, 0),
        };
        let (socket, child_socket) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        rustix::io::ioctl_fionbio(&socket, true)?;
        let mut child_descriptors = vec![
            streams.stdin.as_fd(),
            streams.stdout.as_fd(),
            streams.stderr.as_fd(),
            specification.as_fd(),
            child_socket.as_fd(),
        ];
        child_descriptors.extend(target);
        let (pid, pidfd) = self.clone_init(mode, flags, namespace, &child_descriptors)?;
        self.launches.push(Launch {
            pid,
            pidfd,
            socket,
            purpose,
            connection,
            ended: None,
            master: None,
            ready: None,
            failure: None,
        });
        Ok(())
    }

    /// Clones and runs an init; joins another process namespace for that moment when asked to.
    pub(super) fn clone_init(
        &self,
        mode: &CStr,
        flags: u64,
        namespace: ChildNamespace<'_>,
        child_descriptors: &[BorrowedFd<'_>],
    ) -> io::Result<(i32, OwnedFd)> {
        let arguments = [INIT_NAME, mode];
        match namespace {
            ChildNamespace::Host => sys::clone_and_exec(flags, self.executable.as_fd(), &arguments, child_descriptors),
            ChildNamespace::New => {
                sys::clone_and_exec(flags | sys::NEW_PID, self.executable.as_fd(), &arguments, child_descriptors)
            }
            ChildNamespace::Of(process) => {
                let own = rustix::process::pidfd_open(rustix::process::getpid(), rustix::process::PidfdFlags::empty())?;
                // This decides only where the next children are born; the shim itself stays where it is.
                move_into_thread_name_spaces(process, ThreadNameSpaceType::PROCESS_ID)?;
                let child = sys::clone_and_exec(flags, self.executable.as_fd(), &arguments, child_descriptors);
                move_into_thread_name_spaces(own.as_fd(), ThreadNameSpaceType::PROCESS_ID)?;
                child
            }
        }
    }

    /// Reads what an init reports, and goes on when it has become its program or has failed.
    pub(super) fn launch_reports(&mut self, pid: i32) {
        let Some(index) = self.launches.iter().position(|launch| launch.pid == pid) else { return };
        let launch = &mut self.launches[index];
        loop {
            let mut received = Vec::new();
            match descriptors::receive(launch.socket.as_fd(), self.buffer.as_mut_slice(), &mut received) {
                Ok(0) => break,
                Ok(count) => match serde_json::from_slice(&self.buffer[..count]) {
                    Ok(InitMessage::Terminal) => launch.master = received.pop(),
                    Ok(InitMessage::Ready(user)) => launch.ready = Some(user),
                    Ok(InitMessage::Failed(message)) => launch.failure = Some(message),
                    Err(error) => launch.failure = Some(format!("cannot read the init's report: {error}")),
                },
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        let launch = self.launches.swap_remove(index);
        self.launch_ended(launch);
        self.answer_subscribers();
    }

    fn launch_ended(&mut self, launch: Launch) {
        let user = match (launch.failure, launch.ready) {
            (None, Some(user)) => user,
            (failure, _) => {
                let unexplained = || match launch.ended {
                    Some(code) => format!("the init ended with {code} before the program ran"),
                    None => "the init closed its socket before the program ran".to_owned(),
                };
                // It may still live for a moment; nothing that it could do is wanted any more.
                let _ = sys::send_signal(launch.pidfd.as_fd(), libc::SIGKILL);
                return self.fail(launch.connection, FailureKind::Start, failure.unwrap_or_else(unexplained));
            }
        };
        let started = Response::Started { pid: launch.pid, started_at: now_nanoseconds(), user: user.clone() };
        match launch.purpose {
            Purpose::Container { container_id, settings, mut streams, log } => {
                if let Some(master) = launch.master {
                    let _ = rustix::io::ioctl_fionbio(&master, true);
                    streams.stdout = Some(master);
                }
                let process = (launch.pid, launch.pidfd);
                self.containers.insert(container_id, Container::new(settings, process, user, streams, log));
                self.reply(launch.connection, &started, &[]);
            }
            Purpose::Command => {
                if !self.connections.contains_key(&launch.connection) {
                    let _ = sys::send_signal(launch.pidfd.as_fd(), libc::SIGKILL);
                }
                self.commands.push(Command { pid: launch.pid, pidfd: launch.pidfd, connection: launch.connection });
                self.reply(launch.connection, &started, launch.master.as_slice());
            }
        }
    }
}
