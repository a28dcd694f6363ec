//! What a service may say.

use apimachinery::{
    Object,
    field::{FieldError, Path},
    names,
};

use super::service_type;
use crate::install::text_at;

/// Everything wrong with a service.
pub(super) fn validate(service: &Object) -> Vec<FieldError> {
    let spec = Path::new("spec");
    let mut errors = Vec::new();
    let kind = service_type(service);
    if !matches!(kind, "ClusterIP" | "ExternalName" | "LoadBalancer" | "NodePort") {
        let choices = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
        errors.push(FieldError::not_supported(&spec.child("type"), kind, &choices));
    }
    let ports = service.list_at(&["spec", "ports"]);
    let headless = text_at(service, &["spec", "clusterIP"]) == "None";
    if kind == "ExternalName" {
        let name = text_at(service, &["spec", "externalName"]);
        let problems = names::dns1123_subdomain(name.trim_end_matches('.'));
        let at = spec.child("externalName");
        errors.extend(problems.iter().map(|problem| FieldError::invalid(&at, name, problem)));
        return errors;
    }
    if ports.is_empty() && !headless {
        errors.push(FieldError::required(&spec.child("ports"), ""));
    }
    let mut seen = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let at = spec.child("ports").index(index);
        let number = port.i64_at(&["port"]).unwrap_or_default();
        if !(1..=65535).contains(&number) {
            errors.push(FieldError::invalid(&at.child("port"), number, "must be between 1 and 65535, inclusive"));
        }
        let name = port.str_at(&["name"]).unwrap_or_default();
        if name.is_empty() && ports.len() > 1 {
            errors.push(FieldError::required(&at.child("name"), ""));
        } else if !name.is_empty() {
            let problems = names::dns1123_label(name);
            errors.extend(problems.iter().map(|problem| FieldError::invalid(&at.child("name"), name, problem)));
            if seen.contains(&name) {
                errors.push(FieldError::duplicate(&at.child("name"), name));
            }
            seen.push(name);
        }
        let protocol = port.str_at(&["protocol"]).unwrap_or_default();
        if !matches!(protocol, "TCP" | "UDP" | "SCTP") {
            errors.push(FieldError::not_supported(&at.child("protocol"), protocol, &["SCTP", "TCP", "UDP"]));
        }
        let node_port = port.i64_at(&["nodePort"]).unwrap_or_default();
        if node_port != 0 && kind == "ClusterIP" {
            let detail = "may not be used when `type` is 'ClusterIP'";
            errors.push(FieldError::forbidden(&at.child("nodePort"), detail));
        }
    }
    if let Some(selector) = service.map_at(&["spec", "selector"]) {
        apiserver::handlers::metadata::validate_labels(selector, &spec.child("selector"), &mut errors);
    }
    errors
}
