//! The volume claims of a set's replicas: their names, and who owns them when the set shrinks or goes.

use apimachinery::{Map, Object, Value};
use client::kinds::{PODS, STATEFUL_SETS};

use super::identity::{ordinal, start_ordinal};
use crate::ownership::controller_reference;

/// The name of each claim template, with that of the replica's claim.
pub(super) fn names(set: &Object, ordinal: i64) -> Vec<(String, String)> {
    let templates = set.spec().list_at("volumeClaimTemplates").iter();
    let names = templates.filter_map(|template| template.str_at(&["metadata", "name"]));
    names.map(|name| (name.to_owned(), format!("{name}-{}-{ordinal}", set.name()))).collect()
}

/// The claims of a replica, as they are created.
pub(super) fn of_replica(set: &Object, ordinal: i64) -> Vec<Object> {
    let selected = set.at(&["spec", "selector", "matchLabels"]).and_then(Value::as_map).unwrap_or(&Map::EMPTY).clone();
    let claim = |template: &Value| {
        let name = template.str_at(&["metadata", "name"])?;
        let mut claim = Object(template.clone());
        claim.set(&["apiVersion"], "v1");
        claim.set(&["kind"], "PersistentVolumeClaim");
        claim.remove(&["status"]);
        claim.set_meta("name", &format!("{name}-{}-{ordinal}", set.name()));
        claim.set_meta("namespace", set.namespace());
        let labels = claim.metadata_mut().map_at("labels");
        for (key, text) in selected.iter() {
            labels.insert(key, text.clone());
        }
        Some(claim)
    };
    set.spec().list_at("volumeClaimTemplates").iter().filter_map(claim).collect()
}

fn deletes(set: &Object, when: &str) -> bool {
    set.str_at(&["spec", "persistentVolumeClaimRetentionPolicy", when]) == Some("Delete")
}

fn is_condemned(set: &Object, pod: &Object) -> bool {
    let start = start_ordinal(set);
    let replicas = set.spec().i64_at("replicas").unwrap_or(1);
    !(start..start + replicas).contains(&ordinal(pod))
}

fn refers(reference: &Value, kind: &str, name: &str) -> bool {
    reference.str_at(&["kind"]) == Some(kind) && reference.str_at(&["name"]) == Some(name)
}

/// Whether the claim belongs to an earlier set or pod of the same name, whose end must be waited for.
pub(super) fn is_stale(claim: &Object, set: &Object, pod: &Object) -> bool {
    let stale = |kind: &str, owner: &Object| {
        let mut references = claim.owner_references().iter();
        let differs = |reference: &&Value| reference.str_at(&["uid"]) != Some(owner.uid());
        references.any(|reference| refers(reference, kind, owner.name()) && differs(&reference))
    };
    stale("StatefulSet", set) || stale("Pod", pod)
}

/// The claim with the owners that the set's retention policy gives it; `None` when it has them.
pub(super) fn corrected(claim: &Object, set: &Object, pod: &Object) -> Option<Object> {
    if is_stale(claim, set, pod) {
        return None;
    }
    let ours = |reference: &Value| refers(reference, "StatefulSet", set.name()) || refers(reference, "Pod", pod.name());
    let mut owners: Vec<Value> =
        claim.owner_references().iter().filter(|reference| !ours(reference)).cloned().collect();
    let foreign = owners.iter().any(|reference| reference.bool_at(&["controller"]) == Some(true));
    let (scaled, deleted) = (deletes(set, "whenScaled"), deletes(set, "whenDeleted"));
    if foreign && !(scaled || deleted) {
        return None;
    }
    if !foreign {
        let condemned = is_condemned(set, pod);
        if scaled && condemned {
            owners.push(controller_reference(&PODS, pod));
        } else if deleted {
            owners.push(controller_reference(&STATEFUL_SETS, set));
        }
    }
    if owners == claim.owner_references() {
        return None;
    }
    let mut corrected = claim.clone();
    if owners.is_empty() {
        corrected.metadata_mut().remove("ownerReferences");
    } else {
        corrected.metadata_mut().insert("ownerReferences", owners);
    }
    Some(corrected)
}
