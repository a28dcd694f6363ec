//! The authenticator of service account tokens.

use std::{sync::Arc, time::Duration};

use apimachinery::{Object, Str, Value, names, time};
use apiserver::{Server, UserInfo, authentication::TokenAuthenticator};
use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;

use super::{
    cache::{Checked, Seen, TokenCache, Verified, key_of},
    equal_in_constant_time,
    issuer::{self, Issuer, LEGACY_ISSUER},
    secret_text,
};

/// Clocks may differ by this much.
const LEEWAY: Duration = Duration::from_secs(60);

/// Accepts service account tokens as long as what they are bound to is there.
pub struct ServiceAccountTokens {
    issuer: Arc<Issuer>,
    cache: TokenCache,
}

impl ServiceAccountTokens {
    /// An authenticator of `issuer`'s tokens.
    pub fn new(issuer: Arc<Issuer>) -> ServiceAccountTokens {
        ServiceAccountTokens { issuer, cache: TokenCache::default() }
    }

    fn judge(&self, server: &Server, token: &str, wanted: &[Str]) -> Result<Option<UserInfo>, String> {
        let key = key_of(token);
        let verified = match self.cache.get(&key) {
            Some(verified) => verified,
            None => {
                let Some(parsed) = issuer::parse(token).filter(|parsed| self.issuer.knows(&parsed.issuer)) else {
                    return Ok(None);
                };
                let claims = self.issuer.verify(parsed)?;
                let verified = Arc::new(Verified { claims, checked: Mutex::default() });
                self.cache.insert(key, verified.clone());
                verified
            }
        };
        let claims = &verified.claims;
        self.check_audiences(claims, wanted)?;
        let now = stdx::clock::now();
        if let Err(reason) = check_times(claims, now) {
            self.cache.remove(&key);
            return Err(reason);
        }
        if let Some(checked) = &*verified.checked.lock()
            && checked.seen.iter().all(|seen| revision(server, seen.resource, &seen.key) == Some(seen.revision))
        {
            return Ok(Some(checked.user.clone()));
        }
        let mut objects = Objects { server, now, seen: Vec::new(), leaving: false };
        let legacy = claims.str_at(&["iss"]) == Some(LEGACY_ISSUER);
        let user = if legacy { objects.legacy_user(claims, token) } else { objects.user(claims) }?;
        // What is leaving is judged by the clock, and so every time.
        let Objects { seen, leaving, .. } = objects;
        *verified.checked.lock() = (!leaving).then(|| Checked { seen, user: user.clone() });
        Ok(Some(user))
    }

    fn check_audiences(&self, claims: &Value, wanted: &[Str]) -> Result<(), String> {
        let own = self.issuer.audiences();
        let mut audiences = issuer::audiences(claims);
        if audiences.is_empty() {
            // Tokens in secrets are for the API server alone.
            audiences = own.to_vec();
        }
        let wanted = if wanted.is_empty() { own } else { wanted };
        if audiences.iter().any(|audience| wanted.contains(audience)) {
            return Ok(());
        }
        let list = |list: &[Str]| list.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>().join(" ");
        Err(format!("token audiences [{}] is invalid for the target audiences [{}]", list(&audiences), list(wanted)))
    }
}

#[async_trait]
impl TokenAuthenticator for ServiceAccountTokens {
    async fn authenticate(&self, server: &Server, token: &str, audiences: &[Str]) -> Result<Option<UserInfo>, String> {
        self.judge(server, token, audiences)
    }
}

fn seconds(claims: &Value, name: &str) -> Option<Timestamp> {
    let seconds = claims.get(name)?.as_f64()?;
    Timestamp::from_second(seconds as i64).ok()
}

fn check_times(claims: &Value, now: Timestamp) -> Result<(), String> {
    let problem = if seconds(claims, "nbf").is_some_and(|begin| now + LEEWAY < begin) {
        "service account token is not valid yet"
    } else if seconds(claims, "exp").is_some_and(|end| now - LEEWAY > end) {
        "service account token has expired"
    } else if seconds(claims, "iat").is_some_and(|issued| now + LEEWAY < issued) {
        "service account token is issued in the future"
    } else {
        return Ok(());
    };
    Err(problem.to_owned())
}

/// The group of every object that a token can be bound to is the core group.
fn revision(server: &Server, resource: &str, key: &str) -> Option<u64> {
    let resource = server.registry().find("", "v1", resource)?;
    Some(resource.cache.as_ref()?.get(key)?.revision())
}

/// Looks at the objects that a token is bound to, and remembers which it saw.
struct Objects<'s> {
    server: &'s Server,
    now: Timestamp,
    seen: Vec<Seen>,
    leaving: bool,
}

const INVALIDATED: &str = "service account token has been invalidated";

impl Objects<'_> {
    fn read(&mut self, resource: &'static str, namespace: &str, name: &str) -> Result<Arc<Object>, String> {
        let found = self.server.registry().find("", "v1", resource);
        let found = found.ok_or_else(|| format!("{resource} are not served yet"))?;
        let cache = found.stored().map_err(|status| status.message)?;
        let key = found.key(namespace, name);
        let entry = cache.get(&key).ok_or_else(|| found.not_found(name).message)?;
        self.seen.push(Seen { resource, key: key.into(), revision: entry.revision() });
        cache.object(&entry).map_err(|status| status.message)
    }

    /// Whether the object is to go and its time is over.
    fn is_gone(&mut self, object: &Object) -> bool {
        let Some(deleted) = object.deletion_timestamp() else { return false };
        self.leaving = true;
        time::parse(deleted).is_none_or(|deleted| deleted < self.now - LEEWAY)
    }

    /// The object that a claim names, if it names one: still there, and the same one.
    fn bound(
        &mut self,
        what: &str,
        resource: &'static str,
        namespace: &str,
        reference: Option<&Value>,
    ) -> Result<Option<(Str, Str)>, String> {
        let Some(reference) = reference else { return Ok(None) };
        let field = |name| reference.str_at(&[name]).unwrap_or_default();
        let (name, uid) = (field("name"), field("uid"));
        let object = self.read(resource, namespace, name).map_err(|_| INVALIDATED.to_owned())?;
        if object.uid() != uid {
            let kind = what.to_lowercase();
            return Err(format!(
                "{what} UID ({}) does not match service account {kind} ref claim ({uid})",
                object.uid()
            ));
        }
        if self.is_gone(&object) {
            return Err(INVALIDATED.to_owned());
        }
        Ok(Some((name.into(), uid.into())))
    }

    fn service_account(&mut self, namespace: &str, name: &str, uid: &str) -> Result<Arc<Object>, String> {
        let object = self.read("serviceaccounts", namespace, name)?;
        if object.uid() != uid {
            return Err(format!("service account UID ({}) does not match claim ({uid})", object.uid()));
        }
        if self.is_gone(&object) {
            return Err(format!("service account {namespace}/{name} has been deleted"));
        }
        Ok(object)
    }

    fn user(&mut self, claims: &Value) -> Result<UserInfo, String> {
        let own = claims.get("kubernetes.io").ok_or("the token has no kubernetes.io claim")?;
        let text = |path: &[&str]| own.str_at(path).unwrap_or_default();
        let (namespace, name) = (text(&["namespace"]), text(&["serviceaccount", "name"]));
        let uid = text(&["serviceaccount", "uid"]);
        self.service_account(namespace, name, uid)?;
        for unsupported in ["validatingwebhookconfiguration", "mutatingwebhookconfiguration"] {
            if own.get(unsupported).is_some() {
                let gate = "APIServerWebhookAuthenticationToken";
                return Err(format!("feature gate {gate:?} is disabled, but token is webhook bound"));
            }
        }
        self.bound("secret", "secrets", namespace, own.get("secret"))?;
        let pod = self.bound("pod", "pods", namespace, own.get("pod"))?;
        let node = match (&pod, own.get("node")) {
            // Of a pod's token the node is information only.
            (Some(_), Some(node)) => {
                let field = |name| Str::from(node.str_at(&[name]).unwrap_or_default());
                Some((field("name"), field("uid")))
            }
            (_, node) => self.bound("node", "nodes", "", node)?,
        };
        let mut user = UserInfo::service_account(namespace, name);
        user.uid = uid.into();
        let mut add = |key: &'static str, value: Str| {
            if !value.is_empty() {
                user.extra.push((Str::from_static(key), vec![value]));
            }
        };
        let token_id = claims.str_at(&["jti"]).unwrap_or_default();
        if !token_id.is_empty() {
            add("authentication.kubernetes.io/credential-id", format!("JTI={token_id}").into());
        }
        if let Some((name, uid)) = node {
            add("authentication.kubernetes.io/node-name", name);
            add("authentication.kubernetes.io/node-uid", uid);
        }
        if let Some((name, uid)) = pod {
            add("authentication.kubernetes.io/pod-name", name);
            add("authentication.kubernetes.io/pod-uid", uid);
        }
        Ok(user)
    }

    /// The user of a token that stands in a secret.
    fn legacy_user(&mut self, claims: &Value, token: &str) -> Result<UserInfo, String> {
        let claim = |name: &str| -> Result<&str, String> {
            let path = format!("kubernetes.io/serviceaccount/{name}");
            claims.str_at(&[&path]).filter(|text| !text.is_empty()).ok_or_else(|| format!("{name} claim is missing"))
        };
        let (namespace, secret_name) = (claim("namespace")?, claim("secret.name")?);
        let (name, uid) = (claim("service-account.name")?, claim("service-account.uid")?);
        let subject = claims.str_at(&["sub"]).unwrap_or_default();
        let valid = names::dns1123_label(namespace).is_empty() && names::dns1123_subdomain(name).is_empty();
        if !valid || subject != format!("system:serviceaccount:{namespace}:{name}") {
            return Err("sub claim is invalid".to_owned());
        }
        let invalidated = || "Token has been invalidated".to_owned();
        let secret = self.read("secrets", namespace, secret_name).map_err(|_| invalidated())?;
        if secret.deletion_timestamp().is_some() || secret.label("kubernetes.io/legacy-token-invalid-since").is_some() {
            return Err(invalidated());
        }
        if !equal_in_constant_time(&secret_text(&secret, "token"), token) {
            return Err("Token does not match server's copy".to_owned());
        }
        let account = self.service_account(namespace, name, uid)?;
        if account.deletion_timestamp().is_some() {
            return Err(format!("ServiceAccount {namespace}/{name} has been deleted"));
        }
        let mut user = UserInfo::service_account(namespace, name);
        user.uid = uid.into();
        Ok(user)
    }
}
