//! Namespaces of the measurement's own.
//!
//! With them, no port is anyone else's, a node's links and rules touch nothing, and everything that was started ends
//! with process 1 of the PID namespace, however that ends. They need root; without it everything runs where it is,
//! and scenarios with a node are refused.

use std::process::Command;

use anyhow::{Context, bail};

/// Brings up loopback, and an address with a default route, without which a node has none.
const SCRIPT: &str = "set -eu
ip link set lo up
ip link add bench0 type veth peer name bench1
ip address add 192.0.2.10/24 dev bench0
ip link set bench0 up
ip link set bench1 up
ip route add default via 192.0.2.1 dev bench0
mount -t tmpfs -o mode=755 tmpfs /run
mount --make-rshared /
exec \"$@\"
";

/// Runs this program again with the same arguments, inside.
///
/// # Errors
/// `unshare` and `ip` are missing or refuse; what the program says when it fails.
pub fn run_inside() -> anyhow::Result<()> {
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc"]);
    command.args(["--kill-child=KILL", "sh", "-c", SCRIPT, "sh"]).arg(std::env::current_exe()?);
    command.args(std::env::args_os().skip(1)).arg("--inside");
    let status = command.status().context("cannot run unshare")?;
    if status.success() { Ok(()) } else { bail!("the measurement ended with {status}") }
}

/// Whether namespaces can be made.
pub fn possible() -> bool {
    rustix::process::geteuid().is_root()
}
