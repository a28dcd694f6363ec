//! Where events are posted, and as whom: a kubeconfig.

use std::{
    fs,
    path::{Path, PathBuf},
};

use apimachinery::{Map, Value, base64_decode, base64_encode};
use http::HeaderValue;
use rustls::{ClientConfig, pki_types::ServerName};

use crate::http::parse_yaml;

/// Why a file names no endpoint.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct EndpointError {
    /// The file.
    pub file: String,
    /// What is wrong, with the field.
    pub problem: String,
}

/// How a client says who it is, beside a certificate.
pub(super) enum Authorization {
    /// By what stands in the file.
    Header(HeaderValue),
    /// By a token in a file that may be replaced.
    TokenFile(PathBuf),
}

/// A server that takes events.
pub struct Endpoint {
    /// A name or address.
    pub(super) host: String,
    pub(super) port: u16,
    /// Host and port as the URL has them.
    pub(super) authority: String,
    /// With the slash in front.
    pub(super) path: String,
    /// None for HTTP without encryption.
    pub(super) tls: Option<(ClientConfig, ServerName<'static>)>,
    pub(super) authorization: Option<Authorization>,
}

/// What of a cluster and a user is understood. Whatever else there is would be ignored, and is refused.
const CLUSTER_FIELDS: [&str; 7] = [
    "server",
    "certificate-authority",
    "certificate-authority-data",
    "insecure-skip-tls-verify",
    "tls-server-name",
    // Answers are never asked to be compressed.
    "disable-compression",
    "extensions",
];
const USER_FIELDS: [&str; 9] = [
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "client-key-data",
    "token",
    "tokenFile",
    "username",
    "password",
    "extensions",
];

impl Endpoint {
    /// Reads a kubeconfig: the cluster and user of its current context. Paths in it begin at its folder.
    ///
    /// # Errors
    /// It or a file that it names cannot be read, lacks something, or has what is not understood.
    pub fn load(file: &Path) -> Result<Endpoint, EndpointError> {
        let failed = |problem| EndpointError { file: file.display().to_string(), problem };
        let bytes = fs::read(file).map_err(|error| failed(format!("cannot be read: {error}")))?;
        let config = parse_yaml(&bytes.into()).map_err(|status| failed(status.message))?.value;
        let folder = file.parent().unwrap_or(Path::new(""));
        Endpoint::of(&config, folder).map_err(failed)
    }

    fn of(config: &Value, folder: &Path) -> Result<Endpoint, String> {
        let current = config.str_at(&["current-context"]).unwrap_or_default();
        if current.is_empty() {
            return Err("current-context: Required value: it names which cluster and user are meant".to_owned());
        }
        let context = named(config, "contexts", "context", current)?;
        let cluster = context.str_at("cluster").unwrap_or_default();
        let cluster = Part { name: "cluster", map: named(config, "clusters", "cluster", cluster)?, folder };
        cluster.check(&CLUSTER_FIELDS)?;
        let nobody = Map::new();
        let user = match context.str_at("user").unwrap_or_default() {
            "" => &nobody,
            name => named(config, "users", "user", name)?,
        };
        let user = Part { name: "user", map: user, folder };
        user.check(&USER_FIELDS)?;
        let server = cluster.text("server");
        let wrong = |problem: &str| format!("cluster.server {server:?}: {problem}");
        let uri: http::Uri = server.parse().map_err(|_| wrong("it is no URL"))?;
        let encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("it must begin with https:// or http://")),
        };
        if uri.query().is_some() {
            return Err(wrong("it must have no query"));
        }
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'));
        let authority = authority.ok_or_else(|| wrong("it must name a host, and no user"))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Endpoint {
            tls: encrypted.then(|| tls(&cluster, &user, &host)).transpose()?,
            port: authority.port_u16().unwrap_or(if encrypted { 443 } else { 80 }),
            host,
            authority: authority.as_str().to_owned(),
            path: uri.path().to_owned(),
            authorization: authorization(&user)?,
        })
    }

    /// For messages.
    pub(super) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, self.path)
    }
}

/// The entry called `name` of a list.
fn named<'c>(config: &'c Value, list: &str, part: &str, name: &str) -> Result<&'c Map, String> {
    let entry = config.list_at(&[list]).iter().find(|entry| entry.str_at(&["name"]) == Some(name));
    let entry = entry.ok_or_else(|| format!("{list}: there is none called {name:?}"))?;
    entry.map_at(&[part]).ok_or_else(|| format!("{list}: {name:?} has no {part}"))
}

/// A cluster or a user.
struct Part<'c> {
    name: &'static str,
    map: &'c Map,
    /// Where relative paths begin.
    folder: &'c Path,
}

impl Part<'_> {
    fn check(&self, known: &[&str]) -> Result<(), String> {
        match self.map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(format!("{}.{key} is not supported; there are {}", self.name, known.join(", "))),
            None => Ok(()),
        }
    }

    fn text(&self, field: &str) -> &str {
        self.map.str_at(field).unwrap_or_default()
    }

    fn path(&self, field: &str) -> PathBuf {
        self.folder.join(self.text(field))
    }

    /// PEM that stands in the file itself, in base64, or in another one; empty for neither. The file itself counts
    /// more, as upstream.
    fn pem(&self, field: &str) -> Result<String, String> {
        let data = format!("{field}-data");
        let bytes = match (self.text(&data), self.text(field)) {
            ("", "") => return Ok(String::new()),
            ("", _) => {
                let path = self.path(field);
                fs::read(&path).map_err(|error| format!("{}.{field}: {}: {error}", self.name, path.display()))?
            }
            (text, _) => base64_decode(text).ok_or_else(|| format!("{}.{data} is no base64", self.name))?,
        };
        String::from_utf8(bytes).map_err(|_| format!("{}.{field} is no PEM", self.name))
    }
}

fn tls(cluster: &Part<'_>, user: &Part<'_>, host: &str) -> Result<(ClientConfig, ServerName<'static>), String> {
    let authority = cluster.pem("certificate-authority")?;
    let (certificate, key) = (user.pem("client-certificate")?, user.pem("client-key")?);
    if certificate.is_empty() != key.is_empty() {
        return Err("user: client-certificate and client-key need each other".to_owned());
    }
    let credential = (!key.is_empty()).then_some((certificate.as_str(), key.as_str()));
    let insecure = cluster.map.bool_at("insecure-skip-tls-verify").unwrap_or_default();
    if insecure && !authority.is_empty() {
        return Err("cluster: specifying a root certificates file with the insecure flag is not allowed".to_owned());
    }
    if !insecure && authority.is_empty() {
        return Err(
            "cluster.certificate-authority or certificate-authority-data is needed: the machine's own authorities \
             are not trusted"
                .to_owned(),
        );
    }
    let wrong = |error: pki::PkiError| format!("cluster or user: {error}");
    let mut config = match (insecure, credential) {
        (false, _) => pki::tls::client_config(&authority, credential).map_err(wrong)?,
        (true, None) => pki::tls::unverified_client_config().map_err(wrong)?,
        (true, Some(_)) => {
            let mut config = pki::tls::unverified_client_config().map_err(wrong)?;
            // Of this one only the credential is taken, so it does not matter whom it trusts.
            let own = pki::tls::client_config(&certificate, credential).map_err(wrong)?;
            config.client_auth_cert_resolver = own.client_auth_cert_resolver;
            config
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = match cluster.text("tls-server-name") {
        "" => host,
        name => name,
    };
    let name =
        ServerName::try_from(name.to_owned()).map_err(|_| format!("cluster: {name:?} is no name of a server"))?;
    Ok((config, name))
}

fn authorization(user: &Part<'_>) -> Result<Option<Authorization>, String> {
    let (token, name) = (user.text("token"), user.text("username"));
    let has_token = !token.is_empty() || !user.text("tokenFile").is_empty();
    if has_token && !name.is_empty() {
        return Err("user: a token and a username exclude each other".to_owned());
    }
    if !user.text("tokenFile").is_empty() {
        return Ok(Some(Authorization::TokenFile(user.path("tokenFile"))));
    }
    if !token.is_empty() {
        return Ok(Some(Authorization::Header(bearer(token)?)));
    }
    if name.is_empty() {
        return Ok(None);
    }
    let pair = base64_encode(format!("{name}:{}", user.text("password")).as_bytes());
    let header = sensitive(&format!("Basic {pair}"));
    Ok(header.map(Authorization::Header))
}

/// The header of a token.
pub(super) fn bearer(token: &str) -> Result<HeaderValue, String> {
    sensitive(&format!("Bearer {}", token.trim()))
        .ok_or_else(|| "the token has characters that no header has".to_owned())
}

/// One that is never shown.
fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(cluster: &str, user: &str) -> Result<Endpoint, String> {
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n\
             clusters: [{{name: k, cluster: {{{cluster}}}}}]\nusers: [{{name: u, user: {{{user}}}}}]\n"
        );
        Endpoint::of(&parse_yaml(&text.into()).unwrap().value, Path::new("/nowhere"))
    }

    #[test]
    fn a_url_is_taken_apart() {
        let endpoint = load("server: 'http://audit.example:81/events'", "token: secret").unwrap();
        assert_eq!((endpoint.host.as_str(), endpoint.port, endpoint.path.as_str()), ("audit.example", 81, "/events"));
        assert_eq!((endpoint.url().as_str(), endpoint.tls.is_none()), ("http://audit.example:81/events", true));
        let Some(Authorization::Header(value)) = endpoint.authorization else { panic!("no header") };
        assert_eq!((value.to_str().unwrap(), value.is_sensitive()), ("Bearer secret", true));
        let insecure = "server: 'https://[::1]', insecure-skip-tls-verify: true, tls-server-name: a.example";
        let endpoint = load(insecure, "username: a, password: b").unwrap();
        assert_eq!((endpoint.host.as_str(), endpoint.port), ("::1", 443));
        let (_, name) = endpoint.tls.unwrap();
        assert_eq!(name, ServerName::try_from("a.example").unwrap());
        let authority = pki::CertificateAuthority::create("test", std::time::Duration::from_secs(60)).unwrap();
        let client = authority.issue(&pki::Profile::client("c", &[], std::time::Duration::from_secs(60))).unwrap();
        let data = |pem: &str| base64_encode(pem.as_bytes());
        let (certificate, key) = (data(&client.certificate_pem), data(&client.key_pem));
        let user = format!("client-certificate-data: '{certificate}', client-key-data: '{key}'");
        for cluster in [
            insecure,
            &format!("server: 'https://a', certificate-authority-data: '{}'", data(&authority.certificate_pem())),
        ] {
            let (config, _) = load(cluster, &user).unwrap().tls.unwrap();
            assert!(config.client_auth_cert_resolver.has_certs(), "{cluster}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let server = "server: 'https://a'";
        for (cluster, user, expected) in [
            ("server: a", "", "it must begin with https:// or http://"),
            (server, "", "cluster.certificate-authority or certificate-authority-data is needed"),
            ("server: 'http://a', proxy-url: b", "", "cluster.proxy-url is not supported"),
            ("server: 'http://a'", "exec: {command: x}", "user.exec is not supported"),
            ("server: 'http://a'", "token: x, username: ann", "a token and a username exclude each other"),
            ("server: 'http://a?b=c'", "", "it must have no query"),
            (
                "server: 'https://a', certificate-authority: ca.pem",
                "",
                "cluster.certificate-authority: /nowhere/ca.pem: ",
            ),
            ("server: 'https://a', certificate-authority-data: '?'", "", "certificate-authority-data is no base64"),
        ] {
            let said = load(cluster, user).err().unwrap_or_default();
            assert!(said.contains(expected), "{cluster} {user}: {said}");
        }
        let missing = Endpoint::of(&Value::default(), Path::new("")).err().unwrap();
        assert!(missing.starts_with("current-context: Required value"), "{missing}");
        let unread = Endpoint::load(Path::new("/nowhere/config")).err().unwrap().to_string();
        assert!(unread.starts_with("/nowhere/config: cannot be read: "), "{unread}");
    }
}
