//! Answers to a registry's challenge: Basic, or a token from the service that the registry names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};

use super::hosts::Host;
use super::{PullError, connection, document};
use cri_api::ImageName;

/// Who pulls. Empty fields are unknown; with all of them empty the pull is anonymous.
#[derive(Clone, Default)]
pub struct Credentials {
    /// The user.
    pub username: String,
    /// The user's password.
    pub password: String,
    /// A refresh token, which buys access tokens.
    pub identity_token: String,
    /// An access token, used as it is.
    pub registry_token: String,
    /// The registry that they are for; every host is meant when it is empty.
    pub server_address: String,
}

impl From<cri_api::v1::AuthConfig> for Credentials {
    fn from(auth: cri_api::v1::AuthConfig) -> Self {
        let pair = STANDARD.decode(auth.auth.trim_end_matches('\0')).ok().and_then(|pair| String::from_utf8(pair).ok());
        let (username, password) = match pair.as_deref().and_then(|pair| pair.split_once(':')) {
            Some((username, password)) if auth.username.is_empty() => {
                (username.to_owned(), password.trim_end_matches('\0').to_owned())
            }
            _ => (auth.username, auth.password),
        };
        Self {
            username,
            password,
            identity_token: auth.identity_token,
            registry_token: auth.registry_token,
            server_address: auth.server_address,
        }
    }
}

impl Credentials {
    /// These, if they are for a host; none otherwise.
    fn for_host(&self, host: &Host) -> Self {
        let address = self.server_address.split_once("://").map_or(self.server_address.as_str(), |(_, rest)| rest);
        let meant = address.split('/').next().unwrap_or_default();
        let docker = ["docker.io", "index.docker.io", "registry-1.docker.io"];
        let same = meant == host.authority || (docker.contains(&meant) && docker.contains(&host.authority.as_str()));
        if meant.is_empty() || same { self.clone() } else { Self::default() }
    }

    fn basic(&self) -> Option<String> {
        let pair = format!("{}:{}", self.username, self.password);
        (!self.username.is_empty()).then(|| format!("Basic {}", STANDARD.encode(pair)))
    }
}

/// One way to authorize, as `WWW-Authenticate` offers it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Challenge {
    scheme: String,
    realm: String,
    service: String,
    scope: String,
}

/// Reads `Bearer realm="…",service="…"`.
fn parse(header: &str) -> Challenge {
    let (scheme, mut rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    let mut challenge = Challenge { scheme: scheme.to_lowercase(), ..Challenge::default() };
    while let Some((name, after)) = rest.split_once('=') {
        let (value, following) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        match name.trim().to_lowercase().as_str() {
            "realm" => challenge.realm = value.to_owned(),
            "service" => challenge.service = value.to_owned(),
            "scope" => challenge.scope = value.to_owned(),
            _ => {}
        }
        rest = following.trim_start().trim_start_matches(',').trim_start();
    }
    challenge
}

/// The `Authorization` that a host's challenges ask for.
pub(super) async fn answer(
    challenges: &[String],
    credentials: &Credentials,
    host: &Host,
    reference: &ImageName,
) -> Result<String, PullError> {
    let credentials = credentials.for_host(host);
    let challenges: Vec<Challenge> = challenges.iter().map(|header| parse(header)).collect();
    if let Some(bearer) = challenges.iter().find(|challenge| challenge.scheme == "bearer") {
        let token = match credentials.registry_token.is_empty() {
            true => fetch_token(bearer, &credentials, host, reference).await?,
            false => credentials.registry_token,
        };
        return Ok(format!("Bearer {token}"));
    }
    let basic = challenges.iter().any(|challenge| challenge.scheme == "basic").then(|| credentials.basic()).flatten();
    basic.ok_or_else(|| PullError::Denied {
        reference: reference.to_string(),
        reason: "authorization failed: no basic auth credentials".to_owned(),
    })
}

/// Text in a query or a form.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

async fn fetch_token(
    challenge: &Challenge,
    credentials: &Credentials,
    host: &Host,
    reference: &ImageName,
) -> Result<String, PullError> {
    let kind =
        if credentials.username.is_empty() && credentials.identity_token.is_empty() { "anonymous" } else { "oauth" };
    let failed = |reason: String| PullError::Authorize { kind, reason };
    let scope = match challenge.scope.as_str() {
        "" => format!("repository:{}:pull", reference.repository),
        scope => scope.to_owned(),
    };
    let mut query = format!("service={}&scope={}", encoded(&challenge.service), encoded(&scope));
    let own = host.base.split('/').take(3).eq(challenge.realm.split('/').take(3));
    let tls = if own { host.tls.clone() } else { super::hosts::system_tls()? };
    // A realm without TLS would show the password to everyone on the way.
    if host.base.starts_with("https://") && !challenge.realm.starts_with("https://") {
        return Err(failed(format!("the registry names the token service {:?}, which is not https", challenge.realm)));
    }
    let response = if credentials.identity_token.is_empty() {
        if !credentials.username.is_empty() {
            query.push_str(&format!("&account={}", encoded(&credentials.username)));
        }
        let separator = if challenge.realm.contains('?') { '&' } else { '?' };
        let mut request = http::Request::builder().method(http::Method::GET);
        if let Some(basic) = credentials.basic() {
            request = request.header(AUTHORIZATION, basic);
        }
        connection::send(request, &format!("{}{separator}{query}", challenge.realm), Vec::new(), &tls).await
    } else {
        let token = encoded(&credentials.identity_token);
        let form = format!("grant_type=refresh_token&client_id=sagong&refresh_token={token}&{query}");
        let request = http::Request::builder()
            .method(http::Method::POST)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        connection::send(request, &challenge.realm, form.into_bytes(), &tls).await
    };
    let response = response.map_err(|error| failed(error.to_string()))?;
    let status = response.status();
    if !status.is_success() {
        return Err(failed(format!("unexpected status from request to {}: {status}", challenge.realm)));
    }
    let body = document(response, &challenge.realm).await.map_err(|error| failed(error.to_string()))?;
    let body: serde_json::Value = serde_json::from_slice(&body).map_err(|error| failed(error.to_string()))?;
    let token = body["token"].as_str().or(body["access_token"].as_str()).filter(|token| !token.is_empty());
    token.map(str::to_owned).ok_or_else(|| failed("the answer holds no token".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_have_quotes_and_commas() {
        let challenge = parse("Bearer realm=\"https://a/token\",service=\"b c\", scope=\"repository:x:pull,push\"");
        assert_eq!(challenge.scheme, "bearer");
        assert_eq!(challenge.realm, "https://a/token");
        assert_eq!(challenge.service, "b c");
        assert_eq!(challenge.scope, "repository:x:pull,push");
        assert_eq!(parse("Basic realm=x, charset=y").realm, "x");
        assert_eq!(parse("Basic").scheme, "basic");
    }

    #[test]
    fn the_pair_may_come_encoded() {
        let auth = cri_api::v1::AuthConfig { auth: STANDARD.encode("user:pass:word"), ..Default::default() };
        let credentials = Credentials::from(auth);
        assert_eq!((credentials.username.as_str(), credentials.password.as_str()), ("user", "pass:word"));
    }

    #[test]
    fn queries_are_encoded() {
        assert_eq!(encoded("repository:a/b:pull"), "repository%3Aa%2Fb%3Apull");
    }
}
