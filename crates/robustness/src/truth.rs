//! What happened, as the revisions tell it, and whether everybody was told just that.
//!
//! Revisions count the changes of the whole store, so that what watchers were told, put together, is the one order in
//! which everything happened. Against it are held: each watcher (events in order, each once, none missing, none that
//! nobody caused, also over connections that broke: etcd's ordered, unique, reliable, resumable), each bookmark (all
//! before it was told), each list (all objects as they were at its revision) and each acknowledged write.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::history::{Action, Change, History, Key, Listing, Mark, Moment, Operation, Outcome, Revision, Stretch};

/// All changes, by revision.
#[derive(Debug, Default)]
pub struct Truth {
    changes: BTreeMap<Revision, Change>,
    /// When somebody knew first of a mark that it was written, and at which revision.
    written: HashMap<Mark, (Moment, Revision)>,
    /// When a watcher was first told that the object with this mark was removed.
    removed: HashMap<Mark, Moment>,
}

/// Something that must not be. All of it in one line.
pub type Violation = String;

impl Truth {
    /// All changes of which watchers were told.
    pub fn changes(&self) -> &BTreeMap<Revision, Change> {
        &self.changes
    }

    /// Puts together what was seen.
    pub fn new(history: &History, violations: &mut Vec<Violation>) -> Truth {
        let mut truth = Truth::default();
        for seen in history.stretches.iter().flat_map(|stretch| &stretch.seen) {
            let before = truth.changes.insert(seen.revision, seen.change);
            if let Some(before) = before.filter(|before| *before != seen.change) {
                let (revision, now) = (seen.revision, seen.change);
                violations
                    .push(format!("watchers were told different things of revision {revision}: {before:?}, {now:?}"));
            }
            match seen.change {
                Change::Put { mark, .. } => truth.knew(mark, seen.at, seen.revision),
                Change::Delete { mark, .. } => {
                    let at = truth.removed.entry(mark).or_insert(seen.at);
                    *at = (*at).min(seen.at);
                }
            }
        }
        for operation in &history.operations {
            if let Outcome::Found { revision, mark } = operation.outcome {
                truth.knew(mark, operation.returned, revision);
            }
        }
        for listing in &history.listings {
            for (_, revision, mark) in &listing.items {
                truth.knew(*mark, listing.returned, *revision);
            }
        }
        truth
    }

    fn knew(&mut self, mark: Mark, at: Moment, revision: Revision) {
        let known = self.written.entry(mark).or_insert((at, revision));
        known.0 = known.0.min(at);
    }

    /// The operations with the outcomes that can be told afterwards for those that nobody was told of. Those of which
    /// nothing was ever seen have not happened, for all that anybody can tell, and are left out.
    pub fn resolve(&self, operations: &[Operation]) -> Vec<Operation> {
        let acknowledged: HashSet<Revision> = operations
            .iter()
            .filter_map(|operation| match (operation.action, operation.outcome) {
                (Action::Delete { expected }, Outcome::Deleted) => Some(expected),
                _ => None,
            })
            .collect();
        let marks: HashMap<Revision, Mark> =
            self.written.iter().map(|(mark, (_, revision))| (*revision, *mark)).collect();
        // Of several that may have removed the same thing it was one; the earliest allows most.
        let mut earliest: HashMap<Revision, Moment> = HashMap::new();
        for operation in operations {
            if let (Action::Delete { expected }, Outcome::Unknown) = (operation.action, operation.outcome) {
                let called = earliest.entry(expected).or_insert(operation.called);
                *called = (*called).min(operation.called);
            }
        }
        let mut resolved = Vec::with_capacity(operations.len());
        for operation in operations {
            let outcome = match (operation.outcome, operation.action) {
                (Outcome::Unknown, Action::Delete { expected }) => {
                    let removed = marks.get(&expected).and_then(|mark| self.removed.get(mark)).copied();
                    let first = earliest.get(&expected) == Some(&operation.called);
                    removed.filter(|_| first && !acknowledged.contains(&expected)).map(|at| (Outcome::Deleted, at))
                }
                (Outcome::Unknown, action) => action.mark().and_then(|mark| {
                    let (at, revision) = *self.written.get(&mark)?;
                    Some((Outcome::Written { revision }, at))
                }),
                (outcome, _) => Some((outcome, operation.returned)),
            };
            resolved.extend(outcome.map(|(outcome, returned)| Operation { outcome, returned, ..*operation }));
        }
        resolved
    }

    /// Whether changes are those that were asked for, and all that were acknowledged.
    pub fn check_operations(&self, operations: &[Operation], violations: &mut Vec<Violation>) {
        let mut asked: HashMap<Mark, &Operation> = HashMap::new();
        for operation in operations {
            if let Some(mark) = operation.action.mark() {
                asked.insert(mark, operation);
            }
            if let (Outcome::Written { revision }, Some(mark)) = (operation.outcome, operation.action.mark()) {
                let expected = Change::Put { key: operation.key, mark };
                if self.changes.get(&revision) != Some(&expected) {
                    let told = self.changes.get(&revision);
                    violations.push(format!("{operation:?} was acknowledged, and watchers were told {told:?} of it"));
                }
            }
        }
        let mut seen = HashSet::new();
        for (revision, change) in &self.changes {
            let Change::Put { key, mark } = change else { continue };
            if !seen.insert(*mark) {
                violations.push(format!("{change:?} was made twice, again at revision {revision}"));
            }
            let cause = asked.get(mark).filter(|operation| operation.key == *key);
            match cause.map(|operation| operation.outcome) {
                Some(Outcome::Unknown) => {}
                Some(Outcome::Written { revision: told }) if told == *revision => {}
                other => violations.push(format!("{change:?} at revision {revision}, which ended with {other:?}")),
            }
        }
    }

    /// Whether a watcher was told everything, in order and once.
    pub fn check_stretch(&self, stretch: &Stretch, violations: &mut Vec<Violation>) {
        let mut told = stretch.seen.iter().map(|seen| (seen.revision, seen.change));
        let range = (std::ops::Bound::Excluded(stretch.after), std::ops::Bound::Included(stretch.until));
        if stretch.until <= stretch.after {
            return;
        }
        for (revision, change) in self.changes.range(range) {
            let next = told.next();
            if next != Some((*revision, *change)) {
                let (after, until) = (stretch.after, stretch.until);
                violations.push(format!(
                    "a watcher from {after} to {until} was told {next:?} where {change:?} at {revision} is due"
                ));
                return;
            }
        }
        if let Some((revision, change)) = told.next() {
            violations.push(format!("a watcher was told {change:?} at {revision} after all that it could be told"));
        }
    }

    /// Whether lists show all objects as they were at their revision, and what was acknowledged before they were
    /// asked for.
    pub fn check_listings(&self, history: &History, violations: &mut Vec<Violation>) {
        let mut listings: Vec<&Listing> = history.listings.iter().collect();
        listings.sort_unstable_by_key(|listing| listing.revision);
        let mut changes = self.changes.iter().peekable();
        let mut objects: BTreeMap<Key, (Revision, Mark)> = BTreeMap::new();
        for listing in listings {
            while let Some((revision, change)) = changes.next_if(|(revision, _)| **revision <= listing.revision) {
                match change {
                    Change::Put { key, mark } => drop(objects.insert(*key, (*revision, *mark))),
                    Change::Delete { key, .. } => drop(objects.remove(key)),
                }
            }
            let due: Vec<(Key, Revision, Mark)> =
                objects.iter().map(|(key, (revision, mark))| (*key, *revision, *mark)).collect();
            let mut items = listing.items.clone();
            items.sort_unstable();
            if items != due {
                let wrong = items.iter().find(|item| !due.contains(item));
                let missing = due.iter().find(|item| !items.contains(item));
                violations.push(format!(
                    "a list at revision {} has {wrong:?} that it should not, and lacks {missing:?}",
                    listing.revision
                ));
            }
        }
        for listing in &history.listings {
            let stale = history.operations.iter().find(|operation| {
                operation.returned < listing.called
                    && matches!(operation.outcome, Outcome::Written { revision } if revision > listing.revision)
            });
            if let Some(operation) = stale {
                violations.push(format!("a list at revision {} came after {operation:?}", listing.revision));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Seen;

    const FIRST: Change = Change::Put { key: 1, mark: 100 };
    const SECOND: Change = Change::Put { key: 1, mark: 101 };
    const REMOVED: Change = Change::Delete { key: 1, mark: 101 };

    fn stretch(after: Revision, until: Revision, events: &[(Revision, Change)]) -> Stretch {
        let seen = events.iter().map(|(revision, change)| Seen { revision: *revision, change: *change, at: *revision });
        Stretch { after, until, seen: seen.collect() }
    }

    fn write(revision: Revision, action: Action) -> Operation {
        let outcome = Outcome::Written { revision };
        Operation { key: 1, action, outcome, called: revision - 1, returned: revision }
    }

    /// One object is written, written again and removed; one watcher sees it all.
    fn good() -> History {
        let delete = Operation { outcome: Outcome::Deleted, ..write(30, Action::Delete { expected: 20 }) };
        History {
            operations: vec![
                write(10, Action::Create { mark: 100 }),
                write(20, Action::Update { expected: 10, mark: 101 }),
                delete,
            ],
            listings: vec![
                Listing { revision: 15, items: vec![(1, 10, 100)], called: 12, returned: 14 },
                Listing { revision: 35, items: vec![], called: 32, returned: 34 },
            ],
            stretches: vec![
                stretch(5, 40, &[(10, FIRST), (20, SECOND), (30, REMOVED)]),
                stretch(10, 25, &[(20, SECOND)]),
            ],
        }
    }

    fn judge(history: &History) -> Vec<Violation> {
        let mut violations = Vec::new();
        let truth = Truth::new(history, &mut violations);
        truth.check_operations(&history.operations, &mut violations);
        history.stretches.iter().for_each(|stretch| truth.check_stretch(stretch, &mut violations));
        truth.check_listings(history, &mut violations);
        violations
    }

    fn found(text: &str, spoil: impl FnOnce(&mut History)) {
        let mut history = good();
        spoil(&mut history);
        let violations = judge(&history);
        assert!(violations.iter().any(|violation| violation.contains(text)), "{text:?} is not in {violations:?}");
    }

    #[test]
    fn nothing_is_found_where_nothing_is_wrong() {
        assert_eq!(judge(&good()), Vec::<Violation>::new());
    }

    #[test]
    fn each_fault_is_found() {
        found("is due", |history| {
            history.stretches[0].seen.remove(1);
        });
        found("is due", |history| history.stretches[0].seen.swap(0, 1));
        found("is due", |history| {
            let again = history.stretches[0].seen[1];
            history.stretches[0].seen.insert(1, again);
        });
        found("after all that it could be told", |history| history.stretches[0].until = 25);
        found("different things", |history| history.stretches[1].seen[0].change = REMOVED);
        // A write that is gone, one that came twice, one that nobody made, one that was refused.
        found("was acknowledged", |history| {
            history.stretches.iter_mut().for_each(|stretch| stretch.seen.retain(|seen| seen.revision != 20));
        });
        found("made twice", |history| {
            history.stretches[0].seen.push(Seen { revision: 36, change: SECOND, at: 36 });
        });
        found("ended with None", |history| {
            history.stretches[0].seen.push(Seen { revision: 36, change: Change::Put { key: 1, mark: 7 }, at: 36 });
        });
        found("ended with Some(Conflict)", |history| history.operations[1].outcome = Outcome::Conflict);
        found("a list at revision 15 has Some", |history| history.listings[0].items[0].2 = 101);
        found("lacks Some((1, 10, 100))", |history| history.listings[0].items.clear());
        found("a list at revision 15 came after", |history| history.listings[0].called = 22);
    }

    #[test]
    fn what_was_not_answered_is_told_by_what_was_seen() {
        let mut history = good();
        for operation in &mut history.operations {
            operation.outcome = Outcome::Unknown;
        }
        history.operations.push(Operation { outcome: Outcome::Unknown, ..write(50, Action::Create { mark: 102 }) });
        assert_eq!(judge(&history), Vec::<Violation>::new());
        let truth = Truth::new(&history, &mut Vec::new());
        let resolved: Vec<Outcome> =
            truth.resolve(&history.operations).iter().map(|operation| operation.outcome).collect();
        let written = |revision| Outcome::Written { revision };
        assert_eq!(resolved, [written(10), written(20), Outcome::Deleted]);
    }
}
