//! Names of capabilities, and which a container has unless told otherwise.

use cri_api::v1::Capability;
use cri_api::{Error, Result};

/// Every capability in the order of its number.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// What containerd gives a container, too.
const DEFAULT: [&str; 14] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
];

/// Every capability as a set of bits.
pub(crate) const ALL: u64 = (1 << NAMES.len()) - 1;

fn bit(name: &str) -> Result<u64> {
    let upper = name.to_ascii_uppercase();
    let short = upper.strip_prefix("CAP_").unwrap_or(&upper);
    match NAMES.iter().position(|known| *known == short) {
        Some(number) => Ok(1 << number),
        None => Err(Error::invalid_argument(format!("unknown capability {name:?}"))),
    }
}

/// Whether a set has the capability of that name, which must be a known one.
pub(crate) fn has(set: u64, name: &str) -> bool {
    bit(name).is_ok_and(|bit| set & bit != 0)
}

/// What a container may have, and what of it a process of another user than root has from the start.
pub(crate) fn resolve(requested: Option<&Capability>, privileged: bool) -> Result<(u64, u64)> {
    if privileged {
        return Ok((ALL, 0));
    }
    let mut set = DEFAULT.iter().try_fold(0, |set, name| bit(name).map(|bit| set | bit))?;
    let Some(requested) = requested else { return Ok((set, 0)) };
    let is_all = |name: &&String| name.eq_ignore_ascii_case("ALL");
    // "ALL" comes first in either list, so that single names refine it.
    if requested.add_capabilities.iter().any(|name| is_all(&name)) {
        set = ALL;
    }
    if requested.drop_capabilities.iter().any(|name| is_all(&name)) {
        set = 0;
    }
    for name in requested.add_capabilities.iter().filter(|name| !is_all(name)) {
        set |= bit(name)?;
    }
    for name in requested.drop_capabilities.iter().filter(|name| !is_all(name)) {
        set &= !bit(name)?;
    }
    let ambient = requested.add_ambient_capabilities.iter().try_fold(0, |set, name| bit(name).map(|bit| set | bit))?;
    Ok((set | ambient, ambient))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_add_to_and_drop_from_the_default() {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let resolved = |add: &[&str], drop: &[&str]| {
            let requested =
                Capability { add_capabilities: list(add), drop_capabilities: list(drop), ..Capability::default() };
            resolve(Some(&requested), false).map(|(set, _)| set)
        };
        let default = resolve(None, false).unwrap().0;
        // The well-known mask of a default container.
        assert_eq!(default, 0xa804_25fb);
        assert_eq!(resolved(&["net_admin"], &["CAP_KILL"]), Ok((default | 1 << 12) & !(1 << 5)));
        assert_eq!(resolved(&["NET_BIND_SERVICE"], &["ALL"]), Ok(1 << 10));
        assert_eq!(resolved(&["ALL"], &["SYS_ADMIN"]), Ok(ALL & !(1 << 21)));
        assert!(resolved(&["NO_SUCH"], &[]).is_err());
    }
}
