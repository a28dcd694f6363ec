//! How built-in kinds look in `kubectl get`: upstream's columns and what stands in them.
//!
//! Each file has the kinds of some groups in a table [`Printer`]. Kinds without one show name and age.
//! Upstream's counterpart is `pkg/printers/internalversion`.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use apimachinery::{Object, Str, Value};
use apiserver::{Column, DefaultTable, TableConvertor};

mod admission;
mod apps;
mod batch;
mod certificates;
mod cluster;
mod core;
mod devices;
mod events;
mod format;
mod networking;
mod pods;
mod storage;

/// The table of a kind.
pub(crate) fn of(group: &str, kind: &str) -> Arc<dyn TableConvertor> {
    let found = ALL.iter().copied().flatten().find(|printer| printer.group == group && printer.kind == kind);
    match found {
        Some(printer) if kind == "StorageClass" => Arc::new(storage::Classes(printer)),
        Some(printer) if kind == "FlowSchema" => Arc::new(cluster::FlowSchemas(printer)),
        Some(printer) => Arc::new(printer),
        None => Arc::new(DefaultTable),
    }
}

const ALL: &[&[Printer]] = &[
    admission::PRINTERS,
    apps::PRINTERS,
    batch::PRINTERS,
    certificates::PRINTERS,
    cluster::PRINTERS,
    core::PRINTERS,
    devices::PRINTERS,
    events::PRINTERS,
    networking::PRINTERS,
    pods::PRINTERS,
    storage::PRINTERS,
];

/// How a kind looks.
struct Printer {
    group: &'static str,
    kind: &'static str,
    columns: &'static [Cell],
    /// A cell for each column.
    cells: fn(&Object) -> Vec<Value>,
}

/// A column.
#[derive(Clone, Copy)]
struct Cell {
    name: &'static str,
    column_type: &'static str,
    format: &'static str,
    priority: i32,
    /// Words, or `@package.Type.field` for those of a field.
    description: &'static str,
}

/// The object's name.
const NAME: Cell = Cell { format: "name", ..text("Name", "@meta.ObjectMeta.name") };
/// How long ago it was made.
const AGE: Cell = text("Age", "@meta.ObjectMeta.creationTimestamp");
/// The containers of a pod template, with `-o wide`.
const CONTAINERS: Cell = text("Containers", "The containers of the template, by name.").wide();
/// Their images, with `-o wide`.
const IMAGES: Cell = text("Images", "The images of the template's containers.").wide();

const fn text(name: &'static str, description: &'static str) -> Cell {
    Cell { name, column_type: "string", format: "", priority: 0, description }
}

const fn integer(name: &'static str, description: &'static str) -> Cell {
    Cell { column_type: "integer", ..text(name, description) }
}

const fn boolean(name: &'static str, description: &'static str) -> Cell {
    Cell { column_type: "boolean", ..text(name, description) }
}

impl Cell {
    /// Shown with `-o wide` alone.
    const fn wide(self) -> Cell {
        Cell { priority: 1, ..self }
    }
}

impl TableConvertor for &'static Printer {
    fn columns(&self) -> Vec<Column> {
        let column = |cell: &Cell| Column {
            name: Str::from_static(cell.name),
            column_type: Str::from_static(cell.column_type),
            format: Str::from_static(cell.format),
            description: described(cell.description),
            priority: cell.priority,
        };
        self.columns.iter().map(column).collect()
    }

    fn cells(&self, object: &Object) -> Vec<Value> {
        (self.cells)(object)
    }

    fn conditions(&self, object: &Object) -> Value {
        if self.kind == "Pod" { pods::conditions(object) } else { Value::Null }
    }
}

/// The words for a column; those of fields are read once, when the first table is asked for.
fn described(description: &'static str) -> Str {
    static FIELDS: OnceLock<HashMap<&'static str, Str>> = OnceLock::new();
    if !description.starts_with('@') {
        return Str::from_static(description);
    }
    let fields = FIELDS.get_or_init(|| {
        let descriptions = api::descriptions();
        let cells = ALL.iter().copied().flatten().flat_map(|printer| printer.columns);
        let of_field = |cell: &Cell| Some((cell.description, field_description(cell.description, &descriptions)?));
        cells.filter_map(of_field).collect()
    });
    fields.get(description).cloned().unwrap_or_default()
}

fn field_description(path: &str, descriptions: &api::Descriptions) -> Option<Str> {
    let (type_name, field) = path.strip_prefix('@')?.rsplit_once('.')?;
    let schema = api::schema();
    let id = match type_name.strip_prefix("meta.") {
        Some(name) => schema.id(&format!("io.k8s.apimachinery.pkg.apis.meta.v1.{name}"))?,
        None => schema.id(&format!("io.k8s.api.{type_name}"))?,
    };
    let text = descriptions.get(schema.get(id).field(field)?.description)?;
    Some(text.split("\n\nPossible enum values:").next().unwrap_or_default().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printer_is_of_a_kind_and_describes_its_columns() {
        for printer in ALL.iter().copied().flatten() {
            let known = api::resources().iter().any(|facts| facts.group == printer.group && facts.kind == printer.kind);
            assert!(known, "{}/{}", printer.group, printer.kind);
            let twice = ALL
                .iter()
                .copied()
                .flatten()
                .filter(|other| (other.group, other.kind) == (printer.group, printer.kind));
            assert_eq!(twice.count(), 1, "{}/{}", printer.group, printer.kind);
            for column in TableConvertor::columns(&printer) {
                assert!(!column.description.is_empty(), "{}: {}", printer.kind, column.name);
            }
        }
    }

    #[test]
    fn empty_objects_fill_every_column() {
        for printer in ALL.iter().copied().flatten() {
            let cells = (printer.cells)(&Object(apimachinery::value!({"metadata": {"name": "one"}})));
            assert_eq!(cells.len(), printer.columns.len(), "{}/{}", printer.group, printer.kind);
        }
    }
}
