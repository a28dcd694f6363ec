//! What the controller reads from and writes to replica sets.

use std::{cmp::Ordering, sync::Arc};

use apimachinery::{Map, Object, Value, value};
use client::kinds::DEPLOYMENTS;

use crate::{hash::template_hash, ownership::controller_reference};

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
pub(super) const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub(super) const DESIRED_REPLICAS: &str = "deployment.kubernetes.io/desired-replicas";
pub(super) const MAX_REPLICAS: &str = "deployment.kubernetes.io/max-replicas";
pub(super) const ROLLBACK_TO: &str = "deprecated.deployment.rollback.to";
pub(super) const TEMPLATE_HASH: &str = "pod-template-hash";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The longest history of revisions in the annotation, in characters.
const REVISION_HISTORY_LIMIT: usize = 2000;
/// The longest name of an object.
const NAME_LIMIT: usize = 253;

pub(super) type Sets = Vec<Arc<Object>>;

pub(super) fn replicas(object: &Object) -> i64 {
    object.spec().i64_at("replicas").unwrap_or(1)
}

pub(super) fn counted(set: &Object, key: &str) -> i64 {
    set.status().i64_at(key).unwrap_or_default()
}

pub(super) fn sum<'s>(sets: impl IntoIterator<Item = &'s Arc<Object>>, of: impl Fn(&Object) -> i64) -> i64 {
    sets.into_iter().map(|set| of(set)).sum()
}

pub(super) fn revision(object: &Object) -> Option<i64> {
    object.annotation(REVISION).map_or(Some(0), |text| text.parse().ok())
}

pub(super) fn by_creation(a: &Arc<Object>, b: &Arc<Object>) -> Ordering {
    a.creation_timestamp().cmp(b.creation_timestamp()).then_with(|| a.name().cmp(b.name()))
}

/// Whether two pod templates are the same but for the hash that the controller adds.
pub(super) fn same_template(a: Option<&Value>, b: Option<&Value>) -> bool {
    let without_hash = |template: Option<&Value>| {
        let mut template = template.cloned().unwrap_or_default();
        template.remove(&["metadata", "labels", TEMPLATE_HASH]);
        for path in [&["metadata", "labels"][..], &["metadata"][..]] {
            if template.map_at(path).is_some_and(Map::is_empty) {
                template.remove(path);
            }
        }
        template
    };
    without_hash(a) == without_hash(b)
}

/// Annotations of the deployment that are not its replica sets' business.
pub(super) fn is_own_annotation(key: &str) -> bool {
    [LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS, ROLLBACK_TO].contains(&key)
}

/// The annotations that a new set of `deployment` must have to be `new_revision`, on top of `annotations`.
pub(super) fn annotate(deployment: &Object, annotations: &Map, new_revision: i64) -> Map {
    let mut result = annotations.clone();
    for (key, text) in deployment.annotations().iter().filter(|(key, _)| !is_own_annotation(key)) {
        result.insert(key, text.clone());
    }
    let before = annotations.str_at(REVISION);
    let Ok(old_revision) = before.map_or(Ok(0), str::parse::<i64>) else { return result };
    if old_revision < new_revision {
        result.insert(REVISION, new_revision.to_string());
        if let Some(before) = before {
            let history = annotations.str_at(REVISION_HISTORY).unwrap_or_default();
            if let Some(history) = append_revision(history, before) {
                result.insert(REVISION_HISTORY, history);
            }
        }
    }
    result
}

fn append_revision(history: &str, revision: &str) -> Option<String> {
    if history.is_empty() {
        return Some(revision.to_owned());
    }
    let mut kept: Vec<&str> = history.split(',').collect();
    let mut length = history.len() + revision.len() + 1;
    while length > REVISION_HISTORY_LIMIT && !kept.is_empty() {
        length -= kept.remove(0).len() + 1;
    }
    kept.push(revision);
    (length <= REVISION_HISTORY_LIMIT).then(|| kept.join(","))
}

/// The annotations that say for which size of the deployment a set was scaled.
pub(super) fn size_annotations(desired: i64, max: i64) -> Map {
    [(DESIRED_REPLICAS, desired.to_string()), (MAX_REPLICAS, max.to_string())].into_iter().collect()
}

/// The replica set for the deployment's present template, with no replicas yet.
pub(super) fn new_set(deployment: &Object) -> Object {
    let mut template = deployment.spec().get("template").cloned().unwrap_or_default();
    let hash = template_hash(&template, deployment.status().i64_at("collisionCount"));
    template.set(&["metadata", "labels", TEMPLATE_HASH], hash.as_str());
    let mut selector = deployment.spec().get("selector").cloned().unwrap_or_default();
    selector.set(&["matchLabels", TEMPLATE_HASH], hash.as_str());
    let prefix: String = deployment.name().chars().take(NAME_LIMIT - 1 - hash.len()).collect();
    let mut set = value!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{prefix}-{hash}"),
            "namespace": deployment.namespace(),
            "labels": template.at(&["metadata", "labels"]).cloned().unwrap_or_default(),
            "ownerReferences": [controller_reference(&DEPLOYMENTS, deployment)]
        },
        "spec": {"replicas": 0, "selector": selector, "template": template}
    });
    if let Some(seconds) = deployment.spec().i64_at("minReadySeconds").filter(|seconds| *seconds > 0) {
        set.set(&["spec", "minReadySeconds"], seconds);
    }
    Object(set)
}
