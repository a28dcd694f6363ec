//! `serviceaccounts/token`: tokens that end by themselves and with what they are bound to.

use std::{sync::Arc, time::Duration};

use apimachinery::{
    Object, Status, Str, Value,
    field::{FieldError, Path},
    time, value,
};
use apiserver::{Creator, RequestContext, Server};
use async_trait::async_trait;
use jiff::Timestamp;

use super::answer;
use crate::tokens::Issuer;

const GROUP: &str = "authentication.k8s.io";
const KIND: &str = "TokenRequest";
const DEFAULT_EXPIRATION_SECONDS: i64 = 3600;
const SHORTEST_EXPIRATION_SECONDS: i64 = 600;
const LONGEST_EXPIRATION_SECONDS: i64 = 1 << 32;
/// What the ServiceAccount admission plugin asks for: such tokens live on for a year, and using them after
/// this time is counted, since old clients read their token only once.
const WARN_ONLY_EXPIRATION_SECONDS: i64 = 3607;
const EXTENDED_EXPIRATION_SECONDS: i64 = 365 * 24 * 3600;

/// Makes tokens.
pub(super) struct TokenRequests {
    issuer: Arc<Issuer>,
}

/// What a token is bound to.
#[derive(Default)]
struct Bound {
    /// Claims beside the service account.
    claims: Vec<(&'static str, Value)>,
    to_pod: bool,
}

fn reference(object: &Object) -> Value {
    value!({"name": object.name(), "uid": object.uid()})
}

fn validate(object: &Object, expiration_seconds: i64) -> Vec<FieldError> {
    let spec = Path::new("spec");
    let attestations = object.map_at(&["spec", "attestations"]).filter(|attestations| !attestations.is_empty());
    if let Some(attestations) = attestations {
        let detail = "attestations may only be specified with a webhook bound object reference";
        return vec![FieldError::invalid(&spec.child("attestations"), attestations.clone(), detail)];
    }
    let path = spec.child("expirationSeconds");
    let detail = match expiration_seconds {
        ..SHORTEST_EXPIRATION_SECONDS => "may not specify a duration less than 10 minutes",
        seconds if seconds > LONGEST_EXPIRATION_SECONDS => "may not specify a duration larger than 2^32 seconds",
        _ => return Vec::new(),
    };
    vec![FieldError::invalid(&path, expiration_seconds, detail)]
}

fn invalid(name: &str, field: &str, value: &str, detail: &str) -> Status {
    Status::invalid(GROUP, KIND, name, &[FieldError::invalid(&Path::new(field), value, detail)])
}

impl TokenRequests {
    pub(super) fn new(issuer: Arc<Issuer>) -> TokenRequests {
        TokenRequests { issuer }
    }

    fn bind(&self, server: &Server, namespace: &str, name: &str, object: &Object) -> Result<Bound, Status> {
        let Some(wanted) = object.at(&["spec", "boundObjectRef"]).filter(|reference| !reference.is_null()) else {
            return Ok(Bound::default());
        };
        let field = |field| wanted.str_at(&[field]).unwrap_or_default();
        let (api_version, kind, bound_name) = (field("apiVersion"), field("kind"), field("name"));
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let read = |resource, namespace| {
            let found = server.registry().object("", resource, namespace, bound_name)?;
            found.ok_or_else(|| Status::not_found("", resource, bound_name))
        };
        let (bound, claims) = match (group, kind) {
            ("", "Pod") => {
                let pod = read("pods", namespace)?;
                if pod.str_at(&["spec", "serviceAccountName"]) != Some(name) {
                    return Err(Status::bad_request(format!(
                        "cannot bind token for serviceaccount {name:?} to pod running with different serviceaccount name."
                    )));
                }
                let node = node_of(server, &pod)?;
                let claims = std::iter::once(("pod", reference(&pod))).chain(node.map(|node| ("node", node)));
                (pod.clone(), claims.collect())
            }
            ("", "Node") => {
                let node = read("nodes", "")?;
                (node.clone(), vec![("node", reference(&node))])
            }
            ("", "Secret") => {
                let secret = read("secrets", namespace)?;
                (secret.clone(), vec![("secret", reference(&secret))])
            }
            ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration") => {
                return Err(Status::bad_request(format!(
                    "cannot bind token to object of type {group}/{version}, Kind={kind} (feature gate APIServerWebhookAuthenticationToken is disabled)"
                )));
            }
            _ => {
                let message = format!("cannot bind token to object of type {group}/{version}, Kind={kind}");
                return Err(Status::bad_request(message));
            }
        };
        let uid = field("uid");
        if !uid.is_empty() && uid != bound.uid() {
            let problem = format!(
                "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
            );
            return Err(Status::conflict(group, kind, bound_name, problem));
        }
        Ok(Bound { to_pod: kind == "Pod", claims })
    }

    fn claims(
        &self,
        account: &Object,
        bound: &Bound,
        audiences: &[Str],
        now: Timestamp,
        expiration_seconds: i64,
    ) -> Value {
        let extended = bound.to_pod
            && expiration_seconds == WARN_ONLY_EXPIRATION_SECONDS
            && audiences.iter().all(|audience| self.issuer.audiences().contains(audience));
        let lifetime = if extended { EXTENDED_EXPIRATION_SECONDS } else { expiration_seconds };
        let now = now.as_second();
        let mut own = value!({"namespace": account.namespace(), "serviceaccount": reference(account)});
        for (name, reference) in &bound.claims {
            own.set(&[name], reference.clone());
        }
        if extended {
            own.set(&["warnafter"], now + expiration_seconds);
        }
        value!({
            "aud": audiences.iter().collect::<Value>(),
            "exp": now + lifetime,
            "iat": now,
            "iss": self.issuer.name(),
            "jti": stdx::random::uuid(),
            "kubernetes.io": own,
            "nbf": now,
            "sub": format!("system:serviceaccount:{}:{}", account.namespace(), account.name())
        })
    }
}

/// The node that a pod runs on; its name alone when the node is not there.
fn node_of(server: &Server, pod: &Object) -> Result<Option<Value>, Status> {
    let name = pod.str_at(&["spec", "nodeName"]).unwrap_or_default();
    if name.is_empty() {
        return Ok(None);
    }
    let node = server.registry().object("", "nodes", "", name)?;
    Ok(Some(node.map_or_else(|| value!({"name": name}), |node| reference(&node))))
}

#[async_trait]
impl Creator for TokenRequests {
    async fn create(
        &self,
        server: &Arc<Server>,
        context: &RequestContext,
        namespace: &str,
        name: &str,
        mut object: Object,
        _: bool,
    ) -> Result<Object, Status> {
        if !object.name().is_empty() && object.name() != name {
            let detail = "must match the service account name if specified";
            return Err(invalid(name, "metadata.name", object.name(), detail));
        }
        if !object.namespace().is_empty() && object.namespace() != namespace {
            let detail = "must match the service account namespace if specified";
            return Err(invalid(name, "metadata.namespace", object.namespace(), detail));
        }
        let account = server.registry().object("", "serviceaccounts", namespace, name)?;
        let account = account.ok_or_else(|| Status::not_found("", "serviceaccounts", name))?;
        if !object.uid().is_empty() && object.uid() != account.uid() {
            let problem = format!(
                "the UID in the token request ({}) does not match the UID of the service account ({})",
                object.uid(),
                account.uid()
            );
            return Err(Status::conflict(GROUP, KIND, name, problem));
        }
        let expiration_seconds = match object.i64_at(&["spec", "expirationSeconds"]) {
            None => DEFAULT_EXPIRATION_SECONDS,
            Some(seconds) => seconds,
        };
        let mut audiences: Vec<Str> =
            object.list_at(&["spec", "audiences"]).iter().filter_map(Value::as_str).map(Str::from).collect();
        if audiences.is_empty() {
            audiences = self.issuer.audiences().to_vec();
        }
        let problems = validate(&object, expiration_seconds);
        if !problems.is_empty() {
            return Err(Status::invalid(GROUP, KIND, "", &problems));
        }
        let bound = self.bind(server, namespace, name, &object)?;
        let now = stdx::clock::now();
        let claims = self.claims(&account, &bound, &audiences, now, expiration_seconds);
        let token = self.issuer.sign(&claims).map_err(Status::internal)?;
        // By it the requests that the token is used for can be found, and not by the token.
        let credential = || format!("JTI={}", claims.str_at(&["jti"]).unwrap_or_default());
        context.annotate("authentication.kubernetes.io/issued-credential-id", credential);
        object.set_meta("name", name);
        object.set_meta("namespace", namespace);
        object.set_meta("uid", account.uid());
        object.set_meta("creationTimestamp", &time::format_seconds(now));
        object.set(&["spec", "audiences"], audiences.iter().collect::<Value>());
        object.set(&["spec", "expirationSeconds"], expiration_seconds);
        let end = now + Duration::from_secs(expiration_seconds.unsigned_abs());
        object.set(&["status"], value!({"token": token, "expirationTimestamp": time::format_seconds(end)}));
        Ok(answer("authentication.k8s.io/v1", KIND, object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_have_bounds() {
        let check = |seconds: i64| validate(&Object(value!({"spec": {}})), seconds).len();
        assert_eq!([599, 600, 1 << 32, (1 << 32) + 1].map(check), [1, 0, 0, 1]);
        let attested = Object(value!({"spec": {"attestations": {"a": ["b"]}}}));
        assert_eq!(validate(&attested, 600).len(), 1);
    }

    #[test]
    fn the_tokens_of_pods_live_on_when_asked_for_as_admission_does() {
        let key = pki::PrivateKey::generate().unwrap();
        let requests = TokenRequests::new(Arc::new(Issuer::new("https://i", &["api"], key).unwrap()));
        let account = Object(value!({"metadata": {"name": "a", "namespace": "n", "uid": "u"}}));
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let pod = Bound { claims: vec![("pod", value!({"name": "p", "uid": "q"}))], to_pod: true };
        let claims =
            |bound: &Bound, audience: &str, seconds| requests.claims(&account, bound, &[audience.into()], now, seconds);
        let lifetime = |claims: &Value| claims.i64_at(&["exp"]).unwrap() - claims.i64_at(&["iat"]).unwrap();
        let extended = claims(&pod, "api", 3607);
        assert_eq!(lifetime(&extended), EXTENDED_EXPIRATION_SECONDS);
        assert_eq!(extended.i64_at(&["kubernetes.io", "warnafter"]), Some(now.as_second() + 3607));
        assert_eq!(extended.str_at(&["kubernetes.io", "pod", "name"]), Some("p"));
        for plain in [claims(&pod, "other", 3607), claims(&pod, "api", 3600), claims(&Bound::default(), "api", 3607)] {
            assert!(lifetime(&plain) <= 3607 && plain.at(&["kubernetes.io", "warnafter"]).is_none());
        }
    }
}
