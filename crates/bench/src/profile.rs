//! Samples of where the processes of a control plane spend their time, by the kernel's `perf`.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::{Side, Target};

/// Samples a second and core; a prime, so that nothing periodic is always or never seen.
const FREQUENCY: &str = "499";
/// How much of a stack is kept with each sample, where it has to be unwound by tables.
const STACK_BYTES: u32 = 16_384;

/// A profiler at work; it is ended by [`Profiler::finish`].
pub(crate) struct Profiler(Child);

impl Profiler {
    /// Samples all processes of a control plane into a file of perf's own form.
    ///
    /// # Errors
    /// perf is missing.
    pub(crate) fn start(target: &Target, file: &Path) -> anyhow::Result<Profiler> {
        let pids: Vec<String> = target.processes.iter().map(|process| process.pid.to_string()).collect();
        // Go keeps frame pointers, Rust's release builds do not.
        let stacks = match target.side {
            Side::Sagong => format!("dwarf,{STACK_BYTES}"),
            Side::Upstream => "fp".to_owned(),
        };
        let mut command = Command::new("perf");
        command.args(["record", "--quiet", "--freq", FREQUENCY, "--call-graph", &stacks, "--pid", &pids.join(",")]);
        command.arg("--output").arg(file).stdin(Stdio::null());
        Ok(Profiler(command.spawn().context("perf is needed: apt-get install linux-perf")?))
    }

    /// Ends it and waits until everything is written.
    ///
    /// # Errors
    /// perf failed: the kernel may refuse it (`/proc/sys/kernel/perf_event_paranoid`), or the processes ended.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        if let Some(status) = self.0.try_wait()? {
            bail!("perf ended with {status} before the scenario did; root and perf_event_open are needed");
        }
        let pid = Pid::from_raw(self.0.id() as i32).context("perf has no number")?;
        kill_process(pid, Signal::INT)?;
        self.0.wait()?;
        Ok(())
    }
}
