//! What the runtime and a pod's shim say to each other.
//!
//! Each connection carries one conversation: the runtime sends one request and reads answers until the conversation
//! is over. A shim may be older or newer than the runtime that adopts it: messages only ever gain optional fields,
//! and [`VERSION`] rises when a request gets a new meaning. The shim answers what it does not know with an error.

use serde::{Deserialize, Serialize};

/// Version of this protocol. A shim serves every version up to its own.
pub(crate) const VERSION: u32 = 1;

/// A request together with the version that its sender speaks.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Envelope {
    /// See [`VERSION`].
    pub(crate) version: u32,
    /// What to do.
    pub(crate) request: Request,
}

/// What the runtime asks for. Descriptors that travel along are named at each request, in order.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Makes the pod's namespaces; the first request of a shim's life, over its standard input. Answered by
    /// [`Response::Done`]. Afterwards that connection is free for another request.
    Pod(PodRequest),
    /// Runs a container; with the descriptor of its specification. Answered by [`Response::Started`].
    Start(StartRequest),
    /// Runs a command in a container; with the descriptor of its specification and, without a terminal, its standard
    /// input, output and error. Answered by [`Response::Started`], with the terminal's master if there is one, and
    /// [`Response::Exited`] at the end. Closing the connection kills the command.
    Exec(ExecRequest),
    /// Copies a container's streams; with a descriptor per stream that is wanted. Answered by [`Response::Done`].
    /// Closing the connection ends the copying.
    Attach(AttachRequest),
    /// Sets the size of a container's terminal. Answered by [`Response::Done`].
    Resize {
        /// The container.
        container_id: String,
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// Sends a signal to a container's main process. Answered by [`Response::Done`], also when it has ended.
    Kill {
        /// The container.
        container_id: String,
        /// The signal's number.
        signal: i32,
    },
    /// Opens a container's log file anew. Answered by [`Response::Done`].
    ReopenLog {
        /// The container.
        container_id: String,
    },
    /// Gives a stream socket that lives in the pod's network. Answered by [`Response::Done`] with the descriptor.
    Socket {
        /// IPv6 rather than IPv4.
        ipv6: bool,
    },
    /// Answered by [`Response::Status`], and then by [`Response::ContainerExited`] at each exit, until either closes.
    Subscribe,
    /// Forgets a container that has ended. Answered by [`Response::Done`].
    Forget {
        /// The container.
        container_id: String,
    },
    /// Ends the shim; refused while a container runs. Answered by [`Response::Done`].
    Shutdown,
}

/// The namespaces of a pod.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PodRequest {
    /// Where to pin the network namespace; `None` to stay in the host's.
    pub(crate) network_namespace: Option<String>,
    /// Whether the pod has its own System V IPC, message queues and shared memory.
    pub(crate) own_ipc: bool,
    /// Whether the containers share one process namespace of the pod's.
    pub(crate) shared_processes: bool,
    /// The pod's host name; `None` to keep the host's UTS namespace.
    pub(crate) hostname: Option<String>,
    /// Kernel parameters to set, dotted or with slashes, in the pod's namespaces.
    pub(crate) sysctls: Vec<(String, String)>,
    /// Where to mount the pod's shared memory, for the containers' `/dev/shm`.
    pub(crate) shared_memory: String,
    /// Its size.
    pub(crate) shared_memory_limit_bytes: u64,
    /// Where to listen.
    pub(crate) socket: String,
    /// `cgroup.procs` files of the shim's own cgroup.
    pub(crate) shim_cgroup_procs: Vec<String>,
    /// `cgroup.procs` files of the cgroup for the init of a shared process namespace.
    pub(crate) init_cgroup_procs: Vec<String>,
}

/// Which process namespace a container gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ProcessNamespace {
    /// A new one, of which the main process is the init.
    Own,
    /// The host's.
    Host,
    /// The one that the pod's containers share.
    Pod,
    /// That of another container of the pod.
    Container(String),
}

/// A container to run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StartRequest {
    /// The container.
    pub(crate) container_id: String,
    /// Its process namespace.
    pub(crate) process_namespace: ProcessNamespace,
    /// Whether it has a terminal.
    pub(crate) terminal: bool,
    /// Whether its standard input stays open for those who attach; `/dev/null` otherwise.
    pub(crate) stdin: bool,
    /// Whether the standard input is closed when the first who attached to it has gone.
    pub(crate) stdin_once: bool,
    /// The log file; `None` to keep no log.
    pub(crate) log_path: Option<String>,
    /// Where the shim writes how the container ended.
    pub(crate) exit_path: String,
    /// Directories of the container's cgroup, one per hierarchy.
    pub(crate) cgroup_directories: Vec<String>,
}

/// A command to run in a container.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExecRequest {
    /// The container.
    pub(crate) container_id: String,
    /// Whether the command gets a terminal.
    pub(crate) terminal: bool,
}

/// Streams to copy.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AttachRequest {
    /// The container.
    pub(crate) container_id: String,
    /// The first descriptor feeds the standard input.
    pub(crate) stdin: bool,
    /// The next one receives standard output.
    pub(crate) stdout: bool,
    /// The last one receives standard error.
    pub(crate) stderr: bool,
}

/// What the shim answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Response {
    /// It is done.
    Done,
    /// The process runs.
    Started {
        /// Its number in the host's process namespace.
        pid: i32,
        /// When, in nanoseconds since 1970.
        started_at: i64,
        /// Who it runs as.
        user: ResolvedUser,
    },
    /// A command has ended; all that it wrote is in its streams.
    Exited {
        /// Its exit code, or 128 plus the signal.
        exit_code: i32,
    },
    /// Every container that the shim knows.
    Status {
        /// Running and ended ones.
        containers: Vec<ContainerReport>,
        /// The init of the pod's shared process namespace, if there is one.
        init_pid: Option<i32>,
    },
    /// A container has ended, and its log is complete.
    ContainerExited(ContainerReport),
    /// It could not be done.
    Failed {
        /// What kind of failure it was.
        kind: FailureKind,
        /// What failed and why.
        message: String,
    },
}

/// Kinds of failures that the runtime tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FailureKind {
    /// No such container, or it does not run.
    NotRunning,
    /// The program could not be started.
    Start,
    /// The shim does not know the request.
    Unsupported,
    /// Anything else.
    Other,
}

/// Who a process runs as, after names have been looked up in the container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResolvedUser {
    /// User number.
    pub(crate) uid: u32,
    /// Group number.
    pub(crate) gid: u32,
    /// Supplementary groups.
    pub(crate) groups: Vec<u32>,
}

/// State of one container; also the content of its exit file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ContainerReport {
    /// The container.
    pub(crate) container_id: String,
    /// Its main process in the host's process namespace.
    pub(crate) pid: i32,
    /// Who it runs as.
    #[serde(default)]
    pub(crate) user: ResolvedUser,
    /// Nanoseconds since 1970.
    pub(crate) started_at: i64,
    /// How it ended; `None` while it runs.
    pub(crate) exit: Option<ExitReport>,
}

/// How a container ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ExitReport {
    /// Exit code, or 128 plus the signal.
    pub(crate) exit_code: i32,
    /// Nanoseconds since 1970.
    pub(crate) finished_at: i64,
    /// Whether the kernel killed a process of it for want of memory.
    pub(crate) out_of_memory: bool,
}

/// What an init tells its shim, one datagram each; the socket closes when the program runs.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum InitMessage {
    /// The terminal's master comes along.
    Terminal,
    /// Everything is set up, the next step is exec.
    Ready(ResolvedUser),
    /// It failed; the text is what the caller shall see.
    Failed(String),
}
