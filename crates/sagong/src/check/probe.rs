//! What this machine is, read without leaving a trace.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read,
    net::Ipv4Addr,
    os::unix::{fs::MetadataExt, net::UnixStream},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use network::{Cidr, firewall, rtnetlink::RouteSocket};

use super::{DataDirectory, Facts, OPTIONS, Support, range_v4};

/// Links of this name, or whose name begins so, are made by Sagong: nodes' ends of pods, and the overlay.
const OWN_LINKS: [&str; 2] = ["sagong.", "sg"];
/// The kernel's configuration is tens of kilobytes.
const CONFIGURATION_BYTES_LIMIT: u64 = 8 << 20;

/// Looks at everything.
pub(crate) fn facts(data_directory: &Path) -> Facts {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let configuration = kernel_configuration(&release);
    let modules = Modules::of(&release);
    let (cgroup_v2, cgroup_v1) = cgroups();
    Facts {
        namespaces: names_in(Path::new("/proc/self/ns")),
        filesystems: filesystems(&modules),
        cgroup_v2,
        cgroup_v1,
        seccomp: Path::new("/proc/sys/kernel/seccomp/actions_avail").exists(),
        options: OPTIONS
            .iter()
            .map(|(option, module, ..)| (*option, support(option, module, configuration.as_ref(), &modules)))
            .collect(),
        firewall: firewall::forwarding_obstacles()
            .map(|obstacles| obstacles.iter().map(ToString::to_string).collect())
            .map_err(|error| error.to_string()),
        uid: rustix::process::geteuid().as_raw(),
        capabilities: capabilities(&text("/proc/self/status")),
        listening: [text("/proc/self/net/tcp"), text("/proc/self/net/tcp6")]
            .iter()
            .flat_map(|all| listening(all))
            .collect(),
        server_runs: UnixStream::connect(data_directory.join("admin.sock")).is_ok(),
        data: data(data_directory),
        memory_available_bytes: memory_available(&text("/proc/meminfo")),
        now_unix_seconds: seconds(SystemTime::now()),
        newest_file_unix_seconds: newest_file(data_directory),
        host_ranges: host_ranges(),
        kernel_release: release,
    }
}

fn text(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

fn names_in(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The options of the running kernel by name, where it tells them.
fn kernel_configuration(release: &str) -> Option<BTreeMap<String, bool>> {
    let mut all = String::new();
    match fs::File::open("/proc/config.gz") {
        Ok(file) => {
            let plain = flate2::read::GzDecoder::new(file);
            plain.take(CONFIGURATION_BYTES_LIMIT).read_to_string(&mut all).ok()?;
        }
        Err(_) => all = fs::read_to_string(format!("/boot/config-{release}")).ok()?,
    }
    Some(options(&all))
}

/// Options that are built in or modules, out of a kernel configuration's text.
fn options(configuration: &str) -> BTreeMap<String, bool> {
    let set = configuration.lines().filter_map(|line| line.split_once('='));
    set.map(|(name, value)| (name.to_owned(), matches!(value, "y" | "m"))).collect()
}

/// Modules that are loaded, built in or can be loaded.
struct Modules(BTreeSet<String>);

impl Modules {
    fn of(release: &str) -> Modules {
        let mut modules = names_in(Path::new("/sys/module"));
        for list in ["modules.builtin", "modules.dep"] {
            let listed = text(&format!("/lib/modules/{release}/{list}"));
            modules.extend(listed.lines().filter_map(module_name));
        }
        Modules(modules)
    }
}

/// `kernel/net/veth.ko.zst: …` is `veth`.
fn module_name(line: &str) -> Option<String> {
    let path = line.split(':').next()?;
    let (name, _) = path.rsplit('/').next()?.split_once(".ko")?;
    Some(name.replace('-', "_"))
}

fn support(option: &str, module: &str, configuration: Option<&BTreeMap<String, bool>>, modules: &Modules) -> Support {
    match configuration {
        _ if modules.0.contains(module) => Support::Present,
        Some(options) if options.get(option).copied().unwrap_or(false) => Support::Present,
        Some(_) => Support::Absent,
        None => Support::Unknown,
    }
}

fn filesystems(modules: &Modules) -> BTreeSet<String> {
    let known = text("/proc/filesystems");
    let mut names: BTreeSet<String> =
        known.lines().filter_map(|line| line.split_whitespace().last()).map(str::to_owned).collect();
    if modules.0.contains("overlay") {
        names.insert("overlay".to_owned());
    }
    names
}

/// Controllers of the version 2 hierarchy, if one is mounted, and of version 1.
fn cgroups() -> (Option<BTreeSet<String>>, BTreeSet<String>) {
    let mounts = text("/proc/self/mounts");
    let fields = || mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let unified = fields().find(|fields| fields.get(2) == Some(&"cgroup2")).and_then(|fields| {
        let all = text(&format!("{}/cgroup.controllers", fields.get(1)?));
        Some(all.split_whitespace().map(str::to_owned).collect())
    });
    let version_1 = fields().filter(|fields| fields.get(2) == Some(&"cgroup"));
    let words = version_1.filter_map(|fields| fields.get(3).map(|options| (*options).to_owned()));
    let known = text("/proc/cgroups");
    let is_controller = |word: &String| known.lines().any(|line| line.split_whitespace().next() == Some(word.as_str()));
    let controllers = words.flat_map(|options| options.split(',').map(str::to_owned).collect::<Vec<_>>());
    (unified, controllers.filter(is_controller).collect())
}

/// The effective capabilities in a process's status.
fn capabilities(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    line.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).unwrap_or_default()
}

/// Ports on which a socket of `/proc/net/tcp` listens.
fn listening(sockets: &str) -> BTreeSet<u16> {
    const LISTEN: &str = "0A";
    let rows = sockets.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let listening = rows.filter(|row| row.get(3) == Some(&LISTEN));
    listening.filter_map(|row| u16::from_str_radix(row.get(1)?.rsplit_once(':')?.1, 16).ok()).collect()
}

fn memory_available(meminfo: &str) -> u64 {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kibibytes = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kibibytes.unwrap_or_default() * 1024
}

fn data(path: &Path) -> DataDirectory {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let standing: PathBuf = path.ancestors().find(|ancestor| ancestor.is_dir()).unwrap_or(Path::new("/")).to_owned();
    let metadata = fs::metadata(&standing).ok();
    let file_system = rustix::fs::statvfs(&standing).ok();
    let kind = rustix::fs::statfs(&standing).ok().and_then(|found| filesystem_name(found.f_type as u64));
    let read_only =
        file_system.as_ref().is_some_and(|found| found.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY));
    DataDirectory {
        exists: standing == path,
        owner: metadata.as_ref().map_or(0, MetadataExt::uid),
        mode: metadata.as_ref().map_or(0, MetadataExt::mode),
        writable: !read_only && rustix::fs::access(&standing, rustix::fs::Access::WRITE_OK).is_ok(),
        free_bytes: file_system.map_or(0, |found| found.f_bavail * found.f_frsize),
        filesystem: kind,
        path,
    }
}

/// Names of the file systems that writable layers cannot lie on, or that do not last.
fn filesystem_name(magic: u64) -> Option<&'static str> {
    Some(match magic & 0xffff_ffff {
        0x794c_7630 => "overlay",
        0x6969 => "nfs",
        0xff53_4d42 => "cifs",
        0x6573_5546 => "fuse",
        0x4d44 => "vfat",
        0x0102_1994 => "tmpfs",
        _ => return None,
    })
}

/// When the newest of the data directory's own files changed; those below it follow.
fn newest_file(directory: &Path) -> Option<u64> {
    let files = [directory.to_owned(), directory.join("pki"), directory.join("store")];
    let entries = files.iter().filter_map(|path| fs::read_dir(path).ok()).flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()?.modified().ok()).map(seconds).max()
}

fn is_own(link: &str) -> bool {
    OWN_LINKS.iter().any(|prefix| link.starts_with(prefix))
}

/// Addresses and routes, without loopback, default routes and what Sagong made itself.
fn host_ranges() -> Vec<(Cidr, String)> {
    let mut ranges = routes(&text("/proc/self/net/route"));
    let Ok(mut socket) = RouteSocket::open() else { return ranges };
    let links = socket.links().unwrap_or_default();
    for (index, address) in socket.addresses().unwrap_or_default() {
        let link = links.iter().find(|link| link.index == index).map_or("", |link| link.name.as_str());
        // The loopback link holds the address of the cluster's DNS.
        if link != "lo" && !is_own(link) {
            ranges.push((Cidr::host(address.address), format!("the address {} of {link}", address.address)));
        }
    }
    ranges
}

/// The destinations in `/proc/net/route`.
fn routes(table: &str) -> Vec<(Cidr, String)> {
    // The kernel prints an address's bytes in network order as one number of its own.
    let number = |digits: &str| Some(u32::from_be(u32::from_str_radix(digits, 16).ok()?));
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter_map(|row| {
        let (link, destination, mask) = (*row.first()?, number(row.get(1)?)?, number(row.get(7)?)?);
        let range = range_v4(Ipv4Addr::from(destination), mask.leading_ones() as u8);
        // Routes over no link are refusals of ours.
        (mask != 0 && link != "*" && !is_own(link)).then(|| (range, format!("the route over {link}")))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_the_kernel_are_read() {
        let tcp = "  sl  local_address rem_address   st\n   0: 0100007F:192B 00000000:0000 0A 0\n   1: 0100007F:0016 00000000:0000 01 0\n";
        assert_eq!(listening(tcp), BTreeSet::from([6443]));
        assert_eq!(memory_available("MemFree: 1 kB\nMemAvailable:    2048 kB\n"), 2 << 20);
        assert_eq!(capabilities("CapPrm:\t0\nCapEff:\t000001fffeffffff\n"), 0x1ff_feff_ffff);
        let modules = ["kernel/drivers/net/veth.ko.zst: kernel/x.ko", "kernel/net/nf-tables.ko"];
        let names: Vec<_> = modules.iter().filter_map(|line| module_name(line)).collect();
        assert_eq!(names, ["veth", "nf_tables"]);
        let options = options("CONFIG_VETH=m\nCONFIG_HZ=100\n# CONFIG_VXLAN is not set\n");
        assert_eq!(options.get("CONFIG_VETH"), Some(&true));
        assert_eq!(options.get("CONFIG_VXLAN"), None);
    }

    #[test]
    fn routes_are_those_of_others() {
        let table = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n\
            eth0 00000000 0100A8C0 0003 0 0 0 00000000 0 0 0\n\
            eth0 0000A8C0 00000000 0001 0 0 0 00FFFFFF 0 0 0\n\
            sgabc 05002A0A 00000000 0001 0 0 0 FFFFFFFF 0 0 0\n";
        assert_eq!(routes(table), [("192.168.0.0/24".parse().unwrap(), "the route over eth0".to_owned())]);
    }
}
