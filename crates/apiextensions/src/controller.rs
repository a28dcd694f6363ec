//! From definitions to served resources: upstream's naming, establishing and finalizing controllers.

use std::sync::Arc;

use apimachinery::{Object, Status, Str, Value, value};
use apiserver::{
    Resource, SchemaHandle, Server, Subresource, SubresourceHandler, cache::Cache, registry::storage_prefix,
    resource::ScalePaths,
};
use async_trait::async_trait;
use client::{
    Client, Options, ResourceKind, SharedInformers, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::CUSTOM_RESOURCE_DEFINITIONS,
};

use crate::{
    compile,
    definition::{CLEANUP_FINALIZER, condition_is_true, names_of},
    strategy::{self, Renamed},
    table::PrinterColumns,
};

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

struct Controller {
    server: Arc<Server>,
    client: Client,
}

/// Serves every definition that is established already: called before the server is ready.
///
/// # Errors
/// When the store cannot be read.
pub async fn serve_established(server: &Arc<Server>) -> Result<(), Status> {
    for definition in server.registry().objects("apiextensions.k8s.io", "customresourcedefinitions", "")? {
        if condition_is_true(&definition, "Established") {
            serve(server, &definition).await?;
        }
    }
    Ok(())
}

/// Follows definitions until the process ends.
pub async fn run(server: Arc<Server>, client: Client, informers: SharedInformers) {
    let definitions = informers.of(&CUSTOM_RESOURCE_DEFINITIONS);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&definitions, &queue);
    let reconciler = Controller { server, client };
    controller::run("customresourcedefinition-controller", &[definitions], queue, 2, Arc::new(reconciler)).await;
}

#[async_trait]
impl Reconcile for Controller {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let registry = self.server.registry();
        let found = registry.object("apiextensions.k8s.io", "customresourcedefinitions", "", key)?;
        let Some(definition) = found else {
            withdraw(&self.server, key).await;
            return Ok(None);
        };
        if definition.deletion_timestamp().is_some() {
            return self.finalize(&definition).await;
        }
        serve_or_explain(self, &definition).await
    }
}

async fn serve_or_explain(controller: &Controller, definition: &Object) -> Outcome {
    let registry = controller.server.registry();
    let all = registry.objects("apiextensions.k8s.io", "customresourcedefinitions", "")?;
    let accepted = accept_names(definition, &all);
    let status = status_of(definition, &accepted);
    if definition.at(&["status"]) != Some(&status) {
        let mut changed = definition.clone();
        changed.set(&["status"], status);
        controller.client.all(&CUSTOM_RESOURCE_DEFINITIONS).update_subresource("status", changed).await?;
        // The change comes back as an event of its own.
        return Ok(None);
    }
    if condition_is_true(definition, "Established") {
        serve(&controller.server, definition).await?;
    }
    Ok(None)
}

impl Controller {
    /// Removes the objects, then lets the definition go.
    async fn finalize(&self, definition: &Object) -> Outcome {
        let waits = definition.finalizers().iter().any(|finalizer| finalizer.as_str() == Some(CLEANUP_FINALIZER));
        if !waits {
            return Ok(None);
        }
        let kind = kind_of(definition, storage_version(definition));
        let api = self.client.all(&kind);
        if self.server.registry().find(&kind.group, &kind.version, &kind.resource).is_some() {
            for object in api.list(Options::default()).await? {
                let one = self.client.namespaced(&kind, object.namespace());
                match one.delete(object.name(), Options::default()).await {
                    Err(status) if !status.is_not_found() => return Err(status.into()),
                    _ => {}
                }
            }
            if !api.list(Options::default()).await?.is_empty() {
                // Finalizers of the objects are still at work.
                return Ok(Some(std::time::Duration::from_secs(1)));
            }
        }
        let mut changed = definition.clone();
        let kept: Vec<Value> = changed
            .finalizers()
            .iter()
            .filter(|finalizer| finalizer.as_str() != Some(CLEANUP_FINALIZER))
            .cloned()
            .collect();
        changed.metadata_mut().insert(Str::from_static("finalizers"), kept);
        withdraw(&self.server, &definition.key()).await;
        self.client.all(&CUSTOM_RESOURCE_DEFINITIONS).update(changed).await?;
        Ok(None)
    }
}

/// Whether a definition gets its names: `None`, or the reason and the sentence against it.
fn accept_names(definition: &Object, all: &[Arc<Object>]) -> Option<(&'static str, String)> {
    let group = definition.str_at(&["spec", "group"]);
    let own = names_of(definition);
    let kind = definition.str_at(&["spec", "names", "kind"]);
    for other in
        all.iter().filter(|other| other.name() != definition.name() && other.str_at(&["spec", "group"]) == group)
    {
        if !condition_is_true(other, "NamesAccepted") {
            continue;
        }
        if let Some(name) = names_of(other).iter().find(|name| own.contains(name)) {
            return Some(("PluralConflict", format!("\"{name}\" is already in use")));
        }
        if other.str_at(&["spec", "names", "kind"]) == kind {
            return Some(("KindConflict", format!("{:?} is already in use", kind.unwrap_or_default())));
        }
    }
    None
}

fn set_condition(conditions: &mut Vec<Value>, kind: &str, status: &str, reason: &str, message: &str) {
    let mut condition = value!({
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": apimachinery::time::format_seconds(stdx::clock::now())
    });
    match conditions.iter_mut().find(|condition| condition.str_at(&["type"]) == Some(kind)) {
        Some(present) => {
            if present.str_at(&["status"]) == Some(status) {
                let since = present.at(&["lastTransitionTime"]).cloned().unwrap_or_default();
                condition.set(&["lastTransitionTime"], since);
            }
            *present = condition;
        }
        None => conditions.push(condition),
    }
}

fn status_of(definition: &Object, conflict: &Option<(&'static str, String)>) -> Value {
    let mut status = definition.at(&["status"]).cloned().unwrap_or_default();
    let mut conditions = definition.list_at(&["status", "conditions"]).to_vec();
    match conflict {
        None => {
            let names = definition.at(&["spec", "names"]).cloned().unwrap_or_default();
            status.set(&["acceptedNames"], names);
            set_condition(&mut conditions, "NamesAccepted", "True", "NoConflicts", "no conflicts found");
            set_condition(
                &mut conditions,
                "Established",
                "True",
                "InitialNamesAccepted",
                "the initial names have been accepted",
            );
        }
        Some((reason, message)) => {
            set_condition(&mut conditions, "NamesAccepted", "False", reason, message);
            if !condition_is_true(definition, "Established") {
                let sentence = "not all names are accepted";
                set_condition(&mut conditions, "Established", "False", "NotAccepted", sentence);
            }
        }
    }
    status.set(&["conditions"], conditions);
    status
}

fn storage_version(definition: &Object) -> &str {
    let versions = definition.list_at(&["spec", "versions"]);
    let stored = versions.iter().find(|version| version.bool_at(&["storage"]) == Some(true));
    stored.and_then(|version| version.str_at(&["name"])).unwrap_or_default()
}

fn kind_of(definition: &Object, version: &str) -> ResourceKind {
    let text = |path: &[&str]| Str::from(definition.str_at(path).unwrap_or_default());
    ResourceKind {
        group: text(&["spec", "group"]),
        version: version.into(),
        resource: text(&["spec", "names", "plural"]),
        kind: text(&["spec", "names", "kind"]),
        namespaced: definition.str_at(&["spec", "scope"]) == Some("Namespaced"),
    }
}

fn texts(value: &[Value]) -> Vec<Str> {
    value.iter().filter_map(Value::as_str).map(Str::from).collect()
}

/// Serves each version that is to be served, and no other.
async fn serve(server: &Arc<Server>, definition: &Object) -> Result<(), Status> {
    let stored = storage_version(definition).to_owned();
    let stored_kind = kind_of(definition, &stored);
    let listed = |version: &str| {
        definition.list_at(&["spec", "versions"]).iter().any(|one| one.str_at(&["name"]) == Some(version))
    };
    // A version may have been taken out of the definition, or renamed.
    for kind in served(server, &stored_kind.group, &stored_kind.resource) {
        if !listed(&kind.version) {
            server.registry().remove(&kind);
        }
    }
    for version in definition.list_at(&["spec", "versions"]) {
        let name = version.str_at(&["name"]).unwrap_or_default();
        let kind = kind_of(definition, name);
        if version.bool_at(&["served"]) != Some(true) {
            server.registry().remove(&kind);
            continue;
        }
        let open_api = version.at(&["schema", "openAPIV3Schema"]).cloned().unwrap_or_default();
        let compiled = compile::compile(&format!("{}.{}", kind.api_version(), kind.kind), &open_api);
        let (schema, root) = (SchemaHandle::Shared(Arc::new(compiled.schema)), compiled.root);
        let same = kind.version == stored.as_str();
        let strategy = strategy::of(version);
        let conversion = (!same).then(|| {
            let renamed = Renamed { served: kind.api_version().into(), stored: stored_kind.api_version().into() };
            Arc::new(renamed) as Arc<dyn apiserver::Conversion>
        });
        let cache = stored_cache(server, definition).await?;
        let subresources = subresources(version, &kind, root);
        server.registry().insert(Resource {
            singular: definition.str_at(&["spec", "names", "singular"]).unwrap_or_default().into(),
            short_names: texts(definition.list_at(&["spec", "names", "shortNames"])),
            categories: texts(definition.list_at(&["spec", "names", "categories"])),
            verbs: VERBS.iter().map(|verb| Str::from_static(verb)).collect(),
            storage_version_hash: Str::EMPTY,
            schema,
            type_id: root,
            strategy,
            table: Arc::new(PrinterColumns::of(version)),
            subresources,
            conversion,
            versions: None,
            guard: apiserver::Guard::default(),
            cache: Some(cache),
            creator: None,
            reader: None,
            kind,
        });
    }
    Ok(())
}

/// The cache of a definition's objects, which reads them by the schema of the stored version.
async fn stored_cache(server: &Arc<Server>, definition: &Object) -> Result<Arc<Cache>, Status> {
    let stored = storage_version(definition);
    let kind = kind_of(definition, stored);
    let versions = definition.list_at(&["spec", "versions"]);
    let version = versions.iter().find(|version| version.str_at(&["name"]) == Some(stored));
    let version = version.ok_or_else(|| Status::internal("a definition without a storage version"))?;
    let open_api = version.at(&["schema", "openAPIV3Schema"]).cloned().unwrap_or_default();
    let compiled = compile::compile(&format!("{}.{}", kind.api_version(), kind.kind), &open_api);
    let schema = SchemaHandle::Shared(Arc::new(compiled.schema));
    let cache = server.registry().cache(&kind, &schema, compiled.root, Some(strategy::of(version))).await;
    cache.map_err(|error| Status::internal(error.to_string()))
}

fn subresources(version: &Value, kind: &ResourceKind, root: apimachinery::schema::TypeId) -> Vec<Subresource> {
    let verbs: Vec<Str> = ["get", "patch", "update"].map(Str::from_static).to_vec();
    let mut found = Vec::new();
    if version.at(&["subresources", "status"]).is_some_and(|status| !status.is_null()) {
        found.push(Subresource {
            name: Str::from_static("status"),
            kind: kind.clone(),
            type_id: Some(root),
            verbs: verbs.clone(),
            handler: SubresourceHandler::Object,
        });
    }
    if let Some(scale) = version.at(&["subresources", "scale"]).filter(|scale| !scale.is_null()) {
        let path = |field: &str| -> Vec<Str> {
            let text = scale.str_at(&[field]).unwrap_or_default();
            text.split('.').filter(|step| !step.is_empty()).map(Str::from).collect()
        };
        let paths = ScalePaths {
            spec_replicas: path("specReplicasPath"),
            status_replicas: path("statusReplicasPath"),
            selector: path("labelSelectorPath"),
        };
        found.push(Subresource {
            name: Str::from_static("scale"),
            kind: ResourceKind {
                group: Str::from_static("autoscaling"),
                version: Str::from_static("v1"),
                resource: kind.resource.clone(),
                kind: Str::from_static("Scale"),
                namespaced: kind.namespaced,
            },
            type_id: api::type_of("autoscaling", "v1", "Scale"),
            verbs,
            handler: SubresourceHandler::Scale(paths),
        });
    }
    found
}

/// The versions in which a resource is served.
fn served(server: &Server, group: &str, plural: &str) -> Vec<ResourceKind> {
    let table = server.registry().table();
    let kinds = table.iter().map(|resource| resource.kind.clone());
    kinds.filter(|kind| kind.resource == plural && kind.group == group).collect()
}

/// Serves nothing of a definition any more; its name is `plural.group`.
async fn withdraw(server: &Arc<Server>, name: &str) {
    let Some((plural, group)) = name.split_once('.') else { return };
    let served = served(server, group, plural);
    for kind in &served {
        server.registry().remove(kind);
    }
    if let Some(kind) = served.first() {
        tracing::debug!(prefix = storage_prefix(&kind.group, &kind.resource, true), "withdrawn");
        server.registry().drop_cache(kind).await;
    }
}
