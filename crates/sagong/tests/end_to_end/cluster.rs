//! A server of the real binary on ports and folders of its own.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

/// A running server; it ends with this value.
pub(crate) struct Cluster {
    process: Child,
    directory: tempfile::TempDir,
    port: u16,
    arguments: Vec<String>,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Cluster {
    /// A control plane without a node.
    pub(crate) fn control_plane() -> Cluster {
        Cluster::start(&["--no-node"])
    }

    /// A control plane and a node; needs root. Its pods end with this value.
    pub(crate) fn with_node() -> Cluster {
        Cluster::start(&[])
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

    /// Applies manifests.
    pub(crate) fn apply(&self, manifests: &str) {
        let file = self.directory.path().join("manifests.yaml");
        std::fs::write(&file, manifests).unwrap();
        self.kubectl(&["apply", "-f", file.to_str().unwrap()]);
    }

    /// Removes what pods leave when nobody ends them: a test that failed in between.
    fn end_pods(&self) {
        if self.arguments.iter().any(|argument| argument == "--no-node") {
            return;
        }
        let _ =
            self.kubectl_output(&["delete", "pod", "--all", "--all-namespaces", "--grace-period=1", "--timeout=20s"]);
    }

    fn start(arguments: &[&str]) -> Cluster {
        let directory = tempfile::tempdir().unwrap();
        let port = free_port();
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let process = spawn(&directory, port, &arguments);
        Cluster { process, directory, port, arguments }
    }

    fn kubectl_output(&self, arguments: &[&str]) -> Output {
        let kubectl = std::env::var_os("SAGONG_KUBECTL").expect("SAGONG_KUBECTL names the real kubectl");
        Command::new(kubectl)
            .arg("--kubeconfig")
            .arg(self.data_directory().join("admin.kubeconfig"))
            .args(arguments)
            .output()
            .unwrap()
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

    /// Ends the server without warning, and starts it again on the same data.
    pub(crate) fn kill_and_start_again(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = spawn(&self.directory, self.port, &self.arguments);
    }

    /// What a second server on the same data says.
    pub(crate) fn second_server(&self) -> String {
        let output = command(&self.directory, free_port(), &self.arguments).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.end_pods();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(directory: &tempfile::TempDir, port: u16, arguments: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sagong"));
    command.arg("up").arg("--data-dir").arg(directory.path().join("data"));
    command.arg("--state-dir").arg(directory.path().join("state"));
    // The kubelet's port is the API's successor, so that tests do not meet.
    command.args(["--port", &port.to_string(), "--kubelet-port", &(port + 1).to_string()]);
    command.args(arguments).env("NO_COLOR", "1");
    command
}

/// Starts a server and waits until it says that it is ready.
fn spawn(directory: &tempfile::TempDir, port: u16, arguments: &[String]) -> Child {
    let mut process = command(directory, port, arguments).stderr(Stdio::piped()).spawn().unwrap();
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
    std::thread::spawn(move || log.for_each(drop));
    process
}
