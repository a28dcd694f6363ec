//! One container as its shim sees it: a process, its streams, its log and its end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::event::PollFlags;
use rustix::io::Errno;

use super::attach::Attached;
use super::log::Log;
use super::protocol::{ContainerReport, ExitReport, ResolvedUser};
use crate::{cgroups, state, sys};

/// An output of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// Standard output, or everything that a terminal shows.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    pub(super) fn index(self) -> usize {
        self as usize
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

/// The shim's ends of a container's streams.
#[derive(Default)]
pub(super) struct Streams {
    /// Written to; with a terminal, the same as `stdout`.
    pub(super) stdin: Option<OwnedFd>,
    /// Read from; with a terminal, its master.
    pub(super) stdout: Option<OwnedFd>,
    /// Read from.
    pub(super) stderr: Option<OwnedFd>,
}

/// What a shim is told about a container when it starts it.
pub(super) struct Settings {
    pub(super) terminal: bool,
    pub(super) stdin_once: bool,
    /// Whether processes may be left when the main one has ended: it is not the init of their namespace.
    pub(super) kill_remaining: bool,
    pub(super) exit_path: PathBuf,
    pub(super) cgroup_directories: Vec<String>,
}

/// See the module.
pub(super) struct Container {
    settings: Settings,
    pid: i32,
    pidfd: Option<OwnedFd>,
    user: ResolvedUser,
    started_at: i64,
    exit: Option<ExitReport>,
    streams: Streams,
    log: Option<Log>,
    attached: Vec<Attached>,
    /// Typed by somebody but not yet taken by the container.
    input: Vec<u8>,
}

/// How much is taken from somebody who types before the container has read it.
const INPUT_BYTES: usize = 4096;

impl Container {
    pub(super) fn new(
        settings: Settings,
        process: (i32, OwnedFd),
        user: ResolvedUser,
        streams: Streams,
        log: Option<Log>,
    ) -> Self {
        Self {
            settings,
            pid: process.0,
            pidfd: Some(process.1),
            user,
            started_at: super::now_nanoseconds(),
            exit: None,
            streams,
            log,
            attached: Vec::new(),
            input: Vec::new(),
        }
    }

    /// Whether its main process runs and has this number.
    pub(super) fn runs_as(&self, pid: i32) -> bool {
        self.pidfd.is_some() && self.pid == pid
    }

    /// Its main process, while that runs.
    pub(super) fn process(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(AsFd::as_fd)
    }

    pub(super) fn report(&self, container_id: &str) -> ContainerReport {
        ContainerReport {
            container_id: container_id.to_owned(),
            pid: self.pid,
            user: self.user.clone(),
            started_at: self.started_at,
            exit: self.exit.clone(),
        }
    }

    /// Outputs that are still open.
    pub(super) fn outputs(&self) -> impl Iterator<Item = (Stream, BorrowedFd<'_>)> {
        let stdout = self.streams.stdout.as_ref().map(|descriptor| (Stream::Stdout, descriptor.as_fd()));
        let stderr = self.streams.stderr.as_ref().map(|descriptor| (Stream::Stderr, descriptor.as_fd()));
        stdout.into_iter().chain(stderr)
    }

    /// What to wait for on the way in: room in the container when something waits, else somebody who types.
    pub(super) fn input_to_poll(&self) -> Option<(BorrowedFd<'_>, PollFlags)> {
        let target = self.input_target()?;
        if !self.input.is_empty() {
            return Some((target, PollFlags::OUT));
        }
        self.attached.iter().find_map(|attached| attached.stdin.as_ref()).map(|stdin| (stdin.as_fd(), PollFlags::IN))
    }

    fn input_target(&self) -> Option<BorrowedFd<'_>> {
        let descriptor = if self.settings.terminal { &self.streams.stdout } else { &self.streams.stdin };
        descriptor.as_ref().map(AsFd::as_fd)
    }

    /// Moves what an output has to the log and to those attached: one buffer full, or everything when `all`.
    pub(super) fn pump(&mut self, stream: Stream, buffer: &mut [u8], all: bool) {
        loop {
            let descriptor = match stream {
                Stream::Stdout => &self.streams.stdout,
                Stream::Stderr => &self.streams.stderr,
            };
            let Some(descriptor) = descriptor else { return };
            match rustix::io::read(descriptor, &mut *buffer) {
                // A terminal whose last process has gone reads as an I/O error.
                Ok(0) | Err(Errno::IO) => return self.close_output(stream),
                Ok(count) => {
                    if let Some(log) = &mut self.log {
                        log.write(stream, &buffer[..count]);
                    }
                    for attached in &mut self.attached {
                        attached.copy(stream, &buffer[..count]);
                    }
                    if !all {
                        return;
                    }
                }
                Err(Errno::AGAIN) => return,
                Err(Errno::INTR) => {}
                Err(_) => return self.close_output(stream),
            }
        }
    }

    fn close_output(&mut self, stream: Stream) {
        if let Some(log) = &mut self.log {
            log.finish(stream);
        }
        match stream {
            Stream::Stdout => self.streams.stdout = None,
            Stream::Stderr => self.streams.stderr = None,
        }
        for attached in &mut self.attached {
            match stream {
                Stream::Stdout => attached.stdout = None,
                Stream::Stderr => attached.stderr = None,
            }
        }
    }

    /// Moves what somebody typed into the container.
    pub(super) fn feed(&mut self) {
        if self.input.is_empty() {
            let Some(attached) = self.attached.iter_mut().find(|attached| attached.stdin.is_some()) else { return };
            let Some(stdin) = &attached.stdin else { return };
            let mut buffer = [0; INPUT_BYTES];
            match rustix::io::read(stdin, &mut buffer) {
                Ok(0) => {
                    attached.stdin = None;
                    self.input_ended();
                }
                Ok(count) => self.input.extend_from_slice(&buffer[..count]),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(_) => attached.stdin = None,
            }
        }
        let Some(target) = self.input_target() else { return self.input.clear() };
        match rustix::io::write(target, &self.input) {
            Ok(count) => drop(self.input.drain(..count)),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => {
                self.input.clear();
                self.streams.stdin = None;
            }
        }
        self.input.shrink_to(0);
    }

    fn input_ended(&mut self) {
        if self.settings.stdin_once && !self.settings.terminal {
            self.streams.stdin = None;
        }
    }

    pub(super) fn attach(&mut self, attached: Attached) {
        self.attached.push(attached);
    }

    /// Forgets what belongs to a connection that has closed.
    pub(super) fn detach(&mut self, connection: u64) {
        let before = self.attached.len();
        let had_input = |attached: &Attached| attached.connection == connection && attached.stdin.is_some();
        let input_ended = self.attached.iter().any(had_input);
        self.attached.retain(|attached| attached.connection != connection);
        if input_ended && self.attached.len() < before {
            self.input_ended();
        }
    }

    pub(super) fn resize(&self, width: u16, height: u16) -> io::Result<()> {
        let Some(master) = self.streams.stdout.as_ref().filter(|_| self.settings.terminal) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the container has no terminal"));
        };
        let size = rustix::termios::Winsize { ws_col: width, ws_row: height, ws_xpixel: 0, ws_ypixel: 0 };
        Ok(rustix::termios::tcsetwinsize(master, size)?)
    }

    /// Sends a signal to the main process; one that has ended takes it without a word.
    pub(super) fn signal(&self, signal: i32) -> io::Result<()> {
        match &self.pidfd {
            Some(pidfd) => match sys::send_signal(pidfd.as_fd(), signal) {
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
                result => result,
            },
            None => Ok(()),
        }
    }

    pub(super) fn reopen_log(&mut self) -> io::Result<()> {
        self.log.as_mut().map_or(Ok(()), Log::reopen)
    }

    /// Notes the end: takes what is left in the streams, looks for an out-of-memory kill, writes the exit file.
    pub(super) fn ended(&mut self, exit_code: i32, finished_at: i64, buffer: &mut [u8]) {
        if self.settings.kill_remaining {
            cgroups::kill_processes(self.settings.cgroup_directories.iter().map(Path::new));
        }
        for stream in [Stream::Stdout, Stream::Stderr] {
            self.pump(stream, buffer, true);
            self.close_output(stream);
        }
        self.pidfd = None;
        self.streams = Streams::default();
        self.log = None;
        self.attached.clear();
        self.input = Vec::new();
        let out_of_memory = cgroups::out_of_memory_kills(self.settings.cgroup_directories.iter().map(Path::new)) > 0;
        self.exit = Some(ExitReport { exit_code, finished_at, out_of_memory });
        let id = self.settings.exit_path.parent().and_then(Path::file_name).unwrap_or_default();
        let report = self.report(&id.to_string_lossy());
        if let Err(error) = state::write(&self.settings.exit_path, &report) {
            eprintln!("shim: cannot note the end of container {}: {error}", report.container_id);
        }
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.exit.is_some()
    }
}
