//! A pod's specification, and what of it may change.

use apimachinery::{
    Object, Value,
    field::{FieldError, Path},
};

use super::{
    Errors, Spot,
    containers::{self, Surroundings},
    placement, resources, security, volumes,
};

/// Upstream's limits of a pod's DNS configuration.
const NAMESERVERS_LIMIT: usize = 3;
const SEARCHES_LIMIT: usize = 32;
const SEARCHES_CHARACTERS_LIMIT: usize = 2048;

fn surroundings<'v>(spec: &Spot<'v>, errors: &mut Errors) -> Surroundings<'v> {
    Surroundings {
        volumes: volumes::volumes(spec, errors),
        claims: spec.get("resourceClaims").items().map(|claim| claim.get("name").text()).collect(),
        grace_seconds: spec.get("terminationGracePeriodSeconds").number(),
        host_network: spec.get("hostNetwork").flag(),
        host_users: spec.get("hostUsers").value().as_bool() != Some(false),
        restart_policy: spec.get("restartPolicy").text(),
    }
}

/// Everything wrong with a specification.
pub(crate) fn spec(spec: &Spot<'_>, errors: &mut Errors) {
    let around = surroundings(spec, errors);
    containers::containers(spec, &around, errors);
    containers::ephemeral(spec, &around, errors);
    if spec.get("terminationGracePeriodSeconds").number().is_none() {
        errors.push(spec.get("terminationGracePeriodSeconds").required(""));
    }
    spec.get("restartPolicy").choice(&["Always", "OnFailure", "Never"], errors);
    let dns = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    spec.get("dnsPolicy").choice(&dns, errors);
    spec.get("nodeSelector").labels(errors);
    security::pod(spec, errors);
    for secret in spec.get("imagePullSecrets").items() {
        if secret.get("name").text().is_empty() {
            errors.push(secret.get("name").required(""));
        }
    }
    placement::affinity(&spec.get("affinity"), errors);
    placement::tolerations(&spec.get("tolerations"), errors);
    placement::spread(&spec.get("topologySpreadConstraints"), errors);
    for gate in spec.get("readinessGates").items() {
        gate.get("conditionType").qualified_name(errors);
    }
    let mut gates = Vec::new();
    for gate in spec.get("schedulingGates").items() {
        gate.get("name").qualified_name(errors);
        if gates.contains(&gate.get("name").text()) {
            errors.push(FieldError::duplicate(gate.path(), gate.get("name").text()));
        }
        gates.push(gate.get("name").text());
    }
    names(spec, errors);
    host_aliases(spec, errors);
    dns_config(spec, errors);
    claims(spec, errors);
    host_users(spec, &around, errors);
    for (name, amount) in spec.get("overhead").entries() {
        resources::container_resource_name(name, &amount, errors);
        resources::quantity(name, &amount, errors);
    }
    spec.get("activeDeadlineSeconds").range(1, i64::from(i32::MAX), errors);
    if spec.get("preemptionPolicy").is_set() {
        spec.get("preemptionPolicy").choice(&["PreemptLowerPriority", "Never"], errors);
    }
    let os = spec.get("os");
    if os.is_set() {
        os.get("name").choice(&["linux", "windows"], errors);
    }
}

fn names(spec: &Spot<'_>, errors: &mut Errors) {
    for field in ["serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"] {
        let name = spec.get(field);
        if !name.text().is_empty() {
            name.dns_subdomain(errors);
        }
    }
    for field in ["hostname", "subdomain"] {
        let name = spec.get(field);
        if !name.text().is_empty() {
            name.dns_label(errors);
        }
    }
    let hostname = spec.get("hostnameOverride");
    if hostname.is_set() {
        if spec.get("setHostnameAsFQDN").flag() {
            errors.push(hostname.forbidden("may not be specified when setHostnameAsFQDN is true"));
        }
        if spec.get("hostNetwork").flag() {
            errors.push(hostname.forbidden("may not be specified when hostNetwork is true"));
        }
        if hostname.text().len() > 64 {
            errors.push(FieldError::too_long(hostname.path(), 64));
        }
        hostname.dns_subdomain(errors);
    }
    let scheduler = spec.get("schedulerName");
    if !scheduler.text().is_empty() {
        scheduler.qualified_name(errors);
    }
}

fn host_aliases(spec: &Spot<'_>, errors: &mut Errors) {
    for alias in spec.get("hostAliases").items() {
        alias.get("ip").address(errors);
        alias.get("hostnames").items().for_each(|name| name.dns_subdomain(errors));
    }
}

fn dns_config(spec: &Spot<'_>, errors: &mut Errors) {
    let config = spec.get("dnsConfig");
    let (servers, searches) = (config.get("nameservers"), config.get("searches"));
    if spec.get("dnsPolicy").text() == "None" {
        if !config.is_set() {
            errors.push(config.required("must provide `dnsConfig` when `dnsPolicy` is None"));
            return;
        }
        if servers.len() == 0 {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            errors.push(servers.required(detail));
            return;
        }
    }
    if servers.len() > NAMESERVERS_LIMIT {
        errors.push(servers.invalid(format!("must not have more than {NAMESERVERS_LIMIT} nameservers")));
    }
    servers.items().for_each(|server| server.address(errors));
    if searches.len() > SEARCHES_LIMIT {
        errors.push(searches.invalid(format!("must not have more than {SEARCHES_LIMIT} search paths")));
    }
    let characters: usize = searches.items().map(|search| search.text().len() + 1).sum();
    if characters.saturating_sub(1) > SEARCHES_CHARACTERS_LIMIT {
        let detail = format!(
            "must not have more than {SEARCHES_CHARACTERS_LIMIT} characters (including spaces) in the search list"
        );
        errors.push(searches.invalid(detail));
    }
    for search in searches.items() {
        let text = search.text().strip_suffix('.').unwrap_or(search.text());
        if !text.is_empty() {
            // Upstream lets labels hold underscores here.
            let problems = apimachinery::names::dns1123_subdomain(&text.replace('_', "-"));
            search.all(problems, errors);
        }
    }
    for option in config.get("options").items() {
        if option.get("name").text().is_empty() {
            errors.push(option.required("must not be empty"));
        }
    }
}

fn claims(spec: &Spot<'_>, errors: &mut Errors) {
    let mut seen = Vec::new();
    for claim in spec.get("resourceClaims").items() {
        let name = claim.get("name");
        if name.demand(errors) {
            name.dns_label(errors);
            if seen.contains(&name.text()) {
                errors.push(name.duplicate());
            }
        }
        seen.push(name.text());
        let (own, template) = (claim.get("resourceClaimName"), claim.get("resourceClaimTemplateName"));
        match (own.is_set(), template.is_set()) {
            (true, true) => errors.push(
                claim.invalid("at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"),
            ),
            (false, false) => {
                errors.push(claim.invalid("must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"));
            }
            (true, false) => own.dns_subdomain(errors),
            (false, true) => template.dns_subdomain(errors),
        }
    }
}

fn host_users(spec: &Spot<'_>, around: &Surroundings<'_>, errors: &mut Errors) {
    if around.host_users {
        return;
    }
    for (field, shown) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if spec.get(field).flag() {
            errors.push(FieldError::forbidden(&spec.path().child(shown), "when `hostUsers` is false"));
        }
    }
}

/// The specification of a template.
pub(crate) fn template(template: &Spot<'_>, errors: &mut Errors) {
    let metadata = template.get("metadata");
    metadata.get("labels").labels(errors);
    spec(&template.get("spec"), errors);
    let ephemeral = template.get("spec").get("ephemeralContainers");
    if ephemeral.len() > 0 {
        errors.push(ephemeral.forbidden("ephemeral containers not allowed in pod template"));
    }
}

/// A template that stands for itself.
pub(crate) fn pod_template(object: &Object) -> Errors {
    let mut errors = Errors::new();
    template(&Spot::of(object).get("template"), &mut errors);
    errors
}

/// A new pod.
pub(crate) fn new(pod: &Object) -> Errors {
    let mut errors = Errors::new();
    let root = Spot::of(pod);
    spec(&root.get("spec"), &mut errors);
    let ephemeral = root.get("spec").get("ephemeralContainers");
    if ephemeral.len() > 0 {
        errors.push(ephemeral.forbidden("cannot be set on create"));
    }
    let account = root.get("spec").get("serviceAccountName");
    let mirror = pod.annotation("kubernetes.io/config.mirror");
    if mirror.is_some() && root.get("spec").get("nodeName").text().is_empty() {
        let path = Path::new("metadata.annotations").key("kubernetes.io/config.mirror");
        let detail = "must set spec.nodeName if mirror pod annotation is set";
        errors.push(FieldError::invalid(&path, mirror.unwrap_or_default(), detail));
    }
    if account.text().is_empty() && mirror.is_none() {
        for volume in root.get("spec").get("volumes").items() {
            for source in volume.get("projected").get("sources").items() {
                if source.get("serviceAccountToken").is_set() {
                    let detail = "must not be specified when serviceAccountName is not set";
                    errors.push(source.get("serviceAccountToken").forbidden(detail));
                }
            }
        }
    }
    errors
}

/// The status of a pod: a container that ended stays so unless it is to be started again.
pub(crate) fn status_update(pod: &Object, old: &Object) -> Errors {
    let mut errors = Errors::new();
    let (root, before) = (Spot::of(pod), Spot::of(old));
    if root.get("spec").get("nodeName").text() != before.get("spec").get("nodeName").text() {
        errors.push(FieldError::forbidden(&Path::new("status.nodeName"), "may not be changed directly"));
    }
    let nominated = root.get("status").get("nominatedNodeName");
    if !nominated.text().is_empty() {
        nominated.dns_subdomain(&mut errors);
    }
    if root.get("spec").get("restartPolicy").text() != "Never" {
        return errors;
    }
    let statuses = root.get("status").get("containerStatuses");
    for own in before.get("status").get("containerStatuses").items() {
        let name = own.get("name").text();
        if !own.get("state").get("terminated").is_set() || has_rules(&root, name) {
            continue;
        }
        let new = statuses.items().find(|status| status.get("name").text() == name);
        if new.as_ref().is_some_and(|status| !status.get("state").get("terminated").is_set()) {
            let state = new.map(|status| status.get("state")).unwrap_or(own);
            errors.push(state.forbidden("may not be transitioned to non-terminated state"));
        }
    }
    errors
}

/// Whether a container says itself when it is started again.
fn has_rules(pod: &Spot<'_>, name: &str) -> bool {
    let mut containers = pod.get("spec").get("containers").items();
    let own = containers.find(|container| container.get("name").text() == name);
    own.is_some_and(|own| {
        own.get("restartPolicyRules").len() > 0 || !matches!(own.get("restartPolicy").text(), "" | "Never")
    })
}

/// Of a pod's specification only images, deadlines, tolerations (additions) and gates (removals) may change;
/// while it is gated, also where it may go, if that becomes narrower.
pub(crate) fn update(object: &Object, old: &Object) -> Errors {
    let mut errors = Errors::new();
    let mut allowed = object.at(&["spec"]).cloned().unwrap_or_default();
    let before = old.at(&["spec"]).cloned().unwrap_or_default();
    let root = Spot::of(object);
    for list in ["containers", "initContainers"] {
        let images: Vec<Option<Value>> =
            before.list_at(&[list]).iter().map(|container| container.at(&["image"]).cloned()).collect();
        let new = allowed.list_at(&[list]).len();
        if new != images.len() {
            let detail = "pod updates may not add or remove containers";
            errors.push(FieldError::forbidden(&Path::new(format!("spec.{list}")), detail));
            return errors;
        }
        for container in root.get("spec").get(list).items() {
            let image = container.get("image");
            if image.text().is_empty() {
                errors.push(image.required(""));
            } else if image.text() != image.text().trim() {
                errors.push(image.invalid("must not have leading or trailing whitespace"));
            }
        }
        if let Some(containers) = allowed.at_mut(&[list]).and_then(Value::as_list_mut) {
            for (container, image) in containers.iter_mut().zip(images) {
                match image {
                    Some(image) => container.set(&["image"], image),
                    None => drop(container.remove(&["image"])),
                }
            }
        }
    }
    deadline(&root, old, &mut errors);
    tolerations(object, &before, &mut errors);
    let gates_before = before.list_at(&["schedulingGates"]);
    let gates = root.get("spec").get("schedulingGates");
    for gate in gates.items().filter(|gate| !gates_before.contains(gate.value())) {
        let name = gate.get("name").text();
        let detail = format!("only deletion is allowed, but found new scheduling gate '{name}'");
        errors.push(gate.get("name").forbidden(detail));
    }
    let mut free = vec!["activeDeadlineSeconds", "tolerations", "schedulingGates"];
    let grace = |spec: &Value| spec.i64_at(&["terminationGracePeriodSeconds"]);
    if grace(&before).is_some_and(|seconds| seconds < 0) && grace(&allowed) == Some(1) {
        free.push("terminationGracePeriodSeconds");
    }
    if !gates_before.is_empty() {
        free.extend(["nodeSelector", "affinity"]);
        narrower(object, &before, &mut errors);
    }
    for field in free {
        match before.at(&[field]) {
            Some(value) => allowed.set(&[field], value.clone()),
            None => drop(allowed.remove(&[field])),
        }
    }
    if allowed != before {
        let detail = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        errors.push(FieldError::forbidden(&Path::new("spec"), detail));
    }
    errors
}

fn deadline(root: &Spot<'_>, old: &Object, errors: &mut Errors) {
    let new = root.get("spec").get("activeDeadlineSeconds");
    new.range(1, i64::from(i32::MAX), errors);
    match (new.number(), old.i64_at(&["spec", "activeDeadlineSeconds"])) {
        (Some(number), Some(before)) if number > before => {
            errors.push(new.invalid(format!("must be less than or equal to previous value {before}")));
        }
        (None, Some(_)) => {
            let detail = "must not update from a positive integer to nil value";
            errors.push(FieldError::invalid(new.path(), Value::Null, detail));
        }
        _ => {}
    }
}

fn tolerations(object: &Object, before: &Value, errors: &mut Errors) {
    let without_seconds = |toleration: &Value| {
        let mut toleration = toleration.clone();
        toleration.remove(&["tolerationSeconds"]);
        toleration
    };
    let new: Vec<Value> = object.list_at(&["spec", "tolerations"]).iter().map(without_seconds).collect();
    if before.list_at(&["tolerations"]).iter().any(|old| !new.contains(&without_seconds(old))) {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        errors.push(FieldError::forbidden(&Path::new("spec.tolerations"), detail));
    }
    placement::tolerations(&Spot::of(object).get("spec").get("tolerations"), errors);
}

fn narrower(object: &Object, before: &Value, errors: &mut Errors) {
    let new = object.map_at(&["spec", "nodeSelector"]);
    let kept = before
        .map_at(&["nodeSelector"])
        .is_none_or(|old| old.iter().all(|(key, value)| new.is_some_and(|new| new.get(key) == Some(value))));
    if !kept {
        let at = Spot::of(object).get("spec").get("nodeSelector");
        let detail = "only additions are allowed";
        errors.push(FieldError::invalid(at.path(), at.value().clone(), detail));
    }
}

/// Containers may only be added to a running pod.
pub(crate) fn ephemeral_update(object: &Object, old: &Object) -> Errors {
    let path = Path::new("spec.ephemeralContainers");
    let (new, before) =
        (object.list_at(&["spec", "ephemeralContainers"]), old.list_at(&["spec", "ephemeralContainers"]));
    let mut errors = Errors::new();
    for container in before.iter().filter(|container| !new.contains(container)) {
        let name = container.str_at(&["name"]).unwrap_or_default();
        let there = new.iter().any(|other| other.str_at(&["name"]) == Some(name));
        let verb = if there { "changed" } else { "removed" };
        let detail = format!("existing ephemeral containers {name:?} may not be {verb}\n");
        errors.push(FieldError::forbidden(&path, detail));
    }
    let root = Spot::of(object).get("spec");
    let around = surroundings(&root, &mut Errors::new());
    containers::ephemeral(&root, &around, &mut errors);
    errors
}

/// A change of a running pod's resources: of cpu and memory alone, on a node that can do it.
pub(crate) fn resize_update(object: &Object, old: &Object, same_quality: bool) -> Errors {
    let mut errors = Errors::new();
    let (root, before) = (Spot::of(object).get("spec"), Spot::of(old).get("spec"));
    if old.annotation("kubernetes.io/config.mirror").is_some() {
        errors.push(FieldError::forbidden(&Path::root(), "static pods cannot be resized"));
        return errors;
    }
    let around = surroundings(&root, &mut Errors::new());
    containers::containers(&root, &around, &mut errors);
    if !same_quality {
        let shown = old.str_at(&["status", "qosClass"]).unwrap_or_default();
        let detail = "Pod QOS Class may not change as a result of resizing";
        errors.push(FieldError::invalid(root.path(), shown, detail));
    }
    let mut statuses = Spot::of(old).get("status").get("containerStatuses").items();
    let running = statuses.find(|status| status.get("state").get("running").is_set());
    if running.is_some_and(|status| !status.get("resources").is_set()) {
        errors.push(root.forbidden("Pod running on node without support for resize"));
    }
    for list in ["initContainers", "containers"] {
        for (new, own) in root.get(list).items().zip(before.get(list).items()) {
            let (resources, had) = (new.get("resources"), own.get("resources"));
            for part in ["requests", "limits"] {
                if had.get(part).entries().any(|(name, _)| !resources.get(part).get(name).is_set()) {
                    errors.push(resources.get(part).forbidden(format!("resource {part} cannot be removed")));
                }
            }
            if !same_but_cpu_and_memory(&resources, &had) {
                errors.push(root.forbidden("only cpu and memory resources are mutable"));
            }
            let resizable = list == "containers" || new.get("restartPolicy").text() == "Always";
            if !resizable && resources.value() != had.value() {
                errors.push(new.forbidden("resources for non-sidecar init containers are immutable"));
            }
        }
    }
    errors
}

fn same_but_cpu_and_memory(new: &Spot<'_>, old: &Spot<'_>) -> bool {
    let others = |resources: &Spot<'_>| {
        let mut others = resources.value().clone();
        for part in ["requests", "limits"] {
            for name in ["cpu", "memory"] {
                others.remove(&[part, name]);
            }
            if others.at(&[part]).and_then(Value::as_map).is_some_and(|map| map.is_empty()) {
                others.remove(&[part]);
            }
        }
        others
    };
    super::same(&others(new), &others(old))
}
