//! Private keys. Those made here are ECDSA P-256; those of a cluster that moves in may be of other kinds.

use std::{fmt, path::Path};

use aws_lc_rs::{
    digest,
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    error::{KeyRejected, Unspecified},
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
        ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256,
    },
};

use crate::{PkiError, der, files, pem};

/// A curve, and how its keys sign: with the hash that belongs to it in JSON Web Signatures, and in Go's certificates.
struct Curve {
    name: &'static str,
    asn1: &'static EcdsaSigningAlgorithm,
    fixed: &'static EcdsaSigningAlgorithm,
    /// The object identifier of its signatures in certificates.
    signatures: &'static [u8],
}

const CURVES: [Curve; 3] = [
    Curve {
        name: "P-256",
        asn1: &ECDSA_P256_SHA256_ASN1_SIGNING,
        fixed: &ECDSA_P256_SHA256_FIXED_SIGNING,
        signatures: der::ECDSA_WITH_SHA256,
    },
    Curve {
        name: "P-384",
        asn1: &ECDSA_P384_SHA384_ASN1_SIGNING,
        fixed: &ECDSA_P384_SHA384_FIXED_SIGNING,
        signatures: der::ECDSA_WITH_SHA384,
    },
    Curve {
        name: "P-521",
        asn1: &ECDSA_P521_SHA512_ASN1_SIGNING,
        fixed: &ECDSA_P521_SHA512_FIXED_SIGNING,
        signatures: der::ECDSA_WITH_SHA512,
    },
];

/// A private key: RSA of 2048 to 8192 bits, or ECDSA on P-256, P-384 or P-521.
pub struct PrivateKey {
    signer: Signer,
    pkcs8: Vec<u8>,
    public_key_info: Vec<u8>,
}

enum Signer {
    /// One and the same key, in the two forms that its signatures have.
    Elliptic {
        curve: &'static Curve,
        asn1: EcdsaKeyPair,
        fixed: EcdsaKeyPair,
    },
    Rsa(rsa::KeyPair),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.signer {
            Signer::Elliptic { curve, .. } => write!(formatter, "PrivateKey({})", curve.name),
            Signer::Rsa(pair) => write!(formatter, "PrivateKey(RSA-{})", pair.public_modulus_len() * 8),
        }
    }
}

impl PrivateKey {
    /// A new key, ECDSA P-256.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn generate() -> Result<PrivateKey, PkiError> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
            .map_err(|_| PkiError::Crypto { operation: "generating a key" })?;
        PrivateKey::from_der(pem::PRIVATE_KEY, document.as_ref())
    }

    /// Reads PKCS #8, PKCS #1 or SEC 1.
    ///
    /// # Errors
    /// The text holds no key, or one of a kind that is not read: the message names those that are.
    pub fn from_pem(text: &str) -> Result<PrivateKey, PkiError> {
        let known = [pem::PRIVATE_KEY, pem::RSA_PRIVATE_KEY, pem::EC_PRIVATE_KEY];
        let block = pem::decode(text)?.into_iter().find(|block| known.contains(&block.label.as_str()));
        let block = block.ok_or_else(|| refused("there is none in this PEM text"))?;
        PrivateKey::from_der(&block.label, &block.der)
    }

    fn from_der(label: &str, der: &[u8]) -> Result<PrivateKey, PkiError> {
        let signer = match label {
            pem::RSA_PRIVATE_KEY => rsa::KeyPair::from_der(der).map(Signer::Rsa),
            pem::EC_PRIVATE_KEY => Signer::elliptic(der),
            _ => Signer::elliptic(der).or_else(|_| rsa::KeyPair::from_pkcs8(der).map(Signer::Rsa)),
        };
        let signer = signer.map_err(|rejected| refused(format!("this one is none ({rejected})")))?;
        let (pkcs8, public_key_info) = signer.encode().map_err(|_| PkiError::Crypto { operation: "encoding a key" })?;
        Ok(PrivateKey { signer, pkcs8, public_key_info })
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// It cannot be read, or as [`PrivateKey::from_pem`].
    pub fn load(path: &Path) -> Result<PrivateKey, PkiError> {
        PrivateKey::from_pem(&files::read(path)?).map_err(|error| error.of_file(path))
    }

    /// Reads a key file, or makes it (mode 0600).
    ///
    /// # Errors
    /// As [`PrivateKey::load`]; it cannot be written.
    pub fn load_or_create(path: &Path) -> Result<PrivateKey, PkiError> {
        if path.exists() {
            return PrivateKey::load(path);
        }
        let key = PrivateKey::generate()?;
        files::write_private(path, key.to_pem().as_bytes())?;
        Ok(key)
    }

    /// PKCS #8 in PEM, whatever it was read from.
    pub fn to_pem(&self) -> String {
        pem::encode(pem::PRIVATE_KEY, &self.pkcs8)
    }

    /// The public key's SubjectPublicKeyInfo.
    pub fn public_key_info(&self) -> &[u8] {
        &self.public_key_info
    }

    /// What the SubjectPublicKeyInfo has in its bit string: a point, or an RSA key's modulus and exponent in DER.
    pub(crate) fn public_key(&self) -> &[u8] {
        match &self.signer {
            Signer::Elliptic { asn1, .. } => asn1.public_key().as_ref(),
            Signer::Rsa(pair) => pair.public_key().as_ref(),
        }
    }

    /// The public key in PEM.
    pub fn public_key_pem(&self) -> String {
        pem::encode(pem::PUBLIC_KEY, &self.public_key_info)
    }

    /// `sha256:` and the hash of the public key, by which keys are told apart.
    pub fn public_key_hash(&self) -> String {
        public_key_hash(&self.public_key_info)
    }

    /// The AlgorithmIdentifier of what [`PrivateKey::sign`] makes.
    pub(crate) fn signature_algorithm(&self) -> Vec<u8> {
        match &self.signer {
            Signer::Elliptic { curve, .. } => der::sequence(&[&der::object_identifier(curve.signatures)]),
            Signer::Rsa(_) => der::sequence(&[&der::object_identifier(der::SHA256_WITH_RSA), &der::null()]),
        }
    }

    /// Signs as in certificates: PKCS #1 v1.5 with SHA-256, or ECDSA in an ASN.1 sequence with the curve's hash, which
    /// is SHA-256 on P-256, SHA-384 on P-384 and SHA-512 on P-521.
    ///
    /// # Errors
    /// The crypto library refused.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, PkiError> {
        match &self.signer {
            Signer::Elliptic { asn1, .. } => sign_elliptic(asn1, message),
            Signer::Rsa(pair) => sign_rsa(pair, message),
        }
    }

    /// Signs as in JSON Web Signatures: RS256, ES256, ES384 or ES512, whichever is the key's.
    ///
    /// # Errors
    /// The crypto library refused.
    pub fn sign_token(&self, message: &[u8]) -> Result<Vec<u8>, PkiError> {
        match &self.signer {
            Signer::Elliptic { fixed, .. } => sign_elliptic(fixed, message),
            Signer::Rsa(pair) => sign_rsa(pair, message),
        }
    }
}

impl Signer {
    /// Reads SEC 1 or PKCS #8 of any of the curves.
    fn elliptic(der: &[u8]) -> Result<Signer, KeyRejected> {
        let read = |curve: &'static Curve| {
            let pair = |algorithm| EcdsaKeyPair::from_private_key_der(algorithm, der);
            Ok(Signer::Elliptic { curve, asn1: pair(curve.asn1)?, fixed: pair(curve.fixed)? })
        };
        let [first, others @ ..] = &CURVES;
        others.iter().fold(read(first), |found, curve| found.or_else(|_| read(curve)))
    }

    /// PKCS #8, and the public key's SubjectPublicKeyInfo.
    fn encode(&self) -> Result<(Vec<u8>, Vec<u8>), Unspecified> {
        let (pkcs8, public): (Vec<u8>, PublicKeyX509Der<'_>) = match self {
            Signer::Elliptic { asn1, .. } => (asn1.to_pkcs8v1()?.as_ref().to_vec(), asn1.public_key().as_der()?),
            Signer::Rsa(pair) => {
                let pkcs8: Pkcs8V1Der<'_> = pair.as_der()?;
                (pkcs8.as_ref().to_vec(), pair.public_key().as_der()?)
            }
        };
        Ok((pkcs8, public.as_ref().to_vec()))
    }
}

fn sign_elliptic(pair: &EcdsaKeyPair, message: &[u8]) -> Result<Vec<u8>, PkiError> {
    let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| PkiError::Crypto { operation: "signing" })?;
    Ok(signature.as_ref().to_vec())
}

fn sign_rsa(pair: &rsa::KeyPair, message: &[u8]) -> Result<Vec<u8>, PkiError> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
        .map_err(|_| PkiError::Crypto { operation: "signing" })?;
    Ok(signature)
}

fn refused(problem: impl fmt::Display) -> PkiError {
    let problem = format!(
        "RSA of 2048 to 8192 bits and ECDSA on P-256, P-384 or P-521 are read, in PKCS #8, PKCS #1 or SEC 1 and not \
         encrypted; {problem}"
    );
    PkiError::malformed("private key", problem)
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
pub(crate) mod tests;
