//! Indexes over the server's caches, kept true by what changed since they were last asked.
//!
//! Why not a task that follows: authorization must see what the caches hold now (a client that makes a
//! binding and uses it at once must not be refused), and it never waits. So whoever asks applies what is
//! new, which at rest is nothing and costs one comparison.

use apimachinery::Object;
use apiserver::{Registry, cache::Cursor};

/// A place in one resource's history.
pub(crate) struct Follower {
    group: &'static str,
    resource: &'static str,
    cursor: Option<Cursor>,
}

/// What happened.
pub(crate) enum Delta<'o> {
    /// Forget everything of this resource.
    Reset,
    /// The object at a key, new or changed.
    Put(&'o str, &'o Object),
    /// A key is gone.
    Removed(&'o str),
}

impl Follower {
    pub(crate) fn new(group: &'static str, resource: &'static str) -> Follower {
        Follower { group, resource, cursor: None }
    }

    /// Whether there may be something to apply.
    pub(crate) fn is_behind(&self) -> bool {
        self.cursor.as_ref().is_none_or(Cursor::has_moved)
    }

    /// Applies what happened since the last call.
    pub(crate) fn catch_up(&mut self, registry: &Registry, mut apply: impl FnMut(Delta<'_>)) {
        loop {
            let Some(cursor) = &mut self.cursor else {
                match self.begin(registry, &mut apply) {
                    Some(cursor) => self.cursor = Some(cursor),
                    None => return,
                }
                continue;
            };
            let Ok((changes, _)) = cursor.take() else {
                // Fell off the ring: read everything again.
                self.cursor = None;
                continue;
            };
            if changes.is_empty() {
                return;
            }
            for change in changes {
                let key = change.entry.key();
                if change.deleted {
                    apply(Delta::Removed(key));
                    continue;
                }
                match cursor.cache().changed_object(&change) {
                    Ok(object) => apply(Delta::Put(key, &object)),
                    Err(error) => {
                        tracing::error!(%error, key = key.as_str(), "an object can not be read and grants nothing");
                        apply(Delta::Removed(key));
                    }
                }
            }
        }
    }

    /// Reads everything; `None` while the resource is not served yet.
    fn begin(&self, registry: &Registry, apply: &mut impl FnMut(Delta<'_>)) -> Option<Cursor> {
        let resource = registry.find_any_version(self.group, self.resource)?;
        let cache = resource.cache.as_ref()?;
        let (page, cursor) = cache.list_and_watch("");
        apply(Delta::Reset);
        for entry in &page.entries {
            match cache.object(entry) {
                Ok(object) => apply(Delta::Put(entry.key(), &object)),
                Err(error) => tracing::error!(%error, key = entry.key().as_str(), "an object can not be read"),
            }
        }
        Some(cursor)
    }
}
