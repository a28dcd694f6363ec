//! Types that are a kind of value and no struct: quantities, times, and JSON of any form.

use apimachinery::{Value, schema::Kind, value};

use super::model::Dialect;

/// A value type with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    Quantity,
    Time,
    MicroTime,
    Duration,
    IntOrString,
    RawExtension,
    Fields,
    Json,
    SchemaOrBool,
    SchemaOrArray,
    SchemaOrStrings,
    /// What `/version` answers.
    VersionInfo,
}

/// The value type that a field of this kind has.
pub(super) fn of_kind(kind: &Kind) -> Option<Leaf> {
    Some(match kind {
        Kind::Quantity => Leaf::Quantity,
        Kind::Time => Leaf::Time,
        Kind::MicroTime => Leaf::MicroTime,
        Kind::Duration => Leaf::Duration,
        Kind::IntOrString => Leaf::IntOrString,
        Kind::RawExtension => Leaf::RawExtension,
        Kind::Fields => Leaf::Fields,
        Kind::Json => Leaf::Json,
        _ => return None,
    })
}

impl Leaf {
    /// Upstream's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Leaf::Quantity => "io.k8s.apimachinery.pkg.api.resource.Quantity",
            Leaf::Time => "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
            Leaf::MicroTime => "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
            Leaf::Duration => "io.k8s.apimachinery.pkg.apis.meta.v1.Duration",
            Leaf::IntOrString => "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
            Leaf::RawExtension => "io.k8s.apimachinery.pkg.runtime.RawExtension",
            Leaf::Fields => "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
            Leaf::Json => "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
            Leaf::SchemaOrBool => "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool",
            Leaf::SchemaOrArray => "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray",
            Leaf::SchemaOrStrings => {
                "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray"
            }
            Leaf::VersionInfo => "io.k8s.apimachinery.pkg.version.Info",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Leaf::Quantity => {
                "A fixed-point number with a unit: digits, optionally a point and digits, and a suffix that is binary (Ki, Mi, Gi, Ti, Pi, Ei), decimal (m, none, k, M, G, T, P, E) or an exponent (e3, E3). It is kept in canonical form, with the largest suffix that loses nothing, and has no more than three decimal places."
            }
            Leaf::Time => "A moment in RFC 3339 form, in seconds.",
            Leaf::MicroTime => "A moment in RFC 3339 form, in microseconds.",
            Leaf::Duration => "A span of time as Go writes it: 1h30m, 15s, 300ms.",
            Leaf::IntOrString => "An integer or text.",
            Leaf::RawExtension => "An object of any kind, with apiVersion and kind where it has one.",
            Leaf::Fields => {
                "A set of fields as a tree of keys: 'f:NAME' for a field, 'k:KEYS' for a list item by its keys, 'v:VALUE' for one by its value, 'i:INDEX' by its place, and '.' for the thing itself."
            }
            Leaf::Json => "Any JSON value.",
            Leaf::SchemaOrBool => "A schema or a boolean.",
            Leaf::SchemaOrArray => "A schema or a list of schemas.",
            Leaf::SchemaOrStrings => "A schema or a list of text.",
            Leaf::VersionInfo => "What the server says of its version.",
        }
    }

    /// Its schema.
    pub(super) fn schema(self, dialect: Dialect) -> Value {
        let mut schema = match (self, dialect) {
            (Leaf::Quantity, Dialect::V3) => value!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
            (Leaf::IntOrString, Dialect::V3) => {
                value!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]})
            }
            (Leaf::VersionInfo, _) => version_info(dialect),
            (leaf, _) => leaf.plain(),
        };
        schema.set(&["description"], self.description());
        schema
    }

    fn plain(self) -> Value {
        match self {
            Leaf::Quantity | Leaf::Duration => value!({"type": "string"}),
            Leaf::Time | Leaf::MicroTime => value!({"type": "string", "format": "date-time"}),
            Leaf::IntOrString => value!({"type": "string", "format": "int-or-string"}),
            Leaf::RawExtension | Leaf::Fields => value!({"type": "object"}),
            _ => value!({}),
        }
    }

    /// What a custom resource's schema says of such a field.
    pub(super) fn inline(self) -> Value {
        match self {
            Leaf::IntOrString => value!({"x-kubernetes-int-or-string": true}),
            Leaf::Json => value!({"x-kubernetes-preserve-unknown-fields": true}),
            Leaf::RawExtension => value!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
            other => other.plain(),
        }
    }
}

/// The fields of `/version`; those that are always there come first.
const VERSION_FIELDS: [(&str, bool); 13] = [
    ("major", true),
    ("minor", true),
    ("gitVersion", true),
    ("gitCommit", true),
    ("gitTreeState", true),
    ("buildDate", true),
    ("goVersion", true),
    ("compiler", true),
    ("platform", true),
    ("emulationMajor", false),
    ("emulationMinor", false),
    ("minCompatibilityMajor", false),
    ("minCompatibilityMinor", false),
];

fn version_info(dialect: Dialect) -> Value {
    let mut schema = value!({"type": "object"});
    for (name, required) in VERSION_FIELDS {
        schema.set(&["properties", name, "type"], "string");
        if required && dialect == Dialect::V3 {
            schema.set(&["properties", name, "default"], "");
        }
    }
    let required = VERSION_FIELDS.iter().filter(|(_, required)| *required).map(|(name, _)| *name);
    schema.set(&["required"], required.collect::<Value>());
    schema
}
