//! The text by which a node joins: `K<hash of the authority's key>::<id>.<secret>`.
//!
//! The second half is upstream's bootstrap token. The first lets the node know the server before it sends
//! that token: what kubeadm gives apart, as `--discovery-token-ca-cert-hash`.

use std::fmt;

use anyhow::{Context, bail};

const ID_LENGTH: usize = 6;
const SECRET_LENGTH: usize = 16;
const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A join token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JoinToken {
    /// SHA-256 of the authority's public key, hexadecimal.
    pub(crate) authority_hash: String,
    /// Names the token; no secret.
    pub(crate) id: String,
    /// The secret.
    pub(crate) secret: String,
}

fn random_text(length: usize) -> anyhow::Result<String> {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        // 252 is a multiple of 36: with more, some letters would be likelier than others.
        let bytes = pki::random_bytes::<32>()?;
        let letters = bytes.iter().filter(|byte| **byte < 252).map(|byte| char::from(ALPHABET[usize::from(byte % 36)]));
        text.extend(letters.take(length - text.len()));
    }
    Ok(text)
}

impl JoinToken {
    /// A new token for a cluster.
    pub(crate) fn generate(authority_pem: &str) -> anyhow::Result<JoinToken> {
        let hash = pki::public_key_hash(authority_pem)?;
        Ok(JoinToken {
            authority_hash: hash.trim_start_matches("sha256:").to_owned(),
            id: random_text(ID_LENGTH)?,
            secret: random_text(SECRET_LENGTH)?,
        })
    }

    /// Reads a token.
    pub(crate) fn parse(text: &str) -> anyhow::Result<JoinToken> {
        let form = "a join token has the form K<hash>::<id>.<secret>, as `sagong token create` prints it";
        let (hash, token) = text.trim().strip_prefix('K').and_then(|rest| rest.split_once("::")).context(form)?;
        let (id, secret) = JoinToken::parse_bearer(token).context(form)?;
        let hexadecimal = hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !hexadecimal {
            bail!("{form}");
        }
        Ok(JoinToken { authority_hash: hash.to_owned(), id: id.to_owned(), secret: secret.to_owned() })
    }

    /// The id and the secret of what [`JoinToken::bearer`] gives.
    pub(crate) fn parse_bearer(text: &str) -> Option<(&str, &str)> {
        let plain = |text: &str, length| text.len() == length && text.bytes().all(|byte| ALPHABET.contains(&byte));
        text.split_once('.').filter(|(id, secret)| plain(id, ID_LENGTH) && plain(secret, SECRET_LENGTH))
    }

    /// The half that the API server knows.
    pub(crate) fn bearer(&self) -> String {
        format!("{}.{}", self.id, self.secret)
    }
}

impl fmt::Display for JoinToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "K{}::{}.{}", self.authority_hash, self.id, self.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_round_trip_and_nonsense_is_refused() {
        let token = JoinToken {
            authority_hash: "0f".repeat(32),
            id: random_text(ID_LENGTH).unwrap(),
            secret: random_text(SECRET_LENGTH).unwrap(),
        };
        assert_eq!(JoinToken::parse(&token.to_string()).unwrap(), token);
        let short = format!("K{}::abcdef.short", "0f".repeat(32));
        for wrong in ["abcdef.0123456789abcdef", "K00::abcdef.0123456789abcdef", short.as_str()] {
            assert!(JoinToken::parse(wrong).is_err(), "{wrong}");
        }
    }
}
