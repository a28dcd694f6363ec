//! The unified hierarchy, alone: what most hosts have.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cri_api::v1::LinuxContainerResources;

use super::{Cgroups, DeviceRule, Usage, read_entry, read_number, write};
use crate::spec::CgroupView;

/// Controllers that containers are limited by.
const CONTROLLERS: [&str; 6] = ["cpu", "cpuset", "memory", "pids", "io", "hugetlb"];

/// The period of a processor quota when none is given, in microseconds.
const DEFAULT_PERIOD_MICROSECONDS: i64 = 100_000;

/// See the module.
pub(super) struct Unified {
    place: PathBuf,
}

impl Unified {
    pub(super) fn new(place: PathBuf) -> Self {
        Self { place }
    }

    fn directory(&self, path: &str) -> PathBuf {
        self.place.join(path.trim_start_matches('/'))
    }
}

impl Cgroups for Unified {
    fn directories(&self, path: &str) -> Vec<PathBuf> {
        vec![self.directory(path)]
    }

    fn create(&self, path: &str) -> io::Result<()> {
        let mut directory = self.place.clone();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            hand_down_controllers(&directory)?;
            directory.push(name);
            match fs::create_dir(&directory) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                result => result?,
            }
        }
        Ok(())
    }

    fn limit(&self, path: &str, resources: &LinuxContainerResources) -> io::Result<()> {
        let directory = self.directory(path);
        if resources.cpu_shares > 0 {
            write(&directory.join("cpu.weight"), weight_of_shares(resources.cpu_shares))?;
        }
        if resources.cpu_quota != 0 || resources.cpu_period > 0 {
            let period = match resources.cpu_period {
                0 => DEFAULT_PERIOD_MICROSECONDS,
                period => period,
            };
            let quota = match resources.cpu_quota {
                quota if quota > 0 => quota.to_string(),
                _ => "max".to_owned(),
            };
            write(&directory.join("cpu.max"), format!("{quota} {period}"))?;
        }
        if !resources.cpuset_cpus.is_empty() {
            write(&directory.join("cpuset.cpus"), &resources.cpuset_cpus)?;
        }
        if !resources.cpuset_mems.is_empty() {
            write(&directory.join("cpuset.mems"), &resources.cpuset_mems)?;
        }
        if resources.memory_limit_in_bytes > 0 {
            write(&directory.join("memory.max"), resources.memory_limit_in_bytes)?;
            let swap = directory.join("memory.swap.max");
            if swap.exists() {
                let swap_bytes = resources.memory_swap_limit_in_bytes - resources.memory_limit_in_bytes;
                write(&swap, swap_bytes.max(0))?;
            }
        }
        for limit in &resources.hugepage_limits {
            let file = directory.join(format!("hugetlb.{}.max", limit.page_size));
            if file.exists() {
                write(&file, limit.limit)?;
            }
        }
        for (name, value) in &resources.unified {
            if name.contains('/') {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{name:?} is no name of a setting")));
            }
            write(&directory.join(name), value)?;
        }
        Ok(())
    }

    fn limit_devices(&self, path: &str, devices: &[DeviceRule]) -> io::Result<()> {
        crate::device_filter::attach(&self.directory(path), devices)
    }

    fn usage(&self, path: &str) -> Usage {
        let directory = self.directory(path);
        let statistic = |key: &str| read_entry(&directory.join("memory.stat"), key);
        let memory_bytes = read_number(&directory.join("memory.current"));
        let inactive = statistic("inactive_file").unwrap_or(0);
        Usage {
            cpu_nanoseconds: read_entry(&directory.join("cpu.stat"), "usage_usec")
                .map(|microseconds| microseconds * 1000),
            memory_bytes,
            memory_limit_bytes: read_number(&directory.join("memory.max")),
            working_set_bytes: memory_bytes.map(|bytes| bytes.saturating_sub(inactive)),
            anonymous_bytes: statistic("anon"),
            page_faults: statistic("pgfault"),
            major_page_faults: statistic("pgmajfault"),
            process_count: read_number(&directory.join("pids.current")),
        }
    }

    fn view(&self) -> CgroupView {
        CgroupView { version_1: Vec::new(), version_2: Some(String::new()) }
    }
}

/// Lets the children of a group have the controllers that it has itself.
fn hand_down_controllers(directory: &Path) -> io::Result<()> {
    let available = fs::read_to_string(directory.join("cgroup.controllers"))?;
    let control = directory.join("cgroup.subtree_control");
    let enabled = fs::read_to_string(&control)?;
    for controller in CONTROLLERS {
        let has = |list: &str| list.split_whitespace().any(|name| name == controller);
        if has(&available) && !has(&enabled) {
            write(&control, format!("+{controller}"))?;
        }
    }
    Ok(())
}

/// Version 1's shares (2 to 262144) on version 2's scale (1 to 10000).
fn weight_of_shares(shares: i64) -> i64 {
    1 + (shares.clamp(2, 262_144) - 2) * 9999 / 262_142
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_become_weights() {
        assert_eq!([2, 1024, 262_144, 1 << 40].map(weight_of_shares), [1, 39, 10_000, 10_000]);
    }
}
