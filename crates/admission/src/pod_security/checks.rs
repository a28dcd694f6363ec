//! The checks of both levels, in upstream's order and words.

use std::fmt;

use apimachinery::{Map, Value};

use super::Level;
use crate::pod::{containers, text};

/// What a pod may not do.
pub(super) struct Violation {
    pub(super) reason: String,
    detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)?;
        if self.detail.is_empty() { Ok(()) } else { write!(formatter, " ({})", self.detail) }
    }
}

/// A pod as the checks see it.
struct Pod<'p> {
    metadata: &'p Map,
    spec: &'p Map,
}

type Check = fn(&Pod<'_>) -> Option<Violation>;

/// In the order of upstream's identifiers. What a stricter check says better is left to it.
const BASELINE: [(Check, Overridden); 12] = [
    (app_armor, false),
    (capabilities_baseline, true),
    (host_namespaces, false),
    (host_path_volumes, true),
    (host_ports, false),
    (host_probes, false),
    (privileged, false),
    (proc_mount, false),
    (se_linux, false),
    (seccomp_baseline, true),
    (sysctls, false),
    (windows_host_process, false),
];

/// Whether a restricted check takes the place of this one.
type Overridden = bool;

const RESTRICTED: [Check; 6] = [
    privilege_escalation,
    capabilities_restricted,
    restricted_volumes,
    run_as_non_root,
    run_as_user,
    seccomp_restricted,
];

/// Everything that a pod may not do at `level`.
pub(super) fn violations(level: Level, metadata: &Map, spec: &Map) -> Vec<Violation> {
    if level == Level::Privileged {
        return Vec::new();
    }
    let restricted = level == Level::Restricted;
    let pod = Pod { metadata, spec };
    let baseline = BASELINE.iter().filter(|(_, overridden)| !(restricted && *overridden)).map(|(check, _)| *check);
    let stricter = RESTRICTED.iter().filter(|_| restricted).copied();
    baseline.chain(stricter).filter_map(|check| check(&pod)).collect()
}

fn violation(reason: impl Into<String>, detail: impl Into<String>) -> Option<Violation> {
    Some(Violation { reason: reason.into(), detail: detail.into() })
}

fn quoted<'t>(items: impl IntoIterator<Item = &'t str>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("{item:?}")).collect();
    items.join(", ")
}

fn plural<'t>(one: &'t str, many: &'t str, count: usize) -> &'t str {
    if count == 1 { one } else { many }
}

/// `container "a"`, `containers "a", "b"`
fn named(names: &[&str]) -> String {
    format!("{} {}", plural("container", "containers", names.len()), quoted(names.iter().copied()))
}

impl<'p> Pod<'p> {
    fn containers(&self) -> impl Iterator<Item = &'p Value> {
        containers(self.spec)
    }

    /// The names of the containers for which `bad` holds.
    fn names(&self, bad: impl Fn(&Value) -> bool) -> Vec<&'p str> {
        self.containers().filter(|container| bad(container)).map(|container| text(container, &["name"])).collect()
    }

    /// A value of the pod's own security context.
    fn context(&self, path: &[&str]) -> Option<&'p Value> {
        self.spec.get("securityContext")?.at(path)
    }

    fn is_windows(&self) -> bool {
        self.spec.get("os").is_some_and(|os| text(os, &["name"]) == "windows")
    }
}

/// A value of a container's security context.
fn context<'c>(container: &'c Value, path: &[&str]) -> Option<&'c Value> {
    container.get("securityContext")?.at(path)
}

/// `pod`, `container "a"`, or both: who sets what it must not.
fn setters(pod: bool, names: &[&str]) -> Option<String> {
    match (pod, names) {
        (false, []) => None,
        (true, []) => Some("pod".to_owned()),
        (false, names) => Some(named(names)),
        (true, names) => Some(format!("pod and {}", named(names))),
    }
}

fn app_armor(pod: &Pod<'_>) -> Option<Violation> {
    const PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";
    let bad = |value: Option<&Value>| {
        value.and_then(Value::as_str).is_some_and(|kind| !matches!(kind, "" | "RuntimeDefault" | "Localhost"))
    };
    let path = ["appArmorProfile", "type"];
    let mut values: Vec<&str> = Vec::new();
    let own = bad(pod.context(&path));
    let names = pod.names(|container| bad(context(container, &path)));
    for value in pod.containers().filter_map(|container| context(container, &path)).chain(pod.context(&path)) {
        let kind = value.as_str().unwrap_or_default();
        if bad(Some(value)) && !values.contains(&kind) {
            values.push(kind);
        }
    }
    let mut details = Vec::new();
    if let Some(setters) = setters(own, &names) {
        details.push(format!("{setters} must not set AppArmor profile type to {}", quoted(values.iter().copied())));
    }
    let allowed = |profile: &str| matches!(profile, "" | "runtime/default") || profile.starts_with("localhost/");
    let annotations = pod.metadata.get_map("annotations");
    let annotations: Vec<String> = annotations
        .into_iter()
        .flat_map(Map::iter)
        .filter_map(|(key, value)| Some((key, value.as_str()?)))
        .filter(|(key, profile)| key.starts_with(PREFIX) && !allowed(profile))
        .map(|(key, profile)| format!("{key}={profile:?}"))
        .collect();
    if !annotations.is_empty() {
        details.push(format!("{} {}", plural("annotation", "annotations", annotations.len()), annotations.join(", ")));
    }
    let count = values.len() + annotations.len();
    let reason = plural("forbidden AppArmor profile", "forbidden AppArmor profiles", count);
    if count == 0 { None } else { violation(reason, details.join("; ")) }
}

const BASELINE_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// The capabilities that containers add beyond `allowed`, sorted, and who adds them.
fn added<'p>(pod: &Pod<'p>, allowed: &[&str]) -> (Vec<&'p str>, Vec<&'p str>) {
    let (mut names, mut added) = (Vec::new(), Vec::new());
    for container in pod.containers() {
        let list = container.list_at(&["securityContext", "capabilities", "add"]);
        let bad: Vec<&str> =
            list.iter().filter_map(Value::as_str).filter(|capability| !allowed.contains(capability)).collect();
        if !bad.is_empty() {
            names.push(text(container, &["name"]));
            added.extend(bad);
        }
    }
    added.sort_unstable();
    added.dedup();
    (names, added)
}

fn capabilities_baseline(pod: &Pod<'_>) -> Option<Violation> {
    let (names, added) = added(pod, &BASELINE_CAPABILITIES);
    if names.is_empty() {
        return None;
    }
    let detail = format!("{} must not include {} in securityContext.capabilities.add", named(&names), quoted(added));
    violation("non-default capabilities", detail)
}

fn host_namespaces(pod: &Pod<'_>) -> Option<Violation> {
    let shared: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"]
        .iter()
        .filter(|field| pod.spec.bool_at(field) == Some(true))
        .map(|field| format!("{field}=true"))
        .collect();
    if shared.is_empty() { None } else { violation("host namespaces", shared.join(", ")) }
}

fn volume_names<'p>(pod: &Pod<'p>, bad: impl Fn(&Value) -> bool) -> Vec<&'p str> {
    pod.spec.list_at("volumes").iter().filter(|volume| bad(volume)).map(|volume| text(volume, &["name"])).collect()
}

fn host_path_volumes(pod: &Pod<'_>) -> Option<Violation> {
    let names = volume_names(pod, |volume| volume.get("hostPath").is_some_and(|source| !source.is_null()));
    if names.is_empty() {
        return None;
    }
    violation("hostPath volumes", format!("{} {}", plural("volume", "volumes", names.len()), quoted(names)))
}

fn host_ports(pod: &Pod<'_>) -> Option<Violation> {
    let ports = |container: &Value| -> Vec<i64> {
        let ports = container.list_at(&["ports"]).iter().filter_map(|port| port.i64_at(&["hostPort"]));
        ports.filter(|port| *port != 0).collect()
    };
    let names = pod.names(|container| !ports(container).is_empty());
    let mut all: Vec<i64> = pod.containers().flat_map(ports).collect();
    all.sort_unstable();
    all.dedup();
    if all.is_empty() {
        return None;
    }
    let listed: Vec<String> = all.iter().map(ToString::to_string).collect();
    let uses = plural("uses", "use", names.len());
    let detail =
        format!("{} {uses} {} {}", named(&names), plural("hostPort", "hostPorts", all.len()), listed.join(", "));
    violation("hostPort", detail)
}

fn host_probes(pod: &Pod<'_>) -> Option<Violation> {
    const HANDLERS: [&[&str]; 5] = [
        &["livenessProbe"],
        &["readinessProbe"],
        &["startupProbe"],
        &["lifecycle", "postStart"],
        &["lifecycle", "preStop"],
    ];
    let hosts = |container: &Value| -> Vec<String> {
        let handlers = HANDLERS.iter().filter_map(|path| container.at(path));
        let of = |handler: &Value| ["httpGet", "tcpSocket"].map(|kind| text(handler, &[kind, "host"]).to_owned());
        handlers.flat_map(of).filter(|host| !host.is_empty()).collect()
    };
    let names = pod.names(|container| !hosts(container).is_empty());
    let mut all: Vec<String> = pod.containers().flat_map(hosts).collect();
    all.sort();
    all.dedup();
    if all.is_empty() {
        return None;
    }
    let detail = format!(
        "{} {} probe or lifecycle {} {}",
        named(&names),
        plural("uses", "use", names.len()),
        plural("host", "hosts", all.len()),
        quoted(all.iter().map(String::as_str))
    );
    violation("probe or lifecycle host", detail)
}

fn privileged(pod: &Pod<'_>) -> Option<Violation> {
    let names = pod.names(|container| context(container, &["privileged"]).and_then(Value::as_bool) == Some(true));
    if names.is_empty() {
        return None;
    }
    violation("privileged", format!("{} must not set securityContext.privileged=true", named(&names)))
}

fn proc_mount(pod: &Pod<'_>) -> Option<Violation> {
    let mount = |container: &Value| context(container, &["procMount"]).and_then(Value::as_str).map(str::to_owned);
    let bad = |container: &Value| mount(container).filter(|mount| !mount.is_empty() && mount != "Default");
    let names = pod.names(|container| bad(container).is_some());
    let mut mounts: Vec<String> = pod.containers().filter_map(bad).collect();
    mounts.sort();
    mounts.dedup();
    if names.is_empty() {
        return None;
    }
    let mounts = quoted(mounts.iter().map(String::as_str));
    violation("procMount", format!("{} must not set securityContext.procMount to {mounts}", named(&names)))
}

fn se_linux(pod: &Pod<'_>) -> Option<Violation> {
    const TYPES: [&str; 5] = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
    let field = |options: &Value, name: &str| text(options, &[name]).to_owned();
    let is_bad = |options: &Value| {
        !TYPES.contains(&text(options, &["type"]))
            || !text(options, &["user"]).is_empty()
            || !text(options, &["role"]).is_empty()
    };
    let own = pod.context(&["seLinuxOptions"]);
    let names = pod.names(|container| context(container, &["seLinuxOptions"]).is_some_and(is_bad));
    let setters = setters(own.is_some_and(is_bad), &names)?;
    let all: Vec<&Value> = own
        .into_iter()
        .chain(pod.containers().filter_map(|container| context(container, &["seLinuxOptions"])))
        .collect();
    let mut problems = Vec::new();
    let mut types: Vec<String> =
        all.iter().map(|options| field(options, "type")).filter(|kind| !TYPES.contains(&kind.as_str())).collect();
    types.sort();
    types.dedup();
    if !types.is_empty() {
        let listed = quoted(types.iter().map(String::as_str));
        problems.push(format!("{} {listed}", plural("type", "types", types.len())));
    }
    for name in ["user", "role"] {
        if all.iter().any(|options| !field(options, name).is_empty()) {
            problems.push(format!("{name} may not be set"));
        }
    }
    let detail = format!("{setters} set forbidden securityContext.seLinuxOptions: {}", problems.join("; "));
    violation("seLinuxOptions", detail)
}

fn seccomp_baseline(pod: &Pod<'_>) -> Option<Violation> {
    let bad = |kind: Option<&Value>| {
        kind.and_then(Value::as_str).is_some_and(|kind| !matches!(kind, "" | "RuntimeDefault" | "Localhost"))
    };
    let path = ["seccompProfile", "type"];
    let own = bad(pod.context(&path));
    let names = pod.names(|container| bad(context(container, &path)));
    let setters = setters(own, &names)?;
    violation(
        "seccompProfile",
        format!(r#"{setters} must not set securityContext.seccompProfile.type to "Unconfined""#),
    )
}

fn sysctls(pod: &Pod<'_>) -> Option<Violation> {
    const ALLOWED: [&str; 12] = [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    ];
    let list = pod.context(&["sysctls"]).and_then(Value::as_list)?;
    let forbidden: Vec<&str> =
        list.iter().map(|sysctl| text(sysctl, &["name"])).filter(|name| !ALLOWED.contains(name)).collect();
    if forbidden.is_empty() { None } else { violation("forbidden sysctls", forbidden.join(", ")) }
}

fn windows_host_process(pod: &Pod<'_>) -> Option<Violation> {
    let path = ["windowsOptions", "hostProcess"];
    let is_true = |value: Option<&Value>| value.and_then(Value::as_bool) == Some(true);
    let names = pod.names(|container| is_true(context(container, &path)));
    let setters = setters(is_true(pod.context(&path)), &names)?;
    violation("hostProcess", format!("{setters} must not set securityContext.windowsOptions.hostProcess=true"))
}

fn privilege_escalation(pod: &Pod<'_>) -> Option<Violation> {
    let refused =
        |container: &Value| context(container, &["allowPrivilegeEscalation"]).and_then(Value::as_bool) == Some(false);
    let names = pod.names(|container| !refused(container));
    if names.is_empty() || pod.is_windows() {
        return None;
    }
    let detail = format!("{} must set securityContext.allowPrivilegeEscalation=false", named(&names));
    violation("allowPrivilegeEscalation != false", detail)
}

fn capabilities_restricted(pod: &Pod<'_>) -> Option<Violation> {
    if pod.is_windows() {
        return None;
    }
    let drops_all = |container: &Value| {
        let drops = container.list_at(&["securityContext", "capabilities", "drop"]);
        drops.iter().any(|capability| capability.as_str() == Some("ALL"))
    };
    let keeping = pod.names(|container| !drops_all(container));
    let (adding, added) = added(pod, &["NET_BIND_SERVICE"]);
    let mut details = Vec::new();
    if !keeping.is_empty() {
        details.push(format!(r#"{} must set securityContext.capabilities.drop=["ALL"]"#, named(&keeping)));
    }
    if !adding.is_empty() {
        details.push(format!(
            "{} must not include {} in securityContext.capabilities.add",
            named(&adding),
            quoted(added)
        ));
    }
    if details.is_empty() { None } else { violation("unrestricted capabilities", details.join("; ")) }
}

fn restricted_volumes(pod: &Pod<'_>) -> Option<Violation> {
    const ALLOWED: [&str; 9] = [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    let kind = |volume: &Value| -> Option<String> {
        let sources = volume.as_map()?.iter().filter(|(key, value)| *key != "name" && !value.is_null());
        let sources: Vec<_> = sources.map(|(key, _)| key.to_string()).collect();
        match sources.as_slice() {
            [] => None,
            sources if sources.iter().any(|source| ALLOWED.contains(&source.as_str())) => None,
            sources => Some(sources[0].clone()),
        }
    };
    let names = volume_names(pod, |volume| kind(volume).is_some());
    let mut kinds: Vec<String> = pod.spec.list_at("volumes").iter().filter_map(kind).collect();
    kinds.sort();
    kinds.dedup();
    if names.is_empty() {
        return None;
    }
    let detail = format!(
        "{} {} {} restricted volume {} {}",
        plural("volume", "volumes", names.len()),
        quoted(names.iter().copied()),
        plural("uses", "use", names.len()),
        plural("type", "types", kinds.len()),
        quoted(kinds.iter().map(String::as_str))
    );
    violation("restricted volume types", detail)
}

fn run_as_non_root(pod: &Pod<'_>) -> Option<Violation> {
    const REASON: &str = "runAsNonRoot != true";
    let flag = |value: Option<&Value>| value.and_then(Value::as_bool);
    let own = flag(pod.context(&["runAsNonRoot"]));
    let of = |container: &Value| flag(context(container, &["runAsNonRoot"]));
    let explicit = pod.names(|container| of(container) == Some(false));
    let implicit = pod.names(|container| of(container).is_none());
    // The pod's own word counts only for containers that say nothing.
    let pod_is_bad = own == Some(false);
    if pod_is_bad || !explicit.is_empty() {
        let setters = setters(pod_is_bad, &explicit)?;
        return violation(REASON, format!("{setters} must not set securityContext.runAsNonRoot=false"));
    }
    if own == Some(true) || implicit.is_empty() {
        return None;
    }
    violation(REASON, format!("pod or {} must set securityContext.runAsNonRoot=true", named(&implicit)))
}

fn run_as_user(pod: &Pod<'_>) -> Option<Violation> {
    let is_root = |value: Option<&Value>| value.and_then(Value::as_i64) == Some(0);
    let names = pod.names(|container| is_root(context(container, &["runAsUser"])));
    let setters = setters(is_root(pod.context(&["runAsUser"])), &names)?;
    violation("runAsUser=0", format!("{setters} must not set runAsUser=0"))
}

fn seccomp_restricted(pod: &Pod<'_>) -> Option<Violation> {
    if pod.is_windows() {
        return None;
    }
    let path = ["seccompProfile", "type"];
    let kind = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let good = |kind: &str| matches!(kind, "RuntimeDefault" | "Localhost");
    let own = kind(pod.context(&path));
    let of = |container: &Value| kind(context(container, &path));
    let explicit = pod.names(|container| !of(container).is_empty() && !good(&of(container)));
    let pod_is_bad = !own.is_empty() && !good(&own);
    let mut details = Vec::new();
    if let Some(setters) = setters(pod_is_bad, &explicit) {
        let mut kinds: Vec<String> =
            pod.containers().map(of).chain([own.clone()]).filter(|kind| !kind.is_empty() && !good(kind)).collect();
        kinds.sort();
        kinds.dedup();
        let kinds = quoted(kinds.iter().map(String::as_str));
        details.push(format!("{setters} must not set securityContext.seccompProfile.type to {kinds}"));
    }
    let implicit = pod.names(|container| of(container).is_empty());
    if own.is_empty() && !implicit.is_empty() {
        details.push(format!(
            r#"pod or {} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost""#,
            named(&implicit)
        ));
    }
    if details.is_empty() { None } else { violation("seccompProfile", details.join("; ")) }
}
