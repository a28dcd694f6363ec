use std::time::Duration;

use store::{Engine, Expect, Write, testing::contract};

use super::cluster::{Cluster, run};

#[test]
#[ignore = "needs SAGONG_ETCD"]
fn the_engine_keeps_the_contract() {
    run(async {
        let cluster = Cluster::start(1, &[]);
        contract::check(&*cluster.engine().await).await;
    });
}

#[test]
#[ignore = "needs SAGONG_ETCD"]
fn the_engine_keeps_the_contract_on_three_members() {
    run(async {
        let cluster = Cluster::start(3, &[]);
        contract::check(&*cluster.engine().await).await;
    });
}

#[test]
#[ignore = "needs SAGONG_ETCD"]
fn keys_that_expire_together_share_a_lease() {
    run(async {
        let cluster = Cluster::start(1, &[]);
        let engine = cluster.engine().await;
        let event = |number: u64| Write::Put {
            key: format!("/registry/events/{number}").into(),
            value: "x".into(),
            expect: Expect::Absent,
            time_to_live: Some(Duration::from_secs(3600)),
        };
        for number in 0..50 {
            engine.commit(vec![event(number)]).await.unwrap();
        }
        let range = engine.range(Default::default()).await.unwrap();
        let ends: std::collections::BTreeSet<_> = range.items.iter().map(|kv| kv.expires_at).collect();
        assert_eq!((range.items.len(), ends.len()), (50, 1));
        // Who did not make the lease asks for it when it exports.
        let other = cluster.engine().await;
        assert_eq!(other.range(Default::default()).await.unwrap().items[0].expires_at, None);
        let exported = other.export().await.unwrap().next().await.unwrap();
        let (known, told) = (ends.first().unwrap().unwrap(), exported[0].expires_at.unwrap());
        assert!(known.abs_diff(told) <= 2, "{known} {told}");
    });
}

#[test]
#[ignore = "needs SAGONG_ETCD"]
fn what_etcd_refuses_for_its_quota_is_told_and_forgotten() {
    run(async {
        let cluster = Cluster::start(1, &["--quota-backend-bytes=4194304"]);
        let engine = cluster.engine().await;
        let large = engine.commit(vec![Write::Put {
            key: "/registry/large".into(),
            value: vec![b'x'; store::limits::VALUE_LIMIT_BYTES].into(),
            expect: Expect::Any,
            time_to_live: None,
        }]);
        let large = large.await.unwrap_err();
        assert!(matches!(large, store::StoreError::TooLarge { .. }), "with its frame it is over etcd's limit: {large}");
        let value = "v".repeat(500 << 10);
        let mut refused = None;
        for number in 0..40 {
            if let Err(error) = super::cluster::put(&*engine, &format!("/registry/{number}"), &value).await {
                refused = Some(error);
                break;
            }
        }
        assert!(matches!(refused, Some(store::StoreError::NoSpace { .. })), "{refused:?}");
        assert_eq!(engine.status().no_space.as_deref(), Some("etcdserver: mvcc: database space exceeded"));
        // What frees space is still taken.
        engine.commit(vec![Write::Delete { key: "/registry/0".into(), expect: Expect::Any }]).await.unwrap();
    });
}

#[test]
#[ignore = "needs SAGONG_ETCD"]
fn a_commit_whose_answer_was_lost_is_found_only_when_it_is_surely_there() {
    run(async {
        let cluster = Cluster::start(1, &[]);
        let engine = cluster.engine().await;
        let put = |key: &'static str, value: &'static str, expect| Write::Put {
            key: key.into(),
            value: value.into(),
            expect,
            time_to_live: None,
        };
        let delete = |expect| Write::Delete { key: "/registry/b".into(), expect };
        let first = vec![put("/registry/a", "1", Expect::Absent), put("/registry/b", "1", Expect::Absent)];
        let made = engine.commit(first.clone()).await.unwrap();
        let second =
            vec![put("/registry/a", "2", Expect::Revision(made.revision)), delete(Expect::Revision(made.revision))];
        let find = async |writes: &[Write]| engine.shared().find_committed(writes).await;
        assert_eq!(find(&first).await, Some(made.clone()));
        assert_eq!(find(&second).await, None, "it was not made");
        let made_second = engine.commit(second.clone()).await.unwrap();
        assert_eq!(find(&second).await, Some(made_second.clone()), "with what was there before");
        assert_eq!(find(&first).await, None, "somebody wrote since: it is no longer known");
        for unknowable in [
            put("/registry/a", "2", Expect::Any),
            put("/registry/a", "2", Expect::Revision(made_second.revision)),
            put("/registry/a", "other", Expect::Revision(made.revision)),
            delete(Expect::Revision(made.revision)),
        ] {
            assert_eq!(find(std::slice::from_ref(&unknowable)).await, None, "{unknowable:?}");
        }
    });
}
