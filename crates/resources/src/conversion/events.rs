//! `events.k8s.io/v1` Event and `v1` Event: the same, under other names.

use apimachinery::Map;

use super::rename;

/// The names of `v1`, and those of `events.k8s.io/v1`.
const NAMES: [(&str, &str); 7] = [
    ("count", "deprecatedCount"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("involvedObject", "regarding"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
];

pub(super) fn to_own(mut root: Map) -> Map {
    NAMES.iter().for_each(|(core, own)| rename(&mut root, core, own));
    root
}

pub(super) fn to_core(mut root: Map) -> Map {
    NAMES.iter().for_each(|(core, own)| rename(&mut root, own, core));
    root
}
