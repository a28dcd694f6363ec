//! Resource quotas and limit ranges.

use apimachinery::{Object, field::FieldError, names, quantity::Quantity};

use super::{Errors, Spot, resources};

const QUOTA_RESOURCES: [&str; 19] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
];
const SCOPES: [&str; 7] = [
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "VolumeAttributesClass",
    "CrossNamespacePodAffinity",
];
const CONFLICTS: [(&str, &str); 2] = [("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")];

fn quota_name(name: &str, at: &Spot<'_>, errors: &mut Errors) {
    let problems = names::qualified_name(name);
    errors.extend(problems.iter().map(|problem| FieldError::invalid(at.path(), name, problem)));
    let known =
        QUOTA_RESOURCES.contains(&name) || name.starts_with("hugepages-") || name.starts_with("requests.hugepages-");
    if problems.is_empty() && !name.contains('/') && !known {
        errors.push(FieldError::invalid(at.path(), name, "must be a standard resource for quota"));
    }
}

fn amounts(list: &Spot<'_>, errors: &mut Errors) {
    const COUNTED: [&str; 9] = [
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "persistentvolumeclaims",
        "configmaps",
        "services.nodeports",
        "services.loadbalancers",
    ];
    for (name, amount) in list.entries() {
        quota_name(name, &amount, errors);
        let Some(quantity) = amount.quantity() else { continue };
        if quantity.is_negative() {
            errors.push(amount.invalid("must be greater than or equal to 0"));
        }
        if COUNTED.contains(&name) && quantity.milli_value() % 1000 != 0 {
            errors.push(amount.invalid("must be an integer"));
        }
    }
}

/// A resource quota.
pub(crate) fn resource_quota(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let spec = Spot::of(object).get("spec");
    amounts(&spec.get("hard"), &mut errors);
    let scopes = spec.get("scopes");
    let mut own: Vec<&str> = Vec::new();
    for scope in scopes.items() {
        if !SCOPES.contains(&scope.text()) {
            errors.push(scopes.invalid("unsupported scope"));
        }
        own.push(scope.text());
    }
    if CONFLICTS.iter().any(|(one, other)| own.contains(one) && own.contains(other)) {
        errors.push(scopes.invalid("conflicting scopes"));
    }
    for requirement in spec.get("scopeSelector").get("matchExpressions").items() {
        let (scope, operator, values) =
            (requirement.get("scopeName"), requirement.get("operator"), requirement.get("values"));
        if !SCOPES.contains(&scope.text()) {
            errors.push(scope.invalid("unsupported scope"));
        }
        let exists_only = !matches!(scope.text(), "PriorityClass" | "VolumeAttributesClass");
        if exists_only && SCOPES.contains(&scope.text()) && operator.text() != "Exists" {
            let detail = "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
            errors.push(operator.invalid(detail));
        }
        match operator.text() {
            "In" | "NotIn" if values.len() == 0 => errors.push(
                values.required("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"),
            ),
            "Exists" | "DoesNotExist" if values.len() > 0 => {
                let detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
                errors.push(values.invalid(detail));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            _ => errors.push(operator.invalid("not a valid selector operator")),
        }
    }
    errors
}

/// A change of a resource quota: its scopes are final.
pub(crate) fn resource_quota_update(object: &Object, old: &Object) -> Errors {
    let mut errors = resource_quota(object);
    let sorted = |object: &Object| {
        let scopes = object.list_at(&["spec", "scopes"]).iter().filter_map(|scope| scope.as_str());
        let mut scopes: Vec<String> = scopes.map(str::to_owned).collect();
        scopes.sort();
        scopes
    };
    if sorted(object) != sorted(old) {
        let scopes = Spot::of(object).get("spec").get("scopes");
        errors.push(FieldError::invalid(scopes.path(), scopes.value().clone(), super::IMMUTABLE));
    }
    errors
}

/// A limit range.
pub(crate) fn limit_range(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let mut seen = Vec::new();
    for limit in Spot::of(object).get("spec").get("limits").items() {
        let kind = limit.get("type");
        kind.qualified_name(&mut errors);
        if !kind.text().contains('/') && !["Pod", "Container", "PersistentVolumeClaim"].contains(&kind.text()) {
            errors.push(kind.invalid("must be a standard limit type or fully qualified"));
        }
        if seen.contains(&kind.text()) {
            errors.push(kind.duplicate());
        }
        seen.push(kind.text());
        if kind.text() == "Pod" {
            for field in ["default", "defaultRequest"] {
                if limit.get(field).len() > 0 {
                    errors.push(limit.get(field).forbidden("may not be specified when `type` is 'Pod'"));
                }
            }
        }
        if kind.text() == "PersistentVolumeClaim"
            && !limit.get("min").get("storage").is_set()
            && !limit.get("max").get("storage").is_set()
        {
            let detail = "either minimum or maximum storage value is required, but neither was provided";
            errors.push(limit.get("limits").required(detail));
        }
        item(&limit, &mut errors);
    }
    errors
}

fn item(limit: &Spot<'_>, errors: &mut Errors) {
    let lists = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];
    let mut names: Vec<&str> = lists.iter().flat_map(|list| limit.get(list).entries()).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let kind = limit.get("type").text();
        if matches!(kind, "Pod" | "Container") {
            for list in lists {
                if let Some((_, value)) = limit.get(list).entries().find(|(own, _)| *own == name) {
                    resources::container_resource_name(name, &value, errors);
                }
            }
        }
        let of = |list: &str| limit.get(list).get(name).quantity();
        let (max, min, default, request, ratio) =
            (of("max"), of("min"), of("default"), of("defaultRequest"), of("maxLimitRequestRatio"));
        let mut above = |list: &str, low: &Option<Quantity>, high: &Option<Quantity>, words: (&str, &str)| {
            let (Some(low), Some(high)) = (low, high) else { return };
            if low > high {
                let at = limit.get(list).path().key(name);
                let shown = limit.get(list).get(name).value().clone();
                let detail = format!("{} {low} is greater than {} {high}", words.0, words.1);
                errors.push(FieldError::invalid(&at, shown, detail));
            }
        };
        above("min", &min, &max, ("min value", "max value"));
        above("defaultRequest", &min, &request, ("min value", "default request value"));
        above("defaultRequest", &request, &max, ("default request value", "max value"));
        above("defaultRequest", &request, &default, ("default request value", "default limit value"));
        above("default", &min, &default, ("min value", "default value"));
        above("default", &default, &max, ("default value", "max value"));
        if ratio.as_ref().is_some_and(|ratio| ratio.milli_value() < 1000) {
            let at = limit.get("maxLimitRequestRatio").path().key(name);
            let shown = limit.get("maxLimitRequestRatio").get(name).value().clone();
            let detail = format!("ratio {} is less than 1", shown.as_str().unwrap_or_default());
            errors.push(FieldError::invalid(&at, shown, detail));
        }
    }
}
