//! `meta.k8s.io/v1 Table`: what `kubectl get` prints.

use std::sync::Arc;

use apimachinery::{Object, Value, value};

use super::respond::partial_metadata;
use crate::Resource;

/// The table of `objects`. `include_object` is `None`, `Metadata` (also when empty) or `Object`.
pub(crate) fn table(resource: &Resource, objects: &[Arc<Object>], include_object: &str, with_columns: bool) -> Value {
    let rows: Value = objects.iter().map(|object| row(resource, object, include_object)).collect();
    let mut root = value!({"apiVersion": "meta.k8s.io/v1", "kind": "Table", "metadata": {}, "rows": rows});
    if let ([only], true) = (objects, with_columns) {
        root.set(&["metadata", "resourceVersion"], only.resource_version());
    }
    let columns: Value = if with_columns {
        let columns = resource.table.columns();
        columns
            .iter()
            .map(|column| {
                value!({
                    "name": &column.name,
                    "type": &column.column_type,
                    "format": &column.format,
                    "description": &column.description,
                    "priority": column.priority
                })
            })
            .collect()
    } else {
        Value::Null
    };
    root.set(&["columnDefinitions"], columns);
    root
}

fn row(resource: &Resource, object: &Object, include_object: &str) -> Value {
    let shown = match include_object {
        "None" => Value::Null,
        "Object" => object.0.clone(),
        _ => partial_metadata(object),
    };
    let cells = resource.table.cells(object);
    let mut row = value!({"cells": cells});
    if !shown.is_null() {
        row.set(&["object"], shown);
    }
    row
}
