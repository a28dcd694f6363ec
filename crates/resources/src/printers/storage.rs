//! Volumes, claims, classes and drivers.

use std::sync::Arc;

use apimachinery::{Object, Value};
use apiserver::{Column, TableConvertor};

use super::{
    AGE, Cell, NAME, Printer, boolean,
    format::{age, count, name, text, text_or, texts},
    integer, text as column,
};

pub(super) const PRINTERS: &[Printer] = &[
    Printer { group: "", kind: "PersistentVolume", columns: VOLUME, cells: volume },
    Printer { group: "", kind: "PersistentVolumeClaim", columns: CLAIM, cells: claim },
    Printer { group: "storage.k8s.io", kind: "CSIDriver", columns: DRIVER, cells: driver },
    Printer {
        group: "storage.k8s.io",
        kind: "CSINode",
        columns: &[NAME, integer("Drivers", "How many drivers the node has."), AGE],
        cells: |object| vec![name(object), count(object, &["spec", "drivers"]).into(), age(object)],
    },
    Printer {
        group: "storage.k8s.io",
        kind: "CSIStorageCapacity",
        columns: &[
            NAME,
            column("StorageClassName", "@storage.v1.CSIStorageCapacity.storageClassName"),
            column("Capacity", "@storage.v1.CSIStorageCapacity.capacity"),
        ],
        cells: |object| {
            let capacity = object.str_at(&["capacity"]).unwrap_or("<unset>");
            vec![name(object), text(object, &["storageClassName"]).into(), capacity.into()]
        },
    },
    Printer {
        group: "storage.k8s.io",
        kind: "StorageClass",
        columns: &[
            NAME,
            column("Provisioner", "@storage.v1.StorageClass.provisioner"),
            column("ReclaimPolicy", "@storage.v1.StorageClass.reclaimPolicy"),
            column("VolumeBindingMode", "@storage.v1.StorageClass.volumeBindingMode"),
            column("AllowVolumeExpansion", "@storage.v1.StorageClass.allowVolumeExpansion"),
            AGE,
        ],
        cells: |object| {
            vec![
                name(object),
                text(object, &["provisioner"]).into(),
                object.str_at(&["reclaimPolicy"]).unwrap_or("Delete").into(),
                object.str_at(&["volumeBindingMode"]).unwrap_or("Immediate").into(),
                object.bool_at(&["allowVolumeExpansion"]).unwrap_or(false).into(),
                age(object),
            ]
        },
    },
    Printer {
        group: "storage.k8s.io",
        kind: "VolumeAttachment",
        columns: &[
            NAME,
            Cell { format: "name", ..column("Attacher", "@storage.v1.VolumeAttachmentSpec.attacher") },
            column("PV", "@storage.v1.VolumeAttachmentSource.persistentVolumeName"),
            column("Node", "@storage.v1.VolumeAttachmentSpec.nodeName"),
            boolean("Attached", "@storage.v1.VolumeAttachmentStatus.attached"),
            AGE,
        ],
        cells: |object| {
            vec![
                name(object),
                text(object, &["spec", "attacher"]).into(),
                text(object, &["spec", "source", "persistentVolumeName"]).into(),
                text(object, &["spec", "nodeName"]).into(),
                object.bool_at(&["status", "attached"]).unwrap_or(false).into(),
                age(object),
            ]
        },
    },
    Printer {
        group: "storage.k8s.io",
        kind: "VolumeAttributesClass",
        columns: &[NAME, column("DriverName", "@storage.v1.VolumeAttributesClass.driverName"), AGE],
        cells: |object| vec![name(object), text(object, &["driverName"]).into(), age(object)],
    },
];

const VOLUME: &[Cell] = &[
    NAME,
    column("Capacity", "@core.v1.PersistentVolumeSpec.capacity"),
    column("Access Modes", "@core.v1.PersistentVolumeSpec.accessModes"),
    column("Reclaim Policy", "@core.v1.PersistentVolumeSpec.persistentVolumeReclaimPolicy"),
    column("Status", "@core.v1.PersistentVolumeStatus.phase"),
    column("Claim", "@core.v1.PersistentVolumeSpec.claimRef"),
    column("StorageClass", "The class of the volume."),
    column("VolumeAttributesClass", "The class of the volume's attributes."),
    column("Reason", "@core.v1.PersistentVolumeStatus.reason"),
    AGE,
    column("VolumeMode", "@core.v1.PersistentVolumeSpec.volumeMode").wide(),
];

const CLAIM: &[Cell] = &[
    NAME,
    column("Status", "@core.v1.PersistentVolumeClaimStatus.phase"),
    column("Volume", "@core.v1.PersistentVolumeClaimSpec.volumeName"),
    column("Capacity", "@core.v1.PersistentVolumeClaimStatus.capacity"),
    column("Access Modes", "@core.v1.PersistentVolumeClaimStatus.accessModes"),
    column("StorageClass", "The class of the claim."),
    column("VolumeAttributesClass", "The class of the volume's attributes."),
    AGE,
    column("VolumeMode", "@core.v1.PersistentVolumeClaimSpec.volumeMode").wide(),
];

const DRIVER: &[Cell] = &[
    NAME,
    boolean("AttachRequired", "@storage.v1.CSIDriverSpec.attachRequired"),
    boolean("PodInfoOnMount", "@storage.v1.CSIDriverSpec.podInfoOnMount"),
    boolean("StorageCapacity", "@storage.v1.CSIDriverSpec.storageCapacity"),
    column("TokenRequests", "@storage.v1.CSIDriverSpec.tokenRequests"),
    boolean("RequiresRepublish", "@storage.v1.CSIDriverSpec.requiresRepublish"),
    column("Modes", "@storage.v1.CSIDriverSpec.volumeLifecycleModes"),
    AGE,
];

/// `RWO,ROX`, in upstream's order.
fn access_modes(object: &Object, path: &[&str]) -> String {
    let modes = texts(object, path);
    let known =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let short: Vec<&str> = known.iter().filter(|(mode, _)| modes.contains(mode)).map(|(_, short)| *short).collect();
    short.join(",")
}

/// The class, which an annotation named before there was a field.
fn class(object: &Object) -> &str {
    let annotated = object.annotation("volume.beta.kubernetes.io/storage-class");
    annotated.unwrap_or_else(|| text(object, &["spec", "storageClassName"]))
}

fn phase(object: &Object) -> &str {
    if object.deletion_timestamp().is_some() { "Terminating" } else { text(object, &["status", "phase"]) }
}

fn volume(object: &Object) -> Vec<Value> {
    let claim = match object.at(&["spec", "claimRef"]).filter(|claim| !claim.is_null()) {
        Some(claim) => format!("{}/{}", text(claim, &["namespace"]), text(claim, &["name"])),
        None => String::new(),
    };
    vec![
        name(object),
        text_or(object, &["spec", "capacity", "storage"], "0").into(),
        access_modes(object, &["spec", "accessModes"]).into(),
        text(object, &["spec", "persistentVolumeReclaimPolicy"]).into(),
        phase(object).into(),
        claim.into(),
        class(object).into(),
        object.str_at(&["spec", "volumeAttributesClassName"]).unwrap_or("<unset>").into(),
        text(object, &["status", "reason"]).into(),
        age(object),
        object.str_at(&["spec", "volumeMode"]).unwrap_or("<unset>").into(),
    ]
}

fn claim(object: &Object) -> Vec<Value> {
    let volume = text(object, &["spec", "volumeName"]);
    let (capacity, modes) = match volume {
        "" => (String::new(), String::new()),
        _ => (
            text_or(object, &["status", "capacity", "storage"], "0").to_owned(),
            access_modes(object, &["status", "accessModes"]),
        ),
    };
    vec![
        name(object),
        phase(object).into(),
        volume.into(),
        capacity.into(),
        modes.into(),
        class(object).into(),
        object.str_at(&["spec", "volumeAttributesClassName"]).unwrap_or("<unset>").into(),
        age(object),
        object.str_at(&["spec", "volumeMode"]).unwrap_or("<unset>").into(),
    ]
}

fn driver(object: &Object) -> Vec<Value> {
    let flag = |field, unset| Value::Bool(object.bool_at(&["spec", field]).unwrap_or(unset));
    let requests = match object.at(&["spec", "tokenRequests"]).and_then(Value::as_list) {
        None => "<unset>".to_owned(),
        Some(list) => list.iter().map(|request| text(request, &["audience"])).collect::<Vec<_>>().join(","),
    };
    let modes = texts(object, &["spec", "volumeLifecycleModes"]).join(",");
    vec![
        name(object),
        flag("attachRequired", true),
        flag("podInfoOnMount", false),
        flag("storageCapacity", false),
        requests.into(),
        flag("requiresRepublish", false),
        if modes.is_empty() { "<none>".into() } else { modes.into() },
        age(object),
    ]
}

/// Storage classes: a list marks the one that counts as default.
pub(super) struct Classes(pub(super) &'static Printer);

impl TableConvertor for Classes {
    fn columns(&self) -> Vec<Column> {
        TableConvertor::columns(&self.0)
    }

    fn cells(&self, object: &Object) -> Vec<Value> {
        (self.0.cells)(object)
    }

    fn list(&self, objects: &[Arc<Object>]) -> Vec<(Arc<Object>, Vec<Value>)> {
        let default = default_class(objects);
        let rows = objects.iter().map(|object| {
            let mut cells = self.cells(object);
            if default == Some(object.name()) {
                cells[0] = format!("{} (default)", object.name()).into();
            }
            (object.clone(), cells)
        });
        rows.collect()
    }
}

/// Of the classes that are marked, the youngest; of those made at once, the first by name.
fn default_class(objects: &[Arc<Object>]) -> Option<&str> {
    let marked = |object: &&Arc<Object>| {
        ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
            .iter()
            .any(|key| object.annotation(key) == Some("true"))
    };
    let key =
        |object: &&Arc<Object>| (std::cmp::Reverse(object.creation_timestamp().to_owned()), object.name().to_owned());
    objects.iter().filter(marked).min_by_key(key).map(|object| object.name())
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn claims_show_what_they_are_bound_to() {
        let bound = Object(value!({
            "metadata": {"name": "data"},
            "spec": {"volumeName": "pv", "storageClassName": "fast", "volumeMode": "Filesystem"},
            "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany", "ReadWriteOnce"]}
        }));
        let expected = value!(["data", "Bound", "pv", "1Gi", "RWO,RWX", "fast", "<unset>", "<unknown>", "Filesystem"]);
        assert_eq!(Value::from(claim(&bound)), expected);
    }

    #[test]
    fn one_class_is_the_default() {
        let class = |name: &str, day: u32| {
            let annotations = value!({"storageclass.kubernetes.io/is-default-class": "true"});
            let time = format!("2026-01-0{day}T00:00:00Z");
            Arc::new(Object(
                value!({"metadata": {"name": name, "annotations": annotations, "creationTimestamp": time}}),
            ))
        };
        assert_eq!(default_class(&[class("a", 1), class("c", 2), class("b", 2)]), Some("b"));
        assert_eq!(default_class(&[]), None);
    }
}
