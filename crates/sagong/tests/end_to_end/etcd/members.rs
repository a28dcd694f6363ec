//! `sagong store etcd`: members that come and go, their snapshots, their disks.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use super::{Process, program};
use crate::cluster::Cluster;

/// A member, which runs or not.
struct Member {
    name: &'static str,
    client: String,
    peer: String,
    data: PathBuf,
    process: Option<Process>,
}

impl Member {
    fn new(name: &'static str, place: &Path) -> Member {
        let [client, peer] = testkit::free_ports().unwrap().map(|port| format!("http://127.0.0.1:{port}"));
        Member { name, client, peer, data: place.join(name), process: None }
    }

    fn start(&mut self, initial: &str, state: &str) {
        let arguments = [
            format!("--name={}", self.name),
            format!("--data-dir={}", self.data.display()),
            format!("--listen-client-urls={}", self.client),
            format!("--advertise-client-urls={}", self.client),
            format!("--listen-peer-urls={}", self.peer),
            format!("--initial-advertise-peer-urls={}", self.peer),
            format!("--initial-cluster={initial}"),
            format!("--initial-cluster-state={state}"),
        ];
        self.process = Some(Process::start(program("SAGONG_ETCD"), &arguments));
    }
}

/// The command under test, which asks these members.
struct Control {
    servers: String,
}

impl Control {
    fn output(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sagong"));
        command.args(["store", "etcd", "--etcd-servers", &self.servers]).args(arguments);
        command.stdin(Stdio::null()).output().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeded");
        String::from_utf8(output.stderr).unwrap()
    }

    /// The list once so many members answer: a new one may take seconds until it does.
    fn working(&self, count: usize) -> String {
        let listed = (0..100).map(|_| self.run(&["members"]));
        let working = |listed: &String| !listed.contains("silent") && listed.matches("http://").count() == count;
        { listed }.find(working).unwrap_or_else(|| panic!("{}", self.run(&["members"])))
    }

    /// Starts a member that was added, and lets it vote once it has caught up.
    fn join(&self, member: &mut Member, told: &str) {
        // What the command says is all that one has to know.
        let initial = told.split("--initial-cluster ").nth(1).unwrap().split_whitespace().next().unwrap();
        member.start(initial, "existing");
        // It has a name once it has started, and votes once it has caught up.
        let promote = ["promote", member.name];
        assert!((0..500).any(|_| self.output(&promote).status.success()), "{}", self.refused(&promote));
    }
}

#[test]
#[ignore = "needs etcd; run by cargo xtask ci"]
fn members_are_added_replaced_and_looked_after() {
    let place = tempfile::tempdir().unwrap();
    let [mut one, mut two, mut three, mut four] =
        ["one", "two", "three", "four"].map(|name| Member::new(name, place.path()));
    one.start(&format!("one={}", one.peer), "new");
    let sagong = Cluster::on_etcd(&one.client);
    let control = Control { servers: one.client.clone() };
    for member in [&mut two, &mut three] {
        let told = control.run(&["add", "--name", member.name, "--peer-url", &member.peer]);
        assert!(told.contains(&format!("{}: added as a learner", member.name)), "{told}");
        assert!(control.run(&["members"]).contains("not started"));
        control.join(member, &told);
    }
    let listed = control.working(3);
    assert_eq!((listed.matches(" leader ").count(), listed.matches(" follower ").count()), (1, 2), "{listed}");
    let wide = control.run(&["members", "--output", "wide"]);
    assert!(wide.starts_with("NAME ") && wide.contains("PEER ADDRESS") && wide.contains(&two.peer), "{wide}");

    sagong.kubectl(&["create", "configmap", "kept", "--from-literal=key=value"]);
    let file = place.path().join("snapshot").display().to_string();
    let made = control.run(&["snapshot", &file]);
    assert!(made.contains("revision:") && made.contains("keys:"), "{made}");
    let etcdutl = program("SAGONG_ETCD").with_file_name("etcdutl");
    if etcdutl.exists() {
        let data = place.path().join("restored").display().to_string();
        let restored =
            Command::new(etcdutl).args(["snapshot", "restore", &file, "--data-dir", &data]).output().unwrap();
        assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    }
    let data = place.path().join("imported").display().to_string();
    let mut import = Command::new(env!("CARGO_BIN_EXE_sagong"));
    let imported = import.args(["store", "import", &file, "--data-dir", &data]).output().unwrap();
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));

    let done = control.run(&["defrag", "--output", "json"]);
    assert_eq!(done.matches("databaseBytesBefore").count(), 3, "{done}");
    sagong.kubectl(&["get", "configmap", "kept"]);

    // One is lost for good, and another takes its place.
    two.process = None;
    let said = control.refused(&["defrag"]);
    assert!(said.contains("two does not work"), "{said}");
    assert!(control.run(&["members"]).contains("silent"));
    let said = control.refused(&["replace", "nobody", "--name", "four", "--peer-url", &four.peer]);
    assert!(said.contains("there is no member \"nobody\": there are ") && said.contains("two ("), "{said}");
    let told = control.run(&["replace", "two", "--name", "four", "--peer-url", &four.peer]);
    assert!(told.contains("two: removed") && told.contains("four: added as a learner"), "{told}");
    control.join(&mut four, &told);
    control.working(3);
    let listed = control.run(&["members", "--output", "yaml"]);
    assert!(listed.contains("four") && !listed.contains("two"), "{listed}");
    sagong.kubectl(&["create", "configmap", "after", "--from-literal=key=value"]);
    let removed = control.run(&["remove", "four"]);
    assert!(removed.contains("four: removed"), "{removed}");

    // Of two members one is left, which is no quorum: its database can still be saved.
    three.process = None;
    let listed = control.run(&["members"]);
    assert!(listed.contains("no leader") && !listed.contains("three"), "{listed}");
    assert!(control.refused(&["defrag"]).contains("no leader"));
    std::fs::remove_file(&file).unwrap();
    control.run(&["snapshot", &file]);
    assert!(std::path::Path::new(&file).exists());
}
