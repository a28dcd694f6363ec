//! Who is it?
//!
//! A connection's client certificate is verified once, with the handshake, and its identity kept with the
//! connection. Bearer tokens are asked of a chain of authenticators.

use apimachinery::Str;
use async_trait::async_trait;

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

/// The identity in a verified client certificate: common name and organizations.
pub fn certificate_user(der: &[u8]) -> Option<UserInfo> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let subject = certificate.subject();
    let name = subject.iter_common_name().next()?.as_str().ok()?;
    let groups: Vec<&str> = subject.iter_organization().filter_map(|group| group.as_str().ok()).collect();
    (!name.is_empty()).then(|| UserInfo::new(name, &groups))
}
