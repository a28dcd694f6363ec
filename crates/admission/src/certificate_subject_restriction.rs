//! `CertificateSubjectRestriction`: nobody asks for a client certificate of `system:masters`, nor of those who get the
//! cluster's keys.

use std::sync::Arc;

use apimachinery::{Object, Status, base64_decode};
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;
use pki::SigningRequest;

use crate::{certificate_approval::is_requests, forbidden};

const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client";

/// Groups that no certificate gives: upstream's administrators, and servers with a token of their own, who get the keys
/// of the cluster (`sagong`: `server_join`).
const REFUSED_GROUPS: [&str; 2] = ["system:masters", "sagong:servers"];

pub(crate) struct CertificateSubjectRestriction;

/// The PKCS #10 request in a signing request.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse_request(object: &Object) -> Result<SigningRequest, String> {
    let encoded = object.str_at(&["spec", "request"]).unwrap_or_default();
    let text = base64_decode(encoded).and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or("PEM block type must be CERTIFICATE REQUEST")?;
    SigningRequest::parse(&text).map_err(|error| error.to_string())
}

fn check(object: &Object) -> Result<(), String> {
    if object.str_at(&["spec", "signerName"]) != Some(CLIENT_SIGNER) {
        return Ok(());
    }
    let request = parse_request(object).map_err(|problem| format!("failed to parse CSR: {problem}"))?;
    match REFUSED_GROUPS.iter().find(|refused| request.organizations.iter().any(|group| group == **refused)) {
        Some(group) => Err(format!("use of {CLIENT_SIGNER} signer with {group} group is not allowed")),
        None => Ok(()),
    }
}

#[async_trait]
impl AdmissionPlugin for CertificateSubjectRestriction {
    fn name(&self) -> &'static str {
        "CertificateSubjectRestriction"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        operation == Operation::Create && is_requests(resource) && subresource.is_empty()
    }

    async fn validate(&self, _: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        match attributes.object.as_deref().map(check) {
            Some(Err(problem)) => Err(forbidden(attributes, problem)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::{base64_encode, value};

    use super::*;

    #[test]
    fn masters_and_servers_cannot_be_asked_for() {
        let key = pki::PrivateKey::generate().unwrap();
        let object = |group: &str, signer: &str| {
            let text = SigningRequest::create(&key, "u", &[group.to_owned(), "x".to_owned()], &[], &[]).unwrap();
            Object(value!({"spec": {"signerName": signer, "request": base64_encode(text.as_bytes())}}))
        };
        for group in ["system:masters", "sagong:servers"] {
            let refused = check(&object(group, CLIENT_SIGNER)).unwrap_err();
            assert_eq!(
                refused,
                format!("use of kubernetes.io/kube-apiserver-client signer with {group} group is not allowed")
            );
        }
        assert!(check(&object("devs", CLIENT_SIGNER)).is_ok());
        assert!(check(&object("system:masters", "example.com/other")).is_ok());
        let broken = Object(value!({"spec": {"signerName": CLIENT_SIGNER, "request": "eA=="}}));
        assert!(check(&broken).unwrap_err().starts_with("failed to parse CSR"));
    }
}
