//! Changes from before the ring: who watched before the server started anew, or fell off the ring, goes on from what
//! the store still has of its history. Each change is taken back into the ring once, for all watchers.

use std::{collections::VecDeque, sync::Arc};

use apimachinery::Status;
use bytes::Bytes;
use store::{Engine, Event, StoreError};

use super::{Cache, Change, Cursor, Lane, RING_BYTES_LIMIT, RING_CHANGES_LIMIT};

impl Cache {
    /// A cursor behind everything that happened up to `revision`, as [`Cache::watch_from`], with the help of the
    /// store's history.
    ///
    /// # Errors
    /// 410 when changes after `revision` are no longer in the store either, or are too many for the ring.
    pub(crate) async fn watch_since(
        self: &Arc<Cache>,
        engine: &dyn Engine,
        revision: u64,
        lane: Option<Lane>,
    ) -> Result<Cursor, Status> {
        let missed = match self.watch_from(revision, lane.clone()) {
            Ok(cursor) => return Ok(cursor),
            Err(status) => status,
        };
        // One reads for all who wait; those find it in the ring then.
        let _recalling = self.recalling.lock().await;
        if let Ok(cursor) = self.watch_from(revision, lane.clone()) {
            return Ok(cursor);
        }
        let until = self.state.read().forgotten_revision;
        match self.history(engine, revision, until).await {
            Ok(Some(events)) => self.take_back(&events, revision, until),
            Ok(None) => return Err(missed),
            Err(StoreError::Compacted { .. }) => return Err(missed),
            Err(error @ StoreError::Damaged { .. }) => {
                tracing::error!(%error, "a watch cannot go on from the past: its client is told to list again");
                return Err(missed);
            }
            Err(error) => return Err(Status::internal(error.to_string())),
        }
        self.watch_from(revision, lane)
    }

    /// What the store knows of this resource's changes after one revision up to another; none when that is too much for
    /// the ring, so that it is not read to its end.
    async fn history(&self, engine: &dyn Engine, after: u64, until: u64) -> Result<Option<Vec<Event>>, StoreError> {
        let start = Bytes::copy_from_slice(self.prefix.as_bytes());
        let mut watched = engine.watch(start, self.prefix_end(), after)?;
        watched.progress_requester().request(until);
        let (mut events, mut bytes) = (Vec::new(), 0);
        loop {
            let batch = watched.next().await?;
            for event in batch.events.into_iter().filter(|event| event.kv.mod_revision <= until) {
                bytes += event.kv.value.len();
                events.push(event);
            }
            if bytes > RING_BYTES_LIMIT || events.len() > RING_CHANGES_LIMIT {
                return Ok(None);
            }
            if batch.revision >= until {
                return Ok(Some(events));
            }
        }
    }

    /// Puts changes before those of the ring, if it still begins behind `until` and has room for them.
    fn take_back(&self, events: &[Event], after: u64, until: u64) {
        let mut changes: VecDeque<Arc<Change>> = events.iter().map(|event| Arc::new(self.change(event))).collect();
        let bytes: usize = changes.iter().map(|change| change.entry.bytes.len()).sum();
        let mut state = self.state.write();
        let fits =
            state.ring_bytes + bytes <= RING_BYTES_LIMIT && state.ring.len() + changes.len() <= RING_CHANGES_LIMIT;
        if !fits || state.forgotten_revision != until {
            return;
        }
        // Numbers before the ring's first are free: a load leaves more of them than a ring has room for.
        state.first_sequence -= changes.len() as u64;
        state.ring_bytes += bytes;
        state.forgotten_revision = after;
        changes.append(&mut state.ring);
        state.ring = changes;
    }

    /// A change as the store tells it.
    fn change(&self, event: &Event) -> Change {
        let previous = event.previous.as_ref().map(|previous| self.entry(previous));
        Change::new(event, self.entry(&event.kv), previous)
    }
}

#[cfg(test)]
mod tests {
    use store::{Expect, Write, embedded};

    use super::*;
    use crate::cache::{tests::cache_of, too_old};

    fn thing(value: &str) -> Bytes {
        format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","data":{{"value":"{value}"}}}}"#).into()
    }

    fn put(name: &str, value: &str) -> Vec<Write> {
        let key = Bytes::from(format!("/registry/things/{name}"));
        vec![Write::Put { key, value: thing(value), expect: Expect::Any, time_to_live: None }]
    }

    /// Names, revisions and whether they are gone.
    fn told(cursor: &mut Cursor) -> Vec<(String, u64, bool)> {
        let (changes, _) = cursor.take().unwrap();
        changes.iter().map(|change| (change.entry.key().to_string(), change.revision, change.deleted)).collect()
    }

    fn event(name: &str, revision: u64) -> (String, u64, bool) {
        (name.to_owned(), revision, false)
    }

    #[tokio::test]
    async fn a_watch_goes_on_from_before_the_cache_was_made() {
        let directory = tempfile::tempdir().unwrap();
        let store = embedded::open(directory.path().join("store"), embedded::Options::default()).unwrap();
        let first = store.commit(put("a", "1")).await.unwrap().revision;
        let second = store.commit(put("b", "2")).await.unwrap().revision;
        let other =
            Write::Put { key: "/registry/others/x".into(), value: "3".into(), expect: Expect::Any, time_to_live: None };
        store.commit(vec![other]).await.unwrap();
        let delete = Write::Delete { key: "/registry/things/a".into(), expect: Expect::Any };
        let third = store.commit(vec![delete]).await.unwrap().revision;
        let cache = cache_of("/registry/things/", "ConfigMap");
        cache.load(&[], third);
        let mut waiting = cache.watch_from(third, None).unwrap();

        assert_eq!(cache.watch_from(first, None).err().unwrap().code, 410);
        let mut cursor = cache.watch_since(&*store, first, None).await.unwrap();
        assert_eq!(told(&mut cursor), [event("b", second), ("a".to_owned(), third, true)]);
        // The object that went is shown as it was last, and what it was before is known.
        let (changes, _) = cache.watch_from(second, None).unwrap().take().unwrap();
        assert_eq!((&changes[0].entry.bytes, changes[0].entry.revision()), (&thing("1"), third));
        assert_eq!(changes[0].previous.as_ref().unwrap().revision(), first);
        // Further back, and again: nothing is taken back twice.
        let mut cursor = cache.watch_since(&*store, first - 1, None).await.unwrap();
        assert_eq!(told(&mut cursor).len(), 3);
        assert_eq!(told(&mut cache.watch_since(&*store, first, None).await.unwrap()).len(), 2);
        // Who was there already is not disturbed.
        assert_eq!(told(&mut waiting), []);
        store.commit(put("c", "4")).await.unwrap();
        let mut watched = store.watch(Bytes::new(), Bytes::new(), third).unwrap();
        let batch = watched.next().await.unwrap();
        cache.apply(&batch.events.iter().collect::<Vec<_>>(), batch.revision);
        assert_eq!(told(&mut waiting), [event("c", batch.revision)]);
        assert_eq!(told(&mut cursor), [event("c", batch.revision)]);
    }

    #[tokio::test]
    async fn more_than_the_ring_takes_is_not_read_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let store = embedded::open(directory.path().join("store"), embedded::Options::default()).unwrap();
        let first = store.commit(put("a", "1")).await.unwrap().revision;
        let large = "x".repeat(RING_BYTES_LIMIT / 15);
        for _ in 0..16 {
            store.commit(put("a", &large)).await.unwrap();
        }
        let last = store.current_revision();
        let cache = cache_of("/registry/things/", "ConfigMap");
        cache.load(&[], last);
        assert!(cache.history(&*store, first, last).await.unwrap().is_none());
        assert_eq!(cache.history(&*store, last - 3, last).await.unwrap().unwrap().len(), 3);
        assert_eq!(cache.watch_since(&*store, first, None).await.err().unwrap().code, 410);
    }

    #[tokio::test]
    async fn what_the_store_has_forgotten_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let store = embedded::open(directory.path().join("store"), embedded::Options::default()).unwrap();
        let first = store.commit(put("a", "1")).await.unwrap().revision;
        let second = store.commit(put("a", "2")).await.unwrap().revision;
        store.compact(second).await.unwrap();
        let cache = cache_of("/registry/things/", "ConfigMap");
        cache.load(&[], second + 1);
        let status = cache.watch_since(&*store, first, None).await.err().unwrap();
        assert_eq!((status.code, status.message.as_str()), (410, too_old(first, second + 2).message.as_str()));
    }
}
