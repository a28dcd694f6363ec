//! PEM: base64 between dashes.

use apimachinery::{base64_decode, base64_encode};

use crate::PkiError;

/// The label of certificates.
pub const CERTIFICATE: &str = "CERTIFICATE";
/// The label of private keys in PKCS #8.
pub const PRIVATE_KEY: &str = "PRIVATE KEY";
/// The label of private elliptic-curve keys in SEC 1.
pub const EC_PRIVATE_KEY: &str = "EC PRIVATE KEY";
/// The label of private RSA keys in PKCS #1.
pub const RSA_PRIVATE_KEY: &str = "RSA PRIVATE KEY";
/// The label of public keys.
pub const PUBLIC_KEY: &str = "PUBLIC KEY";
/// The label of signing requests.
pub const CERTIFICATE_REQUEST: &str = "CERTIFICATE REQUEST";

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What stands between the dashes.
    pub label: String,
    /// The content.
    pub der: Vec<u8>,
    /// Whether lines of the form `name: value` stood before the content.
    pub has_headers: bool,
}

/// The text of one block.
pub fn encode(label: &str, der: &[u8]) -> String {
    let base64 = base64_encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in base64.as_bytes().chunks(64) {
        text.extend(line.iter().map(|byte| char::from(*byte)));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Every block in `text`; what stands between blocks is passed over, and so is what a block's headers say.
///
/// # Errors
/// A block that does not end, or whose content is no base64.
pub fn decode(text: &str) -> Result<Vec<Block>, PkiError> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----")) else {
            continue;
        };
        let end = format!("-----END {label}-----");
        let (mut base64, mut has_headers) = (String::new(), false);
        loop {
            let line =
                lines.next().ok_or_else(|| PkiError::malformed(format!("PEM block {label}"), "it has no end"))?;
            if line == end {
                break;
            }
            match line.contains(':') {
                true => has_headers = true,
                false => base64.push_str(line),
            }
        }
        let der = base64_decode(&base64)
            .ok_or_else(|| PkiError::malformed(format!("PEM block {label}"), "its content is no base64"))?;
        blocks.push(Block { label: label.to_owned(), der, has_headers });
    }
    Ok(blocks)
}

/// The content of the first block with `label`.
///
/// # Errors
/// There is none.
pub fn first(text: &str, label: &str) -> Result<Vec<u8>, PkiError> {
    let found = decode(text)?.into_iter().find(|block| block.label == label);
    found.map(|block| block.der).ok_or_else(|| PkiError::malformed("PEM", format!("there is no block {label:?}")))
}

/// The contents of all certificates in `text`, in order.
///
/// # Errors
/// Malformed PEM; no certificate at all.
pub fn certificates(text: &str) -> Result<Vec<Vec<u8>>, PkiError> {
    let found: Vec<_> =
        decode(text)?.into_iter().filter(|block| block.label == CERTIFICATE).map(|block| block.der).collect();
    if found.is_empty() {
        return Err(PkiError::malformed("PEM", "there is no certificate"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_round_trip_and_noise_is_passed_over() {
        let der: Vec<u8> = (0..=200).collect();
        let text = format!("subject=x\n{}\n{}", encode("A B", &der), encode(CERTIFICATE, &[1, 2]));
        let blocks = decode(&text).unwrap();
        assert_eq!(blocks.len(), 2);
        assert_eq!(blocks[0], Block { label: "A B".into(), der, has_headers: false });
        assert_eq!(first(&text, CERTIFICATE).unwrap(), [1, 2]);
        assert!(first(&text, PRIVATE_KEY).is_err());
        assert!(decode("-----BEGIN X-----\nAAAA").is_err());
        assert!(decode("-----BEGIN X-----\n!\n-----END X-----").is_err());
    }
}
