//! `patch`: the four patch types, each of which ends in an update.

use std::sync::Arc;

use apimachinery::{
    Object, Status, Value,
    decode::{self, Zeros},
    field::{FieldError, Path},
    json,
    patch::{self, PatchError},
    schema::{Schema, TypeId},
    strategic, value,
};
use client::PatchType;

use super::{
    WriteOptions,
    update::{self, Change, Target},
};
use crate::{RequestContext, SchemaHandle, Server, patch::managed};

/// What to do about unknown and duplicate fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// Drop them silently.
    Ignore,
    /// Drop them and warn.
    #[default]
    Warn,
    /// Refuse.
    Strict,
}

/// Acts on the strict errors of a decoded body.
///
/// # Errors
/// 400 when the client asked to be strict.
pub fn check_strict(context: &RequestContext, validation: FieldValidation, errors: &[String]) -> Result<(), Status> {
    match validation {
        FieldValidation::Strict if !errors.is_empty() => {
            Err(Status::bad_request(format!("strict decoding error: {}", errors.join(", "))))
        }
        FieldValidation::Warn => {
            errors.iter().for_each(|error| context.warn(error.clone()));
            Ok(())
        }
        _ => Ok(()),
    }
}

struct Patch<'a> {
    context: &'a RequestContext,
    target: &'a Target<'a>,
    patch_type: PatchType,
    patch: &'a Value,
    validation: FieldValidation,
    options: &'a WriteOptions,
}

fn patch_status(error: &PatchError) -> Status {
    match error {
        PatchError::Malformed(problem) => Status::bad_request(problem.clone()),
        PatchError::Inapplicable(problem) => Status::failure(
            422,
            "Invalid",
            format!("the server rejected our request due to an error in our request: {problem}"),
        ),
        PatchError::TooLarge(problem) => {
            Status::request_entity_too_large(format!("Request entity too large: {problem}"))
        }
        PatchError::Failed(problem) => Status::failure(500, "", problem.clone()),
    }
}

/// 422 for a patch whose result is no object of the kind; it names no object, as upstream.
fn invalid_patch(shown: &[u8], problem: &str) -> Status {
    let shown = String::from_utf8_lossy(shown).into_owned();
    Status::invalid("", "", "", &[FieldError::invalid(&Path::new("patch"), shown, problem)])
}

fn apply_to(
    mut tree: Value,
    patch_type: PatchType,
    patch: &Value,
    schema: &Schema,
    type_id: TypeId,
) -> Result<Value, Status> {
    match patch_type {
        PatchType::Json => patch::json_patch(&mut tree, patch),
        PatchType::Merge => {
            patch::merge(&mut tree, patch.clone());
            Ok(())
        }
        PatchType::Strategic => strategic::merge(&mut tree, patch, schema, type_id),
        PatchType::Apply => Err(PatchError::Malformed(
            "apply is not supported for this subresource; apply the object itself".to_owned(),
        )),
    }
    .map_err(|error| patch_status(&error))?;
    Ok(tree)
}

/// Patches a tree that is not stored as such: a `Scale`.
pub(crate) fn patch_tree(
    object: Object,
    patch_type: PatchType,
    patch: &Value,
    schema: &Schema,
    type_id: TypeId,
) -> Result<Object, Status> {
    let tree = apply_to(object.0, patch_type, patch, schema, type_id)?;
    let decoded = decode::tree(tree, schema, type_id, Zeros::Fill);
    decoded.map(|decoded| Object(decoded.value)).map_err(|error| Status::failure(422, "Invalid", error.to_string()))
}

impl Patch<'_> {
    /// The object as it stands, changed by the patch; not yet under the schema.
    fn patched(&self, old: &Object) -> Result<Value, Status> {
        let resource = self.target.resource;
        let mut tree = apply_to(old.0.clone(), self.patch_type, self.patch, &resource.schema, resource.type_id)?;
        // An empty list means to forget them; decoding would take it for absence.
        if tree.at(&["metadata", "managedFields"]).and_then(Value::as_list).is_some_and(|list| list.is_empty()) {
            tree.set(&["metadata", "managedFields"], value!([{}]));
        }
        Ok(tree)
    }

    /// The object as the configuration and those of others want it.
    fn applied(&self, old: Option<&Object>) -> Result<Value, Status> {
        let Target { resource, name, subresource, .. } = *self.target;
        let object = managed::apply(resource, old, self.patch, subresource, self.options)?;
        if old.is_some() {
            return Ok(object.0);
        }
        let kind = &resource.kind;
        if !object.uid().is_empty() {
            let uid = object.uid();
            let problem =
                format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
            return Err(Status::conflict(&kind.group, &kind.resource, name, problem));
        }
        if object.name() != name {
            let own = object.name();
            let problem = format!("the name of the object ({own}) does not match the name on the URL ({name})");
            return Err(Status::bad_request(problem));
        }
        Ok(object.0)
    }
}

impl Change for Patch<'_> {
    fn apply(&self, old: Option<&Object>) -> Result<Object, Status> {
        let resource = self.target.resource;
        let tree = match (self.patch_type, old) {
            (PatchType::Apply, old) => self.applied(old)?,
            (_, Some(old)) => self.patched(old)?,
            (_, None) => return Err(resource.not_found(self.target.name)),
        };
        let shown = (self.validation == FieldValidation::Strict).then(|| json::to_vec(&tree));
        let mut decoded = decode::tree(tree, &resource.schema, resource.type_id, Zeros::Fill)
            .map_err(|error| invalid_patch(&json::to_vec(self.patch), &error.to_string()))?;
        if let Some(shown) = shown
            && !decoded.strict_errors.is_empty()
        {
            let problem = format!("strict decoding error: {}", decoded.strict_errors.join(", "));
            return Err(invalid_patch(&shown, &problem));
        }
        check_strict(self.context, self.validation, &decoded.strict_errors)?;
        resource.strategy.default(&resource.schema, resource.type_id, &mut decoded.value);
        Ok(Object(decoded.value))
    }

    fn tracks_itself(&self) -> bool {
        self.patch_type == PatchType::Apply
    }

    fn may_create(&self) -> bool {
        self.patch_type == PatchType::Apply && self.target.subresource.is_empty()
    }
}

/// Patches an object. Answers with it, and whether it was made.
///
/// # Errors
/// As [`update::update`], and 400 or 422 when the patch does not fit.
pub async fn patch(
    server: &Arc<Server>,
    context: &RequestContext,
    target: &Target<'_>,
    patch_type: PatchType,
    patch: &Value,
    validation: FieldValidation,
    options: &WriteOptions,
) -> Result<(Arc<Object>, bool), Status> {
    if patch_type == PatchType::Strategic && matches!(target.resource.schema, SchemaHandle::Shared(_)) {
        let supported = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];
        return Err(Status::unsupported_media_type(&supported));
    }
    let change = Patch { context, target, patch_type, patch, validation, options };
    update::update(server, context, target, &change, options).await
}
