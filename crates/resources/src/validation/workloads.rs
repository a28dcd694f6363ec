//! Deployments, replica sets, replication controllers, daemon sets and stateful sets.

use apimachinery::{Object, Value, field::FieldError};

use super::{
    Errors, Spot, pod,
    selectors::{label_selector, selects_template},
    storage,
};

fn spec_of(object: &Object) -> Spot<'_> {
    Spot::of(object).get("spec")
}

/// Selector, template and counts that every workload has.
fn common(spec: &Spot<'_>, kind: &str, errors: &mut Errors) {
    spec.get("replicas").non_negative(errors);
    spec.get("minReadySeconds").non_negative(errors);
    spec.get("revisionHistoryLimit").non_negative(errors);
    selects_template(spec, kind, errors);
    let template = spec.get("template");
    pod::template(&template, errors);
    always_restarts(&template, kind, errors);
}

fn always_restarts(template: &Spot<'_>, kind: &str, errors: &mut Errors) {
    let shown = match kind {
        "daemonset" => "DaemonSet",
        "statefulset" => "StatefulSet",
        "replicationcontroller" => "ReplicationController",
        "deployment" => "Deployment",
        _ => "ReplicaSet",
    };
    let policy = template.get("spec").get("restartPolicy");
    if !policy.text().is_empty() && policy.text() != "Always" {
        errors.push(FieldError::not_supported(policy.path(), policy.text(), &["Always"]));
    }
    let deadline = template.get("spec").get("activeDeadlineSeconds");
    if deadline.is_set() {
        errors.push(deadline.forbidden(format!("activeDeadlineSeconds in {shown} is not Supported")));
    }
}

fn is_zero(value: &Spot<'_>) -> bool {
    value.number() == Some(0) || value.text() == "0%"
}

/// A deployment.
pub(crate) fn deployment(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let spec = spec_of(object);
    common(&spec, "deployment", &mut errors);
    let strategy = spec.get("strategy");
    let rolling = strategy.get("rollingUpdate");
    match strategy.get("type").text() {
        "Recreate" if rolling.is_set() => {
            errors.push(rolling.forbidden("may not be specified when strategy `type` is 'Recreate'"));
        }
        "Recreate" => {}
        "RollingUpdate" if !rolling.is_set() => {
            errors.push(rolling.required("this should be defaulted and never be nil"));
        }
        "RollingUpdate" => {
            let (unavailable, surge) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
            unavailable.count_or_percent(&mut errors);
            surge.count_or_percent(&mut errors);
            if is_zero(&unavailable) && is_zero(&surge) {
                errors.push(unavailable.invalid("may not be 0 when `maxSurge` is 0"));
            }
            unavailable.not_above_all(&mut errors);
        }
        _ => errors.push(FieldError::not_supported(
            strategy.path(),
            strategy.value().clone(),
            &["Recreate", "RollingUpdate"],
        )),
    }
    let deadline = spec.get("progressDeadlineSeconds");
    deadline.non_negative(&mut errors);
    if let Some(seconds) = deadline.number()
        && seconds <= spec.get("minReadySeconds").number().unwrap_or_default()
    {
        errors.push(deadline.invalid("must be greater than minReadySeconds"));
    }
    errors
}

/// A replica set.
pub(crate) fn replica_set(object: &Object) -> Errors {
    let mut errors = Errors::new();
    common(&spec_of(object), "replicaset", &mut errors);
    errors
}

/// A replication controller, whose selector is a plain map.
pub(crate) fn replication_controller(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let spec = spec_of(object);
    spec.get("replicas").non_negative(&mut errors);
    spec.get("minReadySeconds").non_negative(&mut errors);
    let (selector, template) = (spec.get("selector"), spec.get("template"));
    if selector.len() == 0 {
        errors.push(selector.required(""));
    }
    if !template.is_set() {
        errors.push(template.required(""));
        return errors;
    }
    let labels = template.get("metadata").get("labels");
    let own = labels.value().as_map().cloned().unwrap_or_default();
    if selector.len() > 0 && selector.entries().any(|(key, value)| own.get(key) != Some(value.value())) {
        let detail = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid(labels.path(), own, detail));
    }
    pod::template(&template, &mut errors);
    always_restarts(&template, "replicationcontroller", &mut errors);
    errors
}

/// A daemon set.
pub(crate) fn daemon_set(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let spec = spec_of(object);
    common(&spec, "daemonset", &mut errors);
    let strategy = spec.get("updateStrategy");
    match strategy.get("type").text() {
        "OnDelete" => {}
        "RollingUpdate" => {
            let rolling = strategy.get("rollingUpdate");
            if !rolling.is_set() {
                errors.push(rolling.required(""));
                return errors;
            }
            let (unavailable, surge) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
            unavailable.count_or_percent(&mut errors);
            surge.count_or_percent(&mut errors);
            unavailable.not_above_all(&mut errors);
            surge.not_above_all(&mut errors);
            let none = |value: &Spot<'_>| !value.is_set() || is_zero(value);
            match (none(&unavailable), none(&surge)) {
                (false, false) => {
                    errors.push(surge.invalid("may not be set when maxUnavailable is non-zero"));
                }
                (true, true) => errors.push(unavailable.required("cannot be 0 when maxSurge is 0")),
                _ => {}
            }
        }
        _ => errors.push(FieldError::not_supported(
            strategy.path(),
            strategy.value().clone(),
            &["RollingUpdate", "OnDelete"],
        )),
    }
    errors
}

/// A stateful set.
pub(crate) fn stateful_set(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let spec = spec_of(object);
    let management = spec.get("podManagementPolicy");
    match management.text() {
        "" => errors.push(management.required("")),
        "OrderedReady" | "Parallel" => {}
        _ => errors.push(management.invalid("must be 'OrderedReady' or 'Parallel'")),
    }
    let strategy = spec.get("updateStrategy");
    let rolling = strategy.get("rollingUpdate");
    match strategy.get("type").text() {
        "" => errors.push(strategy.required("")),
        "OnDelete" if rolling.is_set() => {
            let detail = "only allowed for updateStrategy 'RollingUpdate'";
            errors.push(rolling.invalid(detail));
        }
        "OnDelete" => {}
        "RollingUpdate" => {
            rolling.get("partition").non_negative(&mut errors);
            let unavailable = rolling.get("maxUnavailable");
            unavailable.count_or_percent(&mut errors);
            if is_zero(&unavailable) {
                errors.push(unavailable.invalid("cannot be 0"));
            }
            unavailable.not_above_all(&mut errors);
        }
        _ => errors.push(strategy.invalid("must be 'RollingUpdate' or 'OnDelete'")),
    }
    let retention = spec.get("persistentVolumeClaimRetentionPolicy");
    if retention.is_set() {
        for field in ["whenDeleted", "whenScaled"] {
            let policy = retention.get(field);
            if !["Retain", "Delete"].contains(&policy.text()) {
                errors.push(FieldError::not_supported(policy.path(), policy.text(), &["Retain", "Delete"]));
            }
        }
    }
    spec.get("ordinals").get("start").non_negative(&mut errors);
    for claim in spec.get("volumeClaimTemplates").items() {
        storage::claim_spec(&claim.get("spec"), &mut errors);
    }
    // Mounts may name claims, which become volumes of each pod.
    let with_claims = with_claims_as_volumes(object);
    common(&spec_of(&with_claims), "statefulset", &mut errors);
    let name = spec.get("serviceName");
    if !name.text().is_empty() {
        name.dns_subdomain(&mut errors);
    }
    errors
}

fn with_claims_as_volumes(object: &Object) -> Object {
    let mut object = object.clone();
    let claims: Vec<Value> = object
        .list_at(&["spec", "volumeClaimTemplates"])
        .iter()
        .filter_map(|claim| claim.str_at(&["metadata", "name"]))
        .map(|name| apimachinery::value!({"name": name, "persistentVolumeClaim": {"claimName": name}}))
        .collect();
    if claims.is_empty() || object.at(&["spec", "template", "spec"]).is_none() {
        return object;
    }
    let taken = |name: Option<&str>| claims.iter().any(|claim| claim.str_at(&["name"]) == name);
    let mut volumes: Vec<Value> = object.list_at(&["spec", "template", "spec", "volumes"]).to_vec();
    // A claim goes before a volume of the same name, as its controller has it.
    volumes.retain(|volume| !taken(volume.str_at(&["name"])));
    volumes.extend(claims);
    object.set(&["spec", "template", "spec", "volumes"], volumes);
    object
}

/// The selector is final.
fn selector_update(object: &Object, old: &Object) -> Errors {
    let mut errors = Errors::new();
    spec_of(object).get("selector").immutable(&spec_of(old).get("selector"), &mut errors);
    errors
}

/// A change of a stateful set.
pub(crate) fn stateful_set_update(object: &Object, old: &Object) -> Errors {
    const FREE: [&str; 8] = [
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
        "status",
    ];
    let of = |object: &Object| -> Vec<(String, Value)> {
        let fields = object.spec().iter().filter(|(key, _)| !FREE.contains(&key.as_str()));
        fields.map(|(key, value)| (key.to_string(), value.clone())).collect()
    };
    let mut errors = stateful_set(object);
    if of(object) != of(old) {
        let detail = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
        errors.push(spec_of(object).forbidden(detail));
    }
    errors
}

/// The counts in a workload's status.
pub(crate) fn status(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let status = Spot::of(object).get("status");
    let replicas = status.get("replicas").number();
    for (name, value) in status.entries().filter(|(_, value)| value.number().is_some()) {
        let value = Spot::at(Some(value.value()), status.get(name).path());
        value.non_negative(&mut errors);
        let of_pods = matches!(
            name,
            "readyReplicas" | "availableReplicas" | "updatedReplicas" | "fullyLabeledReplicas" | "currentReplicas"
        );
        if of_pods && replicas.is_some_and(|all| value.number().is_some_and(|some| some > all)) {
            errors.push(value.invalid("cannot be greater than status.replicas"));
        }
    }
    let (available, ready) = (status.get("availableReplicas"), status.get("readyReplicas"));
    if available.number().unwrap_or_default() > ready.number().unwrap_or_default() {
        errors.push(available.invalid("cannot be greater than readyReplicas"));
    }
    errors
}

/// A disruption budget.
pub(crate) fn disruption_budget(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let spec = spec_of(object);
    let (available, unavailable) = (spec.get("minAvailable"), spec.get("maxUnavailable"));
    if available.is_set() && unavailable.is_set() {
        errors.push(spec.invalid("minAvailable and maxUnavailable cannot be both set"));
    }
    for share in [&available, &unavailable] {
        share.count_or_percent(&mut errors);
        share.not_above_all(&mut errors);
    }
    label_selector(&spec.get("selector"), &mut errors);
    spec.get("unhealthyPodEvictionPolicy").optional_choice(&["AlwaysAllow", "IfHealthyBudget"], &mut errors);
    errors
}

/// A controller revision.
pub(crate) fn controller_revision(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let root = Spot::of(object);
    let data = root.get("data");
    if !data.is_set() {
        errors.push(data.required("data is mandatory"));
    } else if data.value().as_map().is_none() {
        errors.push(data.required("data must be a valid JSON object"));
    }
    root.get("revision").non_negative(&mut errors);
    errors
}

/// A change of a controller revision: its data is final.
pub(crate) fn controller_revision_update(object: &Object, old: &Object) -> Errors {
    let mut errors = controller_revision(object);
    Spot::of(object).get("data").immutable(&Spot::of(old).get("data"), &mut errors);
    errors
}

/// A change of a deployment.
pub(crate) fn deployment_update(object: &Object, old: &Object) -> Errors {
    let mut errors = deployment(object);
    errors.extend(selector_update(object, old));
    errors
}

/// A change of a replica set.
pub(crate) fn replica_set_update(object: &Object, old: &Object) -> Errors {
    let mut errors = replica_set(object);
    errors.extend(selector_update(object, old));
    errors
}

/// A change of a daemon set.
pub(crate) fn daemon_set_update(object: &Object, old: &Object) -> Errors {
    let mut errors = daemon_set(object);
    errors.extend(selector_update(object, old));
    errors
}
