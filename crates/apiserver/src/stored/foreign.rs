//! Stored bytes of another writer: upstream keeps some kinds in other versions than it serves.
//!
//! Bytes whose version is not known to be ours are never read as if it were: what their version alone has would be lost
//! with the next write.

use apimachinery::{Value, decode, protobuf};
use bytes::Bytes;

/// The version in which upstream stores definitions of custom resources, whatever version they came in.
const DEFINITIONS_V1BETA1: &str = "apiextensions.k8s.io/v1beta1";

/// What is to be done with stored bytes.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// They are of our version.
    Own,
    /// They are of another one; this is the object in ours.
    Converted(Value),
    /// They are of a version that is not read here.
    Unreadable(String),
}

/// Looks at bytes that do not begin as our own do.
pub(super) fn look(bytes: &Bytes, api_version: &str, kind: &str) -> Found {
    let (found_version, found_kind, tree) = if bytes.starts_with(protobuf::MAGIC) {
        match protobuf::Envelope::open(bytes) {
            Ok(envelope) => (envelope.api_version.to_string(), envelope.kind.to_string(), None),
            Err(error) => return Found::Unreadable(error.to_string()),
        }
    } else {
        match decode::json_untyped(bytes) {
            Ok(tree) => {
                let text = |field: &str| tree.str_at(&[field]).unwrap_or_default().to_owned();
                (text("apiVersion"), text("kind"), Some(tree))
            }
            Err(error) => return Found::Unreadable(error.to_string()),
        }
    };
    if found_version == api_version && found_kind == kind {
        return Found::Own;
    }
    match tree {
        Some(tree) if found_version == DEFINITIONS_V1BETA1 && found_kind == kind => {
            Found::Converted(definition_to_v1(tree))
        }
        _ => Found::Unreadable(format!(
            "it is stored as {found_kind} of {found_version}, which this server does not read: it reads {api_version}"
        )),
    }
}

/// A definition of v1beta1 as v1 has it: what stands once for all versions there stands in each here
/// (k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/conversion.go).
fn definition_to_v1(mut definition: Value) -> Value {
    definition.set(&["apiVersion"], "apiextensions.k8s.io/v1");
    let version = definition.remove(&["spec", "version"]).and_then(|version| version.as_str().map(str::to_owned));
    let mut versions = match definition.remove(&["spec", "versions"]) {
        Some(Value::List(versions)) => versions.to_vec(),
        _ => Vec::new(),
    };
    if let (true, Some(name)) = (versions.is_empty(), version) {
        versions.push(apimachinery::value!({"name": name, "served": true, "storage": true}));
    }
    for (old, new) in [
        ("validation", "schema"),
        ("subresources", "subresources"),
        ("additionalPrinterColumns", "additionalPrinterColumns"),
        ("selectableFields", "selectableFields"),
    ] {
        if let Some(shared) = definition.remove(&["spec", old]) {
            versions.iter_mut().for_each(|version| version.set(&[new], shared.clone()));
        }
    }
    for version in &mut versions {
        if let Some(Value::List(columns)) = version.remove(&["additionalPrinterColumns"]) {
            let columns: Value = columns.iter().cloned().map(column_to_v1).collect();
            version.set(&["additionalPrinterColumns"], columns);
        }
    }
    definition.set(&["spec", "versions"], versions.into_iter().collect::<Value>());
    for (old, new) in
        [("webhookClientConfig", "clientConfig"), ("conversionReviewVersions", "conversionReviewVersions")]
    {
        if let Some(moved) = definition.remove(&["spec", "conversion", old]) {
            definition.set(&["spec", "conversion", "webhook", new], moved);
        }
    }
    // Only v1beta1 keeps them by default.
    if definition.bool_at(&["spec", "preserveUnknownFields"]).is_none() {
        definition.set(&["spec", "preserveUnknownFields"], true);
    }
    definition
}

fn column_to_v1(mut column: Value) -> Value {
    if let Some(path) = column.remove(&["JSONPath"]) {
        column.set(&["jsonPath"], path);
    }
    column
}

#[cfg(test)]
mod tests {
    use apimachinery::{json, value};

    use super::*;

    fn look_at(value: &Value) -> Found {
        look(&json::to_vec(value).into(), "apiextensions.k8s.io/v1", "CustomResourceDefinition")
    }

    #[test]
    fn definitions_of_v1beta1_lose_nothing() {
        let stored = value!({
            "apiVersion": "apiextensions.k8s.io/v1beta1",
            "kind": "CustomResourceDefinition",
            "spec": {
                "group": "example.test",
                "version": "v1",
                "versions": [{"name": "v1", "served": true, "storage": true}],
                "validation": {"openAPIV3Schema": {"type": "object"}},
                "subresources": {"status": {}},
                "additionalPrinterColumns": [{"name": "Oars", "JSONPath": ".spec.oars"}],
                "conversion": {"strategy": "Webhook", "webhookClientConfig": {"url": "u"}, "conversionReviewVersions": ["v1"]},
                "preserveUnknownFields": false
            },
            "status": {"storedVersions": ["v1"]}
        });
        let expected = value!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "spec": {
                "group": "example.test",
                "versions": [{
                    "name": "v1",
                    "served": true,
                    "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [{"name": "Oars", "jsonPath": ".spec.oars"}]
                }],
                "conversion": {"strategy": "Webhook", "webhook": {"clientConfig": {"url": "u"}, "conversionReviewVersions": ["v1"]}},
                "preserveUnknownFields": false
            },
            "status": {"storedVersions": ["v1"]}
        });
        assert_eq!(look_at(&stored), Found::Converted(expected));
        let oldest = value!({
            "apiVersion": "apiextensions.k8s.io/v1beta1",
            "kind": "CustomResourceDefinition",
            "spec": {"version": "v2"}
        });
        let Found::Converted(oldest) = look_at(&oldest) else { panic!() };
        let versions = value!([{"name": "v2", "served": true, "storage": true}]);
        assert_eq!(oldest.at(&["spec"]), Some(&value!({"versions": versions, "preserveUnknownFields": true})));
    }

    #[test]
    fn other_versions_are_not_taken_for_ours() {
        let definition = value!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"});
        assert_eq!(look_at(&definition), Found::Own);
        let other = value!({"apiVersion": "apiextensions.k8s.io/v2", "kind": "CustomResourceDefinition"});
        assert!(matches!(look_at(&other), Found::Unreadable(reason) if reason.contains("apiextensions.k8s.io/v2")));
        let envelope: Bytes = protobuf::envelope(b"", "batch/v1beta1", "CronJob").into();
        assert!(
            matches!(look(&envelope, "batch/v1", "CronJob"), Found::Unreadable(reason) if reason.contains("batch/v1beta1"))
        );
        assert_eq!(look(&envelope, "batch/v1beta1", "CronJob"), Found::Own);
        assert!(matches!(look(&Bytes::from_static(b"no object"), "v1", "Pod"), Found::Unreadable(_)));
    }
}
