//! Mandatory access control: AppArmor profiles, and what of SELinux can be said without it.

use std::fs;
use std::io;
use std::path::Path;

use cri_api::v1::{LinuxContainerSecurityContext, security_profile::ProfileType};
use cri_api::{Error, Result};

/// The profile that containers get where the runtime's own is asked for: containerd's name, since hosts have it loaded
/// under that name if at all. Compiling one takes a program of the host, and none is executed.
const DEFAULT_PROFILE: &str = "cri-containerd.apparmor.d";
const APP_ARMOR_ENABLED: &str = "/sys/module/apparmor/parameters/enabled";
const APP_ARMOR_PROFILES: &str = "/sys/kernel/security/apparmor/profiles";
const SELINUX_MOUNT: &str = "/sys/fs/selinux/enforce";

fn app_armor_enabled() -> bool {
    fs::read_to_string(APP_ARMOR_ENABLED).is_ok_and(|text| text.starts_with('Y'))
}

/// Whether the kernel's list of profiles, `NAME (MODE)` each, has one of that name.
fn is_loaded(profiles: &str, name: &str) -> bool {
    profiles.lines().any(|line| line.rsplit_once(" (").is_some_and(|(loaded, _)| loaded == name))
}

/// The AppArmor profile of a container; `None` for none. Refuses what this host cannot enforce, and options of SELinux
/// on a host where they would mean something.
pub(crate) fn profile(security: &LinuxContainerSecurityContext) -> Result<Option<String>> {
    if security.selinux_options.is_some() && Path::new(SELINUX_MOUNT).exists() {
        // Elsewhere they mean nothing, and every runtime passes over them.
        return Err(Error::unimplemented("SELinux options on a host with SELinux are not supported"));
    }
    let Some(wanted) = &security.apparmor else { return Ok(None) };
    let name = match wanted.profile_type() {
        ProfileType::Unconfined => return Ok(None),
        _ if security.privileged => return Ok(None),
        ProfileType::RuntimeDefault => DEFAULT_PROFILE,
        ProfileType::Localhost => wanted.localhost_ref.trim_start_matches("localhost/"),
    };
    if !app_armor_enabled() {
        return Err(Error::failed_precondition("apparmor is not supported"));
    }
    let profiles = fs::read_to_string(APP_ARMOR_PROFILES)
        .map_err(|error| Error::internal(format!("read {APP_ARMOR_PROFILES}: {error}")))?;
    if !is_loaded(&profiles, name) {
        return Err(Error::failed_precondition(format!("apparmor profile not found {name}")));
    }
    Ok(Some(name.to_owned()))
}

/// Lets the next exec of this process put it under a profile.
pub(crate) fn confine_at_exec(profile: &str) -> io::Result<()> {
    let order = format!("exec {profile}");
    match fs::write("/proc/self/attr/apparmor/exec", &order) {
        // Kernels before 5.8 have one file for whichever module is active.
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::write("/proc/self/attr/exec", order),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cri_api::v1::{SeLinuxOption, SecurityProfile};

    #[test]
    fn profiles_are_found_by_their_whole_name() {
        let loaded = "cri-containerd.apparmor.d (enforce)\n/usr/bin/man (complain)\nwith space (enforce)\n";
        assert!(is_loaded(loaded, "cri-containerd.apparmor.d") && is_loaded(loaded, "with space"));
        assert!(!is_loaded(loaded, "cri-containerd") && !is_loaded(loaded, ""));
    }

    #[test]
    fn what_cannot_be_enforced_is_refused() {
        let with = |profile_type: ProfileType, privileged: bool| {
            let apparmor = SecurityProfile { profile_type: profile_type as i32, localhost_ref: "none-such".to_owned() };
            profile(&LinuxContainerSecurityContext { apparmor: Some(apparmor), privileged, ..Default::default() })
        };
        assert_eq!(with(ProfileType::Unconfined, false), Ok(None));
        assert_eq!(with(ProfileType::Localhost, true), Ok(None), "privileged containers are not confined");
        assert!(with(ProfileType::Localhost, false).is_err());
        let selinux = LinuxContainerSecurityContext {
            selinux_options: Some(SeLinuxOption { level: "s0:c1".to_owned(), ..Default::default() }),
            ..Default::default()
        };
        assert_eq!(profile(&selinux).is_ok(), !Path::new(SELINUX_MOUNT).exists());
    }
}
