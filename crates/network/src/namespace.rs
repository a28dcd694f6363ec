//! Network namespaces.
//!
//! A thread that has entered a namespace is never reused: [`NetworkNamespace::run`] makes a thread for the
//! work and lets it end. Nothing else in this crate moves between namespaces.

use std::{
    fs::File,
    os::fd::{AsFd, AsRawFd},
    path::{Path, PathBuf},
    thread,
};

use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

/// A network namespace, held open: it lives at least as long as this value.
#[derive(Debug)]
pub struct NetworkNamespace {
    file: File,
}

/// Why a namespace cannot be made or entered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its file cannot be opened.
    #[error("cannot open network namespace {}: {source}", path.display())]
    Open {
        /// The namespace's file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A new one cannot be made.
    #[error("cannot make a network namespace: {0}")]
    Create(std::io::Error),
    /// It cannot be entered.
    #[error("cannot enter a network namespace: {0}")]
    Enter(std::io::Error),
}

const OWN: &str = "/proc/thread-self/ns/net";

impl NetworkNamespace {
    /// A new, empty namespace; it ends when nobody holds it any more.
    pub fn create() -> Result<NetworkNamespace, Error> {
        on_own_thread(|| {
            // SAFETY: this thread was made for this call and ends with it; unsharing the network namespace
            // alone changes nothing that other threads share with it.
            unsafe { unshare_unsafe(UnshareFlags::NEWNET) }.map_err(|error| Error::Create(error.into()))?;
            NetworkNamespace::open(Path::new(OWN))
        })
    }

    /// The namespace that a file stands for: a bind mount of an nsfs file, or `/proc/PID/ns/net`.
    pub fn open(path: &Path) -> Result<NetworkNamespace, Error> {
        let file = File::open(path).map_err(|source| Error::Open { path: path.to_owned(), source })?;
        Ok(NetworkNamespace { file })
    }

    /// The namespace of the calling thread.
    pub fn current() -> Result<NetworkNamespace, Error> {
        NetworkNamespace::open(Path::new(OWN))
    }

    /// A path to the namespace that is good within this process while this value lives.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()))
    }

    /// The descriptor, to name the namespace in a request to the kernel.
    pub(crate) fn descriptor(&self) -> u32 {
        self.file.as_raw_fd().unsigned_abs()
    }

    /// Runs `work` inside the namespace, on a thread that ends with it.
    ///
    /// Sockets opened by `work` stay in the namespace when they are handed out.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
        on_own_thread(|| {
            move_into_link_name_space(self.file.as_fd(), Some(LinkNameSpaceType::Network))
                .map_err(|error| Error::Enter(error.into()))?;
            Ok(work())
        })
    }
}

/// Runs `work` on a thread made for it, and passes its panic on.
fn on_own_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| match scope.spawn(work).join() {
        Ok(outcome) => outcome,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}
