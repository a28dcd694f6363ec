//! Two nodes in namespaces of this machine, and what may happen to them.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use testkit::{Cluster, Setup, command::output};

/// A cluster whose kubectl runs where its nodes are reached.
struct Bed {
    cluster: Cluster,
    work: tempfile::TempDir,
}

fn variable(name: &str) -> PathBuf {
    std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set")).into()
}

impl Bed {
    fn start() -> Bed {
        // Nodes have a /tmp of their own.
        let work = tempfile::tempdir_in("/var/tmp").unwrap();
        let cluster = Cluster::start(&Setup {
            work: &work.path().join("cluster"),
            binary: env!("CARGO_BIN_EXE_sagong").as_ref(),
            images: Some(&variable("SAGONG_IMAGES")),
            nodes: 2,
            log: "info",
            laboratory: ["sleep", "infinity"].map(Into::into).to_vec(),
            registry_port: None,
        });
        let bed = Bed { cluster: cluster.unwrap(), work };
        for node in ["node/node1", "node/node2"] {
            bed.wait(&[node, "--for=create", "--timeout=60s"]);
            bed.wait(&[node, "--for=condition=Ready", "--timeout=60s"]);
        }
        bed
    }

    fn try_kubectl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = self.cluster.in_laboratory(&variable("SAGONG_KUBECTL"));
        command.env("KUBECONFIG", self.cluster.kubeconfig());
        output(command.args(arguments))
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        self.try_kubectl(arguments).unwrap()
    }

    /// Waits for a server that has just been started.
    fn wait_for_server(&self) {
        let end = Instant::now() + Duration::from_secs(60);
        while let Err(error) = self.try_kubectl(&["get", "--raw", "/readyz"]) {
            assert!(Instant::now() < end, "{error}");
        }
    }

    fn wait(&self, arguments: &[&str]) {
        self.kubectl(&[&["wait"], arguments].concat());
    }

    /// A web server on each node, and a service in front of both.
    fn run_servers(&self) {
        let file = self.work.path().join("servers.yaml");
        std::fs::write(&file, include_str!("servers.yaml")).unwrap();
        self.kubectl(&["apply", "-f", file.to_str().unwrap()]);
        self.kubectl(&["rollout", "status", "daemonset/servers", "--timeout=60s"]);
    }

    /// Something of the server that is on a node.
    fn server_on(&self, node: &str, path: &str) -> String {
        let selector = format!("spec.nodeName={node}");
        let path = format!("jsonpath={{.items[0].{path}}}");
        self.kubectl(&["get", "pods", "-l", "app=servers", "--field-selector", &selector, "-o", &path])
    }

    /// What a server on one node gets when it asks.
    fn asked_from(&self, node: &str, place: &str) -> String {
        let pod = self.server_on(node, "metadata.name");
        self.kubectl(&["exec", &pod, "--", "wget", "-q", "-O", "-", place])
    }
}

const IDENTITY: &str = "status.containerStatuses[0].containerID";
const RESTARTS: &str = "status.containerStatuses[0].restartCount";

#[test]
#[ignore = "needs kubectl and root; run by cargo xtask ci"]
fn pods_of_two_nodes_reach_each_other() {
    let bed = Bed::start();
    bed.run_servers();
    for (from, to) in [("node1", "node2"), ("node2", "node1")] {
        let address = bed.server_on(to, "status.podIP");
        assert_eq!(bed.asked_from(from, &format!("http://{address}/")).trim(), to);
        // Through the service both answer, by name and by number.
        for place in ["http://servers/", "http://servers.default.svc.cluster.local/"] {
            assert!((0..100).any(|_| bed.asked_from(from, place).trim() == to), "{from} never reaches {to} at {place}");
        }
        // Every node answers at the service's port.
        let port = bed.kubectl(&["get", "service", "servers", "-o", "jsonpath={.spec.ports[0].nodePort}"]);
        let host = bed.server_on(to, "status.hostIP");
        assert!(bed.asked_from(from, &format!("http://{host}:{port}/")).starts_with("node"));
        let log = bed.kubectl(&["logs", &bed.server_on(to, "metadata.name")]);
        assert!(log.contains("serving"), "{log}");
    }
}

#[test]
#[ignore = "needs kubectl and root; run by cargo xtask ci"]
fn a_node_without_its_server_keeps_its_pods_and_comes_back() {
    let mut bed = Bed::start();
    bed.run_servers();
    let before = bed.server_on("node2", IDENTITY);
    bed.cluster.set_connected(1, false).unwrap();
    bed.wait(&["node/node2", "--for=condition=Ready=Unknown", "--timeout=120s"]);
    bed.wait(&["pod", "-l", "app=servers", "--field-selector=spec.nodeName=node2", "--for=condition=Ready=False"]);
    // Meanwhile the agent is killed, too: it finds its pods without the server.
    bed.cluster.kill(1).unwrap();
    bed.cluster.start_again(1).unwrap();
    bed.cluster.set_connected(1, true).unwrap();
    bed.wait(&["node/node2", "--for=condition=Ready", "--timeout=60s"]);
    bed.wait(&["pod", "-l", "app=servers", "--for=condition=Ready", "--timeout=60s"]);
    assert_eq!((bed.server_on("node2", IDENTITY), bed.server_on("node2", RESTARTS)), (before, "0".to_owned()));
    let address = bed.server_on("node2", "status.podIP");
    assert_eq!(bed.asked_from("node1", &format!("http://{address}/")).trim(), "node2");
}

#[test]
#[ignore = "needs kubectl and root; run by cargo xtask ci"]
fn a_rolling_update_goes_on_where_a_killed_server_left_it() {
    let mut bed = Bed::start();
    bed.run_servers();
    let file = bed.work.path().join("rollout.yaml");
    std::fs::write(&file, include_str!("rollout.yaml").replace("replicas: 2", "replicas: 6")).unwrap();
    bed.kubectl(&["apply", "-f", file.to_str().unwrap()]);
    bed.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    let before = (bed.server_on("node1", IDENTITY), bed.server_on("node2", IDENTITY));
    bed.kubectl(&["set", "env", "deployment/web", "VERSION=2"]);
    bed.cluster.kill(0).unwrap();
    bed.cluster.start_again(0).unwrap();
    bed.wait_for_server();
    bed.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    let value = "jsonpath={.items[*].spec.containers[0].env[0].value}";
    let running = ["get", "pods", "-l", "app=web", "--field-selector=status.phase=Running", "-o", value];
    assert_eq!(bed.kubectl(&running), "2 2 2 2 2 2");
    assert_eq!((bed.server_on("node1", IDENTITY), bed.server_on("node2", IDENTITY)), before);
}

#[test]
#[ignore = "needs kubectl and root; run by cargo xtask ci"]
fn nodes_come_back_from_a_power_failure() {
    let mut bed = Bed::start();
    bed.run_servers();
    for (index, node) in [(1, "node2"), (0, "node1")] {
        bed.cluster.reboot(index).unwrap();
        bed.wait_for_server();
        let restarted = format!("--for=jsonpath={{.{RESTARTS}}}=1");
        let on_node = format!("--field-selector=spec.nodeName={node}");
        bed.wait(&["pod", "-l", "app=servers", &on_node, &restarted, "--timeout=90s"]);
        bed.wait(&["pod", "-l", "app=servers", "--for=condition=Ready", "--timeout=60s"]);
        assert_eq!(bed.server_on(node, RESTARTS), "1");
    }
    let address = bed.server_on("node2", "status.podIP");
    assert_eq!(bed.asked_from("node1", &format!("http://{address}/")).trim(), "node2");
}
