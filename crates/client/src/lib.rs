//! How every part of Sagong reaches the API.
//!
//! A [`Client`] carries an identity and a [`Transport`]. Inside one process the transport is the API
//! server's loopback, which enters above TLS and HTTP and below nothing else: authentication has been done
//! when the transport was made, authorization and admission happen on every call. Across machines it is
//! TLS. Objects come as shared `Arc<Object>`s: they are read, never changed in place, and written back by
//! patch, apply or subresource.
//!
//! On top of it stands what controllers are made of: an [`Informer`] follows a collection, a [`WorkQueue`]
//! holds keys, [`controller::run`] reconciles them, an [`EventRecorder`] tells people.
//!
//! It never opens the store and never caches an answer on its own; who wants a cache uses an informer.
//! Start reading at [`Transport`] and [`Api`]. Upstream's counterpart is `k8s.io/client-go`.

mod api;
pub mod controller;
pub mod events;
pub mod informer;
pub mod kinds;
pub mod leader;
mod queue_metrics;
pub mod reflector;
pub mod remote;
mod request;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod workqueue;

pub use api::{Api, Client};
pub use events::{EventRecorder, EventType};
pub use informer::{Collection, Event, Informer, SharedInformers};
pub use reflector::{Reflecting, ReflectorStore};
pub use request::{
    Body, DeletePropagation, Options, PatchType, Request, ResourceKind, Response, Transport, Verb, WatchEvent,
    WatchStream,
};
pub use workqueue::WorkQueue;
