//! What a feeder and its responder say to each other: JSON, each message after its length in four bytes.
//!
//! A responder may be older or newer than its feeder. Each names its build first; a feeder that meets another build
//! starts a responder of its own, feeds it, and ends the other only when the new one is complete.

use std::{io, net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::index::Contribution;

/// The longest message; the contributions of a service with a hundred thousand endpoints fit.
const MESSAGE_LIMIT_BYTES: usize = 64 << 20;

/// What a responder is told once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// The cluster's domain, in lower case.
    pub(crate) zone: String,
    /// Where to listen.
    pub(crate) addresses: Vec<SocketAddr>,
    /// Who is asked about other names.
    pub(crate) resolvers: Vec<SocketAddr>,
}

/// From a feeder.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Who are you? The first order on every connection.
    Greet,
    /// Be this. The first order to a new responder after the greeting.
    Begin {
        /// What it serves, and where.
        settings: Settings,
        /// Where later feeders find it.
        socket: Option<PathBuf>,
        /// Files into which the responder writes its number, to live apart from who has started it.
        cgroup_procs: Vec<String>,
    },
    /// Take the addresses; `beside` another that is about to end.
    Listen {
        /// Another responder has the addresses still.
        beside: bool,
    },
    /// Replace what `owner` contributes.
    Set {
        /// A service or a namespace.
        owner: String,
        /// Its names.
        contributions: Vec<Contribution>,
    },
    /// All owners have been named on this connection: forget others, and answer from now on.
    Complete,
    /// End.
    End,
}

/// From a responder.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// To [`Order::Greet`].
    Greeting {
        /// The program's version.
        build: String,
        /// What it serves, if it has been told.
        settings: Option<Settings>,
    },
    /// To [`Order::Begin`], [`Order::Listen`] and [`Order::Complete`].
    Done,
    /// To the same.
    Failed {
        /// Why.
        message: String,
    },
    /// It ends because somebody wished it.
    Ended,
}

/// Writes a message.
pub(crate) async fn send(stream: &mut (impl AsyncWrite + Unpin), message: &impl Serialize) -> io::Result<()> {
    let bytes = serde_json::to_vec(message).map_err(io::Error::other)?;
    let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_u32(length).await?;
    stream.write_all(&bytes).await
}

/// Reads a message; `None` at the end.
pub(crate) async fn receive<T: DeserializeOwned>(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<T>> {
    let length = match stream.read_u32().await {
        Ok(length) => length as usize,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    if length > MESSAGE_LIMIT_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other)
}
