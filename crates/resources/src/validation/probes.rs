//! Probes and lifecycle hooks.

use apimachinery::field::FieldError;

use super::{Errors, Spot};

const HANDLERS: [&str; 5] = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];

fn handler(handler: &Spot<'_>, grace_seconds: Option<i64>, errors: &mut Errors) {
    let mut seen = false;
    for name in HANDLERS {
        let one = handler.get(name);
        if !one.is_set() {
            continue;
        }
        if seen {
            errors.push(one.forbidden("may not specify more than 1 handler type"));
            continue;
        }
        seen = true;
        match name {
            "exec" => {
                one.get("command").demand(errors);
            }
            "httpGet" => http_get(&one, errors),
            "tcpSocket" => one.get("port").port_or_name(errors),
            "grpc" => match one.get("port") {
                port if port.is_set() => port.port(errors),
                port => errors.push(FieldError::invalid(port.path(), 0, "must be between 1 and 65535, inclusive")),
            },
            _ => {
                let (seconds, most) = (one.get("seconds").number().unwrap_or_default(), grace_seconds.unwrap_or(30));
                if !(0..=most).contains(&seconds) {
                    let detail = format!(
                        "must be non-negative and less than terminationGracePeriodSeconds ({most}). Additionally, if the value is zero, the PodLifecycleSleepActionAllowZero feature gate must be enabled"
                    );
                    errors.push(FieldError::invalid(one.path(), seconds, detail));
                }
            }
        }
    }
    if !seen {
        errors.push(handler.required("must specify a handler type"));
    }
}

fn http_get(action: &Spot<'_>, errors: &mut Errors) {
    if action.get("path").text().is_empty() {
        errors.push(action.get("path").required(""));
    }
    action.get("port").port_or_name(errors);
    action.get("scheme").choice(&["HTTP", "HTTPS"], errors);
    for header in action.get("httpHeaders").items() {
        let name = header.get("name").text();
        let token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if name.is_empty() || !name.bytes().all(token) {
            let detail = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
            errors.push(FieldError::invalid(action.get("httpHeaders").path(), name, detail));
        }
    }
}

fn probe(probe: &Spot<'_>, grace_seconds: Option<i64>, errors: &mut Errors) {
    if !probe.is_set() {
        return;
    }
    handler(probe, grace_seconds, errors);
    for field in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        probe.get(field).non_negative(errors);
    }
    let grace = probe.get("terminationGracePeriodSeconds");
    if grace.number().is_some_and(|seconds| seconds <= 0) {
        errors.push(grace.invalid("must be greater than 0"));
    }
}

/// The three probes of a container.
pub(crate) fn probes(container: &Spot<'_>, grace_seconds: Option<i64>, errors: &mut Errors) {
    probe(&container.get("livenessProbe"), grace_seconds, errors);
    let readiness = container.get("readinessProbe");
    probe(&readiness, grace_seconds, errors);
    let own_grace = readiness.get("terminationGracePeriodSeconds");
    if own_grace.is_set() {
        errors.push(own_grace.invalid("must not be set for readinessProbes"));
    }
    probe(&container.get("startupProbe"), grace_seconds, errors);
    for name in ["livenessProbe", "startupProbe"] {
        let threshold = container.get(name).get("successThreshold");
        if container.get(name).is_set() && threshold.number().is_some_and(|count| count != 1) {
            errors.push(threshold.invalid("must be 1"));
        }
    }
}

/// The hooks of a container.
pub(crate) fn lifecycle(container: &Spot<'_>, grace_seconds: Option<i64>, errors: &mut Errors) {
    for name in ["postStart", "preStop"] {
        let hook = container.get("lifecycle").get(name);
        if hook.is_set() {
            handler(&hook, grace_seconds, errors);
        }
    }
}
