//! The name, labels and volumes by which a pod is one of a set's replicas.

use apimachinery::{List, Object, Value, value};
use client::kinds::STATEFUL_SETS;

use super::claims;
use crate::{ownership::is_controlled_by, pod_control::pod_from_template};

pub(super) const HASH_LABEL: &str = "controller-revision-hash";
const NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
const INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";

/// `web-3` is the replica 3 of `web`.
pub(super) fn parent_and_ordinal(name: &str) -> Option<(&str, i64)> {
    let (parent, ordinal) = name.rsplit_once('-')?;
    let digits = !ordinal.is_empty() && ordinal.bytes().all(|byte| byte.is_ascii_digit());
    Some((parent, ordinal.parse().ok().filter(|_| digits)?))
}

pub(super) fn ordinal(pod: &Object) -> i64 {
    parent_and_ordinal(pod.name()).map_or(-1, |(_, ordinal)| ordinal)
}

pub(super) fn start_ordinal(set: &Object) -> i64 {
    set.at(&["spec", "ordinals"]).and_then(|ordinals| ordinals.i64_at(&["start"])).unwrap_or_default()
}

fn labels(set: &Object, ordinal: i64) -> [(&'static str, String); 2] {
    [(NAME_LABEL, format!("{}-{ordinal}", set.name())), (INDEX_LABEL, ordinal.to_string())]
}

/// Whether the pod has the labels of its replica.
pub(super) fn matches(set: &Object, pod: &Object) -> bool {
    is_controlled_by(pod, set)
        && labels(set, ordinal(pod)).iter().all(|(key, text)| pod.label(key) == Some(text.as_str()))
}

/// The pod with the labels of its replica.
pub(super) fn corrected(set: &Object, pod: &Object) -> Object {
    let mut corrected = pod.clone();
    for (key, text) in labels(set, ordinal(pod)) {
        corrected.metadata_mut().map_at("labels").insert(key, text);
    }
    corrected
}

/// The replica `ordinal` of `set` as `template` of `revision` describes it.
pub(super) fn new_pod(set: &Object, template: &Value, revision: &str, ordinal: i64) -> Object {
    let name = format!("{}-{ordinal}", set.name());
    let mut pod = pod_from_template(template, &STATEFUL_SETS, set);
    pod.metadata_mut().remove("generateName");
    pod.set_meta("name", &name);
    let own = pod.metadata_mut().map_at("labels");
    own.insert(HASH_LABEL, revision);
    for (key, text) in labels(set, ordinal) {
        own.insert(key, text);
    }
    pod.set(&["spec", "hostname"], name.as_str());
    if let Some(service) = set.spec().str_at("serviceName").filter(|service| !service.is_empty()) {
        pod.set(&["spec", "subdomain"], service);
    }
    let claimed = claims::names(set, ordinal);
    let mut volumes: List = pod.list_at(&["spec", "volumes"]).iter().cloned().collect();
    volumes.retain(|volume| !claimed.iter().any(|(template, _)| volume.str_at(&["name"]) == Some(template)));
    let own = claimed.iter().map(
        |(template, claim)| value!({"name": template.as_str(), "persistentVolumeClaim": {"claimName": claim.as_str()}}),
    );
    volumes.extend(own);
    if !volumes.is_empty() {
        pod.set(&["spec", "volumes"], volumes);
    }
    pod
}
