//! The node's certificates: asked for, kept, renewed.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use apimachinery::{Object, Value, base64_decode, base64_encode, value};
use client::{
    Client, Options, WatchEvent,
    kinds::CERTIFICATE_SIGNING_REQUESTS,
    remote::{Remote, ServerAddress},
};
use futures::StreamExt;
use pki::{Credential, PrivateKey, SigningRequest, tls::CurrentCertificate};

use super::{RETRY_DELAY, USER_AGENT};
use crate::{directories::Directories, join_token::JoinToken, renewal};

const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client-kubelet";
const SERVING_SIGNER: &str = "kubernetes.io/kubelet-serving";
const CLIENT_FILES: &str = "kubelet-client";
const SERVING_FILES: &str = "kubelet-serving";
/// A renewal that failed is tried again after this time; a tenth of a certificate's life at least is left for it.
const RENEWAL_RETRY_DELAY: Duration = Duration::from_secs(60);

/// What the certificates of a node say, and where they lie.
#[derive(Clone)]
pub(super) struct NodeCertificates {
    pub(super) directories: Directories,
    pub(super) authority_pem: String,
    pub(super) name: String,
    pub(super) address: Ipv4Addr,
    /// None until the cluster has given the first.
    pub(super) serving: Arc<CurrentCertificate>,
}

impl NodeCertificates {
    fn load(&self, files: &str) -> anyhow::Result<Option<Credential>> {
        let place = |extension: &str| self.directories.pki_file(&format!("{files}.{extension}"));
        if !place("crt").exists() {
            return Ok(None);
        }
        let credential = Credential::load(&place("crt"), &place("key"))?;
        let lives = pki::expires_at(&credential.certificate_pem)? > stdx::clock::now();
        Ok(lives.then_some(credential))
    }

    fn keep_files(&self, files: &str, credential: &Credential) -> anyhow::Result<()> {
        let place = |extension: &str| self.directories.pki_file(&format!("{files}.{extension}"));
        Ok(credential.write(&place("crt"), &place("key"))?)
    }

    /// The client certificate in the data directory, or a new one by the token.
    pub(super) async fn client_credential(
        &self,
        server: &ServerAddress,
        token: Option<&JoinToken>,
    ) -> anyhow::Result<Credential> {
        if let Some(credential) = self.load(CLIENT_FILES)? {
            return Ok(credential);
        }
        let token = token.context("this node has no certificate that is still valid: give --token")?;
        let tls = pki::tls::client_config(&self.authority_pem, None)?;
        let remote = Remote::new(server.clone(), tls, Some(&token.bearer()), USER_AGENT)?;
        self.new_client_credential(&Client::new(remote, USER_AGENT)).await.context("the node cannot join")
    }

    pub(super) fn client_config(&self, credential: &Credential) -> anyhow::Result<rustls::ClientConfig> {
        let pair = (credential.certificate_pem.as_str(), credential.key_pem.as_str());
        Ok(pki::tls::client_config(&self.authority_pem, Some(pair))?)
    }

    /// How the kubelet serves, with whatever serving certificate it has.
    pub(super) fn kubelet_server_config(&self) -> anyhow::Result<rustls::ServerConfig> {
        let trust = pki::tls::ClientTrust::new(&self.authority_pem, "")?;
        Ok(pki::tls::resolving_server_config(self.serving.clone(), trust)?)
    }

    async fn new_client_credential(&self, client: &Client) -> anyhow::Result<Credential> {
        let credential = self.request(client, CLIENT_SIGNER, "client auth", &[], &[]).await?;
        self.keep_files(CLIENT_FILES, &credential)?;
        Ok(credential)
    }

    async fn new_serving_credential(&self, client: &Client) -> anyhow::Result<Credential> {
        let names = [self.name.clone()];
        let addresses = [IpAddr::V4(self.address)];
        let credential = self.request(client, SERVING_SIGNER, "server auth", &names, &addresses).await?;
        self.keep_files(SERVING_FILES, &credential)?;
        self.serving.replace(&credential)?;
        tracing::info!("the kubelet has its serving certificate");
        Ok(credential)
    }

    /// Asks for a certificate and waits for it.
    async fn request(
        &self,
        client: &Client,
        signer: &str,
        usage: &str,
        dns_names: &[String],
        addresses: &[IpAddr],
    ) -> anyhow::Result<Credential> {
        let key = PrivateKey::generate()?;
        let user = format!("system:node:{}", self.name);
        let text = SigningRequest::create(&key, &user, &["system:nodes".to_owned()], dns_names, addresses)?;
        let request = value!({
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"generateName": "node-csr-"},
            "spec": {
                "signerName": signer,
                "request": base64_encode(text.as_bytes()),
                "usages": ["digital signature", usage]
            }
        });
        let created = client.all(&CERTIFICATE_SIGNING_REQUESTS).create(request).await;
        let created = created.with_context(|| format!("cannot ask {signer} for a certificate"))?;
        tracing::info!(request = created.name(), signer, "waiting for a certificate");
        let certificate_pem = issued(client, created.name()).await?;
        Ok(Credential { certificate_pem, key_pem: key.to_pem() })
    }

    /// Renews both certificates when their time comes, until it is dropped.
    pub(super) async fn keep(self, remote: Arc<Remote>, credential: Credential) {
        let client = Client::new(remote.clone(), USER_AGENT);
        tokio::join!(self.keep_client(&client, &remote, credential), self.keep_serving(&client));
    }

    async fn keep_client(&self, client: &Client, remote: &Remote, mut credential: Credential) {
        loop {
            sleep_until_renewal(&credential).await;
            let renewed = self.new_client_credential(client).await.and_then(|credential| {
                remote.replace_tls(self.client_config(&credential)?);
                Ok(credential)
            });
            match renewed {
                Ok(renewed) => credential = renewed,
                Err(error) => {
                    tracing::error!("the node's certificate could not be renewed: {error:#}");
                    tokio::time::sleep(RENEWAL_RETRY_DELAY).await;
                }
            }
        }
    }

    async fn keep_serving(&self, client: &Client) {
        let kept = self.load(SERVING_FILES).ok().flatten();
        let mut credential = kept.filter(|credential| self.serving.replace(credential).is_ok());
        loop {
            if let Some(credential) = &credential {
                sleep_until_renewal(credential).await;
            }
            match self.new_serving_credential(client).await {
                Ok(renewed) => credential = Some(renewed),
                Err(error) => {
                    tracing::error!("the kubelet has no new serving certificate: {error:#}");
                    tokio::time::sleep(RENEWAL_RETRY_DELAY).await;
                }
            }
        }
    }
}

async fn sleep_until_renewal(credential: &Credential) {
    // A certificate that cannot be read is renewed at once.
    if let Ok(due) = renewal::due(&credential.certificate_pem) {
        stdx::clock::sleep_until(due).await;
    }
}

/// The certificate that the request `name` gets.
async fn issued(client: &Client, name: &str) -> anyhow::Result<String> {
    let options = Options { field_selector: format!("metadata.name={name}"), ..Options::default() };
    loop {
        let watch = client.all(&CERTIFICATE_SIGNING_REQUESTS).watch(options.clone(), true).await;
        let mut events = watch.with_context(|| format!("cannot follow the request {name:?}"))?;
        while let Some(event) = events.next().await {
            match event {
                Ok(WatchEvent::Added(request) | WatchEvent::Modified(request)) => {
                    if let Some(certificate) = outcome(&request)? {
                        return Ok(certificate);
                    }
                }
                Ok(WatchEvent::Deleted(_)) => bail!("the request {name:?} was deleted before it was signed"),
                Ok(WatchEvent::Bookmark { .. }) => {}
                Err(status) => tracing::debug!(error = %status, "the watch of the request ended"),
            }
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

fn outcome(request: &Object) -> anyhow::Result<Option<String>> {
    if let Some(certificate) = request.status().str_at("certificate").filter(|text| !text.is_empty()) {
        let text = base64_decode(certificate).and_then(|bytes| String::from_utf8(bytes).ok());
        return text.context("the certificate is no PEM text").map(Some);
    }
    let refused = |condition: &&Value| matches!(condition.str_at(&["type"]), Some("Denied" | "Failed"));
    match request.status().list_at("conditions").iter().find(refused) {
        Some(condition) => bail!(
            "the request {:?} was refused: {}",
            request.name(),
            condition.str_at(&["message"]).unwrap_or("no reason is given")
        ),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_waited_for_until_it_is_decided() {
        let request = |status: Value| Object(value!({"metadata": {"name": "r"}, "status": status}));
        assert_eq!(outcome(&request(value!({}))).unwrap(), None);
        assert_eq!(outcome(&request(value!({"certificate": "UEVN"}))).unwrap().as_deref(), Some("PEM"));
        let denied = request(value!({"conditions": [{"type": "Denied", "message": "unknown machine"}]}));
        assert!(outcome(&denied).unwrap_err().to_string().contains("unknown machine"));
    }
}
