//! Several servers on one etcd: what they share without meeting.

use std::{collections::BTreeSet, process::Command, thread};

use super::{Etcd, Upstream};
use crate::cluster::{Cluster, free_port};

const NODE_PORT: &str = "jsonpath={.spec.ports[0].nodePort}";
const ALLOCATED: &str = "provided port is already allocated";

fn node_port_service(name: &str, node_port: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  type: NodePort\n  ports: [{{port: 80{node_port}}}]\n"
    )
}

#[test]
#[ignore = "needs etcd, kube-apiserver and kubectl; run by cargo xtask ci"]
fn beside_upstream_a_node_port_is_given_once() {
    let etcd = Etcd::start();
    let sagong = Cluster::on_etcd(&etcd.url);
    let upstream = Upstream::start(&sagong, &etcd);
    let service = |name: &str, port: &str| {
        let wanted = if port.is_empty() { String::new() } else { format!(", nodePort: {port}") };
        sagong.file(&format!("{name}.yaml"), &node_port_service(name, &wanted))
    };
    let refused_upstream = |file: &str| {
        let output = upstream.output(&["create", "-f", file]);
        assert!(!output.status.success(), "{file}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let ours = sagong.kubectl(&["create", "-f", &service("ours", ""), "-o", NODE_PORT]);
    let theirs = upstream.kubectl(&["create", "-f", &service("theirs", ""), "-o", NODE_PORT]);
    assert_ne!(ours, theirs);
    let said = refused_upstream(&service("same-as-ours", &ours));
    assert!(said.contains(ALLOCATED), "{said}");
    let said = sagong.kubectl_refused(&["create", "-f", &service("same-as-theirs", &theirs)]);
    assert!(said.contains(ALLOCATED), "{said}");
    // What one gives back the other gives out.
    upstream.kubectl(&["delete", "service", "theirs"]);
    sagong.kubectl(&["create", "-f", &service("same-as-theirs", &theirs)]);
    sagong.kubectl(&["delete", "service", "ours"]);
    upstream.kubectl(&["create", "-f", &service("same-as-ours", &ours)]);
    // Each changes what the other made.
    let plain = "{\"spec\":{\"type\":\"ClusterIP\"}}";
    sagong.kubectl(&["patch", "service", "same-as-ours", "-p", plain]);
    upstream.kubectl(&["create", "-f", &service("again", &ours)]);
    let said = sagong.kubectl_refused(&["create", "-f", &service("and-again", &ours)]);
    assert!(said.contains(ALLOCATED), "{said}");
}

#[test]
#[ignore = "needs etcd and kubectl; run by cargo xtask ci"]
fn two_servers_give_each_port_and_address_once() {
    let etcd = Etcd::start();
    let first = Cluster::on_etcd(&etcd.url);
    let second = first.on_etcd_beside(&etcd.url);
    let made: Vec<String> = thread::scope(|scope| {
        let makers = [("one", &first), ("two", &second)].map(|(side, server)| {
            scope.spawn(move || {
                let services: Vec<String> =
                    (0..30).map(|number| node_port_service(&format!("{side}-{number}"), "")).collect();
                let file = server.file("services.yaml", &services.join("---\n"));
                server.kubectl(&["create", "-f", &file])
            })
        });
        makers.into_iter().map(|maker| maker.join().unwrap()).collect()
    });
    assert!(made.iter().all(|made| made.lines().count() == 30), "{made:?}");
    for field in [".spec.ports[0].nodePort", ".spec.clusterIP"] {
        let shown = format!("jsonpath={{range .items[?(@.spec.type==\"NodePort\")]}}{{{field}}}{{\"\\n\"}}{{end}}");
        let given = second.kubectl(&["get", "services", "-o", &shown]);
        let once: BTreeSet<&str> = given.lines().collect();
        assert_eq!((given.lines().count(), once.len()), (60, 60), "{given}");
    }
}

#[test]
#[ignore = "needs etcd and kubectl; run by cargo xtask ci"]
fn a_server_with_other_keys_is_told_what_to_copy() {
    let etcd = Etcd::start();
    let first = Cluster::on_etcd(&etcd.url);
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let pki = data.join("pki");
    let refused = |flags: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sagong"));
        command.args(["up", "--no-node", "--store", "etcd", "--etcd-servers", &etcd.url, "--data-dir"]).arg(&data);
        command.args(["--port", &free_port().to_string(), "--state-dir"]).arg(place.path().join("state")).args(flags);
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let said = refused(&[]);
    assert!(said.contains(&format!("{} has no keys yet: Copy ca.crt, ca.key", pki.display())), "{said}");
    for file in ["ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key"] {
        std::fs::copy(first.path(&format!("data/pki/{file}")), pki.join(file)).unwrap();
    }
    let said = refused(&[]);
    assert!(said.contains(&format!("{} (the key of service account tokens) is sha256:", pki.join("sa.key").display())));
    assert!(said.contains("scp -p") && !said.contains("ca.crt (the cluster's authority)"), "{said}");
}
