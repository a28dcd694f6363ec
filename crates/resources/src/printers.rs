//! How built-in kinds look in `kubectl get`.

use std::sync::Arc;

use apiserver::{DefaultTable, TableConvertor};

/// The table of a kind.
pub(crate) fn of(group: &str, kind: &str) -> Arc<dyn TableConvertor> {
    let _ = (group, kind);
    Arc::new(DefaultTable)
}
