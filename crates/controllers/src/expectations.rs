//! What a controller wrote and its caches have not shown yet.
//!
//! A controller that looks at a stale cache right after it created pods would create them again. Upstream counts
//! creations and deletions that it expects to see. Here a reconcile first waits, per key, until the caches hold
//! the versions that the last one was answered: nothing is counted, so nothing can be miscounted.

use std::{collections::BTreeMap, time::Duration};

use apimachinery::{Object, Str};
use client::Informer;
use parking_lot::Mutex;

/// How long a reconcile waits for its caches, in seconds; then it goes on with what they have (upstream's
/// `ExpectationsTimeout`).
const TIMEOUT_SECONDS: u64 = 300;

enum Expected {
    /// The cache holds everything up to this version.
    Reached(Informer, Str),
    /// The cache shows that the object is gone or on its way.
    Deleted(Informer, Str, Str),
}

/// Expectations by key.
#[derive(Default)]
pub struct Expectations {
    pending: Mutex<BTreeMap<Str, Vec<Expected>>>,
}

fn version(text: &str) -> u64 {
    text.parse().unwrap_or_default()
}

impl Expectations {
    /// The reconcile of `key` wrote an object that `informer` will show.
    pub fn wrote(&self, key: &Str, informer: &Informer, written: &Object) {
        let mut pending = self.pending.lock();
        let expected = pending.entry(key.clone()).or_default();
        let known = expected.iter_mut().find_map(|expected| match expected {
            Expected::Reached(of, version) if of.collection() == informer.collection() => Some(version),
            _ => None,
        });
        let new = written.resource_version();
        match known {
            Some(known) if version(known) >= version(new) => {}
            Some(known) => *known = new.into(),
            None => expected.push(Expected::Reached(informer.clone(), new.into())),
        }
    }

    /// The reconcile of `key` deleted `object`, which `informer` still shows.
    pub fn deleted(&self, key: &Str, informer: &Informer, object: &Object) {
        let expected = Expected::Deleted(informer.clone(), object.key(), object.uid().into());
        self.pending.lock().entry(key.clone()).or_default().push(expected);
    }

    /// Waits until the caches show what the last reconcile of `key` did.
    pub async fn settled(&self, key: &Str) {
        let Some(expected) = self.pending.lock().remove(key) else { return };
        let all = async {
            for one in &expected {
                match one {
                    Expected::Reached(informer, version) => informer.reached(version).await,
                    Expected::Deleted(informer, key, uid) => {
                        informer.until(|informer| is_deleted(informer, key, uid)).await;
                    }
                }
            }
        };
        if tokio::time::timeout(Duration::from_secs(TIMEOUT_SECONDS), all).await.is_err() {
            tracing::warn!(%key, "the caches do not show what was written, going on without");
        }
    }

    /// Forgets `key`, whose object is gone.
    pub fn forget(&self, key: &str) {
        self.pending.lock().remove(key);
    }
}

fn is_deleted(informer: &Informer, key: &str, uid: &str) -> bool {
    informer.get(key).is_none_or(|object| object.uid() != uid || object.deletion_timestamp().is_some())
}
