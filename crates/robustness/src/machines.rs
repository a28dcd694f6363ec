//! Machines that are network namespaces around this process's own, which is the way between them: any two can be parted.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command},
};

use anyhow::Context;
use testkit::command::{mortal, output};

/// Set in the process that has a network namespace of its own.
const ENCLOSED: &str = "SAGONG_ROBUSTNESS_ENCLOSED";
/// Set for a machine's first process: its name.
const HOST_NAME: &str = "HOST_NAME";

/// Runs this very command in a network namespace of its own, and ends as it ends; returns in there.
pub(crate) fn enclose() -> anyhow::Result<()> {
    if std::env::var_os(ENCLOSED).is_none() {
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut command = mortal("unshare");
        command.arg("--net").arg("--").arg(program).args(std::env::args_os().skip(1)).env(ENCLOSED, "1");
        let status = command.status().context("cannot run unshare: namespaces need root")?;
        std::process::exit(status.code().unwrap_or(1));
    }
    output(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    fs::write("/proc/sys/net/ipv4/ip_forward", "1").context("cannot forward between namespaces")
}

/// A machine: its namespaces end with this value, and what runs in them with this process.
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) address: String,
    holder: Child,
}

impl Machine {
    /// The machine of this number, from 1.
    pub(crate) fn start(number: usize, name: &str) -> anyhow::Result<Machine> {
        let mut command = mortal("unshare");
        command.args(["--net", "--uts", "--", "sh", "-c", "hostname $HOST_NAME && echo there && exec sleep infinity"]);
        let mut holder =
            command.env(HOST_NAME, name).stdout(std::process::Stdio::piped()).spawn().context("unshare")?;
        let mut there = [0; 5];
        let said = holder.stdout.take().context("it has no output")?;
        std::io::Read::read_exact(&mut { said }, &mut there).with_context(|| format!("{name} did not start"))?;
        let (inside, network) = (holder.id().to_string(), format!("10.90.{number}"));
        let link = format!("m{number}");
        output(
            Command::new("ip").args(["link", "add", &link, "type", "veth", "peer", "name", "eth0", "netns", &inside]),
        )?;
        output(Command::new("ip").args(["address", "add", &format!("{network}.1/30"), "dev", &link]))?;
        output(Command::new("ip").args(["link", "set", &link, "up"]))?;
        let script = format!(
            "ip link set lo up && ip address add {network}.2/30 dev eth0 && ip link set eth0 up && ip route add default via \
             {network}.1"
        );
        output(Command::new("nsenter").args(["--target", &inside, "--net", "sh", "-c", &script]))?;
        Ok(Machine { name: name.to_owned(), address: format!("{network}.2"), holder })
    }

    /// A program on the machine; it ends with this process.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = mortal("nsenter");
        command.args(["--target", &self.holder.id().to_string(), "--net", "--uts", "--"]).arg(program);
        command
    }

    /// A program like `program` that runs on the machine: a script in `directory`.
    pub(crate) fn wrap(&self, program: &Path, directory: &Path) -> anyhow::Result<PathBuf> {
        let script = directory.join(format!("{}.sh", self.name));
        let text = format!(
            "#!/bin/sh\nexec setpriv --pdeathsig KILL nsenter --target {} --net --uts -- {} \"$@\"\n",
            self.holder.id(),
            program.display()
        );
        fs::write(&script, text).with_context(|| format!("cannot write {}", script.display()))?;
        fs::set_permissions(&script, Permissions::from_mode(0o755))?;
        Ok(script)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// Parts two machines, or joins them again. What is on its way is lost without a word, as by a switch that fails.
pub(crate) fn set_parted(one: &Machine, other: &Machine, parted: bool) -> anyhow::Result<()> {
    let action = if parted { "add" } else { "del" };
    for (from, to) in [(one, other), (other, one)] {
        output(Command::new("ip").args(["rule", action, "from", &from.address, "to", &to.address, "blackhole"]))?;
    }
    Ok(())
}
