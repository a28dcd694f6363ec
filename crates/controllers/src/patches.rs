//! Writing what changed and nothing else.

use std::sync::Arc;

use apimachinery::{Map, Object, Status, Value};
use client::{Client, ResourceKind};

/// The merge patch (RFC 7386) that makes `new` of `old`; `None` when they are equal.
pub fn merge_patch(old: &Value, new: &Value) -> Option<Value> {
    if old == new {
        return None;
    }
    let (Some(from), Some(to)) = (old.as_map(), new.as_map()) else { return Some(new.clone()) };
    let mut patch = Map::new();
    for (key, value) in to.iter() {
        match from.get(key) {
            None => {
                patch.insert(key, value.clone());
            }
            Some(before) => {
                if let Some(change) = merge_patch(before, value) {
                    patch.insert(key, change);
                }
            }
        }
    }
    for key in from.keys().filter(|key| !to.contains_key(key)) {
        patch.insert(key, Value::Null);
    }
    Some(Value::Map(patch))
}

/// Replaces the status of `object` when it differs, and returns what was written. A write that raced with this
/// one is overwritten once, as upstream's controllers do: each status has one writer, the other wrote the rest.
pub async fn update_status(
    client: &Client,
    resource: &ResourceKind,
    object: &Object,
    status: Value,
) -> Result<Option<Arc<Object>>, Status> {
    let empty = Value::Map(Map::new());
    if *object.at(&["status"]).unwrap_or(&empty) == status {
        return Ok(None);
    }
    let api = client.namespaced(resource, object.namespace());
    let mut changed = object.clone();
    changed.set(&["status"], status.clone());
    match api.update_subresource("status", changed).await {
        Err(conflict) if conflict.is_conflict() => {
            let Some(fresh) = api.get_optional(object.name()).await? else { return Ok(None) };
            if fresh.uid() != object.uid() {
                return Err(conflict);
            }
            let mut fresh = (*fresh).clone();
            fresh.set(&["status"], status);
            api.update_subresource("status", fresh).await.map(Some)
        }
        // Gone meanwhile: there is nobody to tell.
        Err(status) if status.is_not_found() => Ok(None),
        answer => answer.map(Some),
    }
}

/// The status of `object`, to be changed.
pub fn status_of(object: &Object) -> Value {
    object.at(&["status"]).cloned().unwrap_or_else(|| Value::Map(Map::new()))
}

/// Sets `key`, or removes it when the number is zero: the form in which Go leaves out empty numbers.
pub fn set_count(status: &mut Value, key: &'static str, count: i64) {
    if count == 0 {
        status.remove(&[key]);
    } else {
        status.set(&[key], count);
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn a_patch_says_what_changed() {
        let old = value!({"replicas": 1, "ready": 1, "conditions": [{"type": "A"}], "same": {"x": 1}});
        let new = value!({"replicas": 2, "conditions": [], "same": {"x": 1}, "new": {"y": 2}});
        let patch = merge_patch(&old, &new).unwrap();
        assert_eq!(patch, value!({"replicas": 2, "ready": null, "conditions": [], "new": {"y": 2}}));
        let mut patched = old;
        client::testing::merge(&mut patched, &patch);
        assert_eq!(patched, new);
        assert_eq!(merge_patch(&new, &new), None);
    }
}
