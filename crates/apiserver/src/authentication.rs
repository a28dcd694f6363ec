//! Who is it?
//!
//! A connection's client certificate is verified once, with the handshake, and its identity kept with the
//! connection. Bearer tokens are asked of a chain of authenticators.

use apimachinery::Str;
use async_trait::async_trait;
use http::{HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;

use crate::{Server, UserInfo};

/// One authenticator of bearer tokens.
#[async_trait]
pub trait TokenAuthenticator: Send + Sync + 'static {
    /// The identity of `token`; `None` when it is not this authenticator's, an error when it is and does
    /// not hold.
    async fn authenticate(&self, server: &Server, token: &str, audiences: &[Str]) -> Result<Option<UserInfo>, String>;
}

/// Asks the chain. `audiences` are those that the token must be meant for; empty for the server's own.
///
/// # Errors
/// What the authenticators that knew the token's form said, when none accepted it.
pub async fn authenticate_token(server: &Server, token: &str, audiences: &[Str]) -> Result<Option<UserInfo>, String> {
    let mut reasons = Vec::new();
    for authenticator in server.authenticators() {
        match authenticator.authenticate(server, token, audiences).await {
            Ok(Some(user)) => return Ok(Some(user)),
            Ok(None) => {}
            Err(reason) => reasons.push(reason),
        }
    }
    match reasons.len() {
        0 => Ok(None),
        1 => Err(reasons.remove(0)),
        _ => Err(format!("[{}]", reasons.join(", "))),
    }
}

/// The names that a front proxy's certificate may have. `extension-apiserver-authentication` tells others.
pub const FRONT_PROXY_NAMES: [&str; 1] = ["front-proxy-client"];
/// Where a front proxy names the user.
pub const USER_HEADER: &str = "X-Remote-User";
/// Where it gives the user's identifier.
pub const UID_HEADER: &str = "X-Remote-Uid";
/// Where it names a group; once for each.
pub const GROUP_HEADER: &str = "X-Remote-Group";
/// What its other headers about the user begin with.
pub const EXTRA_HEADER_PREFIX: &str = "X-Remote-Extra-";

/// The identity that a front proxy vouches for; `None` when it names nobody.
pub fn front_proxy_user(headers: &HeaderMap) -> Option<UserInfo> {
    let text = |value: &HeaderValue| value.to_str().ok().filter(|text| !text.is_empty()).map(Str::from);
    let first = |name: &str| headers.get(name).and_then(text);
    let mut user = UserInfo {
        name: first(USER_HEADER)?,
        uid: first(UID_HEADER).unwrap_or_default(),
        groups: headers.get_all(GROUP_HEADER).iter().filter_map(text).collect(),
        extra: Vec::new(),
    };
    let prefix = EXTRA_HEADER_PREFIX.to_ascii_lowercase();
    for (name, value) in headers {
        // Names of headers are in lower case here already.
        let Some(key) = name.as_str().strip_prefix(&prefix) else { continue };
        let key: Str = percent_decode_str(key).decode_utf8_lossy().into_owned().into();
        let Some(value) = text(value) else { continue };
        match user.extra.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(value),
            None => user.extra.push((key, vec![value])),
        }
    }
    let judged = user.in_group("system:authenticated") || user.in_group("system:unauthenticated");
    if user.name != "system:anonymous" && !judged {
        user.groups.push(Str::from_static("system:authenticated"));
    }
    Some(user)
}

/// The identity in a verified client certificate: common name and organizations.
pub fn certificate_user(der: &[u8]) -> Option<UserInfo> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let subject = certificate.subject();
    let name = subject.iter_common_name().next()?.as_str().ok()?;
    let groups: Vec<&str> = subject.iter_organization().filter_map(|group| group.as_str().ok()).collect();
    (!name.is_empty()).then(|| UserInfo::new(name, &groups))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_front_proxy_names_the_user_in_headers() {
        let mut headers = HeaderMap::new();
        assert_eq!(front_proxy_user(&headers), None);
        for (name, value) in [
            ("x-remote-user", "jane"),
            ("x-remote-group", "a"),
            ("X-Remote-Group", "b"),
            ("X-Remote-Extra-Scopes", "read"),
            ("X-Remote-Extra-Scopes", "write"),
            ("X-Remote-Extra-Acme.com%2fproject", "p"),
        ] {
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, value.parse().unwrap());
        }
        let user = front_proxy_user(&headers).unwrap();
        assert_eq!(
            (user.name.as_str(), &user.groups[..]),
            ("jane", &["a", "b", "system:authenticated"].map(Str::from)[..])
        );
        let extra: Vec<(&str, usize)> = user.extra.iter().map(|(key, values)| (key.as_str(), values.len())).collect();
        assert!(extra.contains(&("scopes", 2)) && extra.contains(&("acme.com/project", 1)), "{extra:?}");
        headers.insert("x-remote-user", "system:anonymous".parse().unwrap());
        assert!(!front_proxy_user(&headers).unwrap().in_group("system:authenticated"));
    }
}
