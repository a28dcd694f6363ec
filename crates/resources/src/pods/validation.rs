//! What a pod's spec may say: the part of upstream's `ValidatePodSpec` that guards everything behind it.

use std::collections::HashSet;

use apimachinery::{
    Object, Value,
    field::{FieldError, Path},
    names, value,
};

use crate::install::same_at;

/// Everything wrong with the pod template's spec of a workload.
pub(crate) fn validate_template_spec(object: &Object, path: &Path) -> Vec<FieldError> {
    validate_spec(object.at(&["spec", "template", "spec"]), path)
}

pub(super) fn validate_spec(spec: Option<&Value>, path: &Path) -> Vec<FieldError> {
    let empty = value!({});
    let spec = spec.unwrap_or(&empty);
    let mut errors = Vec::new();
    let volumes = validate_volumes(spec, path, &mut errors);
    let containers = spec.list_at(&["containers"]);
    if containers.is_empty() {
        errors.push(FieldError::required(&path.child("containers"), ""));
    }
    let mut seen = HashSet::new();
    for (list, required) in [("initContainers", true), ("containers", true)] {
        for (index, container) in spec.list_at(&[list]).iter().enumerate() {
            let at = path.child(list).index(index);
            validate_container(container, &at, &volumes, required, &mut errors);
            let name = container.str_at(&["name"]).unwrap_or_default();
            if !name.is_empty() && !seen.insert(name.to_owned()) {
                errors.push(FieldError::duplicate(&at.child("name"), name));
            }
        }
    }
    check_choice(spec, path, "restartPolicy", &["Always", "OnFailure", "Never"], &mut errors);
    check_choice(spec, path, "dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"], &mut errors);
    if spec.i64_at(&["activeDeadlineSeconds"]).is_some_and(|seconds| seconds < 1) {
        let seconds = spec.i64_at(&["activeDeadlineSeconds"]).unwrap_or_default();
        let detail = "must be between 1 and 2147483647, inclusive";
        errors.push(FieldError::invalid(&path.child("activeDeadlineSeconds"), seconds, detail));
    }
    if let Some(name) = spec.str_at(&["nodeName"]).filter(|name| !name.is_empty()) {
        let at = path.child("nodeName");
        errors.extend(names::dns1123_subdomain(name).iter().map(|problem| FieldError::invalid(&at, name, problem)));
    }
    if let Some(name) = spec.str_at(&["hostname"]).filter(|name| !name.is_empty()) {
        let at = path.child("hostname");
        errors.extend(names::dns1123_label(name).iter().map(|problem| FieldError::invalid(&at, name, problem)));
    }
    if let Some(selector) = spec.map_at(&["nodeSelector"]) {
        apiserver::handlers::metadata::validate_labels(selector, &path.child("nodeSelector"), &mut errors);
    }
    errors
}

fn check_choice(spec: &Value, path: &Path, field: &str, choices: &[&str], errors: &mut Vec<FieldError>) {
    match spec.str_at(&[field]) {
        None | Some("") => errors.push(FieldError::required(&path.child(field), "")),
        Some(text) if choices.contains(&text) => {}
        Some(text) => errors.push(FieldError::not_supported(&path.child(field), text, choices)),
    }
}

fn validate_volumes(spec: &Value, path: &Path, errors: &mut Vec<FieldError>) -> HashSet<String> {
    let mut known = HashSet::new();
    for (index, volume) in spec.list_at(&["volumes"]).iter().enumerate() {
        let at = path.child("volumes").index(index);
        let name = volume.str_at(&["name"]).unwrap_or_default();
        if name.is_empty() {
            errors.push(FieldError::required(&at.child("name"), ""));
        } else {
            let problems = names::dns1123_label(name);
            errors.extend(problems.iter().map(|problem| FieldError::invalid(&at.child("name"), name, problem)));
            if !known.insert(name.to_owned()) {
                errors.push(FieldError::duplicate(&at.child("name"), name));
            }
        }
        let sources = volume.as_map().map_or(0, |map| map.keys().filter(|key| *key != "name").count());
        match sources {
            0 => errors.push(FieldError::required(&at, "must specify a volume type")),
            1 => {}
            _ => errors.push(FieldError::forbidden(&at, "may not specify more than 1 volume type")),
        }
    }
    known
}

fn validate_container(
    container: &Value,
    path: &Path,
    volumes: &HashSet<String>,
    image_required: bool,
    errors: &mut Vec<FieldError>,
) {
    let name = container.str_at(&["name"]).unwrap_or_default();
    if name.is_empty() {
        errors.push(FieldError::required(&path.child("name"), ""));
    } else {
        let problems = names::dns1123_label(name);
        errors.extend(problems.iter().map(|problem| FieldError::invalid(&path.child("name"), name, problem)));
    }
    let image = container.str_at(&["image"]).unwrap_or_default();
    if image.is_empty() && image_required {
        errors.push(FieldError::required(&path.child("image"), ""));
    } else if image != image.trim() {
        errors.push(FieldError::invalid(&path.child("image"), image, "must not have leading or trailing whitespace"));
    }
    check_choice(container, path, "imagePullPolicy", &["Always", "IfNotPresent", "Never"], errors);
    check_choice(container, path, "terminationMessagePolicy", &["File", "FallbackToLogsOnError"], errors);
    validate_ports(container, path, errors);
    validate_environment(container, path, errors);
    validate_mounts(container, path, volumes, errors);
    validate_resources(container, path, errors);
}

fn validate_ports(container: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    let mut seen = HashSet::new();
    for (index, port) in container.list_at(&["ports"]).iter().enumerate() {
        let at = path.child("ports").index(index);
        let number = port.i64_at(&["containerPort"]).unwrap_or_default();
        if number == 0 {
            errors.push(FieldError::required(&at.child("containerPort"), ""));
        } else if !(1..=65535).contains(&number) {
            let detail = "must be between 1 and 65535, inclusive";
            errors.push(FieldError::invalid(&at.child("containerPort"), number, detail));
        }
        let host_port = port.i64_at(&["hostPort"]).unwrap_or_default();
        if !(0..=65535).contains(&host_port) {
            let detail = "must be between 1 and 65535, inclusive";
            errors.push(FieldError::invalid(&at.child("hostPort"), host_port, detail));
        }
        let protocol = port.str_at(&["protocol"]).unwrap_or_default();
        if !matches!(protocol, "TCP" | "UDP" | "SCTP") {
            errors.push(FieldError::not_supported(&at.child("protocol"), protocol, &["SCTP", "TCP", "UDP"]));
        }
        if let Some(name) = port.str_at(&["name"]).filter(|name| !name.is_empty())
            && !seen.insert(name)
        {
            errors.push(FieldError::duplicate(&at.child("name"), name));
        }
    }
}

fn validate_environment(container: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    for (index, variable) in container.list_at(&["env"]).iter().enumerate() {
        let at = path.child("env").index(index);
        let name = variable.str_at(&["name"]).unwrap_or_default();
        if name.is_empty() {
            errors.push(FieldError::required(&at.child("name"), ""));
        } else if name.contains('=') || !name.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            let detail =
                "a valid environment variable name must consist only of printable ASCII characters other than '='";
            errors.push(FieldError::invalid(&at.child("name"), name, detail));
        }
        let value = variable.str_at(&["value"]).unwrap_or_default();
        if let Some(source) = variable.map_at(&["valueFrom"]) {
            if source.is_empty() {
                let detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
                errors.push(FieldError::invalid(&at.child("valueFrom"), "", detail));
            } else if !value.is_empty() {
                let detail = "may not be specified when `value` is not empty";
                errors.push(FieldError::invalid(&at.child("valueFrom"), "", detail));
            }
        }
    }
}

fn validate_mounts(container: &Value, path: &Path, volumes: &HashSet<String>, errors: &mut Vec<FieldError>) {
    let mut seen = HashSet::new();
    for (index, mount) in container.list_at(&["volumeMounts"]).iter().enumerate() {
        let at = path.child("volumeMounts").index(index);
        let name = mount.str_at(&["name"]).unwrap_or_default();
        if name.is_empty() {
            errors.push(FieldError::required(&at.child("name"), ""));
        } else if !volumes.contains(name) {
            errors.push(FieldError::not_found(&at.child("name"), name));
        }
        let mount_path = mount.str_at(&["mountPath"]).unwrap_or_default();
        if mount_path.is_empty() {
            errors.push(FieldError::required(&at.child("mountPath"), ""));
        } else if !seen.insert(mount_path) {
            errors.push(FieldError::invalid(&at.child("mountPath"), mount_path, "must be unique"));
        }
        for field in ["subPath", "subPathExpr"] {
            let sub_path = mount.str_at(&[field]).unwrap_or_default();
            if sub_path.starts_with('/') {
                errors.push(FieldError::invalid(&at.child(field), sub_path, "must be a relative path"));
            }
            if sub_path.split('/').any(|part| part == "..") {
                errors.push(FieldError::invalid(&at.child(field), sub_path, "must not contain '..'"));
            }
        }
    }
}

fn validate_resources(container: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    use apimachinery::quantity::Quantity;
    let at = path.child("resources");
    let parsed = |list: &str, name: &str| {
        container.str_at(&["resources", list, name]).and_then(|text| Quantity::parse(text).ok())
    };
    for list in ["limits", "requests"] {
        for (name, quantity) in container.map_at(&["resources", list]).into_iter().flat_map(|map| map.iter()) {
            if parsed(list, name).is_some_and(|quantity| quantity.is_negative()) {
                let text = quantity.as_str().unwrap_or_default();
                errors.push(FieldError::invalid(&at.child(list).key(name), text, "must be greater than or equal to 0"));
            }
        }
    }
    for (name, request) in container.map_at(&["resources", "requests"]).into_iter().flat_map(|map| map.iter()) {
        if let (Some(wanted), Some(limit)) = (parsed("requests", name), parsed("limits", name))
            && wanted > limit
        {
            let detail = format!("must be less than or equal to {name} limit of {limit}");
            errors.push(FieldError::invalid(&at.child("requests"), request.as_str().unwrap_or_default(), detail));
        }
    }
}

pub(super) fn validate_new(object: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !object.list_at(&["spec", "ephemeralContainers"]).is_empty() {
        let detail = "cannot be set on create";
        errors.push(FieldError::forbidden(&Path::new("spec.ephemeralContainers"), detail));
    }
    errors
}

/// Of a pod's spec only images, deadlines, tolerations (additions) and gates (removals) may change.
pub(super) fn validate_spec_update(object: &Object, old: &Object) -> Vec<FieldError> {
    let mut allowed = object.at(&["spec"]).cloned().unwrap_or_default();
    let before = old.at(&["spec"]).cloned().unwrap_or_default();
    for list in ["containers", "initContainers"] {
        let images: Vec<Option<Value>> =
            before.list_at(&[list]).iter().map(|container| container.at(&["image"]).cloned()).collect();
        if let Some(containers) = allowed.at_mut(&[list]).and_then(Value::as_list_mut) {
            for (container, image) in containers.iter_mut().zip(images) {
                container.set(&["image"], image.unwrap_or_default());
            }
        }
    }
    let gated = !before.list_at(&["schedulingGates"]).is_empty();
    let free: &[&str] = if gated {
        &[
            "activeDeadlineSeconds",
            "terminationGracePeriodSeconds",
            "tolerations",
            "schedulingGates",
            "nodeSelector",
            "affinity",
        ]
    } else {
        &["activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations", "schedulingGates"]
    };
    let mut errors = Vec::new();
    let removed_toleration = before
        .list_at(&["tolerations"])
        .iter()
        .any(|toleration| !object.list_at(&["spec", "tolerations"]).contains(toleration));
    if removed_toleration {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        errors.push(FieldError::forbidden(&Path::new("spec.tolerations"), detail));
    }
    let added_gate = object
        .list_at(&["spec", "schedulingGates"])
        .iter()
        .any(|gate| !before.list_at(&["schedulingGates"]).contains(gate));
    if added_gate {
        let detail = "only deletion is allowed, but found new scheduling gate";
        errors.push(FieldError::forbidden(&Path::new("spec.schedulingGates"), detail));
    }
    for field in free {
        match before.at(&[field]) {
            Some(value) => allowed.set(&[field], value.clone()),
            None => {
                allowed.remove(&[field]);
            }
        }
    }
    if allowed != before {
        let detail = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        errors.push(FieldError::forbidden(&Path::new("spec"), detail));
    }
    errors
}

pub(super) fn validate_ephemeral_containers(object: &Object, old: &Object) -> Vec<FieldError> {
    let path = Path::new("spec.ephemeralContainers");
    let (new, before) =
        (object.list_at(&["spec", "ephemeralContainers"]), old.list_at(&["spec", "ephemeralContainers"]));
    let mut errors = Vec::new();
    for container in before {
        if !new.contains(container) {
            let name = container.str_at(&["name"]).unwrap_or_default();
            let detail = format!("existing ephemeral containers {name:?} may not be removed or changed\n");
            errors.push(FieldError::forbidden(&path, detail));
        }
    }
    let taken: HashSet<&str> = ["containers", "initContainers"]
        .iter()
        .flat_map(|list| object.list_at(&["spec", list]))
        .filter_map(|container| container.str_at(&["name"]))
        .collect();
    let mut seen = HashSet::new();
    for (index, container) in new.iter().enumerate() {
        let at = path.index(index);
        let name = container.str_at(&["name"]).unwrap_or_default();
        let problems = names::dns1123_label(name);
        errors.extend(problems.iter().map(|problem| FieldError::invalid(&at.child("name"), name, problem)));
        if taken.contains(name) || !seen.insert(name) {
            errors.push(FieldError::duplicate(&at.child("name"), name));
        }
        if container.str_at(&["image"]).unwrap_or_default().is_empty() {
            errors.push(FieldError::required(&at.child("image"), ""));
        }
    }
    debug_assert!(same_at(object, old, &["spec", "containers"]));
    errors
}
