//! The messages of `runtime.v1`, as generated from upstream's `api.proto` (k8s.io/cri-api v0.37.0).
//!
//! Fields are documented upstream; enumerations are carried as `i32`, as protobuf does, with typed accessors. The
//! messages that a runtime keeps across its own restarts (configurations of sandboxes and containers) are also
//! serializable with serde, with every field optional, so that a newer release reads an older one's state.
//!
//! The file is generated with protox (a protobuf compiler in Rust) and prost-build: `btree_map(["."])`,
//! `disable_comments(["."])`, and for each message reachable from `PodSandboxConfig` and `ContainerConfig` the
//! attributes `#[derive(serde::Serialize, serde::Deserialize)]` and `#[serde(default)]`. It is committed, because a
//! build must need neither protoc nor upstream's sources.
#![allow(missing_docs, clippy::all)]

include!("generated.rs");
