//! What a kubelet asks of a container runtime: CRI v1.
//!
//! This crate is the vocabulary between the two: the messages of `runtime.v1` ([`v1`]), the services as object safe
//! traits ([`RuntimeService`], [`ImageService`]), and what travels in process where upstream hands out a URL of a
//! streaming server ([`Streaming`]). It never talks to a kernel or a network: the built-in runtime implements the
//! traits directly, a client of containerd or CRI-O implements them over gRPC, and a gRPC server maps every call to
//! one of them.
//!
//! Start reading at [`services`]; upstream's counterpart is `k8s.io/cri-api` v0.37.

pub mod error;
pub mod image_name;
pub mod services;
pub mod streaming;
pub mod v1;

pub use error::{Code, Error, Result};
pub use image_name::ImageName;
pub use services::{ContainerEventStream, ImageService, RuntimeService};
pub use streaming::{
    ByteStream, ExecOptions, InputStream, OutputStream, Streaming, StreamingAddresses, Streams, TerminalSize,
};
