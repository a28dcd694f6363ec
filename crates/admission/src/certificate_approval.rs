//! `CertificateApproval`: who approves a request must be allowed to for its signer.

use std::sync::Arc;

use apimachinery::Status;
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;

use crate::{forbidden, may_use_signer};

pub(crate) struct CertificateApproval;

/// Whether the resource is signing requests.
pub(crate) fn is_requests(resource: &ResourceKind) -> bool {
    resource.group == "certificates.k8s.io" && resource.resource == "certificatesigningrequests"
}

#[async_trait]
impl AdmissionPlugin for CertificateApproval {
    fn name(&self) -> &'static str {
        "CertificateApproval"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        operation == Operation::Update && is_requests(resource) && subresource == "approval"
    }

    async fn validate(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        // The old signer counts: the new object may name another one.
        let signer = attributes.old_object.and_then(|old| old.str_at(&["spec", "signerName"])).unwrap_or_default();
        if may_use_signer(server, attributes, "approve", signer) {
            return Ok(());
        }
        Err(forbidden(attributes, format!("user not permitted to approve requests with signerName {signer:?}")))
    }
}
