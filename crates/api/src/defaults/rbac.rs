//! Conditional defaults of role bindings.

use apimachinery::Map;

use super::text;

/// Users and groups are of the RBAC group, service accounts of the core group.
pub(super) fn subject(subject: &mut Map) {
    if text(subject, "apiGroup").is_empty() && matches!(text(subject, "kind"), "User" | "Group") {
        subject.insert("apiGroup", "rbac.authorization.k8s.io");
    }
}
