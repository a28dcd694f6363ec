//! Rollbacks that are asked for by annotation, as clients of the old API did.

use std::sync::Arc;

use apimachinery::{Object, Value};
use client::EventType;

use super::{
    plan::Operation,
    sets::{ROLLBACK_TO, TEMPLATE_HASH, is_own_annotation, revision, same_template},
};

/// The revision that is asked for; 0 for the last but one.
pub(super) fn asked(deployment: &Object) -> Option<i64> {
    deployment.annotation(ROLLBACK_TO)?.parse().ok()
}

/// The last revision before the present one; 0 when there is none.
fn last_but_one(sets: &[Arc<Object>]) -> i64 {
    let mut revisions: Vec<i64> = sets.iter().filter_map(|set| revision(set)).collect();
    revisions.sort_unstable();
    revisions.iter().rev().nth(1).copied().unwrap_or_default()
}

pub(super) fn plan(deployment: &Object, sets: &[Arc<Object>], asked: i64) -> Vec<Operation> {
    let mut changed = deployment.clone();
    if let Some(annotations) = changed.at_mut(&["metadata", "annotations"]) {
        annotations.remove(&[ROLLBACK_TO]);
    }
    let warn = |reason, message: String| Operation::Tell { event_type: EventType::Warning, reason, message };
    let wanted = if asked == 0 { last_but_one(sets) } else { asked };
    if wanted == 0 {
        let tell = warn("DeploymentRollbackRevisionNotFound", "Unable to find last revision.".into());
        return vec![tell, Operation::Update(changed)];
    }
    let Some(set) = sets.iter().find(|set| revision(set) == Some(wanted)) else {
        let message = "Unable to find the revision to rollback to.".into();
        return vec![warn("DeploymentRollbackRevisionNotFound", message), Operation::Update(changed)];
    };
    let template = set.spec().get("template").cloned().unwrap_or_default();
    if same_template(Some(&template), deployment.spec().get("template")) {
        let message =
            format!("The rollback revision contains the same template as current deployment {:?}", deployment.name());
        return vec![warn("DeploymentRollbackTemplateUnchanged", message), Operation::Update(changed)];
    }
    restore(&mut changed, set, template);
    let message = format!("Rolled back deployment {:?} to revision {wanted}", deployment.name());
    let tell = Operation::Tell { event_type: EventType::Normal, reason: "DeploymentRollback", message };
    vec![Operation::Update(changed), tell]
}

fn restore(deployment: &mut Object, set: &Object, mut template: Value) {
    template.remove(&["metadata", "labels", TEMPLATE_HASH]);
    deployment.set(&["spec", "template"], template);
    let annotations = deployment.metadata_mut().map_at("annotations");
    annotations.retain(|key, _| is_own_annotation(key));
    for (key, text) in set.annotations().iter().filter(|(key, _)| !is_own_annotation(key)) {
        annotations.insert(key, text.clone());
    }
}
