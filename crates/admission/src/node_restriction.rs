//! `NodeRestriction`: a kubelet writes about its own node and the pods on it, and nothing else.

use std::sync::Arc;

use apimachinery::{Map, Object, Status, Str, Value};
use apiserver::{
    AdmissionPlugin, Attributes, Operation, Server,
    authorization::{self, Action, Decision},
};
use async_trait::async_trait;
use auth::node::node_name;
use client::ResourceKind;

use crate::{
    certificate_subject_restriction::parse_request,
    forbidden, is_unset,
    pod::{MIRROR, containers, is_mirror, text},
};

pub(crate) struct NodeRestriction;

/// What a kubelet asks.
struct Request<'r, 'a> {
    server: &'r Server,
    attributes: &'r Attributes<'a>,
    node: &'r str,
}

/// Labels under Kubernetes' domains that kubelets may set on their node.
const KUBELET_LABELS: [&str; 12] = [
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/instance-type",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "node.kubernetes.io/windows-build",
];
const KUBELET_LABEL_DOMAINS: [&str; 2] = ["kubelet.kubernetes.io", "node.kubernetes.io"];

fn is_in_domain(domain: &str, parent: &str) -> bool {
    domain == parent || domain.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}

fn is_forbidden_label(key: &str) -> bool {
    let Some((domain, _)) = key.split_once('/') else { return false };
    if is_in_domain(domain, "node-restriction.kubernetes.io") {
        return true;
    }
    let kubernetes = is_in_domain(domain, "kubernetes.io") || is_in_domain(domain, "k8s.io");
    let kubelet =
        KUBELET_LABELS.contains(&key) || KUBELET_LABEL_DOMAINS.iter().any(|parent| is_in_domain(domain, parent));
    kubernetes && !kubelet
}

/// The labels that differ and that a kubelet may not touch, in order.
fn forbidden_labels(new: &Map, old: &Map) -> Vec<Str> {
    let differs = |key: &&Str| new.get(key) != old.get(key);
    let mut keys: Vec<Str> =
        new.keys().chain(old.keys()).filter(differs).filter(|key| is_forbidden_label(key)).cloned().collect();
    keys.sort();
    keys.dedup();
    keys
}

/// The kind of API object that a pod names, if it names any.
fn api_reference(pod: &Object) -> Option<&'static str> {
    let spec = pod.spec();
    if !text(pod, &["spec", "serviceAccountName"]).is_empty() {
        return Some("serviceaccounts");
    }
    let set = |value: &Value, path: &[&str]| !is_unset(value.at(path));
    let in_env = |container: &Value, from: &str, source: &str| {
        container.list_at(&["env"]).iter().any(|env| set(env, &["valueFrom", from]))
            || container.list_at(&["envFrom"]).iter().any(|item| set(item, &[source]))
    };
    let volumes = spec.list_at("volumes");
    let projected = |key: &str| {
        volumes.iter().any(|volume| volume.list_at(&["projected", "sources"]).iter().any(|source| set(source, &[key])))
    };
    let direct = |key: &str| volumes.iter().any(|volume| set(volume, &[key]));
    let pulls = !spec.list_at("imagePullSecrets").is_empty();
    if pulls
        || containers(spec).any(|container| in_env(container, "secretKeyRef", "secretRef"))
        || direct("secret")
        || projected("secret")
    {
        return Some("secrets");
    }
    if containers(spec).any(|container| in_env(container, "configMapKeyRef", "configMapRef"))
        || direct("configMap")
        || projected("configMap")
    {
        return Some("configmaps");
    }
    if projected("serviceAccountToken") {
        return Some("serviceaccounts");
    }
    if projected("clusterTrustBundle") {
        return Some("clustertrustbundles");
    }
    if projected("podCertificate") {
        return Some("podcertificates");
    }
    if direct("persistentVolumeClaim") || direct("ephemeral") {
        return Some("persistentvolumeclaims");
    }
    if direct("csi") {
        return Some("csidrivers");
    }
    (!spec.list_at("resourceClaims").is_empty()).then_some("resourceclaims")
}

impl Request<'_, '_> {
    fn no(&self, problem: impl std::fmt::Display) -> Result<(), Status> {
        Err(forbidden(self.attributes, problem))
    }

    fn read(&self, resource: &str, namespace: &str, name: &str) -> Result<Arc<Object>, Status> {
        let found = self.server.registry().object("", resource, namespace, name)?;
        found.ok_or_else(|| Status::not_found("", resource, name))
    }

    fn object(&self) -> Result<&Object, Status> {
        self.attributes.object.as_deref().ok_or_else(|| Status::internal("a write without an object"))
    }

    fn old(&self) -> Result<&Object, Status> {
        self.attributes.old_object.ok_or_else(|| Status::internal("a change without an old object"))
    }

    fn judge(&self) -> Result<(), Status> {
        let kind = self.attributes.resource;
        match (kind.group.as_str(), kind.resource.as_str()) {
            ("", "pods") => self.pod(),
            ("", "nodes") => self.own_node(),
            ("", "persistentvolumeclaims") => self.claim_status(),
            ("", "serviceaccounts") => self.token(),
            ("certificates.k8s.io", "podcertificaterequests") => self.pod_certificate_request(),
            ("coordination.k8s.io", "leases") => self.lease(),
            ("storage.k8s.io", "csinodes") => self.named_like_node("CSINode"),
            ("resource.k8s.io", "resourceslices") => self.resource_slice(),
            ("certificates.k8s.io", "certificatesigningrequests") => self.signing_request(),
            _ => Ok(()),
        }
    }

    fn pod(&self) -> Result<(), Status> {
        let (attributes, node) = (self.attributes, self.node);
        match (attributes.subresource, attributes.operation) {
            ("", Operation::Create) => self.mirror_pod(),
            ("", Operation::Delete) => match text(self.old()?, &["spec", "nodeName"]) == node {
                true => Ok(()),
                false => self.no(format!("node {node:?} can only delete pods with spec.nodeName set to itself")),
            },
            ("", operation) => self.no(format!(
                "unexpected operation {:?}, node {node:?} can only create and delete mirror pods",
                format!("{operation:?}").to_uppercase()
            )),
            ("status", Operation::Update) => self.pod_status(),
            ("eviction", Operation::Create) => {
                let pod = self.read("pods", attributes.namespace, attributes.name)?;
                match text(&pod, &["spec", "nodeName"]) == node {
                    true => Ok(()),
                    false => self.no(format!("node {node} can only evict pods with spec.nodeName set to itself")),
                }
            }
            ("status" | "eviction", operation) => {
                self.no(format!("unexpected operation {:?}", format!("{operation:?}").to_uppercase()))
            }
            (other, _) => {
                self.no(format!("unexpected pod subresource {other:?}, only 'status' and 'eviction' are allowed"))
            }
        }
    }

    fn mirror_pod(&self) -> Result<(), Status> {
        let (pod, node) = (self.object()?, self.node);
        if !is_mirror(pod) {
            return self
                .no(format!("pod does not have {MIRROR:?} annotation, node {node:?} can only create mirror pods"));
        }
        if text(pod, &["spec", "nodeName"]) != node {
            return self.no(format!("node {node:?} can only create pods with spec.nodeName set to itself"));
        }
        let owner = match pod.owner_references() {
            [owner] => owner,
            [] => return self.no(format!("node {node:?} can only create pods with an owner reference set to itself")),
            _ => {
                return self
                    .no(format!("node {node:?} can only create pods with a single owner reference set to itself"));
            }
        };
        let field = |name| text(owner, &[name]);
        if (field("apiVersion"), field("kind"), field("name")) != ("v1", "Node", node) {
            return self.no(format!("node {node:?} can only create pods with an owner reference set to itself"));
        }
        if owner.bool_at(&["controller"]) != Some(true) {
            return self
                .no(format!("node {node:?} can only create pods with a controller owner reference set to itself"));
        }
        if owner.bool_at(&["blockOwnerDeletion"]) == Some(true) {
            return self.no(format!("node {node:?} must not set blockOwnerDeletion on an owner reference"));
        }
        let own = self.read("nodes", "", node)?;
        if field("uid") != own.uid() {
            return self.no(format!("node {node} UID mismatch: expected {} got {}", field("uid"), own.uid()));
        }
        match api_reference(pod) {
            Some(kind) => self.no(format!("node {node:?} can not create pods that reference {kind}")),
            None => Ok(()),
        }
    }

    fn pod_status(&self) -> Result<(), Status> {
        let (new, old, node) = (self.object()?, self.old()?, self.node);
        if text(old, &["spec", "nodeName"]) != node {
            return self
                .no(format!("node {node:?} can only update pod status for pods with spec.nodeName set to itself"));
        }
        if new.labels() != old.labels() {
            return self.no(format!("node {node:?} cannot update labels through pod status"));
        }
        for (field, called) in [
            ("resourceClaimStatuses", "resource claim statues"),
            ("extendedResourceClaimStatus", "extended resource claim status"),
            ("nodeAllocatableResourceClaimStatuses", "node allocatable resource claim statuses"),
        ] {
            let (new, old) = (new.status().get(field), old.status().get(field));
            if new != old && !(is_unset(new) && is_unset(old)) {
                return self.no(format!("node {node:?} cannot update {called}"));
            }
        }
        Ok(())
    }

    fn own_node(&self) -> Result<(), Status> {
        let (attributes, node) = (self.attributes, self.node);
        if attributes.name != node {
            return self.no(format!("node {node:?} is not allowed to modify node {:?}", attributes.name));
        }
        let empty = Map::new();
        let source = |object: &Object| object.at(&["spec", "configSource"]).filter(|source| !source.is_null()).cloned();
        match attributes.operation {
            Operation::Create => {
                let new = self.object()?;
                if source(new).is_some() {
                    return self.no(format!("node {node:?} is not allowed to create pods with a non-nil configSource"));
                }
                let labels = forbidden_labels(new.labels(), &empty);
                match labels.is_empty() {
                    true => Ok(()),
                    false => self
                        .no(format!("node {node:?} is not allowed to set the following labels: {}", labels.join(", "))),
                }
            }
            Operation::Update => {
                let (new, old) = (self.object()?, self.old()?);
                if source(new).is_some() && source(new) != source(old) {
                    let problem = "is not allowed to update configSource to a new non-nil configSource";
                    return self.no(format!("node {node:?} {problem}"));
                }
                if new.list_at(&["spec", "taints"]) != old.list_at(&["spec", "taints"]) {
                    return self.no(format!("node {node:?} is not allowed to modify taints"));
                }
                if new.owner_references() != old.owner_references() {
                    return self.no(format!("node {node:?} is not allowed to modify ownerReferences"));
                }
                let labels = forbidden_labels(new.labels(), old.labels());
                match labels.is_empty() {
                    true => Ok(()),
                    false => self.no(format!("is not allowed to modify labels: {}", labels.join(", "))),
                }
            }
            _ => Ok(()),
        }
    }

    fn claim_status(&self) -> Result<(), Status> {
        if self.attributes.subresource != "status" {
            return self.no("may only update PVC status");
        }
        let stripped = |object: &Object| {
            let mut object = object.clone();
            for field in ["resourceVersion", "managedFields"] {
                object.metadata_mut().remove(field);
            }
            for field in ["capacity", "conditions", "allocatedResourceStatuses", "allocatedResources"] {
                object.remove(&["status", field]);
            }
            object
        };
        match stripped(self.object()?) == stripped(self.old()?) {
            true => Ok(()),
            false => self.no(format!(
                "node {:?} is not allowed to update fields other than status.quantity and status.conditions",
                self.node
            )),
        }
    }

    fn token(&self) -> Result<(), Status> {
        let attributes = self.attributes;
        if attributes.operation != Operation::Create || attributes.subresource != "token" {
            return Ok(());
        }
        let request = self.object()?;
        let field = |name| text(request, &["spec", "boundObjectRef", name]);
        if (field("apiVersion"), field("kind")) != ("v1", "Pod") || field("name").is_empty() {
            return self.no("node requested token not bound to a pod");
        }
        let uid = field("uid");
        if uid.is_empty() {
            return self.no("node requested token with a pod binding without a uid");
        }
        let pod = self.read("pods", attributes.namespace, field("name"))?;
        if uid != pod.uid() {
            return self.no(format!(
                "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
            ));
        }
        if text(&pod, &["spec", "nodeName"]) != self.node {
            return self.no("node requested token bound to a pod scheduled on a different node");
        }
        self.token_audience(request, &pod)
    }

    /// The audience must be one that the pod itself asks for, or one that the node was granted.
    fn token_audience(&self, request: &Object, pod: &Object) -> Result<(), Status> {
        let audiences: Vec<&str> = request.list_at(&["spec", "audiences"]).iter().filter_map(Value::as_str).collect();
        let audience = match audiences.as_slice() {
            [] => "",
            [only] => only,
            _ => return self.no("node may only request 0 or 1 audiences"),
        };
        for volume in pod.spec().list_at("volumes") {
            let projected = volume.list_at(&["projected", "sources"]).iter().any(|source| {
                !is_unset(source.get("serviceAccountToken"))
                    && text(source, &["serviceAccountToken", "audience"]) == audience
            });
            if projected || self.driver_wants(volume, pod, audience)? {
                return Ok(());
            }
        }
        let (user, attributes) = (&self.attributes.context.user, self.attributes);
        let verb = "request-serviceaccounts-token-audience";
        let action = Action::object(verb, "", audience, "", attributes.namespace, attributes.name);
        match authorization::decide(self.server, user, &action) {
            Decision::Allow(_) => Ok(()),
            _ => self.no(format!("{} is not authorized to request tokens for audience {audience:?}", user.name)),
        }
    }

    /// Whether the CSI driver of a volume asks for tokens of the audience.
    fn driver_wants(&self, volume: &Value, pod: &Object, audience: &str) -> Result<bool, Status> {
        let registry = self.server.registry();
        let claim = match text(volume, &["persistentVolumeClaim", "claimName"]) {
            "" if !is_unset(volume.get("ephemeral")) => format!("{}-{}", pod.name(), text(volume, &["name"])),
            name => name.to_owned(),
        };
        let driver = if claim.is_empty() {
            text(volume, &["csi", "driver"]).to_owned()
        } else {
            let claim = registry.object("", "persistentvolumeclaims", pod.namespace(), &claim)?;
            let name = claim.and_then(|claim| claim.str_at(&["spec", "volumeName"]).map(str::to_owned));
            let volume = match name {
                Some(name) => registry.object("", "persistentvolumes", "", &name)?,
                None => None,
            };
            volume.map(|volume| text(&volume, &["spec", "csi", "driver"]).to_owned()).unwrap_or_default()
        };
        if driver.is_empty() {
            return Ok(false);
        }
        let driver = registry.object("storage.k8s.io", "csidrivers", "", &driver)?;
        Ok(driver.is_some_and(|driver| {
            driver.list_at(&["spec", "tokenRequests"]).iter().any(|request| text(request, &["audience"]) == audience)
        }))
    }

    fn pod_certificate_request(&self) -> Result<(), Status> {
        let attributes = self.attributes;
        if attributes.operation != Operation::Create || !attributes.subresource.is_empty() {
            return self.no(format!("unexpected operation {:?}", attributes.operation));
        }
        let request = self.object()?;
        let field = |name| text(request, &["spec", name]);
        if field("nodeName") != self.node {
            return self.no(format!(
                "PodCertificateRequest.Spec.NodeName={:?}, which is not the requesting node {:?}",
                field("nodeName"),
                self.node
            ));
        }
        let node = self.read("nodes", "", self.node)?;
        let pod = self.read("pods", attributes.namespace, field("podName"))?;
        let account = self.read("serviceaccounts", attributes.namespace, field("serviceAccountName"))?;
        let shown = format!("{}/{}", attributes.namespace, field("podName"));
        if (node.uid(), pod.uid(), account.uid()) != (field("nodeUID"), field("podUID"), field("serviceAccountUID")) {
            return self
                .no(format!("PodCertificateRequest for pod {shown:?} names a UID that differs from the record"));
        }
        if text(&pod, &["spec", "nodeName"]) != self.node {
            return self.no(format!(
                "pod {shown:?} is not running on node {:?} named in the PodCertificateRequest",
                self.node
            ));
        }
        if is_mirror(&pod) {
            return self.no(format!("pod {shown:?} is a mirror pod"));
        }
        let running = text(&pod, &["spec", "serviceAccountName"]);
        if field("serviceAccountName") != running {
            return self.no(format!(
                "PodCertificateRequest for pod {shown:?} contains serviceAccountName ({:?}) that differs from running pod ({running:?})",
                field("serviceAccountName")
            ));
        }
        let signer = field("signerName");
        let mounts = pod.spec().list_at("volumes").iter().any(|volume| {
            let sources = volume.list_at(&["projected", "sources"]);
            sources.iter().any(|source| text(source, &["podCertificate", "signerName"]) == signer)
        });
        match mounts {
            true => Ok(()),
            false => {
                self.no(format!("pod {shown:?} does not mount a podCertificate projected volume for signer {signer:?}"))
            }
        }
    }

    fn lease(&self) -> Result<(), Status> {
        if self.attributes.namespace != "kube-node-lease" {
            return self.no(r#"can only access leases in the "kube-node-lease" system namespace"#);
        }
        self.named_like_node("node lease")
    }

    fn named_like_node(&self, kind: &str) -> Result<(), Status> {
        let name = match self.attributes.operation {
            Operation::Create => self.object()?.name(),
            _ => self.attributes.name,
        };
        match name == self.node {
            true => Ok(()),
            false => self.no(format!("can only access {kind} with the same name as the requesting node")),
        }
    }

    fn resource_slice(&self) -> Result<(), Status> {
        let (object, verb) = match self.attributes.operation {
            Operation::Create => (self.object()?, "create"),
            Operation::Delete => (self.old()?, "delete"),
            _ => return Ok(()),
        };
        match text(object, &["spec", "nodeName"]) == self.node {
            true => Ok(()),
            false => self.no(format!("can only {verb} ResourceSlice with the same NodeName as the requesting node")),
        }
    }

    fn signing_request(&self) -> Result<(), Status> {
        let signers = ["kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet"];
        if self.attributes.operation != Operation::Create {
            return Ok(());
        }
        let object = self.object()?;
        if !signers.contains(&text(object, &["spec", "signerName"])) {
            return Ok(());
        }
        match parse_request(object) {
            Err(problem) => self.no(format!("unable to parse csr: {problem}")),
            Ok(request) if request.common_name == format!("system:node:{}", self.node) => Ok(()),
            Ok(_) => self.no(format!("can only create a node CSR with CN=system:node:{}", self.node)),
        }
    }
}

#[async_trait]
impl AdmissionPlugin for NodeRestriction {
    fn name(&self) -> &'static str {
        "NodeRestriction"
    }

    fn handles(&self, operation: Operation, _: &ResourceKind, _: &str) -> bool {
        operation != Operation::Connect
    }

    async fn admit(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let user = &attributes.context.user;
        let Some(node) = node_name(user) else { return Ok(()) };
        if node.is_empty() {
            return Err(forbidden(attributes, format!("could not determine node from user {:?}", user.name)));
        }
        Request { server, attributes, node }.judge()
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn labels_of_kubernetes_are_not_the_kubelets() {
        for (label, expected) in [
            ("plain", false),
            ("example.com/x", false),
            ("kubernetes.io/hostname", false),
            ("node.kubernetes.io/anything", false),
            ("x.kubelet.kubernetes.io/anything", false),
            ("node-restriction.kubernetes.io/x", true),
            ("a.node-restriction.kubernetes.io/x", true),
            ("node-role.kubernetes.io/control-plane", true),
            ("foo.k8s.io/x", true),
            ("notkubernetes.io/x", false),
        ] {
            assert_eq!(is_forbidden_label(label), expected, "{label}");
        }
        let old = value!({"k8s.io/a": "1", "k8s.io/b": "1"});
        let new = value!({"k8s.io/a": "1", "k8s.io/c": "1"});
        assert_eq!(forbidden_labels(new.as_map().unwrap(), old.as_map().unwrap()), ["k8s.io/b", "k8s.io/c"]);
    }

    #[test]
    fn mirror_pods_name_no_objects() {
        let check = |spec: Value| api_reference(&Object(value!({"spec": spec})));
        assert_eq!(check(value!({"containers": [{"env": [{"name": "a", "value": "b"}]}]})), None);
        assert_eq!(check(value!({"volumes": [{"hostPath": {"path": "/"}}]})), None);
        assert_eq!(check(value!({"volumes": [{"configMap": {"name": "a"}}]})), Some("configmaps"));
        assert_eq!(check(value!({"volumes": [{"csi": {"driver": "a"}}]})), Some("csidrivers"));
        assert_eq!(check(value!({"initContainers": [{"envFrom": [{"secretRef": {"name": "a"}}]}]})), Some("secrets"));
    }
}
