//! `update`: upstream's `rest.BeforeUpdate` and `GuaranteedUpdate`. Patches end here too.

use std::sync::Arc;

use apimachinery::{Object, Status, Str, Value};
use store::{Expect, Priority, StoreError, Write};

use super::{WriteOptions, create, delete, metadata, set_type};
use crate::{
    Attributes, Operation, RequestContext, Resource, Server, admission,
    cache::{Cache, Entry},
    metrics,
    patch::managed,
    server::store_status,
};

/// How an object is to be changed.
pub trait Change: Send + Sync {
    /// The object as the client wants it, from the object as it is. Called again after a lost race.
    fn apply(&self, old: Option<&Object>) -> Result<Object, Status>;

    /// Whether managed fields were set by `apply` itself (server-side apply).
    fn tracks_itself(&self) -> bool {
        false
    }

    /// Whether an absent object may be made.
    fn may_create(&self) -> bool {
        false
    }
}

/// A PUT: the object as it was sent.
pub struct Replacement(pub Object);

impl Change for Replacement {
    fn apply(&self, _: Option<&Object>) -> Result<Object, Status> {
        Ok(self.0.clone())
    }
}

/// What is written where.
pub struct Target<'a> {
    /// The kind.
    pub resource: &'a Arc<Resource>,
    /// Empty for cluster-scoped kinds.
    pub namespace: &'a str,
    /// The object.
    pub name: &'a str,
    /// The part; empty for the whole.
    pub subresource: &'a str,
}

/// Lost races after which a write without a precondition gives up.
const RETRY_LIMIT: usize = 100;

/// Changes an object. Answers with it, and whether it was made.
///
/// # Errors
/// 400, 403, 404, 409, 422 as upstream; nothing is changed then.
pub async fn update(
    server: &Arc<Server>,
    context: &RequestContext,
    target: &Target<'_>,
    change: &dyn Change,
    options: &WriteOptions,
) -> Result<(Arc<Object>, bool), Status> {
    let resource = target.resource;
    let cache = resource.stored()?;
    let key = resource.key(target.namespace, target.name);
    for _ in 0..RETRY_LIMIT {
        let Some(entry) = cache.get(&key) else {
            let creates =
                change.may_create() || (resource.strategy.allow_create_on_update() && target.subresource.is_empty());
            if !creates {
                return Err(resource.not_found(target.name));
            }
            let object = change.apply(None)?;
            let tracks = !change.tracks_itself();
            return create::create_tracked(server, context, resource, target.namespace, object, options, tracks)
                .await
                .map(|object| (object, true));
        };
        match try_update(server, context, target, cache, &entry, change, options).await? {
            Outcome::Done(object) => return Ok((resource.served(object)?, false)),
            Outcome::Raced => {}
        }
    }
    Err(Status::object_modified(&resource.kind.group, &resource.kind.resource, target.name))
}

enum Outcome {
    Done(Arc<Object>),
    /// Somebody else wrote first.
    Raced,
}

async fn try_update(
    server: &Arc<Server>,
    context: &RequestContext,
    target: &Target<'_>,
    cache: &Arc<Cache>,
    entry: &Arc<Entry>,
    change: &dyn Change,
    options: &WriteOptions,
) -> Result<Outcome, Status> {
    let resource = target.resource;
    let strategy = &resource.strategy;
    let kind = &resource.kind;
    let old = cache.object(entry)?;
    let served = resource.served(old.clone())?;
    let mut object = change.apply(Some(&served))?;
    create::check_namespace(resource, target.namespace, &mut object)?;
    set_type(resource, &mut object);
    if object.name() != target.name {
        return Err(Status::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            object.name(),
            target.name
        )));
    }
    let wanted_revision = object.resource_version().to_owned();
    let conditional = !wanted_revision.is_empty() && wanted_revision != "0";
    if conditional && wanted_revision != old.resource_version() {
        return Err(Status::object_modified(&kind.group, &kind.resource, target.name));
    }
    if !conditional && !strategy.allow_unconditional_update() {
        let error = apimachinery::field::FieldError::invalid(
            &apimachinery::field::Path::new("metadata.resourceVersion"),
            0,
            "must be specified for an update",
        );
        return Err(resource.invalid(target.name, &[error]));
    }
    let wanted_uid = object.uid().to_owned();
    if !wanted_uid.is_empty() && wanted_uid != old.uid() {
        let problem =
            format!("Precondition failed: UID in precondition: {wanted_uid}, UID in object meta: {}", old.uid());
        return Err(Status::conflict(&kind.group, &kind.resource, target.name, problem));
    }
    metadata::inherit(&mut object, &old);
    if !change.tracks_itself() {
        managed::track(resource, Some(&served), &mut object, target.subresource, options, &context.user_agent);
    }
    let mut object = resource.to_stored(object)?;
    run_admission(server, context, target, &mut object, &old, options.dry_run, Phase::Admit).await?;
    strategy.prepare_for_update(context, target.subresource, &mut object, &old);
    // Where a pod runs is what the scheduler chooses, not what its author asks for.
    if target.subresource != "binding" {
        bump_generation(resource, &mut object, &old);
    }
    let mut errors = metadata::validate_update(resource, &object, &old);
    errors.extend(strategy.validate_update(target.subresource, &object, &old));
    if asks_anew(&object, &old) {
        errors.extend(resource.guard.refusal(&object));
    }
    if !errors.is_empty() {
        return Err(resource.invalid(target.name, &errors));
    }
    strategy.warnings(&object).into_iter().for_each(|warning| context.warn(warning));
    run_admission(server, context, target, &mut object, &old, options.dry_run, Phase::Validate).await?;
    object.metadata_mut().insert(Str::from_static("resourceVersion"), old.resource_version());
    if managed::same_but_times(&object, &old) {
        return Ok(Outcome::Done(old));
    }
    if options.dry_run {
        return Ok(Outcome::Done(Arc::new(object)));
    }
    strategy.begin_update(server, target.subresource, &mut object, &old, false).await?;
    if delete::is_finished(resource, &object) {
        let last = object.clone();
        return match delete::remove(server, target, cache, entry, object).await {
            Ok(Some(object)) => Ok(Outcome::Done(object)),
            Ok(None) => {
                strategy.abort_update(server, &last, &old).await;
                Ok(Outcome::Raced)
            }
            Err(status) => {
                strategy.abort_update(server, &last, &old).await;
                Err(status)
            }
        };
    }
    match put(server, resource, cache, entry, &mut object).await {
        Ok(object) => {
            strategy.after_update(server, &object, &old).await;
            Ok(Outcome::Done(object))
        }
        Err(error) => {
            strategy.abort_update(server, &object, &old).await;
            match error {
                // The next attempt finds out whether the client named the revision, or a patch took it over.
                PutError::Conflict => Ok(Outcome::Raced),
                PutError::Other(status) => Err(status),
            }
        }
    }
}

enum Phase {
    Admit,
    Validate,
}

async fn run_admission(
    server: &Arc<Server>,
    context: &RequestContext,
    target: &Target<'_>,
    object: &mut Object,
    old: &Object,
    dry_run: bool,
    phase: Phase,
) -> Result<(), Status> {
    let mut attributes = Attributes {
        context,
        operation: Operation::Update,
        resource: &target.resource.kind,
        subresource: target.subresource,
        namespace: target.namespace,
        name: target.name,
        object: Some(object),
        old_object: Some(old),
        dry_run,
    };
    match phase {
        Phase::Admit => admission::admit(server, &mut attributes).await,
        Phase::Validate => admission::validate(server, &mut attributes).await,
    }
}

/// Whether a change is one of what the user asks for: everything but metadata and status.
fn asks_anew(object: &Object, old: &Object) -> bool {
    let of_user = |(key, _): &(&Str, &Value)| !matches!(key.as_str(), "metadata" | "status" | "apiVersion" | "kind");
    !object.root().iter().filter(of_user).eq(old.root().iter().filter(of_user))
}

/// The generation counts what the user asks for.
fn bump_generation(resource: &Resource, object: &mut Object, old: &Object) {
    if resource.strategy.has_generation() && asks_anew(object, old) {
        object.metadata_mut().insert(Str::from_static("generation"), old.generation() + 1);
    }
}

pub(crate) enum PutError {
    /// The entry is no longer the latest.
    Conflict,
    Other(Status),
}

/// Stores `object` in place of `entry`, and takes it out of the caller's hands when that went well.
pub(crate) async fn put(
    server: &Arc<Server>,
    resource: &Arc<Resource>,
    cache: &Arc<Cache>,
    entry: &Arc<Entry>,
    object: &mut Object,
) -> Result<Arc<Object>, PutError> {
    let (key, (stored, value)) = (cache.store_key(entry.key()), cache.form().stored(object));
    let _handover = cache.hand_over(&key, &value, stored);
    let write = Write::Put {
        key,
        value,
        expect: Expect::Revision(entry.revision()),
        time_to_live: resource.strategy.time_to_live(object),
    };
    let registry = server.registry();
    // Finalizers have to go before objects can.
    let urgent = resource.strategy.is_urgent() || object.deletion_timestamp().is_some();
    let priority = if urgent { Priority::Urgent } else { Priority::Normal };
    match metrics::stored("update", &resource.kind, registry.engine().commit_with(vec![write], priority)).await {
        Ok(committed) => {
            registry.wait_applied(committed.revision).await;
            object.metadata_mut().insert(Str::from_static("resourceVersion"), committed.revision.to_string());
            Ok(Arc::new(std::mem::take(object)))
        }
        Err(StoreError::Conflict { current, .. }) => {
            // The cache may not have what we lost against yet.
            registry.wait_lost(current).await.map_err(|error| PutError::Other(store_status(&error)))?;
            Err(PutError::Conflict)
        }
        Err(error) => Err(PutError::Other(store_status(&error))),
    }
}
