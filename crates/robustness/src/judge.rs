//! The judgement of a whole history.

use std::collections::BTreeMap;

use crate::{
    history::{History, Key, Operation},
    linearizable,
    truth::{Truth, Violation},
};

/// Everything that must not be.
pub fn judge(history: &History) -> Vec<Violation> {
    let mut violations = Vec::new();
    let truth = Truth::new(history, &mut violations);
    truth.check_operations(&history.operations, &mut violations);
    for stretch in &history.stretches {
        truth.check_stretch(stretch, &mut violations);
    }
    truth.check_listings(history, &mut violations);
    let mut by_key: BTreeMap<Key, Vec<Operation>> = BTreeMap::new();
    for operation in truth.resolve(&history.operations) {
        by_key.entry(operation.key).or_default().push(operation);
    }
    for (key, operations) in by_key {
        if let Err(operation) = linearizable::check(&operations) {
            violations.push(format!("object {key} is not linearizable: nothing explains {operation:?}"));
        }
    }
    violations
}
