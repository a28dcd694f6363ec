//! Who asks the kubelet, and whether they may: client certificates and tokens, judged by the API server.

use apimachinery::{Status, Value, value};
use async_trait::async_trait;
use client::{Client, kinds};

/// Somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub username: String,
    /// The UID, if known.
    pub uid: String,
    /// The groups.
    pub groups: Vec<String>,
}

/// Finds out who asks.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Who it is, by the verified client certificate (DER) or the bearer token; `None` when nobody is known by them.
    async fn authenticate(&self, certificate: Option<&[u8]>, token: Option<&str>) -> Result<Option<Identity>, Status>;
}

/// Decides what they may.
#[async_trait]
pub trait Authorizer: Send + Sync {
    /// Whether `identity` may `verb` on `nodes/SUBRESOURCE` of this node.
    async fn authorize(&self, identity: &Identity, verb: &str, subresource: &str) -> Result<bool, Status>;
}

/// Asks the API server: `TokenReview` and `SubjectAccessReview`.
pub struct ApiReviews {
    client: Client,
    node_name: String,
}

impl ApiReviews {
    /// Asks as `client` about the node `node_name`.
    pub fn new(client: Client, node_name: impl Into<String>) -> ApiReviews {
        ApiReviews { client, node_name: node_name.into() }
    }
}

/// User and groups of a certificate: common name and organizations.
pub fn identity_of_certificate(der: &[u8]) -> Option<Identity> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let subject = certificate.subject();
    let username = subject.iter_common_name().next()?.as_str().ok()?.to_owned();
    let groups = subject.iter_organization().filter_map(|name| name.as_str().ok()).map(str::to_owned).collect();
    (!username.is_empty()).then_some(Identity { username, groups, uid: String::new() })
}

#[async_trait]
impl Authenticator for ApiReviews {
    async fn authenticate(&self, certificate: Option<&[u8]>, token: Option<&str>) -> Result<Option<Identity>, Status> {
        if let Some(identity) = certificate.and_then(identity_of_certificate) {
            return Ok(Some(identity));
        }
        let Some(token) = token else { return Ok(None) };
        let review = value!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}
        });
        let answer = self.client.all(&kinds::TOKEN_REVIEWS).create(review).await?;
        if answer.bool_at(&["status", "authenticated"]) != Some(true) {
            return Ok(None);
        }
        let text = |key: &str| answer.str_at(&["status", "user", key]).unwrap_or_default().to_owned();
        let groups = answer.list_at(&["status", "user", "groups"]).iter().filter_map(Value::as_str);
        Ok(Some(Identity { username: text("username"), uid: text("uid"), groups: groups.map(str::to_owned).collect() }))
    }
}

#[async_trait]
impl Authorizer for ApiReviews {
    async fn authorize(&self, identity: &Identity, verb: &str, subresource: &str) -> Result<bool, Status> {
        let groups: Value = identity.groups.iter().map(String::as_str).collect();
        let review = value!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": identity.username.as_str(),
                "uid": identity.uid.as_str(),
                "groups": groups,
                "resourceAttributes": {
                    "verb": verb, "group": "", "version": "v1", "resource": "nodes",
                    "subresource": subresource, "name": self.node_name.as_str()
                }
            }
        });
        let answer = self.client.all(&kinds::SUBJECT_ACCESS_REVIEWS).create(review).await?;
        Ok(answer.bool_at(&["status", "allowed"]) == Some(true))
    }
}
