//! Whether this machine can run Sagong: what was found, what is missing, and the way out.
//!
//! [`probe`] asks the kernel and decides nothing; the functions here decide and ask nothing. Probing leaves no trace:
//! no module is loaded, no link made, no port taken.

pub(crate) mod probe;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

use network::Cidr;

/// The oldest kernel that Sagong is written for.
const KERNEL_MIN: (u32, u32) = (5, 15);
const MIB: u64 = 1 << 20;
/// With less room the first images do not fit.
const DISK_MIN_BYTES: u64 = 1024 * MIB;
/// With less room images soon have to be collected.
const DISK_COMFORT_BYTES: u64 = 5 * 1024 * MIB;
/// With less memory the server itself does not fit.
const MEMORY_MIN_BYTES: u64 = 256 * MIB;
/// With less memory little is left for pods.
const MEMORY_COMFORT_BYTES: u64 = 1024 * MIB;
/// No release is older than this; a clock before it is wrong.
const RELEASE_UNIX_SECONDS: u64 = 1_767_225_600;
/// Clocks of file servers may be a little ahead.
const CLOCK_TOLERANCE_SECONDS: u64 = 300;

/// Capabilities that a node cannot do without, by number.
const CAPABILITIES: [(u8, &str); 10] = [
    (0, "CAP_CHOWN"),
    (1, "CAP_DAC_OVERRIDE"),
    (5, "CAP_KILL"),
    (6, "CAP_SETGID"),
    (7, "CAP_SETUID"),
    (8, "CAP_SETPCAP"),
    (12, "CAP_NET_ADMIN"),
    (18, "CAP_SYS_CHROOT"),
    (21, "CAP_SYS_ADMIN"),
    (27, "CAP_MKNOD"),
];
const CAP_SYS_RESOURCE: u8 = 24;

/// Controllers of cgroups: what stops working without one.
const CONTROLLERS: [(&str, bool, &str); 4] = [
    ("memory", true, "memory limits"),
    ("cpu", true, "CPU limits"),
    ("pids", false, "process limits"),
    ("cpuset", false, "pinning to CPUs"),
];

/// Kernel options that a node needs: the option, its module, what it is for, whether pods run without it.
const OPTIONS: [(&str, &str, &str, bool); 6] = [
    ("CONFIG_VETH", "veth", "the links of pods", true),
    ("CONFIG_NF_CONNTRACK", "nf_conntrack", "services", true),
    ("CONFIG_NFT_NAT", "nft_chain_nat", "services", true),
    ("CONFIG_NFT_MASQ", "nft_masq", "traffic that leaves the cluster", true),
    ("CONFIG_VXLAN", "vxlan", "pods on nodes in different networks", false),
    ("CONFIG_IPV6", "ipv6", "IPv6 addresses of pods", false),
];

/// What a probe could say of a kernel option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Support {
    /// Built in, loaded, or a module that can be loaded.
    Present,
    /// The kernel's own configuration says no.
    Absent,
    /// Nothing on this machine tells.
    Unknown,
}

/// What was found on this machine.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// As `uname -r`.
    pub(crate) kernel_release: String,
    /// The names in `/proc/self/ns`.
    pub(crate) namespaces: BTreeSet<String>,
    /// The file systems that the kernel knows or can load.
    pub(crate) filesystems: BTreeSet<String>,
    /// Controllers of the version 2 hierarchy; `None` when it is not mounted.
    pub(crate) cgroup_v2: Option<BTreeSet<String>>,
    /// Controllers that have version 1 hierarchies.
    pub(crate) cgroup_v1: BTreeSet<String>,
    /// Whether system calls can be filtered.
    pub(crate) seccomp: bool,
    /// By option's name.
    pub(crate) options: BTreeMap<&'static str, Support>,
    /// What may drop forwarded packets; the error when nf_tables does not answer.
    pub(crate) firewall: Result<Vec<String>, String>,
    /// The effective user.
    pub(crate) uid: u32,
    /// The effective capabilities, a bit each.
    pub(crate) capabilities: u64,
    /// TCP ports on which something listens.
    pub(crate) listening: BTreeSet<u16>,
    /// Whether a server of the data directory answers.
    pub(crate) server_runs: bool,
    /// The data directory.
    pub(crate) data: DataDirectory,
    /// Bytes that new processes can have without swapping.
    pub(crate) memory_available_bytes: u64,
    /// Seconds since 1970.
    pub(crate) now_unix_seconds: u64,
    /// When the newest file of the data directory changed.
    pub(crate) newest_file_unix_seconds: Option<u64>,
    /// Addresses of the host and destinations of its routes that are not Sagong's own, with what has them.
    pub(crate) host_ranges: Vec<(Cidr, String)>,
}

/// The state of the data directory, or of its nearest ancestor that exists.
#[derive(Clone, Debug)]
pub(crate) struct DataDirectory {
    /// What was asked for.
    pub(crate) path: PathBuf,
    /// Whether it exists itself.
    pub(crate) exists: bool,
    /// Who owns it.
    pub(crate) owner: u32,
    /// Its permission bits.
    pub(crate) mode: u32,
    /// Whether files can be made in it.
    pub(crate) writable: bool,
    /// Free bytes.
    pub(crate) free_bytes: u64,
    /// The file system's name, where it is one that matters here.
    pub(crate) filesystem: Option<&'static str>,
}

/// What is wanted of this machine.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Whether it is to run pods.
    pub(crate) node: bool,
    /// The API's port.
    pub(crate) port: u16,
    /// The kubelet's port.
    pub(crate) kubelet_port: u16,
    /// The network of pods.
    pub(crate) cluster_range: Cidr,
    /// The network of services.
    pub(crate) service_range: Cidr,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// As it should be.
    Ok,
    /// Sagong does not run so.
    Missing,
    /// Sagong runs, with a difference.
    Note,
}

impl State {
    /// As it is printed.
    pub(crate) fn text(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Missing => "missing",
            State::Note => "note",
        }
    }
}

/// One line of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What was looked at.
    pub(crate) name: String,
    /// How it is.
    pub(crate) state: State,
    /// What was found.
    pub(crate) found: String,
    /// What to do; empty when nothing is.
    pub(crate) remedy: String,
}

fn ok(name: impl Into<String>, found: impl Into<String>) -> Finding {
    Finding { name: name.into(), state: State::Ok, found: found.into(), remedy: String::new() }
}

fn missing(name: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { name: name.into(), state: State::Missing, found: found.into(), remedy: remedy.into() }
}

fn note(name: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { state: State::Note, ..missing(name, found, remedy) }
}

/// Judges everything that is wanted.
pub(crate) fn judge(facts: &Facts, wanted: &Wanted) -> Vec<Finding> {
    let mut findings = vec![kernel(&facts.kernel_release)];
    if wanted.node {
        findings.push(privileges(facts.uid));
        findings.extend(capabilities(facts.capabilities));
        findings.push(namespaces(&facts.namespaces));
        findings.push(overlay(facts));
        findings.extend(cgroups(facts.cgroup_v2.as_ref(), &facts.cgroup_v1));
        findings.push(seccomp(facts.seccomp));
        findings.extend(firewall(&facts.firewall, wanted.cluster_range));
        findings.extend(OPTIONS.iter().map(|(option, module, purpose, needed)| {
            let support = facts.options.get(option).copied().unwrap_or(Support::Unknown);
            kernel_option(option, module, purpose, *needed, support)
        }));
    }
    findings.push(port("API", "--port", wanted.port, facts));
    if wanted.node {
        findings.push(port("kubelet", "--kubelet-port", wanted.kubelet_port, facts));
    }
    findings.extend(data_directory(&facts.data));
    findings.push(disk(facts.data.free_bytes));
    findings.push(memory(facts.memory_available_bytes));
    findings.push(clock(facts.now_unix_seconds, facts.newest_file_unix_seconds));
    // A running server's own routes lie in its ranges.
    let host_ranges = if facts.server_runs { &[][..] } else { &facts.host_ranges };
    findings.extend(ranges(wanted, host_ranges));
    findings
}

fn kernel(release: &str) -> Finding {
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit()).map(str::parse::<u32>);
    let (major, minor) = KERNEL_MIN;
    match (numbers.next(), numbers.next()) {
        (Some(Ok(found_major)), Some(Ok(found_minor))) if (found_major, found_minor) >= KERNEL_MIN => {
            ok("kernel", release)
        }
        (Some(Ok(_)), Some(Ok(_))) => {
            missing("kernel", release, format!("boot a kernel of version {major}.{minor} or newer"))
        }
        _ => note("kernel", release, format!("the version cannot be read; {major}.{minor} or newer is needed")),
    }
}

fn privileges(uid: u32) -> Finding {
    match uid {
        0 => ok("root", "yes"),
        uid => missing("root", format!("user {uid}"), "run it as root, or a control plane alone with --no-node"),
    }
}

fn capabilities(effective: u64) -> Vec<Finding> {
    let has = |number: u8| effective & (1 << number) != 0;
    let absent: Vec<&str> = CAPABILITIES.iter().filter(|(number, _)| !has(*number)).map(|(_, name)| *name).collect();
    let mut findings = vec![match absent.is_empty() {
        true => ok("capabilities", "all that a node needs"),
        false => missing(
            "capabilities",
            format!("without {}", absent.join(", ")),
            "start it with these capabilities (CapabilityBoundingSet= of a systemd unit, --cap-add of a container)",
        ),
    }];
    if !has(CAP_SYS_RESOURCE) {
        findings.push(note(
            "CAP_SYS_RESOURCE",
            "absent",
            "limits and OOM scores of pods are cut to those of this process; grant it to have them as asked for",
        ));
    }
    findings
}

fn namespaces(found: &BTreeSet<String>) -> Finding {
    let needed = ["cgroup", "ipc", "mnt", "net", "pid", "uts"];
    let absent: Vec<&str> = needed.into_iter().filter(|name| !found.contains(*name)).collect();
    if !absent.is_empty() {
        let found = format!("without {}", absent.join(", "));
        return missing("namespaces", found, "boot a kernel with CONFIG_NAMESPACES and all of its kinds");
    }
    match found.contains("user") {
        true => ok("namespaces", "cgroup, ipc, mnt, net, pid, user, uts"),
        false => note("namespaces", "without user", "pods with hostUsers: false are refused; CONFIG_USER_NS has them"),
    }
}

fn overlay(facts: &Facts) -> Finding {
    if !facts.filesystems.contains("overlay") {
        return missing("overlayfs", "unknown to the kernel", "load the module overlay, or boot a kernel with it");
    }
    match facts.data.filesystem {
        Some(name @ ("overlay" | "nfs" | "cifs" | "fuse" | "vfat")) => missing(
            "overlayfs",
            format!("{} lies on {name}, which cannot hold writable layers", facts.data.path.display()),
            "choose a data directory on ext4, xfs, btrfs or tmpfs with --data-dir",
        ),
        _ => ok("overlayfs", "yes"),
    }
}

fn cgroups(version_2: Option<&BTreeSet<String>>, version_1: &BTreeSet<String>) -> Vec<Finding> {
    let empty = BTreeSet::new();
    let unified = version_2.unwrap_or(&empty);
    let arrangement = match (version_2, version_1.is_empty()) {
        (Some(_), true) => "version 2",
        (Some(_), false) => "version 1, beside version 2",
        (None, false) => "version 1",
        (None, true) => {
            return vec![missing("cgroups", "not mounted", "mount them: mount -t cgroup2 none /sys/fs/cgroup")];
        }
    };
    let mut findings = vec![ok("cgroups", arrangement)];
    for (controller, needed, purpose) in CONTROLLERS {
        if unified.contains(controller) || version_1.contains(controller) {
            continue;
        }
        let name = format!("cgroup controller {controller}");
        let remedy = format!("without it pods have no {purpose}; boot with it (cgroup_enable={controller})");
        findings.push(if needed { missing(name, "absent", remedy) } else { note(name, "absent", remedy) });
    }
    findings
}

fn seccomp(found: bool) -> Finding {
    match found {
        true => ok("seccomp", "filters"),
        false => note("seccomp", "no filters", "pods with a seccomp profile are refused; CONFIG_SECCOMP_FILTER has it"),
    }
}

fn firewall(found: &Result<Vec<String>, String>, cluster_range: Cidr) -> Vec<Finding> {
    match found {
        Err(error) => vec![missing(
            "nf_tables",
            error.clone(),
            "run it as root; if that was done, load the module nf_tables or boot a kernel with it",
        )],
        Ok(obstacles) if obstacles.is_empty() => {
            vec![ok("nf_tables", "yes"), ok("forwarding firewall", "none in the way")]
        }
        Ok(obstacles) => {
            let way = format!("let traffic from and to {cluster_range} pass there");
            let noted = obstacles.iter().map(|obstacle| note("forwarding firewall", obstacle.clone(), way.clone()));
            [ok("nf_tables", "yes")].into_iter().chain(noted).collect()
        }
    }
}

fn kernel_option(option: &str, module: &str, purpose: &str, needed: bool, support: Support) -> Finding {
    let name = option.trim_start_matches("CONFIG_").to_lowercase();
    match support {
        Support::Present => ok(name, "yes"),
        Support::Unknown => note(
            name,
            "unknown: the kernel's configuration cannot be read",
            format!("if it fails for {purpose}: modprobe {module}"),
        ),
        Support::Absent if needed => missing(name, "no", format!("boot a kernel with {option}, for {purpose}")),
        Support::Absent => note(name, "no", format!("boot a kernel with {option} to have {purpose}")),
    }
}

fn port(name: &str, flag: &str, port: u16, facts: &Facts) -> Finding {
    let name = format!("port of the {name}");
    match (facts.listening.contains(&port), facts.server_runs) {
        (false, _) => ok(name, format!("{port} is free")),
        (true, true) => ok(name, format!("{port} is in use, and a server of this data directory runs")),
        (true, false) => {
            missing(name, format!("{port} is in use"), format!("choose another with {flag}, or end what uses it"))
        }
    }
}

fn data_directory(data: &DataDirectory) -> Vec<Finding> {
    let path = data.path.display();
    let place = "choose another place with --data-dir";
    let finding = match data {
        DataDirectory { writable: false, .. } => {
            missing("data directory", format!("{path} cannot be written"), format!("{place}, or run it as its owner"))
        }
        DataDirectory { exists: false, .. } => ok("data directory", format!("{path} will be made")),
        DataDirectory { mode, .. } if mode & 0o077 != 0 => note(
            "data directory",
            format!("{path} has mode {:o}", mode & 0o7777),
            format!("it holds keys: sagong up takes others' permissions away; or now: chmod 700 {path}"),
        ),
        DataDirectory { owner, .. } => ok("data directory", format!("{path}, owned by user {owner}")),
    };
    let volatile = (data.filesystem == Some("tmpfs"))
        .then(|| note("data directory", format!("{path} lies in memory"), format!("a reboot empties it; {place}")));
    [finding].into_iter().chain(volatile).collect()
}

fn disk(free_bytes: u64) -> Finding {
    let found = format!("{} MiB free", free_bytes / MIB);
    let way = "make room, or choose another place with --data-dir";
    match free_bytes {
        free if free < DISK_MIN_BYTES => missing("disk", found, way),
        free if free < DISK_COMFORT_BYTES => note("disk", found, format!("images will soon be collected: {way}")),
        _ => ok("disk", found),
    }
}

fn memory(available_bytes: u64) -> Finding {
    let found = format!("{} MiB available", available_bytes / MIB);
    match available_bytes {
        bytes if bytes < MEMORY_MIN_BYTES => missing("memory", found, "end something, or add memory"),
        bytes if bytes < MEMORY_COMFORT_BYTES => note("memory", found, "little is left for pods"),
        _ => ok("memory", found),
    }
}

fn clock(now: u64, newest_file: Option<u64>) -> Finding {
    let way = "set the clock (timedatectl set-ntp true): certificates and tokens are judged by it";
    if now < RELEASE_UNIX_SECONDS {
        return missing("clock", "it stands before this release was made", way);
    }
    match newest_file.and_then(|newest| newest.checked_sub(now)) {
        Some(ahead) if ahead > CLOCK_TOLERANCE_SECONDS => {
            missing("clock", format!("files of the data directory are {ahead} s in the future"), way)
        }
        _ => ok("clock", "plausible"),
    }
}

/// Whether two ranges share an address.
fn overlap(one: Cidr, other: Cidr) -> bool {
    one.contains(other.network()) || other.contains(one.network())
}

fn ranges(wanted: &Wanted, host: &[(Cidr, String)]) -> Vec<Finding> {
    if overlap(wanted.cluster_range, wanted.service_range) {
        let found = format!("{} and {} overlap", wanted.cluster_range, wanted.service_range);
        return vec![missing("addresses", found, "give --cluster-cidr and --service-cidr apart")];
    }
    let asked = [
        ("pod addresses", "--cluster-cidr", wanted.cluster_range),
        ("service addresses", "--service-cidr", wanted.service_range),
    ];
    asked
        .into_iter()
        .map(|(name, flag, range)| match host.iter().find(|(taken, _)| overlap(range, *taken)) {
            None => ok(name, format!("{range} is free")),
            Some((taken, what)) => missing(
                name,
                format!("{range} overlaps {taken} of {what}"),
                format!("choose another range with {flag}"),
            ),
        })
        .collect()
}

/// A range of IPv4 addresses from its parts.
pub(crate) fn range_v4(address: Ipv4Addr, prefix_length: u8) -> Cidr {
    Cidr { address: IpAddr::V4(address), prefix_length }
}

#[cfg(test)]
mod tests;
