//! Control groups of both versions behind one trait.
//!
//! A cgroup is named by an absolute path such as `/sagong/pods/ID`, the same in every hierarchy. This crate touches
//! only groups that it has made or that its caller has named as a parent. On hosts with both versions a container is
//! also in the version 2 hierarchy, which kills atomically and carries no controllers then.

mod version_1;
mod version_2;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cri_api::v1::LinuxContainerResources;
use rustix::event::{PollFd, PollFlags};
use rustix::process::{Pid, PidfdFlags};

use crate::spec::CgroupView;

/// A group's consumption; what the host does not tell is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) cpu_nanoseconds: Option<u64>,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) memory_limit_bytes: Option<u64>,
    pub(crate) working_set_bytes: Option<u64>,
    pub(crate) anonymous_bytes: Option<u64>,
    pub(crate) page_faults: Option<u64>,
    pub(crate) major_page_faults: Option<u64>,
    pub(crate) process_count: Option<u64>,
}

/// One arrangement of hierarchies.
pub(crate) trait Cgroups: Send + Sync {
    /// The group's directory in each hierarchy, whether it exists or not.
    fn directories(&self, path: &str) -> Vec<PathBuf>;

    /// Makes the group and its ancestors.
    fn create(&self, path: &str) -> io::Result<()>;

    /// Sets limits; what is zero or empty in CRI's message stays as it is.
    fn limit(&self, path: &str, resources: &LinuxContainerResources) -> io::Result<()>;

    /// Allows only the devices that every container has, and those given as `(type, major, minor, permissions)`.
    fn limit_devices(&self, path: &str, devices: &[DeviceRule]) -> io::Result<()>;

    /// What the group uses.
    fn usage(&self, path: &str) -> Usage;

    /// What a container in a group sees under `/sys/fs/cgroup`.
    fn view(&self) -> CgroupView;
}

/// Permission for one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeviceRule {
    /// A block device; a character device otherwise.
    pub(crate) block: bool,
    /// `None` for any.
    pub(crate) major: Option<u32>,
    /// `None` for any.
    pub(crate) minor: Option<u32>,
    /// Of `rwm`.
    pub(crate) permissions: String,
}

/// Devices for every container: mknod of anything, use of the harmless ones and of its terminals.
pub(crate) fn standard_devices() -> Vec<DeviceRule> {
    let rule = |block, major, minor, permissions: &str| DeviceRule {
        block,
        major,
        minor,
        permissions: permissions.to_owned(),
    };
    let usable = [(1, Some(3)), (1, Some(5)), (1, Some(7)), (1, Some(8)), (1, Some(9)), (5, Some(0)), (5, Some(1))];
    let mut rules = vec![rule(false, None, None, "m"), rule(true, None, None, "m")];
    rules.extend(usable.into_iter().map(|(major, minor)| rule(false, Some(major), minor, "rwm")));
    rules.extend([rule(false, Some(5), Some(2), "rwm"), rule(false, Some(136), None, "rwm")]);
    rules
}

/// The host's arrangement, read from its mounts.
pub(crate) fn of_host() -> io::Result<Arc<dyn Cgroups>> {
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let mut version_1 = Vec::new();
    let mut version_2 = None;
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(1);
        let (Some(place), Some(kind), Some(options)) = (fields.next(), fields.next(), fields.next()) else { continue };
        match kind {
            "cgroup" => version_1.push(version_1::Hierarchy::new(place, options)),
            "cgroup2" => version_2 = Some(PathBuf::from(place)),
            _ => {}
        }
    }
    match version_2 {
        Some(place) if version_1.is_empty() => Ok(Arc::new(version_2::Unified::new(place))),
        None if version_1.is_empty() => Err(io::Error::other("no cgroup hierarchy is mounted")),
        version_2 => Ok(Arc::new(version_1::Hybrid::new(version_1, version_2))),
    }
}

/// Reads a file of one number; `None` when there is none, or no limit.
fn read_number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// The number behind a key in a file of `key value` lines.
fn read_entry(path: &Path, key: &str) -> Option<u64> {
    entry(&fs::read_to_string(path).ok()?, key)
}

fn entry(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

fn write(path: &Path, value: impl std::fmt::Display) -> io::Result<()> {
    let name =
        |error: io::Error| io::Error::new(error.kind(), format!("cannot write {value} to {}: {error}", path.display()));
    fs::write(path, value.to_string()).map_err(name)
}

/// How many processes of a group the kernel has killed for want of memory.
pub(crate) fn out_of_memory_kills<'a>(directories: impl Iterator<Item = &'a Path>) -> u64 {
    directories
        .filter_map(|directory| {
            read_entry(&directory.join("memory.oom_control"), "oom_kill")
                .or_else(|| read_entry(&directory.join("memory.events"), "oom_kill"))
        })
        .max()
        .unwrap_or(0)
}

/// Kills every process of a group and of its descendants.
pub(crate) fn kill_processes<'a>(directories: impl Iterator<Item = &'a Path> + Clone) {
    if directories.clone().any(|directory| fs::write(directory.join("cgroup.kill"), "1").is_ok()) {
        return;
    }
    // Without cgroup.kill a process may fork faster than it is found: go on until none is new.
    for directory in directories {
        let mut killed = std::collections::HashSet::new();
        while let Some(pid) = processes(directory).into_iter().find(|pid| killed.insert(*pid)) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// Processes in a group and its descendants.
pub(crate) fn processes(directory: &Path) -> Vec<Pid> {
    let text = fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
    let mut found = text.lines().filter_map(|line| Pid::from_raw(line.parse().ok()?)).collect::<Vec<_>>();
    for child in children(directory) {
        found.extend(processes(&child));
    }
    found
}

fn children(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

/// How often a group that is busy without a process in sight is tried to be removed: the kernel lists a process no
/// more a moment before it lets go of the group.
const BUSY_TRIES: u32 = 200;

/// Removes a group with its descendants, and kills and awaits whoever is still in it. Blocks until that is done; not
/// for a thread that others wait for.
pub(crate) fn remove(directories: &[PathBuf]) -> io::Result<()> {
    for directory in directories {
        let mut tries = BUSY_TRIES;
        loop {
            match remove_tree(directory) {
                Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
                    kill_processes(directories.iter().map(PathBuf::as_path));
                    if !await_processes(directory)? {
                        // Whoever made it busy has gone between the two looks, or is about to.
                        tries = tries.checked_sub(1).ok_or(error)?;
                        std::thread::yield_now();
                    }
                }
                result => break result?,
            }
        }
    }
    Ok(())
}

fn remove_tree(directory: &Path) -> io::Result<()> {
    match fs::remove_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.raw_os_error() != Some(libc::EBUSY) => return Err(error),
        Ok(()) => return Ok(()),
        Err(_) => {}
    }
    for child in children(directory) {
        remove_tree(&child)?;
    }
    match fs::remove_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Waits until the processes that a group has now have ended; `false` when there were none.
fn await_processes(directory: &Path) -> io::Result<bool> {
    let found = processes(directory);
    for pid in &found {
        let Ok(process) = rustix::process::pidfd_open(*pid, PidfdFlags::empty()) else { continue };
        let mut polled = [PollFd::new(&process, PollFlags::IN)];
        while let Err(rustix::io::Errno::INTR) = rustix::event::poll(&mut polled, None) {}
    }
    Ok(!found.is_empty())
}
