//! What clients did and what they were told: the evidence that is judged.

/// An object's content. Every write has one of its own, so that what is read says which write made it.
pub type Mark = u64;
/// A `resourceVersion`.
pub type Revision = u64;
/// Nanoseconds since the run began.
pub type Moment = u64;
/// The number of an object.
pub type Key = u32;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Reads the object.
    Get,
    /// Makes the object, where there is none.
    Create {
        /// Its content.
        mark: Mark,
    },
    /// Replaces the object, if it is as expected.
    Update {
        /// The revision that it must have.
        expected: Revision,
        /// Its new content.
        mark: Mark,
    },
    /// Removes the object, if it is as expected.
    Delete {
        /// The revision that it must have.
        expected: Revision,
    },
}

impl Action {
    /// What it writes.
    pub fn mark(&self) -> Option<Mark> {
        match self {
            Action::Create { mark } | Action::Update { mark, .. } => Some(*mark),
            Action::Get | Action::Delete { .. } => None,
        }
    }
}

/// What the server said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The object, as it was.
    Found {
        /// The revision that it has.
        revision: Revision,
        /// Its content.
        mark: Mark,
    },
    /// There is none.
    Absent,
    /// It was written.
    Written {
        /// The revision that it got.
        revision: Revision,
    },
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
pub struct Operation {
    /// The object.
    pub key: Key,
    /// What was asked for.
    pub action: Action,
    /// What the server said.
    pub outcome: Outcome,
    /// When it was asked for.
    pub called: Moment,
    /// When the answer was there.
    pub returned: Moment,
}

/// All objects at one revision.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The revision of the list.
    pub revision: Revision,
    /// The objects with their revisions and contents, in any order.
    pub items: Vec<(Key, Revision, Mark)>,
    /// When it was asked for.
    pub called: Moment,
    /// When the answer was there.
    pub returned: Moment,
}

/// A change of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was written.
    Put {
        /// The object.
        key: Key,
        /// Its content.
        mark: Mark,
    },
    /// It was removed.
    Delete {
        /// The object.
        key: Key,
        /// What was in it last.
        mark: Mark,
    },
}

/// A change as a watcher was told of it.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The revision of the change.
    pub revision: Revision,
    /// What changed.
    pub change: Change,
    /// When the watcher was told.
    pub at: Moment,
}

/// What a watcher was told, without a gap as far as it knows.
#[derive(Clone, Debug, Default)]
pub struct Stretch {
    /// It asked for what comes after this.
    pub after: Revision,
    /// In the order in which it came.
    pub seen: Vec<Seen>,
    /// The last revision of which it was told, bookmarks too.
    pub until: Revision,
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// What clients did to single objects, in any order.
    pub operations: Vec<Operation>,
    /// Lists, in any order.
    pub listings: Vec<Listing>,
    /// Of each watcher.
    pub stretches: Vec<Stretch>,
}
