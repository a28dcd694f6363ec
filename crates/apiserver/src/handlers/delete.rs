//! `delete` and `deletecollection`: grace, finalizers, propagation, preconditions.

use std::sync::Arc;

use apimachinery::{Object, Status, Str, Value};
use client::DeletePropagation;
use store::{Expect, StoreError, Write};

use super::{now, read, update};
use crate::{
    Attributes, Operation, RequestContext, Resource, Server, admission,
    cache::{Cache, Entry},
    metrics,
    resource::Grace,
    server::store_status,
};

/// Upstream's `metav1.DeleteOptions`.
#[derive(Clone, Debug, Default)]
pub struct DeleteOptions {
    /// Seconds until the object is removed by force.
    pub grace_period_seconds: Option<i64>,
    /// What happens to dependents; `None` is the kind's default.
    pub propagation: Option<DeletePropagation>,
    /// Refused unless the object has this `uid`.
    pub precondition_uid: Option<String>,
    /// Refused unless the object has this `resourceVersion`.
    pub precondition_resource_version: Option<String>,
    /// Nothing is stored.
    pub dry_run: bool,
}

/// What a deletion left.
pub enum Deleted {
    /// The object is gone; its last state.
    Gone(Arc<Object>),
    /// The object waits for grace or finalizers.
    Pending(Arc<Object>),
}

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// Deletes an object.
///
/// # Errors
/// 403, 404, 409 as upstream.
pub async fn delete(
    server: &Arc<Server>,
    context: &RequestContext,
    target: &update::Target<'_>,
    options: &DeleteOptions,
) -> Result<Deleted, Status> {
    let resource = target.resource;
    Ok(match delete_stored(server, context, target, options).await? {
        Deleted::Gone(object) => Deleted::Gone(resource.served(object)?),
        Deleted::Pending(object) => Deleted::Pending(resource.served(object)?),
    })
}

async fn delete_stored(
    server: &Arc<Server>,
    context: &RequestContext,
    target: &update::Target<'_>,
    options: &DeleteOptions,
) -> Result<Deleted, Status> {
    let resource = target.resource;
    let cache = resource.stored()?;
    let key = resource.key(target.namespace, target.name);
    loop {
        let entry = cache.get(&key).ok_or_else(|| resource.not_found(target.name))?;
        let old = cache.object(&entry)?;
        check_preconditions(target, &old, options)?;
        let mut attributes = Attributes {
            context,
            operation: Operation::Delete,
            resource: &resource.kind,
            subresource: target.subresource,
            namespace: target.namespace,
            name: target.name,
            object: None,
            old_object: Some(&old),
            dry_run: options.dry_run,
        };
        admission::admit(server, &mut attributes).await?;
        admission::validate(server, &mut attributes).await?;
        let mut object = Object::clone(&old);
        let pending = mark(resource, &mut object, options);
        if options.dry_run {
            return Ok(if pending { Deleted::Pending(Arc::new(object)) } else { Deleted::Gone(Arc::new(object)) });
        }
        if !pending {
            match remove(server, target, cache, &entry, object).await? {
                Some(object) => return Ok(Deleted::Gone(object)),
                None => continue,
            }
        }
        if object == *old {
            return Ok(Deleted::Pending(old));
        }
        match update::put(server, resource, cache, &entry, &mut object).await {
            Ok(object) => return Ok(Deleted::Pending(object)),
            Err(update::PutError::Conflict) => {}
            Err(update::PutError::Other(status)) => return Err(status),
        }
    }
}

/// Refuses with a 409 unless the object is what the options name.
///
/// # Errors
/// A conflict in upstream's wording.
pub fn check_preconditions(target: &update::Target<'_>, old: &Object, options: &DeleteOptions) -> Result<(), Status> {
    let kind = &target.resource.kind;
    let conflict = |what: &str, wanted: &str, found: &str| {
        let problem = format!("Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {found}");
        Err(Status::conflict(&kind.group, &kind.resource, target.name, problem))
    };
    match (&options.precondition_uid, &options.precondition_resource_version) {
        (Some(uid), _) if uid != old.uid() => conflict("UID", uid, old.uid()),
        (_, Some(revision)) if revision != old.resource_version() => {
            conflict("ResourceVersion", revision, old.resource_version())
        }
        _ => Ok(()),
    }
}

/// Marks an object for deletion; answers whether it has to wait.
fn mark(resource: &Resource, object: &mut Object, options: &DeleteOptions) -> bool {
    let grace = match resource.strategy.deletion_grace(object, options.grace_period_seconds) {
        Grace::None => 0,
        Grace::Seconds(seconds) => seconds.max(0),
    };
    set_propagation_finalizers(resource, object, options);
    if object.deletion_timestamp().is_none() {
        resource.strategy.prepare_for_delete(object);
    }
    let must_wait = !object.finalizers().is_empty() || !resource.strategy.may_be_removed(object);
    if grace == 0 && !must_wait {
        return false;
    }
    let previous = object.metadata().i64_at("deletionGracePeriodSeconds");
    let shorter = previous.is_none_or(|previous| grace < previous);
    if object.deletion_timestamp().is_none() || shorter {
        let until = stdx::clock::now() + std::time::Duration::from_secs(grace.unsigned_abs());
        let until = apimachinery::time::format_seconds(until);
        let generation = object.generation();
        let metadata = object.metadata_mut();
        if metadata.str_at("deletionTimestamp").is_none() && generation > 0 {
            metadata.insert(Str::from_static("generation"), generation + 1);
        }
        metadata.insert(Str::from_static("deletionTimestamp"), until);
        metadata.insert(Str::from_static("deletionGracePeriodSeconds"), grace);
        resource.strategy.mark_deleted(object);
    }
    true
}

fn set_propagation_finalizers(resource: &Resource, object: &mut Object, options: &DeleteOptions) {
    let wanted = match options.propagation {
        Some(DeletePropagation::Foreground) => Some(FOREGROUND),
        Some(DeletePropagation::Orphan) => Some(ORPHAN),
        Some(DeletePropagation::Background) => None,
        None if object.deletion_timestamp().is_none()
            && resource.strategy.default_propagation_orphans()
            && object.finalizers().is_empty() =>
        {
            Some(ORPHAN)
        }
        None => return,
    };
    let mut kept: Vec<Value> = object
        .finalizers()
        .iter()
        .filter(|finalizer| !matches!(finalizer.as_str(), Some(FOREGROUND | ORPHAN)))
        .cloned()
        .collect();
    kept.extend(wanted.map(Value::from));
    if kept.is_empty() {
        object.metadata_mut().remove("finalizers");
    } else {
        object.metadata_mut().insert(Str::from_static("finalizers"), kept);
    }
}

/// Whether a changed object is to be removed, because it was waiting for what the change took away.
pub(crate) fn is_finished(resource: &Resource, object: &Object) -> bool {
    object.deletion_timestamp().is_some()
        && object.finalizers().is_empty()
        && object.metadata().i64_at("deletionGracePeriodSeconds").unwrap_or_default() == 0
        && resource.strategy.may_be_removed(object)
}

/// Takes `entry` out of the store; `None` when somebody else wrote first.
pub(crate) async fn remove(
    server: &Arc<Server>,
    target: &update::Target<'_>,
    cache: &Arc<Cache>,
    entry: &Arc<Entry>,
    mut object: Object,
) -> Result<Option<Arc<Object>>, Status> {
    let write = Write::Delete { key: cache.store_key(entry.key()), expect: Expect::Revision(entry.revision()) };
    let registry = server.registry();
    match metrics::stored("delete", &target.resource.kind, registry.engine().commit(vec![write])).await {
        Ok(committed) => {
            registry.wait_applied(committed.revision).await;
            let metadata = object.metadata_mut();
            if metadata.str_at("deletionTimestamp").is_none() {
                metadata.insert(Str::from_static("deletionTimestamp"), now());
                metadata.insert(Str::from_static("deletionGracePeriodSeconds"), 0);
            }
            metadata.insert(Str::from_static("resourceVersion"), committed.revision.to_string());
            target.resource.strategy.after_delete(server, &object).await;
            Ok(Some(Arc::new(object)))
        }
        Err(StoreError::Conflict { current, .. }) => {
            registry.wait_lost(current).await.map_err(|error| store_status(&error))?;
            Ok(None)
        }
        Err(error) => Err(store_status(&error)),
    }
}

/// Deletes every object that `query` selects; answers with those it found.
///
/// # Errors
/// The first refusal; what was deleted before it stays deleted, as upstream.
pub async fn delete_collection(
    server: &Arc<Server>,
    context: &RequestContext,
    resource: &Arc<Resource>,
    query: &read::Query,
    options: &DeleteOptions,
) -> Result<Vec<Arc<Object>>, Status> {
    let found = read::list(server, resource, query).await?;
    for object in &found.items {
        let target = update::Target { resource, namespace: object.namespace(), name: object.name(), subresource: "" };
        match delete(server, context, &target, options).await {
            Err(status) if !status.is_not_found() => return Err(status),
            _ => {}
        }
    }
    Ok(found.items)
}
