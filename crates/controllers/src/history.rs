//! The revisions of a daemon set's or stateful set's template, kept as `ControllerRevision`s.

use std::{cmp::Ordering, sync::Arc};

use apimachinery::{Map, Object, Status, Str, Value, json, value};
use client::{Client, Informer, Options, ResourceKind, kinds::CONTROLLER_REVISIONS};

use crate::{
    expectations::Expectations,
    hash::{fnv32a, safe_encode},
    ownership::controller_reference,
    patches,
};

/// The longest prefix of a revision's name.
const NAME_PREFIX_LIMIT: usize = 223;

/// What a revision keeps: a strategic merge patch that puts the template back.
pub fn revision_data(owner: &Object) -> Value {
    let mut template = owner.spec().get("template").cloned().unwrap_or_default();
    template.set(&["$patch"], "replace");
    value!({"spec": {"template": template}})
}

/// The template that a revision keeps.
pub fn template_of(revision: &Object) -> Value {
    let mut template = revision.at(&["data", "spec", "template"]).cloned().unwrap_or_default();
    template.remove(&["$patch"]);
    template
}

/// `revision`, the number.
pub fn number(revision: &Object) -> i64 {
    revision.root().i64_at("revision").unwrap_or_default()
}

/// The hash of what a revision keeps.
pub fn hash(data: &Value, collisions: Option<i64>) -> String {
    let mut bytes = json::to_vec(data);
    if let Some(collisions) = collisions {
        bytes.extend_from_slice(collisions.to_string().as_bytes());
    }
    safe_encode(fnv32a(&bytes))
}

fn by_number(a: &Arc<Object>, b: &Arc<Object>) -> Ordering {
    let creation = || a.creation_timestamp().cmp(b.creation_timestamp());
    number(a).cmp(&number(b)).then_with(creation).then_with(|| a.name().cmp(b.name()))
}

/// What must happen so that the present template has the newest revision.
#[derive(Debug)]
pub enum Step {
    /// This one has it.
    Keep(Arc<Object>),
    /// This one has the template, but is not the newest: it gets this number.
    Bump(Arc<Object>, i64),
    /// None has the template: one with this number is needed.
    Create(i64),
}

/// Finds the revision for `data` among `revisions`, which it sorts.
pub fn step(data: &Value, revisions: &mut [Arc<Object>]) -> Step {
    revisions.sort_by(by_number);
    let next = revisions.last().map_or(0, |last| number(last)) + 1;
    match revisions.iter().rposition(|revision| revision.at(&["data"]) == Some(data)) {
        Some(index) if index + 1 == revisions.len() => Step::Keep(revisions[index].clone()),
        Some(index) => Step::Bump(revisions[index].clone(), next),
        None => Step::Create(next),
    }
}

/// Writes revisions for one kind of owner.
pub struct History<'a> {
    /// Who writes.
    pub client: &'a Client,
    /// Where revisions are seen.
    pub informer: &'a Informer,
    /// What was written and is not seen yet.
    pub expectations: &'a Expectations,
    /// The owner's resource.
    pub resource: ResourceKind,
    /// The label that holds the hash.
    pub hash_label: &'static str,
}

impl History<'_> {
    fn new_revision(&self, owner: &Object, data: &Value, number: i64, collisions: Option<i64>) -> Object {
        let hash = hash(data, collisions);
        let template_labels = owner.at(&["spec", "template", "metadata", "labels"]).and_then(Value::as_map);
        let mut labels = template_labels.cloned().unwrap_or(Map::EMPTY);
        labels.insert(self.hash_label, hash.as_str());
        let prefix: String = owner.name().chars().take(NAME_PREFIX_LIMIT).collect();
        Object(value!({
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": format!("{prefix}-{hash}"),
                "namespace": owner.namespace(),
                "labels": labels,
                "annotations": owner.annotations().clone(),
                "ownerReferences": [controller_reference(&self.resource, owner)]
            },
            "data": data.clone(),
            "revision": number
        }))
    }

    /// The revision of the owner's present template, made when there is none; `revisions` are sorted, and hold
    /// it afterwards. With it comes the count of collisions, when that changed.
    pub async fn current(
        &self,
        key: &Str,
        owner: &Object,
        revisions: &mut Vec<Arc<Object>>,
    ) -> Result<(Arc<Object>, Option<i64>), Status> {
        let data = revision_data(owner);
        let api = self.client.namespaced(&CONTROLLER_REVISIONS, owner.namespace());
        let step = step(&data, revisions);
        let written = match step {
            Step::Keep(revision) => return Ok((revision, None)),
            Step::Bump(revision, number) => {
                let mut changed = (*revision).clone();
                changed.set(&["revision"], number);
                revisions.retain(|other| other.uid() != revision.uid());
                (api.update(changed).await?, None)
            }
            Step::Create(number) => self.create(owner, &data, number).await?,
        };
        self.expectations.wrote(key, self.informer, &written.0);
        revisions.push(written.0.clone());
        Ok(written)
    }

    async fn create(&self, owner: &Object, data: &Value, number: i64) -> Result<(Arc<Object>, Option<i64>), Status> {
        let api = self.client.namespaced(&CONTROLLER_REVISIONS, owner.namespace());
        let mut collisions = owner.status().i64_at("collisionCount");
        let mut changed = None;
        loop {
            let revision = self.new_revision(owner, data, number, collisions);
            let name = revision.name().to_owned();
            match api.create(revision).await {
                Err(status) if status.is_already_exists() => {
                    let existing = api.get(&name).await?;
                    if existing.at(&["data"]) == Some(data) {
                        return Ok((existing, changed));
                    }
                    // Another template has the hash.
                    collisions = Some(collisions.unwrap_or_default() + 1);
                    changed = collisions;
                }
                answer => return answer.map(|created| (created, changed)),
            }
        }
    }

    /// Removes the oldest revisions that are not `live` and exceed the owner's history limit.
    pub async fn truncate(
        &self,
        key: &Str,
        owner: &Object,
        revisions: &[Arc<Object>],
        live: impl Fn(&Object) -> bool,
    ) -> Result<(), Status> {
        let limit = owner.spec().i64_at("revisionHistoryLimit").and_then(|limit| usize::try_from(limit).ok());
        let idle: Vec<_> = revisions.iter().filter(|revision| !live(revision)).collect();
        let surplus = idle.len().saturating_sub(limit.unwrap_or(10));
        let api = self.client.namespaced(&CONTROLLER_REVISIONS, owner.namespace());
        for revision in idle.into_iter().take(surplus) {
            match api.delete(revision.name(), Options::default()).await {
                Err(status) if !status.is_not_found() => return Err(status),
                _ => self.expectations.deleted(key, self.informer, revision),
            }
        }
        Ok(())
    }
}

/// Puts a changed count of collisions into a status.
pub fn set_collisions(status: &mut Value, collisions: Option<i64>) {
    if let Some(collisions) = collisions {
        patches::set_count(status, "collisionCount", collisions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_that_comes_back_is_the_newest_again() {
        let owner = |image: &str| Object(value!({"spec": {"template": {"spec": {"image": image}}}}));
        let revision = |image: &str, number: i64| {
            let object =
                value!({"metadata": {"name": image}, "data": revision_data(&owner(image)), "revision": number});
            Arc::new(Object(object))
        };
        let mut revisions = vec![revision("v2", 2), revision("v1", 1)];
        let say = |step: Step| match step {
            Step::Keep(revision) => format!("keep {}", revision.name()),
            Step::Bump(revision, number) => format!("bump {} to {number}", revision.name()),
            Step::Create(number) => format!("create {number}"),
        };
        let mut of = |image: &str| say(step(&revision_data(&owner(image)), &mut revisions));
        assert_eq!([of("v2"), of("v1"), of("v3")], ["keep v2", "bump v1 to 3", "create 3"]);
        assert_eq!(template_of(&revision("v1", 1)), value!({"spec": {"image": "v1"}}));
    }
}
