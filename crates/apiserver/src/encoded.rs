//! Encoded objects that are kept for whoever reads them next, within a bound over all resources.

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::cache::Entry;

/// The most bytes of encoded objects that are kept.
pub const ENCODED_CACHE_BYTES: usize = 64 << 20;
/// When there is no room, one in so many is kept in the place of the oldest: a list that is larger than the room, read
/// again and again, would otherwise push out every object shortly before it is wanted.
const ADMITTED_OF: u64 = 16;

/// Which entries have their encoded form, oldest first.
#[derive(Default)]
struct Kept {
    entries: VecDeque<(Weak<Entry>, usize)>,
    bytes: usize,
    refused: u64,
}

/// The encoded forms of all resources' entries. The bytes hang on the entries themselves; here is counted.
pub(crate) struct Encoded {
    limit: usize,
    kept: Mutex<Kept>,
}

impl Encoded {
    /// With room for so many bytes.
    pub(crate) fn new(limit: usize) -> Encoded {
        Encoded { limit, kept: Mutex::default() }
    }

    /// Keeps an entry's JSON, if there is room or can be made.
    pub(crate) fn keep(&self, entry: &Arc<Entry>, json: &Bytes) {
        let mut kept = self.kept.lock();
        if json.len() > self.limit {
            return;
        }
        while kept.bytes + json.len() > self.limit {
            let front = kept.entries.front().map(|(oldest, bytes)| (oldest.upgrade(), *bytes));
            let Some((oldest, bytes)) = front else { break };
            if oldest.is_some() {
                kept.refused += 1;
                if !kept.refused.is_multiple_of(ADMITTED_OF) {
                    return;
                }
            }
            kept.bytes -= bytes;
            kept.entries.pop_front();
            if let Some(oldest) = oldest {
                oldest.set_json(None);
            }
        }
        if entry.set_json(Some(json.clone())) {
            kept.bytes += json.len();
            kept.entries.push_back((Arc::downgrade(entry), json.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::tests::entry;

    #[test]
    fn what_is_kept_is_bounded_and_the_dead_make_room() {
        let encoded = Encoded::new(100);
        let json = Bytes::from(vec![b'x'; 30]);
        let entries: Vec<_> = (0..3).map(|number| entry(&format!("n/{number}"))).collect();
        entries.iter().for_each(|entry| encoded.keep(entry, &json));
        assert!(entries.iter().all(|entry| entry.json().is_some()));
        // There is no room for a fourth, until one is gone.
        let fourth = entry("n/4");
        encoded.keep(&fourth, &json);
        assert!(fourth.json().is_none());
        drop(entries.into_iter().next());
        encoded.keep(&fourth, &json);
        assert!(fourth.json().is_some());
        assert!(encoded.kept.lock().bytes <= 100);
    }

    #[test]
    fn an_entry_is_counted_once() {
        let encoded = Encoded::new(100);
        let (one, json) = (entry("n/1"), Bytes::from_static(b"{}"));
        encoded.keep(&one, &json);
        encoded.keep(&one, &json);
        assert_eq!(encoded.kept.lock().bytes, 2);
    }

    #[test]
    fn some_are_admitted_when_there_is_no_room() {
        let encoded = Encoded::new(100);
        let json = Bytes::from(vec![b'x'; 50]);
        let entries: Vec<_> = (0..40).map(|number| entry(&format!("n/{number}"))).collect();
        entries.iter().for_each(|entry| encoded.keep(entry, &json));
        let kept = entries.iter().filter(|entry| entry.json().is_some()).count();
        assert_eq!(kept, 2);
        assert!(entries[2..].iter().any(|entry| entry.json().is_some()), "the first are not kept for ever");
    }
}
