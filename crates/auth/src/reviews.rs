//! Kinds that are answered and not kept: reviews of identities and rights, and requests for tokens.

mod access;
mod identity;
mod rules;
mod token_request;

use std::sync::Arc;

use apimachinery::{Object, Value, value};
use apiserver::{Creator, UserInfo};

use crate::{rbac::RbacAuthorizer, tokens::Issuer};

/// The group and resource (or `resource/subresource`) that a creator answers for.
pub type Address = (&'static str, &'static str);

/// Everything that this crate answers, by group and resource.
pub fn creators(rbac: &Arc<RbacAuthorizer>, issuer: &Arc<Issuer>) -> Vec<(Address, Arc<dyn Creator>)> {
    const AUTHORIZATION: &str = "authorization.k8s.io";
    const AUTHENTICATION: &str = "authentication.k8s.io";
    vec![
        (("", "serviceaccounts/token"), Arc::new(token_request::TokenRequests::new(issuer.clone()))),
        ((AUTHENTICATION, "tokenreviews"), Arc::new(identity::TokenReviews::new(issuer.clone()))),
        ((AUTHENTICATION, "selfsubjectreviews"), Arc::new(identity::SelfSubjectReviews)),
        ((AUTHORIZATION, "subjectaccessreviews"), Arc::new(access::AccessReviews::Subject)),
        ((AUTHORIZATION, "localsubjectaccessreviews"), Arc::new(access::AccessReviews::LocalSubject)),
        ((AUTHORIZATION, "selfsubjectaccessreviews"), Arc::new(access::AccessReviews::SelfSubject)),
        ((AUTHORIZATION, "selfsubjectrulesreviews"), Arc::new(rules::RulesReviews::new(rbac.clone()))),
    ]
}

/// `authentication.k8s.io` `UserInfo`
fn user_value(user: &UserInfo) -> Value {
    let mut value = value!({"username": &user.name});
    if !user.uid.is_empty() {
        value.set(&["uid"], &user.uid);
    }
    if !user.groups.is_empty() {
        value.set(&["groups"], user.groups.iter().collect::<Value>());
    }
    for (key, items) in &user.extra {
        value.set(&["extra", key], items.iter().collect::<Value>());
    }
    value
}

/// An answer with the type of what was asked.
fn answer(api_version: &str, kind: &str, mut object: Object) -> Object {
    object.set(&["apiVersion"], api_version);
    object.set(&["kind"], kind);
    if object.get("metadata").is_none() {
        object.set(&["metadata"], value!({}));
    }
    object
}
