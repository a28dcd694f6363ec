//! What watchers were told of pods, and whether schedulers and controllers of which one works at a time could have done
//! it.
//!
//! Everything is in the one order of revisions, so that nothing depends on when a watcher was told: a pod counts on its
//! node from the revision at which it was bound to that at which it was gone. Two schedulers at work at once do not see
//! what the other one is about to bind, and put more on a node than it takes; two controllers make too many pods.

use std::{
    collections::{BTreeMap, HashMap, HashSet, hash_map::Entry},
    time::Duration,
};

use apimachinery::Object;

use crate::{
    history::{Moment, Revision},
    load::revision_of,
    truth::Violation,
};

/// A pod at some revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodState {
    /// Its UID.
    pub uid: String,
    /// Its name.
    pub name: String,
    /// The node to which it is bound; empty for none.
    pub node: String,
    /// The UID of the controller that made it; empty for none.
    pub controller: String,
    /// Whether it was deleted with this revision.
    pub is_gone: bool,
}

impl PodState {
    /// Reads what a watcher was told.
    pub fn read(pod: &Object, is_gone: bool) -> PodState {
        let controller = pod.controller().and_then(|owner| owner.str_at(&["uid"]));
        PodState {
            uid: pod.uid().to_owned(),
            name: pod.name().to_owned(),
            node: pod.spec().str_at("nodeName").unwrap_or_default().to_owned(),
            controller: controller.unwrap_or_default().to_owned(),
            is_gone,
        }
    }
}

/// A pod as it was told last.
#[derive(Clone, Debug)]
pub struct Known {
    /// At which revision, and how it was then.
    pub last: (Revision, PodState),
    /// When the first watcher was told that it is bound.
    pub bound_at: Option<Moment>,
}

/// What all watchers together were told.
#[derive(Debug, Default)]
pub struct Bindings {
    told: BTreeMap<Revision, (PodState, Moment)>,
    /// By UID.
    known: HashMap<String, Known>,
    names: HashSet<String>,
    contradictions: Vec<Violation>,
    /// From a revision on: how many pods a controller may have.
    replica_limits: BTreeMap<Revision, usize>,
}

impl Bindings {
    /// Takes what a watcher was told `at` some moment; another one may have been told before.
    pub fn tell(&mut self, pod: &Object, is_gone: bool, at: Moment) {
        let Some(revision) = revision_of(pod) else { return };
        let state = PodState::read(pod, is_gone);
        if let Some((other, _)) = self.told.get(&revision) {
            if *other != state {
                let problem = format!("revision {revision} is told as {other:?} and as {state:?}");
                self.contradictions.push(problem);
            }
            return;
        }
        let bound_at = (!state.node.is_empty()).then_some(at);
        match self.known.entry(state.uid.clone()) {
            Entry::Vacant(place) => drop(place.insert(Known { last: (revision, state.clone()), bound_at })),
            Entry::Occupied(mut place) => {
                let known = place.get_mut();
                known.bound_at = known.bound_at.or(bound_at);
                if known.last.0 < revision {
                    known.last = (revision, state.clone());
                }
            }
        }
        self.names.insert(state.name.clone());
        self.told.insert(revision, (state, at));
    }

    /// Whether anybody was told of a pod of this name.
    pub fn was_told_of(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The pods that are there, as far as anybody was told.
    pub fn present(&self) -> impl Iterator<Item = &Known> {
        self.known.values().filter(|known| !known.last.1.is_gone)
    }

    /// The newest revision of which anybody was told.
    pub fn newest(&self) -> Revision {
        self.told.last_key_value().map_or(0, |(revision, _)| *revision)
    }

    /// From what is told next on, a controller may have so many pods and no more.
    pub fn limit_replicas(&mut self, limit: usize) {
        self.replica_limits.insert(self.newest() + 1, limit);
    }

    /// How many pods were bound.
    pub fn bound(&self) -> usize {
        self.known.values().filter(|known| known.bound_at.is_some()).count()
    }

    /// Everything that must not be, on nodes that take `pods_per_node` each, when everybody was told everything at `end`:
    /// no pod waits longer than `wait_limit`.
    pub fn judge(&self, pods_per_node: usize, wait_limit: Duration, end: Moment) -> Vec<Violation> {
        let mut violations = self.contradictions.clone();
        let mut pods: HashMap<&str, &PodState> = HashMap::new();
        let mut on_node: HashMap<&str, HashSet<&str>> = HashMap::new();
        let mut of_controller: HashMap<&str, HashSet<&str>> = HashMap::new();
        for (revision, (state, _)) in &self.told {
            let uid = state.uid.as_str();
            if let Some(before) = pods.insert(uid, state)
                && !before.node.is_empty()
                && before.node != state.node
            {
                let (one, other) = (&before.node, &state.node);
                violations.push(format!("pod {} was bound to {one:?} and at {revision} to {other:?}", state.name));
            }
            for (place, table) in [(&state.node, &mut on_node), (&state.controller, &mut of_controller)] {
                if !place.is_empty() {
                    let pods = table.entry(place).or_default();
                    if state.is_gone {
                        pods.remove(uid)
                    } else {
                        pods.insert(uid)
                    };
                }
            }
            let count = on_node.get(state.node.as_str()).map_or(0, HashSet::len);
            if !state.is_gone && count > pods_per_node {
                let node = &state.node;
                violations.push(format!("node {node} has {count} pods at {revision} and takes {pods_per_node}"));
            }
            let limit = self.replica_limits.range(..=revision).next_back().map_or(usize::MAX, |(_, limit)| *limit);
            let count = of_controller.get(state.controller.as_str()).map_or(0, HashSet::len);
            if !state.is_gone && count > limit {
                let controller = &state.controller;
                violations.push(format!("controller {controller} has {count} pods at {revision}, wanted are {limit}"));
            }
        }
        if of_controller.len() > 1 {
            violations.push(format!("one Deployment of one template has {} controllers of pods", of_controller.len()));
        }
        violations.extend(self.late(wait_limit, end));
        violations
    }

    /// Pods that were not bound in time.
    fn late(&self, wait_limit: Duration, end: Moment) -> Vec<Violation> {
        let mut waiting: HashMap<&str, Moment> = HashMap::new();
        let mut violations = Vec::new();
        let mut judge = |name: &str, since: Moment, until: Moment, what: &str| {
            let waited = Duration::from_nanos(until.saturating_sub(since));
            if waited > wait_limit {
                violations.push(format!("pod {name} {what} after {waited:.1?}, more than {wait_limit:?}"));
            }
        };
        for (state, at) in self.told.values() {
            if !state.node.is_empty() || state.is_gone {
                if let Some(since) = waiting.remove(state.uid.as_str()) {
                    judge(&state.name, since, *at, "was bound");
                }
            } else {
                waiting.entry(&state.uid).or_insert(*at);
            }
        }
        for (uid, since) in waiting {
            judge(&self.known[uid].last.1.name, since, end, "is not bound");
        }
        violations
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    const SECOND: Moment = 1_000_000_000;

    /// One pod, as it is told: revision, UID, node, controller, whether it is gone; told as many seconds after the
    /// beginning as the revision says.
    type Row<'t> = (Revision, &'t str, &'t str, &'t str, bool);

    fn told(rows: &[Row<'_>]) -> Bindings {
        let mut bindings = Bindings::default();
        tell(&mut bindings, rows);
        bindings
    }

    fn tell(bindings: &mut Bindings, rows: &[Row<'_>]) {
        for (revision, uid, node, controller, is_gone) in rows {
            let mut pod = value!({
                "metadata": {"name": *uid, "uid": *uid, "resourceVersion": revision.to_string()},
                "spec": {}
            });
            if !node.is_empty() {
                pod.set(&["spec", "nodeName"], *node);
            }
            if !controller.is_empty() {
                pod.set(&["metadata", "ownerReferences"], value!([{"uid": *controller, "controller": true}]));
            }
            bindings.tell(&Object(pod), *is_gone, revision * SECOND);
        }
    }

    fn judged(bindings: &Bindings) -> Vec<Violation> {
        bindings.judge(2, Duration::from_secs(5), 10 * SECOND)
    }

    const GOOD: [Row<'static>; 8] = [
        (1, "a", "", "", false),
        (2, "b", "", "r", false),
        (3, "c", "", "", false),
        (4, "a", "n", "", false),
        (5, "b", "n", "r", false),
        (6, "a", "n", "", true),
        (7, "c", "n", "", false),
        (8, "d", "", "", false),
    ];

    #[test]
    fn nothing_is_found_where_nothing_is_wrong() {
        let mut bindings = told(&GOOD);
        // Another watcher is told some of it, and later.
        tell(&mut bindings, &GOOD[3..5]);
        assert_eq!(judged(&bindings), Vec::<Violation>::new());
        assert_eq!((bindings.bound(), bindings.present().count()), (3, 3));
    }

    fn found(text: &str, rows: &[Row<'_>]) {
        let mut bindings = told(&GOOD);
        bindings.limit_replicas(2);
        tell(&mut bindings, rows);
        let violations = judged(&bindings);
        assert!(violations.iter().any(|violation| violation.contains(text)), "{text:?} is not in {violations:?}");
    }

    #[test]
    fn each_fault_is_found() {
        found("revision 4 is told as", &[(4, "a", "m", "", false)]);
        found("pod b was bound to \"n\" and at 9 to \"m\"", &[(9, "b", "m", "r", false)]);
        found("pod b was bound to \"n\" and at 9 to \"\"", &[(9, "b", "", "r", false)]);
        found("node n has 3 pods at 9 and takes 2", &[(9, "d", "n", "", false)]);
        let replicas = [(9, "e", "", "r", false), (10, "f", "", "r", false)];
        found("controller r has 3 pods at 10, wanted are 2", &replicas);
        found("has 2 controllers", &[(9, "e", "", "s", false)]);
        found("pod d was bound after 6.0s", &[(14, "d", "m", "", false)]);
    }

    #[test]
    fn a_pod_that_waits_at_the_end_is_found_too() {
        let bindings = told(&GOOD);
        let late = |end: Moment| bindings.judge(2, Duration::from_secs(5), end * SECOND);
        assert_eq!(late(13), Vec::<Violation>::new());
        assert_eq!(late(14), ["pod d is not bound after 6.0s, more than 5s"]);
    }

    #[test]
    fn what_is_told_first_of_a_binding_counts() {
        let bindings = told(&[(3, "a", "n", "", false), (2, "a", "", "", false)]);
        let known = bindings.present().next().unwrap();
        assert_eq!((known.bound_at, known.last.0), (Some(3 * SECOND), 3));
    }
}
