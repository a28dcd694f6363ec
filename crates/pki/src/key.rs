//! Private keys: ECDSA P-256.

use std::{fmt, path::Path};

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};

use crate::{PkiError, files, pem};

/// What precedes the point in the SubjectPublicKeyInfo of a P-256 key.
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A private key with its PKCS #8 form.
pub struct PrivateKey {
    pkcs8: Vec<u8>,
    asn1: EcdsaKeyPair,
    fixed: EcdsaKeyPair,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PrivateKey(P-256)")
    }
}

impl PrivateKey {
    /// A new key.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn generate() -> Result<PrivateKey, PkiError> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
            .map_err(|_| PkiError::Crypto { operation: "generating a key" })?;
        PrivateKey::from_pkcs8(document.as_ref())
    }

    fn from_pkcs8(pkcs8: &[u8]) -> Result<PrivateKey, PkiError> {
        let parse = |algorithm| {
            EcdsaKeyPair::from_pkcs8(algorithm, pkcs8)
                .map_err(|_| PkiError::malformed("private key", "it is no ECDSA P-256 key in PKCS #8"))
        };
        Ok(PrivateKey {
            pkcs8: pkcs8.to_vec(),
            asn1: parse(&ECDSA_P256_SHA256_ASN1_SIGNING)?,
            fixed: parse(&ECDSA_P256_SHA256_FIXED_SIGNING)?,
        })
    }

    /// Reads PKCS #8 or SEC 1.
    ///
    /// # Errors
    /// The text holds no P-256 key.
    pub fn from_pem(text: &str) -> Result<PrivateKey, PkiError> {
        let known = |block: &pem::Block| matches!(block.label.as_str(), pem::PRIVATE_KEY | pem::EC_PRIVATE_KEY);
        let block = pem::decode(text)?
            .into_iter()
            .find(known)
            .ok_or_else(|| PkiError::malformed("private key", "there is no ECDSA key in this PEM text"))?;
        if block.label == pem::PRIVATE_KEY {
            return PrivateKey::from_pkcs8(&block.der);
        }
        let parsed = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, &block.der)
            .map_err(|_| PkiError::malformed("private key", "it is no ECDSA P-256 key"))?;
        let pkcs8 = parsed.to_pkcs8v1().map_err(|_| PkiError::Crypto { operation: "encoding a key" })?;
        PrivateKey::from_pkcs8(pkcs8.as_ref())
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// It cannot be read or holds no P-256 key.
    pub fn load(path: &Path) -> Result<PrivateKey, PkiError> {
        PrivateKey::from_pem(&files::read(path)?)
    }

    /// Reads a key file, or makes it (mode 0600).
    ///
    /// # Errors
    /// It cannot be read, holds no P-256 key, or cannot be written.
    pub fn load_or_create(path: &Path) -> Result<PrivateKey, PkiError> {
        if path.exists() {
            return PrivateKey::load(path);
        }
        let key = PrivateKey::generate()?;
        files::write_private(path, key.to_pem().as_bytes())?;
        Ok(key)
    }

    /// PKCS #8 in PEM.
    pub fn to_pem(&self) -> String {
        pem::encode(pem::PRIVATE_KEY, &self.pkcs8)
    }

    /// PKCS #8.
    pub fn to_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public key's SubjectPublicKeyInfo.
    pub fn public_key_info(&self) -> Vec<u8> {
        [&SPKI_PREFIX, self.public_point()].concat()
    }

    /// The public key's point, uncompressed: 4, x, y.
    pub fn public_point(&self) -> &[u8] {
        self.asn1.public_key().as_ref()
    }

    /// The public key in PEM.
    pub fn public_key_pem(&self) -> String {
        pem::encode(pem::PUBLIC_KEY, &self.public_key_info())
    }

    /// `sha256:` and the hash of the public key, by which keys are told apart.
    pub fn public_key_hash(&self) -> String {
        public_key_hash(&self.public_key_info())
    }

    /// Signs with SHA-256; the signature is an ASN.1 sequence, as in certificates.
    ///
    /// # Errors
    /// The crypto library refused.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, PkiError> {
        let signature = self.asn1.sign(&SystemRandom::new(), message);
        signature.map(|signature| signature.as_ref().to_vec()).map_err(|_| PkiError::Crypto { operation: "signing" })
    }

    /// Signs with SHA-256; the signature is 64 bytes, as in JSON Web Signatures (ES256).
    ///
    /// # Errors
    /// The crypto library refused.
    pub fn sign_fixed(&self, message: &[u8]) -> Result<Vec<u8>, PkiError> {
        let signature = self.fixed.sign(&SystemRandom::new(), message);
        signature.map(|signature| signature.as_ref().to_vec()).map_err(|_| PkiError::Crypto { operation: "signing" })
    }
}

/// Names a public key in certificates: 160 bits of its SHA-256 (RFC 7093).
pub(crate) fn key_identifier(public_key: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, public_key).as_ref()[..20].to_vec()
}

/// `sha256:` and the hash of a SubjectPublicKeyInfo, as `kubeadm join` pins an authority.
pub(crate) fn public_key_hash(public_key_info: &[u8]) -> String {
    format!("sha256:{}", sha256_hex(public_key_info))
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    digest::digest(&digest::SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    #[test]
    fn keys_round_trip_and_sign() {
        let key = PrivateKey::generate().unwrap();
        let again = PrivateKey::from_pem(&key.to_pem()).unwrap();
        assert_eq!(again.public_point(), key.public_point());
        let message = b"message";
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.public_point())
            .verify(message, &again.sign(message).unwrap())
            .unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_point())
            .verify(message, &again.sign_fixed(message).unwrap())
            .unwrap();
        assert!(PrivateKey::from_pem("nothing").is_err());
    }
}
