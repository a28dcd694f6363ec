//! Which hosts serve a registry: containerd's `hosts.toml` layout.
//!
//! `DIRECTORY/REGISTRY/hosts.toml`, or `DIRECTORY/_default/hosts.toml`, names mirrors in order; the registry itself
//! comes last. What such a file says and this client cannot do is an error, never ignored.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use http::{HeaderName, HeaderValue};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

use super::PullError;

/// Where distributions keep the authorities that they trust.
const SYSTEM_BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// One host that may have the content.
pub(super) struct Host {
    /// The URL below which repositories lie, with `/v2`.
    pub(super) base: String,
    /// Its name and port.
    pub(super) authority: String,
    /// Whether it may say what a tag means.
    pub(super) resolves: bool,
    /// Whether content may be fetched from it.
    pub(super) pulls: bool,
    /// It serves several registries and is told which is meant.
    pub(super) is_mirror: bool,
    /// Sent with each request.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) tls: Arc<ClientConfig>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HostsFile {
    server: Option<String>,
    host: Tables,
    capabilities: Option<Vec<String>>,
    ca: Option<OneOrMany>,
    client: Option<toml::Value>,
    skip_verify: Option<bool>,
    override_path: Option<bool>,
    header: Option<BTreeMap<String, OneOrMany>>,
}

impl HostsFile {
    /// What is said of the registry itself.
    fn own(&self) -> HostTable {
        HostTable {
            capabilities: self.capabilities.clone(),
            ca: self.ca.clone(),
            client: self.client.clone(),
            skip_verify: self.skip_verify,
            override_path: self.override_path,
            header: self.header.clone(),
        }
    }
}

/// Tables in the order of the file.
#[derive(Default)]
struct Tables(Vec<(String, HostTable)>);

impl<'de> Deserialize<'de> for Tables {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Tables;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a table of hosts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tables, A::Error> {
                let mut tables = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    tables.push(entry);
                }
                Ok(Tables(tables))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HostTable {
    capabilities: Option<Vec<String>>,
    ca: Option<OneOrMany>,
    client: Option<toml::Value>,
    skip_verify: Option<bool>,
    override_path: Option<bool>,
    header: Option<BTreeMap<String, OneOrMany>>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn list(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// The hosts of a registry, in the order in which they are asked.
pub(super) fn of(registry: &str, directories: &[PathBuf]) -> Result<Vec<Host>, PullError> {
    let host_name = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
    let scheme = if is_loopback(host_name) && !host_name.ends_with(":443") { "http" } else { "https" };
    let usual = format!("{scheme}://{host_name}");
    let Some(path) = find(registry, directories) else {
        return Ok(vec![host(&usual, &HostTable::default(), Path::new("/"), registry)?]);
    };
    let wrong = |reason: String| PullError::Configuration { path: path.clone(), reason };
    let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
    let file: HostsFile = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let mut hosts = Vec::new();
    for (url, table) in &file.host.0 {
        hosts.push(host(url, table, &path, registry)?);
    }
    hosts.push(host(file.server.as_deref().unwrap_or(&usual), &file.own(), &path, registry)?);
    Ok(hosts)
}

fn find(registry: &str, directories: &[PathBuf]) -> Option<PathBuf> {
    // A colon is no part of a file's name everywhere: containerd knows a second spelling.
    let spelled = registry.replace(':', "_") + if registry.contains(':') { "_" } else { "" };
    let names = [registry, &spelled, "_default"];
    let places = names.iter().flat_map(|name| directories.iter().map(move |directory| directory.join(name)));
    places.map(|place| place.join("hosts.toml")).find(|path| path.is_file())
}

fn is_loopback(registry: &str) -> bool {
    let name = match registry.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => registry.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn host(url: &str, table: &HostTable, file: &Path, registry: &str) -> Result<Host, PullError> {
    let wrong = |reason: String| PullError::Configuration { path: file.to_owned(), reason };
    let url = if url.contains("://") { url.to_owned() } else { format!("https://{url}") };
    let uri: http::Uri = url.parse().map_err(|error| wrong(format!("{url:?}: {error}")))?;
    let authority = uri.authority().ok_or_else(|| wrong(format!("{url:?} names no host")))?.to_string();
    let path = url.trim_end_matches('/');
    let base = match table.override_path.unwrap_or(false) || path.ends_with("/v2") {
        true => path.to_owned(),
        false => format!("{path}/v2"),
    };
    let can = |what: &str| match &table.capabilities {
        Some(list) => list.iter().any(|capability| capability == what),
        None => true,
    };
    let mut headers = Vec::new();
    for (name, values) in table.header.iter().flatten() {
        for value in values.list() {
            let name = name.parse().map_err(|_| wrong(format!("{name:?} is no header")))?;
            headers.push((name, value.parse().map_err(|_| wrong(format!("{value:?} is no header's value")))?));
        }
    }
    let usual = [registry, "registry-1.docker.io"];
    Ok(Host {
        base,
        is_mirror: !usual.contains(&authority.as_str()),
        authority,
        resolves: can("resolve"),
        pulls: can("pull"),
        headers,
        tls: tls(table, file)?,
    })
}

/// The TLS configuration of hosts about which nothing is said.
pub(super) fn system_tls() -> Result<Arc<ClientConfig>, PullError> {
    static SYSTEM: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(found) = SYSTEM.get() {
        return Ok(found.clone());
    }
    let made = Arc::new(configuration(system_roots(), None, false, Path::new("/"))?);
    Ok(SYSTEM.get_or_init(|| made).clone())
}

/// What the distribution trusts; empty where it has no bundle, and then every handshake says so.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let bundle = named.into_iter().chain(SYSTEM_BUNDLES.map(PathBuf::from)).find(|path| path.is_file());
    match bundle.map(CertificateDer::pem_file_iter) {
        Some(Ok(certificates)) => {
            roots.add_parsable_certificates(certificates.flatten());
        }
        Some(Err(error)) => tracing::warn!(%error, "the system's authorities cannot be read"),
        None => {
            tracing::warn!("this system has no bundle of authorities: install ca-certificates or set SSL_CERT_FILE")
        }
    }
    roots
}

type ClientPair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn tls(table: &HostTable, file: &Path) -> Result<Arc<ClientConfig>, PullError> {
    let skip = table.skip_verify.unwrap_or(false);
    if table.ca.is_none() && table.client.is_none() && !skip {
        return system_tls();
    }
    let wrong = |path: &Path, error: String| PullError::Configuration { path: path.to_owned(), reason: error };
    let beside = |name: &str| file.parent().unwrap_or(Path::new("/")).join(name);
    let mut roots = system_roots();
    for name in table.ca.iter().flat_map(OneOrMany::list) {
        let path = beside(name);
        let certificates = CertificateDer::pem_file_iter(&path).map_err(|error| wrong(&path, error.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| wrong(&path, error.to_string()))?;
            roots.add(certificate).map_err(|error| wrong(&path, error.to_string()))?;
        }
    }
    let pair = match &table.client {
        None => None,
        Some(value) => {
            let (certificate, key) = client_files(value).ok_or_else(|| {
                wrong(file, "client is a path, or one pair of paths: [[\"cert\", \"key\"]]".to_owned())
            })?;
            let (certificate, key) = (beside(&certificate), beside(&key));
            let chain = CertificateDer::pem_file_iter(&certificate).and_then(Iterator::collect);
            let chain = chain.map_err(|error| wrong(&certificate, error.to_string()))?;
            Some((chain, PrivateKeyDer::from_pem_file(&key).map_err(|error| wrong(&key, error.to_string()))?))
        }
    };
    Ok(Arc::new(configuration(roots, pair, skip, file)?))
}

/// The files of a client's certificate and key; of several pairs none can be chosen here.
fn client_files(value: &toml::Value) -> Option<(String, String)> {
    let text = |value: &toml::Value| value.as_str().map(str::to_owned);
    if let Some(both) = text(value) {
        return Some((both.clone(), both));
    }
    match value.as_array()?.as_slice() {
        [one] => match one.as_array().map(Vec::as_slice) {
            Some([certificate, key]) => Some((text(certificate)?, text(key)?)),
            Some(_) => None,
            None => text(one).map(|both| (both.clone(), both)),
        },
        _ => None,
    }
}

fn configuration(
    roots: RootCertStore,
    pair: Option<ClientPair>,
    skip_verify: bool,
    file: &Path,
) -> Result<ClientConfig, PullError> {
    let wrong = |error: rustls::Error| PullError::Configuration { path: file.to_owned(), reason: error.to_string() };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().map_err(wrong)?;
    let builder = match skip_verify {
        true => builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))),
        false => builder.with_root_certificates(roots),
    };
    match pair {
        None => Ok(builder.with_no_client_auth()),
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(wrong),
    }
}

/// Takes any certificate, because `skip_verify` says so; the handshake itself is still checked.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bases(registry: &str, text: Option<&str>) -> Result<Vec<String>, String> {
        let directory = tempfile::tempdir().unwrap();
        if let Some(text) = text {
            let place = directory.path().join(registry);
            std::fs::create_dir_all(&place).unwrap();
            std::fs::write(place.join("hosts.toml"), text).unwrap();
        }
        let hosts = of(registry, &[directory.path().to_owned()]).map_err(|error| error.to_string())?;
        Ok(hosts.into_iter().map(|host| host.base).collect())
    }

    #[test]
    fn registries_are_reached_as_usual() {
        assert_eq!(bases("docker.io", None).unwrap(), ["https://registry-1.docker.io/v2"]);
        assert_eq!(bases("localhost:5000", None).unwrap(), ["http://localhost:5000/v2"]);
        assert_eq!(bases("127.0.0.1", None).unwrap(), ["http://127.0.0.1/v2"]);
    }

    #[test]
    fn mirrors_come_first_in_their_order() {
        let text = "server = \"https://r.test\"\n[host.\"https://z.test\"]\ncapabilities = [\"pull\"]\n\
            [host.\"http://a.test:81/cache/v2\"]\noverride_path = true\n";
        let expected = ["https://z.test/v2", "http://a.test:81/cache/v2", "https://r.test/v2"];
        assert_eq!(bases("r.test", Some(text)).unwrap(), expected);
    }

    #[test]
    fn wrong_files_are_refused() {
        for text in ["server = 1", "[host.\"https://a b\"]", "[host.\"https://a\"]\nca = \"absent.pem\""] {
            assert!(bases("r.test", Some(text)).is_err(), "{text}");
        }
    }
}
