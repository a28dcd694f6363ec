//! Programs of the host that the harness calls: `ip`, `nsenter`, `unshare`, `setpriv`.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// Runs a command that must succeed and returns its standard output.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        bail!("{:?} {:?} ended with {}: {error}", command.get_program(), command.get_args(), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A command that the kernel ends when the harness ends, however that happens.
pub fn mortal(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", program]).stdin(Stdio::null());
    command
}

/// The first child of a process: process 1 of the namespace that `unshare --fork` made.
pub fn first_child(pid: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}
