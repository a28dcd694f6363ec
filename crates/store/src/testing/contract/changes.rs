use std::time::Duration;

use super::{below, commit, delete, next, prefix, put};
use crate::{Engine, EventKind, Expect, KeyValue, StoreError, Write, limits};

/// A commit that must meet a conflict: at which write, and with what.
async fn conflict(engine: &dyn Engine, writes: Vec<Write>) -> (usize, Option<KeyValue>) {
    match engine.commit(writes).await {
        Err(StoreError::Conflict { index, current }) => (index, current),
        other => panic!("a conflict was expected: {other:?}"),
    }
}

pub(super) async fn preconditions_hold_or_say_what_is_there(engine: &dyn Engine) {
    let key = prefix("preconditions") + "a";
    let first = engine.commit(vec![put(&key, "1", Expect::Absent)]).await.unwrap();
    assert_eq!(first.previous, [None]);
    let (_, there) = conflict(engine, vec![put(&key, "2", Expect::Absent)]).await;
    let there = there.unwrap();
    assert_eq!((there.value.as_ref(), there.mod_revision), (&b"1"[..], first.revision));

    let second = engine.commit(vec![put(&key, "2", Expect::Revision(first.revision))]).await.unwrap();
    assert_eq!(second.previous, [Some(there.clone())]);
    let (now, read_at) = engine.get(key.as_bytes()).await.unwrap();
    let now = now.unwrap();
    assert_eq!((now.value.as_ref(), now.mod_revision), (&b"2"[..], second.revision));
    assert_eq!(now.create_revision, first.revision, "it is the same key");
    assert!(read_at >= second.revision && engine.current_revision() >= second.revision);

    for write in [put(&key, "3", Expect::Revision(first.revision)), delete(&key, Expect::Revision(first.revision))] {
        assert_eq!(conflict(engine, vec![write]).await, (0, Some(now.clone())));
    }
    assert_eq!(conflict(engine, vec![delete(&key, Expect::Absent)]).await, (0, Some(now.clone())));
    let gone = engine.commit(vec![delete(&key, Expect::Revision(second.revision))]).await.unwrap();
    assert_eq!(gone.previous, [Some(now)]);
    for expect in [Expect::Revision(0), Expect::Revision(second.revision)] {
        assert_eq!(conflict(engine, vec![put(&key, "3", expect)]).await, (0, None));
    }
    let again = commit(engine, vec![put(&key, "3", Expect::Absent)]).await;
    assert_eq!(engine.get(key.as_bytes()).await.unwrap().0.unwrap().create_revision, again, "it is another key");
}

pub(super) async fn a_commit_is_made_whole_or_not_at_all(engine: &dyn Engine) {
    let key = |name: &str| prefix("whole") + name;
    let base = commit(engine, vec![put(&key("a"), "1", Expect::Absent), put(&key("b"), "1", Expect::Absent)]).await;
    let writes = vec![
        put(&key("a"), "2", Expect::Revision(base)),
        put(&key("c"), "2", Expect::Any),
        put(&key("b"), "2", Expect::Revision(base - 1)),
    ];
    let (index, current) = conflict(engine, writes).await;
    assert_eq!((index, current.unwrap().mod_revision), (2, base));
    for name in ["a", "b"] {
        assert_eq!(engine.get(key(name).as_bytes()).await.unwrap().0.unwrap().value, "1");
    }
    assert_eq!(engine.get(key("c").as_bytes()).await.unwrap().0, None);

    let writes = vec![
        put(&key("a"), "3", Expect::Revision(base)),
        delete(&key("b"), Expect::Any),
        put(&key("c"), "3", Expect::Absent),
    ];
    let made = engine.commit(writes).await.unwrap();
    let previous: Vec<_> = made.previous.iter().map(|kv| kv.as_ref().map(|kv| kv.mod_revision)).collect();
    assert_eq!(previous, [Some(base), Some(base), None]);
    let (start, end) = below(&prefix("whole"));
    let range = crate::RangeRequest { start, end, ..Default::default() };
    let items = engine.range(range).await.unwrap().items;
    let revisions: Vec<_> = items.iter().map(|kv| kv.mod_revision).collect();
    assert_eq!(revisions, [made.revision; 2]);
}

pub(super) async fn what_changes_nothing_is_no_revision(engine: &dyn Engine) {
    let key = prefix("nothing") + "a";
    let base = commit(engine, vec![put(&key, "1", Expect::Any)]).await;
    let absent = prefix("nothing") + "absent";
    let nothing = engine.commit(vec![delete(&absent, Expect::Any)]).await.unwrap();
    assert_eq!(nothing.previous, [None]);
    let empty = engine.commit(Vec::new()).await.unwrap();
    assert_eq!(empty.previous, []);
    assert!(nothing.revision >= base && empty.revision >= nothing.revision);
    if engine.consistent_revision().is_none() {
        assert_eq!((nothing.revision, empty.revision), (base, base), "nobody else writes");
    }
    // The same value again is a change.
    let same = commit(engine, vec![put(&key, "1", Expect::Revision(base))]).await;
    assert!(same > base);
    if let Some(consistent) = engine.consistent_revision() {
        assert!(consistent.await.unwrap() >= same);
    }
}

pub(super) async fn what_is_too_large_or_senseless_is_refused(engine: &dyn Engine) {
    let key = prefix("refused") + "a";
    let over = "x".repeat(limits::VALUE_LIMIT_BYTES + 1);
    let large = engine.commit(vec![put(&key, &over, Expect::Any)]).await.unwrap_err();
    assert!(matches!(large, StoreError::TooLarge { .. }), "{large}");
    for writes in [vec![put("", "x", Expect::Any)], vec![put(&key, "x", Expect::Any), delete(&key, Expect::Any)]] {
        let refused = engine.commit(writes).await.unwrap_err();
        assert!(matches!(refused, StoreError::Invalid { .. }), "{refused}");
    }
    assert_eq!(engine.get(key.as_bytes()).await.unwrap().0, None);
}

pub(super) async fn keys_expire(engine: &dyn Engine) {
    let lives = |name: &str, time_to_live| Write::Put {
        key: (prefix("expiry") + name).into(),
        value: "x".into(),
        expect: Expect::Any,
        time_to_live,
    };
    let second = Some(Duration::from_secs(1));
    let begun = std::time::Instant::now();
    let made = commit(engine, vec![lives("one", second), lives("two", second), lives("kept", second)]).await;
    let kept = commit(engine, vec![lives("kept", None)]).await;
    let (start, end) = below(&prefix("expiry"));
    let mut watch = engine.watch(start, end, kept).unwrap();
    let mut gone = Vec::new();
    while gone.len() < 2 {
        for event in next(&mut watch).await.events {
            assert_eq!(event.kind, EventKind::Delete);
            assert_eq!(event.previous.unwrap().mod_revision, made);
            gone.push(String::from_utf8(event.kv.key.to_vec()).unwrap());
        }
    }
    assert!(begun.elapsed() >= Duration::from_secs(1), "not before their time");
    gone.sort_unstable();
    assert_eq!(gone, ["one", "two"].map(|name| prefix("expiry") + name));
    assert!(engine.get((prefix("expiry") + "kept").as_bytes()).await.unwrap().0.is_some(), "it was made permanent");
}
