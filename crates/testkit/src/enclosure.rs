//! A node's namespaces and cgroup around one command, for harnesses that run a node and its clients in one place.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, ExitStatus},
};

use anyhow::Context;

use crate::cluster::{CGROUP, NODE_SCRIPT, remove_own_cgroups, remove_stale_cgroups, wait_for};

/// Runs a command in namespaces and a cgroup of its own, with loopback up and nothing else in its network; whatever it
/// starts ends with it. What it finds in `/tmp`, `/opt`, `/var/log` and the like lies below `state`, which must not be
/// in one of them.
///
/// # Errors
/// The namespaces cannot be made; processes outlive the command.
pub fn run<A: AsRef<OsStr>>(
    name: &str,
    state: &Path,
    resolver: &str,
    command: impl IntoIterator<Item = A>,
) -> anyhow::Result<ExitStatus> {
    remove_stale_cgroups();
    std::fs::create_dir_all(state).with_context(|| format!("cannot make {}", state.display()))?;
    let cgroup = format!("{CGROUP}/{}-{name}", std::process::id());
    let mut shell = Command::new("sh");
    shell.args(["-c", NODE_SCRIPT, "sh", "outer", name, &cgroup]).arg(state).arg(resolver).args(command);
    shell.env("NODE_SCRIPT", NODE_SCRIPT);
    let status = shell.status().context("cannot run sh")?;
    wait_for("the end of all processes", || Ok(remove_own_cgroups().then_some(())))?;
    Ok(status)
}
