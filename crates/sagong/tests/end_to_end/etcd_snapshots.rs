//! `sagong store export` and `import`: a cluster moves out to a real etcd, and back in from its snapshot.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::cluster::Cluster;

/// A program of etcd: all are in the folder of the one that `SAGONG_ETCD` names.
fn program(name: &str) -> Command {
    let etcd = PathBuf::from(std::env::var_os("SAGONG_ETCD").expect("SAGONG_ETCD names the real etcd"));
    Command::new(etcd.with_file_name(name))
}

/// What a program prints; it must succeed.
fn output(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A member of one; it ends with this value.
struct Etcd {
    process: Child,
    address: String,
}

impl Etcd {
    fn start(folder: &str) -> Etcd {
        let [address, peer] = testkit::free_ports().unwrap().map(|port| format!("http://127.0.0.1:{port}"));
        let process = program("etcd")
            .args(["--name", "default", "--data-dir", folder, "--log-level", "error"])
            .args(["--listen-client-urls", &address, "--advertise-client-urls", &address])
            .args(["--listen-peer-urls", &peer])
            .spawn()
            .unwrap();
        let etcd = Etcd { process, address };
        etcd.control(&["endpoint", "health", "--dial-timeout", "30s", "--command-timeout", "30s"]);
        etcd
    }

    fn control(&self, arguments: &[&str]) -> String {
        output(program("etcdctl").args(["--endpoints", &self.address]).args(arguments))
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: boats, singular: boat, kind: Boat}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {oars: {type: integer}}}}}}
";

#[test]
#[ignore = "needs kubectl and etcd; run by cargo xtask ci"]
fn a_cluster_moves_out_to_etcd_and_back_in() {
    let mut cluster = Cluster::control_plane();
    for name in ["one", "two"] {
        cluster.kubectl(&["create", "configmap", name, "--from-literal=key=value"]);
    }
    cluster.kubectl(&["delete", "configmap", "two"]);
    cluster.kubectl(&["create", "deployment", "web", "--image=nginx"]);
    cluster.kubectl(&["wait", "deployment/web", "--for=jsonpath={.status.observedGeneration}=1", "--timeout=30s"]);
    cluster.apply(DEFINITION);
    cluster.kubectl(&["wait", "crd/boats.example.com", "--for=condition=Established", "--timeout=30s"]);
    cluster.apply("{apiVersion: example.com/v1, kind: Boat, metadata: {name: small}, spec: {oars: 2}}");
    let version = |cluster: &Cluster| {
        cluster.kubectl(&["get", "configmap/one", "boat/small", "-o", "jsonpath={.items[*].metadata.resourceVersion}"])
    };
    let seen = version(&cluster);
    let (out, back) = (cluster.path("out.snapshot"), cluster.path("back.snapshot"));
    let told = cluster.sagong(&["store", "export", &out]);
    assert!(told.contains("revision:") && told.contains("keys:"), "{told}");
    cluster.kill();

    let folder = cluster.path("etcd");
    output(program("etcdutl").args(["snapshot", "restore", &out, "--data-dir", &folder]));
    let etcd = Etcd::start(&folder);
    let keys = etcd.control(&["get", "--prefix", "/registry/", "--keys-only"]);
    for key in ["/registry/configmaps/default/one", "/registry/example.com/boats/default/small"] {
        assert!(keys.lines().any(|line| line == key), "{key} is not among {keys}");
    }
    assert!(!keys.contains("/registry/configmaps/default/two"));
    let boat = etcd.control(&["get", "/registry/example.com/boats/default/small", "--print-value-only"]);
    assert!(boat.contains(r#""oars":2"#), "{boat}");
    let told = cluster.sagong_refused(&["store", "import", &out]);
    assert!(told.contains("is there already: restore to a new place, or move it away"), "{told}");

    // It lives on there: one changed, one gone, one new.
    etcd.control(&["put", "/registry/example.com/boats/default/small", &boat.trim().replace(":2", ":4")]);
    etcd.control(&["del", "/registry/configmaps/default/one"]);
    etcd.control(&["put", "/registry/example.com/boats/default/large", &boat.trim().replace("small", "large")]);
    etcd.control(&["snapshot", "save", &back]);
    drop(etcd);
    std::fs::rename(cluster.path("data/store"), cluster.path("old-store")).unwrap();
    let told = cluster.sagong(&["store", "import", &back]);
    assert!(told.contains("--service-cidr"), "{told}");
    cluster.start_again();
    let boats = ["get", "boats", "-o", "jsonpath={range .items[*]}{.metadata.name}={.spec.oars} {end}"];
    assert_eq!(cluster.kubectl(&boats), "large=2 small=4 ");
    let names = cluster.kubectl(&["get", "configmaps,deployments", "-o", "name"]);
    assert!(names.contains("deployment.apps/web") && !names.contains("configmap/one"), "{names}");
    // Whoever watches from before lists anew.
    let first = seen.split(' ').next().unwrap();
    let path = format!("/api/v1/namespaces/default/configmaps?watch=true&resourceVersion={first}&timeoutSeconds=5");
    let refused = cluster.kubectl_refused(&["get", "--raw", &path]);
    assert!(refused.contains("(Expired): too old resource version"), "{refused}");
}

#[test]
#[ignore = "needs kubectl and etcd; run by cargo xtask ci"]
fn what_would_be_lost_is_not_imported() {
    let mut cluster = Cluster::control_plane();
    cluster.kill();
    std::fs::rename(cluster.path("data/store"), cluster.path("old-store")).unwrap();
    let folder = cluster.path("etcd");
    let etcd = Etcd::start(&folder);
    let snapshot = |name: &str| {
        let file = cluster.path(name);
        etcd.control(&["snapshot", "save", &file]);
        file
    };
    etcd.control(&["put", "/registry/secrets/default/hidden", "k8s:enc:aescbc:v1:key1:x"]);
    let refused = cluster.sagong_refused(&["store", "import", &snapshot("encrypted")]);
    assert!(refused.contains("values are encrypted: /registry/secrets/default/hidden; put `identity"), "{refused}");
    etcd.control(&["del", "/registry/secrets/default/hidden"]);
    etcd.control(&["put", "/registry/validatingwebhookconfigurations/guard", "{}"]);
    let guarded = snapshot("guarded");
    let refused = cluster.sagong_refused(&["store", "import", &guarded]);
    assert!(refused.contains("do nothing here: /registry/validatingwebhookconfigurations/guard;"), "{refused}");
    cluster.sagong(&["store", "import", &guarded, "--accept-unenforced"]);
    std::fs::remove_dir_all(cluster.path("data/store")).unwrap();

    let mut bytes = std::fs::read(&guarded).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&guarded, &bytes).unwrap();
    let refused = cluster.sagong_refused(&["store", "import", &guarded, "--accept-unenforced"]);
    assert!(refused.contains("the snapshot's hash is another one than that of what is in it"), "{refused}");
    assert!(!PathBuf::from(cluster.path("data/store")).exists());
    let copied = format!("{folder}/member/snap/db");
    let refused = cluster.sagong_refused(&["store", "import", &copied, "--accept-unenforced"]);
    assert!(refused.contains("the snapshot's hash is not there"), "{refused}");
    drop(etcd);
    cluster.sagong(&["store", "import", &copied, "--accept-unenforced", "--skip-hash-check"]);
}
