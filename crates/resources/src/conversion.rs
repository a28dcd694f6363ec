//! Served versions whose fields differ from those of the stored version.

use std::sync::Arc;

use apimachinery::{
    Map, Object, Status, Value,
    decode::{self, Zeros},
    schema::TypeId,
};
use apiserver::{Column, Conversion, TableConvertor, resource::Versions};

mod autoscalers;
mod events;

/// A served version of a kind that is stored in another one.
pub(crate) struct Pair {
    /// `autoscaling/v1`
    served: &'static str,
    /// `autoscaling/v2`
    stored: &'static str,
    kind: &'static str,
    /// Puts a stored object's fields where the served version has them.
    to_served: fn(Map) -> Map,
    /// And back.
    to_stored: fn(Map) -> Map,
}

/// Every such version. A kind has at most one.
const PAIRS: &[Pair] = &[
    Pair {
        served: "autoscaling/v1",
        stored: "autoscaling/v2",
        kind: "HorizontalPodAutoscaler",
        to_served: autoscalers::to_v1,
        to_stored: autoscalers::to_v2,
    },
    Pair {
        served: "events.k8s.io/v1",
        stored: "v1",
        kind: "Event",
        to_served: events::to_own,
        to_stored: events::to_core,
    },
];

/// The pair of a kind that is served as `served` and stored as `stored`.
pub(crate) fn between(served: &str, stored: &str, kind: &str) -> Option<&'static Pair> {
    PAIRS.iter().find(|pair| pair.served == served && pair.stored == stored && pair.kind == kind)
}

/// What managed fields need of a kind's versions: `None` where its versions share their fields.
pub(crate) fn versions(api_version: &str, kind: &str) -> Option<Arc<dyn Versions>> {
    let pair =
        PAIRS.iter().find(|pair| pair.kind == kind && (pair.served == api_version || pair.stored == api_version))?;
    Some(Arc::new(pair))
}

fn type_of(api_version: &str, kind: &str) -> Option<TypeId> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    api::type_of(group, version, kind)
}

impl Pair {
    fn converted(&self, object: &Value, to: &str) -> Value {
        let root = object.as_map().cloned().unwrap_or_default();
        let mut root = if to == self.stored { (self.to_stored)(root) } else { (self.to_served)(root) };
        root.insert("apiVersion", to);
        root.insert("kind", self.kind);
        let root = Value::Map(root);
        // Which zero values stand in an object differs between the versions.
        let typed = type_of(to, self.kind)
            .and_then(|type_id| decode::tree(root.clone(), api::schema(), type_id, Zeros::Fill).ok());
        typed.map_or(root, |decoded| decoded.value)
    }
}

impl Conversion for &'static Pair {
    fn to_served(&self, stored: &Object) -> Result<Object, Status> {
        Ok(Object(self.converted(&stored.0, self.served)))
    }

    fn to_stored(&self, served: &Object) -> Result<Object, Status> {
        Ok(Object(self.converted(&served.0, self.stored)))
    }
}

impl Versions for &'static Pair {
    fn type_of(&self, api_version: &str) -> Option<TypeId> {
        let known = api_version == self.served || api_version == self.stored;
        known.then(|| type_of(api_version, self.kind)).flatten()
    }

    fn convert(&self, object: &Value, from: &str, to: &str) -> Value {
        if from == to { object.clone() } else { self.converted(object, to) }
    }
}

/// The table of the stored version, for objects of the served one.
pub(crate) struct StoredTable {
    pub(crate) pair: &'static Pair,
    pub(crate) table: Arc<dyn TableConvertor>,
}

impl StoredTable {
    fn stored(&self, object: &Object) -> Object {
        Object(self.pair.converted(&object.0, self.pair.stored))
    }
}

impl TableConvertor for StoredTable {
    fn columns(&self) -> Vec<Column> {
        self.table.columns()
    }

    fn cells(&self, object: &Object) -> Vec<Value> {
        self.table.cells(&self.stored(object))
    }

    fn list(&self, objects: &[Arc<Object>]) -> Vec<(Arc<Object>, Vec<Value>)> {
        let stored: Vec<Arc<Object>> = objects.iter().map(|object| Arc::new(self.stored(object))).collect();
        let rows = self.table.list(&stored).into_iter();
        let served = |object: &Object| Arc::new(Object(self.pair.converted(&object.0, self.pair.served)));
        rows.map(|(object, cells)| (served(&object), cells)).collect()
    }

    fn conditions(&self, object: &Object) -> Value {
        self.table.conditions(&self.stored(object))
    }
}

/// Moves the value at one key to another; what is absent stays so.
fn rename(map: &mut Map, from: &str, to: &'static str) {
    if let Some(value) = map.remove(from) {
        map.insert(to, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_that_is_not_stored_as_served_has_a_conversion() {
        for facts in api::resources() {
            let Some(stored) = facts.storage_version else { continue };
            if crate::install::stored_as_served(facts, stored) {
                continue;
            }
            let name = |group: &str, version: &str| {
                if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
            };
            let (served, stored) = (name(facts.group, facts.version), name(stored.group, stored.version));
            assert!(between(&served, &stored, facts.kind).is_some(), "{served} {}", facts.plural);
        }
    }
}
