//! What the kernel says of this process.

use std::fs;

use super::{Collector, Text};

/// The kernel's unit of time in `/proc`: it has been 100 a second on every architecture since user space sees it.
const TICKS_PER_SECOND: f64 = 100.0;

/// This process.
pub(super) struct Process;

impl Process {
    pub(super) fn new() -> Process {
        Process
    }
}

/// The fields of `/proc/self/stat` behind the name, which may hold anything.
fn stat() -> Option<Vec<u64>> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    let rest = text.rsplit_once(')')?.1;
    Some(rest.split_whitespace().map(|word| word.parse().unwrap_or_default()).collect())
}

fn boot_time() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

fn number_in(path: &str, key: &str) -> Option<f64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

impl Collector for Process {
    fn collect(&self, text: &mut Text) {
        let mut gauge = |name: &'static str, help: &str, kind: &str, value: Option<f64>| {
            if let Some(value) = value {
                text.family(name, help, kind);
                text.sample(name, "", &[], value);
            }
        };
        // Counted from the third field of proc(5): utime is the 14th, stime the 15th, starttime the 22nd.
        let stat = stat();
        let field = |number: usize| stat.as_ref().and_then(|fields| fields.get(number - 3)).map(|value| *value as f64);
        let cpu = field(14).zip(field(15)).map(|(user, system)| (user + system) / TICKS_PER_SECOND);
        let cpu_help = "Total user and system CPU time spent in seconds.";
        gauge("process_cpu_seconds_total", cpu_help, "counter", cpu);
        let started = field(22).zip(boot_time()).map(|(ticks, boot)| boot + ticks / TICKS_PER_SECOND);
        let start_help = "Start time of the process since unix epoch in seconds.";
        gauge("process_start_time_seconds", start_help, "gauge", started);
        gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", "gauge", field(23));
        let resident = number_in("/proc/self/status", "VmRSS:").map(|kilobytes| kilobytes * 1024.0);
        gauge("process_resident_memory_bytes", "Resident memory size in bytes.", "gauge", resident);
        let open = fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as f64);
        gauge("process_open_fds", "Number of open file descriptors.", "gauge", open);
        let limit = number_in("/proc/self/limits", "Max open files");
        gauge("process_max_fds", "Maximum number of open file descriptors.", "gauge", limit);
    }
}
