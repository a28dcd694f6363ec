//! May this identity do this?

use std::sync::Arc;

use apimachinery::{Status, Str};

use crate::{RequestContext, Server, UserInfo};

/// What is to be done, in the words of RBAC.
#[derive(Clone, Copy, Debug)]
pub struct Action<'a> {
    /// `get`, `list`, `watch`, `create` …
    pub verb: &'a str,
    /// The API group; for paths outside of the API, empty.
    pub group: &'a str,
    /// The served version.
    pub version: &'a str,
    /// The resource; empty for paths outside of the API.
    pub resource: &'a str,
    /// The subresource; empty for the object itself.
    pub subresource: &'a str,
    /// The namespace; empty for cluster scope and all namespaces.
    pub namespace: &'a str,
    /// The object's name; empty for collections.
    pub name: &'a str,
    /// The path outside of the API, for example `/healthz`.
    pub path: &'a str,
    /// The field selector of a collection, as it was sent; empty for none.
    pub field_selector: &'a str,
}

impl<'a> Action<'a> {
    /// A path outside of the API.
    pub fn path(verb: &'a str, path: &'a str) -> Action<'a> {
        let nothing = "";
        Action {
            verb,
            group: nothing,
            version: nothing,
            resource: nothing,
            subresource: nothing,
            namespace: nothing,
            name: nothing,
            path,
            field_selector: nothing,
        }
    }

    /// `get`, `update` … on an object of a resource.
    pub fn object(
        verb: &'a str,
        group: &'a str,
        resource: &'a str,
        subresource: &'a str,
        namespace: &'a str,
        name: &'a str,
    ) -> Action<'a> {
        Action { group, version: "*", resource, subresource, namespace, name, ..Action::path(verb, "") }
    }

    /// The value that the field selector demands of `field`.
    pub fn selected(&self, field: &str) -> Option<Str> {
        if self.field_selector.is_empty() {
            return None;
        }
        let selector = apimachinery::fields::Selector::parse(self.field_selector).ok()?;
        selector.required_value(field).map(Str::from)
    }
}

/// What one authorizer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes, and nobody else is asked.
    Allow(String),
    /// No, and nobody else is asked.
    Deny(String),
    /// Ask the next one; the reason is shown when nobody allows.
    NoOpinion(String),
}

/// One authorizer of the chain.
pub trait Authorizer: Send + Sync + 'static {
    /// Judges from what the caches hold now; it never waits.
    fn authorize(&self, server: &Server, user: &UserInfo, action: &Action<'_>) -> Decision;
}

/// Asks the chain.
///
/// # Errors
/// 403 in upstream's words.
pub fn authorize(server: &Arc<Server>, context: &RequestContext, action: &Action<'_>) -> Result<(), Status> {
    let annotate = |decision: &str, reason: &str| {
        context.annotate("authorization.k8s.io/decision", || decision.to_owned());
        context.annotate("authorization.k8s.io/reason", || reason.to_owned());
    };
    match decide(server, &context.user, action) {
        Decision::Allow(reason) => {
            annotate("allow", &reason);
            Ok(())
        }
        Decision::Deny(reason) | Decision::NoOpinion(reason) => {
            annotate("forbid", &reason);
            Err(forbidden(&context.user, action, &reason))
        }
    }
}

/// The chain's decision.
pub fn decide(server: &Server, user: &UserInfo, action: &Action<'_>) -> Decision {
    let mut reasons = Vec::new();
    for authorizer in server.authorizers() {
        match authorizer.authorize(server, user, action) {
            Decision::NoOpinion(reason) if reason.is_empty() => {}
            Decision::NoOpinion(reason) => reasons.push(reason),
            decided => return decided,
        }
    }
    Decision::NoOpinion(reasons.join(", "))
}

fn forbidden(user: &UserInfo, action: &Action<'_>, reason: &str) -> Status {
    let name = &user.name;
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    if action.resource.is_empty() {
        let message = format!("forbidden: User {name:?} cannot {} path {:?}{reason}", action.verb, action.path);
        return Status::failure(403, "Forbidden", message);
    }
    let resource = match action.subresource {
        "" => action.resource.to_owned(),
        subresource => format!("{}/{subresource}", action.resource),
    };
    let place = match action.namespace {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace {namespace:?}"),
    };
    let problem = format!(
        "User {name:?} cannot {} resource {resource:?} in API group {:?} {place}{reason}",
        action.verb, action.group
    );
    Status::forbidden(action.group, action.resource, action.name, problem)
}

/// Allows everything to members of `system:masters`, as upstream does before any other authorizer.
pub struct PrivilegedGroup;

impl Authorizer for PrivilegedGroup {
    fn authorize(&self, _: &Server, user: &UserInfo, _: &Action<'_>) -> Decision {
        if user.in_group("system:masters") {
            Decision::Allow(String::new())
        } else {
            Decision::NoOpinion(String::new())
        }
    }
}
