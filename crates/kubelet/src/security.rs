//! Security contexts of pods and containers in the runtime's words.

use api::views::core_v1::{
    AppArmorProfile, Container, PodSecurityContext, PodSpec, SELinuxOptions, SeccompProfile, SecurityContext,
};
use apimachinery::Map;
use cri_api::v1::{
    Capability, Int64Value, LinuxContainerSecurityContext, LinuxSandboxSecurityContext, NamespaceMode, NamespaceOption,
    SeLinuxOption, SecurityProfile, SupplementalGroupsPolicy, security_profile::ProfileType,
};

/// Paths of `/proc` and `/sys` that containers do not see unless `procMount` is `Unmasked`.
const MASKED_PATHS: [&str; 11] = [
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
];
const READONLY_PATHS: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// Where the seccomp profiles of `Localhost` stand, below the kubelet's root.
pub const SECCOMP_DIRECTORY: &str = "seccomp";

/// Why a container may not run.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It must not run as root, and would.
    #[error("container's runAsUser breaks non-root policy (pod: \"{pod}\", container: {container})")]
    RunAsRoot {
        /// The pod.
        pod: String,
        /// The container.
        container: String,
    },
    /// It must not run as root, and its image says root.
    #[error("container has runAsNonRoot and image will run as root (pod: \"{pod}\", container: {container})")]
    ImageRunsAsRoot {
        /// The pod.
        pod: String,
        /// The container.
        container: String,
    },
    /// It must not run as root, and its image names a user whose number is unknown.
    #[error(
        "container has runAsNonRoot and image has non-numeric user ({user}), cannot verify user is non-root (pod: \"{pod}\", container: {container})"
    )]
    ImageUserUnknown {
        /// The image's user.
        user: String,
        /// The pod.
        pod: String,
        /// The container.
        container: String,
    },
}

/// The pod's and the container's security context together; the container's fields win.
#[derive(Clone, Copy)]
pub struct Effective<'a> {
    pod: PodSecurityContext<'a>,
    own: SecurityContext<'a>,
}

static NOTHING: Map = Map::EMPTY;

impl<'a> Effective<'a> {
    /// Of a container in a pod.
    pub fn new(spec: PodSpec<'a>, container: Container<'a>) -> Effective<'a> {
        Effective {
            pod: spec.security_context().unwrap_or(PodSecurityContext(&NOTHING)),
            own: container.security_context().unwrap_or(SecurityContext(&NOTHING)),
        }
    }

    /// The user to run as, if one is set.
    pub fn run_as_user(self) -> Option<i64> {
        self.own.run_as_user().or(self.pod.run_as_user())
    }

    /// The group to run as, if one is set.
    pub fn run_as_group(self) -> Option<i64> {
        self.own.run_as_group().or(self.pod.run_as_group())
    }

    /// Whether the container may do everything.
    pub fn privileged(self) -> bool {
        self.own.privileged() == Some(true)
    }

    fn seccomp(self) -> Option<SeccompProfile<'a>> {
        self.own.seccomp_profile().or(self.pod.seccomp_profile())
    }

    /// The AppArmor profile to run under, if one is set.
    pub fn app_armor(self) -> Option<AppArmorProfile<'a>> {
        self.own.app_armor_profile().or(self.pod.app_armor_profile())
    }

    /// Refuses root where `runAsNonRoot` is set. `image_uid` and `image_user` are what the image says.
    pub fn check_non_root(
        self,
        pod: &str,
        container: &str,
        image_uid: Option<i64>,
        image_user: &str,
    ) -> Result<(), Error> {
        if self.own.run_as_non_root().or(self.pod.run_as_non_root()) != Some(true) {
            return Ok(());
        }
        let (pod, container) = (pod.to_owned(), container.to_owned());
        match (self.run_as_user(), image_uid) {
            (Some(0), _) => Err(Error::RunAsRoot { pod, container }),
            (Some(_), _) => Ok(()),
            (None, Some(0)) => Err(Error::ImageRunsAsRoot { pod, container }),
            (None, Some(_)) => Ok(()),
            (None, None) if image_user.is_empty() => Err(Error::ImageRunsAsRoot { pod, container }),
            (None, None) => Err(Error::ImageUserUnknown { user: image_user.to_owned(), pod, container }),
        }
    }
}

fn profile(kind: &str, reference: Option<&str>) -> SecurityProfile {
    let (profile_type, localhost_ref) = match kind {
        "RuntimeDefault" => (ProfileType::RuntimeDefault, String::new()),
        "Localhost" => (ProfileType::Localhost, reference.unwrap_or_default().to_owned()),
        _ => (ProfileType::Unconfined, String::new()),
    };
    SecurityProfile { profile_type: profile_type as i32, localhost_ref }
}

/// A seccomp profile; files are found below `seccomp_root`. Without one nothing is filtered, as upstream.
fn seccomp(wanted: Option<SeccompProfile<'_>>, seccomp_root: &str) -> SecurityProfile {
    let Some(wanted) = wanted else { return profile("Unconfined", None) };
    let path = wanted.localhost_profile().map(|name| format!("{seccomp_root}/{name}"));
    profile(wanted.type_(), path.as_deref())
}

fn se_linux(options: Option<SELinuxOptions<'_>>) -> Option<SeLinuxOption> {
    options.map(|options| SeLinuxOption {
        user: options.user().to_owned(),
        role: options.role().to_owned(),
        r#type: options.type_().to_owned(),
        level: options.level().to_owned(),
    })
}

fn groups(context: PodSecurityContext<'_>) -> (Vec<i64>, i32) {
    let groups = context.supplemental_groups().iter().chain(context.fs_group()).collect();
    let policy = match context.supplemental_groups_policy() {
        Some("Strict") => SupplementalGroupsPolicy::Strict,
        _ => SupplementalGroupsPolicy::Merge,
    };
    (groups, policy as i32)
}

/// Which namespaces the pod shares with whom. `target` is the container whose processes an ephemeral one sees.
pub fn namespaces(spec: PodSpec<'_>, target: Option<&str>) -> NamespaceOption {
    let host = |flag: bool, otherwise: NamespaceMode| if flag { NamespaceMode::Node } else { otherwise };
    let pid = match target {
        Some(_) => NamespaceMode::Target,
        None if spec.host_pid() => NamespaceMode::Node,
        None if spec.share_process_namespace() == Some(true) => NamespaceMode::Pod,
        None => NamespaceMode::Container,
    };
    NamespaceOption {
        network: host(spec.host_network(), NamespaceMode::Pod) as i32,
        ipc: host(spec.host_ipc(), NamespaceMode::Pod) as i32,
        pid: pid as i32,
        target_id: target.unwrap_or_default().to_owned(),
        userns_options: None,
    }
}

/// The security context of a pod's sandbox.
pub fn sandbox(spec: PodSpec<'_>, seccomp_root: &str) -> LinuxSandboxSecurityContext {
    let context = spec.security_context().unwrap_or(PodSecurityContext(&NOTHING));
    let (supplemental_groups, supplemental_groups_policy) = groups(context);
    let mut all = spec.containers().iter().chain(spec.init_containers().iter());
    LinuxSandboxSecurityContext {
        namespace_options: Some(namespaces(spec, None)),
        selinux_options: se_linux(context.se_linux_options()),
        run_as_user: context.run_as_user().map(|value| Int64Value { value }),
        run_as_group: context.run_as_group().map(|value| Int64Value { value }),
        supplemental_groups,
        supplemental_groups_policy,
        privileged: all.any(|container| Effective::new(spec, container).privileged()),
        seccomp: Some(seccomp(context.seccomp_profile(), seccomp_root)),
        apparmor: context.app_armor_profile().map(|wanted| profile(wanted.type_(), wanted.localhost_profile())),
        ..Default::default()
    }
}

/// The security context of a container.
pub fn container(
    spec: PodSpec<'_>,
    container: Container<'_>,
    target: Option<&str>,
    seccomp_root: &str,
) -> LinuxContainerSecurityContext {
    let effective = Effective::new(spec, container);
    let own = effective.own;
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let (supplemental_groups, supplemental_groups_policy) = groups(effective.pod);
    let unmasked = own.proc_mount() == Some("Unmasked");
    let capabilities = own.capabilities().map(|wanted| Capability {
        add_capabilities: wanted.add().iter().map(str::to_owned).collect(),
        drop_capabilities: wanted.drop().iter().map(str::to_owned).collect(),
        add_ambient_capabilities: Vec::new(),
    });
    LinuxContainerSecurityContext {
        capabilities,
        privileged: effective.privileged(),
        namespace_options: Some(namespaces(spec, target)),
        selinux_options: se_linux(own.se_linux_options().or(effective.pod.se_linux_options())),
        run_as_user: effective.run_as_user().map(|value| Int64Value { value }),
        run_as_group: effective.run_as_group().map(|value| Int64Value { value }),
        readonly_rootfs: own.read_only_root_filesystem() == Some(true),
        supplemental_groups,
        supplemental_groups_policy,
        no_new_privs: own.allow_privilege_escalation() == Some(false),
        masked_paths: if unmasked { Vec::new() } else { texts(&MASKED_PATHS) },
        readonly_paths: if unmasked { Vec::new() } else { texts(&READONLY_PATHS) },
        seccomp: Some(seccomp(effective.seccomp(), seccomp_root)),
        apparmor: effective.app_armor().map(|wanted| profile(wanted.type_(), wanted.localhost_profile())),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use apimachinery::{Value, value};

    fn with<T>(spec: Value, check: impl FnOnce(PodSpec<'_>, Container<'_>) -> T) -> T {
        let spec = PodSpec::of(&spec);
        check(spec, spec.containers().first().unwrap())
    }

    #[test]
    fn the_container_wins() {
        let spec = value!({
            "securityContext": {"runAsUser": 1, "runAsGroup": 2, "fsGroup": 3, "supplementalGroups": [4]},
            "containers": [{"securityContext": {
                "runAsUser": 5, "allowPrivilegeEscalation": false, "capabilities": {"add": ["NET_ADMIN"]},
                "seccompProfile": {"type": "Localhost", "localhostProfile": "p.json"}
            }}]
        });
        let context = with(spec, |spec, one| container(spec, one, None, "/root/seccomp"));
        assert_eq!(context.run_as_user, Some(Int64Value { value: 5 }));
        assert_eq!(context.run_as_group, Some(Int64Value { value: 2 }));
        assert_eq!(context.supplemental_groups, [4, 3]);
        assert!(context.no_new_privs && !context.privileged);
        assert_eq!(context.capabilities.unwrap().add_capabilities, ["NET_ADMIN"]);
        assert_eq!(context.seccomp.unwrap().localhost_ref, "/root/seccomp/p.json");
        assert!(context.masked_paths.contains(&"/proc/kcore".to_owned()));
    }

    #[test]
    fn root_is_refused() {
        let check = |context: Value, uid: Option<i64>, user: &str| {
            let spec = value!({"containers": [{"securityContext": context}]});
            with(spec, |spec, one| Effective::new(spec, one).check_non_root("p", "c", uid, user))
        };
        assert!(check(value!({}), Some(0), "").is_ok());
        assert!(check(value!({"runAsNonRoot": true}), Some(1000), "").is_ok());
        assert!(check(value!({"runAsNonRoot": true, "runAsUser": 7}), Some(0), "").is_ok());
        for (context, uid, user) in [
            (value!({"runAsNonRoot": true, "runAsUser": 0}), None, ""),
            (value!({"runAsNonRoot": true}), Some(0), ""),
            (value!({"runAsNonRoot": true}), None, "www"),
            (value!({"runAsNonRoot": true}), None, ""),
        ] {
            assert!(check(context, uid, user).is_err());
        }
    }
}
