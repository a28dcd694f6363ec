//! Where a kubeconfig says that the server is, and how to be let in.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use apimachinery::{Value, base64_decode};
use client::remote::{Remote, RemoteError, ServerAddress};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// A server and an identity; connections are made from it.
#[derive(Clone)]
pub struct Access {
    server: ServerAddress,
    tls: ClientConfig,
    token: Option<String>,
}

/// Why a kubeconfig is of no use.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// A file could not be read.
    #[error("cannot read {}: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The kernel's error.
        source: std::io::Error,
    },
    /// The kubeconfig, or what it names, is not what it should be.
    #[error("{}: {problem}", .path.display())]
    Malformed {
        /// The kubeconfig.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The address or the token cannot be used.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The authority, certificate or key is not in PEM.
    #[error("the {what} is no PEM: {source}")]
    Pem {
        /// Which of them.
        what: &'static str,
        /// The reader's error.
        source: rustls::pki_types::pem::Error,
    },
    /// The authority, certificate or key cannot be used.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// TLS of a client that trusts these authorities alone and shows this certificate; its key may be of any kind, since
/// upstream's clusters have RSA keys. HTTP/2 alone.
///
/// # Errors
/// Malformed PEM; a key of another certificate.
pub fn client_tls(authorities_pem: &str, identity: Option<(&str, &str)>) -> Result<ClientConfig, AccessError> {
    let pem = |what| move |source| AccessError::Pem { what, source };
    let certificates = |text: &str, what| -> Result<Vec<_>, AccessError> {
        CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<_, _>>().map_err(pem(what))
    };
    let mut roots = RootCertStore::empty();
    for authority in certificates(authorities_pem, "authority")? {
        roots.add(authority)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = builder.with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(pem("client's key"))?;
            builder.with_client_auth_cert(certificates(certificate, "client's certificate")?, key)?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

struct Kubeconfig<'p> {
    path: &'p Path,
    config: Value,
}

impl Kubeconfig<'_> {
    fn malformed(&self, problem: impl Into<String>) -> AccessError {
        AccessError::Malformed { path: self.path.to_owned(), problem: problem.into() }
    }

    /// The `part` of the entry in `list` with this name.
    fn entry(&self, list: &str, name: &str, part: &str) -> Result<&Value, AccessError> {
        let mut entries = self.config.list_at(&[list]).iter();
        let found = entries.find(|entry| entry.str_at(&["name"]) == Some(name)).and_then(|entry| entry.get(part));
        found.ok_or_else(|| self.malformed(format!("{list} has no {name:?}")))
    }

    /// Text given as base64 in `field-data`, or in the file that `field` names.
    fn text(&self, entry: &Value, field: &str) -> Result<Option<String>, AccessError> {
        if let Some(data) = entry.str_at(&[&format!("{field}-data")]) {
            let text = base64_decode(data).and_then(|bytes| String::from_utf8(bytes).ok());
            return text.map(Some).ok_or_else(|| self.malformed(format!("{field}-data is no base64 of text")));
        }
        let Some(file) = entry.str_at(&[field]) else { return Ok(None) };
        // As client-go: relative to the kubeconfig.
        let path = self.path.parent().unwrap_or(Path::new("")).join(file);
        std::fs::read_to_string(&path).map(Some).map_err(|source| AccessError::File { path, source })
    }
}

impl Access {
    /// Reads the current context of a kubeconfig: an authority, and a client certificate or a bearer token.
    ///
    /// # Errors
    /// A file that cannot be read or understood; a form of identity other than those.
    pub fn read(path: &Path) -> Result<Access, AccessError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| AccessError::File { path: path.to_owned(), source })?;
        let config = serde_saphyr::from_str(&text)
            .map_err(|error| AccessError::Malformed { path: path.to_owned(), problem: error.to_string() })?;
        let kubeconfig = Kubeconfig { path, config };
        let missing = |what: &str| kubeconfig.malformed(format!("it has no {what}"));
        let current = kubeconfig.config.str_at(&["current-context"]).ok_or_else(|| missing("current-context"))?;
        let context = kubeconfig.entry("contexts", current, "context")?;
        let cluster = kubeconfig.entry("clusters", context.str_at(&["cluster"]).unwrap_or_default(), "cluster")?;
        let user = kubeconfig.entry("users", context.str_at(&["user"]).unwrap_or_default(), "user")?;
        let server = ServerAddress::parse(cluster.str_at(&["server"]).ok_or_else(|| missing("server"))?)?;
        let authority = kubeconfig.text(cluster, "certificate-authority")?;
        let authority = authority.ok_or_else(|| missing("certificate-authority"))?;
        let token = user.str_at(&["token"]).map(str::to_owned);
        let certificate = kubeconfig.text(user, "client-certificate")?;
        let key = kubeconfig.text(user, "client-key")?;
        let identity = certificate.as_deref().zip(key.as_deref());
        if identity.is_none() && token.is_none() {
            return Err(missing("client certificate and key, and no token"));
        }
        Ok(Access { server, tls: client_tls(&authority, identity)?, token })
    }

    /// Access by what is known already.
    pub fn new(server: ServerAddress, tls: ClientConfig, token: Option<String>) -> Access {
        Access { server, tls, token }
    }

    /// A transport with a connection of its own, which is made when first needed.
    ///
    /// # Errors
    /// A token that no header can carry.
    pub fn connection(&self, user_agent: &str) -> Result<Arc<Remote>, AccessError> {
        Ok(Remote::new(self.server.clone(), self.tls.clone(), self.token.as_deref(), user_agent)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_kubeconfig_lacks_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Access::read(&path).err().map(|error| error.to_string().rsplit("config: ").next().unwrap().to_owned())
        };
        assert_eq!(read("{}").as_deref(), Some("it has no current-context"));
        let contexts = "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n";
        assert_eq!(read(contexts).as_deref(), Some("clusters has no \"c\""));
        let users = "clusters: [{name: c, cluster: {server: 'https://192.0.2.1:6443', certificate-authority: ca}}]\n\
                     users: [{name: u, user: {}}]\n";
        let missing_file = read(&format!("{contexts}{users}")).unwrap();
        assert!(missing_file.starts_with("cannot read ") && missing_file.contains("/ca: "), "{missing_file}");
        let authority = pki::CertificateAuthority::create("ca", std::time::Duration::from_secs(3600)).unwrap();
        std::fs::write(directory.path().join("ca"), authority.certificate_pem()).unwrap();
        let nobody = read(&format!("{contexts}{users}"));
        assert_eq!(nobody.as_deref(), Some("it has no client certificate and key, and no token"));
        assert_eq!(read(&format!("{contexts}{}", users.replace("user: {}", "user: {token: t}"))), None);
    }
}
