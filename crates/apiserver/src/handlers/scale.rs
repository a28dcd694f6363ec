//! The `scale` subresource: three numbers of an object in the form of `autoscaling/v1.Scale`.

use std::sync::Arc;

use apimachinery::{
    Object, Status, Str, Value,
    decode::{self, Zeros},
    labels, value,
};

use super::{
    WriteOptions,
    update::{self, Change, Target},
};
use crate::{RequestContext, Resource, Server, patch::managed, resource::ScalePaths};

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

fn check_replicas(replicas: i64, name: &str) -> Result<(), Status> {
    if replicas >= 0 {
        return Ok(());
    }
    let path = apimachinery::field::Path::new("spec.replicas");
    let error = apimachinery::field::FieldError::invalid(&path, replicas, "must be greater than or equal to 0");
    Err(Status::invalid("autoscaling", "Scale", name, &[error]))
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
        check_replicas(replicas, old.name())?;
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

/// A configuration of a `Scale` that is applied: what it says of the replicas is said of the object's.
struct AppliedScale<'a> {
    resource: &'a Resource,
    paths: &'a ScalePaths,
    config: &'a Value,
    options: &'a WriteOptions,
}

const SCALE_VERSION: &str = "autoscaling/v1";

impl AppliedScale<'_> {
    /// Checks the configuration; what it says of the replicas.
    fn replicas(&self, name: &str) -> Result<Option<i64>, Status> {
        let config = self.config;
        let of = |path: &[&str]| config.str_at(path).unwrap_or_default();
        let (api_version, kind) = (of(&["apiVersion"]), of(&["kind"]));
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        if (api_version, kind) != (SCALE_VERSION, "Scale") {
            return Err(Status::bad_request(format!("invalid object type: {group}/{version}, Kind={kind}")));
        }
        if config.at(&["metadata", "managedFields"]).is_some_and(|entries| !entries.is_null()) {
            return Err(Status::bad_request("metadata.managedFields must be nil"));
        }
        let type_id = api::type_of("autoscaling", "v1", "Scale");
        let type_id = type_id.ok_or_else(|| Status::internal("Scale has no schema"))?;
        let failed = |problem: &str| {
            let (namespace, name) = (of(&["metadata", "namespace"]), of(&["metadata", "name"]));
            let shown = format!("({namespace}/{name}; {group}/{version}, Kind={kind})");
            Status::failure(500, "", format!("failed to create typed patch object {shown}: {problem}"))
        };
        let decoded = decode::tree(config.clone(), api::schema(), type_id, Zeros::Leave);
        let decoded = decoded.map_err(|error| failed(&error.to_string()))?;
        if let Some(problem) = decoded.strict_errors.first() {
            let path = problem.trim_start_matches("unknown field ").trim_matches('"');
            return Err(failed(&format!(".{path}: field not declared in schema")));
        }
        let replicas = decoded.value.i64_at(&["spec", "replicas"]);
        check_replicas(replicas.unwrap_or_default(), name)?;
        Ok(replicas)
    }
}

impl Change for AppliedScale<'_> {
    fn apply(&self, old: Option<&Object>) -> Result<Object, Status> {
        let old = old.ok_or_else(|| Status::internal("a scale without an object"))?;
        let resource = self.resource;
        let mut config = value!({
            "apiVersion": resource.kind.api_version(),
            "kind": &resource.kind.kind,
            "metadata": {"name": old.name()}
        });
        if let Some(replicas) = self.replicas(old.name())? {
            let path: Vec<&str> = self.paths.spec_replicas.iter().map(Str::as_str).collect();
            config.set(&path, replicas);
        }
        let applied = managed::apply_scale(resource, old, &config, self.options)?;
        let decoded = decode::tree(applied.0, &resource.schema, resource.type_id, Zeros::Fill);
        let mut value = decoded.map_err(|error| Status::internal(error.to_string()))?.value;
        resource.strategy.default(&resource.schema, resource.type_id, &mut value);
        let mut object = Object(value);
        for field in ["resourceVersion", "uid"] {
            match self.config.str_at(&["metadata", field]) {
                Some(wanted) if !wanted.is_empty() => object.metadata_mut().insert(Str::from_static(field), wanted),
                _ => object.metadata_mut().remove(field),
            };
        }
        Ok(object)
    }

    fn tracks_itself(&self) -> bool {
        true
    }
}

/// Applies a configuration to an object's `Scale`.
///
/// # Errors
/// As [`update::update`]; 409 when others own the number of replicas.
pub async fn apply_scale(
    server: &Arc<Server>,
    context: &RequestContext,
    target: &Target<'_>,
    paths: &ScalePaths,
    config: &Value,
    options: &WriteOptions,
) -> Result<Object, Status> {
    let whole = Target { subresource: "scale", ..*target };
    let change = AppliedScale { resource: target.resource, paths, config, options };
    let (object, _) = update::update(server, context, &whole, &change, options).await?;
    scale_of(&object, paths)
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
