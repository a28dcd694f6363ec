//! Bodies that hold something until they have been sent, or nobody wants them any more.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;

use super::Body;

struct Held<T> {
    body: Body,
    _until_its_end: T,
}

/// `body`, with which `held` is dropped.
pub(crate) fn until_the_end_of<T: Send + Unpin + 'static>(body: Body, held: T) -> Body {
    Held { body, _until_its_end: held }.boxed_unsync()
}

impl<T: Unpin> http_body::Body for Held<T> {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
