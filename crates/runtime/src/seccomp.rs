//! Seccomp profiles.

use cri_api::v1::LinuxContainerSecurityContext;
use cri_api::v1::security_profile::ProfileType;
use cri_api::{Error, Result};

/// The programs for a container, encoded for its specification.
pub(crate) fn programs(security: &LinuxContainerSecurityContext, _capabilities: u64) -> Result<Vec<String>> {
    match security.seccomp.as_ref().map(|profile| profile.profile_type()) {
        None | Some(ProfileType::Unconfined) => Ok(Vec::new()),
        Some(kind) => Err(Error::unimplemented(format!("the seccomp profile {kind:?} is not supported yet"))),
    }
}
