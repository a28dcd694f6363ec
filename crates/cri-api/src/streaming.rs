//! Exec, attach and port-forward as they happen in one process: streams instead of a URL.
//!
//! Upstream's runtime answers these calls with the address of a streaming server of its own, and the kubelet or the
//! API server proxies to it. Here the caller, who has decoded SPDY or WebSocket already, hands over byte streams.

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use crate::{
    error::Result,
    v1::{AttachRequest, AttachResponse, ExecRequest, ExecResponse, PortForwardRequest, PortForwardResponse},
};

/// What a process reads as its standard input.
pub type InputStream = Box<dyn AsyncRead + Send + Unpin>;

/// Where a process's standard output or error goes.
pub type OutputStream = Box<dyn AsyncWrite + Send + Unpin>;

/// Both directions of one connection.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// The size of a terminal in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// The caller's end of a process. A stream that is `None` is `/dev/null` for the process (exec) or is not copied
/// (attach). With a terminal, standard error does not exist: everything comes through `stdout`.
#[derive(Default)]
pub struct Streams {
    /// Read until its end, which closes the process's standard input.
    pub stdin: Option<InputStream>,
    /// Receives standard output.
    pub stdout: Option<OutputStream>,
    /// Receives standard error.
    pub stderr: Option<OutputStream>,
    /// Sizes of the terminal: the newest that is in the channel applies.
    pub resize: Option<mpsc::Receiver<TerminalSize>>,
}

/// What to run in a container, and how.
#[derive(Clone, Debug, Default)]
pub struct ExecOptions {
    /// The container to run in.
    pub container_id: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Whether the process gets a terminal.
    pub tty: bool,
}

/// The calls that carry streams.
#[async_trait]
pub trait Streaming: Send + Sync {
    /// Runs a command and returns its exit code (128 + signal when a signal ended it) once it has ended and its
    /// output is copied. Dropping the future kills the command.
    async fn exec(&self, options: ExecOptions, streams: Streams) -> Result<i32>;

    /// Connects to the main process of a running container; returns when the container ends or when all given output
    /// streams are closed. The output of before is not repeated.
    async fn attach(&self, container_id: &str, streams: Streams) -> Result<()>;

    /// A connection to a TCP port on the loopback of the pod's network.
    async fn port_forward(&self, pod_sandbox_id: &str, port: u16) -> Result<Box<dyn ByteStream>>;
}

/// The same calls as upstream has them: each answers with an address at which the stream is had, once and soon.
#[async_trait]
pub trait StreamingAddresses: Send + Sync {
    /// Prepares the running of a command.
    async fn exec(&self, request: ExecRequest) -> Result<ExecResponse>;

    /// Prepares a connection to a container's main process.
    async fn attach(&self, request: AttachRequest) -> Result<AttachResponse>;

    /// Prepares connections to ports of a pod.
    async fn port_forward(&self, request: PortForwardRequest) -> Result<PortForwardResponse>;
}
