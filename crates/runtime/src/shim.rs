//! The shim: one small process per pod that holds the pod's namespaces and outlives the runtime.
//!
//! It is this program's own binary, run anew under another name, with one thread and no runtime: a poll loop over its
//! socket, its children and the containers' streams. It starts containers and commands (through [`crate::init`]),
//! writes the containers' logs, copies streams to those who attach, and remembers how containers ended until the
//! runtime has asked. It decides nothing: what to run, in which cgroup and with which limits, is the runtime's say.
//!
//! Its memory is counted per pod, so it keeps no buffer per stream but for an unfinished log line, and copies nothing
//! that a passed descriptor makes unnecessary.

mod attach;
mod connection;
mod container;
mod launch;
mod log;
mod pod;
pub(crate) mod protocol;
mod requests;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec};

use crate::{descriptors, sys};
use connection::Connection;
use container::{Container, Stream};
use launch::{Launch, Purpose};
use protocol::{ContainerReport, FailureKind, Response};

/// Name of the program as a shim: what stands in its `argv[0]`.
pub const SHIM_NAME: &str = "sagong-shim";

/// Size of the one buffer through which all streams go.
const BUFFER_BYTES: usize = 16 << 10;

/// After this time without work, the code that the last work needed is forgotten.
const REST: Timespec = Timespec { tv_sec: 2, tv_nsec: 0 };

/// Runs the shim of one pod. Its standard input is a connection to the runtime that has started it; its argument, if
/// it has one, how many files containers may have open.
pub fn shim_main(arguments: Vec<OsString>) -> ! {
    if let Some(limit) = arguments.get(1).and_then(|limit| limit.to_str()?.parse().ok()) {
        // Without it containers have a higher limit: no reason not to run.
        let _ = stdx::open_files::lower_limit(limit);
    }
    let code = match Shim::new().and_then(Shim::run) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("shim: {error}");
            1
        }
    };
    std::process::exit(code)
}

/// Nanoseconds since 1970.
fn now_nanoseconds() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_nanos() as i64)
}

/// A running command.
struct Command {
    /// Its number in the host's process namespace.
    pid: i32,
    pidfd: OwnedFd,
    /// Who waits for its end.
    connection: u64,
}

/// Everything that the shim knows.
struct Shim {
    /// This binary, on a mount that nobody can write through.
    executable: OwnedFd,
    signals: OwnedFd,
    listener: Option<UnixListener>,
    /// Where the listener is, to remove it at the end.
    socket: Option<String>,
    connections: BTreeMap<u64, Connection>,
    next_connection: u64,
    containers: BTreeMap<String, Container>,
    commands: Vec<Command>,
    launches: Vec<Launch>,
    /// Connections that are told what runs as soon as no container is on its way: one whose runtime has gone would
    /// otherwise be known to nobody.
    subscribing: Vec<u64>,
    /// Init of the process namespace that containers share.
    pod_init: Option<(i32, OwnedFd)>,
    buffer: Box<[u8; BUFFER_BYTES]>,
    /// Whether code has run since it was forgotten that waiting does not need.
    warm: bool,
    shutting_down: bool,
}

/// What a polled descriptor belongs to.
enum Source {
    Signals,
    Listener,
    Connection(u64),
    Launch(i32),
    Output(String, Stream),
    Input(String),
}

/// Descriptors to poll, each with what it belongs to.
struct Polled<'a> {
    sources: Vec<Source>,
    descriptors: Vec<PollFd<'a>>,
}

impl<'a> Polled<'a> {
    fn add(&mut self, source: Source, descriptor: BorrowedFd<'a>, flags: PollFlags) {
        self.sources.push(source);
        self.descriptors.push(PollFd::from_borrowed_fd(descriptor, flags));
    }
}

impl Shim {
    fn new() -> std::io::Result<Self> {
        rustix::process::setsid()?;
        rustix::process::chdir("/")?;
        rustix::thread::set_name(c"sagong-shim")?;
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        sys::ignore_signal(libc::SIGPIPE);
        sys::ignore_signal(libc::SIGHUP);
        let signals = sys::signal_descriptor(&[libc::SIGCHLD])?;
        let executable = rustix::fs::open(
            "/proc/self/exe",
            rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        )?;
        let first = rustix::io::fcntl_dupfd_cloexec(std::io::stdin().as_fd(), 3)?;
        let null = rustix::fs::open("/dev/null", rustix::fs::OFlags::RDWR, rustix::fs::Mode::empty())?;
        rustix::stdio::dup2_stdin(&null)?;
        Ok(Self {
            executable,
            signals,
            listener: None,
            socket: None,
            connections: BTreeMap::from([(0, Connection::new(first)?)]),
            next_connection: 1,
            containers: BTreeMap::new(),
            commands: Vec::new(),
            launches: Vec::new(),
            subscribing: Vec::new(),
            pod_init: None,
            buffer: Box::new([0; BUFFER_BYTES]),
            warm: true,
            shutting_down: false,
        })
    }

    /// Serves until told to stop. A shim that never got a pod ends with its first connection.
    fn run(mut self) -> std::io::Result<()> {
        while !self.shutting_down || self.connections.values().any(Connection::has_output) {
            if self.listener.is_none() && self.connections.is_empty() {
                break;
            }
            let ready = self.wait()?;
            if ready.is_empty() {
                // Hundreds of shims wait on a node: what a request or an end of a container needed is not kept mapped.
                let _ = sys::forget_code_pages();
                self.warm = false;
            }
            for (source, flags) in ready {
                // Output comes often and needs little.
                self.warm |= !matches!(source, Source::Output(..) | Source::Input(_));
                self.handle(source, flags);
            }
        }
        if let Some(socket) = &self.socket {
            let _ = std::fs::remove_file(socket);
        }
        Ok(())
    }

    /// Waits until something is ready, or nothing was for a while after work.
    fn wait(&self) -> std::io::Result<Vec<(Source, PollFlags)>> {
        let Polled { sources, mut descriptors } = self.sources();
        let rest = self.warm.then_some(&REST);
        loop {
            match rustix::event::poll(&mut descriptors, rest) {
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let ready = descriptors.iter().map(PollFd::revents).collect::<Vec<_>>();
        Ok(sources.into_iter().zip(ready).filter(|(_, flags)| !flags.is_empty()).collect())
    }

    fn sources(&self) -> Polled<'_> {
        let mut polled = Polled { sources: Vec::new(), descriptors: Vec::new() };
        polled.add(Source::Signals, self.signals.as_fd(), PollFlags::IN);
        if let Some(listener) = &self.listener {
            polled.add(Source::Listener, listener.as_fd(), PollFlags::IN);
        }
        for (id, connection) in &self.connections {
            let output = if connection.has_output() { PollFlags::OUT } else { PollFlags::empty() };
            polled.add(Source::Connection(*id), connection.socket(), PollFlags::IN | output);
        }
        for launch in &self.launches {
            polled.add(Source::Launch(launch.pid), launch.socket.as_fd(), PollFlags::IN);
        }
        for (id, container) in &self.containers {
            for (stream, descriptor) in container.outputs() {
                polled.add(Source::Output(id.clone(), stream), descriptor, PollFlags::IN);
            }
            if let Some((descriptor, flags)) = container.input_to_poll() {
                polled.add(Source::Input(id.clone()), descriptor, flags);
            }
        }
        polled
    }

    fn handle(&mut self, source: Source, flags: PollFlags) {
        match source {
            Source::Signals => self.children_ended(),
            Source::Listener => self.accept(),
            Source::Connection(id) => self.serve(id, flags),
            Source::Launch(pid) => self.launch_reports(pid),
            Source::Output(container, stream) => {
                if let Some(container) = self.containers.get_mut(&container) {
                    container.pump(stream, self.buffer.as_mut_slice(), false);
                }
            }
            Source::Input(container) => {
                if let Some(container) = self.containers.get_mut(&container) {
                    container.feed();
                }
            }
        }
    }

    fn accept(&mut self) {
        let Some(listener) = &self.listener else { return };
        while let Ok((stream, _)) = listener.accept() {
            if let Ok(connection) = Connection::new(stream.into()) {
                self.connections.insert(self.next_connection, connection);
                self.next_connection += 1;
            }
        }
    }

    /// Reads requests of one connection, writes what waits for it, and clears away after it has closed.
    fn serve(&mut self, id: u64, flags: PollFlags) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if flags.contains(PollFlags::OUT) {
            connection.flush();
        }
        connection.read(self.buffer.as_mut_slice());
        while let Some(connection) = self.connections.get_mut(&id) {
            match connection.next_request() {
                Ok(Some((envelope, descriptors))) => self.answer(id, envelope, descriptors),
                Ok(None) => break,
                Err(error) => {
                    let message = format!("cannot read the request: {error}");
                    self.reply(id, &Response::Failed { kind: FailureKind::Unsupported, message }, &[]);
                    break;
                }
            }
        }
        if self.connections.get(&id).is_some_and(Connection::is_closed) {
            self.connection_closed(id);
        }
    }

    fn connection_closed(&mut self, id: u64) {
        self.connections.remove(&id);
        for container in self.containers.values_mut() {
            container.detach(id);
        }
        for command in self.commands.iter().filter(|command| command.connection == id) {
            let _ = sys::send_signal(command.pidfd.as_fd(), libc::SIGKILL);
        }
        for launch in self.launches.iter().filter(|launch| launch.connection == id) {
            if matches!(launch.purpose, Purpose::Command) {
                let _ = sys::send_signal(launch.pidfd.as_fd(), libc::SIGKILL);
            }
        }
    }

    fn reply(&mut self, id: u64, response: &Response, attached: &[OwnedFd]) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.send(response, &descriptors::borrow_all(attached));
        }
    }

    fn fail(&mut self, id: u64, kind: FailureKind, message: impl Into<String>) {
        self.reply(id, &Response::Failed { kind, message: message.into() }, &[]);
    }

    /// Reaps ended children: containers, commands, launches that failed, and orphans that this process adopted.
    fn children_ended(&mut self) {
        let mut information = [0; 128];
        while rustix::io::read(&self.signals, &mut information).is_ok() {}
        while let Some(ended) = sys::reap_any_child() {
            // An init may report its success and end before its report was read: read reports first.
            if self.launches.iter().any(|launch| launch.pid == ended.pid) {
                self.launch_reports(ended.pid);
                if let Some(launch) = self.launches.iter_mut().find(|launch| launch.pid == ended.pid) {
                    launch.ended = Some(ended.code);
                    self.launch_reports(ended.pid);
                }
            }
            if let Some(index) = self.commands.iter().position(|command| command.pid == ended.pid) {
                let command = self.commands.swap_remove(index);
                self.reply(command.connection, &Response::Exited { exit_code: ended.code }, &[]);
            } else if let Some(id) = self.running_container(ended.pid) {
                self.container_ended(&id, ended.code);
            } else if self.pod_init.as_ref().is_some_and(|(pid, _)| *pid == ended.pid) {
                self.pod_init = None;
            }
        }
    }

    fn running_container(&self, pid: i32) -> Option<String> {
        self.containers.iter().find(|(_, container)| container.runs_as(pid)).map(|(id, _)| id.clone())
    }

    fn container_ended(&mut self, id: &str, exit_code: i32) {
        let Some(container) = self.containers.get_mut(id) else { return };
        container.ended(exit_code, now_nanoseconds(), self.buffer.as_mut_slice());
        let report = container.report(id);
        self.publish(report);
    }

    fn publish(&mut self, report: ContainerReport) {
        let response = Response::ContainerExited(report);
        for connection in self.connections.values_mut().filter(|connection| connection.subscribed) {
            connection.send(&response, &[]);
        }
    }
}
