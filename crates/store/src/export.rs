use std::fmt;

use crate::{BoxFuture, KeyValue, Revision, StoreError};

/// Every key as it was at one revision, step by step; what is still to be read is kept until it is dropped.
pub struct Export {
    /// The revision.
    pub revision: Revision,
    /// Tells the store's history from that of others with the same revisions; 0 where an engine does not know.
    pub history: u32,
    steps: Box<dyn ExportSteps>,
}

/// What an engine implements to provide an [`Export`].
pub trait ExportSteps: Send {
    /// As [`Export::next`].
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<KeyValue>, StoreError>>;
}

impl Export {
    /// An export over an engine's steps.
    pub fn new(revision: Revision, steps: Box<dyn ExportSteps>) -> Export {
        Export { revision, history: 0, steps }
    }

    /// The same, of a history that the engine knows.
    pub fn of_history(self, history: u32) -> Export {
        Export { history, ..self }
    }

    /// The next keys, in their order; none at the end.
    ///
    /// # Errors
    /// `Compacted` from an engine that cannot keep what is still to be read, `Io`.
    pub async fn next(&mut self) -> Result<Vec<KeyValue>, StoreError> {
        self.steps.next().await
    }
}

impl fmt::Debug for Export {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Export").field("revision", &self.revision).finish_non_exhaustive()
    }
}
