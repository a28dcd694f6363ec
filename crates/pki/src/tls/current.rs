//! A certificate that is replaced while it is shown.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::{
    SignatureScheme,
    client::ResolvesClientCert,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::certified_key;
use crate::{Credential, PkiError};

/// What a server, or a client, shows now: each handshake takes the certificate of its time. None until there is a first.
#[derive(Debug, Default)]
pub struct CurrentCertificate(RwLock<Option<Arc<CertifiedKey>>>);

impl CurrentCertificate {
    /// One that shows `credential` first.
    ///
    /// # Errors
    /// Malformed PEM; a key of another certificate.
    pub fn new(credential: &Credential) -> Result<Arc<CurrentCertificate>, PkiError> {
        let current = CurrentCertificate::default();
        current.replace(credential)?;
        Ok(Arc::new(current))
    }

    /// Shows `credential` from now on; connections that are there go on with what they were shown.
    ///
    /// # Errors
    /// Malformed PEM; a key of another certificate.
    pub fn replace(&self, credential: &Credential) -> Result<(), PkiError> {
        let key = certified_key(&credential.certificate_pem, &credential.key_pem)?;
        // Nobody panics while holding the lock: it holds one assignment.
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(key));
        Ok(())
    }

    fn get(&self) -> Option<Arc<CertifiedKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for CurrentCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.get()
    }
}

impl ResolvesClientCert for CurrentCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.get()
    }

    fn has_certs(&self) -> bool {
        self.get().is_some()
    }
}
