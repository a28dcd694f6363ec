//! Bringing a cluster's default roles up to date, at every start.
//!
//! What is missing is added; what an administrator added stays; an object whose `autoupdate` annotation is
//! `false` is left alone. On an unchanged cluster nothing is written.

use std::{collections::HashMap, sync::Arc};

use apimachinery::{Object, Status, Str, Value, value};
use client::{
    Client, Options, ResourceKind,
    kinds::{CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, NAMESPACES, ROLE_BINDINGS, ROLES},
};
use futures::{StreamExt, TryStreamExt, stream};

use super::{AUTO_UPDATE, policy};
use crate::rbac::{Rule, missing};

/// Writes under way at once: they share the store's commits.
const CONCURRENCY: usize = 64;
/// Races with another writer after which an object is given up for this start.
const ATTEMPTS_LIMIT: usize = 3;

/// Namespaces in which there are default roles.
const NAMESPACES_OF_ROLES: [&str; 2] = ["kube-system", "kube-public"];

/// Creates and completes the default roles and bindings, and the namespaces that they stand in. The client must
/// be allowed everything (`system:masters`), since no role may be there yet.
///
/// # Errors
/// The first write that was refused.
pub async fn reconcile(client: &Client) -> Result<(), Status> {
    for name in NAMESPACES_OF_ROLES {
        let namespaces = client.all(&NAMESPACES);
        if namespaces.get_optional(name).await?.is_none() {
            match namespaces.create(value!({"metadata": {"name": name}})).await {
                Err(status) if !status.is_already_exists() => return Err(status),
                _ => {}
            }
        }
    }
    let kinds = [CLUSTER_ROLES, ROLES, CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS];
    let mut present: HashMap<(Str, Str), Arc<Object>> = HashMap::new();
    for kind in &kinds {
        for object in client.all(kind).list(Options::default()).await? {
            present.insert((kind.kind.clone(), object.key()), object);
        }
    }
    let work = policy().into_iter().filter_map(|wanted| {
        let kind = kinds.iter().find(|kind| kind.kind == wanted.kind())?.clone();
        let existing = present.remove(&(kind.kind.clone(), wanted.key()));
        Some(keep(client, kind, wanted, existing))
    });
    stream::iter(work.collect::<Vec<_>>()).buffer_unordered(CONCURRENCY).try_collect::<Vec<()>>().await?;
    Ok(())
}

/// Brings one object up to date.
async fn keep(
    client: &Client,
    kind: ResourceKind,
    wanted: Object,
    mut existing: Option<Arc<Object>>,
) -> Result<(), Status> {
    let api = client.namespaced(&kind, wanted.namespace());
    for attempt in 1.. {
        let done = match &existing {
            None => api.create(wanted.clone()).await.map(drop),
            Some(existing) => match reconciled(existing, &wanted) {
                Outcome::Same => return Ok(()),
                Outcome::Update(object) => api.update(object).await.map(drop),
                Outcome::Replace => {
                    let options = Options { precondition_uid: existing.uid().to_owned(), ..Options::default() };
                    match api.delete(existing.name(), options).await {
                        Err(status) if !status.is_not_found() => Err(status),
                        _ => api.create(wanted.clone()).await.map(drop),
                    }
                }
            },
        };
        match done {
            Err(status)
                if attempt < ATTEMPTS_LIMIT
                    && (status.is_conflict() || status.is_not_found() || status.is_already_exists()) =>
            {
                existing = api.get_optional(wanted.name()).await?;
            }
            done => return done,
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Same,
    Update(Object),
    /// A binding's role cannot change: the binding is made anew.
    Replace,
}

fn reconciled(existing: &Object, wanted: &Object) -> Outcome {
    if existing.annotation(AUTO_UPDATE) == Some("false") {
        return Outcome::Same;
    }
    if existing.get("roleRef") != wanted.get("roleRef") {
        return Outcome::Replace;
    }
    let mut object = existing.clone();
    for field in ["annotations", "labels"] {
        add_absent_pairs(&mut object, wanted, field);
    }
    add_missing_rules(&mut object, wanted);
    add_absent_items(&mut object, wanted, &["aggregationRule", "clusterRoleSelectors"], |one, other| one == other);
    add_absent_items(&mut object, wanted, &["subjects"], same_subject);
    if wanted.get("aggregationRule").is_none() {
        object.make_map().remove("aggregationRule");
    }
    if object == *existing { Outcome::Same } else { Outcome::Update(object) }
}

/// Pairs that the administrator changed stay as they are.
fn add_absent_pairs(object: &mut Object, wanted: &Object, field: &'static str) {
    let pairs: Vec<(Str, Value)> = wanted
        .metadata()
        .get_map(field)
        .into_iter()
        .flat_map(|map| map.iter().map(|(key, value)| (key.clone(), value.clone())))
        .collect();
    let present = object.metadata_mut().map_at(field);
    for (key, value) in pairs {
        present.get_or_insert_with(key, || value);
    }
}

fn add_missing_rules(object: &mut Object, wanted: &Object) {
    let rules = |object: &Object| -> Vec<Rule> { object.list_at(&["rules"]).iter().map(Rule::from_value).collect() };
    let missing = missing(&rules(object), &rules(wanted));
    if !missing.is_empty() {
        let list = object.make_map().get_or_insert_with("rules", Value::default).make_list();
        list.extend(missing.iter().map(Rule::to_value));
    }
}

/// The group of a subject follows from its kind and may be left out.
fn same_subject(one: &Value, other: &Value) -> bool {
    ["kind", "namespace", "name"]
        .iter()
        .all(|field| one.str_at(&[field]).unwrap_or_default() == other.str_at(&[field]).unwrap_or_default())
}

fn add_absent_items(object: &mut Object, wanted: &Object, path: &[&str], same: fn(&Value, &Value) -> bool) {
    let present = object.list_at(path);
    let is_absent = |item: &&Value| !present.iter().any(|known| same(known, item));
    let absent: Vec<Value> = wanted.list_at(path).iter().filter(is_absent).cloned().collect();
    if !absent.is_empty() {
        let items: Vec<Value> = present.iter().cloned().chain(absent).collect();
        object.set(path, items);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(rules: Value, annotations: Value) -> Object {
        Object(value!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": "r", "annotations": annotations, "labels": {}}, "rules": rules
        }))
    }

    #[test]
    fn missing_rules_are_added_and_extra_ones_stay() {
        let wanted = role(value!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]), value!({}));
        let extra = value!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]});
        let held = value!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]});
        let Outcome::Update(updated) = reconciled(&role(value!([held.clone(), extra.clone()]), value!({})), &wanted)
        else {
            panic!("not updated");
        };
        let added = value!({"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]});
        assert_eq!(updated.get("rules"), Some(&value!([held, extra, added])));
        assert_eq!(reconciled(&updated, &wanted), Outcome::Same);
        let protected = role(value!([]), value!({AUTO_UPDATE: "false"}));
        assert_eq!(reconciled(&protected, &wanted), Outcome::Same);
    }

    #[test]
    fn subjects_are_added_and_another_role_means_another_binding() {
        let binding = |role: &str, subjects: Value| {
            Object(
                value!({"metadata": {"annotations": {}, "labels": {}}, "roleRef": {"name": role}, "subjects": subjects}),
            )
        };
        let wanted = binding("a", value!([{"name": "x"}]));
        let Outcome::Update(updated) = reconciled(&binding("a", value!([{"name": "y"}])), &wanted) else {
            panic!("not updated");
        };
        assert_eq!(updated.get("subjects"), Some(&value!([{"name": "y"}, {"name": "x"}])));
        assert_eq!(reconciled(&binding("b", value!([])), &wanted), Outcome::Replace);
    }
}
