//! Where the API of a node's components is.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use apimachinery::{Value, base64_decode};
use apiserver::{Server, UserInfo, loopback::Loopback};
use client::{
    Client,
    remote::{Remote, ServerAddress},
};

/// The way to the API.
#[derive(Clone)]
pub(crate) enum ApiAccess {
    /// In this process: each component has its own identity.
    Local(Arc<Server>),
    /// On another machine: every component has the node's identity, which its certificate shows.
    Remote(Arc<Remote>),
}

impl ApiAccess {
    /// A client of `user`, where this process may say who is who.
    pub(crate) fn client(&self, user: UserInfo, field_manager: &str) -> Client {
        match self {
            ApiAccess::Local(server) => Loopback::client(server, user, field_manager),
            ApiAccess::Remote(remote) => Client::new(remote.clone(), field_manager),
        }
    }
}

/// The administrator's way to the API of the server that a data directory belongs to.
pub(crate) struct AdminAccess {
    /// The API, as the administrator.
    pub(crate) client: Client,
    /// The same, for what is no resource.
    pub(crate) remote: Arc<Remote>,
    /// The cluster's authority, in PEM.
    pub(crate) authority_pem: String,
    /// Where other machines reach the server.
    pub(crate) server: String,
}

impl AdminAccess {
    /// Reads the administrator's kubeconfig in the data directory.
    pub(crate) fn load(data_directory: &Path) -> anyhow::Result<AdminAccess> {
        let path = data_directory.join("admin.kubeconfig");
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!("cannot read {}: is there a server on this data directory (sagong up --data-dir)?", path.display())
        })?;
        let config: Value = serde_saphyr::from_str(&text).with_context(|| format!("{} is no YAML", path.display()))?;
        let first = |list: &str, part: &str, field: &str| -> anyhow::Result<String> {
            let text = config.list_at(&[list]).first().and_then(|entry| entry.str_at(&[part, field]));
            text.map(str::to_owned).with_context(|| format!("{} has no {field}", path.display()))
        };
        let pem = |list, part, field| -> anyhow::Result<String> {
            let bytes = base64_decode(&first(list, part, field)?);
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            text.with_context(|| format!("{field} in {} is no base64 of PEM", path.display()))
        };
        let authority_pem = pem("clusters", "cluster", "certificate-authority-data")?;
        let certificate = pem("users", "user", "client-certificate-data")?;
        let key = pem("users", "user", "client-key-data")?;
        let tls = pki::tls::client_config(&authority_pem, Some((&certificate, &key)))?;
        let address = ServerAddress::parse(&first("clusters", "cluster", "server")?)?;
        let server = format!("https://{}:{}", crate::server::own_address(), address.port());
        let remote = Remote::new(address, tls, None, "sagong")?;
        Ok(AdminAccess { client: Client::new(remote.clone(), "sagong"), remote, authority_pem, server })
    }
}
