//! Security contexts.

use apimachinery::field::FieldError;

use super::{Errors, Spot};

/// The longest path of a profile on the node, in bytes.
const PROFILE_LENGTH: usize = 4095;

fn user(id: &Spot<'_>, errors: &mut Errors) {
    id.range(0, i64::from(i32::MAX), errors);
}

fn seccomp(profile: &Spot<'_>, errors: &mut Errors) {
    if !profile.is_set() {
        return;
    }
    let (kind, path) = (profile.get("type"), profile.get("localhostProfile"));
    match kind.text() {
        "" => errors.push(kind.required("type is required when seccompProfile is set")),
        _ => kind.optional_choice(&["Localhost", "RuntimeDefault", "Unconfined"], errors),
    }
    if kind.text() == "Localhost" {
        if !path.is_set() {
            errors.push(path.required("must be set when seccomp type is Localhost"));
        } else {
            path.descending_path(errors);
        }
    } else if path.is_set() {
        let shown = profile.value().clone();
        errors.push(FieldError::invalid(path.path(), shown, "can only be set when seccomp type is Localhost"));
    }
}

fn app_armor(profile: &Spot<'_>, errors: &mut Errors) {
    if !profile.is_set() {
        return;
    }
    let (kind, path) = (profile.get("type"), profile.get("localhostProfile"));
    match kind.text() {
        "Localhost" => match path.text() {
            "" => errors.push(path.required("must be set when AppArmor type is Localhost")),
            text if text.trim() != text => errors.push(path.invalid("must not be padded with whitespace")),
            text if text.len() > PROFILE_LENGTH => errors.push(FieldError::too_long(path.path(), PROFILE_LENGTH)),
            _ => {}
        },
        "RuntimeDefault" | "Unconfined" if path.is_set() => {
            errors.push(path.invalid("can only be set when AppArmor type is Localhost"));
        }
        "" => errors.push(kind.required("type is required when appArmorProfile is set")),
        _ => kind.optional_choice(&["Localhost", "RuntimeDefault", "Unconfined"], errors),
    }
}

/// The pod's.
pub(crate) fn pod(spec: &Spot<'_>, errors: &mut Errors) {
    let context = spec.get("securityContext");
    for id in ["fsGroup", "runAsUser", "runAsGroup"] {
        user(&context.get(id), errors);
    }
    context.get("supplementalGroups").items().for_each(|group| user(&group, errors));
    if spec.get("shareProcessNamespace").flag() && spec.get("hostPID").flag() {
        let at = context.get("shareProcessNamespace");
        errors.push(FieldError::invalid(at.path(), true, "ShareProcessNamespace and HostPID cannot both be enabled"));
    }
    sysctls(spec, &context, errors);
    context.get("fsGroupChangePolicy").optional_choice(&["OnRootMismatch", "Always"], errors);
    context.get("supplementalGroupsPolicy").optional_choice(&["Merge", "Strict"], errors);
    context.get("seLinuxChangePolicy").optional_choice(&["Recursive", "MountOption"], errors);
    seccomp(&context.get("seccompProfile"), errors);
    app_armor(&context.get("appArmorProfile"), errors);
}

fn sysctls(spec: &Spot<'_>, context: &Spot<'_>, errors: &mut Errors) {
    let mut seen = Vec::new();
    for sysctl in context.get("sysctls").items() {
        let name = sysctl.get("name");
        let text = name.text();
        if !name.demand(errors) {
            continue;
        }
        let segment = |part: &str| {
            let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
            let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            part.bytes().all(inner) && edge(part.bytes().next()) && edge(part.bytes().next_back())
        };
        if text.len() > 253 || !text.split(['.', '/']).all(segment) {
            let detail = "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
            errors.push(name.invalid(detail));
        } else if seen.contains(&text) {
            errors.push(name.duplicate());
        }
        seen.push(text);
        let network = text.starts_with("net.") || text.starts_with("net/");
        let ipc =
            ["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."].iter().any(|prefix| text.starts_with(prefix));
        if network && spec.get("hostNetwork").flag() {
            errors.push(name.invalid("may not be specified when 'hostNetwork' is true"));
        }
        if ipc && spec.get("hostIPC").flag() {
            errors.push(name.invalid("may not be specified when 'hostIPC' is true"));
        }
    }
}

/// A container's.
pub(crate) fn container(container: &Spot<'_>, host_users: bool, errors: &mut Errors) {
    let context = container.get("securityContext");
    if !context.is_set() {
        return;
    }
    user(&context.get("runAsUser"), errors);
    user(&context.get("runAsGroup"), errors);
    let proc_mount = context.get("procMount");
    proc_mount.optional_choice(&["Default", "Unmasked"], errors);
    if host_users && proc_mount.text() == "Unmasked" {
        errors.push(proc_mount.invalid("`hostUsers` must be false to use `Unmasked`"));
    }
    seccomp(&context.get("seccompProfile"), errors);
    app_armor(&context.get("appArmorProfile"), errors);
    let escalation = context.get("allowPrivilegeEscalation");
    if escalation.is_set() && !escalation.flag() {
        if context.get("privileged").flag() {
            errors.push(context.invalid("cannot set `allowPrivilegeEscalation` to false and `privileged` to true"));
        }
        if context.get("capabilities").get("add").items().any(|added| added.text() == "CAP_SYS_ADMIN") {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            errors.push(context.invalid(detail));
        }
    }
}
