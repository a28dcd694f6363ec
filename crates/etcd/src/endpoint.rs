//! Where a member of the cluster answers.

use std::fmt;

use rustls::pki_types::ServerName;

/// The address of a member: `http://HOST:PORT` or `https://HOST:PORT`, as upstream's `--etcd-servers` has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    host: String,
    port: u16,
    is_tls: bool,
}

/// A text that names no endpoint.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is no endpoint of etcd: {problem}")]
pub struct EndpointError {
    text: String,
    problem: &'static str,
}

impl Endpoint {
    /// Reads `http://HOST:PORT` or `https://HOST:PORT`.
    ///
    /// # Errors
    /// Another form; no port; a path.
    pub fn parse(text: &str) -> Result<Endpoint, EndpointError> {
        let wrong = |problem| EndpointError { text: text.to_owned(), problem };
        let uri: http::Uri = text.parse().map_err(|_| wrong("it is no URL"))?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("it must begin with https:// or http://")),
        };
        if !matches!(uri.path_and_query().map(http::uri::PathAndQuery::as_str), None | Some("/")) {
            return Err(wrong("it must end after the port"));
        }
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        if ServerName::try_from(host.clone()).is_err() {
            return Err(wrong("it names no host"));
        }
        let port = uri.port_u16().ok_or_else(|| wrong("it has no port, which is 2379 by etcd's default"))?;
        Ok(Endpoint { host, port, is_tls })
    }

    /// The name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is spoken to over TLS.
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        match self.host.contains(':') {
            true => write!(formatter, "{scheme}://[{}]:{}", self.host, self.port),
            false => write!(formatter, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_and_shown() {
        for good in ["http://127.0.0.1:2379", "https://[2001:db8::1]:2379", "https://etcd-0.example.com:2379"] {
            assert_eq!(Endpoint::parse(good).unwrap().to_string(), good);
        }
        assert_eq!(Endpoint::parse("https://localhost:2379/").unwrap().to_string(), "https://localhost:2379");
        for wrong in ["127.0.0.1:2379", "unix:///run/etcd", "https://a", "http://a:1/v3", "https://:2379", ""] {
            assert!(Endpoint::parse(wrong).is_err(), "{wrong}");
        }
    }
}
