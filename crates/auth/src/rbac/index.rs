//! Roles by name, bindings by subject.

use std::{collections::HashMap, sync::Arc};

use apimachinery::{Object, Status, Str, Value};
use apiserver::{Registry, UserInfo};

use super::{GROUP, Rule};
use crate::follow::{Delta, Follower};

/// A subject of a binding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Subject {
    User(Str),
    Group(Str),
}

/// A binding of either kind.
#[derive(Debug)]
pub(super) struct Binding {
    key: Str,
    /// Empty for cluster role bindings.
    namespace: Str,
    name: Str,
    role_kind: Str,
    role: Str,
    /// Each with its description for the reason of an allowance.
    subjects: Vec<(Subject, String)>,
}

impl Binding {
    fn read(key: &str, object: &Object) -> Binding {
        let namespace = object.namespace();
        Binding {
            key: key.into(),
            namespace: namespace.into(),
            name: object.name().into(),
            role_kind: object.str_at(&["roleRef", "kind"]).unwrap_or_default().into(),
            role: object.str_at(&["roleRef", "name"]).unwrap_or_default().into(),
            subjects: object.list_at(&["subjects"]).iter().filter_map(|subject| read(subject, namespace)).collect(),
        }
    }

    /// Which binding it is, in upstream's words.
    pub(super) fn describe(&self, user: &UserInfo) -> String {
        let applies = |subject: &Subject| match subject {
            Subject::User(name) => user.name == *name,
            Subject::Group(group) => user.in_group(group),
        };
        let subject = self.subjects.iter().find(|(subject, _)| applies(subject));
        let subject = subject.map_or("", |(_, description)| description.as_str());
        let (role_kind, role) = (&self.role_kind, &self.role);
        if self.namespace.is_empty() {
            return format!("ClusterRoleBinding {:?} of {role_kind} {role:?} to {subject}", self.name);
        }
        let name = format!("{}/{}", self.name, self.namespace);
        format!("RoleBinding {name:?} of {role_kind} {role:?} to {subject}")
    }
}

/// A subject as it is matched: service accounts are users with a long name.
fn read(subject: &Value, binding_namespace: &str) -> Option<(Subject, String)> {
    let kind = subject.str_at(&["kind"])?;
    let name = subject.str_at(&["name"])?;
    match kind {
        "User" => Some((Subject::User(name.into()), format!("{kind} {name:?}"))),
        "Group" => Some((Subject::Group(name.into()), format!("{kind} {name:?}"))),
        "ServiceAccount" => {
            let own = subject.str_at(&["namespace"]).unwrap_or_default();
            let namespace = if own.is_empty() { binding_namespace } else { own };
            if namespace.is_empty() {
                return None;
            }
            let user = format!("system:serviceaccount:{namespace}:{name}");
            let shown = format!("{name}/{namespace}");
            Some((Subject::User(user.into()), format!("{kind} {shown:?}")))
        }
        _ => None,
    }
}

/// The bindings of one scope.
#[derive(Default)]
struct Scope {
    by_subject: HashMap<Subject, Vec<Arc<Binding>>>,
}

impl Scope {
    fn insert(&mut self, binding: &Arc<Binding>) {
        for (subject, _) in &binding.subjects {
            let bindings = self.by_subject.entry(subject.clone()).or_default();
            if !bindings.iter().any(|known| known.key == binding.key) {
                bindings.push(binding.clone());
            }
        }
    }

    fn remove(&mut self, binding: &Binding) {
        for (subject, _) in &binding.subjects {
            if let Some(bindings) = self.by_subject.get_mut(subject) {
                bindings.retain(|known| known.key != binding.key);
                if bindings.is_empty() {
                    self.by_subject.remove(subject);
                }
            }
        }
    }
}

/// Both kinds of bindings; those of the cluster have an empty namespace.
#[derive(Default)]
struct Bindings {
    by_key: HashMap<Str, Arc<Binding>>,
    scopes: HashMap<Str, Scope>,
}

impl Bindings {
    fn apply(&mut self, delta: Delta<'_>) {
        match delta {
            Delta::Reset => *self = Bindings::default(),
            Delta::Removed(key) => self.remove(key),
            Delta::Put(key, object) => {
                self.remove(key);
                let binding = Arc::new(Binding::read(key, object));
                self.scopes.entry(binding.namespace.clone()).or_default().insert(&binding);
                self.by_key.insert(key.into(), binding);
            }
        }
    }

    fn remove(&mut self, key: &str) {
        let Some(binding) = self.by_key.remove(key) else { return };
        if let Some(scope) = self.scopes.get_mut(&binding.namespace) {
            scope.remove(&binding);
            if scope.by_subject.is_empty() {
                self.scopes.remove(&binding.namespace);
            }
        }
    }
}

/// Rules by the role's key.
type Roles = HashMap<Str, Arc<[Rule]>>;

fn apply_role(roles: &mut Roles, delta: Delta<'_>) {
    match delta {
        Delta::Reset => roles.clear(),
        Delta::Removed(key) => drop(roles.remove(key)),
        Delta::Put(key, object) => {
            let rules = object.list_at(&["rules"]).iter().map(Rule::from_value).collect();
            roles.insert(key.into(), rules);
        }
    }
}

/// Everything that RBAC knows.
pub(super) struct Index {
    cluster_roles: Roles,
    roles: Roles,
    cluster_bindings: Bindings,
    bindings: Bindings,
    followers: [Follower; 4],
}

impl Default for Index {
    fn default() -> Index {
        let follow = |resource| Follower::new(GROUP, resource);
        Index {
            cluster_roles: Roles::new(),
            roles: Roles::new(),
            cluster_bindings: Bindings::default(),
            bindings: Bindings::default(),
            followers: [follow("clusterroles"), follow("roles"), follow("clusterrolebindings"), follow("rolebindings")],
        }
    }
}

impl Index {
    pub(super) fn is_behind(&self) -> bool {
        self.followers.iter().any(Follower::is_behind)
    }

    pub(super) fn catch_up(&mut self, registry: &Registry) {
        let [cluster_roles, roles, cluster_bindings, bindings] = &mut self.followers;
        cluster_roles.catch_up(registry, |delta| apply_role(&mut self.cluster_roles, delta));
        roles.catch_up(registry, |delta| apply_role(&mut self.roles, delta));
        cluster_bindings.catch_up(registry, |delta| self.cluster_bindings.apply(delta));
        bindings.catch_up(registry, |delta| self.bindings.apply(delta));
    }

    /// Applies one object by hand, for tests.
    #[cfg(test)]
    pub(super) fn put(&mut self, key: &str, object: &Object) {
        let delta = Delta::Put(key, object);
        match object.kind() {
            "ClusterRole" => apply_role(&mut self.cluster_roles, delta),
            "Role" => apply_role(&mut self.roles, delta),
            "ClusterRoleBinding" => self.cluster_bindings.apply(delta),
            _ => self.bindings.apply(delta),
        }
    }

    /// Forgets one binding by hand, for tests.
    #[cfg(test)]
    pub(super) fn remove_binding(&mut self, key: &str) {
        self.bindings.apply(Delta::Removed(key));
    }

    fn role(&self, kind: &str, name: &str, namespace: &str) -> Result<&Arc<[Rule]>, Status> {
        let (found, resource) = match kind {
            "ClusterRole" => (self.cluster_roles.get(name), "clusterrole"),
            "Role" => (self.roles.get(format!("{namespace}/{name}").as_str()), "role"),
            _ => return Err(Status::internal(format!("unsupported role reference kind: {kind:?}"))),
        };
        found.ok_or_else(|| Status::not_found(GROUP, resource, name))
    }

    pub(super) fn rules_of(&self, kind: &str, name: &str, namespace: &str) -> Result<Vec<Rule>, Status> {
        self.role(kind, name, namespace).map(|rules| rules.to_vec())
    }

    /// Shows every rule that applies to `user`, until `visit` answers false; answers with what could not
    /// be resolved.
    pub(super) fn visit(
        &self,
        user: &UserInfo,
        namespace: &str,
        mut visit: impl FnMut(&Binding, &Rule) -> bool,
    ) -> Vec<String> {
        let mut errors = Vec::new();
        let cluster = self.cluster_bindings.scopes.get("");
        let local = if namespace.is_empty() { None } else { self.bindings.scopes.get(namespace) };
        for scope in cluster.into_iter().chain(local) {
            let by_user = scope.by_subject.get(&Subject::User(user.name.clone()));
            let by_groups = user.groups.iter().filter_map(|group| scope.by_subject.get(&Subject::Group(group.clone())));
            for binding in by_user.into_iter().chain(by_groups).flatten() {
                match self.role(&binding.role_kind, &binding.role, &binding.namespace) {
                    Ok(rules) => {
                        for rule in rules.iter() {
                            if !visit(binding, rule) {
                                return Vec::new();
                            }
                        }
                    }
                    Err(status) => {
                        if !errors.contains(&status.message) {
                            errors.push(status.message);
                        }
                    }
                }
            }
        }
        errors
    }
}
