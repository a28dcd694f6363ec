//! Whether what a loss of power left is a prefix of what was acknowledged, and how much is gone: what a server promises
//! that acknowledges writes before they are on the disk (`--store-sync=interval`).

use std::collections::{BTreeMap, HashSet};

use crate::{
    history::{Action, Change, History, Key, Listing, Mark, Moment, Outcome, Revision},
    truth::{Truth, Violation},
};

/// What a loss of power took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// Acknowledged writes of which nothing is left.
    pub writes: u64,
    /// How long before the loss the oldest of them was acknowledged, in nanoseconds.
    pub age_nanoseconds: u64,
}

/// The objects at some revision.
type Objects = BTreeMap<Key, (Revision, Mark)>;

/// Judges what is `left` of a history that began with its first list and ended when the power went, at `end`. The error
/// says that the objects were never so together.
pub fn judge_rest(history: &History, end: Moment, left: &Listing) -> Result<Gone, Violation> {
    let truth = Truth::new(history, &mut Vec::new());
    let mut changes: BTreeMap<Revision, Change> = truth.changes().clone();
    let mut acknowledged: Vec<(Revision, Moment)> = Vec::new();
    // Of these it is not known at which revision they were made, if at all.
    let mut deletes: HashSet<Revision> = HashSet::new();
    for operation in &history.operations {
        match (operation.action, operation.outcome) {
            (Action::Create { mark } | Action::Update { mark, .. }, Outcome::Written { revision }) => {
                changes.insert(revision, Change::Put { key: operation.key, mark });
                acknowledged.push((revision, operation.returned));
            }
            (Action::Delete { expected }, Outcome::Deleted | Outcome::Unknown) => drop(deletes.insert(expected)),
            _ => {}
        }
    }
    let found: Objects = left.items.iter().map(|(key, revision, mark)| (*key, (*revision, *mark))).collect();
    // A write that nobody was told of may be what is left.
    changes.extend(found.iter().map(|(key, (revision, mark))| (*revision, Change::Put { key: *key, mark: *mark })));
    let first = history.listings.first().ok_or("the history has no beginning")?;
    let mut objects: Objects = first.items.iter().map(|(key, revision, mark)| (*key, (*revision, *mark))).collect();
    let is_found = |objects: &Objects| {
        found.keys().all(|key| objects.contains_key(key))
            && objects.iter().all(|(key, object)| match found.get(key) {
                Some(found) => found == object,
                None => deletes.contains(&object.0),
            })
    };
    let mut until = is_found(&objects).then_some(first.revision);
    for (revision, change) in changes.range(first.revision + 1..) {
        match change {
            Change::Put { key, mark } => drop(objects.insert(*key, (*revision, *mark))),
            Change::Delete { key, .. } => drop(objects.remove(key)),
        }
        if is_found(&objects) {
            until = Some(*revision);
        }
    }
    let until = until.ok_or_else(|| format!("the objects were never as they are left: {found:?}"))?;
    let gone = acknowledged.into_iter().filter(|(revision, _)| *revision > until);
    Ok(gone.fold(Gone::default(), |gone, (_, returned)| Gone {
        writes: gone.writes + 1,
        age_nanoseconds: gone.age_nanoseconds.max(end.saturating_sub(returned)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Operation, Seen, Stretch};

    fn written(key: Key, revision: Revision, mark: Mark) -> Operation {
        let (action, outcome) = (Action::Create { mark }, Outcome::Written { revision });
        Operation { key, action, outcome, called: revision - 1, returned: revision }
    }

    fn listing(revision: Revision, items: &[(Key, Revision, Mark)]) -> Listing {
        Listing { revision, items: items.to_vec(), called: 0, returned: 0 }
    }

    /// Object 1 is there from before; 2 and 3 are made, 1 is removed, 4 is made.
    fn history() -> History {
        let deleted = Change::Delete { key: 1, mark: 100 };
        let removed = Seen { revision: 30, change: deleted, at: 30 };
        let delete =
            Operation { action: Action::Delete { expected: 5 }, outcome: Outcome::Deleted, ..written(1, 30, 0) };
        History {
            operations: vec![written(2, 10, 101), written(3, 20, 102), delete, written(4, 40, 103)],
            listings: vec![listing(6, &[(1, 5, 100)])],
            stretches: vec![Stretch { after: 6, until: 30, seen: vec![removed] }],
        }
    }

    fn judged(items: &[(Key, Revision, Mark)]) -> Result<Gone, Violation> {
        judge_rest(&history(), 50, &listing(60, items))
    }

    #[test]
    fn any_prefix_is_right_and_what_is_missing_is_counted() {
        let gone = |writes, age_nanoseconds| Ok(Gone { writes, age_nanoseconds });
        assert_eq!(judged(&[(2, 10, 101), (3, 20, 102), (4, 40, 103)]), gone(0, 0));
        assert_eq!(judged(&[(2, 10, 101), (3, 20, 102)]), gone(1, 10));
        assert_eq!(judged(&[(1, 5, 100), (2, 10, 101), (3, 20, 102)]), gone(1, 10));
        assert_eq!(judged(&[(1, 5, 100), (2, 10, 101)]), gone(2, 30));
        assert_eq!(judged(&[(1, 5, 100)]), gone(3, 40));
        // One that nobody was told of was made behind all.
        assert_eq!(judged(&[(2, 10, 101), (3, 20, 102), (4, 40, 103), (5, 45, 104)]), gone(0, 0));
    }

    #[test]
    fn a_hole_is_found() {
        for items in [
            &[(1, 5, 100), (3, 20, 102)][..],
            &[(2, 10, 101), (4, 40, 103)],
            &[(1, 5, 100), (2, 10, 101), (3, 20, 102), (4, 40, 103), (5, 7, 9)],
            &[(1, 5, 101)],
            &[(3, 20, 102), (5, 45, 104)],
        ] {
            assert!(judged(items).is_err(), "{items:?}");
        }
    }
}
