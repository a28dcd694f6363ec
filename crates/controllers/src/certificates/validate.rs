//! What each built-in signer signs.

use std::collections::BTreeSet;

use super::{API_SERVER_CLIENT, KUBELET_CLIENT, KUBELET_SERVING, LEGACY_UNKNOWN};
use crate::RequestedSubject;

/// Whether the signer is one of ours and signs this; the error is the reason why not.
pub(super) fn validate(signer: &str, subject: &RequestedSubject, usages: &[&str]) -> Option<Result<(), String>> {
    match signer {
        KUBELET_CLIENT => Some(kubelet_client(subject, usages)),
        KUBELET_SERVING => Some(kubelet_serving(subject, usages)),
        API_SERVER_CLIENT => Some(api_server_client(usages)),
        LEGACY_UNKNOWN => Some(Ok(())),
        _ => None,
    }
}

fn require(holds: bool, message: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(message.to_owned()) }
}

/// The usages must be these three, or these without key encipherment, which only RSA keys need.
fn require_usages(usages: &[&str], auth: &str) -> Result<(), String> {
    let given: BTreeSet<&str> = usages.iter().copied().collect();
    let with = BTreeSet::from(["digital signature", "key encipherment", auth]);
    let without = BTreeSet::from(["digital signature", auth]);
    let mut listed: Vec<&str> = with.iter().copied().collect();
    listed.sort_unstable();
    require(given == with || given == without, &format!("usages did not match [{}]", listed.join(" ")))
}

fn require_node(subject: &RequestedSubject) -> Result<(), String> {
    require(subject.common_name.starts_with("system:node:"), "subject common name does not begin with system:node:")
}

fn require_nodes_organization(subject: &RequestedSubject) -> Result<(), String> {
    require(subject.organizations == ["system:nodes"], "subject organization is not system:nodes")
}

pub(super) fn kubelet_client(subject: &RequestedSubject, usages: &[&str]) -> Result<(), String> {
    require_nodes_organization(subject)?;
    require(subject.dns_names.is_empty(), "DNS subjectAltNames are not allowed")?;
    require(subject.email_addresses.is_empty(), "Email subjectAltNames are not allowed")?;
    require(subject.ip_addresses.is_empty(), "IP subjectAltNames are not allowed")?;
    require(subject.uris.is_empty(), "URI subjectAltNames are not allowed")?;
    require_node(subject)?;
    require_usages(usages, "client auth")
}

fn kubelet_serving(subject: &RequestedSubject, usages: &[&str]) -> Result<(), String> {
    require_nodes_organization(subject)?;
    let named = !subject.dns_names.is_empty() || !subject.ip_addresses.is_empty();
    require(named, "DNS or IP subjectAltName is required")?;
    require(subject.email_addresses.is_empty(), "Email subjectAltNames are not allowed")?;
    require(subject.uris.is_empty(), "URI subjectAltNames are not allowed")?;
    require_usages(usages, "server auth")?;
    require_node(subject)
}

fn api_server_client(usages: &[&str]) -> Result<(), String> {
    for usage in usages {
        if !["digital signature", "key encipherment", "client auth"].contains(usage) {
            return Err(format!("invalid usage for client certificate: {usage}"));
        }
    }
    require(usages.contains(&"client auth"), "missing required usage for client certificate: client auth")
}
