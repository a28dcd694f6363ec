//! kubectl's commands that need no running pod.

use crate::cluster::Cluster;

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: front}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.test/web:1, ports: [{containerPort: 80}]}]}
";

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn kubectl_reads_in_every_form() {
    let cluster = Cluster::control_plane();
    cluster.apply(DEPLOYMENT);
    cluster.kubectl(&["wait", "deployment/web", "--for=jsonpath={.status.replicas}=2", "--timeout=20s"]);
    assert!(cluster.kubectl(&["cluster-info"]).contains("Kubernetes control plane"));
    assert!(cluster.kubectl(&["api-resources"]).contains("customresourcedefinitions"));
    let versions = cluster.kubectl(&["api-versions"]);
    for version in ["v1", "apps/v1", "autoscaling/v1", "autoscaling/v2", "events.k8s.io/v1"] {
        assert!(versions.lines().any(|line| line == version), "{version}: {versions}");
    }
    let explained = cluster.kubectl(&["explain", "deployment.spec.strategy.rollingUpdate.maxSurge"]);
    assert!(explained.contains("maxSurge <IntOrString>"), "{explained}");

    let get = |form: &str| cluster.kubectl(&["get", "deployment", "web", "-o", form]);
    assert!(get("json").contains("\"kind\": \"Deployment\""));
    assert!(get("yaml").contains("kind: Deployment"));
    assert!(get("wide").contains("example.test/web:1"));
    assert_eq!(get("name").trim(), "deployment.apps/web");
    assert_eq!(get("jsonpath={.spec.replicas}"), "2");
    assert_eq!(get("go-template={{.metadata.labels.tier}}"), "front");
    assert!(get("custom-columns=NAME:.metadata.name,IMAGE:.spec.template.spec.containers[0].image").contains("web:1"));
    assert!(cluster.kubectl(&["get", "all"]).contains("replicaset.apps/web-"));
    let told = ["get", "events", "--watch", "--field-selector=reason=ScalingReplicaSet", "--request-timeout=60s"];
    cluster.kubectl_running(&told).line_with("Scaled up replica set web-");
    assert!(cluster.kubectl(&["describe", "deployment", "web"]).contains("ScalingReplicaSet"));
    assert!(cluster.kubectl(&["events"]).contains("ScalingReplicaSet"));

    for number in 0..7 {
        cluster.kubectl(&["create", "configmap", &format!("c{number}"), "--from-literal=a=b"]);
    }
    cluster.kubectl(&["label", "configmap", "c1", "c2", "pick=yes"]);
    let pages = cluster.kubectl(&["get", "configmaps", "--chunk-size=2", "-o", "name"]);
    assert_eq!(pages.lines().filter(|line| line.contains("/c")).count(), 7, "{pages}");
    let names = |selector: &[&str]| {
        let found = cluster.kubectl(&[&["get", "configmaps", "-o", "name"], selector].concat());
        found.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names(&["-l", "pick in (yes)"]), ["configmap/c1", "configmap/c2"]);
    assert_eq!(names(&["--field-selector", "metadata.name=c4"]), ["configmap/c4"]);

    let mut watch = cluster.kubectl_running(&["get", "configmaps", "--watch", "--output-watch-events"]);
    watch.line_with("c6");
    cluster.kubectl(&["create", "configmap", "news", "--from-literal=a=b"]);
    assert!(watch.line_with("news").starts_with("ADDED"));
    cluster.kubectl(&["delete", "configmap", "news"]);
    assert!(watch.line_with("news").starts_with("DELETED"));
}

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn kubectl_writes_in_every_way() {
    let cluster = Cluster::control_plane();
    let manifest = cluster.file("web.yaml", DEPLOYMENT);
    let image =
        || cluster.kubectl(&["get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}"]);
    cluster.kubectl(&["create", "-f", &manifest]);
    assert!(cluster.kubectl_refused(&["create", "-f", &manifest]).contains("already exists"));
    cluster.kubectl(&["apply", "-f", &manifest]);
    assert_eq!(cluster.kubectl_exit(&["diff", "-f", &manifest]).0, 0);
    let changed = cluster.file("changed.yaml", &DEPLOYMENT.replace("web:1", "web:2"));
    let (code, difference) = cluster.kubectl_exit(&["diff", "-f", &changed]);
    assert!(code == 1 && difference.contains("+      - image: example.test/web:2"), "{code}: {difference}");
    cluster.kubectl(&["apply", "-f", &changed]);
    assert_eq!(image(), "example.test/web:2");

    cluster.kubectl(&["set", "image", "deployment/web", "web=example.test/web:3"]);
    cluster.kubectl(&["set", "env", "deployment/web", "A=b"]);
    cluster.kubectl(&["set", "resources", "deployment/web", "--limits=memory=64Mi"]);
    let patches = [
        ("strategic", r#"{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"example.test/web:4"}]}}}}"#),
        ("json", r#"[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"example.test/web:5"}]"#),
        ("merge", r#"{"metadata":{"labels":{"tier":null,"patched":"yes"}}}"#),
    ];
    for (kind, patch) in patches {
        cluster.kubectl(&["patch", "deployment", "web", "--type", kind, "--patch", patch]);
    }
    assert_eq!(image(), "example.test/web:5");
    let labels = cluster.kubectl(&["get", "deployment", "web", "-o", "jsonpath={.metadata.labels}"]);
    assert_eq!(labels, r#"{"patched":"yes"}"#);
    let environment = "jsonpath={.spec.template.spec.containers[0].env[0].value}";
    assert_eq!(cluster.kubectl(&["get", "deployment", "web", "-o", environment]), "b");

    let mut edit = cluster.kubectl_command(&["edit", "deployment", "web"]);
    let edited = edit.env("KUBE_EDITOR", "sed -i s/web:5/web:6/").output().unwrap();
    assert!(edited.status.success(), "{edited:?}");
    assert_eq!(image(), "example.test/web:6");
    cluster.kubectl(&["annotate", "deployment", "web", "note=kept"]);
    cluster.kubectl(&["replace", "-f", &manifest]);
    assert_eq!(image(), "example.test/web:1");

    cluster.kubectl(&["autoscale", "deployment", "web", "--min=2", "--max=4", "--cpu=80%"]);
    assert!(cluster.kubectl(&["get", "hpa", "web"]).contains("Deployment/web"));
    cluster.kubectl(&["expose", "deployment", "web", "--port=80", "--target-port=8080"]);
    assert_eq!(cluster.kubectl(&["get", "service", "web", "-o", "jsonpath={.spec.selector.app}"]), "web");

    let orphaned = |word: &str| {
        cluster.kubectl(&["delete", "deployment", "web", &format!("--cascade={word}")]);
        cluster.kubectl(&["get", "replicasets", "-l", "app=web", "-o", "name"])
    };
    assert!(orphaned("orphan").contains("replicaset"));
    cluster.kubectl(&["apply", "-f", &manifest]);
    cluster.kubectl(&["wait", "deployment/web", "--for=condition=Progressing", "--timeout=20s"]);
    // In the foreground the owner goes last.
    assert_eq!(orphaned("foreground"), "");
    cluster.kubectl(&["apply", "-f", &manifest]);
    orphaned("background");
    cluster.kubectl(&["wait", "replicaset", "-l", "app=web", "--for=delete", "--timeout=20s"]);
}

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn fields_belong_to_who_applied_them() {
    let cluster = Cluster::control_plane();
    let manifest =
        |data: &str| format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: shared}}, data: {{{data}}}}}");
    let apply = |file: &str, manager: &str, more: &[&str]| {
        cluster.kubectl_exit(&[&["apply", "--server-side", "-f", file, "--field-manager", manager], more].concat())
    };
    let both = cluster.file("both.yaml", &manifest("a: one, b: one"));
    let other = cluster.file("other.yaml", &manifest("a: two"));
    let less = cluster.file("less.yaml", &manifest("b: one"));
    assert_eq!(apply(&both, "first", &[]).0, 0);
    let (code, conflict) = apply(&other, "second", &[]);
    assert!(code != 0 && conflict.contains(r#"conflict with "first": .data.a"#), "{conflict}");
    assert_eq!(apply(&other, "second", &["--force-conflicts"]).0, 0);
    // What the first no longer applies is the second's alone, and stays; what nobody applies goes.
    assert_eq!(apply(&less, "first", &[]).0, 0);
    assert_eq!(apply(&cluster.file("none.yaml", &manifest("a: two")), "first", &[]).0, 0);
    let data = || cluster.kubectl(&["get", "configmap", "shared", "-o", "jsonpath={.data}"]);
    assert_eq!(data(), r#"{"a":"two"}"#);
    let managers = cluster.kubectl(&["get", "configmap", "shared", "-o", "yaml", "--show-managed-fields"]);
    assert!(managers.contains("manager: first") && managers.contains("manager: second"), "{managers}");
}

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn who_one_is_and_what_one_may() {
    let cluster = Cluster::control_plane();
    assert!(cluster.kubectl(&["auth", "whoami"]).contains("system:masters"));
    assert_eq!(cluster.kubectl(&["auth", "can-i", "delete", "nodes"]).trim(), "yes");
    cluster.kubectl(&["create", "serviceaccount", "reader"]);
    cluster.kubectl(&["create", "role", "read", "--verb=get,list", "--resource=pods"]);
    cluster.kubectl(&["create", "rolebinding", "read", "--role=read", "--serviceaccount=default:reader"]);
    let token = cluster.kubectl(&["create", "token", "reader", "--duration=1h"]);
    let server = cluster.kubectl(&["config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"]);
    let authority = cluster.path("ca.crt");
    let encoded = "jsonpath={.data.ca\\.crt}";
    std::fs::write(&authority, cluster.kubectl(&["get", "configmap", "kube-root-ca.crt", "-o", encoded])).unwrap();
    let as_reader = |arguments: &[&str]| {
        let identity = [
            "--token",
            token.trim(),
            "--server",
            &server,
            "--certificate-authority",
            &authority,
            "--kubeconfig=/dev/null",
        ];
        cluster.kubectl_exit(&[arguments, &identity].concat())
    };
    assert!(as_reader(&["auth", "whoami"]).1.contains("system:serviceaccount:default:reader"));
    assert_eq!(as_reader(&["get", "pods"]).0, 0);
    let (code, refused) = as_reader(&["get", "secrets"]);
    let expected = r#"User "system:serviceaccount:default:reader" cannot list resource "secrets" in API group """#;
    assert!(code == 1 && refused.contains(expected), "{refused}");
}

const TOKEN_SECRET: &str = "
apiVersion: v1
kind: Secret
metadata: {name: robot-token, annotations: {kubernetes.io/service-account.name: robot}}
type: kubernetes.io/service-account-token
";

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn a_secret_has_a_token_as_long_as_its_account_is_there() {
    let cluster = Cluster::control_plane();
    cluster.kubectl(&["create", "serviceaccount", "robot"]);
    cluster.apply(TOKEN_SECRET);
    cluster.kubectl(&["wait", "secret/robot-token", "--for=jsonpath={.data.token}", "--timeout=20s"]);
    let shown = "go-template={{.data.token | base64decode}}";
    let token = cluster.kubectl(&["get", "secret", "robot-token", "-o", shown]);
    let as_robot = ["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}", "--token", token.as_str()];
    let anonymous = cluster.file("no-identity.kubeconfig", &without_identity(&cluster));
    let whoami = [&["--kubeconfig", anonymous.as_str()], as_robot.as_slice()].concat();
    assert_eq!(cluster.kubectl(&whoami), "system:serviceaccount:default:robot");
    cluster.kubectl(&["delete", "serviceaccount", "robot"]);
    cluster.kubectl(&["wait", "secret/robot-token", "--for=delete", "--timeout=20s"]);
    assert!(cluster.kubectl_refused(&whoami).contains("Unauthorized"));
}

/// The administrator's kubeconfig without what shows who asks.
fn without_identity(cluster: &Cluster) -> String {
    let text = std::fs::read_to_string(cluster.path("data/admin.kubeconfig")).unwrap();
    let kept =
        text.lines().filter(|line| !line.contains("client-certificate-data") && !line.contains("client-key-data"));
    // An empty user is written so.
    let mut lines: Vec<String> = kept.map(str::to_owned).collect();
    for line in &mut lines {
        if line.trim_start().starts_with("user:") && line.trim_end().ends_with("user:") {
            line.push_str(" {}");
        }
    }
    lines.join("\n")
}
