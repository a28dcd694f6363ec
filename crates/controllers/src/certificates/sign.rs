use std::sync::Arc;

use apimachinery::{List, Object, Status, Str, base64_encode, time, value};
use async_trait::async_trait;
use client::{
    Client, Informer, WorkQueue,
    controller::{self, Outcome, Reconcile, ReconcileError},
    kinds::CERTIFICATE_SIGNING_REQUESTS,
};

use super::{WORKERS, has_condition, is_issued, pem, signer_name, usages, validate::validate};
use crate::{CertificateSigner, Context, patches, pods};

/// The shortest validity that is granted, in seconds.
const MIN_DURATION_SECONDS: i64 = 600;

struct Signing {
    client: Client,
    signer: Arc<dyn CertificateSigner>,
    requests: Informer,
}

pub(super) async fn run(context: Context) {
    let Some(signer) = context.settings.signer.clone() else { return };
    let requests = context.informers.of(&CERTIFICATE_SIGNING_REQUESTS);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&requests, &queue);
    let reconciler = Signing { client: context.client, signer, requests: requests.clone() };
    let name = "certificatesigningrequest-signing-controller";
    controller::run(name, &[requests], queue, WORKERS, Arc::new(reconciler)).await;
}

#[async_trait]
impl Reconcile for Signing {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(request) = self.requests.get(key) else { return Ok(None) };
        let approved = pods::condition_is_true(&request, "Approved") && !has_condition(&request, "Denied");
        if !approved || is_issued(&request) || pods::condition_is_true(&request, "Failed") {
            return Ok(None);
        }
        let (pem, usages, signer) = (pem(&request), usages(&request), signer_name(&request));
        let subject = self
            .signer
            .subject(&pem)
            .map_err(|problem| ReconcileError::Other(format!("unable to parse csr {key:?}: {problem}")))?;
        match validate(signer, &subject, &usages) {
            // Another signer's.
            None => return Ok(None),
            Some(Err(problem)) => {
                self.fail(&request, "SignerValidationFailure", &problem).await?;
                return Ok(None);
            }
            Some(Ok(())) => {}
        }
        let seconds = request.spec().i64_at("expirationSeconds").map(|seconds| seconds.max(MIN_DURATION_SECONDS));
        let certificate = self.signer.sign(signer, &pem, &usages, seconds).await;
        let certificate = certificate
            .map_err(|problem| ReconcileError::Other(format!("error auto signing csr {key:?}: {problem}")))?;
        let mut status = patches::status_of(&request);
        status.set(&["certificate"], base64_encode(certificate.as_bytes()));
        patches::update_status(&self.client, &CERTIFICATE_SIGNING_REQUESTS, &request, status).await?;
        Ok(None)
    }
}

impl Signing {
    async fn fail(&self, request: &Object, reason: &str, message: &str) -> Result<(), Status> {
        let now = time::format_seconds(stdx::clock::now());
        let mut conditions: List = request.status().list_at("conditions").iter().cloned().collect();
        conditions.push(value!({
            "type": "Failed",
            "status": "True",
            "reason": reason,
            "message": message,
            "lastUpdateTime": now.as_str(),
            "lastTransitionTime": now.as_str()
        }));
        let mut status = patches::status_of(request);
        status.set(&["conditions"], conditions);
        patches::update_status(&self.client, &CERTIFICATE_SIGNING_REQUESTS, request, status).await.map(drop)
    }
}
