//! The built-in admission plugins, one file each.
//!
//! Each plugin looks at a write through the server's caches, changes the object or refuses it, in upstream's
//! words. They are stateless: what they need to know stands in the objects.
//!
//! This crate never decides who may ask (that is `auth`), never validates a field for its own sake (that is
//! `resources`), and never waits for anything but the store. Start reading at [`ORDERED`]. Upstream's
//! counterpart is `plugin/pkg/admission`.

mod certificate_approval;
mod certificate_signing;
mod certificate_subject_restriction;
mod cluster_trust_bundle_attest;
mod default_ingress_class;
mod default_storage_class;
mod default_toleration_seconds;
mod limit_ranger;
mod namespace_lifecycle;
mod node_restriction;
mod pod;
mod pod_security;
mod pod_topology_labels;
mod priority;
mod quantities;
mod resource_quota;
mod runtime_class;
mod service_account;
mod storage_object_in_use_protection;
mod taint_nodes_by_condition;

use std::sync::Arc;

use apimachinery::{Status, Value};
use apiserver::{AdmissionPlugin, Attributes, Server, authorization};
use auth::rbac::{RbacAuthorizer, RbacEscalation};

/// Makes one plugin.
type Make = fn() -> Arc<dyn AdmissionPlugin>;

/// The plugins in upstream's order, which is behaviour: what one sets the next one judges.
pub const ORDERED: &[Make] = &[
    || Arc::new(namespace_lifecycle::NamespaceLifecycle),
    || Arc::new(limit_ranger::LimitRanger),
    || Arc::new(service_account::ServiceAccount),
    || Arc::new(node_restriction::NodeRestriction),
    || Arc::new(taint_nodes_by_condition::TaintNodesByCondition),
    || Arc::new(pod_security::PodSecurity),
    || Arc::new(priority::Priority),
    || Arc::new(default_toleration_seconds::DefaultTolerationSeconds),
    || Arc::new(default_storage_class::DefaultStorageClass),
    || Arc::new(storage_object_in_use_protection::StorageObjectInUseProtection),
    || Arc::new(runtime_class::RuntimeClass),
    || Arc::new(certificate_approval::CertificateApproval),
    || Arc::new(certificate_signing::CertificateSigning),
    || Arc::new(cluster_trust_bundle_attest::ClusterTrustBundleAttest),
    || Arc::new(certificate_subject_restriction::CertificateSubjectRestriction),
    || Arc::new(default_ingress_class::DefaultIngressClass),
    || Arc::new(pod_topology_labels::PodTopologyLabels),
    || Arc::new(resource_quota::ResourceQuota),
];

/// The chain of a server: every plugin, and the check that nobody grants what they do not hold, before quota
/// is charged.
pub fn chain(rbac: &Arc<RbacAuthorizer>) -> Vec<Arc<dyn AdmissionPlugin>> {
    let mut chain: Vec<Arc<dyn AdmissionPlugin>> = ORDERED.iter().map(|make| make()).collect();
    let last = chain.len() - 1;
    chain.insert(last, Arc::new(RbacEscalation::new(rbac.clone())));
    chain
}

/// A refusal that names the object.
fn forbidden(attributes: &Attributes<'_>, problem: impl std::fmt::Display) -> Status {
    let object = attributes.object.as_deref().or(attributes.old_object);
    let own = object.map(|object| object.name()).unwrap_or_default();
    let generated = object.and_then(|object| object.metadata().str_at("generateName")).unwrap_or_default();
    let name = [attributes.name, own, generated].into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    Status::forbidden(&attributes.resource.group, &attributes.resource.resource, name, problem)
}

/// Whether the user may do `verb` to a signer, by its name or by its domain.
fn may_use_signer(server: &Server, attributes: &Attributes<'_>, verb: &str, signer: &str) -> bool {
    let domain = signer.split('/').next().unwrap_or_default();
    [signer.to_owned(), format!("{domain}/*")].iter().any(|name| {
        let action = authorization::Action::object(verb, "certificates.k8s.io", "signers", "", "", name);
        let decision = authorization::decide(server, &attributes.context.user, &action);
        matches!(decision, authorization::Decision::Allow(_))
    })
}

/// Whether the value is absent, null or empty.
fn is_unset(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::List(list)) => list.is_empty(),
        Some(Value::Map(map)) => map.is_empty(),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_upstreams_and_quota_is_last() {
        let names: Vec<&str> = chain(&Arc::new(RbacAuthorizer::new())).iter().map(|plugin| plugin.name()).collect();
        assert_eq!(
            names,
            [
                "NamespaceLifecycle",
                "LimitRanger",
                "ServiceAccount",
                "NodeRestriction",
                "TaintNodesByCondition",
                "PodSecurity",
                "Priority",
                "DefaultTolerationSeconds",
                "DefaultStorageClass",
                "StorageObjectInUseProtection",
                "RuntimeClass",
                "CertificateApproval",
                "CertificateSigning",
                "ClusterTrustBundleAttest",
                "CertificateSubjectRestriction",
                "DefaultIngressClass",
                "PodTopologyLabels",
                "RBACEscalation",
                "ResourceQuota"
            ]
        );
    }
}
