//! The cluster's authority as the signer of certificate requests.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use controllers::{CertificateSigner, RequestedSubject};
use pki::{CertificateAuthority, PkiError, SigningRequest, Usages};

use crate::identity::YEAR;

/// Signs for upstream's built-in signers, all with the cluster's one authority.
pub(crate) struct ClusterSigner(pub(crate) Arc<CertificateAuthority>);

fn parse(request: &[u8]) -> Result<SigningRequest, String> {
    let text = std::str::from_utf8(request).map_err(|_| "the request is no PEM text".to_owned())?;
    SigningRequest::parse(text).map_err(|error| error.to_string())
}

#[async_trait]
impl CertificateSigner for ClusterSigner {
    async fn sign(
        &self,
        _: &str,
        request: &[u8],
        usages: &[&str],
        duration_seconds: Option<i64>,
    ) -> Result<String, String> {
        let asked = duration_seconds.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
        // A year is the most, as upstream's --cluster-signing-duration.
        let lifetime = asked.map_or(YEAR, |asked| asked.min(YEAR));
        let said = |error: PkiError| error.to_string();
        let usages = Usages::parse(usages.iter().copied()).map_err(said)?;
        self.0.sign_request(&parse(request)?, usages, lifetime).map_err(said)
    }

    fn subject(&self, request: &[u8]) -> Result<RequestedSubject, String> {
        let request = parse(request)?;
        Ok(RequestedSubject {
            common_name: request.common_name,
            organizations: request.organizations,
            dns_names: request.dns_names,
            ip_addresses: request.ip_addresses.iter().map(ToString::to_string).collect(),
            email_addresses: request.email_addresses,
            uris: request.uris,
        })
    }
}
