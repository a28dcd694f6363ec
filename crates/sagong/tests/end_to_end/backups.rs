//! `sagong store`: backups of a running server, and servers that begin from one.

use crate::cluster::Cluster;

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn a_cluster_comes_back_from_its_backup() {
    let mut cluster = Cluster::control_plane();
    for name in ["one", "two"] {
        cluster.kubectl(&["create", "configmap", name, "--from-literal=key=value"]);
    }
    let seen = cluster.kubectl(&["get", "configmap", "two", "-o", "jsonpath={.metadata.resourceVersion}"]);
    let (folder, file) = (cluster.path("backups"), cluster.path("first.backup"));
    std::fs::create_dir(&folder).unwrap();
    let told = cluster.sagong(&["store", "backup", "--to", &file]);
    assert!(told.contains("revision:") && told.contains("keys:"), "{told}");
    for _ in 0..3 {
        // Names have seconds in them: those of one second replace each other.
        cluster.sagong(&["store", "backup", "--to", &folder, "--keep", "1"]);
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    let told = cluster.sagong(&["store", "status", "--output", "wide"]);
    assert!(told.lines().any(|line| line.starts_with("configmaps ")), "{told}");
    cluster.sagong(&["store", "compact"]);

    // What happens after the backup is not in it.
    cluster.kubectl(&["delete", "configmap", "one"]);
    cluster.kubectl(&["create", "configmap", "three", "--from-literal=key=value"]);
    let refused = cluster.sagong_refused(&["store", "verify"]);
    assert!(refused.contains("in use by another process"), "{refused}");
    let refused = cluster.sagong_refused(&["store", "restore", &file]);
    assert!(refused.contains("is in use by process"), "{refused}");
    cluster.kill();
    let told = cluster.sagong(&["store", "verify"]);
    assert!(told.contains("every checksum is right"), "{told}");
    let refused = cluster.sagong_refused(&["store", "restore", &file]);
    assert!(refused.contains("is there already: restore to a new place, or move it away"), "{refused}");
    std::fs::rename(cluster.path("data/store"), cluster.path("old-store")).unwrap();
    cluster.sagong(&["store", "restore", &file]);
    cluster.start_again();
    let names = cluster.kubectl(&["get", "configmaps", "-o", "name"]);
    assert!(names.contains("/one") && names.contains("/two") && !names.contains("/three"), "{names}");
    // Whoever watches from before must not go on as if nothing had happened.
    let path = format!("/api/v1/namespaces/default/configmaps?watch=true&resourceVersion={seen}&timeoutSeconds=5");
    let refused = cluster.kubectl_refused(&["get", "--raw", &path]);
    assert!(refused.contains("(Expired): too old resource version"), "{refused}");
    let again = cluster.kubectl(&["get", "configmap", "two", "-o", "jsonpath={.metadata.resourceVersion}"]);
    assert_eq!(again, seen);
    cluster.kubectl(&["create", "configmap", "four", "--from-literal=key=value"]);
    let new = cluster.kubectl(&["get", "configmap", "four", "-o", "jsonpath={.metadata.resourceVersion}"]);
    assert!(new.parse::<u64>().unwrap() > seen.parse::<u64>().unwrap() + 1_000_000_000, "{new}");
}

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn a_cluster_goes_back_to_any_moment_since_its_backup() {
    let place = tempfile::tempdir().unwrap();
    let archive = place.path().join("log").to_str().unwrap().to_owned();
    let mut cluster = Cluster::control_plane_and(&["--log-archive", &archive, "--store-sync=interval"]);
    let create = |cluster: &Cluster, name: &str| {
        cluster.kubectl(&["create", "configmap", name, "--from-literal=key=value"]);
        let path = "jsonpath={.metadata.resourceVersion}";
        cluster.kubectl(&["get", "configmap", name, "-o", path]).parse::<u64>().unwrap()
    };
    create(&cluster, "before");
    let file = cluster.path("first.backup");
    cluster.sagong(&["store", "backup", "--to", &file]);
    let wanted = create(&cluster, "wanted");
    cluster.kubectl(&["delete", "configmap", "before", "wanted"]);
    let last = create(&cluster, "after");
    let told = cluster.sagong(&["store", "status"]);
    assert!(told.contains("interval of 100ms") && told.contains(&archive), "{told}");
    cluster.stop();
    let restore = ["store", "restore", &file, "--log-archive", &archive];
    std::fs::rename(cluster.path("data/store"), cluster.path("old-store")).unwrap();

    let refused = cluster.sagong_refused(&[&restore[..], &["--to-revision", "100000"]].concat());
    assert!(refused.contains("ends before: revision ") && refused.contains("to get that far: --to-rev"), "{refused}");
    let refused = cluster.sagong_refused(&[&restore[..], &["--to-time", "2000-01-01T00:00:00Z"]].concat());
    assert!(refused.contains("take an earlier one"), "{refused}");
    let refused = cluster.sagong_refused(&["store", "restore", &file, "--to-revision", "7"]);
    assert!(refused.contains("--log-archive <DIR>"), "{refused}");
    let told = cluster.sagong(&[&restore[..], &["--to-revision", &wanted.to_string()]].concat());
    assert!(told.contains(&format!("restored:   {wanted}\n")) && told.contains("made:"), "{told}");
    cluster.start_again();
    let names = cluster.kubectl(&["get", "configmaps", "-o", "name"]);
    let has = |name: &str| names.contains(&format!("/{name}\n"));
    assert!(has("before") && has("wanted") && !has("after"), "{names}");
    assert!(create(&cluster, "new") > last + 1_000_000_000 - 1_000);
}

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn a_damaged_store_says_what_is_lost_and_is_repaired() {
    let mut cluster = Cluster::control_plane();
    for name in ["whole", "older", "lost"] {
        cluster.kubectl(&["create", "configmap", name, "--from-literal=key=first-of-it"]);
    }
    cluster.kubectl(&["patch", "configmap", "older", "-p", r#"{"data":{"key":"second-of-it"}}"#]);
    let refused = cluster.sagong_refused(&["store", "verify", "--repair", "--yes"]);
    assert!(refused.contains("in use by another process"), "{refused}");
    cluster.stop();
    let told = cluster.sagong(&["store", "verify", "--repair", "--yes"]);
    assert!(told.contains("nothing is damaged, and nothing was repaired"), "{told}");

    // Bits rot in two values.
    let log = cluster.path("data/store/00000000000000000001.log");
    let mut bytes = std::fs::read(&log).unwrap();
    let find = |bytes: &[u8], text: &str, from: usize| {
        from + bytes[from..].windows(text.len()).position(|window| window == text.as_bytes()).unwrap()
    };
    let second = find(&bytes, "second-of-it", 0);
    bytes[second] ^= 1;
    let lost = find(&bytes, "/registry/configmaps/default/lost", 0);
    let first = find(&bytes, "first-of-it", lost);
    bytes[first] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    let refused = cluster.second_server();
    assert!(refused.contains("`sagong store verify --repair` says what is damaged"), "{refused}");
    let refused = cluster.sagong_refused(&["store", "verify", "--repair"]);
    assert!(refused.contains("nothing was changed: add --yes to repair it"), "{refused}");
    let told = cluster.sagong(&["store", "verify", "--repair", "--yes"]);
    let line = |name: &str| {
        let name = format!("/registry/configmaps/default/{name} ");
        told.lines().find(|line| line.contains(&name)).unwrap_or_default().to_owned()
    };
    assert!(line("older").contains("it goes back to its version of revision "), "{told}");
    assert!(line("lost").contains("no version of it can be read: it is lost"), "{told}");
    assert!(told.contains("the files from before are in ") && !told.contains("unnamed"), "{told}");
    cluster.start_again();
    let shown =
        cluster.kubectl(&["get", "configmaps", "-o", "jsonpath={range .items[*]}{.metadata.name}={.data.key} "]);
    let has = |text: &str| shown.split(' ').any(|part| part == text);
    assert!(has("whole=first-of-it") && has("older=first-of-it") && !shown.contains("lost="), "{shown}");
    cluster.kubectl(&["create", "configmap", "lost", "--from-literal=key=again"]);
}

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn only_administrators_get_at_the_store() {
    let cluster = Cluster::control_plane();
    cluster.kubectl(&["create", "serviceaccount", "reader"]);
    cluster.kubectl(&[
        "create",
        "clusterrolebinding",
        "reader",
        "--clusterrole=view",
        "--serviceaccount=default:reader",
    ]);
    for path in ["/sagong/store/backup", "/sagong/store/status"] {
        let refused = cluster.kubectl_refused(&["get", "--raw", path, "--as=system:serviceaccount:default:reader"]);
        assert!(refused.contains("forbidden"), "{refused}");
    }
    // As with any path that is no resource, a role may let somebody in.
    cluster.kubectl(&[
        "create",
        "clusterrole",
        "store-status",
        "--verb=get",
        "--non-resource-url=/sagong/store/status",
    ]);
    cluster.kubectl(&[
        "create",
        "clusterrolebinding",
        "store-status",
        "--clusterrole=store-status",
        "--serviceaccount=default:reader",
    ]);
    let status =
        cluster.kubectl(&["get", "--raw", "/sagong/store/status", "--as=system:serviceaccount:default:reader"]);
    assert!(status.contains("\"revision\""), "{status}");
}
