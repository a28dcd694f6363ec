//! Containers of a pod: plain ones, those that run before them, and those that come later.

use apimachinery::field::FieldError;

use super::{Errors, Spot, environment, probes, resources, security, spot::port_name, volumes, volumes::Volumes};

const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];
const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

/// What containers are checked against.
pub(crate) struct Surroundings<'v> {
    pub(crate) volumes: Volumes<'v>,
    /// The names of the pod's resource claims.
    pub(crate) claims: Vec<&'v str>,
    pub(crate) grace_seconds: Option<i64>,
    pub(crate) host_network: bool,
    pub(crate) host_users: bool,
    pub(crate) restart_policy: &'v str,
}

fn ports(container: &Spot<'_>, host_network: bool, errors: &mut Errors) {
    let mut seen = Vec::new();
    for port in container.get("ports").items() {
        let name = port.get("name");
        if !name.text().is_empty() {
            let problems = port_name(name.text());
            if problems.is_empty() && seen.contains(&name.text()) {
                errors.push(name.duplicate());
            }
            name.all(problems, errors);
            seen.push(name.text());
        }
        let (own, host) = (port.get("containerPort"), port.get("hostPort"));
        match own.number().unwrap_or_default() {
            0 => errors.push(own.required("")),
            _ => own.port(errors),
        }
        if host.number().is_some_and(|number| number != 0) {
            host.port(errors);
            if host_network && host.number() != own.number() {
                errors.push(host.invalid("must match `containerPort` when `hostNetwork` is true"));
            }
        }
        port.get("protocol").choice(&PROTOCOLS, errors);
    }
}

fn common(container: &Spot<'_>, around: &Surroundings<'_>, errors: &mut Errors) {
    let (name, image) = (container.get("name"), container.get("image"));
    if name.demand(errors) {
        name.dns_label(errors);
    }
    if image.text() != image.text().trim() {
        errors.push(image.invalid("must not have leading or trailing whitespace"));
    }
    container.get("terminationMessagePolicy").choice(&["File", "FallbackToLogsOnError"], errors);
    ports(container, around.host_network, errors);
    environment::variables(container, errors);
    volumes::mounts(container, &around.volumes, errors);
    container.get("imagePullPolicy").choice(&PULL_POLICIES, errors);
    resources::requirements(&container.get("resources"), &around.claims, errors);
    resize_policy(container, around.restart_policy, errors);
    security::container(container, around.host_users, errors);
}

fn resize_policy(container: &Spot<'_>, restart_policy: &str, errors: &mut Errors) {
    let list = container.get("resizePolicy");
    let mut seen = Vec::new();
    for policy in list.items() {
        let (name, restart) = (policy.get("resourceName").text(), policy.get("restartPolicy").text());
        if seen.contains(&name) {
            errors.push(FieldError::duplicate(policy.path(), name));
        }
        seen.push(name);
        match name {
            "cpu" | "memory" => {}
            "" => errors.push(list.required("")),
            other => errors.push(FieldError::not_supported(list.path(), other, &["cpu", "memory"])),
        }
        match restart {
            "RestartContainer" if restart_policy == "Never" => {
                let detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
                errors.push(FieldError::invalid(list.path(), restart, detail));
            }
            "NotRequired" | "RestartContainer" => {}
            "" => errors.push(list.required("")),
            other => errors.push(FieldError::not_supported(list.path(), other, &["NotRequired", "RestartContainer"])),
        }
    }
}

fn duplicate<'v>(name: &Spot<'v>, seen: &mut Vec<&'v str>, errors: &mut Errors) {
    if !name.text().is_empty() && seen.contains(&name.text()) {
        errors.push(name.duplicate());
    }
    seen.push(name.text());
}

/// The containers of a pod, and those that run before them.
pub(crate) fn containers<'v>(spec: &Spot<'v>, around: &Surroundings<'v>, errors: &mut Errors) {
    let list = spec.get("containers");
    if list.len() == 0 {
        errors.push(list.required(""));
    }
    let mut seen = Vec::new();
    for container in list.items() {
        common(&container, around, errors);
        if container.get("image").text().is_empty() {
            errors.push(container.get("image").required(""));
        }
        duplicate(&container.get("name"), &mut seen, errors);
        probes::lifecycle(&container, around.grace_seconds, errors);
        probes::probes(&container, around.grace_seconds, errors);
        container.get("restartPolicy").optional_choice(&["Always", "OnFailure", "Never"], errors);
        restart_rules(&container, errors);
    }
    for container in spec.get("initContainers").items() {
        common(&container, around, errors);
        if container.get("image").text().is_empty() {
            errors.push(container.get("image").required(""));
        }
        duplicate(&container.get("name"), &mut seen, errors);
        let restart = container.get("restartPolicy");
        restart.optional_choice(&["Always", "OnFailure", "Never"], errors);
        if restart.text() == "Always" {
            probes::lifecycle(&container, around.grace_seconds, errors);
            probes::probes(&container, around.grace_seconds, errors);
            if container.get("restartPolicyRules").len() > 0 {
                let detail = "restartPolicyRules are not allowed for init containers with restart policy Always";
                errors.push(container.get("restartPolicyRules").forbidden(detail));
            }
            continue;
        }
        restart_rules(&container, errors);
        for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
            let part = container.get(field);
            if part.is_set() {
                errors.push(part.forbidden("may not be set for init containers without restartPolicy=Always"));
            }
        }
        host_ports(spec, errors);
    }
    if spec.get("initContainers").len() == 0 {
        host_ports(spec, errors);
    }
}

fn restart_rules(container: &Spot<'_>, errors: &mut Errors) {
    const RULES_LIMIT: usize = 20;
    const VALUES_LIMIT: usize = 255;
    let rules = container.get("restartPolicyRules");
    if rules.len() > 0 && container.get("restartPolicy").text().is_empty() {
        let detail = "must specify restartPolicy when restart rules are used";
        errors.push(container.get("restartPolicy").required(detail));
    }
    if rules.len() > RULES_LIMIT {
        errors.push(FieldError::too_many(rules.path(), rules.len(), RULES_LIMIT));
    }
    for rule in rules.items() {
        rule.get("action").choice(&["Restart", "RestartAllContainers"], errors);
        let codes = rule.get("exitCodes");
        if !codes.is_set() {
            errors.push(codes.required("must be specified"));
            continue;
        }
        codes.get("operator").choice(&["In", "NotIn"], errors);
        if codes.get("values").len() > VALUES_LIMIT {
            errors.push(FieldError::too_many(codes.get("values").path(), codes.get("values").len(), VALUES_LIMIT));
        }
    }
}

/// No two containers may have the same port of the node.
fn host_ports(spec: &Spot<'_>, errors: &mut Errors) {
    let mut seen: Vec<String> = Vec::new();
    for container in spec.get("containers").items() {
        for port in container.get("ports").items() {
            let host = port.get("hostPort");
            let Some(number) = host.number().filter(|number| *number != 0) else { continue };
            let own = format!("{}/{}/{number}", port.get("protocol").text(), port.get("hostIP").text());
            if seen.contains(&own) && !errors.iter().any(|error| error.field == host.path().to_string()) {
                errors.push(FieldError::duplicate(host.path(), own.as_str()));
            }
            seen.push(own);
        }
    }
}

/// The containers that were put into a running pod.
pub(crate) fn ephemeral<'v>(spec: &Spot<'v>, around: &Surroundings<'v>, errors: &mut Errors) {
    let others = ["containers", "initContainers"].map(|list| spec.get(list));
    let mut seen: Vec<&str> =
        others.iter().flat_map(|list| list.items()).map(|container| container.get("name").text()).collect();
    let targets: Vec<&str> = seen.clone();
    for container in spec.get("ephemeralContainers").items() {
        common(&container, around, errors);
        if container.get("image").text().is_empty() {
            errors.push(container.get("image").required(""));
        }
        duplicate(&container.get("name"), &mut seen, errors);
        let target = container.get("targetContainerName");
        if !target.text().is_empty() && !targets.contains(&target.text()) {
            errors.push(target.not_found());
        }
        for field in
            ["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resources", "resizePolicy"]
        {
            let part = container.get(field);
            if part.is_set() && part.len() > 0 {
                errors.push(part.forbidden("cannot be set for an Ephemeral Container"));
            }
        }
        for mount in container.get("volumeMounts").items() {
            for field in ["subPath", "subPathExpr"] {
                if !mount.get(field).text().is_empty() {
                    errors.push(mount.get(field).forbidden("cannot be set for an Ephemeral Container"));
                }
            }
        }
    }
}
