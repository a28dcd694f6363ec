//! d
/// d
pub fn apply_defaults() {}
