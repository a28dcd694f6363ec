//! Failures inside the runtime, and what becomes of them at CRI.

use std::io;

use cri_api::{Code, Error};

use crate::images::ImageError;
use crate::registry::PullError;
use crate::shim::protocol::FailureKind;

/// A failed conversation with a shim.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShimError {
    /// The connection cannot be made or broke.
    #[error("the pod's shim cannot be reached: {0}")]
    Unreachable(io::Error),
    /// The shim says no.
    #[error("{message}")]
    Refused {
        /// What kind of failure it was.
        kind: FailureKind,
        /// What failed and why.
        message: String,
    },
}

impl From<ShimError> for Error {
    fn from(error: ShimError) -> Self {
        let code = match &error {
            ShimError::Unreachable(_) => Code::Unavailable,
            ShimError::Refused { kind: FailureKind::NotRunning, .. } => Code::FailedPrecondition,
            ShimError::Refused { kind: FailureKind::Unsupported, .. } => Code::Unimplemented,
            ShimError::Refused { .. } => Code::Unknown,
        };
        Self::new(code, error.to_string())
    }
}

impl From<ImageError> for Error {
    fn from(error: ImageError) -> Self {
        let code = match &error {
            ImageError::NotFound(_) => Code::NotFound,
            ImageError::InvalidName { .. } => Code::InvalidArgument,
            ImageError::InvalidContent { .. } => Code::Unknown,
            ImageError::InUse { .. } => Code::FailedPrecondition,
            ImageError::File { .. } => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl From<PullError> for Error {
    fn from(error: PullError) -> Self {
        let code = match error {
            PullError::Image(error) => return error.into(),
            PullError::Resolve { ref source, .. } if matches!(**source, PullError::Request { .. }) => Code::Unavailable,
            PullError::Resolve { .. } => Code::Unknown,
            PullError::NotFound(_) | PullError::Platform(_) => Code::NotFound,
            PullError::Denied { .. } | PullError::Authorize { .. } => Code::Unauthenticated,
            PullError::Request { .. } => Code::Unavailable,
            PullError::Configuration { .. } => Code::InvalidArgument,
            PullError::Status { .. } | PullError::Content { .. } => Code::Unknown,
        };
        Self::new(code, error.to_string())
    }
}

/// Names the operation and its object in an I/O error on the way to CRI.
pub(crate) trait Context<T> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T, E: std::fmt::Display> Context<T> for Result<T, E> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|error| Error::internal(format!("{}: {error}", what())))
    }
}

/// Runs what blocks on a disk or the kernel where no other task waits for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::internal(format!("a blocking step of the runtime failed: {error}"))),
    }
}
