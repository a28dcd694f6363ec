//! What the fleet hears of the API: watches that are made again when they end.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use apimachinery::{Object, Status, Str};
use client::{Client, Options, ResourceKind, WatchEvent, WatchStream, kinds};
use futures::StreamExt;
use tokio::{sync::mpsc::UnboundedSender, time::Instant};

/// As client-go's reflectors: a watch is made anew after five minutes at least,
const REWATCH_SECONDS: u64 = 300;
/// A watch that ended earlier has failed.
const SHORTEST_WATCH: Duration = Duration::from_secs(1);
const BACKOFF_FIRST_MILLISECONDS: u64 = 500;
const BACKOFF_LONGEST_MILLISECONDS: u64 = 30_000;
/// Runtime classes are looked at by every kubelet.
const RUNTIME_CLASSES: ResourceKind = ResourceKind::new("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", false);
/// And so are CSI drivers.
const CSI_DRIVERS: ResourceKind = ResourceKind::new("storage.k8s.io", "v1", "csidrivers", "CSIDriver", false);

/// What a watch of pods says.
pub(crate) enum Heard {
    /// A pod is there, or has changed.
    Pod(Arc<Object>),
    /// A pod is gone.
    Gone(Arc<Object>),
    /// These, by UID, are all pods of a node (or of the fleet); others are gone.
    All(Option<u32>, BTreeSet<Str>),
}

/// A watch of one collection.
pub(crate) struct Follower {
    pub(crate) client: Client,
    pub(crate) resource: ResourceKind,
    pub(crate) field_selector: String,
    /// The node whose pods these are.
    pub(crate) node: Option<u32>,
    /// Who hears; nobody if what comes is only to be received.
    pub(crate) heard: Option<UnboundedSender<Heard>>,
}

/// The watches that a kubelet has beside that of its pods.
pub(crate) fn others(client: &Client, node_name: &str) -> Vec<Follower> {
    let of = |resource: &ResourceKind, field_selector: String| Follower {
        client: client.clone(),
        resource: resource.clone(),
        field_selector,
        node: None,
        heard: None,
    };
    vec![
        of(&kinds::NODES, format!("metadata.name={node_name}")),
        of(&kinds::SERVICES, String::new()),
        of(&RUNTIME_CLASSES, String::new()),
        of(&CSI_DRIVERS, String::new()),
    ]
}

impl Follower {
    /// Follows until the future is dropped or nobody hears any more.
    pub(crate) async fn run(self) {
        let mut version = Str::EMPTY;
        let mut delay = BACKOFF_FIRST_MILLISECONDS;
        loop {
            match self.once(&mut version).await {
                Ok(()) => {
                    delay = BACKOFF_FIRST_MILLISECONDS;
                    continue;
                }
                Err(status) if status.is_expired() && !version.is_empty() => {
                    version = Str::EMPTY;
                    continue;
                }
                Err(status) => {
                    tracing::debug!(resource = %self.resource.resource, error = %status, "a watch failed");
                }
            }
            if self.heard.as_ref().is_some_and(UnboundedSender::is_closed) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(delay + stdx::random::below(delay))).await;
            delay = (delay * 2).min(BACKOFF_LONGEST_MILLISECONDS);
        }
    }

    /// One watch, from `version` on or, if that is empty, from a list; ends without an error when it is time for the
    /// next one.
    async fn once(&self, version: &mut Str) -> Result<(), Status> {
        let anew = version.is_empty();
        let options = Options {
            field_selector: self.field_selector.clone(),
            resource_version: version.to_string(),
            ..Options::default()
        };
        let started = Instant::now();
        let until = started + Duration::from_secs(REWATCH_SECONDS + stdx::random::below(REWATCH_SECONDS));
        let stream = self.client.all(&self.resource).watch(options, anew).await?;
        match tokio::time::timeout_at(until, self.events(stream, version, anew)).await {
            // A watch that ends at once, over and over, must not be asked for in a hot loop.
            Ok(Ok(())) if started.elapsed() < SHORTEST_WATCH => {
                Err(Status::service_unavailable("the watch ended at once"))
            }
            Ok(ended) => ended,
            Err(_) => Ok(()),
        }
    }

    async fn events(&self, mut stream: WatchStream, version: &mut Str, anew: bool) -> Result<(), Status> {
        let tell = |heard: Heard| {
            if let Some(sender) = &self.heard {
                // Who has stopped hearing ends this task.
                let _ = sender.send(heard);
            }
        };
        // Of the initial events; the version counts only once they are complete.
        let mut initial = anew.then(BTreeSet::new);
        while let Some(event) = stream.next().await {
            match event? {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    match &mut initial {
                        Some(initial) => _ = initial.insert(Str::from(object.uid())),
                        None => *version = object.resource_version().into(),
                    }
                    tell(Heard::Pod(object));
                }
                WatchEvent::Deleted(object) => {
                    match &mut initial {
                        Some(initial) => _ = initial.remove(object.uid()),
                        None => *version = object.resource_version().into(),
                    }
                    tell(Heard::Gone(object));
                }
                WatchEvent::Bookmark { resource_version, initial_events_end } => {
                    if initial_events_end && let Some(uids) = initial.take() {
                        tell(Heard::All(self.node, uids));
                    }
                    if initial.is_none() {
                        *version = resource_version;
                    }
                }
            }
        }
        Ok(())
    }
}
