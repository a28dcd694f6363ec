//! An in-memory API for tests of components: small, but honest about resource versions, generations,
//! finalizers, the status subresource and watches. It knows no defaults and no validation.

use std::{collections::BTreeMap, sync::Arc};

use apimachinery::{Map, Object, Status, Str, Value, fields, labels, value};
use async_trait::async_trait;
use futures::{StreamExt, channel::mpsc, stream};
use parking_lot::Mutex;

use crate::{
    Body, Client, DeletePropagation, Options, PatchType, Request, ResourceKind, Response, Transport, Verb, WatchEvent,
    WatchStream,
};

type Sender = mpsc::UnboundedSender<Result<WatchEvent, Status>>;

struct Watcher {
    request: Request,
    sender: Sender,
    /// What this watcher has seen, to tell an object that begins or ceases to match.
    seen: BTreeMap<Str, ()>,
}

#[derive(Default)]
struct State {
    revision: u64,
    uids: u64,
    /// By (group/resource, key).
    objects: BTreeMap<(String, Str), Arc<Object>>,
    watchers: Vec<Watcher>,
    paused: Vec<String>,
    held_back: Vec<(ResourceKind, Arc<Object>, bool)>,
    log: Vec<String>,
    refusals: Vec<(Verb, String, Status)>,
    /// What access reviews are answered.
    denied: bool,
}

/// The API; clones share it.
#[derive(Clone, Default)]
pub struct FakeApi {
    state: Arc<Mutex<State>>,
}

fn table(resource: &ResourceKind) -> String {
    format!("{}/{}", resource.group, resource.resource)
}

fn key(namespace: &str, name: &str) -> Str {
    if namespace.is_empty() { name.into() } else { format!("{namespace}/{name}").into() }
}

fn selects(request: &Request, object: &Object) -> bool {
    if !request.namespace.is_empty() && object.namespace() != request.namespace.as_str() {
        return false;
    }
    let by_label = labels::Selector::parse(&request.options.label_selector).unwrap_or_default();
    let by_field = fields::Selector::parse(&request.options.field_selector).unwrap_or_default();
    by_label.matches(object.labels())
        && by_field.matches(|field| object.str_at(&field.split('.').collect::<Vec<_>>()).unwrap_or_default())
}

/// Applies an RFC 7386 merge patch.
pub fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_map() else {
        *target = patch.clone();
        return;
    };
    let map = target.make_map();
    for (key, change) in patch.iter() {
        if change.is_null() {
            map.remove(key);
        } else {
            merge(map.get_or_insert_with(key, || Value::Null), change);
        }
    }
}

impl State {
    fn store(&mut self, resource: &ResourceKind, mut object: Object) -> Arc<Object> {
        self.revision += 1;
        object.set_meta("resourceVersion", &self.revision.to_string());
        let object = Arc::new(object);
        self.objects.insert((table(resource), object.key()), object.clone());
        self.publish(resource, object.clone(), false);
        object
    }

    fn remove(&mut self, resource: &ResourceKind, object: &Object) -> Arc<Object> {
        self.revision += 1;
        self.objects.remove(&(table(resource), object.key()));
        let mut last = object.clone();
        last.set_meta("resourceVersion", &self.revision.to_string());
        let last = Arc::new(last);
        self.publish(resource, last.clone(), true);
        last
    }

    fn publish(&mut self, resource: &ResourceKind, object: Arc<Object>, gone: bool) {
        if self.paused.contains(&table(resource)) {
            self.held_back.push((resource.clone(), object, gone));
            return;
        }
        self.watchers.retain_mut(|watcher| {
            if watcher.sender.is_closed() {
                return false;
            }
            if table(&watcher.request.resource) != table(resource) {
                return true;
            }
            let matches = !gone && selects(&watcher.request, &object);
            let seen = watcher.seen.contains_key(&object.key());
            let event = match (seen, matches) {
                (false, false) => return true,
                (false, true) => WatchEvent::Added(object.clone()),
                (true, true) => WatchEvent::Modified(object.clone()),
                (true, false) => WatchEvent::Deleted(object.clone()),
            };
            if matches {
                watcher.seen.insert(object.key(), ());
            } else {
                watcher.seen.remove(&object.key());
            }
            watcher.sender.unbounded_send(Ok(event)).is_ok()
        });
    }

    fn get(&self, request: &Request) -> Result<Arc<Object>, Status> {
        let key = key(&request.namespace, &request.name);
        let missing = || Status::not_found(&request.resource.group, &request.resource.resource, &request.name);
        self.objects.get(&(table(&request.resource), key)).cloned().ok_or_else(missing)
    }

    fn selected(&self, request: &Request) -> Vec<Arc<Object>> {
        let table = table(&request.resource);
        let rows = self.objects.iter().filter(|((of, _), object)| *of == table && selects(request, object));
        rows.map(|(_, object)| object.clone()).collect()
    }

    fn create(&mut self, request: &Request, object: &Object) -> Result<Arc<Object>, Status> {
        let (resource, mut object) = (&request.resource, object.clone());
        if object.name().is_empty() {
            let prefix = object.metadata().str_at("generateName").unwrap_or_default().to_owned();
            object.set_meta("name", &format!("{prefix}{}", stdx::random::name_suffix(5)));
        }
        if resource.namespaced {
            object.set_meta("namespace", &request.namespace);
        }
        if self.objects.contains_key(&(table(resource), object.key())) {
            return Err(Status::already_exists(&resource.group, &resource.resource, object.name()));
        }
        self.uids += 1;
        object.set_meta("uid", &format!("uid-{}", self.uids));
        object.set_meta("creationTimestamp", &apimachinery::time::format_seconds(stdx::clock::now()));
        object.metadata_mut().insert("generation", 1);
        object.set(&["apiVersion"], resource.api_version());
        object.set(&["kind"], &resource.kind);
        Ok(self.store(resource, object))
    }

    fn write(&mut self, request: &Request, old: &Object, mut new: Object) -> Result<Arc<Object>, Status> {
        let resource = &request.resource;
        let expected = new.resource_version();
        if !expected.is_empty() && expected != old.resource_version() {
            return Err(Status::object_modified(&resource.group, &resource.resource, old.name()));
        }
        if !new.uid().is_empty() && new.uid() != old.uid() {
            return Err(Status::conflict(&resource.group, &resource.resource, old.name(), "the UID differs"));
        }
        match request.subresource.as_str() {
            "status" | "approval" => {
                let status = new.at(&["status"]).cloned().unwrap_or_default();
                new = old.clone();
                new.set(&["status"], status);
            }
            _ => {
                if let Some(status) = old.at(&["status"]) {
                    new.set(&["status"], status.clone());
                }
                if new.at(&["spec"]) != old.at(&["spec"]) {
                    new.metadata_mut().insert("generation", old.generation() + 1);
                }
            }
        }
        for field in ["uid", "creationTimestamp", "deletionTimestamp"] {
            if let Some(text) = old.metadata().str_at(field).map(str::to_owned) {
                new.set_meta(field, &text);
            }
        }
        new.set_meta("resourceVersion", old.resource_version());
        if &new == old {
            return Ok(Arc::new(new));
        }
        let held = !new.finalizers().is_empty() || !new.list_at(&["spec", "finalizers"]).is_empty();
        if new.deletion_timestamp().is_some() && !held {
            return Ok(self.remove(resource, &new));
        }
        Ok(self.store(resource, new))
    }

    fn patch(&mut self, request: &Request, patch_type: PatchType, patch: &Value) -> Result<Arc<Object>, Status> {
        if patch_type != PatchType::Merge {
            return Err(Status::unsupported_media_type(&["application/merge-patch+json"]));
        }
        let old = self.get(request)?;
        let mut new = (*old).clone();
        merge(&mut new.0, patch);
        self.write(request, &old, new)
    }

    fn delete(&mut self, request: &Request) -> Result<Arc<Object>, Status> {
        let (resource, options) = (&request.resource, &request.options);
        let old = self.get(request)?;
        if !options.precondition_uid.is_empty() && options.precondition_uid != old.uid() {
            let problem = format!("Precondition failed: UID in precondition: {}", options.precondition_uid);
            return Err(Status::conflict(&resource.group, &resource.resource, old.name(), problem));
        }
        let mut finalizers: Vec<Value> = old.finalizers().to_vec();
        finalizers.retain(|finalizer| !matches!(finalizer.as_str(), Some("orphan" | "foregroundDeletion")));
        match options.propagation {
            Some(DeletePropagation::Orphan) => finalizers.push("orphan".into()),
            Some(DeletePropagation::Foreground) => finalizers.push("foregroundDeletion".into()),
            Some(DeletePropagation::Background) => {}
            None => finalizers = old.finalizers().to_vec(),
        }
        if finalizers.is_empty() && old.list_at(&["spec", "finalizers"]).is_empty() {
            return Ok(self.remove(resource, &old));
        }
        let mut new = (*old).clone();
        new.metadata_mut().insert("finalizers", finalizers);
        if new.deletion_timestamp().is_none() {
            new.set_meta("deletionTimestamp", &apimachinery::time::format_seconds(stdx::clock::now()));
            if resource.resource == "namespaces" {
                new.set(&["status", "phase"], "Terminating");
            }
        }
        Ok(self.store(resource, new))
    }
}

impl FakeApi {
    /// An empty API.
    pub fn new() -> FakeApi {
        FakeApi::default()
    }

    /// A client of it.
    pub fn client(&self, field_manager: &str) -> Client {
        Client::new(Arc::new(self.clone()), field_manager)
    }

    /// Puts an object there as it is, status included; metadata that a server fills in is filled in.
    pub fn seed(&self, resource: &ResourceKind, object: Value) -> Arc<Object> {
        let object = Object(object);
        let mut request = bare(Verb::Create, resource, object.namespace(), object.name());
        request.body = Body::None;
        self.state.lock().create(&request, &object).expect("a seed is new")
    }

    /// The object, if it is there.
    pub fn get(&self, resource: &ResourceKind, namespace: &str, name: &str) -> Option<Arc<Object>> {
        self.state.lock().get(&bare(Verb::Get, resource, namespace, name)).ok()
    }

    /// All objects of a resource.
    pub fn list(&self, resource: &ResourceKind) -> Vec<Arc<Object>> {
        self.state.lock().selected(&bare(Verb::List, resource, "", ""))
    }

    /// Changes an object in place, as its owner, another client or a kubelet would.
    pub fn modify(&self, resource: &ResourceKind, namespace: &str, name: &str, change: impl FnOnce(&mut Object)) {
        let mut state = self.state.lock();
        let mut object = (*state.get(&bare(Verb::Get, resource, namespace, name)).expect("it is there")).clone();
        let spec = object.at(&["spec"]).cloned();
        change(&mut object);
        if object.at(&["spec"]) != spec.as_ref() {
            let generation = object.generation() + 1;
            object.metadata_mut().insert("generation", generation);
        }
        state.store(resource, object);
    }

    /// Removes an object at once.
    pub fn remove(&self, resource: &ResourceKind, namespace: &str, name: &str) {
        let mut state = self.state.lock();
        let object = state.get(&bare(Verb::Get, resource, namespace, name)).expect("it is there");
        state.remove(resource, &object);
    }

    /// Holds back watch events of `resource`, so that caches grow stale.
    pub fn pause_watches(&self, resource: &ResourceKind) {
        self.state.lock().paused.push(table(resource));
    }

    /// Delivers what was held back.
    pub fn resume_watches(&self, resource: &ResourceKind) {
        let mut state = self.state.lock();
        state.paused.retain(|paused| *paused != table(resource));
        let held_back = std::mem::take(&mut state.held_back);
        for (of, object, gone) in held_back {
            state.publish(&of, object, gone);
        }
    }

    /// Ends every watch of `resource` with `status`.
    pub fn break_watches(&self, resource: &ResourceKind, status: Status) {
        self.state.lock().watchers.retain(|watcher| {
            let concerned = table(&watcher.request.resource) == table(resource);
            if concerned {
                let _ = watcher.sender.unbounded_send(Err(status.clone()));
            }
            !concerned
        });
    }

    /// Refuses the next request with `verb` on `resource`.
    pub fn refuse_next(&self, verb: Verb, resource: &ResourceKind, status: Status) {
        self.state.lock().refusals.push((verb, table(resource), status));
    }

    /// Answers access reviews with "no" from now on; before, all are answered with "yes".
    pub fn deny_access(&self) {
        self.state.lock().denied = true;
    }

    /// What was asked so far (`Create pods a/web-x`), emptied by asking; reads and watches are not noted.
    pub fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().log)
    }
}

fn bare(verb: Verb, resource: &ResourceKind, namespace: &str, name: &str) -> Request {
    Request {
        verb,
        resource: resource.clone(),
        namespace: namespace.into(),
        name: name.into(),
        subresource: Str::EMPTY,
        body: Body::None,
        options: Options::default(),
    }
}

fn note(request: &Request) -> String {
    let mut line = format!("{:?} {} {}", request.verb, request.resource.resource, request.namespace);
    let name = match &request.body {
        Body::Object(object) if request.name.is_empty() => {
            object.metadata().str_at("name").or(object.metadata().str_at("generateName")).unwrap_or_default().to_owned()
        }
        _ => request.name.to_string(),
    };
    line.push_str(if request.namespace.is_empty() { "" } else { "/" });
    line.push_str(&name);
    if !request.subresource.is_empty() {
        line.push('/');
        line.push_str(&request.subresource);
    }
    line
}

#[async_trait]
impl Transport for FakeApi {
    async fn call(&self, request: Request) -> Result<Response, Status> {
        let mut state = self.state.lock();
        if !matches!(request.verb, Verb::Get | Verb::List) {
            state.log.push(note(&request));
        }
        let refusal =
            state.refusals.iter().position(|(verb, of, _)| *verb == request.verb && *of == table(&request.resource));
        if let Some(index) = refusal {
            return Err(state.refusals.remove(index).2);
        }
        let object = match (request.verb, &request.body) {
            (Verb::Get, _) => state.get(&request)?,
            (Verb::List, _) => {
                let resource_version = state.revision.to_string().into();
                return Ok(Response::List {
                    items: state.selected(&request),
                    resource_version,
                    continue_token: String::new(),
                });
            }
            (Verb::Create, Body::Object(object)) if request.resource.resource == "subjectaccessreviews" => {
                let mut review = (**object).clone();
                review.set(&["status", "allowed"], !state.denied);
                Arc::new(review)
            }
            (Verb::Create, Body::Object(object)) if request.subresource.is_empty() => {
                let mut object = (**object).clone();
                object.root_mut().remove("status");
                state.create(&request, &object)?
            }
            (Verb::Update, Body::Object(object)) => {
                let mut address = request.clone();
                address.name = object.name().into();
                let old = state.get(&address)?;
                state.write(&request, &old, (**object).clone())?
            }
            (Verb::Patch, Body::Patch(patch_type, patch)) => state.patch(&request, *patch_type, patch)?,
            (Verb::Delete, _) => state.delete(&request)?,
            (Verb::DeleteCollection, _) => {
                for object in state.selected(&request) {
                    let mut one = request.clone();
                    one.namespace = object.namespace().into();
                    one.name = object.name().into();
                    state.delete(&one)?;
                }
                return Ok(Response::Success(Status::success("", "", "", "")));
            }
            _ => return Err(Status::bad_request(format!("the fake API cannot do {}", note(&request)))),
        };
        Ok(Response::Object(object))
    }

    async fn watch(&self, request: Request, initial_events: bool) -> Result<WatchStream, Status> {
        let mut state = self.state.lock();
        let (sender, receiver) = mpsc::unbounded();
        let present = state.selected(&request);
        let seen = present.iter().map(|object| (object.key(), ())).collect();
        let mut first = Vec::new();
        if initial_events {
            first.extend(present.into_iter().map(|object| Ok(WatchEvent::Added(object))));
            let resource_version = state.revision.to_string().into();
            first.push(Ok(WatchEvent::Bookmark { resource_version, initial_events_end: true }));
        } else if request.options.resource_version.parse() != Ok(state.revision) {
            return Err(Status::expired("the fake API keeps no history"));
        }
        state.watchers.push(Watcher { request, sender, seen });
        Ok(stream::iter(first).chain(receiver).boxed())
    }
}

/// Access that only the fake needs.
trait RootMut {
    fn root_mut(&mut self) -> &mut Map;
}

impl RootMut for Object {
    fn root_mut(&mut self) -> &mut Map {
        self.0.make_map()
    }
}

/// Waits, on paused time, until nothing has happened for a while: every timer up to `seconds` has fired.
pub async fn settle(seconds: u64) {
    tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
}

/// A condition as controllers write it, without times, for tests.
pub fn condition(kind: &str, status: &str, reason: &str) -> Value {
    value!({"type": kind, "status": status, "reason": reason})
}
