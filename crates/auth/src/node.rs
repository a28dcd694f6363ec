//! The Node authorizer: a kubelet may read what the pods bound to its node need, and nothing else of that
//! kind.
//!
//! Upstream keeps a graph of all objects. Here one index remembers what each node's pods name; everything
//! behind it (a volume's claim, an attachment's node) is read from the caches when asked, since a node has
//! few pods.

mod index;
mod references;

use std::sync::LazyLock;

use apimachinery::{Object, Status};
use apiserver::{
    Server, UserInfo,
    authorization::{Action, Authorizer, Decision},
};
use parking_lot::{RwLock, RwLockWriteGuard};

use crate::{bootstrap, rbac::Rule};
use index::{Index, Kind};

/// The node whose kubelet `user` is; `None` for everybody else.
pub fn node_name(user: &UserInfo) -> Option<&str> {
    user.name.strip_prefix("system:node:").filter(|_| user.in_group("system:nodes"))
}

/// What every node may do, beside what is judged object by object.
static NODE_RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| bootstrap::rules_of_cluster_role("system:node"));

/// Allows kubelets what their node needs.
#[derive(Default)]
pub struct NodeAuthorizer {
    index: RwLock<Index>,
}

fn no(reason: &str) -> Decision {
    Decision::NoOpinion(reason.to_owned())
}

fn allow() -> Decision {
    Decision::Allow(String::new())
}

/// One request of one node.
struct Request<'a> {
    authorizer: &'a NodeAuthorizer,
    server: &'a Server,
    node: &'a str,
    action: &'a Action<'a>,
}

impl Authorizer for NodeAuthorizer {
    fn authorize(&self, server: &Server, user: &UserInfo, action: &Action<'_>) -> Decision {
        let Some(node) = node_name(user) else { return no("") };
        if node.is_empty() {
            return no(&format!("unknown node for user {:?}", user.name));
        }
        let request = Request { authorizer: self, server, node, action };
        request.decide().unwrap_or_else(|status| no(&status.message))
    }
}

impl NodeAuthorizer {
    /// An authorizer that has not looked at any pod yet.
    pub fn new() -> NodeAuthorizer {
        NodeAuthorizer::default()
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
}

impl Request<'_> {
    fn decide(&self) -> Result<Decision, Status> {
        let action = self.action;
        Ok(match (action.group, action.resource) {
            ("", "secrets") => self.read_named(Kind::Secret)?,
            ("", "configmaps") => self.read_named(Kind::ConfigMap)?,
            ("", "persistentvolumeclaims") if action.subresource == "status" => match action.verb {
                "update" | "patch" => self.related(Kind::PersistentVolumeClaim)?,
                _ => no("can only get/update/patch this type"),
            },
            ("", "persistentvolumeclaims") => self.get_only(Kind::PersistentVolumeClaim)?,
            ("", "persistentvolumes") => self.get_only(Kind::PersistentVolume)?,
            ("resource.k8s.io", "resourceclaims") => self.get_only(Kind::ResourceClaim)?,
            ("storage.k8s.io", "volumeattachments") => self.get_only(Kind::VolumeAttachment)?,
            ("", "serviceaccounts") => self.service_account()?,
            ("coordination.k8s.io", "leases") => self.lease(),
            ("storage.k8s.io", "csinodes") => self.csi_node(),
            ("resource.k8s.io", "resourceslices") => self.resource_slice()?,
            ("", "nodes") => self.own_node(),
            ("", "pods") => self.pod()?,
            ("certificates.k8s.io", "podcertificaterequests") => self.pod_certificate_request()?,
            _ => self.by_rules(),
        })
    }

    fn by_rules(&self) -> Decision {
        let combined = crate::rbac::combined(self.action.resource, self.action.subresource);
        if NODE_RULES.iter().any(|rule| rule.allows(self.action, &combined)) { allow() } else { no("") }
    }

    fn unrelated(&self) -> Decision {
        no(&format!("no relationship found between node '{}' and this object", self.node))
    }

    /// Whether the named object has to do with the node.
    fn related(&self, kind: Kind) -> Result<Decision, Status> {
        if self.action.name.is_empty() {
            return Ok(no("No Object name found"));
        }
        Ok(if self.is_related(kind, self.action.namespace, self.action.name)? { allow() } else { self.unrelated() })
    }

    fn read_named(&self, kind: Kind) -> Result<Decision, Status> {
        let action = self.action;
        if !matches!(action.verb, "get" | "list" | "watch") {
            return Ok(no("can only read resources of this type"));
        }
        if !action.subresource.is_empty() {
            return Ok(no("cannot read subresource"));
        }
        if action.namespace.is_empty() {
            return Ok(no("can only read namespaced object of this type"));
        }
        self.related(kind)
    }

    fn get_only(&self, kind: Kind) -> Result<Decision, Status> {
        if self.action.verb != "get" {
            return Ok(no("can only get individual resources of this type"));
        }
        if !self.action.subresource.is_empty() {
            return Ok(no("cannot get subresource"));
        }
        self.related(kind)
    }

    fn service_account(&self) -> Result<Decision, Status> {
        let action = self.action;
        if action.verb == "get" && action.subresource.is_empty() {
            return self.read_named(Kind::ServiceAccount);
        }
        if action.verb != "create" || action.name.is_empty() {
            return Ok(no("can only create tokens for individual service accounts"));
        }
        if action.subresource != "token" {
            return Ok(no("can only create token subresource of serviceaccount"));
        }
        self.related(Kind::ServiceAccount)
    }

    fn lease(&self) -> Decision {
        let action = self.action;
        if !matches!(action.verb, "get" | "create" | "update" | "patch" | "delete") {
            return no("can only get, create, update, patch, or delete a node lease");
        }
        if action.namespace != "kube-node-lease" {
            return no(r#"can only access leases in the "kube-node-lease" system namespace"#);
        }
        // The name of a new object is not known here; NodeRestriction looks at it.
        if action.verb != "create" && action.name != self.node {
            return no("can only access node lease with the same name as the requesting node");
        }
        allow()
    }

    fn csi_node(&self) -> Decision {
        let action = self.action;
        match action.subresource {
            "" if matches!(action.verb, "get" | "create" | "update" | "patch" | "delete") => {}
            "" => return no("can only get, create, update, patch, or delete a CSINode"),
            "status" => return no("CSINode status access requires CSIVolumeHealth feature"),
            _ => return no("cannot authorize CSINode subresources"),
        }
        if action.verb != "create" && action.name != self.node {
            return no("can only access CSINode with the same name as the requesting node");
        }
        allow()
    }

    fn selects_own_node(&self) -> bool {
        self.action.selected("spec.nodeName").is_some_and(|selected| selected == self.node)
    }

    fn resource_slice(&self) -> Result<Decision, Status> {
        let action = self.action;
        if !action.subresource.is_empty() {
            return Ok(no("cannot authorize ResourceSlice subresources"));
        }
        Ok(match action.verb {
            "create" => allow(),
            "get" | "update" | "patch" | "delete" => self.related(Kind::ResourceSlice)?,
            "watch" | "list" | "deletecollection" if self.selects_own_node() => allow(),
            "watch" | "list" | "deletecollection" => {
                no("can only list/watch/deletecollection resourceslices with nodeName field selector")
            }
            _ => no(
                "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection",
            ),
        })
    }

    fn pod_certificate_request(&self) -> Result<Decision, Status> {
        let action = self.action;
        if !action.subresource.is_empty() {
            return Ok(no("nodes may not access the status subresource of PodCertificateRequests"));
        }
        Ok(match action.verb {
            "create" => allow(),
            "get" => self.related(Kind::PodCertificateRequest)?,
            "list" | "watch" if self.selects_own_node() => allow(),
            "list" | "watch" => no("can only list/watch podcertificaterequests with nodeName field selector"),
            verb => no(&format!("nodes may not {verb} podcertificaterequests")),
        })
    }

    fn own_node(&self) -> Decision {
        let (action, node) = (self.action, self.node);
        match (action.subresource, action.verb) {
            ("", "create" | "update" | "patch") | ("status", "update" | "patch") => allow(),
            ("", "get" | "list" | "watch") => match action.name {
                name if name == node => allow(),
                "" => no(&format!("node '{node}' cannot read all nodes, only its own Node object")),
                name => no(&format!("node '{node}' cannot read '{name}', only its own Node object")),
            },
            _ => no(""),
        }
    }

    fn pod(&self) -> Result<Decision, Status> {
        let action = self.action;
        Ok(match (action.subresource, action.verb) {
            ("", "get") => self.get_only(Kind::Pod)?,
            ("", "list" | "watch") if self.selects_own_node() => allow(),
            ("", "list" | "watch") if !action.name.is_empty() => self.related(Kind::Pod)?,
            ("", "list" | "watch") => no("can only list/watch pods with spec.nodeName field selector"),
            ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => allow(),
            _ => no(""),
        })
    }

    fn is_related(&self, kind: Kind, namespace: &str, name: &str) -> Result<bool, Status> {
        let named = |kind, namespace: &str, name: &str| {
            self.authorizer.with_index(self.server, |index| index.names(self.node, kind, namespace, name))
        };
        let read = |group, resource| self.server.registry().object(group, resource, namespace, name);
        let on_node = |object: Option<std::sync::Arc<Object>>| {
            object.is_some_and(|object| object.str_at(&["spec", "nodeName"]) == Some(self.node))
        };
        match kind {
            Kind::PersistentVolume => {
                let Some(volume) = self.server.registry().object("", "persistentvolumes", "", name)? else {
                    return Ok(false);
                };
                let claim = |field| volume.str_at(&["spec", "claimRef", field]).unwrap_or_default();
                Ok(named(Kind::PersistentVolumeClaim, claim("namespace"), claim("name")))
            }
            Kind::Secret if named(kind, namespace, name) => Ok(true),
            Kind::Secret => self.is_secret_of_volume(namespace, name),
            Kind::VolumeAttachment => Ok(on_node(read("storage.k8s.io", "volumeattachments")?)),
            Kind::ResourceSlice => Ok(on_node(read("resource.k8s.io", "resourceslices")?)),
            Kind::PodCertificateRequest => Ok(on_node(read("certificates.k8s.io", "podcertificaterequests")?)),
            _ => Ok(named(kind, namespace, name)),
        }
    }

    /// Whether a volume that one of the node's pods claims names the secret.
    fn is_secret_of_volume(&self, namespace: &str, name: &str) -> Result<bool, Status> {
        let registry = self.server.registry();
        let claims = self.authorizer.with_index(self.server, |index| index.claims(self.node));
        for (claim_namespace, claim_name) in claims {
            let claim = registry.object("", "persistentvolumeclaims", &claim_namespace, &claim_name)?;
            let Some(claim) = claim else { continue };
            let volume_name = claim.str_at(&["spec", "volumeName"]).unwrap_or_default();
            if volume_name.is_empty() {
                continue;
            }
            let Some(volume) = registry.object("", "persistentvolumes", "", volume_name)? else { continue };
            let bound = volume.str_at(&["spec", "claimRef", "namespace"]) == Some(&claim_namespace)
                && volume.str_at(&["spec", "claimRef", "name"]) == Some(&claim_name);
            if bound && references::secrets_of_volume(&volume).contains(&(namespace, name)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_members_of_the_group_are_nodes() {
        let node = UserInfo::new("system:node:a", &["system:nodes"]);
        assert_eq!(node_name(&node), Some("a"));
        assert_eq!(node_name(&UserInfo::new("system:node:a", &[])), None);
        assert_eq!(node_name(&UserInfo::new("a", &["system:nodes"])), None);
    }

    #[test]
    fn every_node_may_do_what_its_rules_say() {
        let allows = |verb, group, resource| {
            let action = Action::object(verb, group, resource, "", "", "");
            let combined = crate::rbac::combined(resource, "");
            NODE_RULES.iter().any(|rule| rule.allows(&action, &combined))
        };
        assert!(
            allows("list", "", "services") && allows("create", "certificates.k8s.io", "certificatesigningrequests")
        );
        assert!(!allows("delete", "", "services") && !allows("list", "", "namespaces"));
    }
}
