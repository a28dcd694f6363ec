//! What the real binary records of the real kubectl.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use apimachinery::{Value, decode};

use crate::{cluster::Cluster, faults::Disk};

const POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitManagedFields: true
rules:
- level: RequestResponse
  resources: [{resources: [configmaps]}]
- level: Metadata
  resources: [{resources: [secrets, pods/log, pods/exec]}]
";

/// A policy and a log outside of the cluster's folders, which are not there yet.
struct Audit {
    directory: tempfile::TempDir,
}

impl Audit {
    fn new() -> Audit {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("policy.yaml"), POLICY).unwrap();
        Audit { directory }
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("logs/audit.log")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap()
    }

    /// What kubectl did with a resource or a part of one, so far.
    fn events(&self, verb: &str, resource: &str) -> Vec<Value> {
        let text = self.text();
        let events = text.lines().map(|line| decode::json_untyped(line.as_bytes()).unwrap());
        let of_kubectl = |event: &Value| {
            let (resource, part) = resource.split_once('/').unwrap_or((resource, ""));
            event.str_at(&["userAgent"]).is_some_and(|agent| agent.starts_with("kubectl"))
                && event.str_at(&["verb"]) == Some(verb)
                && event.str_at(&["objectRef", "resource"]) == Some(resource)
                && event.str_at(&["objectRef", "subresource"]).unwrap_or_default() == part
        };
        events.filter(of_kubectl).collect()
    }
}

fn stages(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event.str_at(&["stage"])).collect()
}

fn annotation<'v>(event: &'v Value, key: &str) -> Option<&'v str> {
    event.str_at(&["annotations", key])
}

#[test]
#[ignore = "needs kubectl and root; run by cargo xtask ci"]
fn what_kubectl_does_is_recorded_as_the_policy_says() {
    let audit = Audit::new();
    let (policy, log) = (audit.path("policy.yaml"), audit.path("logs/audit.log"));
    let flags = ["--audit-policy-file", &policy, "--audit-log-path", &log, "--audit-log-mode", "blocking-strict"];
    let cluster = Cluster::with_node_and(&flags);

    cluster.kubectl(&["create", "secret", "generic", "hidden", "--from-literal=password=hunter2"]);
    let events = audit.events("create", "secrets");
    assert_eq!(stages(&events), ["RequestReceived", "ResponseComplete"]);
    let last = &events[1];
    assert_eq!(last.str_at(&["objectRef", "name"]), Some("hidden"));
    assert_eq!(last.i64_at(&["responseStatus", "code"]), Some(201));
    assert_eq!(last.list_at(&["sourceIPs"])[0].as_str(), Some("127.0.0.1"));
    assert_eq!(annotation(last, "authorization.k8s.io/decision"), Some("allow"));
    // Neither as it was written nor as it is sent.
    assert!(!audit.text().contains("hunter2") && !audit.text().contains("aHVudGVyMg"));

    cluster.kubectl(&["create", "configmap", "shown", "--from-literal=key=value"]);
    let events = audit.events("create", "configmaps");
    let last = events.last().unwrap();
    for object in ["requestObject", "responseObject"] {
        assert_eq!(last.str_at(&[object, "data", "key"]), Some("value"), "{object}");
    }
    assert!(!last.str_at(&["responseObject", "metadata", "uid"]).unwrap().is_empty());
    assert_eq!(last.at(&["responseObject", "metadata", "managedFields"]), None);

    let mut watch = cluster.kubectl_running(&["get", "configmaps", "--watch"]);
    watch.line_with("shown");
    // The watch itself begins behind the list that was read: an event on it is one that has started.
    cluster.kubectl(&["create", "configmap", "watched"]);
    watch.line_with("watched");
    assert_eq!(stages(&audit.events("watch", "configmaps")), ["RequestReceived", "ResponseStarted"]);
    drop(watch);
    let ended = (0..100).any(|_| {
        cluster.kubectl(&["get", "configmaps"]);
        stages(&audit.events("watch", "configmaps")).last() == Some(&"ResponseComplete")
    });
    assert!(ended, "{}", audit.text());

    let refused = cluster.kubectl_refused(&["get", "secrets", "--as=jane"]);
    assert!(refused.contains("User \"jane\" cannot list resource \"secrets\""), "{refused}");
    let events = audit.events("list", "secrets");
    let last = events.last().unwrap();
    assert_eq!(last.str_at(&["impersonatedUser", "username"]), Some("jane"));
    assert_eq!(last.i64_at(&["responseStatus", "code"]), Some(403));
    assert_eq!(last.str_at(&["responseStatus", "reason"]), Some("Forbidden"));
    assert_eq!(annotation(last, "authorization.k8s.io/decision"), Some("forbid"));
    assert_eq!(annotation(last, "authorization.k8s.io/reason"), Some(""));
    let role = ["create", "rolebinding", "viewers", "--clusterrole=edit", "--user=jane"];
    cluster.kubectl(&role);
    cluster.kubectl(&["get", "secrets", "--as=jane"]);
    let events = audit.events("list", "secrets");
    assert_eq!(
        annotation(events.last().unwrap(), "authorization.k8s.io/reason"),
        Some("RBAC: allowed by RoleBinding \"viewers/default\" of ClusterRole \"edit\" to User \"jane\"")
    );

    long_requests_of_a_pod(&cluster, &audit);
}

/// Logs and exec begin and end.
fn long_requests_of_a_pod(cluster: &Cluster, audit: &Audit) {
    cluster.import_images();
    let command = ["sh", "-c", "echo said; exec sleep 3600"];
    let run = ["run", "pod", "--image=localhost/busybox:1", "--image-pull-policy=Never", "--command", "--"];
    cluster.kubectl(&[&run[..], &command].concat());
    cluster.kubectl(&["wait", "pod/pod", "--for=condition=Ready", "--timeout=60s"]);
    let logged = (0..100).any(|_| cluster.kubectl(&["logs", "pod"]).contains("said"));
    assert!(logged);
    let exec = || [audit.events("get", "pods/exec"), audit.events("create", "pods/exec")].concat();
    let mut running = cluster.kubectl_running(&["exec", "pod", "--", "sh", "-c", "echo begun; exec sleep 3600"]);
    running.line_with("begun");
    assert_eq!(stages(&exec()), ["RequestReceived", "ResponseStarted"]);
    drop(running);
    let whole = ["RequestReceived", "ResponseStarted", "ResponseComplete"];
    // The end is written when the server has seen the client go.
    let told = (0..100).any(|_| {
        cluster.kubectl(&["get", "configmaps"]);
        stages(&audit.events("get", "pods/log")).ends_with(&whole) && stages(&exec()) == whole
    });
    assert!(told, "{}", audit.text());
}

#[test]
#[ignore = "starts servers; run by cargo xtask ci"]
fn a_bad_policy_ends_the_server_before_it_serves() {
    let audit = Audit::new();
    let bad = audit.path("bad.yaml");
    std::fs::write(&bad, POLICY.replace("level: Metadata", "level: Some")).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sagong"))
        .args(["up", "--no-node", "--data-dir", &audit.path("data"), "--audit-policy-file", &bad])
        .args(["--audit-log-path", &audit.path("bad.log")])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("rules[1].level: Unsupported value: \"Some\""), "{said}");
    assert!(said.contains(&bad) && !Path::new(&audit.path("bad.log")).exists(), "{said}");
}

#[test]
#[ignore = "needs kubectl and root; run by cargo xtask ci"]
fn a_full_disk_costs_events_and_nothing_else() {
    let audit = Audit::new();
    let disk = Disk::mount("size=512k");
    let (log, ballast) = (format!("{}/audit.log", disk.path()), format!("{}/ballast", disk.path()));
    std::fs::write(&ballast, [0; 256 << 10]).unwrap();
    let cluster =
        Cluster::control_plane_and(&["--audit-policy-file", &audit.path("policy.yaml"), "--audit-log-path", &log]);
    let lost = || {
        let metrics = cluster.kubectl(&["get", "--raw", "/metrics"]);
        let lost = metrics.lines().find_map(|line| line.strip_prefix("apiserver_audit_error_total{plugin=\"log\"} "));
        lost.map_or(0, |lost| lost.parse::<u64>().unwrap())
    };
    let content = audit.path("content");
    std::fs::write(&content, "0123456789".repeat(4_000)).unwrap();
    let create = |name: &str| {
        cluster.kubectl(&["create", "configmap", name, "--from-file", &content]);
    };
    let full = (0..20).any(|number| {
        create(&format!("large-{number}"));
        lost() > 0
    });
    assert!(full);
    std::fs::remove_file(&ballast).unwrap();
    create("after");
    // Nothing of what did not fit is left of it.
    let text = std::fs::read_to_string(&log).unwrap();
    let events: Vec<Value> = text.lines().map(|line| decode::json_untyped(line.as_bytes()).unwrap()).collect();
    let named =
        |name: &str| events.iter().any(|event| event.str_at(&["responseObject", "metadata", "name"]) == Some(name));
    assert!(named("large-0") && named("after"), "{}", text.len());
}

/// Takes what is posted to it, over connections that are kept; answers the bodies.
fn receiver() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, bodies) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut reader, told) = (BufReader::new(stream.unwrap()), told.clone());
            std::thread::spawn(move || {
                while let Some(body) = posted(&mut reader) {
                    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
                    // The test may have seen enough.
                    let _ = told.send(body);
                }
            });
        }
    });
    (port, bodies)
}

/// The body of the next request; `None` when there is none any more.
fn posted(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            return String::from_utf8(body).ok();
        }
    }
}

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn events_are_posted_to_a_server() {
    let audit = Audit::new();
    let (port, bodies) = receiver();
    let config = format!(
        "current-context: c\ncontexts: [{{name: c, context: {{cluster: k}}}}]\n\
         clusters: [{{name: k, cluster: {{server: 'http://127.0.0.1:{port}/audit'}}}}]\n"
    );
    std::fs::write(audit.path("webhook"), config).unwrap();
    let (policy, webhook) = (audit.path("policy.yaml"), audit.path("webhook"));
    let flags = ["--audit-policy-file", &policy, "--audit-webhook-config-file", &webhook];
    let cluster = Cluster::control_plane_and(&[&flags[..], &["--audit-webhook-batch-max-wait", "100ms"]].concat());
    cluster.kubectl(&["create", "configmap", "posted", "--from-literal=key=value"]);
    let found = std::iter::from_fn(|| bodies.recv_timeout(Duration::from_secs(30)).ok()).any(|body| {
        let list = decode::json_untyped(body.as_bytes()).unwrap();
        assert_eq!(list.str_at(&["kind"]), Some("EventList"));
        let mut items = list.list_at(&["items"]).iter();
        items.any(|event| event.str_at(&["responseObject", "metadata", "name"]) == Some("posted"))
    });
    assert!(found);
}
