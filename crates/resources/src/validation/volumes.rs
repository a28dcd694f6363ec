//! Volumes of pods, and how containers mount them.

use std::collections::BTreeMap;

use apimachinery::field::FieldError;

use super::{
    Errors, Spot,
    environment::{field_reference, resource_reference},
    storage,
};

/// The fields of a pod that a file may hold.
const FILE_FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
const MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";
/// The shortest and the longest life of a projected token, in seconds.
const TOKEN_SECONDS: (i64, i64) = (600, 1 << 32);
/// How long certificates of pods may live, in seconds; those of Kubernetes' own signers live less long.
const CERTIFICATE_SECONDS: (i64, i64) = (3600, 91 * 86_400);
const KUBERNETES_CERTIFICATE_SECONDS_MAX: i64 = 86_400;

/// The volumes of a pod by name, with their sources.
pub(crate) type Volumes<'v> = BTreeMap<&'v str, Spot<'v>>;

fn mode(mode: &Spot<'_>, errors: &mut Errors) {
    if mode.number().is_some_and(|bits| !(0..=0o777).contains(&bits)) {
        errors.push(mode.invalid(MODE));
    }
}

/// A path under a volume's root that names nothing of the kubelet's own.
fn file_path(path: &Spot<'_>, errors: &mut Errors) {
    path.descending_path(errors);
    let text = path.text();
    if text.starts_with("..") && !text.starts_with("../") {
        errors.push(path.invalid("must not start with '..'"));
    }
}

fn keys(items: &Spot<'_>, errors: &mut Errors) {
    for item in items.items() {
        item.get("key").demand(errors);
        if item.get("path").demand(errors) {
            file_path(&item.get("path"), errors);
        }
        mode(&item.get("mode"), errors);
    }
}

fn downward_files(items: &Spot<'_>, errors: &mut Errors) {
    for item in items.items() {
        if item.get("path").demand(errors) {
            file_path(&item.get("path"), errors);
        }
        let (field, resource) = (item.get("fieldRef"), item.get("resourceFieldRef"));
        match (field.is_set(), resource.is_set()) {
            (true, true) => {
                let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.push(FieldError::invalid(items.path(), "resource", detail));
            }
            (true, false) => field_reference(&field, &FILE_FIELDS, &[], errors),
            (false, true) => resource_reference(&resource, true, errors),
            (false, false) => {
                errors.push(FieldError::required(item.path(), "one of fieldRef and resourceFieldRef is required"));
            }
        }
        mode(&item.get("mode"), errors);
    }
}

/// The volumes of a pod's specification.
pub(crate) fn volumes<'v>(spec: &Spot<'v>, errors: &mut Errors) -> Volumes<'v> {
    let mut known = Volumes::new();
    for volume in spec.get("volumes").items() {
        let name = volume.get("name");
        let before = errors.len();
        if name.demand(errors) {
            name.dns_label(errors);
            if known.contains_key(name.text()) {
                errors.push(name.duplicate());
            }
        }
        source(&volume, errors);
        if errors.len() == before {
            known.insert(name.text(), volume);
        } else if !name.text().is_empty() {
            // Mounts of a wrong volume are not wrong in themselves.
            known.entry(name.text()).or_insert(volume);
        }
    }
    known
}

fn source(volume: &Spot<'_>, errors: &mut Errors) {
    let mut seen = false;
    let sources = volume.entries().filter(|(name, value)| *name != "name" && value.is_set());
    for (name, _) in sources {
        let one = volume.get(name);
        if seen {
            errors.push(one.forbidden("may not specify more than 1 volume type"));
            continue;
        }
        seen = true;
        let mut demand = |fields: &[&str]| {
            for field in fields {
                one.get(field).demand(errors);
            }
        };
        match name {
            "emptyDir" => {
                if one.get("sizeLimit").quantity().is_some_and(|limit| limit.is_negative()) {
                    let detail = "SizeLimit field must be a valid resource quantity";
                    errors.push(one.get("sizeLimit").forbidden(detail));
                }
                mode(&one.get("mode"), errors);
            }
            "hostPath" => storage::host_path(&one, errors),
            "secret" => {
                demand(&["secretName"]);
                mode(&one.get("defaultMode"), errors);
                keys(&one.get("items"), errors);
            }
            "configMap" => {
                demand(&["name"]);
                mode(&one.get("defaultMode"), errors);
                keys(&one.get("items"), errors);
            }
            "downwardAPI" => {
                mode(&one.get("defaultMode"), errors);
                downward_files(&one.get("items"), errors);
            }
            "projected" => projected(&one, errors),
            "persistentVolumeClaim" => demand(&["claimName"]),
            "nfs" => storage::nfs(&one, errors),
            "csi" => {
                storage::driver_name(&one.get("driver"), errors);
                let secret = one.get("nodePublishSecretRef");
                if secret.is_set() && secret.get("name").demand(errors) {
                    secret.get("name").dns_subdomain(errors);
                }
            }
            "ephemeral" => {
                let template = one.get("volumeClaimTemplate");
                match template.is_set() {
                    true => storage::claim_spec(&template.get("spec"), errors),
                    false => errors.push(template.required("")),
                }
            }
            "image" => one.get("pullPolicy").optional_choice(&["Always", "IfNotPresent", "Never"], errors),
            other => storage::in_tree(other, &one, false, errors),
        }
    }
    if !seen {
        errors.push(volume.required("must specify a volume type"));
    }
}

fn projected(volume: &Spot<'_>, errors: &mut Errors) {
    mode(&volume.get("defaultMode"), errors);
    let list = volume.get("sources");
    let mut paths: Vec<String> = Vec::new();
    for source in list.items() {
        let mut seen = false;
        for (name, _) in source.entries().filter(|(_, value)| value.is_set()) {
            let one = source.get(name);
            if seen {
                errors.push(source.forbidden("may not specify more than 1 volume type per source"));
                break;
            }
            seen = true;
            let mut own: Vec<String> = Vec::new();
            let mut listed = |items: &Spot<'_>| {
                own.extend(items.items().map(|item| item.get("path").text().to_owned()));
            };
            match name {
                "secret" | "configMap" => {
                    one.get("name").demand(errors);
                    keys(&one.get("items"), errors);
                    listed(&one.get("items"));
                }
                "downwardAPI" => {
                    downward_files(&one.get("items"), errors);
                    listed(&one.get("items"));
                }
                "serviceAccountToken" => {
                    token(&one, errors);
                    own.push(one.get("path").text().to_owned());
                }
                "clusterTrustBundle" => {
                    trust_bundle(&one, errors);
                    own.push(one.get("path").text().to_owned());
                }
                _ => certificate(&one, &mut own, errors),
            }
            for path in own.into_iter().filter(|path| !path.is_empty()) {
                if paths.contains(&path) {
                    errors.push(FieldError::invalid(list.path(), path.as_str(), "conflicting duplicate paths"));
                }
                paths.push(path);
            }
        }
    }
}

fn token(token: &Spot<'_>, errors: &mut Errors) {
    let seconds = token.get("expirationSeconds");
    match seconds.number() {
        None => errors.push(seconds.required("")),
        Some(number) if number < TOKEN_SECONDS.0 => {
            errors.push(seconds.invalid("may not specify a duration less than 10 minutes"));
        }
        Some(number) if number > TOKEN_SECONDS.1 => {
            errors.push(seconds.invalid("may not specify a duration larger than 2^32 seconds"));
        }
        Some(_) => {}
    }
    if token.get("path").demand(errors) {
        file_path(&token.get("path"), errors);
    }
}

fn trust_bundle(bundle: &Spot<'_>, errors: &mut Errors) {
    let (name, signer) = (bundle.get("name"), bundle.get("signerName"));
    match (name.is_set(), signer.is_set()) {
        (true, true) => errors.push(bundle.invalid("only one of name and signerName may be used")),
        (true, false) => {
            if name.text().is_empty() {
                errors.push(name.required("must be a valid object name"));
            }
            if bundle.get("labelSelector").is_set() {
                errors.push(bundle.get("labelSelector").invalid("labelSelector must be unset if name is specified"));
            }
        }
        (false, true) if signer.text().is_empty() => errors.push(signer.required("must be a valid signer name")),
        (false, true) => {}
        (false, false) => errors.push(bundle.required("either name or signerName must be specified")),
    }
    if bundle.get("path").demand(errors) {
        file_path(&bundle.get("path"), errors);
    }
}

fn certificate(certificate: &Spot<'_>, paths: &mut Vec<String>, errors: &mut Errors) {
    certificate.get("signerName").demand(errors);
    let kinds = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];
    let kind = certificate.get("keyType");
    if !kinds.contains(&kind.text()) {
        errors.push(FieldError::not_supported(kind.path(), kind.text(), &kinds));
    }
    let life = certificate.get("maxExpirationSeconds");
    if let Some(seconds) = life.number() {
        let domain = certificate.get("signerName").text().split('/').next().unwrap_or_default();
        let longest = match domain == "kubernetes.io" || domain.ends_with(".kubernetes.io") {
            true => KUBERNETES_CERTIFICATE_SECONDS_MAX,
            false => CERTIFICATE_SECONDS.1,
        };
        let wrong = |rule: String| life.invalid(format!("if provided, maxExpirationSeconds must be {rule}"));
        if seconds < CERTIFICATE_SECONDS.0 {
            errors.push(wrong(format!(">= {}", CERTIFICATE_SECONDS.0)));
        } else if seconds > longest {
            errors.push(wrong(format!("<= {longest}")));
        }
    }
    let mut any = false;
    for field in ["credentialBundlePath", "keyPath", "certificateChainPath"] {
        let path = certificate.get(field);
        if !path.text().is_empty() {
            any = true;
            file_path(&path, errors);
            paths.push(path.text().to_owned());
        }
    }
    if !any {
        let detail = "specify at least one of credentialBundlePath, keyPath, and certificateChainPath";
        errors.push(certificate.required(detail));
    }
}

/// The mounts and devices of a container.
pub(crate) fn mounts(container: &Spot<'_>, volumes: &Volumes<'_>, errors: &mut Errors) {
    let devices = container.get("volumeDevices");
    let mut paths = Vec::new();
    let privileged = container.get("securityContext").get("privileged").flag();
    for mount in container.get("volumeMounts").items() {
        let (name, path) = (mount.get("name"), mount.get("mountPath"));
        name.demand(errors);
        if !volumes.contains_key(name.text()) {
            errors.push(FieldError::not_found(name.path(), name.text()));
        }
        if path.demand(errors) && paths.contains(&path.text()) {
            errors.push(path.invalid("must be unique"));
        }
        paths.push(path.text());
        if devices.items().any(|device| device.get("name").text() == name.text()) {
            errors.push(name.invalid("must not already exist in volumeDevices"));
        }
        if devices.items().any(|device| device.get("devicePath").text() == path.text()) {
            errors.push(path.invalid("must not already exist as a path in volumeDevices"));
        }
        let (sub_path, expression) = (mount.get("subPath"), mount.get("subPathExpr"));
        sub_path.descending_path(errors);
        if !expression.text().is_empty() {
            if !sub_path.text().is_empty() {
                errors.push(expression.invalid("subPathExpr and subPath are mutually exclusive"));
            }
            expression.descending_path(errors);
        }
        let propagation = mount.get("mountPropagation");
        propagation.optional_choice(&["Bidirectional", "HostToContainer", "None"], errors);
        if propagation.text() == "Bidirectional" && !privileged {
            let detail = "Bidirectional mount propagation is available only to privileged containers";
            errors.push(propagation.forbidden(detail));
        }
        recursive_read_only(&mount, errors);
    }
    block_devices(container, &devices, volumes, errors);
}

fn recursive_read_only(mount: &Spot<'_>, errors: &mut Errors) {
    let wanted = mount.get("recursiveReadOnly");
    match wanted.text() {
        "" | "Disabled" => {}
        "Enabled" | "IfPossible" => {
            if !mount.get("readOnly").flag() {
                errors.push(wanted.forbidden("may only be specified when readOnly is true"));
            }
            if !matches!(mount.get("mountPropagation").text(), "" | "None") {
                let detail = "may only be specified when mountPropagation is None or not specified";
                errors.push(wanted.forbidden(detail));
            }
        }
        _ => wanted.optional_choice(&["Disabled", "Enabled", "IfPossible"], errors),
    }
}

fn block_devices(container: &Spot<'_>, devices: &Spot<'_>, volumes: &Volumes<'_>, errors: &mut Errors) {
    let (mut names_seen, mut paths) = (Vec::new(), Vec::new());
    for device in devices.items() {
        let (name, path) = (device.get("name"), device.get("devicePath"));
        name.demand(errors);
        if names_seen.contains(&name.text()) {
            errors.push(name.invalid("must be unique"));
        }
        names_seen.push(name.text());
        match volumes.get(name.text()) {
            None => errors.push(FieldError::not_found(name.path(), name.text())),
            Some(volume) if !volume.get("persistentVolumeClaim").is_set() && !volume.get("ephemeral").is_set() => {
                let detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.push(name.invalid(detail));
            }
            Some(_) => {}
        }
        if path.demand(errors) && paths.contains(&path.text()) {
            errors.push(path.invalid("must be unique"));
        }
        if path.text().split('/').any(|part| part == "..") {
            errors.push(path.invalid("can not contain backsteps ('..')"));
        }
        paths.push(path.text());
        if container.get("volumeMounts").items().any(|mount| mount.get("name").text() == name.text()) {
            errors.push(name.invalid("must not already exist in volumeMounts"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use apimachinery::{Object, value};

    #[test]
    fn certificates_of_pods_live_as_long_as_their_signer_may_say() {
        let problems = |signer: &str, seconds: i64| {
            let object = Object(value!({"spec": {
                "signerName": signer, "keyType": "ED25519", "keyPath": "key", "maxExpirationSeconds": seconds
            }}));
            let mut errors = Errors::new();
            certificate(&Spot::of(&object).get("spec"), &mut Vec::new(), &mut errors);
            errors.iter().map(ToString::to_string).collect::<String>()
        };
        assert_eq!(problems("example.com/a", 91 * 86_400), "");
        assert!(problems("example.com/a", 91 * 86_400 + 1).contains("maxExpirationSeconds must be <= 7862400"));
        assert!(problems("example.com/a", 3599).contains("maxExpirationSeconds must be >= 3600"));
        assert!(problems("kubernetes.io/a", 86_401).contains("maxExpirationSeconds must be <= 86400"));
    }
}
