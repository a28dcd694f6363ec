//! Namespaces of the measurement's own.
//!
//! With them, no port is anyone else's, a node's links, rules and cgroups touch nothing, and everything that was
//! started ends with process 1 of the PID namespace, however that ends. They need root; without it everything runs
//! where it is, and scenarios with a node are refused.

use std::{ffi::OsString, path::Path};

use anyhow::bail;

/// The node's address, and a default route, without which it has none. Nothing is at its other end.
pub const ADDRESS: &str = "192.0.2.10";
const GATEWAY: &str = "192.0.2.1";
const SCRIPT: &str = "set -eu
ip link add bench0 type veth peer name bench1
ip address add $1/24 dev bench0
ip link set bench0 up
ip link set bench1 up
ip route add default via $2 dev bench0
shift 2
\"$@\"
";

/// Runs this program again with the same arguments, inside.
///
/// # Errors
/// The namespaces cannot be made; the program fails.
pub fn run_inside(work: &Path) -> anyhow::Result<()> {
    let mut command: Vec<OsString> = ["sh", "-c", SCRIPT, "sh", ADDRESS, GATEWAY].map(OsString::from).to_vec();
    command.push(std::env::current_exe()?.into());
    command.extend(std::env::args_os().skip(1));
    command.push("--inside".into());
    let status = testkit::enclosure::run("bench", &std::path::absolute(work)?.join("node"), GATEWAY, command)?;
    if status.success() { Ok(()) } else { bail!("the measurement ended with {status}") }
}

/// Whether namespaces can be made.
pub fn possible() -> bool {
    rustix::process::geteuid().is_root()
}
