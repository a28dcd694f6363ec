//! The authenticator of bootstrap tokens, by which nodes join: `ID.SECRET`, kept in secrets of `kube-system`.

use apimachinery::{Object, Str, time};
use apiserver::{Server, UserInfo, authentication::TokenAuthenticator};
use async_trait::async_trait;

use super::{equal_in_constant_time, secret_text};

const DEFAULT_GROUP: &str = "system:bootstrappers";
const SECRET_TYPE: &str = "bootstrap.kubernetes.io/token";

/// Accepts bootstrap tokens.
pub struct BootstrapTokens;

/// The two parts of a token; `None` when it has not the form of one.
fn parse(token: &str) -> Option<(&str, &str)> {
    let (id, secret) = token.split_once('.')?;
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    (id.len() == 6 && secret.len() == 16 && plain(id) && plain(secret)).then_some((id, secret))
}

fn is_group(group: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b':' || byte == b'-';
    group.strip_prefix("system:bootstrappers:").is_some_and(|rest| {
        let last = rest.bytes().last();
        (1..=256).contains(&rest.len())
            && rest.bytes().all(allowed)
            && last.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

/// The user of a token that `secret` holds; `None`, with the reason logged, when the secret does not let it in.
fn user(secret: &Object, id: &str, token_secret: &str, now: jiff::Timestamp) -> Option<UserInfo> {
    let refuse = |reason: &str| {
        tracing::debug!(secret = secret.name(), reason, "bootstrap token refused");
        None
    };
    if secret.deletion_timestamp().is_some() {
        return refuse("it is deleted and awaiting removal");
    }
    if secret.str_at(&["type"]) != Some(SECRET_TYPE) {
        return refuse("it has another type");
    }
    if !equal_in_constant_time(&secret_text(secret, "token-secret"), token_secret) {
        return refuse("it has another token-secret");
    }
    if secret_text(secret, "token-id") != id {
        return refuse("it has another token-id");
    }
    let expiration = secret_text(secret, "expiration");
    if !expiration.is_empty() && time::parse(&expiration).is_none_or(|expiration| expiration <= now) {
        return refuse("it has expired");
    }
    if secret_text(secret, "usage-bootstrap-authentication") != "true" {
        return refuse("it is not for authentication");
    }
    let extra = secret_text(secret, "auth-extra-groups");
    let extra: Vec<&str> = extra.split(',').map(str::trim).filter(|group| !group.is_empty()).collect();
    if !extra.iter().all(|group| is_group(group)) {
        return refuse("auth-extra-groups names a group that is not a bootstrap group");
    }
    let mut groups: Vec<&str> = std::iter::once(DEFAULT_GROUP).chain(extra).collect();
    groups.sort_unstable();
    groups.dedup();
    Some(UserInfo::new(format!("system:bootstrap:{id}"), &groups))
}

#[async_trait]
impl TokenAuthenticator for BootstrapTokens {
    async fn authenticate(&self, server: &Server, token: &str, _: &[Str]) -> Result<Option<UserInfo>, String> {
        let Some((id, token_secret)) = parse(token) else { return Ok(None) };
        let name = format!("bootstrap-token-{id}");
        let secret = server.registry().object("", "secrets", "kube-system", &name).map_err(|status| status.message)?;
        Ok(secret.and_then(|secret| user(&secret, id, token_secret, stdx::clock::now())))
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::{base64_encode, value};

    use super::*;

    #[test]
    fn tokens_have_two_parts() {
        assert_eq!(parse("abcdef.0123456789abcdef"), Some(("abcdef", "0123456789abcdef")));
        for wrong in ["abcdef", "abcde.0123456789abcdef", "ABCDEF.0123456789abcdef", "abcdef.0123456789abcde!"] {
            assert_eq!(parse(wrong), None);
        }
    }

    #[test]
    fn a_secret_lets_in_who_knows_it() {
        let secret = |changes: &[(&str, &str)]| {
            let mut secret = Object(value!({"metadata": {"name": "s"}, "type": SECRET_TYPE, "data": {}}));
            let fields = [
                ("token-id", "abcdef"),
                ("token-secret", "0123456789abcdef"),
                ("usage-bootstrap-authentication", "true"),
                ("expiration", "2030-01-01T00:00:00Z"),
                ("auth-extra-groups", "system:bootstrappers:workers"),
            ];
            for (key, text) in fields.iter().chain(changes) {
                secret.set(&["data", key], base64_encode(text.as_bytes()));
            }
            secret
        };
        let now = "2029-01-01T00:00:00Z".parse().unwrap();
        let found = user(&secret(&[]), "abcdef", "0123456789abcdef", now).unwrap();
        assert_eq!(found.name, "system:bootstrap:abcdef");
        assert_eq!(found.groups, ["system:bootstrappers", "system:bootstrappers:workers", "system:authenticated"]);
        for (key, text) in [
            ("token-id", "fedcba"),
            ("token-secret", "another"),
            ("usage-bootstrap-authentication", "false"),
            ("expiration", "2028-01-01T00:00:00Z"),
            ("expiration", "soon"),
            ("auth-extra-groups", "system:masters"),
        ] {
            assert_eq!(user(&secret(&[(key, text)]), "abcdef", "0123456789abcdef", now), None, "{key}={text}");
        }
    }
}
