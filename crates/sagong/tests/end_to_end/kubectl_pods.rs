//! kubectl's commands on running pods.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use crate::cluster::Cluster;

/// A node with a pod that answers HTTP and writes lines.
fn cluster_with_pod() -> Cluster {
    let cluster = Cluster::with_node();
    cluster.import_images();
    cluster.apply(include_str!("busy_pod.yaml"));
    cluster.kubectl(&["wait", "pod/busy", "--for=condition=Ready", "--timeout=30s"]);
    cluster
}

fn http(place: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(place).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
#[ignore = "needs kubectl and root; run by cargo xtask ci"]
fn what_pods_say_and_do() {
    let cluster = cluster_with_pod();
    let logs = |more: &[&str]| cluster.kubectl(&[&["logs", "busy"], more].concat());
    assert!(logs(&["-c", "writer"]).starts_with("line 1\nline 2\nline 3\n"));
    assert_eq!(logs(&["-c", "writer", "--tail=1"]), "line 3\n");
    assert!(logs(&["-c", "writer", "--timestamps", "--tail=1"]).contains("Z line 3"));
    assert!(logs(&["-c", "writer", "--since=1h"]).contains("line 2"));
    assert!(logs(&["--all-containers", "--prefix"]).contains("[pod/busy/writer] line 1"));
    let mut follow = cluster.kubectl_running(&["logs", "busy", "-c", "writer", "--follow"]);
    follow.line_with("line 3");
    cluster.kubectl(&["exec", "busy", "-c", "writer", "--", "sh", "-c", "echo news > /proc/1/fd/1"]);
    follow.line_with("news");

    assert_eq!(cluster.kubectl(&["exec", "busy", "-c", "web", "--", "cat", "/www/index.html"]), "hello\n");
    assert_eq!(cluster.kubectl_exit(&["exec", "busy", "-c", "web", "--", "sh", "-c", "exit 7"]).0, 7);
    assert_eq!(
        cluster.kubectl_with_input(&["exec", "-i", "busy", "-c", "web", "--", "tr", "a-z", "A-Z"], "abc"),
        "ABC"
    );
    // A terminal of its own: `script` is one.
    let mut script = std::process::Command::new("script");
    let kubectl = cluster.kubectl_command(&[]);
    for (name, value) in kubectl.get_envs() {
        script.env(name, value.unwrap_or_default());
    }
    let line = format!(
        "stty rows 33 cols 99; exec {} exec -it busy -c web -- sh -c 'until stty size | grep .; do :; done; tty; exit 5'",
        kubectl.get_program().to_str().unwrap()
    );
    let terminal = script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).output().unwrap();
    let text = String::from_utf8_lossy(&terminal.stdout);
    assert!(text.contains("33 99") && text.contains("/dev/pts/"), "{text}");
    assert_eq!(terminal.status.code(), Some(5), "{text}");

    let mut attached = cluster.kubectl_running(&["attach", "busy", "-c", "writer", "--quiet"]);
    let told = std::thread::scope(|scope| {
        let reader = scope.spawn(|| attached.line_with("attached"));
        // An attachment sees what comes after it, so the writer repeats itself.
        while !reader.is_finished() {
            cluster.kubectl(&["exec", "busy", "-c", "writer", "--", "sh", "-c", "echo attached > /proc/1/fd/1"]);
        }
        reader.join().unwrap()
    });
    assert_eq!(told, "attached");

    std::fs::create_dir(cluster.path("folder")).unwrap();
    cluster.file("folder/file", "carried");
    cluster.kubectl(&["cp", &cluster.path("folder"), "busy:/tmp/folder", "-c", "web"]);
    cluster.kubectl(&["cp", "busy:/tmp/folder/file", &cluster.path("back"), "-c", "web"]);
    assert_eq!(std::fs::read_to_string(cluster.path("back")).unwrap(), "carried");

    let mut forward = cluster.kubectl_running(&["port-forward", "pod/busy", ":80"]);
    let place = forward.line_with("Forwarding from 127.0.0.1:");
    let port = place.split([':', ' ']).nth(3).unwrap().to_owned();
    assert!(http(&format!("127.0.0.1:{port}"), "/").ends_with("hello\n"));
    let mut proxy = cluster.kubectl_running(&["proxy", "--port=0"]);
    let place = proxy.line_with("Starting to serve on").rsplit(' ').next().unwrap().to_owned();
    let page = http(&place, "/api/v1/namespaces/default/pods/busy:80/proxy/");
    assert!(page.contains("hello\n"), "{page}");
    assert!(http(&place, "/version").contains("v1.37"));
}

#[test]
#[ignore = "needs kubectl and root; run by cargo xtask ci"]
fn pods_are_run_debugged_and_measured() {
    let cluster = cluster_with_pod();
    let run = ["run", "once", "--image=localhost/busybox:1", "--restart=Never", "--rm", "-i", "--", "sh", "-c"];
    let said = cluster.kubectl_with_input(&[&run[..], &["cat; echo done"]].concat(), "typed\n");
    assert!(said.contains("typed\ndone"), "{said}");
    let debug = ["debug", "busy", "--image=localhost/busybox:1", "--target=web", "-i", "--quiet", "--", "cat"];
    let processes = cluster.kubectl(&[&debug[..], &["/proc/1/cmdline"]].concat());
    assert!(processes.contains("httpd"), "{processes}");

    // The last container of a name is kept for its logs. The end of its first process may take the exec along.
    cluster.kubectl_exit(&["exec", "busy", "-c", "writer", "--", "kill", "1"]);
    let restarted = "--for=jsonpath={.status.containerStatuses[?(@.name==\"writer\")].restartCount}=1";
    cluster.kubectl(&["wait", "pod/busy", restarted, "--timeout=30s"]);
    assert!(cluster.kubectl(&["logs", "busy", "-c", "writer", "--previous"]).contains("line 3"));

    // The first figures come with the second look.
    let measured = (0..100).map(|_| cluster.kubectl_exit(&["top", "pod", "busy", "--containers"]));
    let measured = measured.into_iter().find(|(code, _)| *code == 0).expect("no figures").1;
    assert!(measured.contains("writer") && measured.contains("Mi"), "{measured}");
    assert!(cluster.kubectl(&["top", "node"]).contains('%'));
}

#[test]
#[ignore = "needs kubectl and root; run by cargo xtask ci"]
fn rollouts_go_forward_and_back() {
    let cluster = cluster_with_pod();
    cluster.apply(include_str!("rollout.yaml"));
    cluster.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    cluster.kubectl(&["set", "env", "deployment/web", "VERSION=2"]);
    cluster.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    let history = cluster.kubectl(&["rollout", "history", "deployment/web"]);
    assert_eq!(history.lines().filter(|line| line.starts_with(['1', '2'])).count(), 2, "{history}");
    cluster.kubectl(&["rollout", "undo", "deployment/web"]);
    cluster.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    let environment = "jsonpath={.spec.template.spec.containers[0].env}";
    assert_eq!(cluster.kubectl(&["get", "deployment", "web", "-o", environment]), "");
    cluster.kubectl(&["rollout", "restart", "deployment/web"]);
    cluster.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    cluster.kubectl(&["rollout", "pause", "deployment/web"]);
    cluster.kubectl(&["set", "env", "deployment/web", "VERSION=3"]);
    let paused = "jsonpath={.spec.paused} {.status.updatedReplicas}";
    assert!(cluster.kubectl(&["get", "deployment", "web", "-o", paused]).starts_with("true"));
    cluster.kubectl(&["rollout", "resume", "deployment/web"]);
    cluster.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    cluster.kubectl(&["scale", "deployment/web", "--replicas=0"]);
    cluster.kubectl(&["wait", "pod", "-l", "app=web", "--for=delete", "--timeout=60s"]);
}

#[test]
#[ignore = "needs kubectl and root; run by cargo xtask ci"]
fn a_node_is_drained_within_its_budgets_and_taken_back() {
    let cluster = cluster_with_pod();
    let node = "node";
    cluster.apply(include_str!("rollout.yaml"));
    cluster.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    cluster.kubectl(&["create", "poddisruptionbudget", "web", "--selector=app=web", "--min-available=2"]);
    cluster.kubectl(&["wait", "pdb/web", "--for=jsonpath={.status.expectedPods}=2", "--timeout=20s"]);
    let drain = ["drain", node, "--force", "--ignore-daemonsets", "--delete-emptydir-data"];
    let (code, refused) = cluster.kubectl_exit(&[&drain[..], &["--timeout=3s"]].concat());
    assert!(code != 0 && refused.contains("violate the pod's disruption budget"), "{refused}");
    cluster.kubectl(&["delete", "pdb", "web"]);
    cluster.kubectl(&[&drain[..], &["--timeout=60s"]].concat());
    // Those that took their place wait for a node.
    let waiting = "--for=jsonpath={.status.phase}=Pending";
    cluster.kubectl(&["wait", "pod", "-l", "app=web", waiting, "--timeout=20s"]);
    cluster.kubectl(&["uncordon", node]);
    cluster.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    let pods = cluster.kubectl(&["get", "pods", "-l", "app=web", "-o", "name"]);
    cluster.kubectl(&["taint", "node", node, "away=yes:NoExecute"]);
    let evicted: Vec<&str> = pods.split_whitespace().collect();
    cluster.kubectl(&[&["wait", "--for=delete", "--timeout=60s"], &evicted[..]].concat());
    cluster.kubectl(&["wait", "pod", "-l", "app=web", waiting, "--timeout=60s"]);
    cluster.kubectl(&["taint", "node", node, "away-"]);
    cluster.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]);
}
