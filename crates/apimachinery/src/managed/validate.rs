//! Whether a configuration fits its schema well enough to be owned by field: upstream's words for what
//! does not. Types of scalars are the decoder's business.

use std::collections::BTreeSet;

use super::{Element, shape::Shape};
use crate::{Value, schema::Schema};

/// Checks a configuration.
///
/// # Errors
/// Fields that the schema does not know, list items without keys, and items that stand twice.
pub(super) fn check(config: &Value, shape: Shape<'_>, schema: &Schema) -> Result<(), String> {
    let mut problems = Vec::new();
    walk(config, shape, schema, "", &mut problems);
    match problems.len() {
        0 => Ok(()),
        1 => Err(problems.remove(0)),
        _ => Err(format!("errors:\n  {}", problems.join("\n  "))),
    }
}

fn at(path: &str, problem: &str) -> String {
    if path.is_empty() { problem.to_owned() } else { format!("{path}: {problem}") }
}

fn walk(value: &Value, shape: Shape<'_>, schema: &Schema, path: &str, problems: &mut Vec<String>) {
    match (shape, value) {
        (Shape::Struct(definition), Value::Map(map)) => {
            for (name, value) in map.iter() {
                let path = format!("{path}.{name}");
                let (shape, named) = shape.entry(schema, name);
                if !named && !definition.preserve_unknown_fields {
                    problems.push(at(&path, "field not declared in schema"));
                    return;
                }
                walk(value, shape, schema, &path, problems);
            }
        }
        (Shape::Map(_), Value::Map(map)) => {
            for (name, value) in map.iter() {
                walk(value, shape.entry(schema, name).0, schema, &format!("{path}.{name}"), problems);
            }
        }
        (Shape::Struct(_) | Shape::Map(_), other) if !other.is_null() => {
            problems.push(at(path, &format!("expected map, got {}", other.type_name())));
        }
        (Shape::Set | Shape::Keyed(..), Value::List(list)) => {
            let mut seen: BTreeSet<Element> = BTreeSet::new();
            for (index, item) in list.iter().enumerate() {
                let element = match shape.element(item) {
                    Ok(element) => element,
                    Err(problem) => {
                        problems.push(at(path, &format!("element {index}: {problem}")));
                        return;
                    }
                };
                walk(item, shape.item(), schema, &format!("{path}{element}"), problems);
                if seen.contains(&element) {
                    problems.push(at(path, &format!("duplicate entries for key {element}")));
                }
                seen.insert(element);
            }
        }
        (Shape::Set | Shape::Keyed(..), other) if !other.is_null() => {
            problems.push(at(path, &format!("expected list, got {}", other.type_name())));
        }
        _ => {}
    }
}
