//! A shared, followed copy of one collection.
//!
//! All parts of a process that ask for the same collection share one [`Informer`]: one watch, one copy, which a
//! [`reflector`](crate::reflector) keeps equal to the server's. Handlers are called in order, never two at once, and
//! only enqueue: who needs the object reads it later.

mod store;

use std::{collections::BTreeMap, fmt, sync::Arc};

use apimachinery::{Object, Str};
use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::watch;

pub use store::IndexFunction;
use store::Store;

use crate::{
    Body, Client, Options, Request, ResourceKind, Verb,
    reflector::{self, Reflecting, ReflectorStore, breathe},
};

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
}

impl Collection {
    /// Everything of `resource`.
    pub fn all(resource: &ResourceKind) -> Collection {
        Collection {
            resource: resource.clone(),
            namespace: Str::EMPTY,
            label_selector: String::new(),
            field_selector: String::new(),
        }
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

    pub(crate) fn request(&self, resource_version: &str) -> Request {
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

#[async_trait]
impl ReflectorStore for Shared {
    type List = BTreeMap<Str, Arc<Object>>;

    fn gather(&self, list: &mut Self::List, object: Arc<Object>) {
        list.insert(object.key(), object);
    }

    fn leave_out(&self, list: &mut Self::List, last: &Object) {
        list.remove(&last.key());
    }

    async fn replace(&self, list: Self::List) {
        let vanished = self.store.keys().into_iter().filter(|key| !list.contains_key(key));
        for (count, key) in vanished.enumerate() {
            self.take_out(&key, None);
            breathe(count).await;
        }
        for (count, (key, object)) in list.into_iter().enumerate() {
            self.insert(key, object);
            breathe(count).await;
        }
        self.store.make_dense();
        self.synced.send_replace(true);
    }

    fn put(&self, object: Arc<Object>) {
        self.insert(object.key(), object);
    }

    fn remove(&self, last: Arc<Object>) {
        self.take_out(&last.key(), Some(last));
    }

    fn advance(&self, resource_version: &str) {
        if let Ok(version) = resource_version.parse::<u64>() {
            self.progress.send_replace(version);
        }
    }
}

impl Shared {
    /// Puts an object into the copy, under its key. What the copy has in this version is not delivered again.
    fn insert(&self, key: Str, object: Arc<Object>) {
        let handlers = self.handlers.lock();
        let known = self.store.get(&key);
        if known
            .is_some_and(|known| known.resource_version() == object.resource_version() && known.uid() == object.uid())
        {
            return;
        }
        let event = match self.store.insert(key, object.clone()) {
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

    fn take_out(&self, key: &str, last: Option<Arc<Object>>) {
        let handlers = self.handlers.lock();
        let known = self.store.remove(key);
        if let Some(event) = known.map(|known| Event::Deleted(last.unwrap_or(known))) {
            for handler in handlers.iter() {
                handler.on_event(&event);
            }
        }
    }
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
}

struct Running {
    informer: Informer,
    _reflecting: Reflecting,
}

struct Informers {
    client: Client,
    running: Mutex<BTreeMap<Collection, Running>>,
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
        let reflecting = self.reflect(collection.clone(), &informer.shared);
        running.insert(collection, Running { informer: informer.clone(), _reflecting: reflecting });
        informer
    }

    /// Stops following `collection`, for a resource that is no longer served. Who still holds its informer
    /// keeps a copy that no longer changes.
    pub fn stop(&self, collection: &Collection) {
        self.informers.running.lock().remove(collection);
    }

    /// Keeps `store` true to `collection`, on the current tokio runtime: for those who keep something else of objects
    /// than the objects. It shares nothing with informers.
    pub fn reflect<S: ReflectorStore>(&self, collection: Collection, store: &Arc<S>) -> Reflecting {
        reflector::spawn(self.informers.client.clone(), collection, store)
    }
}

#[cfg(test)]
mod tests;
