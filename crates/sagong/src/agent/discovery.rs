//! The cluster's authority, learnt from a server that is not trusted yet.

use anyhow::{Context, bail};
use apimachinery::{Value, base64_decode, decode};
use client::{
    Client,
    kinds::CONFIG_MAPS,
    remote::{Remote, ServerAddress},
};

use super::{CLUSTER_INFO, USER_AGENT};
use crate::{directories::Directories, join_token::JoinToken};

/// The authority kept in the data directory, or the server's, if its hash is the token's.
pub(super) async fn authority(
    server: &ServerAddress,
    token: Option<&JoinToken>,
    directories: &Directories,
) -> anyhow::Result<String> {
    let path = directories.pki_file("cluster-ca.crt");
    if path.exists() {
        return std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()));
    }
    let token = token.context("this machine has not joined yet: give --token (`sagong token create` on the server)")?;
    let pem = discover(server, token).await?;
    pki::write_public(&path, pem.as_bytes())?;
    Ok(pem)
}

/// The authority of a server, if its hash is the token's.
pub(crate) async fn discover(server: &ServerAddress, token: &JoinToken) -> anyhow::Result<String> {
    let remote = Remote::new(server.clone(), pki::tls::unverified_client_config()?, None, USER_AGENT)?;
    let client = Client::new(remote, USER_AGENT);
    let info = client.namespaced(&CONFIG_MAPS, "kube-public").get(CLUSTER_INFO).await;
    let info = info.with_context(|| format!("cannot read {CLUSTER_INFO} from {server}"))?;
    let kubeconfig = info.str_at(&["data", "kubeconfig"]).unwrap_or_default();
    let pem = authority_of(kubeconfig).with_context(|| format!("{CLUSTER_INFO} of {server} names no authority"))?;
    let hash = pki::public_key_hash(&pem)?;
    if hash.trim_start_matches("sha256:") != token.authority_hash {
        bail!(
            "the server at {server} has another authority ({hash}) than the token says: it is not the cluster that \
             the token is of, or somebody stands between"
        );
    }
    // The first certificate is the one that was compared: only it is kept.
    let der = pki::pem::first(&pem, pki::pem::CERTIFICATE)?;
    Ok(pki::pem::encode(pki::pem::CERTIFICATE, &der))
}

/// The authority in a kubeconfig, which is JSON from us and YAML from kubeadm.
fn authority_of(kubeconfig: &str) -> Option<String> {
    let config: Value =
        decode::json_untyped(kubeconfig.as_bytes()).ok().or_else(|| serde_saphyr::from_str(kubeconfig).ok())?;
    let data = config.list_at(&["clusters"]).first()?.str_at(&["cluster", "certificate-authority-data"])?;
    String::from_utf8(base64_decode(data)?).ok()
}
