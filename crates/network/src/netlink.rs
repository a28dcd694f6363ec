//! Netlink sockets and messages: the kernel's own interface for links, routes, nf_tables and conntrack.
//!
//! Why an own layer: what Sagong needs of netlink is a socket, a writer of type-length-value attributes and
//! a reader of the same. The kernel answers requests on these protocols before `sendmsg` returns, so the
//! layer is synchronous; a request costs tens of microseconds and needs no event loop.

mod message;
mod socket;

pub(crate) use message::{Attributes, Message};
pub(crate) use socket::{Protocol, Socket};

/// Why a request to the kernel failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The socket itself failed.
    #[error("cannot {action} a netlink socket: {source}")]
    Socket {
        /// What was done with the socket.
        action: &'static str,
        /// The system's reason.
        source: rustix::io::Errno,
    },
    /// The kernel refused a request.
    #[error("cannot {operation}: {source}{}{hint}", if hint.is_empty() { "" } else { ": " })]
    Refused {
        /// What was asked, with the object's name.
        operation: String,
        /// The kernel's reason.
        source: rustix::io::Errno,
        /// The kernel's explanation, where it gave one.
        hint: String,
    },
    /// The kernel's answer does not have the form that it should.
    #[error("cannot {operation}: malformed answer from the kernel")]
    Malformed {
        /// What was asked.
        operation: String,
    },
}

impl Error {
    /// The kernel's error number, where there is one.
    pub fn errno(&self) -> Option<rustix::io::Errno> {
        match self {
            Error::Socket { source, .. } | Error::Refused { source, .. } => Some(*source),
            Error::Malformed { .. } => None,
        }
    }

    /// Whether the kernel answered that the object does not exist.
    pub fn is_absent(&self) -> bool {
        use rustix::io::Errno;
        matches!(self.errno(), Some(Errno::NOENT | Errno::NODEV | Errno::SRCH | Errno::NXIO | Errno::ADDRNOTAVAIL))
    }

    /// Whether the kernel answered that the object exists already.
    pub fn is_present(&self) -> bool {
        self.errno() == Some(rustix::io::Errno::EXIST)
    }
}

/// Turns "there is no such object" into success, for idempotent removal.
pub(crate) fn absent_is_fine(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(error) if error.is_absent() => Ok(()),
        other => other,
    }
}
