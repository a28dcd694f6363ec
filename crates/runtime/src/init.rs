//! The init: what a cloned child of the shim does until it becomes the program that was asked for.
//!
//! It is this program's own binary once more, in new namespaces, with nothing but its standard streams, its
//! specification and a socket to report failures on. It builds what the specification says and execs. It never
//! returns to the shim's code, and no other code of this program runs in a container.
//!
//! One mode runs on: the init of a process namespace that a pod's containers share, which only reaps.

mod container;
mod devices;
mod directory;
mod image;
mod pod;
mod process;
mod root;
mod terminal;
mod user;

use std::ffi::{CStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::process::DumpableBehavior;
use serde::de::DeserializeOwned;

pub(crate) use process::DEFAULT_PATH;

use crate::descriptors;
use crate::shim::protocol::{InitMessage, ResolvedUser};
use crate::sys::inherited_descriptor;

/// Name of the program as an init: what stands in its `argv[0]`.
pub(crate) const INIT_NAME: &CStr = c"sagong-init";
/// Becomes a container's main process.
pub(crate) const CONTAINER_MODE: &CStr = c"container";
/// Becomes a command in a container.
pub(crate) const COMMAND_MODE: &CStr = c"command";
/// Stays, as the init of a pod's process namespace.
pub(crate) const POD_MODE: &CStr = c"pod";

/// Descriptors that the shim arranges, after the three standard streams.
const SPECIFICATION: i32 = 3;
const SOCKET: i32 = 4;
const PROCESS: i32 = 5;

/// A failure as text for the caller of the runtime; the init has nobody else to tell.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failure(String);

/// Names the step that failed.
trait Step<T> {
    fn step(self, what: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: std::fmt::Display> Step<T> for Result<T, E> {
    fn step(self, what: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure(format!("{}: {error}", what())))
    }
}

/// The way back to the shim.
struct Reports(OwnedFd);

impl Reports {
    fn send(&self, message: &InitMessage, attached: &[BorrowedFd<'_>]) {
        // A shim that is gone cannot be told anything.
        if let Ok(bytes) = serde_json::to_vec(message) {
            let _ = descriptors::send(self.0.as_fd(), &bytes, attached);
        }
    }

    fn terminal(&self, master: &OwnedFd) {
        self.send(&InitMessage::Terminal, &[master.as_fd()]);
    }

    fn ready(&self, user: ResolvedUser) {
        self.send(&InitMessage::Ready(user), &[]);
    }
}

/// Becomes what the mode in `arguments[1]` says. Ends with code 127 after a failure, which it has reported.
pub fn init_main(arguments: Vec<OsString>) -> ! {
    let mode = arguments.get(1).map(|mode| mode.as_encoded_bytes()).unwrap_or_default();
    if mode == POD_MODE.to_bytes() {
        pod::run();
    }
    let Ok(socket) = inherited_descriptor(SOCKET) else { std::process::exit(127) };
    let reports = Reports(socket);
    let failure = match become_program(mode, &reports) {
        Err(failure) => failure,
        Ok(never) => match never {},
    };
    reports.send(&InitMessage::Failed(failure.0), &[]);
    std::process::exit(127)
}

/// What a function has that only fails or never returns.
enum Never {}

fn become_program(mode: &[u8], reports: &Reports) -> Result<Never, Failure> {
    // Until the program runs, nobody in the container may look into this process.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).step(|| "hide the init".to_owned())?;
    rustix::process::setsid().step(|| "start a session".to_owned())?;
    if mode == CONTAINER_MODE.to_bytes() {
        container::run(read_specification()?, reports)
    } else if mode == COMMAND_MODE.to_bytes() {
        process::join_and_run(read_specification()?, reports)
    } else {
        Err(Failure(format!("unknown mode {}", mode.escape_ascii())))
    }
}

fn read_specification<T: DeserializeOwned>() -> Result<T, Failure> {
    let read = || -> io::Result<T> {
        let file = File::from(inherited_descriptor(SPECIFICATION)?);
        // It may be a memory file whose position is where its writer left it.
        rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0))?;
        Ok(serde_json::from_reader(io::BufReader::new(file))?)
    };
    read().step(|| "read the specification".to_owned())
}
