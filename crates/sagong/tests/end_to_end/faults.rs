//! Machines that are not as they should be: what is said, and that nothing is lost.

use std::{
    io::Write,
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

use crate::cluster::Cluster;

/// The program under test as it is called by hand.
fn sagong(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sagong"));
    command.args(arguments).env("NO_COLOR", "1");
    command
}

fn refusal(output: Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// A small file system of its own, gone with this value.
pub(crate) struct Disk(tempfile::TempDir);

impl Disk {
    pub(crate) fn mount(options: &str) -> Disk {
        let disk = Disk(tempfile::tempdir().unwrap());
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(disk.0.path()).status();
        assert!(mounted.unwrap().success());
        disk
    }

    pub(crate) fn path(&self) -> &str {
        self.0.path().to_str().unwrap()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["--lazy", self.path()]).status();
    }
}

#[test]
#[ignore = "starts servers; run by cargo xtask ci"]
fn who_is_not_root_is_told_what_works() {
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(directory.path(), Some(65534), Some(65534)).unwrap();
    // A place from which everybody may execute it.
    let program = directory.path().join("sagong");
    std::fs::copy(env!("CARGO_BIN_EXE_sagong"), &program).unwrap();
    let as_nobody = |arguments: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program).args(arguments);
        command.output().unwrap()
    };
    let data = directory.path().join("data");
    let data = data.to_str().unwrap();
    let refused = refusal(as_nobody(&["up", "--data-dir", data]));
    assert!(refused.contains("run `sagong up` as root, or the control plane alone with --no-node"), "{refused}");
    let refused = refusal(as_nobody(&["agent", "--server", "https://127.0.0.1:1", "--data-dir", data]));
    assert!(refused.contains("as root"), "{refused}");
    let refused = refusal(as_nobody(&["up", "--no-node", "--data-dir", "/proc/nowhere"]));
    assert!(refused.contains("choose another place with --data-dir"), "{refused}");
}

#[test]
#[ignore = "starts servers; run by cargo xtask ci"]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let directory = tempfile::tempdir().unwrap();
    let mut command = sagong(&["up", "--no-node", "--port", &port, "--data-dir"]);
    let refused = refusal(command.arg(directory.path().join("data")).output().unwrap());
    assert!(refused.contains(&format!("cannot listen on port {port}: choose another with --port")), "{refused}");
}

#[test]
#[ignore = "mounts file systems; run by cargo xtask ci"]
fn a_disk_that_cannot_be_written_is_named() {
    let disk = Disk::mount("ro");
    let data = format!("{}/data", disk.path());
    let refused = refusal(sagong(&["up", "--no-node", "--data-dir", &data]).output().unwrap());
    assert!(refused.contains(&format!("cannot create {data}: choose another place")), "{refused}");
    assert!(refused.contains("Read-only file system"), "{refused}");
}

#[test]
#[ignore = "needs kubectl, mounts file systems; run by cargo xtask ci"]
fn a_full_disk_refuses_writes_and_loses_nothing() {
    let disk = Disk::mount("size=64m");
    let mut cluster = Cluster::control_plane_on(Path::new(disk.path()));
    cluster.kubectl(&["create", "configmap", "before", "--from-literal=a=b"]);
    cluster.kubectl(&["create", "configmap", "waiting", "--from-literal=a=b"]);
    let finalizers = r#"{"metadata":{"finalizers":["example.com/wait"]}}"#;
    cluster.kubectl(&["patch", "configmap", "waiting", "--type=merge", "--patch", finalizers]);
    let filler = Path::new(disk.path()).join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    let big = format!("--from-literal=a={}", "x".repeat(120_000));
    let mut refused = None;
    for number in 0..200 {
        let (code, said) = cluster.kubectl_exit(&["create", "configmap", &format!("big-{number}"), &big]);
        if code != 0 {
            refused = Some((number, said));
            break;
        }
    }
    let (kept, said) = refused.expect("the disk never became full");
    assert!(said.contains("etcdserver: mvcc: database space exceeded"), "{said}");
    // Reads go on, and the server says what is wrong with it.
    assert_eq!(cluster.kubectl(&["get", "configmap", "before", "-o", "jsonpath={.data.a}"]), "b");
    let (code, said) = cluster.kubectl_exit(&["get", "--raw", "/readyz?verbose"]);
    assert!(code != 0 && said.contains("[-]etcd failed"), "{said}");
    assert!(cluster.sagong(&["store", "status"]).contains("is full; make room on the disk"));
    assert!(cluster.kubectl(&["get", "--raw", "/metrics"]).contains("\nsagong_store_disk_full 1\n"));
    // What frees space is still done: deletes, also of what waits for a finalizer.
    cluster.kubectl(&["delete", "configmap", "waiting", "--wait=false"]);
    cluster.kubectl(&[
        "patch",
        "configmap",
        "waiting",
        "--type=merge",
        "--patch",
        r#"{"metadata":{"finalizers":null}}"#,
    ]);
    assert!(cluster.kubectl_refused(&["get", "configmap", "waiting"]).contains("not found"));
    // With room it goes on by itself.
    drop(file);
    std::fs::remove_file(&filler).unwrap();
    cluster.kubectl(&["create", "configmap", "after", "--from-literal=a=b"]);
    let told = ["get", "events", "--watch", "--field-selector=reason=StoreHasSpace"];
    cluster.kubectl_running(&told).line_with("has space again; it was full for");
    cluster.kill_and_start_again();
    let names = cluster.kubectl(&["get", "configmaps", "-o", "name"]);
    assert_eq!(names.lines().filter(|name| name.contains("/big-")).count(), kept, "{names}");
    assert!(names.contains("/before") && names.contains("/after"), "{names}");
}

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn of_two_writers_one_wins_and_the_other_is_told() {
    let cluster = Cluster::control_plane();
    cluster.kubectl(&["create", "configmap", "shared", "--from-literal=a=one"]);
    let mine = cluster.file("mine.yaml", &cluster.kubectl(&["get", "configmap", "shared", "-o", "yaml"]));
    cluster.kubectl(&["patch", "configmap", "shared", "--type=merge", "--patch", r#"{"data":{"a":"two"}}"#]);
    let (code, said) = cluster.kubectl_exit(&["replace", "-f", &mine]);
    assert!(code != 0 && said.contains("the object has been modified"), "{said}");
    assert_eq!(cluster.kubectl(&["get", "configmap", "shared", "-o", "jsonpath={.data.a}"]), "two");
}

#[test]
#[ignore = "starts commands; run by cargo xtask ci"]
fn a_reader_that_leaves_early_is_no_error() {
    let line = format!("{} completions bash | head -1", env!("CARGO_BIN_EXE_sagong"));
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
