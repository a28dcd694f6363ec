//! Nobody grants what they do not hold.
//!
//! Upstream wraps the storage of roles and bindings for this; here it is an admission plugin, which sees the
//! object as it will be stored, after webhooks had their say.

use std::sync::Arc;

use apimachinery::{Object, Status};
use apiserver::{
    AdmissionPlugin, Attributes, Operation, Server, UserInfo,
    authorization::{self, Action, Decision},
};
use async_trait::async_trait;
use client::ResourceKind;

use super::{GROUP, RbacAuthorizer, Rule, compact, missing};

/// Refuses roles and bindings that grant more than their writer holds, unless the writer may `escalate` or
/// `bind`.
pub struct RbacEscalation {
    rbac: Arc<RbacAuthorizer>,
}

impl RbacEscalation {
    /// The plugin over the authorizer's view of roles.
    pub fn new(rbac: Arc<RbacAuthorizer>) -> RbacEscalation {
        RbacEscalation { rbac }
    }

    fn confirm(&self, server: &Server, user: &UserInfo, namespace: &str, wanted: &[Rule]) -> Result<(), String> {
        let (held, errors) = self.rbac.rules_for(server, user, namespace);
        let missing = missing(&held, wanted);
        if missing.is_empty() {
            return Ok(());
        }
        let groups: Vec<String> = user.groups.iter().map(|group| format!("{group:?}")).collect();
        let mut message = format!(
            "user {:?} (groups=[{}]) is attempting to grant RBAC permissions not currently held:\n{}",
            user.name,
            groups.join(" "),
            compact(&missing).join("\n")
        );
        if !errors.is_empty() {
            message.push_str(&format!("; resolution errors: [{}]", errors.join(", ")));
        }
        Err(message)
    }

    fn check_role(&self, server: &Server, attributes: &Attributes<'_>, object: &Object) -> Result<(), Status> {
        let (kind, user) = (attributes.resource, &attributes.context.user);
        let name = if attributes.operation == Operation::Create { "" } else { attributes.name };
        let action = Action::object("escalate", GROUP, &kind.resource, "", attributes.namespace, name);
        if matches!(authorization::decide(server, user, &action), Decision::Allow(_)) {
            return Ok(());
        }
        let forbidden = |problem: String| Status::forbidden(GROUP, &kind.resource, object.name(), problem);
        let rules: Vec<Rule> = object.list_at(&["rules"]).iter().map(Rule::from_value).collect();
        self.confirm(server, user, attributes.namespace, &rules).map_err(forbidden)?;
        let aggregates = |object: &Object| !object.list_at(&["aggregationRule", "clusterRoleSelectors"]).is_empty();
        if aggregates(object) || attributes.old_object.is_some_and(aggregates) {
            // An aggregated role can gather anything.
            self.confirm(server, user, attributes.namespace, &full_authority())
                .map_err(|_| forbidden("must have cluster-admin privileges to use the aggregationRule".to_owned()))?;
        }
        Ok(())
    }

    fn check_binding(&self, server: &Server, attributes: &Attributes<'_>, object: &Object) -> Result<(), Status> {
        let (kind, user) = (attributes.resource, &attributes.context.user);
        let field = |name| object.str_at(&["roleRef", name]).unwrap_or_default();
        let (role_kind, role) = (field("kind"), field("name"));
        let resource = match role_kind {
            "ClusterRole" => "clusterroles",
            "Role" => "roles",
            // Validation says what is wrong with it.
            _ => return Ok(()),
        };
        let action = Action::object("bind", field("apiGroup"), resource, "", attributes.namespace, role);
        if matches!(authorization::decide(server, user, &action), Decision::Allow(_)) {
            return Ok(());
        }
        let rules = self.rbac.rules_of(server, role_kind, role, attributes.namespace);
        let rules = rules.map_err(|_| Status::not_found(GROUP, resource, role))?;
        self.confirm(server, user, attributes.namespace, &rules)
            .map_err(|problem| Status::forbidden(GROUP, &kind.resource, object.name(), problem))
    }
}

fn full_authority() -> [Rule; 2] {
    let all = || vec!["*".into()];
    [
        Rule { verbs: all(), groups: all(), resources: all(), ..Rule::default() },
        Rule { verbs: all(), urls: all(), ..Rule::default() },
    ]
}

/// Whether a change touches only what the garbage collector writes.
fn only_collector_fields(object: &Object, old: &Object) -> bool {
    let mut stripped = object.clone();
    let metadata = stripped.metadata_mut();
    for field in ["ownerReferences", "finalizers", "managedFields", "resourceVersion"] {
        match old.metadata().get(field) {
            Some(value) => metadata.insert(field, value.clone()),
            None => metadata.remove(field),
        };
    }
    stripped == *old
}

#[async_trait]
impl AdmissionPlugin for RbacEscalation {
    fn name(&self) -> &'static str {
        "RBACEscalation"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        matches!(operation, Operation::Create | Operation::Update) && resource.group == GROUP && subresource.is_empty()
    }

    async fn validate(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        if attributes.context.user.in_group("system:masters") {
            return Ok(());
        }
        let Some(object) = attributes.object.as_deref() else { return Ok(()) };
        if attributes.old_object.is_some_and(|old| only_collector_fields(object, old)) {
            return Ok(());
        }
        match attributes.resource.resource.as_str() {
            "roles" | "clusterroles" => self.check_role(server, attributes, object),
            "rolebindings" | "clusterrolebindings" => self.check_binding(server, attributes, object),
            _ => Ok(()),
        }
    }
}
