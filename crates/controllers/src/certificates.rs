//! Certificate signing requests: those of kubelets are approved, approved ones are signed, old ones removed.

mod approve;
mod clean;
mod sign;
#[cfg(test)]
mod tests;
mod validate;

use apimachinery::{Object, Value, base64_decode};

use crate::ControllerDescriptor;

pub(crate) const KUBELET_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
pub(crate) const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";
pub(crate) const API_SERVER_CLIENT: &str = "kubernetes.io/kube-apiserver-client";
pub(crate) const LEGACY_UNKNOWN: &str = "kubernetes.io/legacy-unknown";

const WORKERS: usize = 5;

/// Approves the requests of kubelets.
pub const APPROVING_DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "certificatesigningrequest-approving-controller",
    service_account: "certificate-controller",
    start: |context| Box::pin(approve::run(context)),
};

/// Signs approved requests for the built-in signers.
pub const SIGNING_DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "certificatesigningrequest-signing-controller",
    service_account: "certificate-controller",
    start: |context| Box::pin(sign::run(context)),
};

/// Removes old requests.
pub const CLEANER_DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "certificatesigningrequest-cleaner-controller",
    service_account: "certificate-controller",
    start: |context| Box::pin(clean::run(context)),
};

fn has_condition(request: &Object, kind: &str) -> bool {
    crate::pods::condition(request, kind).is_some()
}

fn is_issued(request: &Object) -> bool {
    request.status().str_at("certificate").is_some_and(|certificate| !certificate.is_empty())
}

fn signer_name(request: &Object) -> &str {
    request.spec().str_at("signerName").unwrap_or_default()
}

/// The request itself, PEM.
fn pem(request: &Object) -> Vec<u8> {
    request.spec().str_at("request").and_then(base64_decode).unwrap_or_default()
}

fn usages(request: &Object) -> Vec<&str> {
    request.spec().list_at("usages").iter().filter_map(Value::as_str).collect()
}
