//! etcd's keys and events as the store has them.

use bytes::Bytes;
use store::{Event, EventKind, KeyValue};

use crate::{client::revision_of, lease::Leases, messages};

/// A key with its value.
pub(crate) fn key_value(kv: messages::KeyValue, leases: &Leases) -> KeyValue {
    KeyValue {
        key: kv.key,
        value: kv.value,
        create_revision: revision_of(kv.create_revision),
        mod_revision: revision_of(kv.mod_revision),
        expires_at: leases.ends_at(kv.lease),
    }
}

/// A change; `None` when what it replaced is missing although there was something: it was compacted meanwhile.
pub(crate) fn event(event: messages::Event, leases: &Leases) -> Option<Event> {
    let kv = event.kv?;
    let previous = event.prev_kv.map(|kv| key_value(kv, leases));
    if event.kind == 0 {
        let is_new = kv.create_revision == kv.mod_revision;
        return (is_new || previous.is_some()).then(|| Event {
            kind: EventKind::Put,
            kv: key_value(kv, leases),
            previous,
        });
    }
    let mod_revision = revision_of(kv.mod_revision);
    let deleted = KeyValue { key: kv.key, value: Bytes::new(), create_revision: 0, mod_revision, expires_at: None };
    previous.map(|previous| Event { kind: EventKind::Delete, kv: deleted, previous: Some(previous) })
}

/// The first key and the end of a range as etcd writes them: empty is the first key of all, and no end.
pub(crate) fn bounds(start: &Bytes, end: &Bytes) -> (Bytes, Bytes) {
    const LEAST: Bytes = Bytes::from_static(b"\0");
    let or_least = |key: &Bytes| if key.is_empty() { LEAST } else { key.clone() };
    (or_least(start), or_least(end))
}
