//! A cluster of nodes in namespaces of this machine, joined as its user would join machines.
//!
//! A node has its own network, mount, process, host name, IPC and cgroup namespaces. All nodes hang on one bridge in
//! the network namespace of the *laboratory*, where the suite runs and where the outside world is played: a mirror of
//! registries, say, and a name server that knows no name. Whatever runs in a namespace ends with its process 1.

use std::{
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};

use crate::command::{first_child, mortal, output};

/// The laboratory's address; node N has 10 + N in the same network.
pub const LABORATORY: &str = "172.30.0.1";
/// Where a node finds Sagong and the images to import.
const BINARY: &str = "/opt/sagong";
const IMAGES: &str = "/opt/images.tar";
pub(crate) const NODE_SCRIPT: &str = include_str!("node.sh");
/// Where the cgroups of all harnesses lie.
pub(crate) const CGROUP: &str = "sagong-conformance";
/// What `--eviction-hard` is in tests. A disk that is nearly full fails none of them: upstream's thresholds are for
/// machines of their own.
pub const EVICTION_HARD: &str =
    "memory.available<100Mi,nodefs.available<100Mi,nodefs.inodesFree<1%,imagefs.available<100Mi,imagefs.inodesFree<1%";
/// How long a part of the cluster may take to be there.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A node's namespaces, and Sagong in them.
struct Node {
    name: String,
    address: String,
    state: PathBuf,
    /// The process that made the namespaces.
    holder: Child,
    /// Process 1 in them, as this machine counts.
    init: u32,
    sagong: Option<Child>,
    arguments: Vec<String>,
}

/// What a cluster is made of.
pub struct Setup<'a> {
    /// Where all state is; removed at the end. Not below `/tmp`, of which each node has its own.
    pub work: &'a Path,
    /// The program under test.
    pub binary: &'a Path,
    /// An archive that every node imports.
    pub images: Option<&'a Path>,
    /// How many nodes there are; the first runs the control plane too.
    pub nodes: usize,
    /// How much Sagong logs.
    pub log: &'a str,
    /// What plays the outside world at [`LABORATORY`]: a program with its arguments, which must not end.
    pub laboratory: Vec<OsString>,
    /// The port of a mirror of all registries there, if there is one.
    pub registry_port: Option<u16>,
}

/// A running cluster; it is gone when this is dropped.
pub struct Cluster {
    work: PathBuf,
    laboratory: Option<(Child, u32)>,
    nodes: Vec<Node>,
    /// How often a process of Sagong ended by itself.
    pub crashes: u32,
    registry_port: Option<u16>,
}

pub(crate) fn wait_for<T>(what: &str, mut there: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let end = Instant::now() + START_LIMIT;
    loop {
        if let Some(found) = there()? {
            return Ok(found);
        }
        ensure!(Instant::now() < end, "{what} is not there after {} s", START_LIMIT.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn log_file(path: &Path) -> anyhow::Result<Stdio> {
    let file = File::options().create(true).append(true).open(path);
    Ok(Stdio::from(file.with_context(|| format!("cannot write {}", path.display()))?))
}

/// Puts a file elsewhere, without copying where that is possible.
fn place(source: &Path, target: &Path) -> anyhow::Result<()> {
    if std::fs::hard_link(source, target).is_err() {
        std::fs::copy(source, target).with_context(|| format!("cannot copy {}", source.display()))?;
    }
    Ok(())
}

impl Cluster {
    /// Starts the nodes and joins them; returns when each takes orders.
    ///
    /// # Errors
    /// When a part of it does not come up; what did is gone again.
    pub fn start(setup: &Setup<'_>) -> anyhow::Result<Cluster> {
        let Setup { binary, images, nodes, log, .. } = *setup;
        let mut cluster = Cluster::prepare(setup)?;
        for index in 0..nodes {
            cluster.write_mirror(index)?;
            let programs = cluster.nodes[index].state.join("root/opt");
            place(binary, &programs.join("sagong"))?;
            if let Some(images) = images {
                place(images, &programs.join("images.tar"))?;
            }
        }
        let server = format!("https://{}:6443", cluster.nodes[0].address);
        cluster.launch(0, &["up", "--log", log, "--eviction-hard", EVICTION_HARD])?;
        wait_for("the server", || {
            cluster.check_alive(0)?;
            // Nodes can join once it is ready, and not before.
            Ok(cluster.in_node(0, &["status"]).ok().filter(|status| status.starts_with("server: ready")))
        })?;
        output(cluster.sagong(0).args(["kubeconfig", "--server", &server, "--output", "/tmp/admin.kubeconfig"]))?;
        std::fs::copy(cluster.nodes[0].state.join("root/tmp/admin.kubeconfig"), cluster.kubeconfig())?;
        for index in 1..nodes {
            let token = cluster.in_node(0, &["token", "create", "--ttl", "1h"])?;
            let join = ["agent", "--server", &server, "--token", token.trim(), "--log", log];
            cluster.launch(index, &[join.as_slice(), &["--eviction-hard", EVICTION_HARD]].concat())?;
        }
        for index in 0..nodes {
            wait_for("the node's image store", || {
                cluster.check_alive(index)?;
                Ok(cluster.admin_socket(index).exists().then_some(()))
            })?;
            if images.is_some() {
                let directory = cluster.data_directory(index);
                cluster.in_node(index, &["image", "import", "--data-dir", &directory, IMAGES])?;
            }
        }
        Ok(cluster)
    }

    /// Makes the laboratory and the nodes; nothing of Sagong runs in them.
    ///
    /// # Errors
    /// When a part of it does not come up; what did is gone again.
    pub fn prepare(setup: &Setup<'_>) -> anyhow::Result<Cluster> {
        let work = setup.work;
        ensure!(!work.starts_with("/tmp"), "the state cannot be in {}: nodes do not see it there", work.display());
        remove_stale_cgroups();
        std::fs::create_dir_all(work)?;
        let mut cluster = Cluster {
            work: work.to_owned(),
            laboratory: None,
            nodes: Vec::new(),
            crashes: 0,
            registry_port: setup.registry_port,
        };
        cluster.start_laboratory(&setup.laboratory)?;
        for number in 1..=setup.nodes {
            let node = cluster.make_node(number)?;
            cluster.nodes.push(node);
        }
        Ok(cluster)
    }

    /// The administrator's kubeconfig, for the laboratory.
    pub fn kubeconfig(&self) -> PathBuf {
        self.work.join("admin.kubeconfig")
    }

    /// The logs of all parts, by name.
    pub fn logs(&self) -> Vec<(String, PathBuf)> {
        self.nodes.iter().map(|node| (node.name.clone(), node.state.join("sagong.log"))).collect()
    }

    /// Where the nodes keep the logs of containers.
    pub fn container_logs(&self) -> Vec<PathBuf> {
        let place = |(index, node): (usize, &Node)| {
            node.state.join("root").join(self.data_directory(index).trim_start_matches('/')).join("node/logs")
        };
        self.nodes.iter().enumerate().map(place).collect()
    }

    /// A command in the laboratory's namespaces.
    pub fn in_laboratory(&self, program: &Path) -> Command {
        let pid = self.laboratory.as_ref().map_or(0, |(_, init)| *init).to_string();
        let mut command = mortal("nsenter");
        command.args(["--target", &pid, "--net", "--mount", "--pid", "--"]).arg(program);
        command
    }

    /// The root of what a node keeps for itself: `opt`, `tmp`, `var/log` and what lies in `var/lib`.
    pub fn node_root(&self, index: usize) -> PathBuf {
        self.nodes[index].state.join("root")
    }

    /// A node's name and address.
    pub fn node(&self, index: usize) -> (&str, &str) {
        (&self.nodes[index].name, &self.nodes[index].address)
    }

    /// How to enter the nodes by hand.
    pub fn entrances(&self) -> String {
        let mut text = format!(
            "nsenter -t {} -n -m kubectl --kubeconfig {}",
            self.laboratory.as_ref().map_or(0, |(_, init)| *init),
            self.kubeconfig().display()
        );
        for node in &self.nodes {
            text += &format!("\nnsenter -t {} -a   # {}", node.init, node.name);
        }
        text
    }

    /// Starts again what has ended, as an init system would.
    pub fn revive(&mut self) -> anyhow::Result<()> {
        for index in 0..self.nodes.len() {
            if self.check_alive(index).is_err() {
                self.crashes += 1;
                eprintln!("sagong on {} ended by itself and is started again", self.nodes[index].name);
                self.start_again(index)?;
            }
        }
        Ok(())
    }

    fn start_laboratory(&mut self, program: &[OsString]) -> anyhow::Result<()> {
        let mut command = mortal("unshare");
        command.args(["--net", "--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc"]);
        command.arg("--kill-child=KILL").args(program);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let log = self.work.join("laboratory.log");
        let holder = command.stdout(log_file(&log)?).stderr(log_file(&log)?).spawn().context("unshare")?;
        let init = wait_for("the laboratory", || Ok(first_child(holder.id())))?;
        self.laboratory = Some((holder, init));
        let script = format!(
            "ip link set lo up && ip link add br0 type bridge && ip address add {LABORATORY}/24 dev br0 && \
             ip link set br0 up && echo 1 > /proc/sys/net/ipv4/ip_forward"
        );
        output(self.in_laboratory(Path::new("sh")).args(["-c", &script]))?;
        Ok(())
    }

    /// The namespaces of a node; nothing of Sagong runs in them yet.
    fn make_node(&self, number: usize) -> anyhow::Result<Node> {
        let name = format!("node{number}");
        let state = self.work.join(&name);
        std::fs::create_dir_all(&state)?;
        let cgroup = format!("{CGROUP}/{}-{name}", std::process::id());
        let mut command = mortal("sh");
        command.args(["-c", NODE_SCRIPT, "sh", "outer", &name, &cgroup]).arg(&state).arg(LABORATORY);
        command.env("NODE_SCRIPT", NODE_SCRIPT);
        // Ctrl-C at the terminal is for the harness, which then tidies up.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let log = state.join("init.log");
        let mut holder = command.stdout(log_file(&log)?).stderr(log_file(&log)?).spawn().context("sh")?;
        let ready = wait_for(&name, || {
            if holder.try_wait()?.is_some() {
                bail!("{name} did not start: {}", std::fs::read_to_string(&log).unwrap_or_default());
            }
            Ok(first_child(holder.id()).filter(|_| state.join("ready").exists()))
        });
        let init = ready.inspect_err(|_| drop(holder.kill()))?;
        let address = format!("172.30.0.{}", 10 + number);
        let link = format!(
            "ip link add v{number} type veth peer name eth0 netns {init} && ip link set v{number} master br0 up"
        );
        let laboratory = self.laboratory.as_ref().map_or(0, |(_, init)| *init).to_string();
        // The node's process is named as this machine counts: only the network namespace is entered.
        output(Command::new("nsenter").args(["--target", &laboratory, "--net", "sh", "-c", &link]))?;
        let configure = format!(
            "ip address add {address}/24 dev eth0 && ip link set eth0 up && ip route add default via {LABORATORY}"
        );
        output(Command::new("nsenter").args(["--target", &init.to_string(), "--net", "sh", "-c", &configure]))?;
        Ok(Node { name, address, state, holder, init, sagong: None, arguments: Vec::new() })
    }

    /// Images that a node has not come from the laboratory's mirror.
    fn write_mirror(&self, index: usize) -> anyhow::Result<()> {
        let Some(port) = self.registry_port else { return Ok(()) };
        let data = self.nodes[index].state.join("root").join(self.data_directory(index).trim_start_matches('/'));
        let folder = data.join("certs.d/_default");
        std::fs::create_dir_all(&folder)?;
        let mirror = format!("http://{LABORATORY}:{port}");
        let text = format!("server = \"{mirror}\"\n[host.\"{mirror}\"]\n  capabilities = [\"pull\", \"resolve\"]\n");
        Ok(std::fs::write(folder.join("hosts.toml"), text)?)
    }

    /// The data directory as the node sees it.
    fn data_directory(&self, index: usize) -> String {
        if index == 0 { "/var/lib/sagong" } else { "/var/lib/sagong-agent" }.to_owned()
    }

    fn admin_socket(&self, index: usize) -> PathBuf {
        let directory = self.data_directory(index);
        self.nodes[index].state.join("root").join(directory.trim_start_matches('/')).join("admin.sock")
    }

    /// A program in a node's namespaces.
    pub fn program_in_node(&self, index: usize, program: &str) -> Command {
        let mut command = mortal("nsenter");
        command.args(["--target", &self.nodes[index].init.to_string(), "--all", "--", program]);
        command
    }

    /// Ends a node's Sagong without warning; its pods go on.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self, index: usize) -> anyhow::Result<()> {
        if let Some(mut sagong) = self.nodes[index].sagong.take() {
            // The child is nsenter, and Sagong a child of that: the whole group goes, and is waited for.
            let own = first_child(sagong.id()).map(|pid| PathBuf::from(format!("/proc/{pid}")));
            output(Command::new("kill").args(["-KILL", "--", &format!("-{}", sagong.id())]))?;
            sagong.wait()?;
            wait_for("the end of Sagong", || Ok(own.as_ref().is_none_or(|own| !own.exists()).then_some(())))?;
        }
        Ok(())
    }

    /// Starts a node's Sagong again with the arguments that it had.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_again(&mut self, index: usize) -> anyhow::Result<()> {
        let arguments = self.nodes[index].arguments.clone();
        self.launch(index, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Ends a node as a power failure would: every process and namespace of it goes, its disk stays; then starts it
    /// again.
    ///
    /// # Errors
    /// When the node does not end or does not come up.
    pub fn reboot(&mut self, index: usize) -> anyhow::Result<()> {
        let node = &mut self.nodes[index];
        let arguments = std::mem::take(&mut node.arguments);
        node.holder.kill()?;
        node.holder.wait()?;
        if let Some(mut sagong) = node.sagong.take() {
            sagong.wait()?;
        }
        std::fs::remove_file(node.state.join("ready"))?;
        let init = PathBuf::from(format!("/proc/{}", node.init));
        wait_for("the end of the node", || Ok((!init.exists()).then_some(())))?;
        self.nodes[index] = self.make_node(index + 1)?;
        self.nodes[index].arguments = arguments;
        self.start_again(index)
    }

    /// Cuts a node off from all others, or joins it again.
    ///
    /// # Errors
    /// When the link cannot be set.
    pub fn set_connected(&self, index: usize, connected: bool) -> anyhow::Result<()> {
        let (link, state) = (format!("v{}", index + 1), if connected { "up" } else { "down" });
        output(self.in_laboratory(Path::new("ip")).args(["link", "set", &link, state])).map(drop)
    }

    /// Sagong in a node's namespaces and cgroup.
    fn sagong(&self, index: usize) -> Command {
        let mut command = self.daemon(index, Path::new(BINARY));
        command.env("NO_COLOR", "1");
        command
    }

    /// A program in a node's namespaces and in the cgroup of what is no pod's.
    pub fn daemon(&self, index: usize, program: &Path) -> Command {
        let mut command = mortal("nsenter");
        let enter = "for group in /sys/fs/cgroup/daemon /sys/fs/cgroup/*/daemon; do \
            [ ! -e $group ] || echo 0 > $group/cgroup.procs; done; exec \"$@\"";
        command.args(["--target", &self.nodes[index].init.to_string(), "--all", "--", "sh", "-c", enter, "sh"]);
        command.arg(program);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }

    /// What a command of the program under test prints in a node, the first of which has index 0.
    ///
    /// # Errors
    /// When it fails.
    pub fn in_node(&self, index: usize, arguments: &[&str]) -> anyhow::Result<String> {
        output(self.sagong(index).args(arguments))
    }

    fn launch(&mut self, index: usize, arguments: &[&str]) -> anyhow::Result<()> {
        let log = self.nodes[index].state.join("sagong.log");
        let mut command = self.sagong(index);
        command.args(arguments).stdout(log_file(&log)?).stderr(log_file(&log)?);
        self.nodes[index].sagong = Some(command.spawn().context("nsenter")?);
        self.nodes[index].arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Ok(())
    }

    /// An error when the node's Sagong has ended.
    fn check_alive(&mut self, index: usize) -> anyhow::Result<()> {
        let node = &mut self.nodes[index];
        let Some(sagong) = &mut node.sagong else { return Ok(()) };
        let Some(status) = sagong.try_wait()? else { return Ok(()) };
        let log = std::fs::read_to_string(node.state.join("sagong.log")).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(5).collect();
        bail!("sagong on {} ended with {status}: {}", node.name, last.into_iter().rev().collect::<Vec<_>>().join("\n"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            let _ = node.holder.kill();
            let _ = node.holder.wait();
            if let Some(mut sagong) = node.sagong.take() {
                let _ = sagong.kill();
                let _ = sagong.wait();
            }
        }
        if let Some((mut holder, _)) = self.laboratory.take() {
            let _ = holder.kill();
            let _ = holder.wait();
        }
        if let Err(error) = wait_for("the end of all processes", || Ok(remove_own_cgroups().then_some(()))) {
            eprintln!("cgroups are left behind: {error}");
        }
        if let Err(error) = std::fs::remove_dir_all(&self.work) {
            eprintln!("cannot remove {}: {error}", self.work.display());
        }
    }
}

fn hierarchies() -> Vec<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let place = |line: &str| {
        let mut fields = line.split(' ').skip(1);
        let (place, kind) = (fields.next()?, fields.next()?);
        matches!(kind, "cgroup" | "cgroup2").then(|| PathBuf::from(place))
    };
    mounts.lines().filter_map(place).collect()
}

/// Removes a cgroup with those below; false while a process is in one of them.
fn remove_cgroup(directory: &Path) -> bool {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            remove_cgroup(&entry.path());
        }
    }
    std::fs::remove_dir(directory).is_ok() || !directory.exists()
}

fn remove_cgroups(is_ours: impl Fn(u32) -> bool) -> bool {
    let mut all = true;
    for hierarchy in hierarchies() {
        for entry in std::fs::read_dir(hierarchy.join(CGROUP)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let harness = name.split('-').next().and_then(|pid| pid.parse().ok());
            if harness.is_some_and(&is_ours) {
                all &= remove_cgroup(&entry.path());
            }
        }
        // Fails while another harness has its own in it.
        let _ = std::fs::remove_dir(hierarchy.join(CGROUP));
    }
    all
}

pub(crate) fn remove_own_cgroups() -> bool {
    remove_cgroups(|pid| pid == std::process::id())
}

/// Those of harnesses that were killed.
pub(crate) fn remove_stale_cgroups() {
    remove_cgroups(|pid| !Path::new(&format!("/proc/{pid}")).exists());
}
