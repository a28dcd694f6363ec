//! Requests and limits.

use apimachinery::field::FieldError;

use super::{Errors, Spot};

const STANDARD: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Whether the name is one that Kubernetes itself gives a meaning.
pub(crate) fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.")
}

/// The name of something that a container may ask for.
pub(crate) fn container_resource_name(name: &str, at: &Spot<'_>, errors: &mut Errors) {
    let invalid = |detail: &str| FieldError::invalid(at.path(), name, detail);
    let problems = apimachinery::names::qualified_name(name);
    errors.extend(problems.iter().map(|problem| invalid(problem)));
    if !problems.is_empty() {
        return;
    }
    if name.contains('/') {
        if !is_native(name) && !is_extended(name) {
            errors.push(invalid("doesn't follow extended resource name standard"));
        }
    } else if !STANDARD.contains(&name) && !name.starts_with("hugepages-") {
        errors.push(invalid("must be a standard resource type or fully qualified"));
        errors.push(invalid("must be a standard resource for containers"));
    }
}

/// A quantity that is not negative, and whole where parts make no sense.
pub(crate) fn quantity(name: &str, value: &Spot<'_>, errors: &mut Errors) {
    let Some(amount) = value.quantity() else { return };
    if amount.is_negative() {
        errors.push(value.invalid("must be greater than or equal to 0"));
    }
    let whole = is_extended(name) || name.starts_with("hugepages-");
    if whole && amount.milli_value() % 1000 != 0 {
        errors.push(value.invalid("must be an integer"));
    }
}

/// `resources` of a container.
pub(crate) fn requirements(resources: &Spot<'_>, claims: &[&str], errors: &mut Errors) {
    let (limits, requests) = (resources.get("limits"), resources.get("requests"));
    let (mut basic, mut huge) = (false, false);
    for (name, limit) in limits.entries() {
        container_resource_name(name, &limit, errors);
        quantity(name, &limit, errors);
        basic |= matches!(name, "cpu" | "memory");
        huge |= name.starts_with("hugepages-");
    }
    for (name, request) in requests.entries() {
        container_resource_name(name, &request, errors);
        quantity(name, &request, errors);
        basic |= matches!(name, "cpu" | "memory");
        huge |= name.starts_with("hugepages-");
        let limit = limits.get(name);
        let no_overcommit = is_extended(name) || name.starts_with("hugepages-");
        if let (Some(wanted), Some(most)) = (request.quantity(), limit.quantity()) {
            if no_overcommit && wanted != most {
                let detail = format!("must be equal to {name} limit of {most}");
                errors.push(FieldError::invalid(requests.path(), request.value().clone(), detail));
            } else if wanted > most {
                let detail = format!("must be less than or equal to {name} limit of {most}");
                errors.push(FieldError::invalid(requests.path(), request.value().clone(), detail));
            }
        } else if no_overcommit && !limit.is_set() {
            errors.push(FieldError::required(limits.path(), "Limit must be set for non overcommitable resources"));
        }
    }
    if huge && !basic {
        errors.push(resources.forbidden("HugePages require cpu or memory"));
    }
    let mut seen = Vec::new();
    for claim in resources.get("claims").items() {
        let name = claim.get("name");
        if !name.demand(errors) {
            continue;
        }
        if !claims.contains(&name.text()) {
            errors.push(name.not_found());
        }
        let own = (name.text(), claim.get("request").text());
        if seen.contains(&own) {
            errors.push(FieldError::duplicate(claim.path(), own.0));
        }
        seen.push(own);
    }
}
