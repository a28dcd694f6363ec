//! What the pods of each node name.

use std::collections::{HashMap, HashSet};

use apimachinery::{Object, Str};
use apiserver::Registry;

use super::references;
use crate::follow::{Delta, Follower};

/// What can have to do with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    ConfigMap,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    PodCertificateRequest,
    ResourceClaim,
    ResourceSlice,
    Secret,
    ServiceAccount,
    VolumeAttachment,
}

/// One pod: its node, and what it names in its namespace.
struct Pod {
    node: Str,
    namespace: Str,
    name: Str,
    references: HashSet<(Kind, Str)>,
}

/// The pods of every node.
pub(super) struct Index {
    pods: HashMap<Str, Pod>,
    by_node: HashMap<Str, HashSet<Str>>,
    follower: Follower,
}

impl Default for Index {
    fn default() -> Index {
        Index { pods: HashMap::new(), by_node: HashMap::new(), follower: Follower::new("", "pods") }
    }
}

impl Index {
    pub(super) fn is_behind(&self) -> bool {
        self.follower.is_behind()
    }

    pub(super) fn catch_up(&mut self, registry: &Registry) {
        let Index { pods, by_node, follower } = self;
        follower.catch_up(registry, |delta| apply(pods, by_node, delta));
    }

    /// Whether a pod of `node` in `namespace` names the object.
    pub(super) fn names(&self, node: &str, kind: Kind, namespace: &str, name: &str) -> bool {
        let wanted = (kind, Str::from(name));
        self.pods_of(node).any(|pod| {
            pod.namespace == namespace && (pod.references.contains(&wanted) || (kind == Kind::Pod && pod.name == name))
        })
    }

    /// Namespace and name of every claim that the node's pods name.
    pub(super) fn claims(&self, node: &str) -> Vec<(Str, Str)> {
        let claims = |pod: &Pod| -> Vec<(Str, Str)> {
            let claims = pod.references.iter().filter(|(kind, _)| *kind == Kind::PersistentVolumeClaim);
            claims.map(|(_, name)| (pod.namespace.clone(), name.clone())).collect()
        };
        self.pods_of(node).flat_map(claims).collect()
    }

    fn pods_of(&self, node: &str) -> impl Iterator<Item = &Pod> {
        self.by_node.get(node).into_iter().flatten().filter_map(|key| self.pods.get(key))
    }
}

fn apply(pods: &mut HashMap<Str, Pod>, by_node: &mut HashMap<Str, HashSet<Str>>, delta: Delta<'_>) {
    match delta {
        Delta::Reset => {
            pods.clear();
            by_node.clear();
        }
        Delta::Removed(key) => remove(pods, by_node, key),
        Delta::Put(key, object) => {
            remove(pods, by_node, key);
            if let Some(pod) = read(object) {
                by_node.entry(pod.node.clone()).or_default().insert(key.into());
                pods.insert(key.into(), pod);
            }
        }
    }
}

fn remove(pods: &mut HashMap<Str, Pod>, by_node: &mut HashMap<Str, HashSet<Str>>, key: &str) {
    let Some(pod) = pods.remove(key) else { return };
    if let Some(keys) = by_node.get_mut(&pod.node) {
        keys.remove(key);
        if keys.is_empty() {
            by_node.remove(&pod.node);
        }
    }
}

/// A pod that is bound to a node. One that has ended needs nothing any more, but upstream keeps its edges
/// until it is deleted.
fn read(object: &Object) -> Option<Pod> {
    let node = object.str_at(&["spec", "nodeName"]).filter(|node| !node.is_empty())?;
    Some(Pod {
        node: node.into(),
        namespace: object.namespace().into(),
        name: object.name().into(),
        references: references::of_pod(object),
    })
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn pods_lend_their_node_what_they_name() {
        let (mut pods, mut by_node) = (HashMap::new(), HashMap::new());
        let pod = Object(value!({
            "metadata": {"name": "p", "namespace": "n"},
            "spec": {
                "nodeName": "a",
                "serviceAccountName": "robot",
                "imagePullSecrets": [{"name": "pull"}],
                "initContainers": [{"env": [{"name": "x", "valueFrom": {"secretKeyRef": {"name": "key"}}}]}],
                "containers": [{"envFrom": [{"configMapRef": {"name": "env"}}]}],
                "volumes": [
                    {"name": "v", "persistentVolumeClaim": {"claimName": "claim"}},
                    {"name": "e", "ephemeral": {"volumeClaimTemplate": {}}},
                    {"name": "s", "projected": {"sources": [{"secret": {"name": "projected"}}, {"configMap": {"name": "c"}}]}},
                    {"name": "csi", "csi": {"nodePublishSecretRef": {"name": "publish"}}}
                ],
                "resourceClaims": [{"name": "r", "resourceClaimTemplateName": "t"}, {"name": "q", "resourceClaimName": "direct"}]
            },
            "status": {"resourceClaimStatuses": [{"name": "r", "resourceClaimName": "made"}]}
        }));
        apply(&mut pods, &mut by_node, Delta::Put("n/p", &pod));
        let index = Index { pods, by_node, ..Index::default() };
        for (kind, name) in [
            (Kind::Pod, "p"),
            (Kind::ServiceAccount, "robot"),
            (Kind::Secret, "pull"),
            (Kind::Secret, "key"),
            (Kind::Secret, "projected"),
            (Kind::Secret, "publish"),
            (Kind::ConfigMap, "env"),
            (Kind::ConfigMap, "c"),
            (Kind::PersistentVolumeClaim, "claim"),
            (Kind::PersistentVolumeClaim, "p-e"),
            (Kind::ResourceClaim, "made"),
            (Kind::ResourceClaim, "direct"),
        ] {
            assert!(index.names("a", kind, "n", name), "{kind:?} {name}");
            assert!(!index.names("b", kind, "n", name) && !index.names("a", kind, "m", name), "{kind:?} {name}");
        }
        assert!(!index.names("a", Kind::Secret, "n", "env"));
        assert_eq!(index.claims("a").len(), 2);
        let Index { mut pods, mut by_node, .. } = index;
        apply(&mut pods, &mut by_node, Delta::Removed("n/p"));
        assert!(pods.is_empty() && by_node.is_empty());
    }

    #[test]
    fn mirror_pods_lend_nothing() {
        let pod = Object(value!({
            "metadata": {"name": "p", "namespace": "n", "annotations": {"kubernetes.io/config.mirror": "x"}},
            "spec": {"nodeName": "a", "imagePullSecrets": [{"name": "pull"}], "containers": []}
        }));
        assert!(read(&pod).unwrap().references.is_empty());
    }
}
