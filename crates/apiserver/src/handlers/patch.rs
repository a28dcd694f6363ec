//! `patch`: the four patch types, each of which ends in an update.

use std::sync::Arc;

use apimachinery::{
    Object, Status, Value,
    decode::{self, Zeros},
    patch::{self, PatchError},
    schema::{Schema, TypeId},
    strategic,
};
use client::PatchType;

use super::{
    WriteOptions,
    update::{self, Change, Target},
};
use crate::{RequestContext, Resource, SchemaHandle, Server};

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
    resource: &'a Resource,
    patch_type: PatchType,
    patch: &'a Value,
    validation: FieldValidation,
}

fn patch_status(error: &PatchError) -> Status {
    match error {
        PatchError::Malformed(problem) => Status::bad_request(problem.clone()),
        PatchError::Inapplicable(problem) => Status::failure(
            422,
            "Invalid",
            format!("the server rejected our request due to an error in our request: {problem}"),
        ),
        PatchError::Failed(problem) => Status::failure(500, "", problem.clone()),
    }
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
        PatchType::Apply => Err(PatchError::Failed("an apply configuration is no patch of a tree".to_owned())),
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

impl Change for Patch<'_> {
    fn apply(&self, old: Option<&Object>) -> Result<Object, Status> {
        let old = old.ok_or_else(|| Status::internal("a patch without an object"))?;
        let tree = apply_to(old.0.clone(), self.patch_type, self.patch, &self.resource.schema, self.resource.type_id)?;
        let resource = self.resource;
        let mut decoded = decode::tree(tree, &resource.schema, resource.type_id, Zeros::Fill)
            .map_err(|error| Status::failure(422, "Invalid", format!("{}: {error}", resource.kind.kind)))?;
        check_strict(self.context, self.validation, &decoded.strict_errors)?;
        resource.strategy.default(&resource.schema, resource.type_id, &mut decoded.value);
        Ok(Object(decoded.value))
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
    let change = Patch { context, resource: target.resource, patch_type, patch, validation };
    update::update(server, context, target, &change, options).await
}
