//! Persistent volumes and claims, storage classes, and the sources of volumes.

use apimachinery::{Object, field::FieldError, names};

use super::{Errors, Spot, placement, selectors::label_selector};

const ACCESS_MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const VOLUME_MODES: [&str; 2] = ["Block", "Filesystem"];
const RECLAIM_POLICIES: [&str; 3] = ["Delete", "Recycle", "Retain"];
/// The longest name of a storage driver.
const DRIVER_LENGTH: usize = 63;
/// Limits of a storage class's parameters.
const PARAMETERS_LIMIT: usize = 512;
const PARAMETERS_BYTES_LIMIT: usize = 256 << 10;

/// A directory of the node.
pub(crate) fn host_path(source: &Spot<'_>, errors: &mut Errors) {
    let path = source.get("path");
    if path.demand(errors) {
        path.no_backsteps(errors);
    }
    let kinds = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    let kind = source.get("type");
    if !kinds.contains(&kind.text()) {
        errors.push(FieldError::not_supported(kind.path(), kind.text(), &kinds));
    }
}

/// A directory of an NFS server.
pub(crate) fn nfs(source: &Spot<'_>, errors: &mut Errors) {
    source.get("server").demand(errors);
    if source.get("path").demand(errors) && !source.get("path").text().starts_with('/') {
        errors.push(source.get("path").invalid("must be an absolute path"));
    }
}

/// The name of a CSI driver.
pub(crate) fn driver_name(name: &Spot<'_>, errors: &mut Errors) {
    if !name.demand(errors) {
        return;
    }
    if name.text().len() > DRIVER_LENGTH {
        errors.push(FieldError::too_long(name.path(), DRIVER_LENGTH));
    }
    name.all(names::dns1123_subdomain(&name.text().to_lowercase()), errors);
}

/// The sources that drivers have replaced: what they cannot be without.
pub(crate) fn in_tree(kind: &str, source: &Spot<'_>, persistent: bool, errors: &mut Errors) {
    let fields: &[&str] = match kind {
        "gcePersistentDisk" => &["pdName"],
        "awsElasticBlockStore" | "cinder" | "portworxVolume" => &["volumeID"],
        "gitRepo" => &["repository"],
        "iscsi" => &["targetPortal", "iqn"],
        "glusterfs" => &["endpoints", "path"],
        "rbd" => &["monitors", "image"],
        "cephfs" => &["monitors"],
        "flexVolume" => &["driver"],
        "azureFile" => &["secretName", "shareName"],
        "azureDisk" => &["diskName", "diskURI"],
        "vsphereVolume" => &["volumePath"],
        "photonPersistentDisk" => &["pdID"],
        "scaleIO" => &["gateway", "system", "volumeName"],
        "quobyte" => &["registry", "volume"],
        "storageos" if persistent => &["volumeName"],
        "local" => &["path"],
        _ => &[],
    };
    for field in fields {
        source.get(field).demand(errors);
    }
    if matches!(kind, "local" | "gitRepo") {
        let path = source.get(if kind == "local" { "path" } else { "directory" });
        path.no_backsteps(errors);
    }
    if kind == "fc" {
        let (names, ids) = (source.get("targetWWNs"), source.get("wwids"));
        match (names.len() > 0, ids.len() > 0) {
            (false, false) => {
                errors.push(names.required("must specify either targetWWNs or wwids, but not both"));
            }
            (true, true) => {
                errors.push(names.invalid("targetWWNs and wwids can not be specified simultaneously"));
            }
            (true, false) if !source.get("lun").is_set() => {
                errors.push(source.get("lun").required("lun is required if targetWWNs is specified"));
            }
            _ => {}
        }
    }
    source.get("partition").range(0, 255, errors);
    source.get("lun").range(0, 255, errors);
}

fn access_modes(spec: &Spot<'_>, missing: &str, errors: &mut Errors) {
    let modes = spec.get("accessModes");
    if modes.len() == 0 {
        errors.push(modes.required(missing));
    }
    for mode in modes.items() {
        if !ACCESS_MODES.contains(&mode.text()) {
            errors.push(FieldError::not_supported(modes.path(), mode.text(), &ACCESS_MODES));
        }
    }
    if modes.len() > 1 && modes.items().any(|mode| mode.text() == "ReadWriteOncePod") {
        errors.push(modes.forbidden("may not use ReadWriteOncePod with other access modes"));
    }
}

/// The fields of a persistent volume that are not its source.
const VOLUME_FIELDS: [&str; 9] = [
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

/// A persistent volume.
pub(crate) fn volume(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let spec = Spot::of(object).get("spec");
    access_modes(&spec, "", &mut errors);
    let capacity = spec.get("capacity");
    if capacity.len() == 0 {
        errors.push(capacity.required(""));
    } else if capacity.len() > 1 || !capacity.get("storage").is_set() {
        errors.push(FieldError::not_supported(capacity.path(), capacity.value().clone(), &["storage"]));
    }
    for (_, amount) in capacity.entries() {
        if amount.quantity().is_some_and(|quantity| quantity.is_negative() || quantity.is_zero()) {
            errors.push(amount.invalid("must be greater than zero"));
        }
    }
    let reclaim = spec.get("persistentVolumeReclaimPolicy");
    reclaim.optional_choice(&RECLAIM_POLICIES, &mut errors);
    let affinity = spec.get("nodeAffinity");
    if affinity.is_set() {
        let required = affinity.get("required");
        match required.is_set() {
            true => placement::node_selector(&required, &mut errors),
            false => errors.push(required.required("must specify required node constraints")),
        }
    }
    volume_source(&spec, &mut errors);
    if spec.get("hostPath").get("path").text() == "/" && reclaim.text() == "Recycle" {
        errors.push(reclaim.forbidden("may not be 'recycle' for a hostPath mount of '/'"));
    }
    let class = spec.get("storageClassName");
    if !class.text().is_empty() {
        class.dns_subdomain(&mut errors);
    }
    spec.get("volumeMode").optional_choice(&VOLUME_MODES, &mut errors);
    let attributes = spec.get("volumeAttributesClassName");
    if attributes.is_set() {
        match attributes.text() {
            "" => errors.push(attributes.required("an empty string is disallowed")),
            _ => attributes.dns_subdomain(&mut errors),
        }
        if !spec.get("csi").is_set() {
            let detail = "has to be specified when using volumeAttributesClassName";
            errors.push(spec.get("csi").required(detail));
        }
    }
    errors
}

fn volume_source(spec: &Spot<'_>, errors: &mut Errors) {
    let mut seen = false;
    for (name, _) in spec.entries().filter(|(name, value)| !VOLUME_FIELDS.contains(name) && value.is_set()) {
        let source = spec.get(name);
        if seen {
            errors.push(source.forbidden("may not specify more than 1 volume type"));
            continue;
        }
        seen = true;
        match name {
            "hostPath" => host_path(&source, errors),
            "nfs" => nfs(&source, errors),
            "csi" => {
                driver_name(&source.get("driver"), errors);
                source.get("volumeHandle").demand(errors);
            }
            "local" => {
                in_tree("local", &source, true, errors);
                if !spec.get("nodeAffinity").is_set() {
                    errors.push(spec.get("nodeAffinity").required("Local volume requires node affinity"));
                }
            }
            other => in_tree(other, &source, true, errors),
        }
    }
    if !seen {
        errors.push(spec.required("must specify a volume type"));
    }
}

/// A change of a persistent volume: its source is final, its mode and affinity too.
pub(crate) fn volume_update(object: &Object, old: &Object) -> Errors {
    let mut errors = volume(object);
    let (spec, before) = (Spot::of(object).get("spec"), Spot::of(old).get("spec"));
    let source = |spec: &Spot<'_>| -> Vec<(String, apimachinery::Value)> {
        let parts = spec.entries().filter(|(name, value)| !VOLUME_FIELDS.contains(name) && value.is_set());
        parts.map(|(name, value)| (name.to_owned(), value.value().clone())).collect()
    };
    if source(&spec) != source(&before) {
        let at = apimachinery::field::Path::new("spec.persistentvolumesource");
        errors.push(FieldError::forbidden(&at, "spec.persistentvolumesource is immutable after creation\n"));
    }
    spec.get("volumeMode").immutable(&before.get("volumeMode"), &mut errors);
    if before.get("nodeAffinity").is_set() {
        spec.get("nodeAffinity").immutable(&before.get("nodeAffinity"), &mut errors);
    }
    errors
}

/// A claim.
pub(crate) fn claim(object: &Object) -> Errors {
    let mut errors = Errors::new();
    claim_spec(&Spot::of(object).get("spec"), &mut errors);
    errors
}

/// A claim's specification, or that of a template.
pub(crate) fn claim_spec(spec: &Spot<'_>, errors: &mut Errors) {
    access_modes(spec, "at least 1 access mode is required", errors);
    label_selector(&spec.get("selector"), errors);
    let storage = spec.get("resources").get("requests").get("storage");
    let at = spec.get("resources").path().key("storage");
    match storage.quantity() {
        None => errors.push(FieldError::required(&at, "")),
        Some(quantity) if quantity.is_negative() || quantity.is_zero() => {
            errors.push(FieldError::invalid(&at, storage.value().clone(), "must be greater than zero"));
        }
        Some(_) => {}
    }
    let class = spec.get("storageClassName");
    if !class.text().is_empty() {
        class.dns_subdomain(errors);
    }
    spec.get("volumeMode").optional_choice(&VOLUME_MODES, errors);
    for field in ["dataSource", "dataSourceRef"] {
        let source = spec.get(field);
        if !source.is_set() {
            continue;
        }
        source.get("name").demand(errors);
        source.get("kind").demand(errors);
        if source.get("apiGroup").text().is_empty() && source.get("kind").text() != "PersistentVolumeClaim" {
            let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
            errors.push(FieldError::invalid(source.path(), source.get("kind").text(), detail));
        }
    }
    let attributes = spec.get("volumeAttributesClassName");
    if !attributes.text().is_empty() {
        attributes.dns_subdomain(errors);
    }
}

/// A change of a claim: it may be bound, and a bound one may ask for more.
pub(crate) fn claim_update(object: &Object, old: &Object) -> Errors {
    let mut errors = claim(object);
    let (spec, before) = (Spot::of(object).get("spec"), Spot::of(old).get("spec"));
    let mut wanted = object.at(&["spec"]).cloned().unwrap_or_default();
    let own = old.at(&["spec"]).cloned().unwrap_or_default();
    let mut keep = |path: &[&str]| match own.at(path) {
        Some(value) => wanted.set(path, value.clone()),
        None => drop(wanted.remove(path)),
    };
    if before.get("volumeName").text().is_empty() {
        keep(&["volumeName"]);
    }
    // A claim without a class may be given one, by the server and by whoever made it.
    if !before.get("storageClassName").is_set() {
        keep(&["storageClassName"]);
    }
    keep(&["volumeAttributesClassName"]);
    let bound = Spot::of(old).get("status").get("phase").text() == "Bound";
    let storage = spec.get("resources").get("requests").get("storage");
    let asked = before.get("resources").get("requests").get("storage").quantity();
    if bound {
        keep(&["resources", "requests"]);
    }
    if wanted != own {
        let detail = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n";
        errors.push(spec.forbidden(detail));
    }
    if storage.quantity() < asked {
        errors.push(storage.forbidden("field can not be less than previous value"));
    }
    errors
}

/// A storage class.
pub(crate) fn class(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let root = Spot::of(object);
    let provisioner = root.get("provisioner");
    if provisioner.demand(&mut errors) {
        provisioner.all(names::qualified_name(&provisioner.text().to_lowercase()), &mut errors);
    }
    let parameters = root.get("parameters");
    if parameters.len() > PARAMETERS_LIMIT {
        errors.push(FieldError::too_long(parameters.path(), PARAMETERS_LIMIT));
    }
    let mut total = 0;
    for (key, value) in parameters.entries() {
        if key.is_empty() {
            errors.push(FieldError::invalid(parameters.path(), key, "field can not be empty."));
        }
        total += key.len() + value.text().len();
    }
    if total > PARAMETERS_BYTES_LIMIT {
        errors.push(FieldError::too_long(parameters.path(), PARAMETERS_BYTES_LIMIT));
    }
    root.get("reclaimPolicy").optional_choice(&["Delete", "Retain"], &mut errors);
    root.get("volumeBindingMode").choice(&["Immediate", "WaitForFirstConsumer"], &mut errors);
    errors
}

/// A change of a storage class.
pub(crate) fn class_update(object: &Object, old: &Object) -> Errors {
    let mut errors = Errors::new();
    let (root, before) = (Spot::of(object), Spot::of(old));
    for field in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] {
        root.get(field).immutable(&before.get(field), &mut errors);
    }
    errors
}
