//! A server of the real binary on ports and folders of its own.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Lines, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    sync::{Arc, Mutex},
};

/// The last lines of a log.
type Log = Arc<Mutex<VecDeque<String>>>;

/// How many lines of a server's log are kept.
const LOG_LINES: usize = 100;

/// A running server; it ends with this value.
pub(crate) struct Cluster {
    process: Child,
    /// What it has logged, its last lines: a test that fails shows them.
    log: Log,
    directory: tempfile::TempDir,
    /// Of the API and of the kubelet.
    ports: [u16; 2],
    arguments: Vec<String>,
}

pub(crate) fn free_port() -> u16 {
    let [port] = testkit::free_ports().unwrap();
    port
}

impl Cluster {
    /// A control plane without a node.
    pub(crate) fn control_plane() -> Cluster {
        Cluster::start(&["--no-node"])
    }

    /// A control plane without a node, with more flags.
    pub(crate) fn control_plane_and(flags: &[&str]) -> Cluster {
        Cluster::start(&[&["--no-node"], flags].concat())
    }

    /// A control plane without a node whose objects are in etcd.
    pub(crate) fn on_etcd(servers: &str) -> Cluster {
        Cluster::start(&["--no-node", "--store", "etcd", "--etcd-servers", servers])
    }

    /// Another control plane with the same keys, whose objects are in the same etcd.
    pub(crate) fn on_etcd_beside(&self, servers: &str) -> Cluster {
        self.beside(&["--no-node", "--store", "etcd", "--etcd-servers", servers])
    }

    /// Another server with the same keys.
    pub(crate) fn beside(&self, flags: &[&str]) -> Cluster {
        Cluster::with_keys_of(Path::new(&self.path("data/pki")), flags)
    }

    /// A server with the keys in a folder.
    pub(crate) fn with_keys_of(pki: &Path, flags: &[&str]) -> Cluster {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let copied = Command::new("cp").arg("-a").arg(pki).arg(data.join("pki")).status().unwrap();
        assert!(copied.success());
        Cluster::start_in(directory, flags)
    }

    /// A control plane and a node that is ready; needs root. Its pods end with this value.
    pub(crate) fn with_node() -> Cluster {
        Cluster::with_node_and(&[])
    }

    /// As [`Cluster::with_node`], with more flags.
    pub(crate) fn with_node_and(flags: &[&str]) -> Cluster {
        let node = ["--node-name", "node", "--eviction-hard", testkit::EVICTION_HARD];
        let cluster = Cluster::start(&[&node, flags].concat());
        cluster.kubectl(&["wait", "node/node", "--for=create", "--timeout=30s"]);
        cluster.kubectl(&["wait", "node/node", "--for=condition=Ready", "--timeout=30s"]);
        cluster
    }

    /// Makes an image of the program under test, whose `demo-app` is a small web server.
    pub(crate) fn build_own_image(&self, name: &str) {
        let data = self.data_directory();
        let program = env!("CARGO_BIN_EXE_sagong");
        let output = Command::new(program)
            .args(["image", "build", program, "--tag", name, "--entrypoint", "/sagong", "--entrypoint", "demo-app"])
            .arg("--data-dir")
            .arg(data)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Gives the node the images of busybox, redis and nginx.
    pub(crate) fn import_images(&self) {
        let images = std::env::var("SAGONG_IMAGES").expect("SAGONG_IMAGES names the archive of test images");
        self.sagong(&["image", "import", &images]);
    }

    /// What a command of the program under test prints; it must succeed.
    pub(crate) fn sagong(&self, arguments: &[&str]) -> String {
        let output = self.sagong_output(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command of the program under test says against it; it must fail.
    pub(crate) fn sagong_refused(&self, arguments: &[&str]) -> String {
        let output = self.sagong_output(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeded");
        String::from_utf8(output.stderr).unwrap()
    }

    fn sagong_output(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sagong"));
        command.args(arguments).arg("--data-dir").arg(self.data_directory()).output().unwrap()
    }

    /// Applies manifests.
    pub(crate) fn apply(&self, manifests: &str) {
        self.kubectl(&["apply", "-f", &self.file("manifests.yaml", manifests)]);
    }

    /// Writes a file of the test; answers its path.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let file = self.path(name);
        std::fs::write(&file, content).unwrap();
        file
    }

    /// A path of the test.
    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    /// Ends the pods, which outlive their server on purpose; mounts go with a server, by their pods' deletion.
    fn end_pods(&self) {
        if self.arguments.iter().any(|argument| argument == "--no-node") {
            return;
        }
        // What makes pods goes before them.
        for kinds in ["deployments,statefulsets,daemonsets,jobs,replicasets", "pods"] {
            let _ = self.kubectl_output(&[
                "delete",
                kinds,
                "--all",
                "--all-namespaces",
                "--grace-period=1",
                "--timeout=20s",
            ]);
        }
        let _ = self.sagong_output(&["down", "--pods", "--state-dir", &self.path("state")]);
    }

    /// A control plane whose files are all below `place`.
    pub(crate) fn control_plane_on(place: &Path) -> Cluster {
        Cluster::start_in(tempfile::tempdir_in(place).unwrap(), &["--no-node"])
    }

    fn start(arguments: &[&str]) -> Cluster {
        Cluster::start_in(tempfile::tempdir().unwrap(), arguments)
    }

    fn start_in(directory: tempfile::TempDir, arguments: &[&str]) -> Cluster {
        let ports = testkit::free_ports().unwrap();
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let log = Log::default();
        let process = spawn(&directory, ports, &arguments, &log);
        Cluster { process, log, directory, ports, arguments }
    }

    /// kubectl as the administrator, yet to be run.
    pub(crate) fn kubectl_command(&self, arguments: &[&str]) -> Command {
        let kubectl = std::env::var_os("SAGONG_KUBECTL").expect("SAGONG_KUBECTL names the real kubectl");
        let mut command = Command::new(kubectl);
        command.env("KUBECONFIG", self.data_directory().join("admin.kubeconfig")).env("HOME", self.directory.path());
        command.args(arguments).stdin(Stdio::null());
        command
    }

    fn kubectl_output(&self, arguments: &[&str]) -> Output {
        self.kubectl_command(arguments).output().unwrap()
    }

    /// What kubectl prints when `input` is typed; it must succeed.
    pub(crate) fn kubectl_with_input(&self, arguments: &[&str], input: &str) -> String {
        let mut command = self.kubectl_command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// kubectl's exit code, and all that it prints.
    pub(crate) fn kubectl_exit(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.kubectl_output(arguments);
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
    }

    /// A kubectl that goes on until its value is dropped; its lines can be read.
    pub(crate) fn kubectl_running(&self, arguments: &[&str]) -> Running {
        Running::start(self.kubectl_command(arguments))
    }

    /// The real helm as the administrator; it must succeed.
    pub(crate) fn helm(&self, arguments: &[&str]) -> String {
        let helm = std::env::var_os("SAGONG_HELM").expect("SAGONG_HELM names the real helm");
        let mut command = Command::new(helm);
        command.env("KUBECONFIG", self.data_directory().join("admin.kubeconfig")).env("HOME", self.directory.path());
        let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The port of the API.
    pub(crate) fn port(&self) -> u16 {
        self.ports[0]
    }

    fn data_directory(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// What kubectl prints; it must succeed.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        let output = self.kubectl_output(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What kubectl says against it; it must fail.
    pub(crate) fn kubectl_refused(&self, arguments: &[&str]) -> String {
        let output = self.kubectl_output(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeded");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Waits for the server's own end, which somebody has asked for, and starts it again.
    pub(crate) fn start_after_its_end(&mut self) {
        assert!(self.process.wait().unwrap().success());
        self.start_again();
    }

    /// Ends the server without warning, and starts it again on the same data.
    pub(crate) fn kill_and_start_again(&mut self) {
        self.kill();
        self.start_again();
    }

    /// Ends the server without warning.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Ends the server in order.
    pub(crate) fn stop(&mut self) {
        let process = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        assert!(self.process.wait().unwrap().success());
    }

    /// Starts a server that has ended, on the same data.
    pub(crate) fn start_again(&mut self) {
        self.process = spawn(&self.directory, self.ports, &self.arguments, &self.log);
    }

    /// Folders in `/proc` of the processes of that name whose log is one of this cluster's.
    pub(crate) fn processes(&self, name: &str) -> Vec<PathBuf> {
        let state = self.path("state");
        let ours = |directory: &PathBuf| {
            let named = std::fs::read_to_string(directory.join("comm")).is_ok_and(|comm| comm.trim_end() == name);
            named && std::fs::read_link(directory.join("fd/2")).is_ok_and(|log| log.starts_with(&state))
        };
        std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()).filter(ours).collect()
    }

    /// What a second server on the same data says.
    pub(crate) fn second_server(&self) -> String {
        let output = command(&self.directory, testkit::free_ports().unwrap(), &self.arguments).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }
}

/// Ends a process without warning, by its folder in `/proc`.
pub(crate) fn kill(process: &Path) {
    let number = process.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let number = rustix::process::Pid::from_raw(number).unwrap();
    rustix::process::kill_process(number, rustix::process::Signal::KILL).unwrap();
}

/// A kubectl that runs beside the test.
pub(crate) struct Running {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Starts it.
    pub(crate) fn start(mut command: Command) -> Running {
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Running { process, lines }
    }

    /// Reads until each of `texts` was in a line, in whatever order.
    pub(crate) fn lines_with(&mut self, texts: &[&str]) {
        let mut missing = texts.to_vec();
        let mut seen = Vec::new();
        while !missing.is_empty() {
            let Some(Ok(line)) = self.lines.next() else { panic!("no lines with {missing:?} in {seen:#?}") };
            missing.retain(|text| !line.contains(text));
            seen.push(line);
        }
    }

    /// Reads until a line has `text` in it; answers that line.
    pub(crate) fn line_with(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        loop {
            match self.lines.next() {
                Some(Ok(line)) if line.contains(text) => return line,
                Some(Ok(line)) => seen.push(line),
                _ => panic!("no line with {text:?} in {seen:?}"),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("the server's log ended with:");
            self.log.lock().unwrap().iter().for_each(|line| println!("{line}"));
        }
        self.end_pods();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(directory: &tempfile::TempDir, ports: [u16; 2], arguments: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sagong"));
    command.arg("up").arg("--data-dir").arg(directory.path().join("data"));
    command.arg("--state-dir").arg(directory.path().join("state"));
    command.args(["--port", &ports[0].to_string(), "--kubelet-port", &ports[1].to_string()]);
    command.args(arguments).env("NO_COLOR", "1");
    command
}

/// Starts a server and waits until it says that it is ready; what it says then goes to `kept`.
fn spawn(directory: &tempfile::TempDir, ports: [u16; 2], arguments: &[String], kept: &Log) -> Child {
    let mut process = command(directory, ports, arguments).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut said = Vec::new();
    loop {
        match log.next() {
            Some(Ok(line)) if line.contains(" ready ") => break,
            Some(Ok(line)) => said.push(line),
            _ => panic!("the server ended before it was ready: {}", said.join("\n")),
        }
    }
    // The rest of the log must go on being read, or the server would wait for its reader.
    let kept = kept.clone();
    std::thread::spawn(move || {
        for line in log.map_while(Result::ok) {
            let mut kept = kept.lock().unwrap();
            kept.push_back(line);
            if kept.len() > LOG_LINES {
                kept.pop_front();
            }
        }
    });
    process
}
