//! `ResourceQuota`: a namespace uses no more than it may.
//!
//! Usage is charged before the object is stored, against the quota's own status, whose revision is the
//! precondition: of two writes that would together exceed it, one is refused. What is charged for a write that
//! then fails is given back when the quota controller counts again. Dry runs are judged and not charged.

mod scope;
mod usage;

use std::sync::Arc;

use apimachinery::{Object, Status, Value, quantity::Quantity};
use apiserver::{
    AdmissionPlugin, Attributes, Operation, RequestContext, Server, UserInfo,
    handlers::{
        WriteOptions,
        update::{Change, Target, update},
    },
};
use async_trait::async_trait;
use client::ResourceKind;

use crate::{forbidden, quantities::Resources};
use usage::Evaluator;

pub(crate) struct ResourceQuota;

fn names(list: &[&str]) -> String {
    list.join(",")
}

/// What a write would take from one quota: nothing when the quota has nothing to do with it.
fn charge(
    quota: &Object,
    evaluator: &Evaluator,
    object: &Object,
    old: Option<&Object>,
) -> Result<Option<Resources>, String> {
    if !scope::matches(quota, evaluator, object) {
        return Ok(None);
    }
    let hard = Resources::read(quota.at(&["status", "hard"]));
    let interesting: Vec<&str> =
        hard.0.keys().map(|name| name.as_str()).filter(|name| evaluator.measures(name)).collect();
    if interesting.is_empty() {
        return Ok(None);
    }
    let name = quota.name();
    evaluator.check_constraints(&interesting, object).map_err(|problem| format!("failed quota: {name}: {problem}"))?;
    let used = Resources::read(quota.at(&["status", "used"]));
    let unknown: Vec<&str> = interesting.iter().copied().filter(|resource| used.get(resource).is_none()).collect();
    if !unknown.is_empty() {
        return Err(format!("status unknown for quota: {name}, resources: {}", names(&unknown)));
    }
    let mut delta = evaluator.usage(object);
    let negative: Vec<&str> =
        delta.0.iter().filter(|(_, quantity)| quantity.is_negative()).map(|(name, _)| name.as_str()).collect();
    if !negative.is_empty() {
        return Err(format!("quota usage is negative for resource(s): {}", names(&negative)));
    }
    if let Some(old) = old.filter(|old| scope::matches(quota, evaluator, old)) {
        delta = delta.minus(&evaluator.usage(old));
    }
    // Less is given back by the controller, not here.
    delta.0.retain(|name, quantity| {
        *quantity > Quantity::ZERO && interesting.iter().any(|interesting| *name == *interesting)
    });
    Ok((!delta.0.is_empty()).then_some(delta))
}

/// The usage after the charge, or why it is too much.
fn charged(quota: &Object, delta: &Resources) -> Result<Resources, String> {
    let hard = Resources::read(quota.at(&["status", "hard"]));
    let used = Resources::read(quota.at(&["status", "used"]));
    let mut after = used.clone();
    after.add(delta);
    let exceeds = |name: &str| match (after.get(name), hard.get(name)) {
        (Some(after), Some(hard)) => after > hard,
        _ => false,
    };
    let only = |list: &Resources| {
        Resources(
            list.0
                .iter()
                .filter(|(name, _)| delta.get(name).is_some() && exceeds(name))
                .map(|(name, quantity)| (name.clone(), *quantity))
                .collect(),
        )
    };
    let failed = only(delta);
    if failed.0.is_empty() {
        return Ok(after);
    }
    Err(format!(
        "exceeded quota: {}, requested: {}, used: {}, limited: {}",
        quota.name(),
        failed.shown(),
        only(&used).shown(),
        only(&hard).shown()
    ))
}

/// Adds a charge to a quota's status, again on every lost race.
struct Charge<'c> {
    delta: &'c Resources,
}

impl Change for Charge<'_> {
    fn apply(&self, old: Option<&Object>) -> Result<Object, Status> {
        let quota = old.ok_or_else(|| Status::internal("a quota vanished while it was charged"))?;
        let after = charged(quota, self.delta).map_err(|problem| Status::failure(403, "Forbidden", problem))?;
        let mut quota = quota.clone();
        quota.set(&["status", "used"], after.to_value());
        // Without a revision of its own the write is tried again on what the other one left.
        quota.metadata_mut().remove("resourceVersion");
        Ok(quota)
    }
}

async fn store_charge(server: &Arc<Server>, quota: &Object, delta: &Resources) -> Result<(), Status> {
    let resource = server.registry().find("", "v1", "resourcequotas");
    let resource = resource.ok_or_else(|| Status::internal("resource quotas are not served"))?;
    let context = RequestContext::new(UserInfo::new("system:apiserver", &["system:masters"]), "resourcequota");
    let target =
        Target { resource: &resource, namespace: quota.namespace(), name: quota.name(), subresource: "status" };
    match update(server, &context, &target, &Charge { delta }, &WriteOptions::default()).await {
        Ok(_) => Ok(()),
        // The quota was deleted meanwhile: nothing limits any more.
        Err(status) if status.is_not_found() => Ok(()),
        Err(status) => Err(status),
    }
}

#[async_trait]
impl AdmissionPlugin for ResourceQuota {
    fn name(&self) -> &'static str {
        "ResourceQuota"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        let counted =
            resource.namespaced && !matches!(resource.resource.as_str(), "events" | "localsubjectaccessreviews");
        counted
            && match (operation, subresource) {
                (Operation::Create, "") => true,
                (Operation::Update, "") => Evaluator::of(resource).changes_with_updates(),
                (Operation::Update, "resize") => crate::pod::is_pods(resource),
                _ => false,
            }
    }

    async fn validate(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let Some(object) = attributes.object.as_deref() else { return Ok(()) };
        let evaluator = Evaluator::of(attributes.resource);
        if !evaluator.is_affected(attributes.operation, attributes.subresource, object, attributes.old_object) {
            return Ok(());
        }
        let quotas = server.registry().objects("", "resourcequotas", attributes.namespace)?;
        let mut charges = Vec::new();
        for quota in &quotas {
            let delta = charge(quota, &evaluator, object, attributes.old_object);
            let delta = delta.map_err(|problem| forbidden(attributes, problem))?;
            if let Some(delta) = delta {
                charged(quota, &delta).map_err(|problem| forbidden(attributes, problem))?;
                charges.push((quota, delta));
            }
        }
        if attributes.dry_run {
            return Ok(());
        }
        for (quota, delta) in charges {
            let stored = store_charge(server, quota, &delta).await;
            stored.map_err(|status| match status.code {
                403 => forbidden(attributes, status.message),
                _ => status,
            })?;
        }
        Ok(())
    }
}

/// A text field of a list item.
fn item_text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.str_at(&[field]).unwrap_or_default()
}

#[cfg(test)]
mod tests;
