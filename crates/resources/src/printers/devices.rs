//! Devices and claims on them.

use apimachinery::{Object, Value};

use super::{
    AGE, NAME, Printer,
    format::{age, count, is_set, name, since, text},
    text as column,
};

const GROUP: &str = "resource.k8s.io";

pub(super) const PRINTERS: &[Printer] = &[
    Printer {
        group: GROUP,
        kind: "DeviceClass",
        columns: &[NAME, AGE],
        cells: |object| vec![name(object), age(object)],
    },
    Printer {
        group: GROUP,
        kind: "DeviceTaintRule",
        columns: &[
            NAME,
            column("Key", "@resource.v1.DeviceTaint.key"),
            column("Value", "@resource.v1.DeviceTaint.value"),
            column("Effect", "@resource.v1.DeviceTaint.effect"),
            column("TimeAdded", "@resource.v1.DeviceTaint.timeAdded"),
            AGE,
        ],
        cells: |object| {
            let taint = |field| Value::from(text(object, &["spec", "taint", field]));
            let added = object.str_at(&["spec", "taint", "timeAdded"]);
            let added = added.map(|added| since(Some(added))).unwrap_or_default();
            vec![name(object), taint("key"), taint("value"), taint("effect"), added.into(), age(object)]
        },
    },
    Printer {
        group: GROUP,
        kind: "ResourceClaim",
        columns: &[NAME, column("State", "Whether the claim is pending, allocated, reserved or deleted."), AGE],
        cells: |object| vec![name(object), claim_state(object).into(), age(object)],
    },
    Printer {
        group: GROUP,
        kind: "ResourceClaimTemplate",
        columns: &[NAME, AGE],
        cells: |object| vec![name(object), age(object)],
    },
    Printer {
        group: GROUP,
        kind: "ResourceSlice",
        columns: &[
            NAME,
            column("Node", "@resource.v1.ResourceSliceSpec.nodeName"),
            column("Driver", "@resource.v1.ResourceSliceSpec.driver"),
            column("Pool", "@resource.v1.ResourcePool.name"),
            AGE,
        ],
        cells: |object| {
            vec![
                name(object),
                text(object, &["spec", "nodeName"]).into(),
                text(object, &["spec", "driver"]).into(),
                text(object, &["spec", "pool", "name"]).into(),
                age(object),
            ]
        },
    },
];

fn claim_state(object: &Object) -> String {
    let mut states = Vec::new();
    let deleted = object.deletion_timestamp().is_some();
    if deleted {
        states.push("deleted");
    }
    if is_set(object, &["status", "allocation"]) {
        states.push("allocated");
        if count(object, &["status", "reservedFor"]) > 0 {
            states.push("reserved");
        }
    } else if !deleted {
        states.push("pending");
    }
    states.join(",")
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn claims_say_what_state_they_are_in() {
        let state = |object: Value| claim_state(&Object(object));
        assert_eq!(state(value!({})), "pending");
        assert_eq!(state(value!({"status": {"allocation": {}, "reservedFor": [{}]}})), "allocated,reserved");
        assert_eq!(state(value!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})), "deleted");
    }
}
