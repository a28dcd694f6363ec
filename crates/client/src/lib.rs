//! How every part of Sagong reaches the API.
//!
//! A [`Client`] carries an identity and a [`Transport`]. Inside one process the transport is the API
//! server's loopback, which enters above TLS and HTTP and below nothing else: authentication has been done
//! when the transport was made, authorization and admission happen on every call. Across machines it is
//! TLS. Objects come as shared `Arc<Object>`s: they are read, never changed in place, and written back by
//! patch, apply or subresource.
//!
//! It never opens the store and never caches an answer on its own; who wants a cache uses an informer.
//! Start reading at [`Transport`] and [`Api`]. Upstream's counterpart is `k8s.io/client-go`.

mod api;
pub mod kinds;
mod request;

pub use api::{Api, Client};
pub use request::{
    Body, DeletePropagation, Options, PatchType, Request, ResourceKind, Response, Transport, Verb, WatchEvent,
    WatchStream,
};
