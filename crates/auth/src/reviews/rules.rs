//! What may I do? `SelfSubjectRulesReview`.

use std::sync::Arc;

use apimachinery::{Object, Status, Str, Value, value};
use apiserver::{Creator, RequestContext, Server};
use async_trait::async_trait;

use super::answer;
use crate::{
    node,
    rbac::{RbacAuthorizer, Rule},
};

/// Lists the rules of whoever asks.
pub(super) struct RulesReviews {
    rbac: Arc<RbacAuthorizer>,
}

impl RulesReviews {
    pub(super) fn new(rbac: Arc<RbacAuthorizer>) -> RulesReviews {
        RulesReviews { rbac }
    }
}

fn strings(list: &[Str]) -> Value {
    list.iter().collect()
}

fn resource_rule(rule: &Rule) -> Value {
    let mut value = value!({"verbs": strings(&rule.verbs), "apiGroups": strings(&rule.groups), "resources": strings(&rule.resources)});
    if !rule.names.is_empty() {
        value.set(&["resourceNames"], strings(&rule.names));
    }
    value
}

fn path_rule(rule: &Rule) -> Value {
    value!({"verbs": strings(&rule.verbs), "nonResourceURLs": strings(&rule.urls)})
}

#[async_trait]
impl Creator for RulesReviews {
    async fn create(
        &self,
        server: &Arc<Server>,
        context: &RequestContext,
        _: &str,
        _: &str,
        object: Object,
        _: bool,
    ) -> Result<Object, Status> {
        let namespace = object.str_at(&["spec", "namespace"]).unwrap_or_default();
        if namespace.is_empty() {
            return Err(Status::bad_request("no namespace on request"));
        }
        let (rules, mut errors) = self.rbac.rules_for(server, &context.user, namespace);
        let is_node = node::node_name(&context.user).is_some();
        if is_node {
            errors.insert(0, "node authorizer does not support user rule resolution".to_owned());
        }
        let resources: Value = rules.iter().filter(|rule| !rule.resources.is_empty()).map(resource_rule).collect();
        let paths: Value = rules.iter().filter(|rule| !rule.urls.is_empty()).map(path_rule).collect();
        let incomplete = is_node || !errors.is_empty();
        let mut status = value!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": incomplete});
        if !errors.is_empty() {
            status.set(&["evaluationError"], errors.join(", "));
        }
        let review = Object(value!({"spec": {}, "status": status}));
        Ok(answer("authorization.k8s.io/v1", "SelfSubjectRulesReview", review))
    }
}
