//! What pods and volumes name.

use std::collections::HashSet;

use apimachinery::{Object, Str, Value};

use super::index::Kind;

/// Paths in a volume source to the name of a secret in the pod's namespace.
const VOLUME_SECRETS: [&[&str]; 10] = [
    &["azureFile", "secretName"],
    &["cephfs", "secretRef", "name"],
    &["cinder", "secretRef", "name"],
    &["flexVolume", "secretRef", "name"],
    &["rbd", "secretRef", "name"],
    &["secret", "secretName"],
    &["scaleIO", "secretRef", "name"],
    &["iscsi", "secretRef", "name"],
    &["storageos", "secretRef", "name"],
    &["csi", "nodePublishSecretRef", "name"],
];

/// Everything that a pod names and that its node may therefore read.
pub(super) fn of_pod(pod: &Object) -> HashSet<(Kind, Str)> {
    let mut found = HashSet::new();
    if pod.annotation("kubernetes.io/config.mirror").is_some() {
        // A mirror pod is made by the kubelet itself: it must not lend the node anything.
        return found;
    }
    let mut add = |kind, name: Option<&str>| {
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            found.insert((kind, Str::from(name)));
        }
    };
    let spec = pod.spec();
    add(Kind::ServiceAccount, spec.str_at("serviceAccountName"));
    for secret in spec.list_at("imagePullSecrets") {
        add(Kind::Secret, secret.str_at(&["name"]));
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in spec.list_at(list) {
            of_container(container, &mut add);
        }
    }
    for volume in spec.list_at("volumes") {
        of_volume(pod.name(), volume, &mut add);
    }
    let statuses = pod.status().list_at("resourceClaimStatuses");
    for claim in spec.list_at("resourceClaims") {
        let made = statuses.iter().find(|status| status.str_at(&["name"]) == claim.str_at(&["name"]));
        let made = made.and_then(|status| status.str_at(&["resourceClaimName"]));
        add(Kind::ResourceClaim, claim.str_at(&["resourceClaimName"]).or(made));
    }
    add(Kind::ResourceClaim, pod.str_at(&["status", "extendedResourceClaimStatus", "resourceClaimName"]));
    found
}

fn of_container(container: &Value, add: &mut impl FnMut(Kind, Option<&str>)) {
    for source in container.list_at(&["envFrom"]) {
        add(Kind::ConfigMap, source.str_at(&["configMapRef", "name"]));
        add(Kind::Secret, source.str_at(&["secretRef", "name"]));
    }
    for variable in container.list_at(&["env"]) {
        add(Kind::ConfigMap, variable.str_at(&["valueFrom", "configMapKeyRef", "name"]));
        add(Kind::Secret, variable.str_at(&["valueFrom", "secretKeyRef", "name"]));
    }
}

fn of_volume(pod: &str, volume: &Value, add: &mut impl FnMut(Kind, Option<&str>)) {
    for path in VOLUME_SECRETS {
        add(Kind::Secret, volume.str_at(path));
    }
    add(Kind::ConfigMap, volume.str_at(&["configMap", "name"]));
    for source in volume.list_at(&["projected", "sources"]) {
        add(Kind::ConfigMap, source.str_at(&["configMap", "name"]));
        add(Kind::Secret, source.str_at(&["secret", "name"]));
    }
    add(Kind::PersistentVolumeClaim, volume.str_at(&["persistentVolumeClaim", "claimName"]));
    if volume.get("ephemeral").is_some_and(|ephemeral| !ephemeral.is_null()) {
        let name = volume.str_at(&["name"]).unwrap_or_default();
        add(Kind::PersistentVolumeClaim, Some(&format!("{pod}-{name}")));
    }
}

/// Paths in a persistent volume's spec to a secret that the kubelet needs.
const PERSISTENT_VOLUME_SECRETS: [&[&str]; 9] = [
    &["cephfs", "secretRef"],
    &["cinder", "secretRef"],
    &["flexVolume", "secretRef"],
    &["rbd", "secretRef"],
    &["scaleIO", "secretRef"],
    &["iscsi", "secretRef"],
    &["storageos", "secretRef"],
    &["csi", "nodePublishSecretRef"],
    &["csi", "nodeStageSecretRef"],
];

/// Namespace and name of the secrets that the kubelet needs to mount a volume.
pub(super) fn secrets_of_volume(volume: &Object) -> Vec<(&str, &str)> {
    let claim_namespace = volume.str_at(&["spec", "claimRef", "namespace"]).unwrap_or_default();
    let spec = volume.get("spec");
    let mut found = Vec::new();
    let references = PERSISTENT_VOLUME_SECRETS.iter().filter_map(|path| spec?.at(path));
    let expand = spec.and_then(|spec| spec.at(&["csi", "nodeExpandSecretRef"]));
    for reference in references.chain(expand) {
        let namespace = reference.str_at(&["namespace"]).filter(|namespace| !namespace.is_empty());
        if let Some(name) = reference.str_at(&["name"]) {
            found.push((namespace.unwrap_or(claim_namespace), name));
        }
    }
    if let Some(file) = spec.and_then(|spec| spec.get("azureFile")) {
        let namespace = file.str_at(&["secretNamespace"]).filter(|namespace| !namespace.is_empty());
        if let Some(name) = file.str_at(&["secretName"]) {
            found.push((namespace.unwrap_or(claim_namespace), name));
        }
    }
    found
}
