//! Failures of a runtime, with the codes that gRPC gives them.

/// The result of every call to a runtime.
pub type Result<T> = std::result::Result<T, Error>;

/// gRPC status codes, as far as runtimes use them; the numbers are those of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Code {
    /// The caller gave up.
    Canceled = 1,
    /// Anything that no other code describes; containerd answers most failures of a start or an exec with it.
    Unknown = 2,
    /// The request can never succeed.
    InvalidArgument = 3,
    /// A timeout given by the caller ran out.
    DeadlineExceeded = 4,
    /// The sandbox, container or image does not exist.
    NotFound = 5,
    /// The name or identifier is taken.
    AlreadyExists = 6,
    /// A bound of the runtime was reached; also: the event stream's reader fell behind.
    ResourceExhausted = 8,
    /// The object's state does not allow the call (exec into a container that does not run).
    FailedPrecondition = 9,
    /// The runtime or this kernel has no such function.
    Unimplemented = 12,
    /// An invariant of the runtime broke, or the kernel refused what it should not.
    Internal = 13,
    /// The runtime, or the shim of the pod, cannot be reached.
    Unavailable = 14,
    /// Missing or wrong credentials for a registry.
    Unauthenticated = 16,
}

/// A failed call: a code to decide on and a sentence for people, which names operation and object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind of failure it is.
    pub code: Code,
    /// What failed, on which object, and why.
    pub message: String,
}

impl Error {
    /// A failure with the given code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The object does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// The request can never succeed.
    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// The object's state does not allow the call.
    pub fn failed_precondition(message: impl Into<String>) -> Self {
        Self::new(Code::FailedPrecondition, message)
    }

    /// The runtime has no such function.
    pub fn unimplemented(message: impl Into<String>) -> Self {
        Self::new(Code::Unimplemented, message)
    }

    /// Something broke inside the runtime.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    /// Whether the object of the call does not exist.
    pub fn is_not_found(&self) -> bool {
        self.code == Code::NotFound
    }
}
