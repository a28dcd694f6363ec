//! A shared, followed copy of one collection.
//!
//! All parts of a process that ask for the same collection share one [`Informer`]: one watch, one copy. The
//! copy is eventually the server's: it is filled by a watch with initial events, resumed from the last resource
//! version when the stream ends, and compared with a new list when the server no longer has that version.
//! Handlers are called in order, never two at once, and only enqueue: who needs the object reads it later.

mod store;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use apimachinery::{Object, Status, Str};
use futures::StreamExt;
use parking_lot::Mutex;
use tokio::{sync::watch, task::AbortHandle, time::Instant};

pub use store::IndexFunction;
use store::Store;

use crate::{Body, Client, Options, Request, ResourceKind, Verb, WatchEvent, WatchStream};

/// The first delay after a failed watch, in milliseconds; jitter at most doubles it.
const BACKOFF_BASE_MILLISECONDS: u64 = 100;
/// The longest delay between two tries to watch, in milliseconds.
const BACKOFF_MAX_MILLISECONDS: u64 = 30_000;
/// A stream that lived this long was healthy: the delays start anew, in seconds.
const HEALTHY_AFTER_SECONDS: u64 = 10;
/// Events handled between two chances for other tasks.
const EVENTS_PER_YIELD: usize = 64;

/// A change of an informer's copy.
#[derive(Clone, Debug)]
pub enum Event {
    /// An object came.
    Added(Arc<Object>),
    /// An object changed; after a new list the versions between the two may be unknown.
    Updated {
        /// What stood in the copy.
        old: Arc<Object>,
        /// What stands there now.
        new: Arc<Object>,
    },
    /// An object went; its last known state.
    Deleted(Arc<Object>),
}

impl Event {
    /// The object as it is now, or was last.
    pub fn object(&self) -> &Arc<Object> {
        match self {
            Event::Added(object) | Event::Deleted(object) | Event::Updated { new: object, .. } => object,
        }
    }

    /// The object before an update.
    pub fn old(&self) -> Option<&Arc<Object>> {
        match self {
            Event::Updated { old, .. } => Some(old),
            _ => None,
        }
    }
}

/// Hears of changes. It must not block, and must not add handlers to the informer that calls it.
pub trait EventHandler: Send + Sync + 'static {
    /// Called once per change, in order.
    fn on_event(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync + 'static> EventHandler for F {
    fn on_event(&self, event: &Event) {
        self(event);
    }
}

/// Which part of a collection is followed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Collection {
    /// The resource.
    pub resource: ResourceKind,
    /// One namespace, or empty for all.
    pub namespace: Str,
    /// A label selector in query syntax, or empty.
    pub label_selector: String,
    /// A field selector in query syntax, or empty.
    pub field_selector: String,
    /// Whether outlines of the objects are enough: see [`Collection::outlined`].
    pub outline: bool,
}

/// What an outline keeps of the metadata.
const OUTLINE_FIELDS: [&str; 7] =
    ["deletionTimestamp", "finalizers", "name", "namespace", "ownerReferences", "resourceVersion", "uid"];

impl Collection {
    /// Everything of `resource`.
    pub fn all(resource: &ResourceKind) -> Collection {
        Collection {
            resource: resource.clone(),
            namespace: Str::EMPTY,
            label_selector: String::new(),
            field_selector: String::new(),
            outline: false,
        }
    }

    /// Keeps of each object no more than who it is and whose: its name, namespace, UID, version, owners, finalizers and
    /// deletion. For those who follow everything; whole objects would cost as much memory as the server has.
    pub fn outlined(mut self) -> Collection {
        self.outline = true;
        self
    }

    /// What the copy holds of an object.
    fn kept(&self, object: Arc<Object>) -> Arc<Object> {
        if !self.outline {
            return object;
        }
        let mut outline = Object::default();
        for field in OUTLINE_FIELDS {
            if let Some(value) = object.0.at(&["metadata", field]) {
                outline.metadata_mut().insert(Str::from_static(field), value.clone());
            }
        }
        Arc::new(outline)
    }

    /// The part in `namespace`.
    pub fn in_namespace(mut self, namespace: impl Into<Str>) -> Collection {
        self.namespace = namespace.into();
        self
    }

    /// The part that `selector` selects by labels.
    pub fn labels(mut self, selector: impl Into<String>) -> Collection {
        self.label_selector = selector.into();
        self
    }

    /// The part that `selector` selects by fields.
    pub fn fields(mut self, selector: impl Into<String>) -> Collection {
        self.field_selector = selector.into();
        self
    }

    fn request(&self, resource_version: &str) -> Request {
        let options = Options {
            label_selector: self.label_selector.clone(),
            field_selector: self.field_selector.clone(),
            resource_version: resource_version.to_owned(),
            ..Options::default()
        };
        Request {
            verb: Verb::List,
            resource: self.resource.clone(),
            namespace: self.namespace.clone(),
            name: Str::EMPTY,
            subresource: Str::EMPTY,
            body: Body::None,
            options,
        }
    }
}

impl fmt::Display for Collection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.resource.api_version(), self.resource.resource)
    }
}

struct Shared {
    collection: Collection,
    store: Store,
    /// Held while an event is delivered, so that handlers see events in order and one that is added late
    /// misses nothing and sees nothing twice.
    handlers: Mutex<Vec<Arc<dyn EventHandler>>>,
    synced: watch::Sender<bool>,
    /// The resource version up to which the copy is complete.
    progress: watch::Sender<u64>,
}

/// A followed copy of a collection; clones share it.
#[derive(Clone)]
pub struct Informer {
    shared: Arc<Shared>,
}

impl Informer {
    fn new(collection: Collection) -> Informer {
        let shared = Shared {
            collection,
            store: Store::default(),
            handlers: Mutex::default(),
            synced: watch::Sender::new(false),
            progress: watch::Sender::new(0),
        };
        Informer { shared: Arc::new(shared) }
    }

    /// What is followed.
    pub fn collection(&self) -> &Collection {
        &self.shared.collection
    }

    /// Adds an index; known objects enter it at once. A name that is taken stays as it is.
    pub fn add_index(&self, name: &'static str, function: IndexFunction) {
        self.shared.store.add_index(name, function);
    }

    /// Adds a handler, which first hears of every object that is known already.
    pub fn add_handler(&self, handler: impl EventHandler) {
        let mut handlers = self.shared.handlers.lock();
        for object in self.shared.store.list() {
            handler.on_event(&Event::Added(object));
        }
        handlers.push(Arc::new(handler));
    }

    /// Whether the copy has once been complete.
    pub fn has_synced(&self) -> bool {
        *self.shared.synced.borrow()
    }

    /// Waits until the copy has once been complete and handlers have heard of it.
    pub async fn synced(&self) {
        let mut synced = self.shared.synced.subscribe();
        // The sender lives as long as `self`.
        let _ = synced.wait_for(|synced| *synced).await;
    }

    /// Waits until the copy holds everything up to `resource_version`: who has written an object and waits for
    /// the version of the answer reads its own write. Only for a copy without selectors, since others do not
    /// hear of everything (but do hear of what they select).
    pub async fn reached(&self, resource_version: &str) {
        let Ok(wanted) = resource_version.parse::<u64>() else { return };
        let mut progress = self.shared.progress.subscribe();
        // The sender lives as long as `self`.
        let _ = progress.wait_for(|progress| *progress >= wanted).await;
    }

    /// Waits until `done` says so; it is asked now and after every change.
    pub async fn until(&self, done: impl Fn(&Informer) -> bool) {
        let mut progress = self.shared.progress.subscribe();
        while !done(self) && progress.changed().await.is_ok() {}
    }

    fn advance(&self, resource_version: &str) {
        if let Ok(version) = resource_version.parse::<u64>() {
            self.shared.progress.send_replace(version);
        }
    }

    /// The object at `namespace/name`, or at `name` in cluster scope.
    pub fn get(&self, key: &str) -> Option<Arc<Object>> {
        self.shared.store.get(key)
    }

    /// The object `name` in `namespace`.
    pub fn get_namespaced(&self, namespace: &str, name: &str) -> Option<Arc<Object>> {
        self.get(&format!("{namespace}/{name}"))
    }

    /// All objects in key order.
    pub fn list(&self) -> Vec<Arc<Object>> {
        self.shared.store.list()
    }

    /// The objects of one namespace in key order.
    pub fn list_namespace(&self, namespace: &str) -> Vec<Arc<Object>> {
        self.shared.store.list_namespace(namespace)
    }

    /// The objects with `value` in the index `name`.
    pub fn by_index(&self, name: &str, value: &str) -> Vec<Arc<Object>> {
        self.shared.store.by_index(name, value)
    }

    /// The objects with that of `values` in the index `name` which fewest have: where to look for those that have all.
    pub fn narrowest_by_index(&self, name: &str, values: &[Str]) -> Vec<Arc<Object>> {
        self.shared.store.narrowest_by_index(name, values)
    }

    /// How many objects are known.
    pub fn len(&self) -> usize {
        self.shared.store.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts an object into the copy, under its key. What the copy has in this or a later version is not delivered again.
    fn insert(&self, key: Str, object: Arc<Object>) {
        let handlers = self.shared.handlers.lock();
        let known = self.shared.store.get(&key);
        if known
            .is_some_and(|known| known.resource_version() == object.resource_version() && known.uid() == object.uid())
        {
            return;
        }
        let event = match self.shared.store.insert(key, object.clone()) {
            // The same name with another uid is another object: handlers hear of the end of the first.
            Some(old) if old.uid() != object.uid() => {
                for handler in handlers.iter() {
                    handler.on_event(&Event::Deleted(old.clone()));
                }
                Event::Added(object)
            }
            Some(old) => Event::Updated { old, new: object },
            None => Event::Added(object),
        };
        for handler in handlers.iter() {
            handler.on_event(&event);
        }
    }

    fn remove(&self, key: &str, last: Option<Arc<Object>>) {
        let handlers = self.shared.handlers.lock();
        let known = self.shared.store.remove(key);
        if let Some(event) = known.map(|known| Event::Deleted(last.unwrap_or(known))) {
            for handler in handlers.iter() {
                handler.on_event(&event);
            }
        }
    }

    /// Makes the copy equal to a new list.
    async fn replace(&self, objects: BTreeMap<Str, Arc<Object>>) {
        let vanished = self.shared.store.keys().into_iter().filter(|key| !objects.contains_key(key));
        for (count, key) in vanished.enumerate() {
            self.remove(&key, None);
            breathe(count).await;
        }
        for (count, (key, object)) in objects.into_iter().enumerate() {
            self.insert(key, object);
            breathe(count).await;
        }
        self.shared.store.make_dense();
        self.shared.synced.send_replace(true);
    }
}

/// Lets other tasks run now and then in a long loop.
async fn breathe(count: usize) {
    if count % EVENTS_PER_YIELD == EVENTS_PER_YIELD - 1 {
        tokio::task::yield_now().await;
    }
}

/// One informer's way to the server.
struct Reflector {
    client: Client,
    informer: Weak<Shared>,
    collection: Collection,
    /// From where the next watch resumes; empty for a new list.
    resource_version: Str,
}

impl Reflector {
    /// Follows the collection until the informer is gone.
    async fn run(mut self) {
        let mut delay_milliseconds = BACKOFF_BASE_MILLISECONDS;
        loop {
            let started = Instant::now();
            let end = self.follow().await;
            if self.informer.strong_count() == 0 {
                return;
            }
            if started.elapsed() >= Duration::from_secs(HEALTHY_AFTER_SECONDS) {
                delay_milliseconds = BACKOFF_BASE_MILLISECONDS;
            }
            match end {
                Ok(()) => tracing::debug!(collection = %self.collection, "the watch ended"),
                Err(status) if status.is_expired() => {
                    tracing::info!(collection = %self.collection, "the resource version is too old, listing anew");
                    self.resource_version = Str::EMPTY;
                }
                Err(status) => {
                    tracing::warn!(collection = %self.collection, error = %status, "the watch failed");
                }
            }
            let jitter = stdx::random::below(delay_milliseconds);
            tokio::time::sleep(Duration::from_millis(delay_milliseconds + jitter)).await;
            delay_milliseconds = (delay_milliseconds * 2).min(BACKOFF_MAX_MILLISECONDS);
        }
    }

    async fn follow(&mut self) -> Result<(), Status> {
        let anew = self.resource_version.is_empty();
        let request = self.collection.request(&self.resource_version);
        let stream = self.client.transport().watch(request, anew).await?;
        if anew { self.initial_events(stream).await } else { self.events(stream).await }
    }

    /// Gathers the initial events, which replace what was known, and goes on with the stream.
    async fn initial_events(&mut self, mut stream: WatchStream) -> Result<(), Status> {
        let mut objects = BTreeMap::new();
        while let Some(event) = stream.next().await {
            match event? {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    objects.insert(object.key(), self.collection.kept(object));
                }
                WatchEvent::Deleted(object) => {
                    objects.remove(&object.key());
                }
                WatchEvent::Bookmark { resource_version, initial_events_end: true } => {
                    let Some(shared) = self.informer.upgrade() else { return Ok(()) };
                    let informer = Informer { shared };
                    informer.replace(objects).await;
                    informer.advance(&resource_version);
                    drop(informer);
                    self.resource_version = resource_version;
                    return self.events(stream).await;
                }
                WatchEvent::Bookmark { .. } => {}
            }
        }
        Ok(())
    }

    async fn events(&mut self, mut stream: WatchStream) -> Result<(), Status> {
        let mut count = 0;
        while let Some(event) = stream.next().await {
            let event = event?;
            let Some(shared) = self.informer.upgrade() else { return Ok(()) };
            let informer = Informer { shared };
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    self.resource_version = object.resource_version().into();
                    informer.insert(object.key(), self.collection.kept(object));
                }
                WatchEvent::Deleted(object) => {
                    self.resource_version = object.resource_version().into();
                    let key = object.key();
                    informer.remove(&key, Some(object));
                }
                WatchEvent::Bookmark { resource_version, .. } => self.resource_version = resource_version,
            }
            informer.advance(&self.resource_version);
            drop(informer);
            breathe(count).await;
            count += 1;
        }
        Ok(())
    }
}

struct Running {
    informer: Informer,
    task: AbortHandle,
}

struct Informers {
    client: Client,
    running: Mutex<BTreeMap<Collection, Running>>,
}

impl Drop for Informers {
    fn drop(&mut self) {
        for running in self.running.get_mut().values() {
            running.task.abort();
        }
    }
}

/// The informers of a process; clones share them. They stop when the last clone is dropped.
#[derive(Clone)]
pub struct SharedInformers {
    informers: Arc<Informers>,
}

impl SharedInformers {
    /// No informers yet; they will ask as `client`.
    pub fn new(client: Client) -> SharedInformers {
        SharedInformers { informers: Arc::new(Informers { client, running: Mutex::default() }) }
    }

    /// The informer of everything of `resource`; the first who asks starts it on the current tokio runtime.
    pub fn of(&self, resource: &ResourceKind) -> Informer {
        self.follow(Collection::all(resource))
    }

    /// The informer of a part of a resource.
    pub fn follow(&self, collection: Collection) -> Informer {
        let mut running = self.informers.running.lock();
        if let Some(running) = running.get(&collection) {
            return running.informer.clone();
        }
        let informer = Informer::new(collection.clone());
        let reflector = Reflector {
            client: self.informers.client.clone(),
            informer: Arc::downgrade(&informer.shared),
            collection: collection.clone(),
            resource_version: Str::EMPTY,
        };
        let task = tokio::spawn(reflector.run()).abort_handle();
        running.insert(collection, Running { informer: informer.clone(), task });
        informer
    }

    /// Stops following `collection`, for a resource that is no longer served. Who still holds its informer
    /// keeps a copy that no longer changes.
    pub fn stop(&self, collection: &Collection) {
        if let Some(running) = self.informers.running.lock().remove(collection) {
            running.task.abort();
        }
    }
}

#[cfg(test)]
mod tests;
