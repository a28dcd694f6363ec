//! The real binary driven by the real kubectl. Run by `cargo xtask ci`, which names kubectl in
//! `SAGONG_KUBECTL`, helm in `SAGONG_HELM`, etcd in `SAGONG_ETCD`.

mod apps;
mod audit;
mod backups;
mod cluster;
mod etcd;
mod etcd_snapshots;
mod failures;
mod faults;
mod kubectl_objects;
mod kubectl_pods;
mod two_nodes;

use cluster::Cluster;

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn kubectl_drives_the_control_plane() {
    let cluster = Cluster::control_plane();
    assert!(cluster.kubectl(&["version"]).contains("Server Version: v1.37"));
    let namespaces = cluster.kubectl(&["get", "namespaces", "-o", "name"]);
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        assert!(namespaces.contains(name), "{namespaces}");
    }
    cluster.kubectl(&["create", "deployment", "web", "--image=example.test/web", "--replicas=2"]);
    cluster.kubectl(&["wait", "deployment/web", "--for=jsonpath={.status.replicas}=2", "--timeout=20s"]);
    cluster.kubectl(&["scale", "deployment/web", "--replicas=3"]);
    cluster.kubectl(&["wait", "deployment/web", "--for=jsonpath={.status.replicas}=3", "--timeout=20s"]);
    let pods = cluster.kubectl(&["get", "pods", "-l", "app=web", "-o", "name"]);
    assert_eq!(pods.lines().count(), 3, "{pods}");
    cluster.kubectl(&["delete", "deployment/web"]);
    cluster.kubectl(&["wait", "pod", "-l", "app=web", "--for=delete", "--timeout=20s"]);
}

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn a_namespace_takes_its_content_with_it() {
    let cluster = Cluster::control_plane();
    cluster.kubectl(&["create", "namespace", "team"]);
    cluster.kubectl(&["create", "configmap", "settings", "--from-literal=key=value", "--namespace=team"]);
    cluster.kubectl(&["delete", "namespace", "team", "--timeout=20s"]);
    let refused = cluster.kubectl_refused(&["get", "configmap", "settings", "--namespace=team"]);
    assert!(refused.contains("not found"), "{refused}");
}

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn writes_survive_kill_nine() {
    let mut cluster = Cluster::control_plane();
    for number in 0..20 {
        cluster.kubectl(&["create", "configmap", &format!("kept-{number}"), "--from-literal=key=value"]);
    }
    cluster.kill_and_start_again();
    let found = cluster.kubectl(&["get", "configmaps", "-o", "name"]);
    let kept = found.lines().filter(|line| line.contains("kept-")).count();
    assert_eq!(kept, 20, "{found}");
}

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn a_second_server_on_the_same_data_is_refused() {
    let cluster = Cluster::control_plane();
    let refused = cluster.second_server();
    assert!(refused.contains("is in use by process"), "{refused}");
}

#[test]
#[ignore = "needs kubectl and root; run by cargo xtask ci"]
fn pods_run_answer_by_name_and_outlive_the_server() {
    let mut cluster = Cluster::with_node();
    cluster.build_own_image("localhost/app:1");
    cluster.apply(include_str!("two_tiers.yaml"));
    for name in ["api", "web"] {
        let deployment = format!("deployment/{name}");
        cluster.kubectl(&["wait", &deployment, "--for=condition=Available", "--timeout=60s"]);
    }
    let address = cluster.kubectl(&["get", "service", "web", "-o", "jsonpath={.spec.clusterIP}"]);
    let page = http_get(&format!("{address}:80"));
    assert!(page.contains("asked api.default.svc.cluster.local: told by a config map"), "{page}");

    let identities =
        || cluster.kubectl(&["get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[*].containerID}"]);
    let before = identities();
    cluster.kill();
    // The service's rules stayed in the kernel, and names are answered by a process of their own: the pods answer and
    // find each other, whatever the server does.
    let page = http_get(&format!("{address}:80"));
    assert!(page.contains("asked api.default.svc.cluster.local: told by a config map"), "{page}");
    cluster.start_again();
    cluster.kubectl(&["wait", "pod", "--all", "--for=condition=Ready", "--timeout=30s"]);
    let page = http_get(&format!("{address}:80"));
    assert!(page.contains("told by a config map"), "{page}");
    // One that dies is replaced.
    let answers = cluster.processes("sagong-dns");
    assert_eq!(answers.len(), 1, "{answers:?}");
    cluster::kill(&answers[0]);
    let answered = (0..100).any(|_| {
        cluster.kubectl(&["get", "nodes"]);
        http_get(&format!("{address}:80")).contains("told by a config map")
    });
    assert!(answered, "names are no longer answered");
    let identities =
        || cluster.kubectl(&["get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[*].containerID}"]);
    assert_eq!(identities(), before);
    let restarts =
        cluster.kubectl(&["get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[*].restartCount}"]);
    assert!(restarts.split_whitespace().all(|count| count == "0"), "{restarts}");

    cluster.kubectl(&["delete", "deployment", "--all"]);
    cluster.kubectl(&["wait", "pod", "--all", "--for=delete", "--timeout=30s"]);
}

/// The body of `http://place/`, read to its end.
fn http_get(place: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(place).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
