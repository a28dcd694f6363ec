//! Which events are new, which repeat an earlier one, which are combined, and which are too many.

use std::collections::{BTreeMap, BTreeSet};

use apimachinery::{Object, Str, Value, time, value};
use jiff::Timestamp;

use super::{EventType, NewEvent};

/// Keys remembered in each of the tables below; the longest unused is forgotten.
const REMEMBERED: usize = 4096;
/// Different messages of one reason about one object before they are combined.
const SIMILAR_LIMIT: usize = 10;
/// Similar events further apart than this are not combined, in seconds.
const SIMILAR_SECONDS: i64 = 600;
/// Events that one object may have at once.
const BURST: f64 = 25.0;
/// How many seconds bring one more.
const REFILL_SECONDS: f64 = 300.0;

/// A table that forgets the entry that was not used for the longest time.
struct Recent<K, V> {
    entries: BTreeMap<K, (u64, V)>,
    uses: BTreeMap<u64, K>,
    clock: u64,
}

impl<K: Ord + Clone, V> Recent<K, V> {
    fn new() -> Recent<K, V> {
        Recent { entries: BTreeMap::new(), uses: BTreeMap::new(), clock: 0 }
    }

    fn entry(&mut self, key: &K, make: impl FnOnce() -> V) -> &mut V {
        self.clock += 1;
        if let Some((used, _)) = self.entries.get(key) {
            self.uses.remove(used);
        } else if self.entries.len() >= REMEMBERED
            && let Some((_, oldest)) = self.uses.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.uses.insert(self.clock, key.clone());
        let entry = self.entries.entry(key.clone()).or_insert_with(|| (0, make()));
        entry.0 = self.clock;
        &mut entry.1
    }

    fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|entry| &mut entry.1)
    }
}

/// What an event is about: its reference without the resource version, as text.
type About = String;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    about: About,
    event_type: EventType,
    reason: Str,
    /// Empty for combined events.
    message: String,
}

struct Similar {
    messages: BTreeSet<String>,
    last: Timestamp,
}

struct Bucket {
    tokens: f64,
    last: Timestamp,
}

#[derive(Default)]
struct Seen {
    name: Str,
    first: Timestamp,
    count: i64,
}

/// An event to write.
#[derive(Debug)]
pub(super) struct Correlated {
    key: Key,
    reference: Value,
    source: Value,
    first: Timestamp,
    pub(super) namespace: Str,
    pub(super) name: Str,
    pub(super) message: String,
    pub(super) count: i64,
    pub(super) last: Timestamp,
    /// Whether the API has it, so that a patch will do.
    pub(super) existing: bool,
}

impl Correlated {
    pub(super) fn start_anew(&mut self) {
        self.existing = false;
        self.name = event_name(&self.reference, self.last);
        self.first = self.last;
        self.count = 1;
    }

    pub(super) fn to_object(&self) -> Object {
        let mut object = value!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": &self.name, "namespace": &self.namespace},
            "involvedObject": self.reference.clone(),
            "reason": &self.key.reason,
            "message": self.message.as_str(),
            "source": self.source.clone(),
            "firstTimestamp": time::format_seconds(self.first),
            "lastTimestamp": time::format_seconds(self.last),
            "count": self.count,
            "type": self.key.event_type.as_str(),
            "reportingComponent": self.source.str_at(&["component"]).unwrap_or_default()
        });
        if let Some(host) = self.source.str_at(&["host"]) {
            object.set(&["reportingInstance"], host);
        }
        Object(object)
    }
}

fn event_name(reference: &Value, time: Timestamp) -> Str {
    format!("{}.{:x}", reference.str_at(&["name"]).unwrap_or_default(), time.as_nanosecond()).into()
}

fn about(reference: &Value) -> About {
    let part = |key| reference.str_at(&[key]).unwrap_or_default();
    ["kind", "namespace", "name", "uid", "apiVersion", "fieldPath"].map(part).join("\u{0}")
}

/// Decides for one source.
pub(super) struct Correlator {
    source: Value,
    similar: Recent<Key, Similar>,
    seen: Recent<Key, Seen>,
    buckets: Recent<About, Bucket>,
}

impl Correlator {
    pub(super) fn new(component: Str, host: Str) -> Correlator {
        let mut source = value!({"component": component});
        if !host.is_empty() {
            source.set(&["host"], host);
        }
        Correlator { source, similar: Recent::new(), seen: Recent::new(), buckets: Recent::new() }
    }

    /// What is to be written for `event`; `None` when its object has had too many.
    pub(super) fn correlate(&mut self, event: &NewEvent) -> Option<Correlated> {
        let about = about(&event.reference);
        let (key, message) = self.combine(&about, event);
        if !self.admit(&about, event.time) {
            return None;
        }
        let seen = self.seen.entry(&key, Seen::default);
        let existing = seen.count > 0;
        if !existing {
            *seen = Seen { name: event_name(&event.reference, event.time), first: event.time, count: 0 };
        }
        let namespace = event.reference.str_at(&["namespace"]).unwrap_or("default").into();
        Some(Correlated {
            reference: event.reference.clone(),
            source: self.source.clone(),
            first: seen.first,
            namespace,
            name: seen.name.clone(),
            message,
            count: seen.count + 1,
            last: event.time,
            existing,
            key,
        })
    }

    /// The key under which the event counts, and its message: its own, or a combined one.
    fn combine(&mut self, about: &About, event: &NewEvent) -> (Key, String) {
        let shared = Key {
            about: about.clone(),
            event_type: event.event_type,
            reason: event.reason.clone(),
            message: String::new(),
        };
        let similar = self.similar.entry(&shared, || Similar { messages: BTreeSet::new(), last: event.time });
        if event.time.as_second() - similar.last.as_second() > SIMILAR_SECONDS {
            similar.messages.clear();
        }
        similar.last = event.time;
        similar.messages.insert(event.message.clone());
        if similar.messages.len() < SIMILAR_LIMIT {
            return (Key { message: event.message.clone(), ..shared }, event.message.clone());
        }
        similar.messages.pop_first();
        (shared, format!("(combined from similar events): {}", event.message))
    }

    fn admit(&mut self, about: &About, now: Timestamp) -> bool {
        let bucket = self.buckets.entry(about, || Bucket { tokens: BURST, last: now });
        let elapsed_seconds = (now.as_millisecond() - bucket.last.as_millisecond()).max(0) as f64 / 1000.0;
        bucket.tokens = (bucket.tokens + elapsed_seconds / REFILL_SECONDS).min(BURST);
        bucket.last = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }

    /// Remembers that `event` was written under `name`.
    pub(super) fn written(&mut self, event: &Correlated, name: Str) {
        if let Some(seen) = self.seen.get_mut(&event.key) {
            *seen = Seen { name, first: event.first, count: event.count };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(message: &str, second: i64) -> NewEvent {
        NewEvent {
            reference: value!({"kind": "Pod", "namespace": "a", "name": "web"}),
            event_type: EventType::Normal,
            reason: "Started".into(),
            message: message.to_owned(),
            time: Timestamp::from_second(second).unwrap(),
        }
    }

    fn record(correlator: &mut Correlator, event: &NewEvent) -> Option<(String, i64, bool)> {
        let correlated = correlator.correlate(event)?;
        correlator.written(&correlated, correlated.name.clone());
        Some((correlated.message, correlated.count, correlated.existing))
    }

    #[test]
    fn repeats_count_floods_combine_and_talkers_are_cut_off() {
        let mut correlator = Correlator::new("kubelet".into(), "n1".into());
        assert_eq!(record(&mut correlator, &event("up", 1)), Some(("up".into(), 1, false)));
        assert_eq!(record(&mut correlator, &event("up", 2)), Some(("up".into(), 2, true)));
        for number in 0..8 {
            record(&mut correlator, &event(&format!("m{number}"), 3));
        }
        let combined =
            |text: &str, count, existing| Some((format!("(combined from similar events): {text}"), count, existing));
        assert_eq!(record(&mut correlator, &event("x", 4)), combined("x", 1, false));
        assert_eq!(record(&mut correlator, &event("y", 5)), combined("y", 2, true));
        assert_eq!(record(&mut correlator, &event("x", 700)), Some(("x".into(), 1, false)), "after a pause");
        let admitted = (0..100).filter(|_| record(&mut correlator, &event("z", 701)).is_some()).count();
        assert_eq!(admitted, 25 - 13 + 2, "the burst, less what came before, and two refilled");
    }

    #[test]
    fn the_object_is_upstreams() {
        let mut correlator = Correlator::new("kubelet".into(), "n1".into());
        let object = correlator.correlate(&event("up", 1)).unwrap().to_object();
        assert_eq!(object.name(), "web.3b9aca00");
        assert_eq!(object.str_at(&["source", "host"]), Some("n1"));
        assert_eq!(object.str_at(&["firstTimestamp"]), Some("1970-01-01T00:00:01Z"));
    }
}
