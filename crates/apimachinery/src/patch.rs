//! JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386) on trees.

use stdx::Str;

use crate::{Map, Value, decode::DEPTH_LIMIT, json};

/// Why a patch could not be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The patch itself is malformed.
    #[error("{0}")]
    Malformed(String),
    /// The patch does not fit the object.
    #[error("{0}")]
    Inapplicable(String),
    /// The patch asks for too much.
    #[error("{0}")]
    TooLarge(String),
    /// Upstream has no class for this error, and answers 500.
    #[error("{0}")]
    Failed(String),
}

/// The most operations of one JSON patch, as upstream.
pub const JSON_PATCH_OPERATIONS_LIMIT: usize = 10_000;

/// The most bytes of JSON that the `copy` operations of one patch may add, as upstream.
pub const JSON_PATCH_COPY_BYTES_LIMIT: usize = 3 << 20;

/// Merges `patch` into `target`: null removes, maps merge, everything else replaces.
pub fn merge(target: &mut Value, patch: Value) {
    let Value::Map(patch) = patch else {
        *target = patch;
        return;
    };
    let target = target.make_map();
    for (key, value) in patch {
        match value {
            Value::Null => {
                target.remove(&key);
            }
            Value::Map(_) => merge(target.get_or_insert_with(key, || Value::Map(Map::new())), value),
            other => {
                target.insert(key, other);
            }
        }
    }
}

/// Applies the operations of a JSON patch in order.
///
/// # Errors
/// When an operation is malformed or does not fit; `target` is then in an unknown state.
pub fn json_patch(target: &mut Value, patch: &Value) -> Result<(), PatchError> {
    let Some(operations) = patch.as_list() else {
        return Err(PatchError::Malformed("a JSON patch must be a list of operations".to_owned()));
    };
    if operations.len() > JSON_PATCH_OPERATIONS_LIMIT {
        return Err(PatchError::TooLarge(format!(
            "The allowed maximum operations in a JSON patch is {JSON_PATCH_OPERATIONS_LIMIT}, got {}",
            operations.len()
        )));
    }
    let mut copied_bytes = 0;
    operations.iter().try_for_each(|operation| apply_operation(target, operation, &mut copied_bytes))
}

fn text<'o>(operation: &'o Value, field: &str) -> Result<&'o str, PatchError> {
    operation.str_at(&[field]).ok_or_else(|| PatchError::Malformed(format!("a JSON patch operation lacks {field:?}")))
}

fn apply_operation(target: &mut Value, operation: &Value, copied_bytes: &mut usize) -> Result<(), PatchError> {
    let value = || {
        operation
            .get("value")
            .cloned()
            .ok_or_else(|| PatchError::Malformed("a JSON patch operation lacks \"value\"".to_owned()))
    };
    let path = pointer(text(operation, "path")?)?;
    match text(operation, "op")? {
        "add" => add(target, &path, value()?),
        "remove" => remove(target, &path).map(drop),
        "replace" => {
            let new = value()?;
            check_depth(&path, &new)?;
            let place = find_mut(target, &path).ok_or_else(|| missing("replace", &path))?;
            *place = new;
            Ok(())
        }
        "move" => {
            let from = pointer(text(operation, "from")?)?;
            let moved = remove(target, &from)?;
            add(target, &path, moved)
        }
        "copy" => {
            let from = pointer(text(operation, "from")?)?;
            let copied = find_mut(target, &from).ok_or_else(|| missing("copy", &from))?.clone();
            *copied_bytes += json::to_vec(&copied).len();
            if *copied_bytes > JSON_PATCH_COPY_BYTES_LIMIT {
                return Err(PatchError::Inapplicable(format!(
                    "Unable to complete the copy, the accumulated size increase of copy is {copied_bytes}, \
                     exceeding the limit {JSON_PATCH_COPY_BYTES_LIMIT}"
                )));
            }
            add(target, &path, copied)
        }
        "test" => {
            let wanted = operation.get("value").cloned().unwrap_or_default();
            let found = find_mut(target, &path).map(|value| value.clone()).unwrap_or_default();
            if found == wanted {
                Ok(())
            } else {
                Err(PatchError::Inapplicable(format!("testing value {} failed: test failed", shown(&path))))
            }
        }
        other => Err(PatchError::Malformed(format!("unexpected kind: {other}"))),
    }
}

fn shown(path: &[Str]) -> String {
    path.iter().map(|segment| format!("/{}", segment.replace('~', "~0").replace('/', "~1"))).collect()
}

fn missing(operation: &str, path: &[Str]) -> PatchError {
    PatchError::Inapplicable(format!(
        "{operation} operation does not apply: doc is missing path: {}: missing value",
        shown(path)
    ))
}

fn pointer(text: &str) -> Result<Vec<Str>, PatchError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let Some(rest) = text.strip_prefix('/') else {
        return Err(PatchError::Malformed(format!("a JSON pointer must start with '/': {text:?}")));
    };
    Ok(rest.split('/').map(|segment| Str::from(segment.replace("~1", "/").replace("~0", "~"))).collect())
}

fn find_mut<'v>(value: &'v mut Value, path: &[Str]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, segment| match value {
        Value::Map(map) => map.get_mut(segment),
        Value::List(list) => list.get_mut(segment.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Operations may nest what other operations made: trees stay as flat as bodies must be.
fn check_depth(path: &[Str], value: &Value) -> Result<(), PatchError> {
    match path.len() + value.depth() > DEPTH_LIMIT {
        true => Err(PatchError::Inapplicable("exceeded max depth".to_owned())),
        false => Ok(()),
    }
}

fn add(target: &mut Value, path: &[Str], value: Value) -> Result<(), PatchError> {
    check_depth(path, &value)?;
    let Some((last, parents)) = path.split_last() else {
        *target = value;
        return Ok(());
    };
    match find_mut(target, parents) {
        Some(Value::Map(map)) => {
            map.insert(last.clone(), value);
            Ok(())
        }
        Some(Value::List(list)) => {
            let index = if *last == "-" { Some(list.len()) } else { last.parse().ok() };
            match index.filter(|index| *index <= list.len()) {
                Some(index) => list.insert(index, value),
                None => {
                    return Err(PatchError::Inapplicable(format!(
                        "add operation does not apply: doc is missing path: {}: invalid index referenced",
                        shown(path)
                    )));
                }
            }
            Ok(())
        }
        _ => Err(missing("add", path)),
    }
}

fn remove(target: &mut Value, path: &[Str]) -> Result<Value, PatchError> {
    let Some((last, parents)) = path.split_last() else { return Ok(std::mem::take(target)) };
    let removed = match find_mut(target, parents) {
        Some(Value::Map(map)) => map.remove(last),
        Some(Value::List(list)) => {
            last.parse().ok().filter(|index| *index < list.len()).map(|index| list.remove(index))
        }
        _ => None,
    };
    removed.ok_or_else(|| missing("remove", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn merge_patches() {
        let mut object = value!({"a": {"b": 1, "c": 2}, "l": [1]});
        merge(&mut object, value!({"a": {"b": null, "d": {"e": null, "f": 1}}, "l": [2, 3]}));
        assert_eq!(object, value!({"a": {"c": 2, "d": {"f": 1}}, "l": [2, 3]}));
    }

    #[test]
    fn a_patch_grows_an_object_neither_deep_nor_wide() {
        let mut object = value!({"a": {}});
        let step = value!({"op": "move", "from": "/a", "path": "/b"});
        let nest = value!([{"op": "add", "path": "/c", "value": {}}, step, {"op": "move", "from": "/b", "path": "/c/a"},
            {"op": "move", "from": "/c", "path": "/a"}]);
        let nest = nest.as_list().unwrap();
        let deep: Value = (0..800).map(|index| nest[index % 4].clone()).collect();
        assert_eq!(json_patch(&mut object, &deep), Err(PatchError::Inapplicable("exceeded max depth".to_owned())));
        let mut object = value!({"a": ["x".repeat(1000)]});
        let double: Value = (0..20).map(|_| value!({"op": "copy", "from": "/a", "path": "/a/-"})).collect();
        let refused = json_patch(&mut object, &double).unwrap_err().to_string();
        assert!(refused.starts_with("Unable to complete the copy"), "{refused}");
        let many: Value = (0..10_001).map(|_| value!({"op": "test", "path": "/a"})).collect();
        assert!(matches!(json_patch(&mut object, &many), Err(PatchError::TooLarge(_))));
    }

    #[test]
    fn json_patches() {
        let mut object = value!({"a": {"b/c": 1}, "l": [1, 2]});
        let patch = value!([
            {"op": "test", "path": "/a/b~1c", "value": 1},
            {"op": "add", "path": "/l/1", "value": 9},
            {"op": "add", "path": "/l/-", "value": 3},
            {"op": "remove", "path": "/l/0"},
            {"op": "move", "from": "/a/b~1c", "path": "/m"},
            {"op": "copy", "from": "/m", "path": "/n"},
            {"op": "replace", "path": "/m", "value": {"x": null}}
        ]);
        json_patch(&mut object, &patch).unwrap();
        assert_eq!(object, value!({"a": {}, "l": [9, 2, 3], "m": {"x": null}, "n": 1}));
        for bad in [
            value!([{"op": "remove", "path": "/zz"}]),
            value!([{"op": "add", "path": "/zz/y", "value": 1}]),
            value!([{"op": "test", "path": "/n", "value": 2}]),
            value!([{"op": "add", "path": "/l/7", "value": 2}]),
            value!([{"op": "jump", "path": "/l"}]),
            value!({}),
        ] {
            assert!(json_patch(&mut object.clone(), &bad).is_err(), "{bad:?}");
        }
    }
}
