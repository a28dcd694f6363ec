//! Conditional defaults of device requests.

use apimachinery::Map;

use super::text;

/// Who asks for a number of devices asks for one.
pub(super) fn device_request(request: &mut Map) {
    if text(request, "allocationMode") == "ExactCount" && request.i64_at("count").unwrap_or_default() == 0 {
        request.insert("count", 1);
    }
}
