//! `meta.k8s.io/v1 Table`: what `kubectl get` prints.

use std::sync::Arc;

use apimachinery::{Object, Value, value};

use super::respond::partial_metadata;
use crate::Resource;

/// The table of `objects`. `include_object` is `None`, `Metadata` (also when empty) or `Object`.
pub(crate) fn table(resource: &Resource, objects: &[Arc<Object>], include_object: &str, with_columns: bool) -> Value {
    let rows =
        objects.iter().map(|object| row(resource, object, resource.table.cells(object), include_object)).collect();
    let mut root = with_rows(resource, rows, with_columns);
    if let ([only], true) = (objects, with_columns) {
        root.set(&["metadata", "resourceVersion"], only.resource_version());
    }
    root
}

/// The table of a whole list; its metadata is the caller's.
pub(crate) fn of_list(resource: &Resource, objects: &[Arc<Object>], include_object: &str) -> Value {
    let rows = resource.table.list(objects).into_iter();
    let rows = rows.map(|(object, cells)| row(resource, &object, cells, include_object)).collect();
    with_rows(resource, rows, true)
}

fn with_rows(resource: &Resource, rows: Value, with_columns: bool) -> Value {
    let mut root = value!({"apiVersion": "meta.k8s.io/v1", "kind": "Table", "metadata": {}, "rows": rows});
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

fn row(resource: &Resource, object: &Object, cells: Vec<Value>, include_object: &str) -> Value {
    let shown = match include_object {
        "None" => Value::Null,
        "Object" => object.0.clone(),
        _ => partial_metadata(object),
    };
    let conditions = resource.table.conditions(object);
    let mut row = value!({"cells": cells});
    if !conditions.is_null() {
        row.set(&["conditions"], conditions);
    }
    if !shown.is_null() {
        row.set(&["object"], shown);
    }
    row
}
