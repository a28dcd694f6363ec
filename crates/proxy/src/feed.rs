//! Objects as they come and go, from a plain watch; the seam at which shared informers take over.

use std::{sync::Arc, time::Duration};

use apimachinery::{Object, Status};
use client::{Client, Options, ResourceKind, WatchEvent, WatchStream};
use futures::StreamExt;
use tokio::sync::mpsc::Sender;

/// What happened to a collection.
pub(crate) enum Change {
    /// It consists of these objects and no others.
    Replaced(Vec<Arc<Object>>),
    /// An object came or changed.
    Set(Arc<Object>),
    /// An object went.
    Removed(Arc<Object>),
}

/// Waits between attempts: doubled from the first to the last.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(10);

/// Follows what `options` select of `resource` until nobody listens. `tag` tells collections apart.
pub(crate) async fn follow<T: Copy>(
    client: Client,
    resource: ResourceKind,
    options: Options,
    tag: T,
    sender: Sender<(T, Change)>,
) {
    let mut retry = FIRST_RETRY;
    while !sender.is_closed() {
        let outcome = match client.all(&resource).watch(options.clone(), true).await {
            Ok(stream) => forward(stream, tag, &sender, &mut retry).await,
            Err(status) => Err(status),
        };
        match outcome {
            Ok(()) => tracing::debug!(resource = %resource.resource, "watch ended"),
            Err(status) => tracing::warn!(resource = %resource.resource, %status, "watch failed"),
        }
        tokio::select! {
            () = tokio::time::sleep(retry) => {}
            () = sender.closed() => return,
        }
        retry = (retry * 2).min(LAST_RETRY);
    }
}

async fn forward<T: Copy>(
    mut stream: WatchStream,
    tag: T,
    sender: &Sender<(T, Change)>,
    retry: &mut Duration,
) -> Result<(), Status> {
    // Until the first bookmark: what was there when the watch began.
    let mut initial = Some(Vec::new());
    while let Some(event) = stream.next().await {
        let change = match (event?, &mut initial) {
            (WatchEvent::Added(object) | WatchEvent::Modified(object), Some(list)) => {
                list.push(object);
                continue;
            }
            (WatchEvent::Deleted(object), Some(list)) => {
                list.retain(|known| known.key() != object.key());
                continue;
            }
            (WatchEvent::Bookmark { initial_events_end: true, .. }, list @ Some(_)) => {
                *retry = FIRST_RETRY;
                Change::Replaced(list.take().unwrap_or_default())
            }
            (WatchEvent::Bookmark { .. }, _) => continue,
            (WatchEvent::Added(object) | WatchEvent::Modified(object), None) => Change::Set(object),
            (WatchEvent::Deleted(object), None) => Change::Removed(object),
        };
        if sender.send((tag, change)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}
