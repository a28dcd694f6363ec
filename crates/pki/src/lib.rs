//! Keys and certificates: a small certificate authority, PEM and DER, key files, kubeconfigs, and the TLS
//! configurations made of them.
//!
//! Every key made here is ECDSA P-256; those of a cluster that moves in may be RSA, or of other curves. Certificates
//! are written by the few lines of DER in `der`: a signing request's subject, names and key are copied byte for byte
//! into the certificate, so that several organizations (a user's groups) survive in whatever form the client wrote
//! them.
//!
//! This crate never opens a connection, never decides who may have a certificate, and never logs a key.
//! Start reading at [`CertificateAuthority`]. Upstream's counterparts are `client-go/util/cert`, `keyutil`
//! and the signer of `pkg/controller/certificates`.

mod authority;
mod der;
mod files;
mod key;
mod kubeconfig;
pub mod pem;
mod profile;
mod signing_request;
pub mod tls;
pub mod trust_anchors;

pub use authority::{CertificateAuthority, Credential};
pub use files::{write_private, write_public};
pub use key::PrivateKey;
pub use kubeconfig::{ClientCredential, Kubeconfig};
pub use profile::{Profile, Usages};
pub use signing_request::SigningRequest;

use std::path::{Path, PathBuf};

/// Why something of keys or certificates failed. No message holds a key.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file could not be read or written.
    #[error("{operation} {}: {source}", .path.display())]
    File {
        /// What was being done.
        operation: &'static str,
        /// To which file.
        path: PathBuf,
        /// The kernel's error.
        source: std::io::Error,
    },
    /// Text or bytes are not what they should be.
    #[error("{what}: {problem}")]
    Malformed {
        /// What was being read.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The crypto library refused.
    #[error("{operation} failed")]
    Crypto {
        /// What was being done.
        operation: &'static str,
    },
    /// rustls refused.
    #[error("TLS configuration: {0}")]
    Tls(String),
    /// A usage that no certificate can carry.
    #[error("unrecognized usage {0:?}")]
    UnknownUsage(String),
}

impl PkiError {
    pub(crate) fn malformed(what: impl Into<String>, problem: impl std::fmt::Display) -> PkiError {
        PkiError::Malformed { what: what.into(), problem: problem.to_string() }
    }

    /// Names the file whose content is not what it should be.
    fn of_file(self, path: &Path) -> PkiError {
        match self {
            PkiError::Malformed { what, problem } => {
                PkiError::Malformed { what: format!("{what} {}", path.display()), problem }
            }
            other => other,
        }
    }
}

/// When a certificate in PEM ends: whoever rotates it plans from this.
///
/// # Errors
/// The text holds no certificate.
pub fn expires_at(certificate_pem: &str) -> Result<jiff::Timestamp, PkiError> {
    Ok(validity(certificate_pem)?.1)
}

/// When a certificate in PEM begins and ends.
///
/// # Errors
/// The text holds no certificate.
pub fn validity(certificate_pem: &str) -> Result<(jiff::Timestamp, jiff::Timestamp), PkiError> {
    let der = pem::first(certificate_pem, pem::CERTIFICATE)?;
    let (_, certificate) =
        x509_parser::parse_x509_certificate(&der).map_err(|error| PkiError::malformed("certificate", error))?;
    let time = |seconds: i64| {
        jiff::Timestamp::from_second(seconds).map_err(|error| PkiError::malformed("validity of a certificate", error))
    };
    let validity = certificate.validity();
    Ok((time(validity.not_before.timestamp())?, time(validity.not_after.timestamp())?))
}

/// `sha256:` and the hash of the public key of a certificate in PEM: [`CertificateAuthority::public_key_hash`]
/// of who has the certificate alone.
///
/// # Errors
/// The text holds no certificate.
pub fn public_key_hash(certificate_pem: &str) -> Result<String, PkiError> {
    let der = pem::first(certificate_pem, pem::CERTIFICATE)?;
    let (_, certificate) =
        x509_parser::parse_x509_certificate(&der).map_err(|error| PkiError::malformed("certificate", error))?;
    Ok(key::public_key_hash(certificate.public_key().raw))
}

/// SHA-256 in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    key::sha256_hex(bytes)
}

/// Random bytes from the crypto library.
///
/// # Errors
/// The system has none.
pub fn random_bytes<const LENGTH: usize>() -> Result<[u8; LENGTH], PkiError> {
    let mut bytes = [0; LENGTH];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| PkiError::Crypto { operation: "drawing random bytes" })?;
    Ok(bytes)
}
