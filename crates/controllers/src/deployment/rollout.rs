//! How many replicas each set may have at this moment of a rollout.

use std::sync::Arc;

use apimachinery::{Map, Object, Value};

use super::sets::{DESIRED_REPLICAS, MAX_REPLICAS, Sets, by_creation, counted, replicas, sum};
use crate::int_or_percent;

pub(super) fn is_rolling(deployment: &Object) -> bool {
    deployment.str_at(&["spec", "strategy", "type"]) != Some("Recreate")
}

fn fenceposts(deployment: &Object) -> (i64, i64) {
    let total = replicas(deployment);
    let part = |key, round_up| {
        let value = deployment.at(&["spec", "strategy", "rollingUpdate", key]);
        value.and_then(|value: &Value| int_or_percent::scaled(value, total, round_up)).unwrap_or_default()
    };
    match (part("maxSurge", true), part("maxUnavailable", false)) {
        // Both round to nothing: without any slack the rollout could not move.
        (0, 0) => (0, 1),
        both => both,
    }
}

pub(super) fn max_surge(deployment: &Object) -> i64 {
    if is_rolling(deployment) { fenceposts(deployment).0 } else { 0 }
}

pub(super) fn max_unavailable(deployment: &Object) -> i64 {
    if is_rolling(deployment) && replicas(deployment) > 0 {
        fenceposts(deployment).1.min(replicas(deployment))
    } else {
        0
    }
}

/// How many replicas the new set may have now; `all` are the other sets' replicas and its own.
pub(super) fn new_set_replicas(deployment: &Object, all: i64, own: i64) -> i64 {
    let wanted = replicas(deployment);
    if !is_rolling(deployment) {
        return wanted;
    }
    let total = wanted + max_surge(deployment);
    if all >= total { own } else { own + (total - all).min(wanted - own) }
}

/// The sizes of old sets after what may be taken from them: first what is not available anyway, then what
/// availability can spare.
pub(super) fn shrink_old(deployment: &Object, new: &Object, old: &[Arc<Object>]) -> Vec<(Arc<Object>, i64)> {
    let mut sizes: Vec<(Arc<Object>, i64)> =
        old.iter().filter(|set| replicas(set) > 0).map(|set| (set.clone(), replicas(set))).collect();
    sizes.sort_by(|a, b| by_creation(&a.0, &b.0));
    let min_available = replicas(deployment) - max_unavailable(deployment);
    let new_unavailable = replicas(new) - counted(new, "availableReplicas");
    let all = sizes.iter().map(|(_, size)| size).sum::<i64>() + replicas(new);
    let mut unhealthy_left = all - min_available - new_unavailable;
    if unhealthy_left <= 0 {
        return Vec::new();
    }
    for (set, size) in &mut sizes {
        let unhealthy = (*size - counted(set, "availableReplicas")).max(0).min(unhealthy_left);
        *size -= unhealthy;
        unhealthy_left -= unhealthy;
    }
    let available = sum(old.iter().filter(|set| replicas(set) > 0), |set| counted(set, "availableReplicas"))
        + counted(new, "availableReplicas");
    let mut spare = (available - min_available).max(0);
    for (_, size) in &mut sizes {
        let taken = (*size).min(spare);
        *size -= taken;
        spare -= taken;
    }
    sizes.retain(|(set, size)| replicas(set) != *size);
    sizes
}

fn annotated(set: &Object, key: &str) -> Option<i64> {
    set.annotation(key)?.parse::<i64>().ok().filter(|number| (0..=i64::from(i32::MAX)).contains(number))
}

/// Whether the deployment's size changed since its active sets were scaled.
pub(super) fn is_scaling(deployment: &Object, all: &[Arc<Object>]) -> bool {
    all.iter()
        .filter(|set| replicas(set) > 0)
        .filter_map(|set| annotated(set, DESIRED_REPLICAS))
        .any(|desired| desired != replicas(deployment))
}

fn is_saturated(deployment: &Object, set: &Object) -> bool {
    let wanted = replicas(deployment);
    replicas(set) == wanted
        && set.annotation(DESIRED_REPLICAS).and_then(|text| text.parse().ok()) == Some(wanted)
        && counted(set, "availableReplicas") == wanted
}

/// The sizes after a change of the deployment's size in the middle of a rollout: shared out in proportion, so
/// that the risk stays what it was. The flag says that sizes count even where they do not change.
pub(super) fn scale(deployment: &Object, new: Option<&Arc<Object>>, old: &Sets) -> (Vec<(Arc<Object>, i64)>, bool) {
    let all: Sets = old.iter().chain(new).cloned().collect();
    let active: Sets = all.iter().filter(|set| replicas(set) > 0).cloned().collect();
    let only = match active.as_slice() {
        [] => new.cloned().or_else(|| old.iter().max_by(|a, b| by_creation(a, b)).cloned()),
        [only] => Some(only.clone()),
        _ => None,
    };
    if all.is_empty() {
        return (Vec::new(), false);
    }
    if let Some(only) = only {
        return (vec![(only, replicas(deployment))], false);
    }
    if new.is_some_and(|new| is_saturated(deployment, new)) {
        return (old.iter().filter(|set| replicas(set) > 0).map(|set| (set.clone(), 0)).collect(), false);
    }
    if !is_rolling(deployment) {
        return (Vec::new(), false);
    }
    (proportional(deployment, active), true)
}

fn proportional(deployment: &Object, mut active: Sets) -> Vec<(Arc<Object>, i64)> {
    let allowed = match replicas(deployment) {
        0 => 0,
        wanted => wanted + max_surge(deployment),
    };
    let to_add = allowed - sum(&active, replicas);
    // The largest first; of equals the newest gets more, and the oldest loses more.
    active.sort_by(|a, b| {
        let age = if to_add > 0 { by_creation(b, a) } else { by_creation(a, b) };
        replicas(b).cmp(&replicas(a)).then(age)
    });
    let mut added = 0;
    let mut sizes = Vec::with_capacity(active.len());
    for set in active {
        let share = proportion(deployment, &set, to_add, added);
        added += share;
        let size = replicas(&set) + share;
        sizes.push((set, size));
    }
    if let Some((_, first)) = sizes.first_mut() {
        *first = (*first + to_add - added).max(0);
    }
    sizes
}

fn proportion(deployment: &Object, set: &Object, to_add: i64, added: i64) -> i64 {
    if to_add == added {
        return 0;
    }
    let fraction = fraction(deployment, set);
    let allowed = to_add - added;
    if to_add > 0 { fraction.min(allowed) } else { fraction.max(allowed) }
}

fn fraction(deployment: &Object, set: &Object) -> i64 {
    let own = replicas(set);
    if replicas(deployment) == 0 {
        return -own;
    }
    let before = annotated(set, MAX_REPLICAS).filter(|max| *max > 0).unwrap_or_else(|| counted(deployment, "replicas"));
    if before == 0 {
        return 0;
    }
    let now = replicas(deployment) + max_surge(deployment);
    (own as f64 * now as f64 / before as f64).round() as i64 - own
}

/// Whether `annotations` say another size of the deployment than it has.
pub(super) fn size_annotations_differ(set: &Object, annotations: &Map) -> bool {
    annotations.iter().any(|(key, text)| set.annotation(key) != text.as_str())
}
