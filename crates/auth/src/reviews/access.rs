//! May somebody do something? `SubjectAccessReview` and its siblings.

use std::sync::Arc;

use apimachinery::{
    Object, Status, Str, Value,
    field::{FieldError, Path},
    value,
};
use apiserver::{
    Creator, RequestContext, Server, UserInfo,
    authorization::{self, Action, Decision},
};
use async_trait::async_trait;

use super::answer;

const GROUP: &str = "authorization.k8s.io";

/// The three kinds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AccessReviews {
    Subject,
    LocalSubject,
    SelfSubject,
}

impl AccessReviews {
    fn kind(self) -> &'static str {
        match self {
            AccessReviews::Subject => "SubjectAccessReview",
            AccessReviews::LocalSubject => "LocalSubjectAccessReview",
            AccessReviews::SelfSubject => "SelfSubjectAccessReview",
        }
    }

    fn problems(self, object: &Object) -> Vec<FieldError> {
        let spec = Path::new("spec");
        let field = |name| object.at(&["spec", name]).filter(|value| !value.is_null());
        let (resource, path) = (field("resourceAttributes"), field("nonResourceAttributes"));
        let mut problems = Vec::new();
        if resource.is_some() == path.is_some() {
            let detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            problems.push(FieldError::invalid(&spec, path.cloned().unwrap_or_default(), detail));
        }
        let named = !object.str_at(&["spec", "user"]).unwrap_or_default().is_empty();
        if self != AccessReviews::SelfSubject && !named && object.list_at(&["spec", "groups"]).is_empty() {
            let detail = "at least one of user or group must be specified";
            problems.push(FieldError::invalid(&spec.child("user"), "", detail));
        }
        if let Some(resource) = resource {
            for name in ["fieldSelector", "labelSelector"] {
                let path = spec.child("resourceAttributes").child(name);
                problems.extend(selector_problems(resource.get(name), &path));
            }
        }
        problems.extend(self.metadata_problems(object));
        if self == AccessReviews::LocalSubject {
            let namespace = resource.map(|resource| resource.str_at(&["namespace"]).unwrap_or_default());
            if let Some(namespace) = namespace.filter(|namespace| *namespace != object.namespace()) {
                let path = Path::new("spec.resourceAttributes.namespace");
                problems.push(FieldError::invalid(&path, namespace, "must match metadata.namespace"));
            }
            if let Some(path) = path {
                let detail = "disallowed on this kind of request";
                problems.push(FieldError::invalid(&Path::new("spec.nonResourceAttributes"), path.clone(), detail));
            }
        }
        problems
    }

    fn metadata_problems(self, object: &Object) -> Option<FieldError> {
        let local = self == AccessReviews::LocalSubject;
        let empty = |value: &Value| match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Map(map) => map.is_empty(),
            Value::List(list) => list.is_empty(),
            _ => false,
        };
        let allowed = |key: &str| key == "managedFields" || (local && key == "namespace");
        let filled = object.metadata().iter().any(|(key, value)| !allowed(key) && !empty(value));
        let detail = if local { "must be empty except for namespace" } else { "must be empty" };
        let metadata = object.get("metadata").cloned().unwrap_or_default();
        filled.then(|| FieldError::invalid(&Path::new("metadata"), metadata, detail))
    }
}

fn selector_problems(selector: Option<&Value>, path: &Path) -> Option<FieldError> {
    let selector = selector.filter(|selector| !selector.is_null())?;
    let raw = selector.str_at(&["rawSelector"]).unwrap_or_default();
    let requirements = selector.list_at(&["requirements"]);
    if !raw.is_empty() && !requirements.is_empty() {
        let detail = "may not specified at the same time as requirements";
        return Some(FieldError::invalid(&path.child("rawSelector"), raw, detail));
    }
    (raw.is_empty() && requirements.is_empty()).then(|| {
        let detail = format!("when {path} is specified, requirements or rawSelector is required");
        FieldError::required(&path.child("requirements"), &detail)
    })
}

/// The field selector in query syntax; what it cannot say is left out, which asks for more.
fn field_selector(resource: &Value) -> String {
    let raw = resource.str_at(&["fieldSelector", "rawSelector"]).unwrap_or_default();
    if !raw.is_empty() {
        return raw.to_owned();
    }
    let term = |requirement: &Value| {
        let key = requirement.str_at(&["key"])?;
        match (requirement.str_at(&["operator"])?, requirement.list_at(&["values"])) {
            ("In", [only]) => Some(format!("{key}={}", only.as_str()?)),
            ("NotIn", [only]) => Some(format!("{key}!={}", only.as_str()?)),
            _ => None,
        }
    };
    let terms: Vec<String> = resource.list_at(&["fieldSelector", "requirements"]).iter().filter_map(term).collect();
    terms.join(",")
}

fn user_of(spec: &Value) -> UserInfo {
    let extra = spec.map_at(&["extra"]).into_iter().flat_map(|extra| extra.iter());
    UserInfo {
        name: spec.str_at(&["user"]).unwrap_or_default().into(),
        uid: spec.str_at(&["uid"]).unwrap_or_default().into(),
        groups: spec.list_at(&["groups"]).iter().filter_map(Value::as_str).map(Str::from).collect(),
        extra: extra
            .map(|(key, items)| {
                let items = items.as_list().into_iter().flatten().filter_map(Value::as_str).map(Str::from);
                (key.clone(), items.collect())
            })
            .collect(),
    }
}

fn decide(server: &Server, user: &UserInfo, spec: &Value) -> Decision {
    let text = |attributes, name| spec.str_at(&[attributes, name]).unwrap_or_default();
    let Some(resource) = spec.get("resourceAttributes").filter(|value| !value.is_null()) else {
        let action = Action::path(text("nonResourceAttributes", "verb"), text("nonResourceAttributes", "path"));
        return authorization::decide(server, user, &action);
    };
    let field = |name| text("resourceAttributes", name);
    let selector = field_selector(resource);
    let action = Action {
        version: field("version"),
        field_selector: &selector,
        ..Action::object(
            field("verb"),
            field("group"),
            field("resource"),
            field("subresource"),
            field("namespace"),
            field("name"),
        )
    };
    authorization::decide(server, user, &action)
}

fn status(decision: Decision) -> Value {
    let (allowed, denied, reason) = match decision {
        Decision::Allow(reason) => (true, false, reason),
        Decision::Deny(reason) => (false, true, reason),
        Decision::NoOpinion(reason) => (false, false, reason),
    };
    let mut status = value!({"allowed": allowed});
    if denied {
        status.set(&["denied"], true);
    }
    if !reason.is_empty() {
        status.set(&["reason"], reason);
    }
    status
}

#[async_trait]
impl Creator for AccessReviews {
    async fn create(
        &self,
        server: &Arc<Server>,
        context: &RequestContext,
        namespace: &str,
        _: &str,
        mut object: Object,
        _: bool,
    ) -> Result<Object, Status> {
        let problems = self.problems(&object);
        if !problems.is_empty() {
            return Err(Status::invalid(GROUP, self.kind(), "", &problems));
        }
        if *self == AccessReviews::LocalSubject && namespace != object.namespace() {
            let message = format!("spec.resourceAttributes.namespace must match namespace: {namespace}");
            return Err(Status::bad_request(message));
        }
        let spec = object.get("spec").cloned().unwrap_or_default();
        let decision = match self {
            AccessReviews::SelfSubject => decide(server, &context.user, &spec),
            _ => decide(server, &user_of(&spec), &spec),
        };
        object.set(&["status"], status(decision));
        Ok(answer("authorization.k8s.io/v1", self.kind(), object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(review: AccessReviews, spec: Value, metadata: Value, expected: &[&str]) {
        let object = Object(value!({"metadata": metadata, "spec": spec}));
        let found: Vec<String> = review.problems(&object).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_review_asks_one_thing_of_somebody() {
        let one_of =
            "spec: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified";
        let nobody = r#"spec.user: Invalid value: "": at least one of user or group must be specified"#;
        check(AccessReviews::Subject, value!({}), value!({}), &[one_of, nobody]);
        check(AccessReviews::SelfSubject, value!({"resourceAttributes": {"verb": "get"}}), value!({}), &[]);
        let named = r#"metadata: Invalid value: {"name":"x"}: must be empty"#;
        check(AccessReviews::SelfSubject, value!({"nonResourceAttributes": {}}), value!({"name": "x"}), &[named]);
        let other = r#"spec.resourceAttributes.namespace: Invalid value: "b": must match metadata.namespace"#;
        let spec = value!({"user": "u", "resourceAttributes": {"namespace": "b"}});
        check(AccessReviews::LocalSubject, spec, value!({"namespace": "a"}), &[other]);
    }

    #[test]
    fn field_selectors_become_queries() {
        let requirements = value!({"fieldSelector": {"requirements": [
            {"key": "spec.nodeName", "operator": "In", "values": ["a"]},
            {"key": "x", "operator": "Exists"},
            {"key": "y", "operator": "NotIn", "values": ["b"]}
        ]}});
        assert_eq!(field_selector(&requirements), "spec.nodeName=a,y!=b");
        assert_eq!(field_selector(&value!({"fieldSelector": {"rawSelector": "a=b"}})), "a=b");
    }
}
