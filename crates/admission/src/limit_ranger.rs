//! `LimitRanger`: defaults and bounds of what containers, pods and claims ask for, per namespace.

use std::sync::Arc;

use apimachinery::{Map, Object, Status, Value, quantity::Quantity};
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;

use crate::{
    forbidden,
    pod::{is_pods, text},
    quantities::{Resources, of_pod},
};

const ANNOTATION: &str = "kubernetes.io/limit-ranger";

pub(crate) struct LimitRanger;

/// The items of a limit range of one type.
fn items<'r>(range: &'r Object, kind: &'r str) -> impl Iterator<Item = &'r Value> {
    range.list_at(&["spec", "limits"]).iter().filter(move |item| text(item, &["type"]) == kind)
}

/// Gives containers what they do not say themselves, and notes it in an annotation.
fn set_defaults(pod: &mut Object, range: &Object) {
    let (mut requests, mut limits) = (Resources::default(), Resources::default());
    for item in items(range, "Container") {
        requests.0.extend(Resources::read(item.get("defaultRequest")).0);
        limits.0.extend(Resources::read(item.get("default")).0);
    }
    let mut notes = Vec::new();
    for (list, called) in [("containers", "container"), ("initContainers", "init container")] {
        let Some(Value::List(containers)) = pod.at_mut(&["spec", list]) else { continue };
        for container in containers.iter_mut() {
            let name = text(container, &["name"]).to_owned();
            for (defaults, field, noun) in [(&requests, "requests", "request"), (&limits, "limits", "limit")] {
                let mut set = Vec::new();
                for (resource, quantity) in &defaults.0 {
                    if container.at(&["resources", field, resource]).is_none() {
                        container.set(&["resources", field, resource], quantity.to_string());
                        set.push(resource.as_str());
                    }
                }
                if !set.is_empty() {
                    notes.push(format!("{} {noun} for {called} {name}", set.join(", ")));
                }
            }
        }
    }
    if !notes.is_empty() {
        let note = format!("LimitRanger plugin set: {}", notes.join("; "));
        pod.metadata_mut().map_at("annotations").insert(ANNOTATION, note);
    }
}

/// One bound.
struct Bound<'b> {
    kind: &'b str,
    resource: &'b str,
    enforced: Quantity,
}

impl Bound<'_> {
    fn min(&self, requests: &Resources, limits: &Resources) -> Result<(), String> {
        let Bound { kind, resource, enforced } = self;
        let prefix = format!("minimum {resource} usage per {kind} is {enforced}");
        match (requests.get(resource), limits.get(resource)) {
            (None, _) => Err(format!("{prefix}.  No request is specified")),
            (Some(request), _) if request < *enforced => Err(format!("{prefix}, but request is {request}")),
            (_, Some(limit)) if limit < *enforced => Err(format!("{prefix}, but limit is {limit}")),
            _ => Ok(()),
        }
    }

    fn max(&self, requests: &Resources, limits: &Resources) -> Result<(), String> {
        let Bound { kind, resource, enforced } = self;
        let prefix = format!("maximum {resource} usage per {kind} is {enforced}");
        match (requests.get(resource), limits.get(resource)) {
            (_, None) => Err(format!("{prefix}.  No limit is specified")),
            (_, Some(limit)) if limit > *enforced => Err(format!("{prefix}, but limit is {limit}")),
            (Some(request), _) if request > *enforced => Err(format!("{prefix}, but request is {request}")),
            _ => Ok(()),
        }
    }

    /// For claims, whose limits mean nothing.
    fn max_request(&self, requests: &Resources) -> Result<(), String> {
        let Bound { kind, resource, enforced } = self;
        let prefix = format!("maximum {resource} usage per {kind} is {enforced}");
        match requests.get(resource) {
            None => Err(format!("{prefix}.  No request is specified")),
            Some(request) if request > *enforced => Err(format!("{prefix}, but request is {request}")),
            _ => Ok(()),
        }
    }

    fn ratio(&self, requests: &Resources, limits: &Resources) -> Result<(), String> {
        let Bound { kind, resource, enforced } = self;
        let prefix = format!("{resource} max limit to request ratio per {kind} is {enforced}");
        let value = |list: &Resources| list.get(resource).map(|quantity| quantity.milli_value() as f64);
        let Some(request) = value(requests).filter(|request| *request != 0.0) else {
            return Err(format!("{prefix}, but no request is specified or request is 0"));
        };
        let Some(limit) = value(limits).filter(|limit| *limit != 0.0) else {
            return Err(format!("{prefix}, but no limit is specified or limit is 0"));
        };
        let ratio = limit / request;
        if ratio * 1000.0 > enforced.milli_value() as f64 {
            return Err(format!("{prefix}, but provided ratio is {ratio:.6}"));
        }
        Ok(())
    }
}

/// Calls `check` for each bound of one name (`min`, `max` …) of an item.
fn each_bound(item: &Value, kind: &str, name: &str, mut check: impl FnMut(Bound<'_>)) {
    for (resource, enforced) in &Resources::read(item.get(name)).0 {
        check(Bound { kind, resource, enforced: *enforced });
    }
}

fn check_all(item: &Value, kind: &str, requests: &Resources, limits: &Resources, problems: &mut Vec<String>) {
    each_bound(item, kind, "min", |bound| problems.extend(bound.min(requests, limits).err()));
    each_bound(item, kind, "max", |bound| problems.extend(bound.max(requests, limits).err()));
    each_bound(item, kind, "maxLimitRequestRatio", |bound| problems.extend(bound.ratio(requests, limits).err()));
}

fn check_pod(spec: &Map, range: &Object) -> Vec<String> {
    let mut problems = Vec::new();
    for item in range.list_at(&["spec", "limits"]) {
        match text(item, &["type"]) {
            "Container" => {
                for container in ["containers", "initContainers"].iter().flat_map(|list| spec.list_at(list)) {
                    let of = |which| Resources::read(container.at(&["resources", which]));
                    check_all(item, "Container", &of("requests"), &of("limits"), &mut problems);
                }
            }
            "Pod" => {
                check_all(item, "Pod", &of_pod(spec, "requests"), &of_pod(spec, "limits"), &mut problems);
            }
            _ => {}
        }
    }
    problems
}

fn check_claim(spec: &Map, range: &Object) -> Vec<String> {
    const KIND: &str = "PersistentVolumeClaim";
    let requests = Resources::read(spec.get("resources").and_then(|resources| resources.get("requests")));
    let mut problems = Vec::new();
    for item in items(range, KIND) {
        each_bound(item, KIND, "min", |bound| problems.extend(bound.min(&requests, &Resources::default()).err()));
        each_bound(item, KIND, "max", |bound| problems.extend(bound.max_request(&requests).err()));
    }
    problems
}

fn ranges(server: &Server, attributes: &Attributes<'_>) -> Result<Vec<Arc<Object>>, Status> {
    if attributes.old_object.is_some_and(|old| old.deletion_timestamp().is_some()) {
        return Ok(Vec::new());
    }
    server.registry().objects("", "limitranges", attributes.namespace)
}

#[async_trait]
impl AdmissionPlugin for LimitRanger {
    fn name(&self) -> &'static str {
        "LimitRanger"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        let claims = resource.group.is_empty() && resource.resource == "persistentvolumeclaims";
        match (operation, subresource) {
            (Operation::Create, "") => claims || is_pods(resource),
            (Operation::Update, "") => claims,
            (Operation::Update, "resize") => is_pods(resource),
            _ => false,
        }
    }

    async fn admit(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        if !is_pods(attributes.resource) {
            return Ok(());
        }
        let ranges = ranges(server, attributes)?;
        if let Some(pod) = attributes.object.as_deref_mut() {
            ranges.iter().for_each(|range| set_defaults(pod, range));
        }
        Ok(())
    }

    async fn validate(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let ranges = ranges(server, attributes)?;
        let Some(object) = attributes.object.as_deref() else { return Ok(()) };
        let check = if is_pods(attributes.resource) { check_pod } else { check_claim };
        for range in &ranges {
            let mut problems: Vec<String> = Vec::new();
            for problem in check(object.spec(), range) {
                // Upstream's aggregate names equal problems once.
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
            match problems.as_slice() {
                [] => {}
                [only] => return Err(forbidden(attributes, only)),
                several => return Err(forbidden(attributes, format!("[{}]", several.join(", ")))),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    fn range(item: Value) -> Object {
        Object(value!({"spec": {"limits": [item]}}))
    }

    fn pod(requests: Value, limits: Value) -> Object {
        Object(value!({"spec": {"containers": [{"name": "c", "resources": {"requests": requests, "limits": limits}}]}}))
    }

    #[test]
    fn defaults_fill_what_is_not_said() {
        let range = range(
            value!({"type": "Container", "default": {"cpu": "2", "memory": "1Gi"}, "defaultRequest": {"cpu": "1"}}),
        );
        let mut pod = pod(value!({}), value!({"cpu": "3"}));
        set_defaults(&mut pod, &range);
        let resources = value!({"requests": {"cpu": "1"}, "limits": {"cpu": "3", "memory": "1Gi"}});
        assert_eq!(pod.list_at(&["spec", "containers"])[0].get("resources"), Some(&resources));
        let note = "LimitRanger plugin set: cpu request for container c; memory limit for container c";
        assert_eq!(pod.annotation(ANNOTATION), Some(note));
    }

    #[test]
    fn bounds_are_kept_in_upstreams_words() {
        let check = |item: Value, requests: Value, limits: Value| check_pod(pod(requests, limits).spec(), &range(item));
        let min = |kind: &str| value!({"type": kind, "min": {"cpu": "1"}});
        let none: [&str; 0] = [];
        assert_eq!(check(min("Container"), value!({"cpu": "1"}), value!({"cpu": "1"})), none);
        assert_eq!(
            check(min("Pod"), value!({"cpu": "500m"}), value!({})),
            ["minimum cpu usage per Pod is 1, but request is 500m"]
        );
        assert_eq!(
            check(min("Container"), value!({}), value!({})),
            ["minimum cpu usage per Container is 1.  No request is specified"]
        );
        let max = value!({"type": "Container", "max": {"memory": "1Gi"}});
        assert_eq!(
            check(max.clone(), value!({}), value!({"memory": "2Gi"})),
            ["maximum memory usage per Container is 1Gi, but limit is 2Gi"]
        );
        assert_eq!(
            check(max, value!({}), value!({})),
            ["maximum memory usage per Container is 1Gi.  No limit is specified"]
        );
        let ratio = value!({"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}});
        assert_eq!(check(ratio.clone(), value!({"cpu": "1"}), value!({"cpu": "2"})), none);
        assert_eq!(
            check(ratio, value!({"cpu": "1"}), value!({"cpu": "3"})),
            ["cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000"]
        );
    }

    #[test]
    fn claims_are_bound_by_their_requests() {
        let range = range(value!({"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}));
        let spec = value!({"resources": {"requests": {"storage": "2Gi"}}});
        let expected = ["maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi"];
        assert_eq!(check_claim(spec.as_map().unwrap(), &range), expected);
    }
}
