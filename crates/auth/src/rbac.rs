//! The RBAC authorizer.
//!
//! Bindings are indexed by user and group, so that a request looks at the bindings of its own identity
//! only: first those of the cluster, then those of its namespace.

mod covers;
mod escalation;
mod index;
mod rule;

use apimachinery::Str;
use apiserver::{
    Server, UserInfo,
    authorization::{Action, Authorizer, Decision},
};
use parking_lot::{RwLock, RwLockWriteGuard};

pub use covers::{compact, missing};
pub use escalation::RbacEscalation;
pub use rule::Rule;
pub(crate) use rule::combined;

use index::Index;

/// The API group of roles and bindings.
pub(crate) const GROUP: &str = "rbac.authorization.k8s.io";

/// Allows what roles grant.
#[derive(Default)]
pub struct RbacAuthorizer {
    index: RwLock<Index>,
}

impl RbacAuthorizer {
    /// An authorizer that has not looked at any role yet.
    pub fn new() -> RbacAuthorizer {
        RbacAuthorizer::default()
    }

    fn with_index<T>(&self, server: &Server, read: impl FnOnce(&Index) -> T) -> T {
        let index = self.index.read();
        if !index.is_behind() {
            return read(&index);
        }
        drop(index);
        let mut index = self.index.write();
        index.catch_up(server.registry());
        read(&RwLockWriteGuard::downgrade(index))
    }

    /// Every rule that applies to `user` in `namespace` (empty for cluster scope), and what could not be
    /// resolved on the way.
    pub fn rules_for(&self, server: &Server, user: &UserInfo, namespace: &str) -> (Vec<Rule>, Vec<String>) {
        let mut rules = Vec::new();
        let errors = self.with_index(server, |index| {
            index.visit(user, namespace, |_, rule| {
                rules.push(rule.clone());
                true
            })
        });
        (rules, errors)
    }

    /// The rules of the role that a binding in `binding_namespace` refers to.
    ///
    /// # Errors
    /// There is no such role.
    pub(crate) fn rules_of(
        &self,
        server: &Server,
        role_kind: &str,
        name: &str,
        binding_namespace: &str,
    ) -> Result<Vec<Rule>, apimachinery::Status> {
        self.with_index(server, |index| index.rules_of(role_kind, name, binding_namespace))
    }
}

impl Authorizer for RbacAuthorizer {
    fn authorize(&self, server: &Server, user: &UserInfo, action: &Action<'_>) -> Decision {
        self.with_index(server, |index| decide(index, user, action))
    }
}

fn decide(index: &Index, user: &UserInfo, action: &Action<'_>) -> Decision {
    let mut granted = None;
    let resource: Str = rule::combined(action.resource, action.subresource);
    let errors = index.visit(user, action.namespace, |binding, rule| {
        if rule.allows(action, &resource) {
            granted = Some(binding.describe(user));
        }
        granted.is_none()
    });
    match granted {
        Some(source) => Decision::Allow(format!("RBAC: allowed by {source}")),
        None if errors.is_empty() => Decision::NoOpinion(String::new()),
        None if errors.len() == 1 => Decision::NoOpinion(format!("RBAC: {}", errors[0])),
        None => Decision::NoOpinion(format!("RBAC: [{}]", errors.join(", "))),
    }
}

#[cfg(test)]
mod tests;
