//! Spreading endpoints over slices with few writes: what stays stays where it is, what is new goes where there
//! is room, nothing is moved for the sake of order.

use std::{collections::BTreeMap, sync::Arc};

use apimachinery::{List, Object, Str, Value, value};

/// Endpoints of one slice at most.
const SLICE_ENDPOINTS: usize = 100;

/// Endpoints that share their ports.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// The ports.
    pub ports: Vec<Value>,
    /// Endpoints by identity.
    pub endpoints: BTreeMap<Str, Value>,
}

/// What to do to slices.
#[derive(Debug)]
pub enum Operation {
    /// Make one.
    Create(Object),
    /// Replace one.
    Update(Arc<Object>, Object),
    /// Remove one.
    Delete(Arc<Object>),
}

/// What all slices of an owner have in common.
pub struct Template {
    /// `metadata` of a new slice.
    pub metadata: Value,
    /// The address type.
    pub address_type: &'static str,
    /// Whether one empty slice says that there are no endpoints.
    pub placeholder: bool,
}

/// The identity of an endpoint: an address of a pod (or of whatever else) under a name.
pub fn identity(endpoint: &Value) -> Str {
    let target = endpoint.str_at(&["targetRef", "uid"]).unwrap_or_default();
    let hostname = endpoint.str_at(&["hostname"]).unwrap_or_default();
    let addresses = endpoint.list_at(&["addresses"]).iter().filter_map(Value::as_str);
    format!("{}|{target}|{hostname}", addresses.collect::<Vec<_>>().join(",")).into()
}

/// A slice as it will be.
struct Draft {
    existing: Option<Arc<Object>>,
    endpoints: List,
    changed: bool,
}

impl Template {
    fn slice(&self, ports: &[Value], endpoints: List) -> Object {
        Object(value!({
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": self.metadata.clone(),
            "addressType": self.address_type,
            "endpoints": endpoints,
            "ports": ports.to_vec()
        }))
    }

    /// The existing slice with other contents and with the labels that it should have.
    fn changed(&self, existing: &Object, ports: &[Value], endpoints: List) -> Object {
        let mut slice = existing.clone();
        for key in ["labels", "annotations", "ownerReferences"] {
            match self.metadata.at(&[key]) {
                Some(wanted) => slice.set(&["metadata", key], wanted.clone()),
                None if key == "annotations" => {}
                None => drop(slice.remove(&["metadata", key])),
            }
        }
        slice.set(&["endpoints"], endpoints);
        slice.set(&["ports"], ports.to_vec());
        slice
    }

    fn labels_differ(&self, existing: &Object) -> bool {
        self.metadata.at(&["labels"]) != existing.at(&["metadata", "labels"])
    }

    /// The operations that make slices of `existing` (all of this address type) hold `groups`.
    pub fn plan(&self, groups: Vec<Group>, existing: &[Arc<Object>]) -> Vec<Operation> {
        let mut operations = Vec::new();
        let mut unused: Vec<Arc<Object>> = existing.to_vec();
        // With nothing to say there is still a slice, so that its absence means that nobody has looked yet.
        let nothing = groups.iter().all(|group| group.endpoints.is_empty());
        let groups = if nothing && self.placeholder { vec![Group::default()] } else { groups };
        let mut additions = Vec::new();
        for mut group in groups {
            let (same, rest) = unused.into_iter().partition(|slice| slice.list_at(&["ports"]) == group.ports);
            unused = rest;
            let mut drafts = self.keep(same, &mut group.endpoints);
            fill(&mut drafts, &mut group.endpoints);
            let keep_one_empty =
                self.placeholder && group.ports.is_empty() && drafts.iter().all(|draft| draft.endpoints.is_empty());
            let mut kept_empty = false;
            for draft in drafts {
                match draft.existing {
                    Some(slice) if draft.endpoints.is_empty() && (!keep_one_empty || kept_empty) => unused.push(slice),
                    Some(slice) => {
                        kept_empty |= draft.endpoints.is_empty();
                        if draft.changed || self.labels_differ(&slice) {
                            let changed = self.changed(&slice, &group.ports, draft.endpoints);
                            operations.push(Operation::Update(slice, changed));
                        }
                    }
                    None => additions.push((group.ports.clone(), draft.endpoints)),
                }
            }
            if keep_one_empty && !kept_empty {
                additions.push((group.ports.clone(), List::new()));
            }
        }
        for (ports, endpoints) in additions {
            operations.push(match unused.pop() {
                Some(slice) => {
                    let changed = self.changed(&slice, &ports, endpoints);
                    Operation::Update(slice, changed)
                }
                None => Operation::Create(self.slice(&ports, endpoints)),
            });
        }
        operations.extend(unused.into_iter().map(Operation::Delete));
        operations
    }

    /// The slices with what stays in them, as it is to be; what was placed is taken out of `wanted`.
    fn keep(&self, slices: Vec<Arc<Object>>, wanted: &mut BTreeMap<Str, Value>) -> Vec<Draft> {
        let mut drafts = Vec::with_capacity(slices.len());
        for slice in slices {
            let (mut endpoints, mut changed) = (List::new(), false);
            for endpoint in slice.list_at(&["endpoints"]) {
                match wanted.remove(&identity(endpoint)) {
                    Some(wanted) => {
                        changed |= wanted != *endpoint;
                        endpoints.push(wanted);
                    }
                    None => changed = true,
                }
            }
            drafts.push(Draft { existing: Some(slice), endpoints, changed });
        }
        drafts
    }
}

/// Places what is left: first into slices that are written anyway, then into the one that it fills best, then
/// into new ones.
fn fill(drafts: &mut Vec<Draft>, left: &mut BTreeMap<Str, Value>) {
    let place = |draft: &mut Draft, left: &mut BTreeMap<Str, Value>| {
        while draft.endpoints.len() < SLICE_ENDPOINTS
            && let Some((_, endpoint)) = left.pop_first()
        {
            draft.endpoints.push(endpoint);
            draft.changed = true;
        }
    };
    for draft in drafts.iter_mut().filter(|draft| draft.changed) {
        place(draft, left);
    }
    while !left.is_empty() {
        let room = |draft: &Draft| SLICE_ENDPOINTS - draft.endpoints.len();
        let best = drafts
            .iter_mut()
            .filter(|draft| left.len() < SLICE_ENDPOINTS && room(draft) >= left.len())
            .min_by_key(|draft| room(draft));
        match best {
            Some(draft) => place(draft, left),
            None => {
                let mut draft = Draft { existing: None, endpoints: List::new(), changed: true };
                place(&mut draft, left);
                drafts.push(draft);
            }
        }
    }
}
