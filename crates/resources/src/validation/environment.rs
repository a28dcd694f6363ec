//! Environment variables of containers, and references to fields.

use apimachinery::{field::FieldError, names};

use super::{Errors, Spot};

/// The fields of a pod that a variable may hold.
const VARIABLE_FIELDS: [&str; 8] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
];
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
];

fn variable_name(name: &Spot<'_>, errors: &mut Errors) {
    let text = name.text();
    if text.is_empty() {
        errors.push(name.required(""));
    } else if text.contains('=') || !text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        errors.push(name.invalid(
            "a valid environment variable name must consist only of printable ASCII characters other than '='",
        ));
    }
}

/// The variables of a container.
pub(crate) fn variables(container: &Spot<'_>, errors: &mut Errors) {
    for variable in container.get("env").items() {
        variable_name(&variable.get("name"), errors);
        let from = variable.get("valueFrom");
        if from.is_set() {
            value_from(&from, !variable.get("value").text().is_empty(), errors);
        }
    }
    for from in container.get("envFrom").items() {
        let prefix = from.get("prefix");
        if !prefix.text().is_empty() {
            variable_name(&prefix, errors);
        }
        let sources = ["configMapRef", "secretRef"].map(|name| from.get(name));
        let set: Vec<_> = sources.iter().filter(|source| source.is_set()).collect();
        for source in &set {
            let name = source.get("name");
            if name.demand(errors) {
                name.dns_subdomain(errors);
            }
        }
        let whole = container.get("envFrom");
        match set.len() {
            0 => {
                errors.push(FieldError::invalid(whole.path(), "", "must specify one of: `configMapRef` or `secretRef`"))
            }
            1 => {}
            _ => errors.push(FieldError::invalid(
                whole.path(),
                "",
                "may not have more than one field specified at a time",
            )),
        }
    }
}

fn value_from(from: &Spot<'_>, has_value: bool, errors: &mut Errors) {
    let mut count = 0;
    let sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];
    for (name, source) in sources.iter().map(|name| (*name, from.get(name))).filter(|(_, source)| source.is_set()) {
        count += 1;
        match name {
            "fieldRef" => field_reference(&source, &VARIABLE_FIELDS, &["status.podIPs"], errors),
            "resourceFieldRef" => resource_reference(&source, false, errors),
            "fileKeyRef" => {
                source.get("volumeName").demand(errors);
                if source.get("path").demand(errors) {
                    source.get("path").descending_path(errors);
                }
                variable_name(&source.get("key"), errors);
            }
            _ => {
                let key = source.get("key");
                if key.demand(errors) {
                    key.config_map_key(errors);
                }
                source.get("name").dns_subdomain(errors);
            }
        }
    }
    let problem = match count {
        0 => "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        _ if has_value => "may not be specified when `value` is not empty",
        1 => return,
        _ => "may not have more than one field specified at a time",
    };
    errors.push(FieldError::invalid(from.path(), "", problem));
}

/// A reference to a field of the pod: one of `fields` or `more`, or an entry of its labels or annotations.
pub(crate) fn field_reference(reference: &Spot<'_>, fields: &[&str], more: &[&str], errors: &mut Errors) {
    reference.get("apiVersion").demand(errors);
    let path = reference.get("fieldPath");
    if !path.demand(errors) {
        return;
    }
    let text = path.text();
    let subscript = text.strip_suffix(']').and_then(|text| text.split_once("['"));
    if let Some((map, key)) = subscript {
        let key = key.trim_end_matches('\'');
        match map {
            "metadata.annotations" => {
                let problems = names::qualified_name(&key.to_lowercase());
                errors.extend(problems.iter().map(|problem| FieldError::invalid(reference.path(), key, problem)));
            }
            "metadata.labels" => {
                let problems = names::qualified_name(key);
                errors.extend(problems.iter().map(|problem| FieldError::invalid(reference.path(), key, problem)));
            }
            _ => errors.push(FieldError::invalid(reference.path(), map, "does not support subscript")),
        }
        return;
    }
    if !fields.contains(&text) && !more.contains(&text) {
        let known: Vec<&str> = fields.iter().chain(more).copied().collect();
        errors.push(FieldError::not_supported(path.path(), text, &known));
    }
}

/// A reference to what a container asks for; volumes must name the container.
pub(crate) fn resource_reference(reference: &Spot<'_>, in_volume: bool, errors: &mut Errors) {
    if in_volume && reference.get("containerName").text().is_empty() {
        errors.push(reference.get("containerName").required(""));
        return;
    }
    let resource = reference.get("resource");
    if !resource.demand(errors) {
        return;
    }
    let text = resource.text();
    if !RESOURCES.contains(&text) && !text.starts_with("limits.hugepages-") && !text.starts_with("requests.hugepages-")
    {
        errors.push(FieldError::not_supported(resource.path(), text, &RESOURCES));
        return;
    }
    let divisor = reference.get("divisor").text();
    if matches!(divisor, "" | "0" | "1") {
        return;
    }
    let sizes = ["1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let (fits, detail) = match text.split_once('.').map_or("", |(_, name)| name) {
        "cpu" => (divisor == "1m", "only divisor's values 1m and 1 are supported with the cpu resource".to_owned()),
        name => {
            let shown = match name {
                "ephemeral-storage" => "local ephemeral storage",
                "memory" => "memory",
                _ => "hugepages",
            };
            let detail =
                format!("only divisor's values 1, {} are supported with the {shown} resource", sizes.join(", "));
            (sizes.contains(&divisor), detail)
        }
    };
    if !fits {
        errors.push(FieldError::invalid(reference.get("divisor").path(), text, detail));
    }
}
