//! d
use super::model::PackageModel;
pub(crate) fn files(_models: &[PackageModel]) -> Vec<(String, String)> {
    Vec::new()
}
