//! The API server's way to kubelets: TLS with a client certificate of its own.

use std::sync::Arc;

use apiserver::{
    Server,
    http::{NodeDialer, NodeStream},
};
use async_trait::async_trait;
use pki::{Profile, tls};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{
    identity::{Identity, YEAR},
    renewal::Renewals,
};

/// Dials kubelets at the address and port that their nodes report.
pub(crate) struct KubeletDialer {
    connector: TlsConnector,
}

impl KubeletDialer {
    /// A dialer that kubelets know as `kube-apiserver-kubelet-client`.
    pub(crate) fn new(identity: &Identity, renewals: &Renewals) -> anyhow::Result<KubeletDialer> {
        let name = "kube-apiserver-kubelet-client";
        let profile = Profile::client(name, &["kubeadm:cluster-admins", "system:masters"], YEAR);
        let shown = identity.show(name, profile, renewals)?;
        let mut config = tls::resolving_client_config(&identity.authority.certificate_pem(), shown)?;
        // Upgrades (exec, port-forward) exist in HTTP/1.1 alone.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(KubeletDialer { connector: TlsConnector::from(Arc::new(config)) })
    }
}

#[async_trait]
impl NodeDialer for KubeletDialer {
    async fn dial(&self, server: &Server, node: &str) -> Result<Box<dyn NodeStream>, String> {
        let object = server.registry().object("", "nodes", "", node).map_err(|status| status.message)?;
        let object = object.ok_or_else(|| format!("node {node:?} does not exist"))?;
        let addresses = object.list_at(&["status", "addresses"]);
        let address = ["InternalIP", "Hostname"]
            .iter()
            .find_map(|kind| addresses.iter().find(|address| address.str_at(&["type"]) == Some(kind)))
            .and_then(|address| address.str_at(&["address"]))
            .ok_or_else(|| format!("node {node:?} reports no address"))?
            .to_owned();
        let port = object.i64_at(&["status", "daemonEndpoints", "kubeletEndpoint", "Port"]).unwrap_or(10250);
        let place = format!("{address}:{port}");
        let stream = TcpStream::connect(&place).await.map_err(|error| format!("dial tcp {place}: {error}"))?;
        let _ = stream.set_nodelay(true);
        let name = ServerName::try_from(address).map_err(|error| format!("{place}: {error}"))?;
        let stream = self.connector.connect(name, stream).await.map_err(|error| format!("{place}: {error}"))?;
        Ok(Box::new(stream))
    }
}
