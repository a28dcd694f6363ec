//! What a process costs: CPU time and memory, as the kernel counts them.

use std::{os::unix::fs::MetadataExt, path::Path, time::Duration};

use anyhow::Context;
use nix::{
    time::{clock_getcpuclockid, clock_gettime},
    unistd::Pid,
};

use crate::figures::Memory;

/// A process of a control plane.
#[derive(Clone, Debug)]
pub struct Process {
    /// What it is: `sagong`, `etcd`, `kube-apiserver` …
    pub name: &'static str,
    /// Its number.
    pub pid: u32,
}

/// How the process that answers names calls itself.
const NAME_SERVER: &str = "sagong-dns";

impl Process {
    /// The process of this PID namespace that answers the cluster's names, if one runs. It outlives its server.
    pub fn name_server() -> Option<Process> {
        let named = |directory: &Path| {
            std::fs::read_to_string(directory.join("comm")).is_ok_and(|name| name.trim_end() == NAME_SERVER)
        };
        let entries = std::fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path());
        let numbers = entries.filter(|path| named(path)).filter_map(|path| path.file_name()?.to_str()?.parse().ok());
        // One that has ended and waits for its parent uses nothing.
        let lives = |pid: &u32| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok();
        numbers.filter(lives).map(|pid| Process { name: NAME_SERVER, pid }).next()
    }

    /// Whether it answers names.
    pub fn is_name_server(&self) -> bool {
        self.name == NAME_SERVER
    }

    /// CPU time so far, user and system, of all its threads, those that ended too. The kernel's clock of the process:
    /// nanoseconds, not ticks.
    ///
    /// # Errors
    /// The process has ended.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let context = || format!("{} ({}) has ended", self.name, self.pid);
        let clock = clock_getcpuclockid(Pid::from_raw(self.pid as i32)).with_context(context)?;
        Ok(clock_gettime(clock).with_context(context)?.into())
    }

    /// Memory now, from `smaps_rollup`.
    ///
    /// # Errors
    /// The process has ended or is another user's.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        let path = format!("/proc/{}/smaps_rollup", self.pid);
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let field = |name: &str| -> u64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
        };
        Ok(Memory { rss: field("Rss"), pss: field("Pss"), private: field("Private_Clean") + field("Private_Dirty") })
    }
}

/// Bytes that were written so far to the disk on which `folder` is, by whomever, metadata included; none where that is
/// no block device. What the kernel counts per process is no measure: a write to one page of a large folio counts as one
/// to all of it, and metadata as nobody's.
pub fn disk_written_bytes(folder: &Path) -> Option<u64> {
    const SECTOR_BYTES: u64 = 512;
    let device = std::fs::metadata(folder).ok()?.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let text = std::fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/stat")).ok()?;
    let sectors: u64 = text.split_whitespace().nth(6)?.parse().ok()?;
    Some(sectors * SECTOR_BYTES)
}

/// CPU time that this process, the client, has used.
///
/// # Errors
/// The kernel has no such clock.
pub fn own_cpu() -> anyhow::Result<Duration> {
    Process { name: "bench", pid: std::process::id() }.cpu()
}

#[cfg(test)]
mod tests {
    use nix::time::ClockId;

    use super::*;

    #[test]
    fn cpu_time_grows_with_work_and_counts_threads_that_ended() {
        let before = own_cpu().unwrap();
        let work = std::thread::spawn(|| {
            let spent = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap());
            while spent() < Duration::from_millis(20) {}
        });
        work.join().unwrap();
        assert!(own_cpu().unwrap() - before >= Duration::from_millis(20));
    }

    #[test]
    fn memory_is_read() {
        let memory = Process { name: "test", pid: std::process::id() }.memory().unwrap();
        assert!(memory.rss >= memory.pss && memory.pss >= memory.private && memory.private > 0, "{memory:?}");
    }
}
