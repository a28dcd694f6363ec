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
