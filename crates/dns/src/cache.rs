//! Answers of others, kept for as long as they allow.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::wire::{HEADER_BYTES, Query, Reply};

/// Answers that are kept at most. Two generations of half that many: when the younger one is full, the older
/// one goes, and what is asked for again moves to the younger.
const ENTRIES_LIMIT: usize = 10_000;
/// Larger answers are not kept.
const ENTRY_BYTES: usize = 4096;
/// Answers are kept that long at most.
const TTL_LIMIT: Duration = Duration::from_secs(30);

/// What two queries must share to have the same answer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    name: String,
    kind: u16,
    class: u16,
    edns: bool,
    dnssec_ok: bool,
    checking_disabled: bool,
}

impl Key {
    pub(crate) fn of(query: &Query<'_>) -> Key {
        Key {
            name: query.name.clone(),
            kind: query.kind,
            class: query.class,
            edns: query.edns.is_some(),
            dnssec_ok: query.edns.is_some_and(|edns| edns.dnssec_ok),
            checking_disabled: query.checking_disabled,
        }
    }
}

#[derive(Clone)]
struct Entry {
    bytes: Vec<u8>,
    ttl_offsets: Vec<usize>,
    since: Instant,
    until: Instant,
}

#[derive(Default)]
pub(crate) struct Cache {
    young: HashMap<Key, Entry>,
    old: HashMap<Key, Entry>,
}

impl Cache {
    /// Keeps an answer, if it may be kept.
    pub(crate) fn put(&mut self, key: Key, bytes: &[u8], reply: &Reply, now: Instant) {
        let Some(ttl_seconds) = reply.ttl_seconds.filter(|ttl| *ttl > 0) else { return };
        if reply.truncated || !matches!(reply.code, 0 | 3) || bytes.len() > ENTRY_BYTES {
            return;
        }
        let until = now + Duration::from_secs(ttl_seconds.into()).min(TTL_LIMIT);
        let ttl_offsets = reply.ttl_offsets.clone();
        self.insert(key, Entry { bytes: bytes.to_vec(), ttl_offsets, since: now, until });
    }

    fn insert(&mut self, key: Key, entry: Entry) {
        if self.young.len() >= ENTRIES_LIMIT / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, entry);
    }

    /// The answer to `query`, with its identifier and the letters of its question, and times to live counted
    /// down.
    pub(crate) fn get(&mut self, key: &Key, query: &Query<'_>, now: Instant) -> Option<Vec<u8>> {
        if let Some((key, entry)) = self.old.remove_entry(key) {
            self.insert(key, entry);
        }
        let entry = self.young.get(key)?;
        if entry.until <= now {
            self.young.remove(key);
            return None;
        }
        let mut bytes = entry.bytes.clone();
        let age = u32::try_from((now - entry.since).as_secs()).unwrap_or(u32::MAX);
        for offset in &entry.ttl_offsets {
            let place = &mut bytes[*offset..*offset + 4];
            let ttl = u32::from_be_bytes([place[0], place[1], place[2], place[3]]);
            place.copy_from_slice(&ttl.saturating_sub(age).to_be_bytes());
        }
        bytes[..2].copy_from_slice(&query.id.to_be_bytes());
        // RD is the client's; the rest of the flags are the server's.
        bytes[2] = bytes[2] & !1 | u8::from(query.recursion_desired);
        let question = bytes.get_mut(HEADER_BYTES..HEADER_BYTES + query.question.len())?;
        question.copy_from_slice(query.question);
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Code, Data, Record, Response, encode, kind, read_query, read_reply};

    #[test]
    fn answers_age_and_end() {
        let bytes = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01A\0\0\x01\0\x01".to_vec();
        let query = read_query(&bytes).unwrap();
        let record = Record { name: "a".into(), ttl_seconds: 20, data: Data::A([1, 1, 1, 1].into()) };
        let response = Response { answers: vec![record], ..Response::empty(Code::NoError) };
        let answer = encode(&query, &response, 512);
        let (mut cache, now) = (Cache::default(), Instant::now());
        cache.put(Key::of(&query), &answer, &read_reply(&answer).unwrap(), now);
        let other = Query { id: 9, question: b"\x01a\0\0\x01\0\x01", ..query.clone() };
        let later = now + Duration::from_secs(15);
        let found = cache.get(&Key::of(&other), &other, later).unwrap();
        assert_eq!(&found[HEADER_BYTES..HEADER_BYTES + 2], b"\x01a");
        let reply = read_reply(&found).unwrap();
        assert_eq!((reply.id, reply.kind, reply.ttl_seconds), (9, kind::A, Some(5)));
        assert!(cache.get(&Key::of(&other), &other, now + Duration::from_secs(20)).is_none());
    }

    #[test]
    fn it_is_bounded() {
        let mut cache = Cache::default();
        let reply = Reply {
            id: 0,
            code: 0,
            truncated: false,
            name: String::new(),
            kind: 1,
            ttl_offsets: vec![],
            ttl_seconds: Some(9),
            answers: vec![],
        };
        for number in 0..3 * ENTRIES_LIMIT {
            let key = Key {
                name: number.to_string(),
                kind: 1,
                class: 1,
                edns: false,
                dnssec_ok: false,
                checking_disabled: false,
            };
            cache.put(key, &[], &reply, Instant::now());
        }
        assert!(cache.young.len() + cache.old.len() <= ENTRIES_LIMIT);
    }
}
