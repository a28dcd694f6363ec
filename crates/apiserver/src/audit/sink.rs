//! Where events go.

use async_trait::async_trait;
use futures::future::BoxFuture;

use super::Event;

/// What became of an event that a sink was given.
pub enum Offered {
    /// It is settled: whether the request may go on.
    Settled(bool),
    /// It will be known.
    Pending(BoxFuture<'static, bool>),
}

impl Offered {
    /// Whether the request may go on: false when the event is lost, and the sink is one for which that matters.
    pub(super) async fn kept(self) -> bool {
        match self {
            Offered::Settled(kept) => kept,
            Offered::Pending(kept) => kept.await,
        }
    }
}

/// A backend.
#[async_trait]
pub trait Sink: Send + Sync + 'static {
    /// Takes an event; never waits itself. What it loses it counts and logs.
    fn offer(&self, event: &Event) -> Offered;

    /// Writes what still waits, and takes nothing more.
    async fn stop(&self);
}
