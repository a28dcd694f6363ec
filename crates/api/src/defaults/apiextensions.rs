//! Conditional defaults of custom resource definitions.

use apimachinery::{List, Map, Value};

use super::text;

pub(super) fn custom_resource_definition(definition: &mut Map) {
    let spec = definition.map_at("spec");
    let names = spec.map_at("names");
    let kind = text(names, "kind").to_owned();
    if text(names, "singular").is_empty() && !kind.is_empty() {
        names.insert("singular", kind.to_lowercase());
    }
    if text(names, "listKind").is_empty() && !kind.is_empty() {
        names.insert("listKind", format!("{kind}List"));
    }
    let stored = spec.list_at("versions").iter().find(|version| version.bool_at(&["storage"]) == Some(true));
    let stored = stored.and_then(|version| version.at(&["name"])).cloned();
    let status = definition.map_at("status");
    if let Some(stored) = stored
        && status.list_at("storedVersions").is_empty()
    {
        status.insert("storedVersions", Value::List(List::from_iter([stored])));
    }
}
