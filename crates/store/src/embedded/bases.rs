//! From where a store can be opened. The newest snapshot with the log behind it is needed; older ones, with the log
//! from there on, are kept for history alone, so that what is not compacted can be read after a restart too.

use super::log::Sealed;
use crate::Revision;

/// A snapshot and the log behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Base {
    /// Everything up to this revision is in the snapshot.
    pub(super) revision: Revision,
    /// The segment of the log that goes on from there.
    pub(super) first_segment: u64,
    /// How long the snapshot is; none: there is none, since the store began empty.
    pub(super) snapshot_bytes: Option<u64>,
}

/// All from which a store could be opened.
pub(super) struct Bases {
    newest: Base,
    /// For history, ascending.
    older: Vec<Base>,
    /// Those whose snapshots are to be removed.
    superfluous: Vec<Base>,
}

impl Bases {
    pub(super) fn new(newest: Base, older: Vec<Base>) -> Bases {
        Bases { newest, older, superfluous: Vec::new() }
    }

    pub(super) fn newest(&self) -> Base {
        self.newest
    }

    /// The first segment without which the store could not be opened.
    pub(super) fn needed_from(&self) -> u64 {
        self.newest.first_segment
    }

    pub(super) fn oldest(&self) -> Base {
        self.older.first().copied().unwrap_or(self.newest)
    }

    /// What is kept for history, ascending.
    pub(super) fn older(&self) -> &[Base] {
        &self.older
    }

    /// Takes in a new snapshot: the one before is history from now on, unless it had the same name.
    pub(super) fn push(&mut self, base: Base) {
        let before = std::mem::replace(&mut self.newest, base);
        if before.revision < base.revision {
            self.older.push(before);
        }
    }

    /// Gives up those that no revision needs from `compacted` on.
    pub(super) fn pass(&mut self, compacted: Revision) {
        let all: Vec<Revision> = self.older.iter().chain([&self.newest]).map(|base| base.revision).collect();
        let passed = all[1..].partition_point(|revision| *revision <= compacted);
        self.superfluous.extend(self.older.drain(..passed).filter(|base| base.snapshot_bytes.is_some()));
    }

    /// Gives up all history.
    pub(super) fn give_up(&mut self) {
        self.superfluous.extend(self.older.drain(..).filter(|base| base.snapshot_bytes.is_some()));
    }

    /// Whether a snapshot of this revision is for nothing.
    pub(super) fn is_superseded(&self, revision: Revision) -> bool {
        revision < self.newest.revision && self.older.iter().all(|base| base.revision != revision)
    }

    /// The snapshots to be removed.
    pub(super) fn superfluous(&self) -> Vec<Revision> {
        self.superfluous.iter().map(|base| base.revision).collect()
    }

    /// Takes in that snapshots were removed.
    pub(super) fn note_removed(&mut self, revisions: &[Revision]) {
        self.superfluous.retain(|base| !revisions.contains(&base.revision));
    }

    /// What each of the older ones takes, with the log up to the next one, in bytes; and the revision of that one.
    pub(super) fn steps<'a>(&'a self, sealed: &'a [Sealed]) -> impl Iterator<Item = (u64, Revision)> + 'a {
        let next = self.older.iter().skip(1).chain([&self.newest]);
        self.older.iter().zip(next).map(|(base, next)| {
            let between =
                sealed.iter().filter(|segment| (base.first_segment..next.first_segment).contains(&segment.sequence));
            (base.snapshot_bytes.unwrap_or(0) + between.map(|segment| segment.length_bytes).sum::<u64>(), next.revision)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(revision: Revision, first_segment: u64) -> Base {
        Base { revision, first_segment, snapshot_bytes: (revision > 1).then_some(100) }
    }

    #[test]
    fn what_compaction_has_passed_is_superfluous_and_the_newest_never() {
        let mut bases = Bases::new(base(1, 1), Vec::new());
        for number in 2..=5 {
            bases.push(base(10 * number, number));
        }
        bases.pass(19);
        assert_eq!((bases.oldest(), bases.superfluous()), (base(1, 1), vec![]));
        bases.pass(35);
        assert_eq!((bases.oldest(), bases.superfluous()), (base(30, 3), vec![20]));
        assert_eq!((bases.is_superseded(20), bases.is_superseded(40), bases.is_superseded(60)), (true, false, false));
        bases.note_removed(&[20]);
        bases.pass(1_000);
        assert_eq!((bases.oldest(), bases.superfluous()), (base(50, 5), vec![30, 40]));
    }

    #[test]
    fn a_snapshot_that_takes_the_place_of_another_of_its_revision_is_not_removed_with_it() {
        let mut bases = Bases::new(base(20, 2), Vec::new());
        bases.push(base(20, 3));
        bases.push(base(30, 4));
        bases.pass(20);
        assert_eq!((bases.oldest(), bases.superfluous()), (base(20, 3), vec![]));
    }
}
