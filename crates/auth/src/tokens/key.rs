//! Public keys with which tokens are verified.

use apimachinery::{Value, value};
use aws_lc_rs::{
    digest,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256,
        UnparsedPublicKey, VerificationAlgorithm,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use x509_parser::{prelude::FromDer, public_key::PublicKey as Parsed, x509::SubjectPublicKeyInfo};

use super::TokenError;

/// A key and its name.
pub(super) struct PublicKey {
    /// The hash of the key: upstream's key identifier.
    pub(super) id: String,
    /// `ES256`, `ES384`, `ES512` or `RS256`.
    pub(super) algorithm: &'static str,
    bytes: Vec<u8>,
    /// As JSON Web Keys spell it.
    parameters: Value,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo.
    pub(super) fn from_der(der: &[u8]) -> Result<PublicKey, TokenError> {
        let malformed = || TokenError::Key("it is no RSA, P-256, P-384 or P-521 key");
        let (_, info) = SubjectPublicKeyInfo::from_der(der).map_err(|_| malformed())?;
        let bytes = info.subject_public_key.data.to_vec();
        let (algorithm, parameters) = match info.parsed().map_err(|_| malformed())? {
            Parsed::EC(point) if point.data().len() == 65 => ("ES256", elliptic("P-256", point.data())),
            Parsed::EC(point) if point.data().len() == 97 => ("ES384", elliptic("P-384", point.data())),
            Parsed::EC(point) if point.data().len() == 133 => ("ES512", elliptic("P-521", point.data())),
            Parsed::RSA(key) => {
                let trimmed = |bytes: &[u8]| {
                    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                    URL_SAFE_NO_PAD.encode(&bytes[zeros..])
                };
                ("RS256", value!({"kty": "RSA", "n": trimmed(key.modulus), "e": trimmed(key.exponent)}))
            }
            _ => return Err(malformed()),
        };
        let id = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, der));
        Ok(PublicKey { id, algorithm, bytes, parameters })
    }

    /// Whether `signature` is this key's.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &dyn VerificationAlgorithm = match self.algorithm {
            "ES256" => &ECDSA_P256_SHA256_FIXED,
            "ES384" => &ECDSA_P384_SHA384_FIXED,
            "ES512" => &ECDSA_P521_SHA512_FIXED,
            _ => &RSA_PKCS1_2048_8192_SHA256,
        };
        UnparsedPublicKey::new(algorithm, &self.bytes).verify(message, signature).is_ok()
    }

    /// The key as a JSON Web Key.
    pub(super) fn to_value(&self) -> Value {
        let mut key = self.parameters.clone();
        key.set(&["use"], "sig");
        key.set(&["kid"], &self.id);
        key.set(&["alg"], self.algorithm);
        key
    }
}

fn elliptic(curve: &str, point: &[u8]) -> Value {
    // Uncompressed: a four, then both coordinates.
    let (x, y) = point[1..].split_at(point.len() / 2);
    value!({"kty": "EC", "crv": curve, "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)})
}
