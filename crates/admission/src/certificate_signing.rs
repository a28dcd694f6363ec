//! `CertificateSigning`: who signs a request must be allowed to for its signer.

use std::sync::Arc;

use apimachinery::Status;
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;

use crate::{certificate_approval::is_requests, forbidden, may_use_signer};

pub(crate) struct CertificateSigning;

#[async_trait]
impl AdmissionPlugin for CertificateSigning {
    fn name(&self) -> &'static str {
        "CertificateSigning"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        operation == Operation::Update && is_requests(resource) && subresource == "status"
    }

    async fn validate(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let (Some(object), Some(old)) = (attributes.object.as_deref(), attributes.old_object) else { return Ok(()) };
        let same = |field: &str| object.at(&["status", field]) == old.at(&["status", field]);
        if same("certificate") && same("conditions") {
            return Ok(());
        }
        let signer = old.str_at(&["spec", "signerName"]).unwrap_or_default();
        if may_use_signer(server, attributes, "sign", signer) {
            return Ok(());
        }
        Err(forbidden(attributes, format!("user not permitted to sign requests with signerName {signer:?}")))
    }
}
