//! The strategy of a custom resource: the default one, with a schema that validates.

use std::sync::Arc;

use apimachinery::{
    Object, Str, Value,
    field::{FieldError, Path},
    schema::{Schema, TypeId},
};
use apiserver::{Conversion, RequestContext, Strategy, resource::keep_other_half};

use crate::{compile, validation};

/// A custom resource in one version.
pub(crate) struct CustomResource {
    open_api: Value,
    has_status: bool,
    /// Paths that field selectors may name.
    selectable: Vec<(String, Vec<String>)>,
}

impl CustomResource {
    pub(crate) fn of(version: &Value) -> CustomResource {
        let selectable = version.list_at(&["selectableFields"]).iter().filter_map(|field| {
            let path = field.str_at(&["jsonPath"])?.trim_start_matches('.').to_owned();
            let steps = path.split('.').map(str::to_owned).collect();
            Some((path, steps))
        });
        CustomResource {
            open_api: version.at(&["schema", "openAPIV3Schema"]).cloned().unwrap_or_default(),
            has_status: version.at(&["subresources", "status"]).is_some_and(|status| !status.is_null()),
            selectable: selectable.collect(),
        }
    }

    fn validate_body(&self, object: &Object) -> Vec<FieldError> {
        let mut body = object.0.clone();
        // Metadata has rules of its own; a schema may only speak of name and generateName there.
        body.make_map().remove("metadata");
        validation::validate(&body, &self.open_api, &Path::root())
    }
}

impl Strategy for CustomResource {
    fn default(&self, schema: &Schema, type_id: TypeId, value: &mut Value) {
        compile::apply_defaults(value, schema, type_id);
    }

    fn prepare_for_update(&self, _: &RequestContext, subresource: &str, object: &mut Object, old: &Object) {
        if self.has_status {
            keep_other_half(subresource, object, old);
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        self.validate_body(object)
    }

    fn published_schema(&self) -> Option<Value> {
        Some(self.open_api.clone())
    }

    fn has_status(&self) -> bool {
        self.has_status
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        let (_, path) = self.selectable.iter().find(|(name, _)| name == field)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        Some(object.0.str_at(&path).unwrap_or_default())
    }
}

/// Conversion strategy `None`: the same object under another version's name.
pub(crate) struct Renamed {
    pub(crate) served: Str,
    pub(crate) stored: Str,
}

impl Conversion for Renamed {
    fn to_served(&self, stored: &Object) -> Result<Object, apimachinery::Status> {
        Ok(renamed(stored, &self.served))
    }

    fn to_stored(&self, served: &Object) -> Result<Object, apimachinery::Status> {
        Ok(renamed(served, &self.stored))
    }
}

fn renamed(object: &Object, api_version: &Str) -> Object {
    let mut object = object.clone();
    object.make_map().insert(Str::from_static("apiVersion"), api_version.clone());
    object
}

/// A definition's version as its strategy.
pub(crate) fn of(version: &Value) -> Arc<dyn Strategy> {
    Arc::new(CustomResource::of(version))
}
