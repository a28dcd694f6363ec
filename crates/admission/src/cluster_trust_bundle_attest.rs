//! `ClusterTrustBundleAttest`: who writes a signer's trust bundle must be allowed to attest for it.

use std::sync::Arc;

use apimachinery::Status;
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;

use crate::{forbidden, may_use_signer};

pub(crate) struct ClusterTrustBundleAttest;

#[async_trait]
impl AdmissionPlugin for ClusterTrustBundleAttest {
    fn name(&self) -> &'static str {
        "ClusterTrustBundleAttest"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, _: &str) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
            && resource.group == "certificates.k8s.io"
            && resource.resource == "clustertrustbundles"
    }

    async fn validate(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let Some(bundle) = attributes.object.as_deref() else { return Ok(()) };
        let signer = bundle.str_at(&["spec", "signerName"]).unwrap_or_default();
        let unchanged = attributes.old_object.is_some_and(|old| old.get("spec") == bundle.get("spec"));
        if signer.is_empty() || unchanged || may_use_signer(server, attributes, "attest", signer) {
            return Ok(());
        }
        Err(forbidden(attributes, format!("user not permitted to attest for signerName {signer:?}")))
    }
}
