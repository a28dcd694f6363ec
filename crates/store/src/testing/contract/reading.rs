use super::{below, commit, delete, prefix, put};
use crate::{Engine, Expect, Range, RangeRequest, Revision, StoreError};

/// More keys than an engine reads in one step.
const MANY: usize = 2500;
/// What etcd takes in one transaction by default.
const WRITES: usize = 100;

async fn range(engine: &dyn Engine, check: &str, limit: usize, revision: Option<Revision>) -> Range {
    let (start, end) = below(&prefix(check));
    engine.range(RangeRequest { start, end, limit, revision }).await.unwrap()
}

fn values(range: &Range) -> Vec<&str> {
    range.items.iter().map(|kv| std::str::from_utf8(&kv.value).unwrap()).collect()
}

pub(super) async fn a_range_is_cut_and_counted(engine: &dyn Engine) {
    let key = |number: usize| format!("{}{number}", prefix("cut"));
    let writes = (0..10).map(|number| put(&key(number), &number.to_string(), Expect::Any)).collect();
    let made = commit(engine, writes).await;
    let all = range(engine, "cut", 0, None).await;
    assert_eq!(values(&all), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert!(!all.more && all.remaining_count == 0 && all.revision >= made);
    let some = range(engine, "cut", 3, None).await;
    assert_eq!((values(&some), some.more, some.remaining_count), (vec!["0", "1", "2"], true, 7));
    let exact = range(engine, "cut", 10, None).await;
    assert_eq!((exact.items.len(), exact.more, exact.remaining_count), (10, false, 0));
    // From a key on, which is in it, and to one that is not.
    let bounds =
        |start: String, end: String| RangeRequest { start: start.into(), end: end.into(), ..Default::default() };
    assert_eq!(values(&engine.range(bounds(key(3), key(5))).await.unwrap()), ["3", "4"]);
    for empty in [bounds(key(5), key(5)), bounds(key(5), key(3)), bounds(prefix("none"), prefix("none") + "~")] {
        let none = engine.range(empty).await.unwrap();
        assert_eq!((none.items.len(), none.more, none.remaining_count), (0, false, 0));
        assert!(none.revision >= made);
    }
    let open = RangeRequest { start: key(8).into(), limit: 2, ..Default::default() };
    assert_eq!(values(&engine.range(open).await.unwrap()), ["8", "9"], "without an upper bound");
}

pub(super) async fn a_past_revision_is_read(engine: &dyn Engine) {
    let key = |name: &str| prefix("past") + name;
    let first = commit(engine, vec![put(&key("a"), "1", Expect::Any), put(&key("b"), "1", Expect::Any)]).await;
    let second = commit(engine, vec![put(&key("a"), "2", Expect::Any), delete(&key("b"), Expect::Any)]).await;
    let third = commit(engine, vec![put(&key("c"), "3", Expect::Any)]).await;
    for (revision, expected) in
        [(first - 1, vec![]), (first, vec!["1", "1"]), (second, vec!["2"]), (third, vec!["2", "3"])]
    {
        let past = range(engine, "past", 0, Some(revision)).await;
        assert_eq!((values(&past), past.revision), (expected, revision));
    }
    let cut = range(engine, "past", 1, Some(first)).await;
    assert_eq!((values(&cut), cut.more, cut.remaining_count), (vec!["1"], true, 1), "counted as of then");
    let far = RangeRequest { revision: Some(engine.current_revision() + 1_000_000), ..Default::default() };
    let refused = engine.range(far).await.unwrap_err();
    assert!(matches!(refused, StoreError::FutureRevision { .. }), "{refused}");
}

/// Puts [`MANY`] keys; gives the revision of the last commit.
async fn put_many(engine: &dyn Engine, value: &str) -> Revision {
    let mut last = 0;
    for begin in (0..MANY).step_by(WRITES) {
        let numbers = begin..(begin + WRITES).min(MANY);
        let key = |number: usize| format!("{}{number:06}", prefix("many"));
        last = commit(engine, numbers.map(|number| put(&key(number), value, Expect::Any)).collect()).await;
    }
    last
}

pub(super) async fn a_long_range_is_one_revision(engine: &dyn Engine) {
    let before = put_many(engine, "old").await;
    let (start, end) = below(&prefix("many"));
    let request = RangeRequest { start, end, limit: MANY - 1, revision: None };
    // Read while everything is written anew.
    let (read, _) = tokio::join!(engine.range(request), put_many(engine, "new"));
    let read = read.unwrap();
    assert_eq!((read.items.len(), read.more, read.remaining_count), (MANY - 1, true, 1));
    assert!(read.items.is_sorted_by(|one, other| one.key < other.key));
    assert!(read.items.iter().all(|kv| kv.mod_revision <= read.revision));
    // What it says was there at that revision was.
    let again = range(engine, "many", MANY - 1, Some(read.revision)).await;
    assert_eq!(again.items, read.items);
    let old = range(engine, "many", 0, Some(before)).await;
    assert!(old.items.len() == MANY && old.items.iter().all(|kv| kv.value == "old"));
}

pub(super) async fn an_export_has_everything(engine: &dyn Engine) {
    let key = prefix("export") + "later";
    let mut export = engine.export().await.unwrap();
    let request = RangeRequest { revision: Some(export.revision), ..Default::default() };
    commit(engine, vec![put(&key, "x", Expect::Any)]).await;
    let expected: Vec<_> = engine.range(request).await.unwrap().items;
    let mut exported = Vec::new();
    loop {
        let items = export.next().await.unwrap();
        if items.is_empty() {
            break;
        }
        exported.extend(items);
    }
    assert!(exported.is_sorted_by(|one, other| one.key < other.key));
    let content = |items: &[crate::KeyValue]| -> Vec<_> {
        items.iter().map(|kv| (kv.key.clone(), kv.value.clone(), kv.create_revision, kv.mod_revision)).collect()
    };
    assert_eq!(content(&exported), content(&expected));
}
