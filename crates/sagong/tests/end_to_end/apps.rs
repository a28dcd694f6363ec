//! Real apps: a chart that helm installs, and three tiers of Debian's own programs.

use crate::{cluster::Cluster, http_get};

#[test]
#[ignore = "needs kubectl, helm and root; run by cargo xtask ci"]
fn helm_installs_upgrades_rolls_back_and_uninstalls() {
    let cluster = Cluster::with_node();
    cluster.import_images();
    let chart = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/chart");
    cluster.helm(&["install", "app", chart, "--wait", "--timeout=60s"]);
    cluster.kubectl(&["wait", "job/app-prepare", "--for=condition=Complete", "--timeout=20s"]);
    let address = cluster.kubectl(&["get", "service", "app", "-o", "jsonpath={.spec.clusterIP}"]);
    let page = || http_get(&format!("{address}:80"));
    assert!(page().ends_with("hello"), "{}", page());
    cluster.helm(&["upgrade", "app", chart, "--set", "greeting=good day", "--wait", "--timeout=60s"]);
    assert!(page().ends_with("good day"), "{}", page());
    cluster.helm(&["rollback", "app", "1", "--wait", "--timeout=60s"]);
    assert!(page().ends_with("hello"), "{}", page());
    let history = cluster.helm(&["history", "app"]);
    assert!(history.contains("Rollback to 1"), "{history}");
    cluster.helm(&["uninstall", "app", "--wait", "--timeout=60s"]);
    assert_eq!(cluster.kubectl(&["get", "deployments,services", "-l", "app=app", "-o", "name"]), "");
}

#[test]
#[ignore = "needs kubectl and root; run by cargo xtask ci"]
fn three_tiers_keep_their_data_over_every_restart() {
    let mut cluster = Cluster::with_node();
    cluster.import_images();
    cluster.apply(&include_str!("three_tiers.yaml").replace("DATA", &cluster.path("redis")));
    let wait = |cluster: &Cluster| {
        for name in ["deployment/front", "deployment/app", "statefulset/redis"] {
            cluster.kubectl(&["rollout", "status", name, "--timeout=60s"]);
        }
    };
    wait(&cluster);
    let address = cluster.kubectl(&["get", "service", "front", "-o", "jsonpath={.spec.clusterIP}"]);
    // A tier may not know yet that another is back; a visit that did not reach redis is not counted.
    let visited = |count: u32| {
        let counted = |page: &String| page.contains(&format!(":{count}\r\n"));
        assert!((0..200).map(|_| http_get(&format!("{address}:80"))).any(|page| counted(&page)), "no visit {count}");
    };
    for count in 1..=3 {
        visited(count);
    }
    cluster.kubectl(&["delete", "pod", "redis-0"]);
    cluster.kubectl(&["wait", "pod/redis-0", "--for=condition=Ready", "--timeout=60s"]);
    visited(4);
    cluster.kill_and_start_again();
    visited(5);

    // Down with its pods, and up again: the same pods, started once more.
    let told = cluster.sagong(&["down", "--pods"]);
    assert!(told.contains("all pods have stopped"), "{told}");
    cluster.start_after_its_end();
    let restarted = "--for=jsonpath={.status.containerStatuses[0].restartCount}=1";
    cluster.kubectl(&["wait", "pod/redis-0", restarted, "--timeout=60s"]);
    cluster.kubectl(&["wait", "pod", "--all", "--for=condition=Ready", "--timeout=60s"]);
    visited(6);
    // Without a server, what it left running is ended by its records.
    cluster.kill();
    let told = cluster.sagong(&["down", "--pods", "--state-dir", &cluster.path("state")]);
    assert!(told.contains("all pods have stopped"), "{told}");
    assert!(
        std::net::TcpStream::connect_timeout(
            &format!("{address}:80").parse().unwrap(),
            std::time::Duration::from_secs(1)
        )
        .is_err()
    );
    cluster.start_again();
    cluster.kubectl(&["wait", "pod/redis-0", &restarted.replace("=1", "=2"), "--timeout=60s"]);
    cluster.kubectl(&["wait", "pod", "--all", "--for=condition=Ready", "--timeout=60s"]);
    visited(7);
}
