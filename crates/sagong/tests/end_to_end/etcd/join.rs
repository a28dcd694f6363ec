//! `sagong up --join-etcd`: servers that bring the members of their etcd along.

use std::path::PathBuf;

use super::program;
use crate::cluster::{Cluster, free_port, kill};

/// The flags of a server with a member on ports of its own, and that member's name.
fn flags(others: Option<&str>) -> (Vec<String>, String) {
    let [client, peer] = testkit::free_ports().unwrap().map(|port| port.to_string());
    let mut flags = vec!["--no-node".to_owned(), "--join-etcd".to_owned()];
    flags.extend(others.map(str::to_owned));
    let etcd = program("SAGONG_ETCD").display().to_string();
    flags.extend(["--etcd-binary".to_owned(), etcd, "--etcd-client-port".to_owned(), client]);
    flags.extend(["--etcd-peer-port".to_owned(), peer.clone()]);
    let name = rustix::system::uname().nodename().to_string_lossy().to_lowercase();
    (flags, format!("{name}-{peer}"))
}

fn strings(flags: &[String]) -> Vec<&str> {
    flags.iter().map(String::as_str).collect()
}

/// The members' addresses as a server knows them.
fn addresses(server: &Cluster) -> String {
    std::fs::read_to_string(server.path("data/etcd-servers")).unwrap().trim().to_owned()
}

/// A server that joins the cluster of another one.
fn joined(other: &Cluster) -> (Cluster, String) {
    let (flags, name) = flags(Some(&addresses(other)));
    (other.beside(&strings(&flags)), name)
}

/// Lists the members until so many vote and answer; each look takes as long as the command does.
fn voting(server: &Cluster, count: usize) -> String {
    let mut listed = String::new();
    for _ in 0..600 {
        listed = server.sagong(&["store", "etcd", "members"]);
        let votes = |line: &&str| line.contains(" leader ") || line.contains(" follower ");
        if listed.lines().filter(votes).count() == count && !listed.contains("learner") {
            return listed;
        }
    }
    panic!("{count} members do not vote: {listed}");
}

/// Whether a server's member ends; another one is asked meanwhile, which takes a moment each time.
fn ended(server: &Cluster, other: &Cluster) -> bool {
    (0..200).any(|_| {
        other.sagong(&["store", "etcd", "members"]);
        processes(server).is_empty()
    })
}

/// The folders in `/proc` of the member of a server.
fn processes(server: &Cluster) -> Vec<PathBuf> {
    let data = format!("--data-dir={}", server.path("data/etcd"));
    let ours = |process: &PathBuf| {
        let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == data.as_bytes())
    };
    std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()).filter(ours).collect()
}

#[test]
#[ignore = "needs etcd and kubectl; run by cargo xtask ci"]
fn servers_bring_their_members_along() {
    let (first_flags, first_name) = flags(None);
    let mut first = Cluster::control_plane_and(&strings(&first_flags)[1..]);
    first.kubectl(&["create", "configmap", "before", "--from-literal=key=value"]);
    let (second, _) = joined(&first);
    voting(&first, 2);
    // By the address of any.
    let (third, third_name) = joined(&second);
    let listed = voting(&third, 3);
    assert!(listed.contains(&first_name) && listed.contains(&third_name), "{listed}");
    third.kubectl(&["get", "configmap", "before"]);
    assert!(second.sagong(&["store", "status"]).contains("revision:"));

    // A member that dies comes again.
    let [member] = processes(&third).try_into().unwrap();
    kill(&member);
    voting(&third, 3);
    assert_ne!(processes(&third), [member]);

    // A server that is killed takes its member along; the others go on, and another one takes its place.
    first.kill();
    assert!(ended(&first, &second), "the member ends with its server");
    second.kubectl(&["create", "configmap", "without-the-first", "--from-literal=key=value"]);
    let removed = second.sagong(&["store", "etcd", "remove", &first_name]);
    assert!(removed.contains(&format!("{first_name}: removed")), "{removed}");
    // With a token in the place of a copied folder.
    let made = third.sagong(&["token", "create", "--server", "--ttl", "10m", "--output", "json"]);
    let part = |field: &str| made.split(&format!("\"{field}\":\"")).nth(1).unwrap().split('"').next().unwrap();
    let command: Vec<&str> = part("joinCommand").split(' ').collect();
    let address = command[command.iter().position(|word| *word == "--join").unwrap() + 1];
    let (mut fourth_flags, fourth_name) = flags(None);
    fourth_flags.extend(["--join", address, "--token", part("token")].map(str::to_owned));
    let fourth = Cluster::control_plane_and(&strings(&fourth_flags)[1..]);
    assert!(voting(&second, 3).contains(&fourth_name));
    fourth.kubectl(&["get", "configmap", "without-the-first"]);

    // What was removed does not come back, and its server serves through the others.
    first.start_again();
    first.kubectl(&["get", "configmap", "without-the-first"]);
    assert!(ended(&first, &second), "it is not started again");
    voting(&second, 3);

    let snapshot = second.path("snapshot");
    assert!(second.sagong(&["store", "etcd", "snapshot", &snapshot]).contains("revision:"));
    let done = second.sagong(&["store", "etcd", "defrag"]);
    assert!(done.starts_with("NAME ") && done.lines().count() == 4, "{done}");

    // In order.
    let mut fourth = fourth;
    fourth.stop();
    assert!(processes(&fourth).is_empty());
    second.kubectl(&["create", "configmap", "last", "--from-literal=key=value"]);
    fourth.start_again();
    fourth.kubectl(&["get", "configmap", "last"]);
}

#[test]
#[ignore = "needs etcd and kubectl; run by cargo xtask ci"]
fn who_may_not_join_is_told_why() {
    let (first_flags, _) = flags(None);
    let first = Cluster::control_plane_and(&strings(&first_flags)[1..]);
    let place = tempfile::tempdir().unwrap();
    let refused = |flags: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sagong"));
        command
            .args(["up", "--no-node", "--port", &free_port().to_string(), "--data-dir"])
            .arg(place.path().join("data"));
        command.arg("--state-dir").arg(place.path().join("state")).args(flags);
        let output = command.output().unwrap();
        assert!(!output.status.success(), "{flags:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let (further, _) = flags(Some(&addresses(&first)));
    let said = refused(&strings(&further)[1..]);
    assert!(said.contains("etcd-ca.key is missing: copy the folder pki"), "{said}");
    // A token for nodes is not one for servers, and one that was taken back is none.
    let server = format!("https://127.0.0.1:{}", first.port());
    let token = |flags: &[&str]| first.sagong(&[&["token", "create"], flags].concat()).trim().to_owned();
    let joining = |token: &str| {
        let (own, _) = flags(None);
        refused(&[&strings(&own)[1..], &["--join", &server, "--token", token]].concat())
    };
    let said = joining(&token(&[]));
    assert!(said.contains("does not give its keys to this token") && said.contains("forbidden: "), "{said}");
    let taken_back = token(&["--server"]);
    first.sagong(&["token", "delete", &taken_back]);
    let said = joining(&taken_back);
    assert!(said.contains("does not give its keys to this token"), "{said}");
    let said = first.sagong_refused(&["token", "create", "--server", "--ttl", "48h"]);
    assert!(said.contains("a token for servers ends within a day"), "{said}");
    assert!(!first.sagong(&["token", "list"]).contains(&taken_back[67..73]));
    let said = refused(&["--join-etcd", "--etcd-binary", "/nowhere/etcd"]);
    assert!(said.contains("--etcd-binary: there is no file /nowhere/etcd"), "{said}");
    let said = refused(&["--join-etcd", "--etcd-servers", "http://a:1"]);
    assert!(said.contains("--etcd-servers is about an etcd that others run"), "{said}");
    // Without a certificate nobody is answered.
    let asked = first.sagong_refused(&["store", "etcd", "members", "--etcd-servers", &addresses(&first)]);
    assert!(asked.contains("https endpoints need --etcd-cafile"), "{asked}");
}
