//! What clients did and what they were told: the evidence that is judged.

/// An object's content. Every write has one of its own, so that what is read says which write made it.
pub(crate) type Mark = u64;
/// A `resourceVersion`.
pub(crate) type Revision = u64;
/// Nanoseconds since the run began.
pub(crate) type Moment = u64;
/// The number of an object.
pub(crate) type Key = u32;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Get,
    Create {
        mark: Mark,
    },
    /// Replaces the object if its revision is this one.
    Update {
        expected: Revision,
        mark: Mark,
    },
    /// Removes the object if its revision is this one.
    Delete {
        expected: Revision,
    },
}

impl Action {
    /// What it writes.
    pub(crate) fn mark(&self) -> Option<Mark> {
        match self {
            Action::Create { mark } | Action::Update { mark, .. } => Some(*mark),
            Action::Get | Action::Delete { .. } => None,
        }
    }
}

/// What the server said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The object, as it was.
    Found { revision: Revision, mark: Mark },
    /// There is none.
    Absent,
    /// It was written.
    Written { revision: Revision },
    /// It was removed.
    Deleted,
    /// There is one already.
    Exists,
    /// It has another revision.
    Conflict,
    /// Nothing: the connection broke. It may have been done, or be done yet.
    Unknown,
}

/// One operation on one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) key: Key,
    pub(crate) action: Action,
    pub(crate) outcome: Outcome,
    pub(crate) called: Moment,
    pub(crate) returned: Moment,
}

/// All objects at one revision.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) revision: Revision,
    pub(crate) items: Vec<(Key, Revision, Mark)>,
    pub(crate) called: Moment,
    pub(crate) returned: Moment,
}

/// A change of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It was written.
    Put { key: Key, mark: Mark },
    /// It was removed, and this was in it last.
    Delete { key: Key, mark: Mark },
}

/// A change as a watcher was told of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) revision: Revision,
    pub(crate) change: Change,
    pub(crate) at: Moment,
}

/// What a watcher was told, without a gap as far as it knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stretch {
    /// It asked for what comes after this.
    pub(crate) after: Revision,
    /// In the order in which it came.
    pub(crate) seen: Vec<Seen>,
    /// The last revision of which it was told, bookmarks too.
    pub(crate) until: Revision,
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) operations: Vec<Operation>,
    pub(crate) listings: Vec<Listing>,
    /// Of each watcher.
    pub(crate) stretches: Vec<Stretch>,
}
