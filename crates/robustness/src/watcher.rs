//! A client that watches, and goes on where it was when its connection breaks.

use std::sync::Arc;

use apimachinery::{Object, Status};
use client::{Client, Options, WatchEvent, kinds};
use futures::StreamExt;

use crate::{
    history::{Change, Listing, Revision, Seen, Stretch},
    load::{LAST_OBJECT, NAMESPACE, Shared, list, read, revision_of},
};

/// Why a watch ended.
enum Ended {
    /// It was told of the last object.
    Last,
    /// The connection broke.
    Broken,
    /// The server says that it has forgotten what comes next.
    Expired,
}

/// Watches from `after` until the last object comes, or the server does not come again. Each gap that the server admits begins another stretch.
pub(crate) async fn run(shared: Arc<Shared>, after: Revision) -> anyhow::Result<Vec<Stretch>> {
    let mut stretches = vec![Stretch { after, until: after, seen: Vec::new() }];
    while let Some(remote) = shared.connect().await? {
        let stretch = stretches.last_mut().expect("there is one from the beginning");
        let api = Client::new(remote.clone(), "watcher").namespaced(&kinds::CONFIG_MAPS, NAMESPACE);
        match follow(&shared, &api, stretch).await {
            Ended::Last => break,
            Ended::Broken => {}
            // Without an answer it asks to go on again, and is refused again.
            Ended::Expired => {
                if let Ok(Listing { revision: after, .. }) = list(&shared, &remote).await {
                    stretches.push(Stretch { after, until: after, seen: Vec::new() });
                }
            }
        }
    }
    Ok(stretches)
}

async fn follow(shared: &Shared, api: &client::Api, stretch: &mut Stretch) -> Ended {
    let options = Options { resource_version: stretch.until.to_string(), ..Options::default() };
    let expired = |status: &Status| status.code == 410;
    let mut events = match api.watch(options, false).await {
        Ok(events) => events,
        Err(status) if expired(&status) => return Ended::Expired,
        Err(_) => return Ended::Broken,
    };
    while let Some(event) = events.next().await {
        let (object, put) = match event {
            Ok(WatchEvent::Added(object) | WatchEvent::Modified(object)) => (object, true),
            Ok(WatchEvent::Deleted(object)) => (object, false),
            Ok(WatchEvent::Bookmark { resource_version, .. }) => {
                stretch.until = resource_version.parse().unwrap_or(stretch.until);
                continue;
            }
            Err(status) if expired(&status) => return Ended::Expired,
            Err(_) => return Ended::Broken,
        };
        take(shared, stretch, &object, put);
        if object.name() == LAST_OBJECT {
            return Ended::Last;
        }
    }
    Ended::Broken
}

fn take(shared: &Shared, stretch: &mut Stretch, object: &Object, put: bool) {
    let Some(revision) = revision_of(object) else { return };
    if let Some((key, _, mark)) = read(object) {
        let change = if put { Change::Put { key, mark } } else { Change::Delete { key, mark } };
        stretch.seen.push(Seen { revision, change, at: shared.now() });
    }
    stretch.until = revision;
}
