//! Servers whose objects are in an etcd cluster: `SAGONG_ETCD` names its program, `SAGONG_KUBE_APISERVER` upstream's API
//! server.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use crate::cluster::{Cluster, free_port};

mod join;
mod kubeadm_keys;
mod members;
mod servers;

const EVERY_KIND: &str = include_str!("every_kind.yaml");
/// Service addresses, the same for both servers.
const SERVICE_NETWORK: &str = "10.43.0.0/16";

fn program(variable: &str) -> PathBuf {
    std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} names the program")).into()
}

/// A process that ends with this value.
struct Process(Child);

impl Process {
    fn start(program: PathBuf, arguments: &[String]) -> Process {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Process(command.spawn().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One member that is a cluster of its own.
struct Etcd {
    arguments: Vec<String>,
    url: String,
    process: Option<Process>,
    _directory: tempfile::TempDir,
}

impl Etcd {
    fn start() -> Etcd {
        let directory = tempfile::tempdir().unwrap();
        let [url, peer] = testkit::free_ports().unwrap().map(|port| format!("http://127.0.0.1:{port}"));
        let arguments = vec![
            format!("--data-dir={}", directory.path().join("data").display()),
            format!("--listen-client-urls={url}"),
            format!("--advertise-client-urls={url}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
        ];
        let process = Some(Process::start(program("SAGONG_ETCD"), &arguments));
        Etcd { arguments, url, process, _directory: directory }
    }

    fn kill(&mut self) {
        self.process = None;
    }

    fn start_again(&mut self) {
        self.process = Some(Process::start(program("SAGONG_ETCD"), &self.arguments));
    }
}

/// Upstream's API server with the keys of a Sagong server, on the same etcd.
struct Upstream {
    process: Process,
    kubeconfig: PathBuf,
}

impl Upstream {
    fn start(beside: &Cluster, etcd: &Etcd) -> Upstream {
        let (port, pki) = (free_port(), PathBuf::from(beside.path("data/pki")));
        let folder = PathBuf::from(beside.path("upstream"));
        let key = |name: &str| pki.join(name).display().to_string();
        let service_accounts = pki::PrivateKey::load(&pki.join("sa.key")).unwrap();
        let public_key = beside.file("sa.pub", &service_accounts.public_key_pem());
        let arguments = [
            format!("--secure-port={port}"),
            "--bind-address=127.0.0.1".to_owned(),
            "--advertise-address=127.0.0.1".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            "--authorization-mode=Node,RBAC".to_owned(),
            format!("--client-ca-file={}", key("ca.crt")),
            format!("--cert-dir={}", folder.display()),
            format!("--etcd-servers={}", etcd.url),
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
            format!("--service-account-key-file={public_key}"),
            format!("--service-account-signing-key-file={}", key("sa.key")),
            format!("--service-cluster-ip-range={SERVICE_NETWORK}"),
        ];
        let process = Process::start(program("SAGONG_KUBE_APISERVER"), &arguments);
        let own = std::fs::read_to_string(beside.path("data/admin.kubeconfig")).unwrap();
        let mut text = String::new();
        for line in own.lines() {
            let indent = &line[..line.len() - line.trim_start().len()];
            match line.trim_start().split(':').next().unwrap() {
                "server" => text.push_str(&format!("{indent}server: https://127.0.0.1:{port}\n")),
                // It shows a certificate that it made itself.
                "certificate-authority-data" => text.push_str(&format!("{indent}insecure-skip-tls-verify: true\n")),
                _ => text.push_str(&format!("{line}\n")),
            }
        }
        let kubeconfig = PathBuf::from(beside.file("upstream.kubeconfig", &text));
        let mut upstream = Upstream { process, kubeconfig };
        // A minute; each try takes as long as kubectl does.
        let begun = std::time::Instant::now();
        while !upstream.output(&["get", "--raw", "/readyz"]).status.success() {
            assert!(upstream.process.0.try_wait().unwrap().is_none(), "upstream's server ended");
            assert!(begun.elapsed().as_secs() < 120, "upstream's server is not ready");
        }
        upstream
    }

    fn output(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(program("SAGONG_KUBECTL"));
        command.env("KUBECONFIG", &self.kubeconfig).env("HOME", self.kubeconfig.parent().unwrap());
        command.args(arguments).stdin(Stdio::null()).output().unwrap()
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Reads objects through both servers until both say the same, since controllers may be at work on them for a moment;
/// gives what differs.
fn difference(sagong: &Cluster, upstream: &Upstream, what: &[&str]) -> Option<String> {
    let arguments = [&["get"], what, &["-o", "json", "--show-managed-fields"]].concat();
    let mut read = (String::new(), String::new());
    for _ in 0..20 {
        read = (sagong.kubectl(&arguments), upstream.kubectl(&arguments));
        if read.0 == read.1 {
            return None;
        }
    }
    let (own, theirs): (BTreeSet<&str>, BTreeSet<&str>) = (read.0.lines().collect(), read.1.lines().collect());
    let only = |one: &BTreeSet<&str>, other: &BTreeSet<&str>| {
        one.difference(other).map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    Some(format!("{what:?}: only in Sagong's:\n{}\nonly in upstream's:\n{}", only(&own, &theirs), only(&theirs, &own)))
}

/// The objects of every kind, one manifest each, under the name of a side.
fn manifests(side: &str) -> Vec<String> {
    EVERY_KIND.split("\n---\n").map(|manifest| manifest.replace("SIDE", side)).collect()
}

fn boat(side: &str) -> String {
    format!(
        "apiVersion: {side}.example.test/v1\nkind: Boat\nmetadata: {{name: first, namespace: {side}}}\nspec: {{name: a}}\n"
    )
}

#[test]
#[ignore = "needs etcd, kube-apiserver and kubectl; run by cargo xtask ci"]
fn beside_upstream_every_kind_is_the_same_through_both() {
    let etcd = Etcd::start();
    let sagong = Cluster::on_etcd(&etcd.url);
    let upstream = Upstream::start(&sagong, &etcd);
    let (mut kinds, mut differences) = (0, Vec::new());
    for side in ["via-sagong", "via-upstream"] {
        kinds = 0;
        for (index, manifest) in manifests(side).iter().enumerate() {
            let file = sagong.file(&format!("{side}-{index}.yaml"), manifest);
            match side {
                "via-sagong" => sagong.kubectl(&["create", "-f", &file]),
                _ => upstream.kubectl(&["create", "-f", &file]),
            };
            // At once: what one has acknowledged the other shows.
            differences.extend(difference(&sagong, &upstream, &["-f", &file]));
            kinds += 1;
        }
        let definition = format!("crd/boats.{side}.example.test");
        for established in ["--for=condition=Established", "--for=condition=NamesAccepted"] {
            sagong.kubectl(&["wait", &definition, established, "--timeout=30s"]);
            upstream.kubectl(&["wait", &definition, established, "--timeout=30s"]);
        }
        let file = sagong.file(&format!("{side}-boat.yaml"), &boat(side));
        // Each serves the kind a moment after it is established.
        let create: &dyn Fn() -> bool = match side {
            "via-sagong" => &|| sagong.kubectl_exit(&["create", "-f", &file]).0 == 0,
            _ => &|| upstream.output(&["create", "-f", &file]).status.success(),
        };
        assert!((0..50).any(|_| create()), "{side}: a custom resource");
        assert!((0..50).any(|_| upstream.output(&["get", "-f", &file]).status.success()));
        differences.extend(difference(&sagong, &upstream, &["-f", &file]));
    }
    assert!(kinds >= 45, "{kinds} kinds");
    // What everybody has, both made alike.
    for resource in ["namespaces", "clusterroles", "clusterrolebindings", "priorityclasses", "flowschemas", "services"]
    {
        differences.extend(difference(&sagong, &upstream, &[resource, "--all-namespaces"]));
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
#[ignore = "needs etcd, kube-apiserver and kubectl; run by cargo xtask ci"]
fn beside_upstream_watches_see_the_others_writes() {
    let etcd = Etcd::start();
    let sagong = Cluster::on_etcd(&etcd.url);
    let upstream = Upstream::start(&sagong, &etcd);
    let watch = [
        "get",
        "configmaps",
        "--watch",
        "-o",
        "custom-columns=T:.type,N:.object.metadata.name,V:.object.data.v",
        "--output-watch-events",
    ];
    let mut through_sagong = sagong.kubectl_running(&watch);
    let mut command = Command::new(program("SAGONG_KUBECTL"));
    command.env("KUBECONFIG", &upstream.kubeconfig).env("HOME", upstream.kubeconfig.parent().unwrap()).args(watch);
    let mut through_upstream = crate::cluster::Running::start(command);
    // Both have listed what there is, and watch.
    for watching in [&mut through_sagong, &mut through_upstream] {
        watching.line_with("kube-root-ca.crt");
    }
    upstream.kubectl(&["create", "configmap", "theirs", "--from-literal=v=1"]);
    sagong.kubectl(&["create", "configmap", "ours", "--from-literal=v=1"]);
    for (name, value) in [("theirs", "1"), ("ours", "1")] {
        for watching in [&mut through_sagong, &mut through_upstream] {
            let line = watching.line_with(name);
            assert!(line.contains("ADDED") && line.trim_end().ends_with(value), "{line}");
        }
    }
    // Each changes what the other made, over and over, and neither loses the other's change.
    for round in 2..12 {
        let patch = format!("{{\"data\":{{\"v\":\"{round}\",\"r{round}\":\"x\"}}}}");
        match round % 2 {
            0 => drop(sagong.kubectl(&["patch", "configmap", "theirs", "-p", &patch])),
            _ => drop(upstream.kubectl(&["patch", "configmap", "theirs", "-p", &patch])),
        }
        for watching in [&mut through_sagong, &mut through_upstream] {
            let line = watching.line_with("theirs");
            assert!(line.contains("MODIFIED") && line.trim_end().ends_with(&round.to_string()), "{line}");
        }
    }
    let keys = sagong.kubectl(&["get", "configmap", "theirs", "-o", "jsonpath={.data}"]);
    assert!((2..12).all(|round| keys.contains(&format!("\"r{round}\""))), "{keys}");
    // What one has seen, the other does not take for outdated.
    let read = upstream.kubectl(&["get", "configmap", "ours", "-o", "json"]);
    sagong.kubectl_with_input(&["replace", "-f", "-"], &read.replace("\"v\": \"1\"", "\"v\": \"2\""));
    let (code, refused) = {
        let file = sagong.file("old.json", &read);
        let output = upstream.output(&["replace", "-f", &file]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert!(code != Some(0) && refused.contains("the object has been modified"), "{refused}");
    upstream.kubectl(&["delete", "configmap", "ours"]);
    assert!(sagong.kubectl_refused(&["get", "configmap", "ours"]).contains("NotFound"));
    assert!(through_sagong.line_with("DELETED").contains("ours"));
    // Lists that go on at a revision of the other's.
    let whole = upstream.kubectl(&["get", "clusterroles", "-o", "name", "--chunk-size=7"]);
    assert_eq!(sagong.kubectl(&["get", "clusterroles", "-o", "name", "--chunk-size=5"]), whole);
}

#[test]
#[ignore = "needs etcd and kubectl; run by cargo xtask ci"]
fn a_server_goes_on_when_etcd_comes_back() {
    let mut etcd = Etcd::start();
    let mut sagong = Cluster::on_etcd(&etcd.url);
    let others = "--field-selector=metadata.name!=kube-root-ca.crt";
    let mut watch = sagong.kubectl_running(&["get", "configmaps", "--watch", "-o", "name", others]);
    sagong.kubectl(&["create", "configmap", "before", "--from-literal=key=value"]);
    watch.line_with("configmap/before");
    etcd.kill();
    let refused = sagong.kubectl_refused(&["create", "configmap", "during", "--from-literal=key=value"]);
    assert!(refused.contains("etcd"), "{refused}");
    let (code, said) = sagong.kubectl_exit(&["get", "--raw", "/readyz/etcd"]);
    assert!(code != 0 && said.contains("no endpoint answers"), "{said}");
    etcd.start_again();
    assert!((0..100).any(|_| sagong.kubectl_exit(&["get", "--raw", "/readyz"]).0 == 0), "it is ready again");
    sagong.kubectl(&["create", "configmap", "after", "--from-literal=key=value"]);
    // The watch that began before sees it, and nothing in between.
    let line = watch.line_with("configmap/");
    assert_eq!(line.trim(), "configmap/after");
    sagong.kill_and_start_again();
    let found = sagong.kubectl(&["get", "configmaps", "-o", "name"]);
    assert!(found.contains("configmap/before") && found.contains("configmap/after"), "{found}");
    assert!(!found.contains("configmap/during"), "{found}");
    // The commands about the store.
    let status = sagong.sagong(&["store", "status", "--output", "wide"]);
    assert!(status.contains("revision:") && status.contains("configmaps"), "{status}");
    let backup = sagong.path("copy.backup");
    sagong.sagong(&["store", "backup", "--to", &backup]);
    assert!(sagong.sagong(&["store", "verify", &backup]).contains("every checksum is right"));
    sagong.sagong(&["store", "compact"]);
    sagong.kill();
    for command in [&["store", "verify"][..], &["store", "restore", &backup]] {
        let refused = sagong.sagong_refused(command);
        assert!(refused.contains("this server keeps its objects in etcd"), "{refused}");
    }
}

#[test]
#[ignore = "needs kubectl and etcd; run by cargo xtask ci"]
fn one_of_two_servers_does_the_work_and_the_other_takes_over() {
    let etcd = Etcd::start();
    let mut first = Cluster::on_etcd(&etcd.url);
    let lease = |name| format!("lease/{name}");
    let components = ["kube-scheduler", "kube-controller-manager"];
    for name in components {
        first.kubectl(&["wait", "-n", "kube-system", &lease(name), "--for=create", "--timeout=30s"]);
    }
    let second = first.on_etcd_beside(&etcd.url);
    let holders = |cluster: &Cluster| {
        let of = |name| {
            let shown = "jsonpath={.spec.holderIdentity}";
            cluster.kubectl(&["get", "-n", "kube-system", &lease(name), "-o", shown])
        };
        components.map(of)
    };
    let before = holders(&second);
    assert!(second.sagong(&["status"]).contains("waiting to be elected"));

    // One makes pods, not each its own.
    second.kubectl(&["create", "deployment", "web", "--image=example.test/web", "--replicas=5"]);
    second.kubectl(&["wait", "deployment/web", "--for=jsonpath={.status.replicas}=5", "--timeout=30s"]);
    let made = ["get", "events", "--field-selector=reason=SuccessfulCreate", "-o", "name"];
    assert_eq!(first.kubectl(&made).lines().count(), 5);
    assert_eq!(holders(&first), before);

    first.kill();
    second.kubectl(&["scale", "deployment/web", "--replicas=7"]);
    let begun = std::time::Instant::now();
    second.kubectl(&["wait", "deployment/web", "--for=jsonpath={.status.replicas}=7", "--timeout=20s"]);
    println!("taken over after {:.1} s", begun.elapsed().as_secs_f64());
    for name in components {
        let other = "--for=jsonpath={.spec.leaseTransitions}=1";
        second.kubectl(&["wait", "-n", "kube-system", &lease(name), other, "--timeout=20s"]);
    }
    assert!(holders(&second).iter().zip(&before).all(|(now, before)| now != before));
    assert!(!second.sagong(&["status"]).contains("waiting to be elected"));
}
