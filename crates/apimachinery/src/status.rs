//! API errors: `metav1.Status` in upstream's words.

use std::fmt;

use stdx::Str;

use crate::{Value, field::FieldError, value};

/// A failed (or finished) request as clients see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The HTTP status code.
    pub code: u16,
    /// The machine-readable reason, for example `NotFound`; empty for none.
    pub reason: Str,
    /// The sentence for people.
    pub message: String,
    /// `details`, or null.
    pub details: Box<Value>,
    /// Where a list whose pages are too old can be gone on with; empty for nowhere.
    pub continue_token: Str,
}

impl std::error::Error for Status {}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// `resource.group`, or the resource alone in the core group.
fn qualified(resource: &str, group: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

impl Status {
    /// A failure.
    pub fn failure(code: u16, reason: &'static str, message: impl Into<String>) -> Status {
        Status {
            code,
            reason: Str::from_static(reason),
            message: message.into(),
            details: Box::default(),
            continue_token: Str::EMPTY,
        }
    }

    fn about(mut self, name: &str, group: &str, kind: &str) -> Status {
        let mut details = value!({"kind": kind});
        if !name.is_empty() {
            details.set(&["name"], name);
        }
        if !group.is_empty() {
            details.set(&["group"], group);
        }
        *self.details = details;
        self
    }

    /// Asks the client to come back after `seconds`.
    pub fn retry_after(mut self, seconds: u32) -> Status {
        self.details.set(&["retryAfterSeconds"], seconds);
        self
    }

    /// 404 for an object.
    pub fn not_found(group: &str, resource: &str, name: &str) -> Status {
        let message = format!("{} {name:?} not found", qualified(resource, group));
        Status::failure(404, "NotFound", message).about(name, group, resource)
    }

    /// 404 for a path that serves nothing.
    pub fn no_such_path() -> Status {
        Status::failure(404, "NotFound", "the server could not find the requested resource")
    }

    /// 409 for an object that is there already.
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Status {
        let message = format!("{} {name:?} already exists", qualified(resource, group));
        Status::failure(409, "AlreadyExists", message).about(name, group, resource)
    }

    /// 409 for a write whose precondition failed.
    pub fn conflict(group: &str, resource: &str, name: &str, problem: impl fmt::Display) -> Status {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {problem}", qualified(resource, group));
        Status::failure(409, "Conflict", message).about(name, group, resource)
    }

    /// 409 for a stale `resourceVersion`.
    pub fn object_modified(group: &str, resource: &str, name: &str) -> Status {
        let problem = "the object has been modified; please apply your changes to the latest version and try again";
        Status::conflict(group, resource, name, problem)
    }

    /// 422 with every field error.
    pub fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Status {
        let causes: Value = errors
            .iter()
            .map(|error| {
                value!({"reason": error.error_type.reason(), "message": error.body.as_str(), "field": error.field.as_str()})
            })
            .collect();
        let joined = match errors {
            [only] => only.to_string(),
            several => format!("[{}]", several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        };
        let message = format!("{} {name:?} is invalid: {joined}", qualified(kind, group));
        let mut status = Status::failure(422, "Invalid", message).about(name, group, kind);
        status.details.set(&["causes"], causes);
        status
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Status {
        Status::failure(400, "BadRequest", message)
    }

    /// 401.
    pub fn unauthorized() -> Status {
        Status::failure(401, "Unauthorized", "Unauthorized")
    }

    /// 403 for an object, with `problem` in upstream's form.
    pub fn forbidden(group: &str, resource: &str, name: &str, problem: impl fmt::Display) -> Status {
        let qualified = qualified(resource, group);
        let message = match name {
            "" => format!("{qualified} is forbidden: {problem}"),
            name => format!("{qualified} {name:?} is forbidden: {problem}"),
        };
        Status::failure(403, "Forbidden", message).about(name, group, resource)
    }

    /// 405.
    pub fn method_not_supported(group: &str, resource: &str, verb: &str) -> Status {
        let message = format!("{verb} is not supported on resources of kind {:?}", qualified(resource, group));
        Status::failure(405, "MethodNotAllowed", message).about("", group, resource)
    }

    /// 406 with the media types that would do.
    pub fn not_acceptable(supported: &[&str]) -> Status {
        let message = format!("only the following media types are accepted: {}", supported.join(", "));
        Status::failure(406, "NotAcceptable", message)
    }

    /// 415 with the media types that would do.
    pub fn unsupported_media_type(supported: &[&str]) -> Status {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            supported.join(", ")
        );
        Status::failure(415, "UnsupportedMediaType", message)
    }

    /// 410 for a resource version that history no longer has.
    pub fn expired(message: impl Into<String>) -> Status {
        Status::failure(410, "Expired", message)
    }

    /// 413.
    pub fn request_entity_too_large(message: impl Into<String>) -> Status {
        Status::failure(413, "RequestEntityTooLarge", message)
    }

    /// 429 with a time to come back.
    pub fn too_many_requests(message: impl Into<String>, retry_after_seconds: u32) -> Status {
        Status::failure(429, "TooManyRequests", message).retry_after(retry_after_seconds)
    }

    /// 500; `problem` must not hold secrets.
    pub fn internal(problem: impl fmt::Display) -> Status {
        let mut status = Status::failure(500, "InternalError", format!("Internal error occurred: {problem}"));
        *status.details = value!({"causes": [{"message": problem.to_string()}]});
        status
    }

    /// 503.
    pub fn service_unavailable(message: impl Into<String>) -> Status {
        Status::failure(503, "ServiceUnavailable", message)
    }

    /// 504 when the server gave up waiting.
    pub fn timeout(message: impl Into<String>) -> Status {
        Status::failure(504, "Timeout", message)
    }

    /// 200 after a deletion that left nothing, with the object's identity.
    pub fn success(group: &str, resource: &str, name: &str, uid: &str) -> Status {
        let mut status = Status { code: 200, ..Status::failure(200, "", "") }.about(name, group, resource);
        if !uid.is_empty() {
            status.details.set(&["uid"], uid);
        }
        status
    }

    /// Whether the reason is `reason`.
    pub fn is(&self, reason: &str) -> bool {
        self.reason == reason
    }

    /// Whether the object does not exist.
    pub fn is_not_found(&self) -> bool {
        self.is("NotFound")
    }

    /// Whether a precondition failed.
    pub fn is_conflict(&self) -> bool {
        self.is("Conflict")
    }

    /// Whether the object was there already.
    pub fn is_already_exists(&self) -> bool {
        self.is("AlreadyExists")
    }

    /// Whether history no longer has the resource version that was asked for.
    pub fn is_expired(&self) -> bool {
        self.code == 410
    }

    /// The `Status` object.
    pub fn to_value(&self) -> Value {
        let mut root = value!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": if self.code < 400 { "Success" } else { "Failure" },
            "code": self.code
        });
        if !self.continue_token.is_empty() {
            root.set(&["metadata", "continue"], &self.continue_token);
        }
        if !self.message.is_empty() {
            root.set(&["message"], self.message.as_str());
        }
        if !self.reason.is_empty() {
            root.set(&["reason"], &self.reason);
        }
        if !self.details.is_null() {
            root.set(&["details"], (*self.details).clone());
        }
        if self.code < 400 && self.message.is_empty() {
            root.remove(&["code"]);
        }
        root
    }

    /// Reads a `Status` object; `code` stands in when the object has none.
    pub fn from_value(root: &Value, code: u16) -> Status {
        Status {
            code: root.i64_at(&["code"]).and_then(|code| u16::try_from(code).ok()).unwrap_or(code),
            reason: root.str_at(&["reason"]).unwrap_or_default().into(),
            message: root.str_at(&["message"]).unwrap_or_default().to_owned(),
            details: Box::new(root.at(&["details"]).cloned().unwrap_or_default()),
            continue_token: root.str_at(&["metadata", "continue"]).unwrap_or_default().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Path;

    #[test]
    fn messages_are_upstreams() {
        assert_eq!(Status::not_found("apps", "deployments", "web").message, r#"deployments.apps "web" not found"#);
        let errors = [
            FieldError::required(&Path::new("spec").child("a"), ""),
            FieldError::invalid(&Path::new("b"), -1, "too small"),
        ];
        assert_eq!(
            Status::invalid("apps", "Deployment", "web", &errors).message,
            r#"Deployment.apps "web" is invalid: [spec.a: Required value, b: Invalid value: -1: too small]"#
        );
    }

    #[test]
    fn round_trip() {
        let status = Status::already_exists("", "pods", "a").retry_after(3);
        assert_eq!(Status::from_value(&status.to_value(), 0), status);
    }
}
