use std::sync::Arc;

use apimachinery::{List, Object, Status, Str, time, value};
use async_trait::async_trait;
use client::{
    Client, Informer, WorkQueue,
    controller::{self, Outcome, Reconcile, ReconcileError},
    kinds::{CERTIFICATE_SIGNING_REQUESTS, SUBJECT_ACCESS_REVIEWS},
};

use super::{KUBELET_CLIENT, WORKERS, has_condition, is_issued, pem, signer_name, usages, validate::kubelet_client};
use crate::{CertificateSigner, Context};

struct Approving {
    client: Client,
    signer: Arc<dyn CertificateSigner>,
    requests: Informer,
}

pub(super) async fn run(context: Context) {
    // Who cannot read requests cannot judge them.
    let Some(signer) = context.settings.signer.clone() else { return };
    let requests = context.informers.of(&CERTIFICATE_SIGNING_REQUESTS);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&requests, &queue);
    let reconciler = Approving { client: context.client, signer, requests: requests.clone() };
    let name = "certificatesigningrequest-approving-controller";
    controller::run(name, &[requests], queue, WORKERS, Arc::new(reconciler)).await;
}

#[async_trait]
impl Reconcile for Approving {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(request) = self.requests.get(key) else { return Ok(None) };
        let decided = has_condition(&request, "Approved") || has_condition(&request, "Denied");
        if is_issued(&request) || decided || signer_name(&request) != KUBELET_CLIENT {
            return Ok(None);
        }
        let subject = self
            .signer
            .subject(&pem(&request))
            .map_err(|problem| ReconcileError::Other(format!("unable to parse csr {key:?}: {problem}")))?;
        if kubelet_client(&subject, &usages(&request)).is_err() {
            return Ok(None);
        }
        let own = request.spec().str_at("username") == Some(subject.common_name.as_str());
        let attempts = [
            ("selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview.", own),
            ("nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview.", true),
        ];
        for (subresource, message, applies) in attempts {
            if applies && self.may(&request, subresource).await? {
                self.approve(&request, message).await?;
                return Ok(None);
            }
        }
        // Permissions may be given later: the request is tried again, more and more rarely.
        Err(ReconcileError::Other(format!("csr {key:?} was recognized, but its access review was not approved")))
    }
}

impl Approving {
    async fn may(&self, request: &Object, subresource: &str) -> Result<bool, Status> {
        let mut spec = value!({
            "user": request.spec().str_at("username").unwrap_or_default(),
            "resourceAttributes": {
                "group": "certificates.k8s.io",
                "version": "*",
                "resource": "certificatesigningrequests",
                "subresource": subresource,
                "verb": "create"
            }
        });
        for key in ["uid", "groups", "extra"] {
            if let Some(copied) = request.spec().get(key) {
                spec.set(&[key], copied.clone());
            }
        }
        let review = value!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec});
        let answer = self.client.all(&SUBJECT_ACCESS_REVIEWS).create(review).await?;
        Ok(answer.status().bool_at("allowed") == Some(true))
    }

    async fn approve(&self, request: &Object, message: &str) -> Result<(), Status> {
        let now = time::format_seconds(stdx::clock::now());
        let mut approved = request.clone();
        let mut conditions: List = request.status().list_at("conditions").iter().cloned().collect();
        conditions.push(value!({
            "type": "Approved",
            "status": "True",
            "reason": "AutoApproved",
            "message": message,
            "lastUpdateTime": now.as_str(),
            "lastTransitionTime": now.as_str()
        }));
        approved.set(&["status", "conditions"], conditions);
        self.client.all(&CERTIFICATE_SIGNING_REQUESTS).update_subresource("approval", approved).await.map(drop)
    }
}
