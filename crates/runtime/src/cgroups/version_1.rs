//! Version 1 hierarchies, alone or beside a version 2 one (hybrid hosts).

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cri_api::v1::LinuxContainerResources;

use super::{Cgroups, DeviceRule, Usage, read_entry, read_number, write};
use crate::spec::CgroupView;

/// Controllers and options of version 1 that can stand in a mount's options.
const CONTROLLERS: [&str; 14] = [
    "cpu",
    "cpuacct",
    "cpuset",
    "memory",
    "devices",
    "freezer",
    "blkio",
    "pids",
    "hugetlb",
    "net_cls",
    "net_prio",
    "perf_event",
    "rdma",
    "misc",
];

/// One mounted hierarchy.
pub(super) struct Hierarchy {
    place: PathBuf,
    /// Controllers, or `name=…`.
    options: Vec<String>,
}

impl Hierarchy {
    pub(super) fn new(place: &str, options: &str) -> Self {
        let options = options
            .split(',')
            .filter(|option| CONTROLLERS.contains(option) || option.starts_with("name="))
            .map(str::to_owned)
            .collect();
        Self { place: PathBuf::from(place), options }
    }

    fn directory(&self, path: &str) -> PathBuf {
        self.place.join(path.trim_start_matches('/'))
    }
}

/// See the module.
pub(super) struct Hybrid {
    hierarchies: Vec<Hierarchy>,
    unified: Option<PathBuf>,
}

impl Hybrid {
    pub(super) fn new(hierarchies: Vec<Hierarchy>, unified: Option<PathBuf>) -> Self {
        Self { hierarchies, unified }
    }

    fn controller(&self, name: &str, path: &str) -> Option<PathBuf> {
        let hierarchy = self.hierarchies.iter().find(|hierarchy| hierarchy.options.iter().any(|option| option == name));
        hierarchy.map(|hierarchy| hierarchy.directory(path))
    }

    fn required(&self, name: &str, path: &str) -> io::Result<PathBuf> {
        self.controller(name, path)
            .ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, format!("the host has no {name} cgroup")))
    }
}

impl Cgroups for Hybrid {
    fn directories(&self, path: &str) -> Vec<PathBuf> {
        let unified = self.unified.iter().map(|place| place.join(path.trim_start_matches('/')));
        // The unified one first: it kills atomically and is looked at before the others.
        unified.chain(self.hierarchies.iter().map(|hierarchy| hierarchy.directory(path))).collect()
    }

    fn create(&self, path: &str) -> io::Result<()> {
        for directory in self.directories(path) {
            fs::create_dir_all(&directory)?;
        }
        // A new cpuset is empty, and no process may enter it so.
        match self.controller("cpuset", "/") {
            Some(top) => inherit_cpuset(&top, path),
            None => Ok(()),
        }
    }

    fn limit(&self, path: &str, resources: &LinuxContainerResources) -> io::Result<()> {
        if resources.cpu_shares > 0 {
            write(&self.required("cpu", path)?.join("cpu.shares"), resources.cpu_shares)?;
        }
        if resources.cpu_period > 0 {
            write(&self.required("cpu", path)?.join("cpu.cfs_period_us"), resources.cpu_period)?;
        }
        if resources.cpu_quota != 0 {
            write(&self.required("cpu", path)?.join("cpu.cfs_quota_us"), resources.cpu_quota)?;
        }
        if !resources.cpuset_cpus.is_empty() {
            write(&self.required("cpuset", path)?.join("cpuset.cpus"), &resources.cpuset_cpus)?;
        }
        if !resources.cpuset_mems.is_empty() {
            write(&self.required("cpuset", path)?.join("cpuset.mems"), &resources.cpuset_mems)?;
        }
        if resources.memory_limit_in_bytes > 0 {
            let directory = self.required("memory", path)?;
            limit_memory(&directory, resources.memory_limit_in_bytes, resources.memory_swap_limit_in_bytes)?;
        }
        for limit in &resources.hugepage_limits {
            if let Some(directory) = self.controller("hugetlb", path) {
                write(&directory.join(format!("hugetlb.{}.limit_in_bytes", limit.page_size)), limit.limit)?;
            }
        }
        limit_unified(self, path, &resources.unified)
    }

    fn limit_devices(&self, path: &str, devices: &[DeviceRule]) -> io::Result<()> {
        let Some(directory) = self.controller("devices", path) else { return Ok(()) };
        write(&directory.join("devices.deny"), "a")?;
        for rule in devices {
            let number = |number: Option<u32>| number.map_or_else(|| "*".to_owned(), |number| number.to_string());
            let kind = if rule.block { 'b' } else { 'c' };
            let line = format!("{kind} {}:{} {}", number(rule.major), number(rule.minor), rule.permissions);
            write(&directory.join("devices.allow"), line)?;
        }
        Ok(())
    }

    fn usage(&self, path: &str) -> Usage {
        let number = |controller: &str, file: &str| read_number(&self.controller(controller, path)?.join(file));
        let statistic = |key: &str| read_entry(&self.controller("memory", path)?.join("memory.stat"), key);
        let memory_bytes = number("memory", "memory.usage_in_bytes");
        let inactive = statistic("total_inactive_file").unwrap_or(0);
        Usage {
            cpu_nanoseconds: number("cpuacct", "cpuacct.usage"),
            memory_bytes,
            // Without a limit the file has the largest number of whole pages.
            memory_limit_bytes: number("memory", "memory.limit_in_bytes").filter(|limit| *limit < (1 << 62)),
            working_set_bytes: memory_bytes.map(|bytes| bytes.saturating_sub(inactive)),
            anonymous_bytes: statistic("total_rss"),
            page_faults: statistic("total_pgfault"),
            major_page_faults: statistic("total_pgmajfault"),
            process_count: number("pids", "pids.current"),
        }
    }

    fn view(&self) -> CgroupView {
        let name = |place: &Path| place.file_name().map(|name| name.to_string_lossy().into_owned());
        let version_1 = self
            .hierarchies
            .iter()
            .filter_map(|hierarchy| Some((name(&hierarchy.place)?, hierarchy.options.join(","))))
            .collect();
        // As with runc, the version 2 hierarchy of a hybrid host is not shown: programs that find one take the host
        // for version 2 alone, and look in it for limits that are not there.
        CgroupView { version_1, version_2: None }
    }
}

/// A limit must never be above the one that includes swap, on the way up or down.
fn limit_memory(directory: &Path, limit_bytes: i64, swap_limit_bytes: i64) -> io::Result<()> {
    let (limit, with_swap) = (directory.join("memory.limit_in_bytes"), directory.join("memory.memsw.limit_in_bytes"));
    let swap_limit_bytes = if swap_limit_bytes > 0 { swap_limit_bytes } else { limit_bytes };
    if !with_swap.exists() {
        return write(&limit, limit_bytes);
    }
    if read_number(&with_swap).is_some_and(|current| current < swap_limit_bytes as u64) {
        write(&with_swap, swap_limit_bytes)?;
        return write(&limit, limit_bytes);
    }
    write(&limit, limit_bytes)?;
    write(&with_swap, swap_limit_bytes)
}

/// Names of version 2 that version 1 knows, too; the others need version 2, and are refused with their name.
fn limit_unified(cgroups: &Hybrid, path: &str, settings: &BTreeMap<String, String>) -> io::Result<()> {
    for (name, value) in settings {
        match name.as_str() {
            "pids.max" => write(&cgroups.required("pids", path)?.join("pids.max"), value)?,
            "cpuset.cpus" | "cpuset.mems" => write(&cgroups.required("cpuset", path)?.join(name), value)?,
            // These only refine version 2's behaviour; version 1 has no counterpart and needs none.
            "memory.oom.group" | "memory.min" | "memory.low" | "memory.high" | "memory.swap.max" => {
                tracing::debug!(name, value, path, "this host's cgroups do not know the setting");
            }
            _ => {
                let message = format!("{name} needs cgroup version 2, which this host does not have");
                return Err(io::Error::new(io::ErrorKind::Unsupported, message));
            }
        }
    }
    Ok(())
}

fn inherit_cpuset(top: &Path, path: &str) -> io::Result<()> {
    let mut parent = top.to_path_buf();
    for name in path.split('/').filter(|name| !name.is_empty()) {
        let directory = parent.join(name);
        for file in ["cpuset.cpus", "cpuset.mems"] {
            if fs::read_to_string(directory.join(file))?.trim().is_empty() {
                write(&directory.join(file), fs::read_to_string(parent.join(file))?.trim())?;
            }
        }
        parent = directory;
    }
    Ok(())
}
