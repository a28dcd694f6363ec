use super::*;

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn good() -> Facts {
    Facts {
        kernel_release: "6.8.0-45-generic".to_owned(),
        namespaces: names(&["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]),
        filesystems: names(&["overlay", "ext4"]),
        cgroup_v2: Some(names(&["cpu", "memory", "pids", "cpuset"])),
        cgroup_v1: BTreeSet::new(),
        seccomp: true,
        options: OPTIONS.iter().map(|(option, ..)| (*option, Support::Present)).collect(),
        firewall: Ok(Vec::new()),
        uid: 0,
        capabilities: u64::MAX,
        listening: BTreeSet::from([22]),
        server_runs: false,
        data: DataDirectory {
            path: "/var/lib/sagong".into(),
            exists: true,
            owner: 0,
            mode: 0o700,
            writable: true,
            free_bytes: 1 << 40,
            filesystem: None,
        },
        memory_available_bytes: 1 << 34,
        now_unix_seconds: RELEASE_UNIX_SECONDS + 1,
        newest_file_unix_seconds: None,
        host_ranges: vec![("192.168.1.0/24".parse().unwrap(), "the route over eth0".to_owned())],
    }
}

fn wanted() -> Wanted {
    Wanted {
        node: true,
        port: 6443,
        kubelet_port: 10250,
        cluster_range: "10.42.0.0/16".parse().unwrap(),
        service_range: "10.43.0.0/16".parse().unwrap(),
    }
}

/// Names and states of what is not as it should be, after a change of a good machine.
fn troubles(change: impl FnOnce(&mut Facts)) -> Vec<(String, &'static str)> {
    let mut facts = good();
    change(&mut facts);
    let findings = judge(&facts, &wanted()).into_iter().filter(|finding| finding.state != State::Ok);
    findings
        .map(|finding| {
            assert!(!finding.remedy.is_empty(), "{finding:?} has no way out");
            (finding.name, finding.state.text())
        })
        .collect()
}

#[track_caller]
fn check(change: impl FnOnce(&mut Facts), expected: &[(&str, &'static str)]) {
    let expected: Vec<(String, &'static str)> =
        expected.iter().map(|(name, state)| ((*name).to_owned(), *state)).collect();
    assert_eq!(troubles(change), expected);
}

#[test]
fn a_good_machine_has_no_trouble() {
    check(|_| {}, &[]);
}

#[test]
fn kernels_are_judged_by_number() {
    check(|facts| facts.kernel_release = "5.4.0".to_owned(), &[("kernel", "missing")]);
    check(|facts| facts.kernel_release = "5.15.0-rc1".to_owned(), &[]);
    check(|facts| facts.kernel_release = "10.1".to_owned(), &[]);
    check(|facts| facts.kernel_release = "mine".to_owned(), &[("kernel", "note")]);
    check(
        |facts| {
            facts.options.insert("CONFIG_VETH", Support::Absent);
        },
        &[("veth", "missing")],
    );
    check(
        |facts| {
            facts.options.insert("CONFIG_VXLAN", Support::Absent);
        },
        &[("vxlan", "note")],
    );
    check(
        |facts| {
            facts.options.remove("CONFIG_VETH");
        },
        &[("veth", "note")],
    );
}

#[test]
fn capabilities_are_bits() {
    check(|facts| facts.capabilities &= !(1 << 24), &[("CAP_SYS_RESOURCE", "note")]);
    check(|facts| facts.capabilities &= !(1 << 12), &[("capabilities", "missing")]);
    check(|facts| facts.uid = 1000, &[("root", "missing")]);
}

#[test]
fn controllers_count_in_either_version() {
    let hybrid = |facts: &mut Facts| {
        facts.cgroup_v2 = Some(names(&["hugetlb"]));
        facts.cgroup_v1 = names(&["cpu", "memory", "cpuset"]);
    };
    check(hybrid, &[("cgroup controller pids", "note")]);
    check(
        |facts| facts.cgroup_v2 = Some(names(&["cpu", "pids", "cpuset"])),
        &[("cgroup controller memory", "missing")],
    );
    check(|facts| facts.cgroup_v2 = None, &[("cgroups", "missing")]);
}

#[test]
fn ports_in_use_are_fine_when_they_are_ours() {
    check(
        |facts| {
            facts.listening.insert(6443);
        },
        &[("port of the API", "missing")],
    );
    let ours = |facts: &mut Facts| {
        facts.listening.extend([6443, 10250]);
        facts.server_runs = true;
    };
    check(ours, &[]);
}

#[test]
fn the_data_directory_is_private_and_holds_layers() {
    check(|facts| facts.data.mode = 0o755, &[("data directory", "note")]);
    check(|facts| facts.data.writable = false, &[("data directory", "missing")]);
    check(|facts| facts.data.filesystem = Some("overlay"), &[("overlayfs", "missing")]);
    check(|facts| facts.data.filesystem = Some("tmpfs"), &[("data directory", "note")]);
    check(|facts| facts.data.free_bytes = DISK_MIN_BYTES - 1, &[("disk", "missing")]);
    check(|facts| facts.memory_available_bytes = MEMORY_MIN_BYTES, &[("memory", "note")]);
}

#[test]
fn clocks_do_not_go_back() {
    check(|facts| facts.now_unix_seconds = 0, &[("clock", "missing")]);
    check(|facts| facts.newest_file_unix_seconds = Some(facts.now_unix_seconds + 3600), &[("clock", "missing")]);
    check(|facts| facts.newest_file_unix_seconds = Some(facts.now_unix_seconds + 1), &[]);
}

#[test]
fn ranges_of_the_host_are_not_taken() {
    let route = |text: &str| vec![(text.parse().unwrap(), "eth0".to_owned())];
    check(
        |facts| facts.host_ranges = route("10.0.0.0/8"),
        &[("pod addresses", "missing"), ("service addresses", "missing")],
    );
    check(|facts| facts.host_ranges = route("10.43.7.1/32"), &[("service addresses", "missing")]);
}

#[test]
fn firewalls_are_notes_and_a_silent_kernel_is_not() {
    check(|facts| facts.firewall = Ok(vec!["chain FORWARD drops".to_owned()]), &[("forwarding firewall", "note")]);
    check(|facts| facts.firewall = Err("not permitted".to_owned()), &[("nf_tables", "missing")]);
}

#[test]
fn a_control_plane_alone_needs_no_root() {
    let facts = Facts { uid: 1000, capabilities: 0, firewall: Err(String::new()), ..good() };
    let findings = judge(&facts, &Wanted { node: false, ..wanted() });
    assert!(findings.iter().all(|finding| finding.state == State::Ok), "{findings:?}");
}
