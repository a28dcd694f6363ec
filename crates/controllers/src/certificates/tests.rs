use std::sync::Arc;

use apimachinery::{Object, Value, base64_encode, value};
use async_trait::async_trait;
use client::{
    kinds::CERTIFICATE_SIGNING_REQUESTS,
    testing::{FakeApi, merge, settle},
};

use super::*;
use crate::{CertificateSigner, Context, RequestedSubject, Settings, pods};

/// Reads requests of the form `CN|O`, and signs by saying so.
struct Clerk;

#[async_trait]
impl CertificateSigner for Clerk {
    async fn sign(&self, signer: &str, _: &[u8], _: &[&str], seconds: Option<i64>) -> Result<String, String> {
        Ok(format!("signed by {signer} for {seconds:?}"))
    }

    fn subject(&self, request: &[u8]) -> Result<RequestedSubject, String> {
        let text = String::from_utf8_lossy(request).into_owned();
        let (name, organization) = text.split_once('|').ok_or("nonsense")?;
        Ok(RequestedSubject {
            common_name: name.into(),
            organizations: vec![organization.into()],
            ..RequestedSubject::default()
        })
    }
}

fn request(name: &str, subject: &str, change: Value) -> Value {
    let mut request = value!({
        "metadata": {"name": name},
        "spec": {
            "signerName": KUBELET_CLIENT, "username": "system:node:n1", "expirationSeconds": 1,
            "request": base64_encode(subject.as_bytes()), "usages": ["digital signature", "client auth"]
        }
    });
    merge(&mut request, &change);
    request
}

fn start(api: &FakeApi) {
    for start in [APPROVING_DESCRIPTOR.start, SIGNING_DESCRIPTOR.start, CLEANER_DESCRIPTOR.start] {
        let settings = Settings { signer: Some(Arc::new(Clerk)), ..Settings::for_tests(&[]) };
        tokio::spawn(start(Context::with_settings(api, settings)));
    }
}

#[tokio::test(start_paused = true)]
async fn kubelets_get_their_certificates() {
    let api = FakeApi::new();
    start(&api);
    api.seed(&CERTIFICATE_SIGNING_REQUESTS, request("node", "system:node:n1|system:nodes", value!({})));
    api.seed(&CERTIFICATE_SIGNING_REQUESTS, request("user", "admin|system:masters", value!({})));
    settle(1).await;
    let node = api.get(&CERTIFICATE_SIGNING_REQUESTS, "", "node").unwrap();
    let certificate = node.status().str_at("certificate").and_then(base64_decode).unwrap();
    assert_eq!(String::from_utf8(certificate).unwrap(), format!("signed by {KUBELET_CLIENT} for Some(600)"));
    let message = pods::condition(&node, "Approved").unwrap().str_at(&["message"]).unwrap();
    assert!(message.contains("self kubelet"), "{message}");
    let user = api.get(&CERTIFICATE_SIGNING_REQUESTS, "", "user").unwrap();
    assert!(user.status().is_empty(), "nobody approves that");
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_is_not_approved_and_what_must_not_be_is_not_signed() {
    let api = FakeApi::new();
    api.deny_access();
    start(&api);
    api.seed(&CERTIFICATE_SIGNING_REQUESTS, request("node", "system:node:n1|system:nodes", value!({})));
    let now = apimachinery::time::format_seconds(stdx::clock::now());
    let approved = value!({"status": {"conditions": [{"type": "Approved", "status": "True", "lastUpdateTime": now}]}});
    api.seed(&CERTIFICATE_SIGNING_REQUESTS, request("wrong", "admin|system:nodes", approved));
    settle(1).await;
    assert!(!has_condition(&api.get(&CERTIFICATE_SIGNING_REQUESTS, "", "node").unwrap(), "Approved"));
    let wrong = api.get(&CERTIFICATE_SIGNING_REQUESTS, "", "wrong").unwrap();
    let failed = pods::condition(&wrong, "Failed").unwrap();
    assert_eq!(failed.str_at(&["message"]), Some("subject common name does not begin with system:node:"));
    assert!(!is_issued(&wrong));
}

#[test]
fn old_requests_go() {
    let at = |status: Value| {
        let metadata = value!({"creationTimestamp": "2026-01-01T00:00:00Z"});
        super::clean::expires(&Object(value!({"metadata": metadata, "status": status}))).unwrap().to_string()
    };
    let condition = |kind: &str| value!([{"type": kind, "status": "True", "lastUpdateTime": "2026-01-02T00:00:00Z"}]);
    assert_eq!(at(value!({})), "2026-01-02T00:00:00Z");
    assert_eq!(at(value!({"conditions": condition("Denied")})), "2026-01-02T01:00:00Z");
    assert_eq!(at(value!({"conditions": condition("Approved")})), "2026-01-03T00:00:00Z");
    assert_eq!(at(value!({"conditions": condition("Approved"), "certificate": "x"})), "2026-01-02T01:00:00Z");
}
