use std::time::Duration;

use expect_test::expect;

use super::driven::{Driven, Machine, delete, put, put_if};
use crate::{Engine, Expect, RangeRequest, Revision, StoreError, Write, limits};

fn text(store: &Driven, revision: Option<Revision>) -> String {
    match store.range(RangeRequest { revision, ..RangeRequest::default() }) {
        Ok(range) => {
            let item = |kv: &crate::KeyValue| format!("{:?}={:?}@{}", kv.key, kv.value, kv.mod_revision);
            range.items.iter().map(item).collect::<Vec<_>>().join(" ")
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_past_revision_is_read_until_it_is_compacted() {
    let mut store = Machine::new(1).open().unwrap();
    store.put("a", "1").unwrap();
    store.put("b", "2").unwrap();
    store.commit(vec![put("a", "3"), delete("b")]).unwrap();
    store.put("c", "4").unwrap();
    assert_eq!(text(&store, None), r#"b"a"=b"3"@4 b"c"=b"4"@5"#);
    assert_eq!(text(&store, Some(3)), r#"b"a"=b"1"@2 b"b"=b"2"@3"#);
    assert_eq!(text(&store, Some(1)), "");
    assert_eq!(text(&store, Some(6)), "revision 6 is in the future: the current one is 5");
    assert_eq!(store.store.status().versions, 5);
    store.compact(4).unwrap();
    assert_eq!(text(&store, Some(3)), "revision is compacted: the oldest that is kept is 4, the current is 5");
    assert_eq!(text(&store, Some(4)), r#"b"a"=b"3"@4"#);
    assert_eq!(store.store.status().versions, 2);
    assert!(matches!(store.compact(4), Err(StoreError::Compacted { compacted: 4, current: 5 })));
    assert!(matches!(store.compact(6), Err(StoreError::FutureRevision { requested: 6, current: 5 })));
}

#[test]
fn a_long_range_is_one_revision_whatever_happens_meanwhile() {
    let mut store = Machine::new(1).open().unwrap();
    let keys = limits::SCAN_STEP_KEYS * 3;
    let write = |round: usize, index: usize| Write::Put {
        key: format!("key-{index:06}").into(),
        value: round.to_string().into(),
        expect: Expect::Any,
        time_to_live: None,
    };
    store.commit((0..keys).map(|index| write(0, index)).collect()).unwrap();
    let shared = store.store.clone();
    let mut reading = shared.range(RangeRequest::default());
    assert!(super::driven::poll(reading.as_mut()).is_pending());
    let committed = store.commit((0..keys).map(|index| write(1, index)).collect()).unwrap();
    store.compact(committed.revision).unwrap();
    let range = super::driven::ready(reading);
    let range = range.unwrap();
    assert_eq!((range.items.len(), range.revision), (keys, 2));
    assert!(range.items.iter().all(|kv| kv.value == "0"));
}

#[test]
fn preconditions_see_what_is_ordered() {
    let mut store = Machine::new(1).open().unwrap();
    let results = store.commit_all(vec![
        vec![put_if("a", "1", Expect::Absent)],
        vec![put_if("a", "2", Expect::Absent)],
        vec![put_if("a", "3", Expect::Revision(2)), put("b", "3")],
        vec![put("b", "4"), put_if("a", "4", Expect::Revision(2))],
        vec![delete("absent")],
        vec![],
    ]);
    let text: Vec<_> = results
        .into_iter()
        .map(|result| match result {
            Ok(committed) => format!("revision {}", committed.revision),
            Err(error) => error.to_string(),
        })
        .collect();
    expect![[r#"
        revision 2
        write 0 of the commit: the key is not as expected (it is at revision 2)
        revision 3
        write 1 of the commit: the key is not as expected (it is at revision 3)
        revision 3
        revision 3"#]]
    .assert_eq(&text.join("\n"));
    assert_eq!(store.get("b").unwrap().value, "3");
}

#[test]
fn what_is_too_large_or_senseless_is_refused() {
    let mut store = Machine::new(1).open().unwrap();
    let large = |key: String| Write::Put {
        key: key.into(),
        value: vec![0; limits::VALUE_LIMIT_BYTES].into(),
        expect: Expect::Any,
        time_to_live: None,
    };
    let over = vec![0; limits::VALUE_LIMIT_BYTES + 1];
    let refused = [
        vec![Write::Put { key: "a".into(), value: over.into(), expect: Expect::Any, time_to_live: None }],
        (0..6).map(|index| large(format!("key-{index}"))).collect(),
        vec![put("a", "1"), delete("a")],
        vec![put("", "1")],
    ];
    let text: Vec<_> = refused.into_iter().map(|writes| store.commit(writes).unwrap_err().to_string()).collect();
    expect![[r#"
        value of bytes of 1572865 exceeds the limit of 1572864
        commit of bytes of 9437214 exceeds the limit of 8388608
        write 1 of the commit is invalid: the key was written before in this commit
        write 0 of the commit is invalid: the key is empty"#]]
    .assert_eq(&text.join("\n"));
    assert_eq!(store.commit(vec![large("a".to_owned())]).unwrap().revision, 2);
}

#[test]
fn keys_expire_when_their_deadline_comes() {
    let machine = Machine::new(1);
    let mut store = machine.open().unwrap();
    let event = |key: &'static str, seconds| Write::Put {
        key: key.into(),
        value: "x".into(),
        expect: Expect::Any,
        time_to_live: Some(Duration::from_secs(seconds)),
    };
    store.commit(vec![event("short", 5), event("long", 60), event("kept", 5)]).unwrap();
    store.put("kept", "for good").unwrap();
    assert_eq!(store.committer.deadline_unix_milliseconds(), Some(1_005_000));
    store.close();
    let mut store = machine.open().unwrap();
    let mut watch = store.watch(store.everything().revision).unwrap();
    assert_eq!(store.committer.deadline_unix_milliseconds(), Some(1_005_000));
    machine.clock.advance_milliseconds(4_999);
    store.committer.turn();
    assert!(store.get("short").is_some());
    machine.clock.advance_milliseconds(1);
    store.committer.turn();
    assert_eq!(store.get("short"), None);
    assert_eq!(store.committer.deadline_unix_milliseconds(), Some(1_060_000));
    let events = super::driven::next(&mut watch).unwrap().unwrap().events;
    assert_eq!((events.len(), events[0].kind, events[0].kv.mod_revision), (1, crate::EventKind::Delete, 4));
    assert_eq!(store.get("kept").unwrap().value, "for good");
}
