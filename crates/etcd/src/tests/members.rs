//! The members' own API.

use super::cluster::{Cluster, run};
use crate::{Access, Endpoint, Members};

#[test]
#[ignore = "needs etcd; run by cargo xtask ci"]
fn members_are_asked_one_by_one() {
    run(async {
        let mut cluster = Cluster::start(3, &[]);
        // Until there is a leader nobody can be asked who the members are.
        cluster.engine().await;
        let endpoints: Vec<Endpoint> = cluster.members.iter().map(|member| member.endpoint()).collect();
        let members = Members::new(cluster.access());
        let listed = members.list().await.unwrap();
        let mut names: Vec<&str> = listed.iter().map(|member| member.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["m0", "m1", "m2"]);
        let mut leader = None;
        for (index, endpoint) in endpoints.iter().enumerate() {
            let status = members.status(endpoint).await.unwrap();
            assert!(status.database_bytes > 0 && status.errors.is_empty(), "{status:?}");
            if status.is_leader {
                assert!(leader.replace((index, status.id)).is_none(), "two leaders");
            }
        }
        let (index, id) = leader.expect("a leader");
        let leader = &endpoints[index];
        let other = listed.iter().find(|member| member.id != id).unwrap().id;
        members.move_leader(leader, other).await.unwrap();
        assert!(!members.status(leader).await.unwrap().is_leader);
        assert!(members.move_leader(leader, other).await.unwrap_err().to_string().contains("not leader"));
        members.defragment(leader).await.unwrap();
        let mut snapshot = members.snapshot(leader).await.unwrap();
        let mut bytes = 0;
        while let Some(piece) = snapshot.next().await.unwrap() {
            bytes += piece.len();
        }
        // A database has whole pages; a hash of 32 bytes is behind it.
        assert!(bytes > 16_384 && bytes % 512 == 32, "{bytes}");

        // Who is gone is said, and is no member once removed. It is not the leader, so that there is one who removes it.
        cluster.members[index].kill();
        let gone = members.status(leader).await.unwrap_err().to_string();
        assert!(gone.starts_with("etcd: asking a member how it does: "), "{gone}");
        let left = Access { endpoints: vec![endpoints[(index + 1) % 3].clone()], tls: None, credentials: None };
        let members = Members::new(left);
        members.remove(id).await.unwrap();
        assert_eq!(members.list().await.unwrap().len(), 2);
        assert!(!members.remove(id).await.unwrap_err().is_for_now());
    });
}
