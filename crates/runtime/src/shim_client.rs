//! The runtime's side of the conversation with a shim.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use tokio::io::Interest;
use tokio::net::UnixStream;

use crate::descriptors::{decode_frame, encode_frame, receive, send, short_socket_path};
use crate::error::ShimError;
use crate::shim::protocol::{Envelope, Request, Response, VERSION};

/// Where a pod's shim is reached.
#[derive(Clone, Debug)]
pub(crate) struct ShimClient {
    socket: PathBuf,
}

impl ShimClient {
    pub(crate) fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// Opens a conversation with a request; `descriptors` travel along.
    pub(crate) async fn open(
        &self,
        request: Request,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<Conversation, ShimError> {
        let (path, _directory) = short_socket_path(&self.socket).map_err(ShimError::Unreachable)?;
        let stream = UnixStream::connect(path).await.map_err(ShimError::Unreachable)?;
        let mut conversation = Conversation::new(stream);
        conversation.ask(request, descriptors).await?;
        Ok(conversation)
    }

    /// A request with one answer.
    pub(crate) async fn call(&self, request: Request, descriptors: &[BorrowedFd<'_>]) -> Result<Response, ShimError> {
        self.open(request, descriptors).await?.answer().await
    }
}

/// One connection to a shim.
pub(crate) struct Conversation {
    stream: UnixStream,
    received: Vec<u8>,
    /// Descriptors that came with answers.
    pub(crate) descriptors: Vec<OwnedFd>,
}

impl Conversation {
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self { stream, received: Vec::new(), descriptors: Vec::new() }
    }

    /// Sends a request.
    pub(crate) async fn ask(&mut self, request: Request, descriptors: &[BorrowedFd<'_>]) -> Result<(), ShimError> {
        let frame = encode_frame(&Envelope { version: VERSION, request }).map_err(ShimError::Unreachable)?;
        let (mut sent, mut descriptors) = (0, descriptors);
        while sent < frame.len() {
            let write = || send(self.stream.as_fd(), &frame[sent..], descriptors);
            sent += self.stream.async_io(Interest::WRITABLE, write).await.map_err(ShimError::Unreachable)?;
            descriptors = &[];
        }
        Ok(())
    }

    /// The next answer; a failure that the shim reports is an error.
    pub(crate) async fn answer(&mut self) -> Result<Response, ShimError> {
        match self.next().await.map_err(ShimError::Unreachable)? {
            Some(Response::Failed { kind, message }) => Err(ShimError::Refused { kind, message }),
            Some(response) => Ok(response),
            None => Err(ShimError::Unreachable(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    /// The next message; `None` when the shim has closed.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Response>> {
        loop {
            if let Some(response) = decode_frame(&mut self.received)? {
                return Ok(Some(response));
            }
            let mut buffer = [0; 4096];
            let mut descriptors = Vec::new();
            let read = || receive(self.stream.as_fd(), &mut buffer, &mut descriptors);
            let count = self.stream.async_io(Interest::READABLE, read).await?;
            self.descriptors.append(&mut descriptors);
            if count == 0 {
                return Ok(None);
            }
            self.received.extend_from_slice(&buffer[..count]);
        }
    }
}
