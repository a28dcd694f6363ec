//! `create`: upstream's `rest.BeforeCreate` and `Store.Create`.

use std::sync::Arc;

use apimachinery::{Object, Status, Str};
use store::{Expect, Priority, StoreError, Write};

use super::{WriteOptions, metadata, now, set_type};
use crate::{
    Attributes, Operation, RequestContext, Resource, Server, admission, metrics, patch::managed, server::store_status,
};

/// Makes an object in `namespace` (empty for cluster-scoped kinds).
///
/// # Errors
/// 400, 403, 409, 422 as upstream; nothing is changed then.
pub async fn create(
    server: &Arc<Server>,
    context: &RequestContext,
    resource: &Arc<Resource>,
    namespace: &str,
    object: Object,
    options: &WriteOptions,
) -> Result<Arc<Object>, Status> {
    create_tracked(server, context, resource, namespace, object, options, true).await
}

/// As [`create`]; unless it `tracks`, the managed fields are those that the object has (server-side apply).
pub(crate) async fn create_tracked(
    server: &Arc<Server>,
    context: &RequestContext,
    resource: &Arc<Resource>,
    namespace: &str,
    mut object: Object,
    options: &WriteOptions,
    tracks: bool,
) -> Result<Arc<Object>, Status> {
    check_namespace(resource, namespace, &mut object)?;
    set_type(resource, &mut object);
    let Some(cache) = &resource.cache else {
        return answer(server, context, resource, namespace, object, options).await;
    };
    if !object.resource_version().is_empty() && object.resource_version() != "0" {
        let message = "resourceVersion should not be set on objects to be created";
        return Err(Status::failure(500, "", message));
    }
    set_system_metadata(&mut object);
    let generated = name_it(&mut object, |name| cache.get(&resource.key(namespace, name)).is_some());
    if tracks {
        managed::track(resource, None, &mut object, "", options, &context.user_agent);
    }
    let mut object = resource.to_stored(object)?;
    let name = object.name().to_owned();
    let mut attributes = Attributes {
        context,
        operation: Operation::Create,
        resource: &resource.kind,
        subresource: "",
        namespace,
        name: &name,
        object: Some(&mut object),
        old_object: None,
        dry_run: options.dry_run,
    };
    admission::admit(server, &mut attributes).await?;
    let strategy = &resource.strategy;
    strategy.begin_create(server, &mut object, options.dry_run).await?;
    let stored = store_new(server, context, resource, cache, namespace, &mut object, options).await;
    if stored.is_err() {
        strategy.abort_create(server, &object, options.dry_run).await;
    }
    match stored {
        Ok(stored) => resource.served(stored),
        Err(status) if status.is_already_exists() && generated => Err(Status::failure(
            409,
            "AlreadyExists",
            format!("{}, the server was not able to generate a unique name for the object", status.message),
        )),
        Err(status) => Err(status),
    }
}

async fn store_new(
    server: &Arc<Server>,
    context: &RequestContext,
    resource: &Arc<Resource>,
    cache: &Arc<crate::cache::Cache>,
    namespace: &str,
    object: &mut Object,
    options: &WriteOptions,
) -> Result<Arc<Object>, Status> {
    let strategy = &resource.strategy;
    strategy.prepare_for_create(context, object);
    if strategy.has_generation() {
        object.metadata_mut().insert(Str::from_static("generation"), 1);
    }
    let mut errors = metadata::validate(resource, object);
    errors.extend(strategy.validate(object));
    errors.extend(resource.guard.refusal(object));
    if !errors.is_empty() {
        return Err(resource.invalid(object.name(), &errors));
    }
    strategy.warnings(object).into_iter().for_each(|warning| context.warn(warning));
    if let Some(reason) = resource.guard.inert {
        context.warn(format!("{} is kept, but {reason}", object.kind()));
    }
    let name = object.name().to_owned();
    let mut attributes = Attributes {
        context,
        operation: Operation::Create,
        resource: &resource.kind,
        subresource: "",
        namespace,
        name: &name,
        object: Some(object),
        old_object: None,
        dry_run: options.dry_run,
    };
    admission::validate(server, &mut attributes).await?;
    let key = resource.key(namespace, &name);
    let already_exists = || Status::already_exists(&resource.kind.group, &resource.kind.resource, &name);
    if options.dry_run {
        return match cache.get(&key) {
            Some(_) => Err(already_exists()),
            None => Ok(Arc::new(object.clone())),
        };
    }
    let (key, (stored, value)) = (cache.store_key(&key), cache.form().stored(object));
    let _handover = cache.hand_over(&key, &value, stored);
    let write = Write::Put { key, value, expect: Expect::Absent, time_to_live: strategy.time_to_live(object) };
    let priority = if strategy.is_urgent() { Priority::Urgent } else { Priority::Normal };
    let commit = server.registry().engine().commit_with(vec![write], priority);
    match metrics::stored("create", &resource.kind, commit).await {
        Ok(committed) => {
            server.registry().wait_applied(committed.revision).await;
            object.metadata_mut().insert(Str::from_static("resourceVersion"), committed.revision.to_string());
            Ok(Arc::new(std::mem::take(object)))
        }
        Err(StoreError::Conflict { .. }) => Err(already_exists()),
        Err(error) => Err(store_status(&error)),
    }
}

/// Kinds that are answered and not kept.
async fn answer(
    server: &Arc<Server>,
    context: &RequestContext,
    resource: &Arc<Resource>,
    namespace: &str,
    object: Object,
    options: &WriteOptions,
) -> Result<Arc<Object>, Status> {
    let kind = &resource.kind;
    let creator =
        resource.creator.clone().ok_or_else(|| Status::method_not_supported(&kind.group, &kind.resource, "create"))?;
    let place = Posting { kind, subresource: "", namespace, name: "" };
    post(server, context, &place, &*creator, object, options.dry_run).await.map(Arc::new)
}

/// Where something is posted that is answered and not kept.
pub(crate) struct Posting<'a> {
    /// The kind of the resource, also for a subresource.
    pub(crate) kind: &'a client::ResourceKind,
    /// Empty for kinds that are not kept themselves.
    pub(crate) subresource: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
}

/// Lets admission see what is posted, then the creator answer it.
pub(crate) async fn post(
    server: &Arc<Server>,
    context: &RequestContext,
    place: &Posting<'_>,
    creator: &dyn crate::Creator,
    mut object: Object,
    dry_run: bool,
) -> Result<Object, Status> {
    let mut attributes = Attributes {
        context,
        operation: Operation::Create,
        resource: place.kind,
        subresource: place.subresource,
        namespace: place.namespace,
        name: place.name,
        object: Some(&mut object),
        old_object: None,
        dry_run,
    };
    admission::admit(server, &mut attributes).await?;
    admission::validate(server, &mut attributes).await?;
    creator.create(server, context, place.namespace, place.name, object, dry_run).await
}

/// The namespace of the path and that of the object must agree.
pub(crate) fn check_namespace(resource: &Resource, namespace: &str, object: &mut Object) -> Result<(), Status> {
    if !resource.kind.namespaced {
        return Ok(());
    }
    match object.namespace() {
        "" => {
            object.metadata_mut().insert(Str::from_static("namespace"), namespace);
            Ok(())
        }
        own if own == namespace => Ok(()),
        _ => Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        )),
    }
}

fn set_system_metadata(object: &mut Object) {
    let metadata = object.metadata_mut();
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion", "generation"] {
        metadata.remove(field);
    }
    metadata.insert(Str::from_static("uid"), stdx::random::uuid());
    metadata.insert(Str::from_static("creationTimestamp"), now());
}

/// Names an object by `generateName` when it has no name; answers whether it did. A name that `is_taken` is not chosen
/// as long as tries last: among some thousand pods of one owner, two would get the same.
fn name_it(object: &mut Object, is_taken: impl Fn(&str) -> bool) -> bool {
    let prefix = object.metadata().str_at("generateName").unwrap_or_default().to_owned();
    let generate = object.name().is_empty() && !prefix.is_empty();
    if generate {
        let mut name = metadata::generate_name(&prefix);
        for _ in 1..NAME_TRIES {
            if !is_taken(&name) {
                break;
            }
            name = metadata::generate_name(&prefix);
        }
        object.metadata_mut().insert(Str::from_static("name"), name);
    }
    generate
}

/// How many names are tried, as upstream.
const NAME_TRIES: usize = 8;

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn a_generated_name_is_a_free_one() {
        let name = |is_taken: &dyn Fn(&str) -> bool| {
            stdx::random::seed_thread(Some(11));
            let mut object = Object(value!({"metadata": {"generateName": "web-"}}));
            assert!(name_it(&mut object, is_taken));
            object.name().to_owned()
        };
        let first = name(&|_| false);
        let second = name(&|name| name == first);
        assert!(second.starts_with("web-") && second != first, "{second}");
        assert!(name(&|_| true).starts_with("web-"), "whoever finds none free learns it from the store");
        let mut named = Object(value!({"metadata": {"name": "a", "generateName": "web-"}}));
        assert!(!name_it(&mut named, |_| true));
        stdx::random::seed_thread(None);
    }
}
