//! Replacing pods of old revisions, some nodes at a time.

use std::sync::Arc;

use apimachinery::{Object, Value};

use super::plan::{Observed, Place, Plan};
use crate::int_or_percent;

fn is_rolling(observed: &Observed) -> bool {
    observed.set.str_at(&["spec", "updateStrategy", "type"]) != Some("OnDelete")
}

fn part(observed: &Observed, key: &str, total: usize) -> Option<i64> {
    let value = observed.set.at(&["spec", "updateStrategy", "rollingUpdate", key]);
    value.and_then(|value: &Value| int_or_percent::scaled(value, total as i64, true))
}

/// How many nodes may have an additional pod.
pub(super) fn max_surge(observed: &Observed) -> i64 {
    if is_rolling(observed) { part(observed, "maxSurge", observed.nodes.len()).unwrap_or_default() } else { 0 }
}

/// A live pod of the present revision and one of an old one.
type Pair = (Option<Arc<Object>>, Option<Arc<Object>>);

/// The live pods on a node; `None` when there is more than one of a sort.
fn pair(observed: &Observed, place: &Place<'_>) -> Option<Pair> {
    let live = place.pods.iter().filter(|pod| pod.deletion_timestamp().is_none()).cloned();
    let (new, old): (Vec<_>, Vec<_>) = live.partition(|pod| observed.is_updated(pod));
    (new.len() <= 1 && old.len() <= 1).then(|| (new.into_iter().next(), old.into_iter().next()))
}

pub(super) fn plan(observed: &Observed, places: &[Place<'_>], plan: &mut Plan) {
    if !is_rolling(observed) {
        return;
    }
    let desired = places.iter().filter(|place| place.should_run).count();
    let surge = part(observed, "maxSurge", desired).unwrap_or_default();
    // Upstream's default of one; with both at nothing the rollout could not move.
    let unavailable = part(observed, "maxUnavailable", desired).unwrap_or(1);
    let unavailable = if surge == 0 { unavailable.max(1) } else { unavailable };
    if surge == 0 {
        replace(observed, places, unavailable, plan);
    } else {
        add_and_remove(observed, places, surge, plan);
    }
}

/// Deletes old pods, first those that are not available anyway.
fn replace(observed: &Observed, places: &[Place<'_>], max_unavailable: i64, plan: &mut Plan) {
    let mut unavailable = 0;
    let mut candidates = Vec::new();
    for place in places.iter().filter(|place| place.should_run || !place.pods.is_empty()) {
        match pair(observed, place) {
            Some((Some(new), None)) => unavailable += i64::from(!observed.is_available(&new)),
            Some((None, Some(old))) if !observed.is_available(&old) => {
                unavailable += 1;
                plan.delete.push(old);
            }
            Some((None, Some(old))) => candidates.push(old),
            _ => unavailable += 1,
        }
    }
    let room = usize::try_from(max_unavailable - unavailable).unwrap_or_default();
    plan.delete.extend(candidates.into_iter().take(room));
}

/// Puts new pods beside old ones, and removes those when the new ones are available.
fn add_and_remove(observed: &Observed, places: &[Place<'_>], max_surge: i64, plan: &mut Plan) {
    let mut surging = 0;
    let mut candidates = Vec::new();
    for place in places.iter().filter(|place| !place.pods.is_empty()) {
        match pair(observed, place) {
            None => surging += 1,
            Some((None, Some(old))) if !observed.is_available(&old) => match place.should_run {
                true => plan.create.push(place.node.name().into()),
                false => plan.delete.push(old),
            },
            Some((None, Some(_))) if place.should_run => candidates.push(place.node.name().into()),
            Some((Some(new), Some(old))) => match observed.is_available(&new) {
                true => plan.delete.push(old),
                false => surging += 1,
            },
            _ => {}
        }
    }
    let room = usize::try_from(max_surge - surging).unwrap_or_default();
    plan.create.extend(candidates.into_iter().take(room));
}
