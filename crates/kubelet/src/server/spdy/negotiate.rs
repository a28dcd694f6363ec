//! The upgrade to SPDY: which of its two ways a client asks for, and the answer.

use apimachinery::Status;
use http::{HeaderMap, Response, StatusCode, header, response};

use super::super::websocket;

const UPGRADE: &str = "SPDY/3.1";
const TUNNEL_PREFIX: &str = "SPDY/3.1+";
const PROTOCOL_VERSION: &str = "x-stream-protocol-version";

/// How the bytes of SPDY are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// By the upgraded connection itself.
    Plain,
    /// In the messages of a WebSocket.
    Tunnel,
}

/// Whether the client asks for SPDY, and how.
pub fn wanted(headers: &HeaderMap) -> Option<Transport> {
    if values(headers, header::UPGRADE.as_str()).any(|value| value.eq_ignore_ascii_case(UPGRADE)) {
        Some(Transport::Plain)
    } else if values(headers, header::SEC_WEBSOCKET_PROTOCOL.as_str()).any(|value| value.starts_with(TUNNEL_PREFIX)) {
        Some(Transport::Tunnel)
    } else {
        None
    }
}

/// The values of a header, of which each may list several.
fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let texts = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(str::trim).filter(|value| !value.is_empty())
}

/// The answer that switches to `transport` with the protocol `known`.
///
/// # Errors
/// When the client does not offer that protocol, or asks without what a WebSocket needs.
pub fn accept(headers: &HeaderMap, transport: Transport, known: &str) -> Result<response::Builder, Status> {
    let (name, prefix) = match transport {
        Transport::Plain => (PROTOCOL_VERSION, ""),
        Transport::Tunnel => (header::SEC_WEBSOCKET_PROTOCOL.as_str(), TUNNEL_PREFIX),
    };
    if values(headers, name).next().is_none() {
        return Err(Status::bad_request(format!("unable to upgrade: header {name} is missing or empty")));
    }
    if !values(headers, name).any(|offered| offered.strip_prefix(prefix) == Some(known)) {
        let offered: Vec<&str> = values(headers, name).collect();
        let message = format!(
            "unable to upgrade: unable to negotiate protocol: client supports [{}], server accepts [{prefix}{known}]",
            offered.join(" ")
        );
        return Err(Status::failure(403, "Forbidden", message));
    }
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "Upgrade")
        .header(name, format!("{prefix}{known}"));
    if transport == Transport::Plain {
        return Ok(response.header(header::UPGRADE, UPGRADE));
    }
    let websocket = values(headers, header::UPGRADE.as_str()).any(|value| value.eq_ignore_ascii_case("websocket"));
    let key = headers.get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok()).filter(|_| websocket);
    let key = key.ok_or_else(|| Status::bad_request("unable to upgrade: not the handshake of a WebSocket"))?;
    let accepted = websocket::accept(key);
    Ok(response.header(header::UPGRADE, "websocket").header(header::SEC_WEBSOCKET_ACCEPT, accepted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn plain_spdy() {
        let asked = headers(&[("upgrade", "SPDY/3.1"), ("x-stream-protocol-version", "portforward.k8s.io")]);
        assert_eq!(wanted(&asked), Some(Transport::Plain));
        let answer = accept(&asked, Transport::Plain, "portforward.k8s.io").unwrap().body(()).unwrap();
        assert_eq!(answer.headers()["upgrade"], "SPDY/3.1");
        assert_eq!(answer.headers()["x-stream-protocol-version"], "portforward.k8s.io");
        assert_eq!(accept(&asked, Transport::Plain, "v4.channel.k8s.io").unwrap_err().code, 403);
        assert_eq!(accept(&headers(&[]), Transport::Plain, "v4.channel.k8s.io").unwrap_err().code, 400);
    }

    #[test]
    fn a_tunnel() {
        let asked = headers(&[
            ("upgrade", "websocket"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "other, SPDY/3.1+portforward.k8s.io"),
        ]);
        assert_eq!(wanted(&asked), Some(Transport::Tunnel));
        let answer = accept(&asked, Transport::Tunnel, "portforward.k8s.io").unwrap().body(()).unwrap();
        assert_eq!(answer.headers()["sec-websocket-protocol"], "SPDY/3.1+portforward.k8s.io");
        assert_eq!(answer.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let no_key = headers(&[("upgrade", "websocket"), ("sec-websocket-protocol", "SPDY/3.1+portforward.k8s.io")]);
        assert_eq!(accept(&no_key, Transport::Tunnel, "portforward.k8s.io").unwrap_err().code, 400);
    }

    #[test]
    fn channels_are_not_spdy() {
        let asked = headers(&[("upgrade", "websocket"), ("sec-websocket-protocol", "v4.channel.k8s.io")]);
        assert_eq!(wanted(&asked), None);
    }
}
