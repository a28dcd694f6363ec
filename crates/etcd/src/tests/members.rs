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
        let mut leaders = Vec::new();
        for endpoint in &endpoints {
            let status = members.status(endpoint).await.unwrap();
            assert!(status.database_bytes > 0 && status.errors.is_empty(), "{status:?}");
            leaders.extend(status.is_leader.then_some((endpoint.clone(), status.id)));
        }
        let [(leader, id)] = leaders.as_slice() else { panic!("{leaders:?}") };
        let other = listed.iter().find(|member| member.id != *id).unwrap().id;
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

        // Who is gone is said, and is no member once removed.
        cluster.members[2].kill();
        let gone = members.status(&endpoints[2]).await.unwrap_err().to_string();
        assert!(gone.starts_with("etcd: asking a member how it does: "), "{gone}");
        let lost = listed.iter().find(|member| member.name == "m2").unwrap().id;
        let first = Access { endpoints: vec![endpoints[0].clone()], tls: None, credentials: None };
        let members = Members::new(first);
        members.remove(lost).await.unwrap();
        assert_eq!(members.list().await.unwrap().len(), 2);
        assert!(!members.remove(lost).await.unwrap_err().is_for_now());
    });
}
