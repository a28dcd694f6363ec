//! SPDY/3.1, the server's side: as much as `kubectl port-forward` and older clients of exec and attach need.
//!
//! A client either upgrades the connection to `SPDY/3.1` itself, or opens a WebSocket with the protocol
//! `SPDY/3.1+portforward.k8s.io`, whose binary messages then carry the bytes of SPDY ([`tunnel`]). On either,
//! [`connection`] keeps the streams apart, and [`port_forward`] and
//! [`remote_command`] give them their meaning. Start reading there.
//!
//! Windows: clients in the field neither send WINDOW_UPDATE nor heed it, so what is sent is held back by the
//! connection alone, as upstream's library does; for clients that do heed windows, what has been consumed is reported.
//! A stream that its consumer does not read holds back the whole connection, which costs no data and bounded memory.

use std::io;

pub mod connection;
mod dictionary;
mod frame;
mod headers;
pub mod negotiate;
pub mod port_forward;
pub mod remote_command;
pub mod tunnel;

pub use frame::Reset;
pub use headers::Headers;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The other side does not keep to the protocol.
    #[error("malformed SPDY: {0}")]
    Malformed(&'static str),
    /// Reading failed.
    #[error("reading a SPDY connection: {0}")]
    Read(#[source] io::Error),
    /// Writing failed.
    #[error("writing a SPDY connection: {0}")]
    Write(#[source] io::Error),
    /// Headers cannot be compressed.
    #[error("compressing SPDY headers: {0}")]
    Compression(String),
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        match error {
            Error::Read(error) | Error::Write(error) => error,
            Error::Malformed(_) => io::Error::new(io::ErrorKind::InvalidData, error),
            Error::Compression(_) => io::Error::other(error),
        }
    }
}

#[cfg(test)]
mod test_peer;
