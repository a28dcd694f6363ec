//! CRI v1 over gRPC on a unix socket, for clients outside of this process: `crictl`, critest, upstream's kubelet.
//!
//! Every procedure of `runtime.v1` is one line of the table in [`methods`]; a call is decoded, handed to the traits of
//! [`cri_api`], and its answer encoded. The crate knows nothing of containers, and nothing of how streams are carried:
//! exec, attach and port-forward answer with the address that a [`StreamingAddresses`] gives. Its gRPC is what these
//! procedures need, unary calls and streams from the server, uncompressed.
//!
//! Start reading at [`serve`]; upstream's counterpart is containerd's CRI plugin, above the runtime.

mod frame;
mod methods;

use std::{convert::Infallible, sync::Arc};

use cri_api::{ImageService, RuntimeService, StreamingAddresses};
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::UnixListener,
};

/// What calls are handed to.
#[derive(Clone)]
pub struct Services {
    /// Sandboxes and containers.
    pub runtime: Arc<dyn RuntimeService>,
    /// Images.
    pub images: Arc<dyn ImageService>,
    /// Where streams are served.
    pub streams: Arc<dyn StreamingAddresses>,
}

/// Serves CRI on `listener` for ever.
pub async fn serve(listener: UnixListener, services: Services) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, services.clone()))),
            Err(error) => {
                // Out of descriptors, most likely; each that is closed makes room.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

/// Serves one connection until its client closes it.
async fn connection<S>(stream: S, services: Services)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let services = services.clone();
        async move { Ok::<_, Infallible>(methods::answer(&services, request).await) }
    });
    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection to the runtime ended");
    }
}

#[cfg(test)]
mod tests;
