//! Tokens of service accounts, bound to pods and renewed before they expire.

use std::{collections::BTreeMap, time::Duration};

use api::views::core_v1::Pod;
use apimachinery::{Object, Status, time, value};
use client::{Client, kinds};
use parking_lot::Mutex;
use tokio::time::Instant;

const DEFAULT_EXPIRATION_SECONDS: i64 = 3600;
/// A token is renewed after four fifths of its life, and at the latest after a day.
const RENEW_AFTER_PERCENT: i64 = 80;
const RENEW_AFTER_LIMIT_SECONDS: i64 = 24 * 3600;
/// A token that is about to expire is asked for again not sooner than this.
const RENEW_AFTER_LEAST_SECONDS: i64 = 10;

/// A token.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The token.
    pub token: String,
    /// When to ask for another.
    pub renew_at: Instant,
}

/// By pod UID, audience and wanted life.
type Key = (String, String, i64);

/// The tokens of the pods on this node.
pub struct Tokens {
    client: Client,
    issued: Mutex<BTreeMap<Key, Issued>>,
}

impl Tokens {
    /// Tokens are asked for as `client`.
    pub fn new(client: Client) -> Tokens {
        Tokens { client, issued: Mutex::default() }
    }

    /// A token of the pod's service account for `audience` (the API server's own when empty).
    pub async fn get(&self, pod: &Object, audience: &str, seconds: Option<i64>) -> Result<Issued, Status> {
        let seconds = seconds.unwrap_or(DEFAULT_EXPIRATION_SECONDS);
        let key = (pod.uid().to_owned(), audience.to_owned(), seconds);
        let known = self.issued.lock().get(&key).cloned();
        if let Some(known) = known.filter(|known| known.renew_at > Instant::now()) {
            return Ok(known);
        }
        let mut spec = value!({
            "expirationSeconds": seconds,
            "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": pod.name(), "uid": pod.uid()}
        });
        if !audience.is_empty() {
            spec.set(&["audiences"], value!([audience]));
        }
        let request = value!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec});
        let account = match Pod::of(pod).spec().service_account_name() {
            "" => "default",
            name => name,
        };
        let accounts = self.client.namespaced(&kinds::SERVICE_ACCOUNTS, pod.namespace());
        let answer = accounts.create_subresource(account, "token", request).await?;
        let token = answer.str_at(&["status", "token"]).unwrap_or_default().to_owned();
        if token.is_empty() {
            return Err(Status::internal(format!("the token request for service account {account:?} has no token")));
        }
        let expires = answer.str_at(&["status", "expirationTimestamp"]).and_then(time::parse);
        let left = expires.map_or(seconds, |expires| expires.as_second() - stdx::clock::now().as_second());
        let after = (left * RENEW_AFTER_PERCENT / 100).clamp(RENEW_AFTER_LEAST_SECONDS, RENEW_AFTER_LIMIT_SECONDS);
        let issued = Issued { token, renew_at: Instant::now() + Duration::from_secs(after.unsigned_abs()) };
        self.issued.lock().insert(key, issued.clone());
        Ok(issued)
    }

    /// Forgets the tokens of a pod.
    pub fn forget(&self, uid: &str) {
        self.issued.lock().retain(|(of, _, _), _| of != uid);
    }
}
