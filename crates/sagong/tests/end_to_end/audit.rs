//! What the real binary records of the real kubectl.

use std::path::{Path, PathBuf};

use apimachinery::{Value, decode};

use crate::cluster::Cluster;

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
    bad_policies_and_full_disks(&audit);
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
    assert_eq!(cluster.kubectl(&["exec", "pod", "--", "echo", "hello"]), "hello\n");
    let whole = ["RequestReceived", "ResponseStarted", "ResponseComplete"];
    // The end is written when the server has seen the client go.
    let told = (0..100).any(|_| {
        cluster.kubectl(&["get", "configmaps"]);
        let exec = [audit.events("get", "pods/exec"), audit.events("create", "pods/exec")].concat();
        stages(&audit.events("get", "pods/log")).ends_with(&whole) && stages(&exec) == whole
    });
    assert!(told, "{}", audit.text());
}

/// A bad policy ends the server before it serves; a full disk does not end it.
fn bad_policies_and_full_disks(audit: &Audit) {
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

    let policy = audit.path("policy.yaml");
    let flags = ["--audit-policy-file", &policy, "--audit-log-path", "/dev/full", "--audit-log-maxsize", "0"];
    let cluster = Cluster::control_plane_and(&flags);
    cluster.kubectl(&["create", "configmap", "kept", "--from-literal=key=value"]);
    let metrics = cluster.kubectl(&["get", "--raw", "/metrics"]);
    let lost = metrics.lines().find_map(|line| line.strip_prefix("apiserver_audit_error_total{plugin=\"log\"} "));
    assert!(lost.unwrap_or_default().parse::<u64>().unwrap() >= 2, "{lost:?}");
}
