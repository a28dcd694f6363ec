//! Conditional defaults of storage drivers.

use apimachinery::{List, Map, Value};

pub(super) fn csi_driver_spec(spec: &mut Map) {
    if spec.list_at("volumeLifecycleModes").is_empty() {
        spec.insert("volumeLifecycleModes", List::from_iter([Value::from("Persistent")]));
    }
}
