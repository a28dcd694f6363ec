//! The server: the registry, the chains, and what requests need of them.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use apimachinery::Status;
use bytes::Bytes;
use parking_lot::RwLock;
use store::{Engine, StoreError};

use crate::{
    AdmissionPlugin, Registry,
    audit::Auditor,
    authentication::TokenAuthenticator,
    authorization::Authorizer,
    health::Health,
    http::{InFlight, PathHandler},
    openapi::Documents,
};

/// What a server is made of.
pub struct Parts {
    /// The store; nobody else opens it.
    pub engine: Arc<dyn Engine>,
    /// The admission chain, in order.
    pub admission: Vec<Arc<dyn AdmissionPlugin>>,
    /// The authorization chain, in order.
    pub authorizers: Vec<Arc<dyn Authorizer>>,
    /// The token authenticators, in order.
    pub authenticators: Vec<Arc<dyn TokenAuthenticator>>,
}

/// Something that is served as it is at a path outside of the API, to whoever may `get` the path.
#[derive(Clone)]
pub struct Document {
    /// Its `Content-Type`.
    pub media_type: &'static str,
    /// Its `Cache-Control`.
    pub cache_control: &'static str,
    /// Its content.
    pub bytes: Bytes,
}

/// An API server.
pub struct Server {
    registry: Arc<Registry>,
    admission: Vec<Arc<dyn AdmissionPlugin>>,
    authorizers: Vec<Arc<dyn Authorizer>>,
    authenticators: Vec<Arc<dyn TokenAuthenticator>>,
    health: Health,
    in_flight: InFlight,
    documents: RwLock<BTreeMap<&'static str, Document>>,
    paths: RwLock<BTreeMap<&'static str, Arc<dyn PathHandler>>>,
    auditor: OnceLock<Arc<Auditor>>,
    node_connector: OnceLock<Arc<dyn crate::http::NodeDialer>>,
    openapi: Documents,
}

impl Server {
    /// A server without resources, whose caches begin to follow the store.
    pub fn new(parts: Parts) -> Arc<Server> {
        Server::with_limits(parts, InFlight::default())
    }

    /// The same, with another limit of requests.
    pub fn with_limits(parts: Parts, in_flight: InFlight) -> Arc<Server> {
        let registry = Arc::new(Registry::new(parts.engine));
        registry.begin();
        let health = Health::default();
        health.ask("ping", false, || Ok(()));
        let engine = registry.engine().clone();
        let writes = move || {
            let status = engine.status();
            status.read_only.or(status.no_space).map_or(Ok(()), Err)
        };
        health.ask("etcd", false, writes.clone());
        health.ask("etcd-readiness", true, writes);
        let followed = registry.clone();
        health.ask("informer-sync", true, move || followed.followed());
        Arc::new(Server {
            registry,
            admission: parts.admission,
            authorizers: parts.authorizers,
            authenticators: parts.authenticators,
            health,
            in_flight,
            documents: RwLock::default(),
            paths: RwLock::default(),
            auditor: OnceLock::new(),
            node_connector: OnceLock::new(),
            openapi: Documents::default(),
        })
    }

    /// The resources.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    pub(crate) fn admission(&self) -> &[Arc<dyn AdmissionPlugin>] {
        &self.admission
    }

    pub(crate) fn authorizers(&self) -> &[Arc<dyn Authorizer>] {
        &self.authorizers
    }

    pub(crate) fn authenticators(&self) -> &[Arc<dyn TokenAuthenticator>] {
        &self.authenticators
    }

    /// What `/readyz`, `/livez` and `/healthz` answer from.
    pub fn health(&self) -> &Health {
        &self.health
    }

    pub(crate) fn in_flight(&self) -> &InFlight {
        &self.in_flight
    }

    /// Serves `document` at `path` from now on.
    pub fn serve_document(&self, path: &'static str, document: Document) {
        self.documents.write().insert(path, document);
    }

    /// Has `handler` answer at `path` from now on.
    pub fn serve_path(&self, path: &'static str, handler: Arc<dyn PathHandler>) {
        self.paths.write().insert(path, handler);
    }

    pub(crate) fn path_handler(&self, path: &str) -> Option<Arc<dyn PathHandler>> {
        self.paths.read().get(path).cloned()
    }

    pub(crate) fn document(&self, path: &str) -> Option<Document> {
        self.documents.read().get(path).cloned()
    }

    pub(crate) fn document_paths(&self) -> Vec<&'static str> {
        self.documents.read().keys().copied().collect()
    }

    pub(crate) fn openapi(&self) -> &Documents {
        &self.openapi
    }

    /// Has requests recorded from now on; once.
    pub fn set_auditor(&self, auditor: Arc<Auditor>) {
        let _ = self.auditor.set(auditor);
    }

    /// What records requests; none when nobody asked for it.
    pub(crate) fn auditor(&self) -> Option<&Arc<Auditor>> {
        self.auditor.get()
    }

    /// Sets the way to nodes; once.
    pub fn set_node_dialer(&self, dialer: Arc<dyn crate::http::NodeDialer>) {
        let _ = self.node_connector.set(dialer);
    }

    /// The way to nodes.
    pub fn node_dialer(&self) -> Result<&Arc<dyn crate::http::NodeDialer>, Status> {
        self.node_connector.get().ok_or_else(|| Status::service_unavailable("nodes can not be reached yet"))
    }
}

/// A store's refusal as clients see it, where it is no answer about the object itself.
pub fn store_status(error: &StoreError) -> Status {
    match error {
        StoreError::NoSpace { .. } => Status::internal("etcdserver: mvcc: database space exceeded"),
        StoreError::TooLarge { what, size, limit } => {
            Status::request_entity_too_large(format!("{what} of {size} exceeds the limit of {limit}"))
        }
        StoreError::Compacted { .. } => Status::expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
        ),
        StoreError::Unavailable { reason } => Status::service_unavailable(reason.to_string()).retry_after(1),
        // In etcd's own words, which clients know.
        StoreError::Io { source, .. } => Status::internal(source.to_string()),
        other => Status::internal(other.to_string()),
    }
}
