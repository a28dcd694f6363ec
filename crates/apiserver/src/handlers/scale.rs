//! The `scale` subresource: three numbers of an object in the form of `autoscaling/v1.Scale`.

use std::sync::Arc;

use apimachinery::{Object, Status, Str, Value, labels, value};

use super::{
    WriteOptions,
    update::{self, Change, Target},
};
use crate::{RequestContext, Server, resource::ScalePaths};

fn at<'v>(object: &'v Object, path: &[Str]) -> Option<&'v Value> {
    path.iter().try_fold(&object.0, |value, segment| value.get(segment))
}

/// The `Scale` of `object`.
///
/// # Errors
/// 500 when the object's selector cannot be read.
pub fn scale_of(object: &Object, paths: &ScalePaths) -> Result<Object, Status> {
    let selector = match at(object, &paths.selector) {
        Some(Value::String(text)) => text.to_string(),
        Some(Value::Map(map)) if map.contains_key("matchLabels") || map.contains_key("matchExpressions") => {
            let selector = labels::Selector::from_label_selector(at(object, &paths.selector));
            selector.map_err(|error| Status::internal(error.0))?.to_string()
        }
        Some(Value::Map(map)) => labels::Selector::from_set(map).to_string(),
        _ => String::new(),
    };
    let mut metadata = value!({});
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object.metadata().get(field) {
            metadata.set(&[field], value.clone());
        }
    }
    let replicas = at(object, &paths.spec_replicas).and_then(Value::as_i64).unwrap_or_default();
    let mut scale = value!({
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": metadata,
        "spec": {},
        "status": {"replicas": at(object, &paths.status_replicas).and_then(Value::as_i64).unwrap_or_default()}
    });
    if replicas != 0 {
        scale.set(&["spec", "replicas"], replicas);
    }
    if !selector.is_empty() {
        scale.set(&["status", "selector"], selector);
    }
    Ok(Object(scale))
}

struct Rescale<'a> {
    paths: &'a ScalePaths,
    edit: &'a (dyn Fn(Object) -> Result<Object, Status> + Send + Sync),
}

impl Change for Rescale<'_> {
    fn apply(&self, old: Option<&Object>) -> Result<Object, Status> {
        let old = old.ok_or_else(|| Status::internal("a scale without an object"))?;
        let scale = (self.edit)(scale_of(old, self.paths)?)?;
        let replicas = scale.i64_at(&["spec", "replicas"]).unwrap_or_default();
        if replicas < 0 {
            let path = apimachinery::field::Path::new("spec.replicas");
            let error = apimachinery::field::FieldError::invalid(&path, replicas, "must be greater than or equal to 0");
            return Err(Status::invalid("autoscaling", "Scale", old.name(), &[error]));
        }
        let mut object = old.clone();
        let path: Vec<&str> = self.paths.spec_replicas.iter().map(Str::as_str).collect();
        object.set(&path, replicas);
        let metadata = object.metadata_mut();
        match scale.resource_version() {
            "" => metadata.remove("resourceVersion"),
            revision => metadata.insert(Str::from_static("resourceVersion"), revision),
        };
        Ok(object)
    }
}

/// Changes an object through its `Scale`; `edit` makes the wanted scale from the present one.
///
/// # Errors
/// As [`update::update`].
pub async fn update_scale(
    server: &Arc<Server>,
    context: &RequestContext,
    target: &Target<'_>,
    paths: &ScalePaths,
    edit: &(dyn Fn(Object) -> Result<Object, Status> + Send + Sync),
    options: &WriteOptions,
) -> Result<Object, Status> {
    let whole = Target { subresource: "scale", ..*target };
    let (object, _) = update::update(server, context, &whole, &Rescale { paths, edit }, options).await?;
    scale_of(&object, paths)
}
