//! The stream of what happens to containers and sandboxes.

use std::pin::Pin;
use std::task::{Context, Poll};

use cri_api::v1::ContainerEventResponse;
use cri_api::{Code, ContainerEventStream, Error, Result};
use futures_core::Stream;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// How many events a reader may be behind before it loses some and must list instead.
const EVENTS_KEPT: usize = 1024;

/// Sends events to every reader.
pub(crate) struct Events(broadcast::Sender<ContainerEventResponse>);

impl Events {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(EVENTS_KEPT).0)
    }

    pub(crate) fn has_readers(&self) -> bool {
        self.0.receiver_count() > 0
    }

    pub(crate) fn send(&self, event: ContainerEventResponse) {
        // Without a reader there is nobody to tell.
        let _ = self.0.send(event);
    }

    pub(crate) fn subscribe(&self) -> ContainerEventStream {
        Box::pin(Reader { next: Box::pin(receive(self.0.subscribe())) })
    }
}

type Received = (std::result::Result<ContainerEventResponse, RecvError>, broadcast::Receiver<ContainerEventResponse>);

async fn receive(mut receiver: broadcast::Receiver<ContainerEventResponse>) -> Received {
    (receiver.recv().await, receiver)
}

/// One reader of the events.
struct Reader {
    next: Pin<Box<dyn Future<Output = Received> + Send>>,
}

impl Stream for Reader {
    type Item = Result<ContainerEventResponse>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let (received, receiver) = match self.next.as_mut().poll(context) {
            Poll::Ready(ready) => ready,
            Poll::Pending => return Poll::Pending,
        };
        self.next = Box::pin(receive(receiver));
        Poll::Ready(match received {
            Ok(event) => Some(Ok(event)),
            Err(RecvError::Lagged(count)) => Some(Err(Error::new(
                Code::ResourceExhausted,
                format!("{count} container events were lost to this reader: list and read on"),
            ))),
            Err(RecvError::Closed) => None,
        })
    }
}
