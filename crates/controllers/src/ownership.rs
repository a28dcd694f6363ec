//! Who controls what: owner references, adoption and release.

use std::sync::Arc;

use apimachinery::{Object, Status, Str, Value, labels::Selector, value};
use client::{Client, Informer, PatchType, ResourceKind};

/// The index of objects by the UID of their controller; those without one stand under `namespace/`.
pub const BY_CONTROLLER: &str = "controllerUID";

/// Adds the index [`BY_CONTROLLER`].
pub fn index_by_controller(informer: &Informer) {
    informer.add_index(BY_CONTROLLER, |object| {
        vec![match object.controller() {
            Some(owner) => owner.str_at(&["uid"]).unwrap_or_default().into(),
            None => orphans_of(object.namespace()).into(),
        }]
    });
}

fn orphans_of(namespace: &str) -> String {
    format!("{namespace}/")
}

/// The objects that `owner` controls and, beside them, those of its namespace that nobody controls.
pub fn owned_and_orphans(informer: &Informer, owner: &Object) -> Vec<Arc<Object>> {
    let mut objects = informer.by_index(BY_CONTROLLER, owner.uid());
    objects.extend(informer.by_index(BY_CONTROLLER, &orphans_of(owner.namespace())));
    objects
}

/// The objects that `owner` controls.
pub fn owned(informer: &Informer, owner: &Object) -> Vec<Arc<Object>> {
    informer.by_index(BY_CONTROLLER, owner.uid())
}

/// The reference by which `owner` controls.
pub fn controller_reference(resource: &ResourceKind, owner: &Object) -> Value {
    value!({
        "apiVersion": resource.api_version(),
        "kind": &resource.kind,
        "name": owner.name(),
        "uid": owner.uid(),
        "controller": true,
        "blockOwnerDeletion": true
    })
}

/// Whether `owner` controls `object`.
pub fn is_controlled_by(object: &Object, owner: &Object) -> bool {
    object.controller().is_some_and(|reference| reference.str_at(&["uid"]) == Some(owner.uid()))
}

/// The key of the controller of `object` if it is of `kind`.
pub fn controller_key(object: &Object, kind: &str) -> Option<Str> {
    let owner = object.controller().filter(|owner| owner.str_at(&["kind"]) == Some(kind))?;
    Some(format!("{}/{}", object.namespace(), owner.str_at(&["name"])?).into())
}

/// What to do with an object that an owner may claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is the owner's.
    Owned,
    /// Nobody controls it and it matches: take it.
    Adopt,
    /// It is the owner's but no longer matches: let it go.
    Release,
    /// It is none of the owner's business.
    Ignore,
}

/// Decides about `object` by upstream's rules; `matches` says whether the selector selects it.
pub fn claim(owner: &Object, object: &Object, matches: bool) -> Claim {
    match object.controller() {
        Some(reference) if reference.str_at(&["uid"]) != Some(owner.uid()) => Claim::Ignore,
        Some(_) if matches => Claim::Owned,
        Some(_) if owner.deletion_timestamp().is_some() => Claim::Ignore,
        Some(_) => Claim::Release,
        None if owner.deletion_timestamp().is_some() || !matches => Claim::Ignore,
        None if object.deletion_timestamp().is_some() || object.namespace() != owner.namespace() => Claim::Ignore,
        None => Claim::Adopt,
    }
}

/// Claims objects for an owner.
pub struct Claimer<'a> {
    /// Who asks.
    pub client: &'a Client,
    /// The owner's resource.
    pub owner_resource: &'a ResourceKind,
    /// The owner.
    pub owner: &'a Object,
    /// The resource of what is claimed.
    pub resource: &'a ResourceKind,
    /// What the owner selects.
    pub selector: &'a Selector,
}

impl Claimer<'_> {
    /// Adopts and releases among `objects`, and returns those that are the owner's now.
    pub async fn claim(&self, objects: Vec<Arc<Object>>) -> Result<Vec<Arc<Object>>, Status> {
        let mut mine = Vec::with_capacity(objects.len());
        let mut owner_lives = None;
        for object in objects {
            match claim(self.owner, &object, self.selector.matches(object.labels())) {
                Claim::Owned => mine.push(object),
                Claim::Ignore => {}
                Claim::Release => self.release(&object).await?,
                Claim::Adopt => {
                    let lives = match owner_lives {
                        Some(lives) => lives,
                        None => *owner_lives.insert(self.owner_lives().await?),
                    };
                    if lives && let Some(adopted) = self.adopt(&object).await? {
                        mine.push(adopted);
                    }
                }
            }
        }
        Ok(mine)
    }

    /// Asks the API itself: the cache may not know yet that the owner is being deleted.
    async fn owner_lives(&self) -> Result<bool, Status> {
        let owners = self.client.namespaced(self.owner_resource, self.owner.namespace());
        let fresh = owners.get_optional(self.owner.name()).await?;
        Ok(fresh.is_some_and(|fresh| fresh.uid() == self.owner.uid() && fresh.deletion_timestamp().is_none()))
    }

    async fn write_owners(&self, object: &Object, owners: Vec<Value>) -> Result<Option<Arc<Object>>, Status> {
        let owners = if owners.is_empty() { Value::Null } else { Value::from(owners) };
        let patch = value!({"metadata": {
            "uid": object.uid(),
            "resourceVersion": object.resource_version(),
            "ownerReferences": owners
        }});
        let api = self.client.namespaced(self.resource, object.namespace());
        match api.patch(object.name(), "", PatchType::Merge, patch).await {
            Ok(written) => Ok(Some(written)),
            Err(status) if status.is_not_found() || status.code == 422 => Ok(None),
            Err(status) => Err(status),
        }
    }

    async fn adopt(&self, object: &Object) -> Result<Option<Arc<Object>>, Status> {
        let mut owners = object.owner_references().to_vec();
        owners.push(controller_reference(self.owner_resource, self.owner));
        self.write_owners(object, owners).await
    }

    async fn release(&self, object: &Object) -> Result<(), Status> {
        let mut owners = object.owner_references().to_vec();
        owners.retain(|owner| owner.str_at(&["uid"]) != Some(self.owner.uid()));
        self.write_owners(object, owners).await.map(drop)
    }
}
