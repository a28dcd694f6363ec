//! Defaults: what an object has where its author was silent.
//!
//! Most are data (`+default` markers and `schema/defaults.txt`, in [`Field::default`]); those that depend on
//! something are functions over a struct's map, one file per group, listed in [`DEFAULTERS`].
//! [`apply_defaults`] walks the tree from the top as upstream does: a struct's data, its function, then its
//! children. It visits only what can lead to a default.
//!
//! Not here: defaults that need a clock (`DeviceTaint.timeAdded`) or look at the whole object before it is
//! stored (pod-level requests, which upstream computes after admission); those belong to the strategies.
//!
//! [`Field::default`]: apimachinery::schema::Field::default

use std::{collections::HashMap, sync::LazyLock};

use apimachinery::{
    Map, Value,
    schema::{Field, Kind, Presence, StructType, TypeId},
};

use crate::LOADED;

mod apiextensions;
mod apps;
mod autoscaling;
mod batch;
mod core;
mod image;
mod networking;
mod quantity;
mod rbac;
mod resource;
mod storage;

/// Sets what depends on other fields of a struct.
type Defaulter = fn(&mut Map);

/// The functions by the name of the struct that they are for.
const DEFAULTERS: &[(&str, Defaulter)] = &[
    ("apiextensions/v1.CustomResourceDefinition", apiextensions::custom_resource_definition),
    ("apps/v1.DaemonSetUpdateStrategy", apps::daemon_set_update_strategy),
    ("apps/v1.DeploymentStrategy", apps::deployment_strategy),
    ("apps/v1.StatefulSetSpec", apps::stateful_set_spec),
    ("apps/v1.StatefulSetUpdateStrategy", apps::stateful_set_update_strategy),
    ("autoscaling/v2.HorizontalPodAutoscalerSpec", autoscaling::horizontal_pod_autoscaler_spec),
    ("batch/v1.Job", batch::job),
    ("core/v1.Container", core::container),
    ("core/v1.EphemeralContainer", core::container),
    ("core/v1.ImageVolumeSource", core::image_volume_source),
    ("core/v1.LimitRangeItem", core::limit_range_item),
    ("core/v1.Namespace", core::namespace),
    ("core/v1.NodeStatus", core::node_status),
    ("core/v1.PersistentVolume", core::persistent_volume),
    ("core/v1.Pod", core::pod::pod),
    ("core/v1.PodSpec", core::pod::pod_spec),
    ("core/v1.PodStatus", core::pod::pod_status),
    ("core/v1.ReplicationController", core::replication_controller),
    ("core/v1.Service", core::service),
    ("core/v1.Volume", core::volume),
    ("networking/v1.NetworkPolicySpec", networking::network_policy_spec),
    ("rbac/v1.Subject", rbac::subject),
    ("resource/v1.DeviceSubRequest", resource::device_request),
    ("resource/v1.ExactDeviceRequest", resource::device_request),
    ("storage/v1.CSIDriverSpec", storage::csi_driver_spec),
];

/// What is to be done for a struct.
#[derive(Default)]
struct Plan {
    /// Positions of fields with a default.
    defaults: Vec<u16>,
    function: Option<Defaulter>,
    /// Positions of fields below which there is something to do.
    children: Vec<u16>,
}

static PLANS: LazyLock<Vec<Plan>> = LazyLock::new(plans);

/// Sets every default of the type in the tree. Applying it again changes nothing.
///
/// Structs that Go always has are made where a default stands in them.
pub fn apply_defaults(value: &mut Value, type_id: TypeId) {
    if let Some(map) = value.as_map_mut() {
        apply(map, type_id);
    }
}

/// The structs that have conditional defaults, by their names in the schema files (`core/v1.Pod`).
pub fn conditionally_defaulted_types() -> impl Iterator<Item = &'static str> {
    DEFAULTERS.iter().map(|(name, _)| *name)
}

fn apply(map: &mut Map, type_id: TypeId) {
    let (plan, definition) = (&PLANS[type_id.0 as usize], LOADED.schema.get(type_id));
    for field in positions(definition, &plan.defaults) {
        if let Some(default) = &field.default
            && is_unset(field, map.get(&field.name))
        {
            map.insert(field.name.clone(), default.clone());
        }
    }
    if let Some(function) = plan.function {
        function(map);
    }
    for field in positions(definition, &plan.children) {
        child(map, field);
    }
}

fn positions<'a>(definition: &'a StructType, positions: &'a [u16]) -> impl Iterator<Item = &'a Field> {
    positions.iter().map(|position| &definition.fields[usize::from(*position)])
}

fn child(map: &mut Map, field: &Field) {
    match map.get_mut(&field.name) {
        Some(value) if !value.is_null() => walk(value, &field.kind),
        _ => {
            let Kind::Struct(type_id) = field.kind else { return };
            if matches!(field.presence, Presence::Always | Presence::OmitZero) {
                let mut made = Map::new();
                apply(&mut made, type_id);
                if field.presence == Presence::Always || !made.is_empty() {
                    map.insert(field.name.clone(), made);
                }
            }
        }
    }
}

fn walk(value: &mut Value, kind: &Kind) {
    match (kind, value) {
        (Kind::Struct(type_id), Value::Map(map)) => apply(map, *type_id),
        (Kind::List(item), Value::List(list)) => list.iter_mut().for_each(|value| walk(value, item)),
        (Kind::Map(item), Value::Map(map)) => map.iter_mut().for_each(|(_, value)| walk(value, item)),
        (Kind::Quantity, value) => quantity::round_up_to_milli(value),
        _ => {}
    }
}

/// Whether Go would see the zero value that defaulting replaces.
fn is_unset(field: &Field, value: Option<&Value>) -> bool {
    let Some(value) = value else { return true };
    let scalar = matches!(field.presence, Presence::Always | Presence::OmitZero);
    match value {
        Value::Null => true,
        Value::String(text) => scalar && text.is_empty(),
        Value::Int(number) => scalar && *number == 0,
        Value::Bool(flag) => scalar && !flag,
        _ => false,
    }
}

/// A default that would be dropped again as a zero value is none.
fn has_default(field: &Field) -> bool {
    let Some(default) = &field.default else { return false };
    !(field.presence == Presence::OmitZero && is_unset(field, Some(default)))
}

fn plans() -> Vec<Plan> {
    let functions: HashMap<&str, Defaulter> = DEFAULTERS.iter().copied().collect();
    let mut plans: Vec<Plan> = LOADED.schema.types().map(|(_, definition)| own(definition)).collect();
    for ((package, name), id) in &LOADED.names {
        plans[id.0 as usize].function = functions.get(format!("{package}.{name}").as_str()).copied();
    }
    // Upwards from what has something to do, until nothing changes.
    let mut needed: Vec<bool> = plans.iter().map(|plan| !plan.defaults.is_empty() || plan.function.is_some()).collect();
    loop {
        let mut changed = false;
        for (id, definition) in LOADED.schema.types() {
            let index = id.0 as usize;
            if !needed[index] && definition.fields.iter().any(|field| leads_on(definition, &field.kind, &needed)) {
                needed[index] = true;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for (id, definition) in LOADED.schema.types() {
        let fields = definition.fields.iter().enumerate();
        let children = fields.filter(|(_, field)| leads_on(definition, &field.kind, &needed));
        plans[id.0 as usize].children = children.map(|(position, _)| position as u16).collect();
    }
    plans
}

fn own(definition: &StructType) -> Plan {
    let fields = definition.fields.iter().enumerate().filter(|(_, field)| has_default(field));
    Plan { defaults: fields.map(|(position, _)| position as u16).collect(), ..Plan::default() }
}

/// Whether there is something to do below a field of the kind. Resource lists, whose quantities upstream
/// rounds, are the maps of quantities in `core/v1`.
fn leads_on(definition: &StructType, kind: &Kind, needed: &[bool]) -> bool {
    match kind {
        Kind::Struct(id) => needed[id.0 as usize],
        Kind::List(item) => leads_on(definition, item, needed),
        Kind::Map(value) if **value == Kind::Quantity => definition.name.starts_with("io.k8s.api.core.v1."),
        Kind::Map(value) => leads_on(definition, value, needed),
        _ => false,
    }
}

/// Sets a pointer that is not set.
fn set_if_absent(map: &mut Map, key: &'static str, value: impl Into<Value>) {
    if map.get(key).is_none_or(Value::is_null) {
        map.insert(apimachinery::Str::from_static(key), value);
    }
}

/// The text at a key, empty when there is none.
fn text<'a>(map: &'a Map, key: &str) -> &'a str {
    map.str_at(key).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_function_is_for_a_type_that_exists() {
        for (name, _) in super::DEFAULTERS {
            let (package, short) = name.split_once('.').unwrap();
            assert!(super::LOADED.names.contains_key(&(package, short)), "{name}");
        }
    }
}
