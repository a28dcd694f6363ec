use std::collections::BTreeMap;

use super::{below, commit, delete, next, prefix, put};
use crate::{Engine, Event, EventKind, Expect, RangeRequest, Revision, StoreError, Watch};

fn watch(engine: &dyn Engine, check: &str, after: Revision) -> Watch {
    let (start, end) = below(&prefix(check));
    engine.watch(start, end, after).unwrap()
}

/// Events as `+name=value` and `-name`, with what was there before.
fn text(events: &[Event]) -> String {
    let event = |event: &Event| {
        let name = String::from_utf8_lossy(&event.kv.key).rsplit('/').next().unwrap_or_default().to_owned();
        let shown = match event.kind {
            EventKind::Put => format!("+{name}={}", String::from_utf8_lossy(&event.kv.value)),
            EventKind::Delete => {
                assert!(event.kv.value.is_empty() && event.kv.create_revision == 0);
                format!("-{name}")
            }
        };
        match &event.previous {
            Some(previous) => format!("{shown}({})", String::from_utf8_lossy(&previous.value)),
            None => shown,
        }
    };
    events.iter().map(event).collect::<Vec<_>>().join(" ")
}

/// Reads until the watch has told everything up to `revision`.
async fn read_to(watch: &mut Watch, revision: Revision) -> Vec<Event> {
    let mut events = Vec::new();
    let mut told = 0;
    while told < revision {
        let batch = next(watch).await;
        assert!(batch.revision >= told, "it never goes back");
        assert!(batch.events.iter().all(|event| event.kv.mod_revision <= batch.revision));
        told = batch.revision;
        events.extend(batch.events);
    }
    events
}

pub(super) async fn a_watch_gives_its_range_in_order(engine: &dyn Engine) {
    let key = |name: &str| prefix("order") + name;
    let base = commit(engine, vec![put(&key("a"), "1", Expect::Any)]).await;
    let mut live = watch(engine, "order", base);
    commit(engine, vec![put("/registry/contract/order.other", "x", Expect::Any), put(&key("b"), "1", Expect::Any)])
        .await;
    commit(engine, vec![put(&key("a"), "2", Expect::Any)]).await;
    commit(engine, vec![delete(&key("a"), Expect::Any), delete(&key("absent"), Expect::Any)]).await;
    let last = commit(engine, vec![put(&key("a"), "3", Expect::Any)]).await;
    let expected = "+b=1 +a=2(1) -a(2) +a=3";
    assert_eq!(text(&read_to(&mut live, last).await), expected);
    // The same from the past, and from within it.
    let mut past = watch(engine, "order", base);
    assert_eq!(text(&read_to(&mut past, last).await), expected);
    let mut within = watch(engine, "order", last - 1);
    let events = read_to(&mut within, last).await;
    assert_eq!((text(&events).as_str(), events[0].kv.mod_revision), ("+a=3", last));
    assert_eq!(events[0].kv.create_revision, last);
}

pub(super) async fn commits_are_never_parted(engine: &dyn Engine) {
    const COMMITS: usize = 50;
    const KEYS: usize = 20;
    let base = commit(engine, vec![put(&(prefix("parted") + "first"), "x", Expect::Any)]).await;
    let mut live = watch(engine, "parted", base);
    // Long enough that an answer of etcd's is sent in fragments.
    let value = "v".repeat(64 << 10);
    let key = |number: usize| format!("{}{number}", prefix("parted"));
    let mut last = base;
    for _ in 0..COMMITS {
        last = commit(engine, (0..KEYS).map(|number| put(&key(number), &value, Expect::Any)).collect()).await;
    }
    for watched in &mut [live, watch(engine, "parted", base)] {
        let mut told = base;
        while told < last {
            let batch = next(watched).await;
            let mut by_revision: BTreeMap<Revision, usize> = BTreeMap::new();
            for event in &batch.events {
                assert!(event.kv.mod_revision > told && event.kv.mod_revision <= batch.revision);
                *by_revision.entry(event.kv.mod_revision).or_default() += 1;
            }
            assert!(by_revision.values().all(|count| *count == KEYS), "{by_revision:?}");
            told = batch.revision;
        }
    }
    // They are large: let nobody else read them.
    commit(engine, (0..KEYS).map(|number| delete(&key(number), Expect::Any)).collect()).await;
    live = watch(engine, "parted", last);
    assert_eq!(next(&mut live).await.events.len(), KEYS);
}

pub(super) async fn progress_is_told_on_request(engine: &dyn Engine) {
    let base = commit(engine, vec![put(&(prefix("progress") + "a"), "x", Expect::Any)]).await;
    let mut quiet = watch(engine, "progress", base);
    quiet.progress_requester().request(base);
    assert_eq!(next(&mut quiet).await.events, [], "what it has told already, it tells at once");
    let elsewhere = commit(engine, vec![put(&(prefix("progress.other") + "a"), "x", Expect::Any)]).await;
    quiet.progress_requester().request(elsewhere);
    assert!(read_to(&mut quiet, elsewhere).await.is_empty());
    // Asked before it has come.
    let requester = quiet.progress_requester();
    requester.request(elsewhere + 1);
    let more = commit(engine, vec![put(&(prefix("progress") + "b"), "x", Expect::Any)]).await;
    assert_eq!(text(&read_to(&mut quiet, more).await), "+b=x");
}

pub(super) async fn the_future_is_refused(engine: &dyn Engine) {
    let far = engine.current_revision() + 1_000_000;
    let (start, end) = below(&prefix("future"));
    let refused = match engine.watch(start, end, far) {
        Ok(mut watch) => watch.next().await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(refused, StoreError::FutureRevision { requested, .. } if requested == far), "{refused}");
}

pub(super) async fn writers_and_watchers_agree(engine: &dyn Engine) {
    const WRITERS: usize = 8;
    const COMMITS: usize = 60;
    const KEYS: usize = 5;
    let base = commit(engine, vec![put(&(prefix("agree") + "first"), "x", Expect::Any)]).await;
    let writer = |number: usize| async move {
        let mut revisions = Vec::new();
        for count in 0..COMMITS {
            let key = format!("{}{}", prefix("agree"), (number + count) % KEYS);
            let (current, _) = engine.get(key.as_bytes()).await.unwrap();
            let expect = current.map_or(Expect::Absent, |kv| Expect::Revision(kv.mod_revision));
            match engine.commit(vec![put(&key, &format!("{number} {count}"), expect)]).await {
                Ok(committed) => {
                    let (now, read_at) = engine.get(key.as_bytes()).await.unwrap();
                    assert!(now.unwrap().mod_revision >= committed.revision && read_at >= committed.revision);
                    revisions.push(committed.revision);
                }
                Err(StoreError::Conflict { current: Some(current), .. }) => {
                    assert!(engine.current_revision() >= current.mod_revision, "durable before it is told");
                }
                Err(error) => panic!("{error}"),
            }
        }
        revisions
    };
    let writers = async {
        let writers = (0..WRITERS).map(writer);
        let mut written = crate::testing::join_all(writers).await.concat();
        written.sort_unstable();
        (written, commit(engine, vec![put(&(prefix("agree") + "last"), "x", Expect::Any)]).await)
    };
    let watcher = async {
        let mut watched = watch(engine, "agree", base);
        let mut revisions = Vec::new();
        loop {
            for event in next(&mut watched).await.events {
                if event.kv.key.ends_with(b"/last") {
                    return revisions;
                }
                revisions.push(event.kv.mod_revision);
            }
        }
    };
    let ((written, last), seen, seen_too) = tokio::join!(writers, watcher, async {
        let mut watched = watch(engine, "agree", base);
        let mut events = Vec::new();
        while !events.last().is_some_and(|event: &Event| event.kv.key.ends_with(b"/last")) {
            events.extend(next(&mut watched).await.events);
        }
        events
    });
    assert_eq!(seen, written, "each commit once, in order");
    let mut late = watch(engine, "agree", base);
    assert_eq!(read_to(&mut late, last).await, seen_too, "later watchers see the same");
}

pub(super) async fn what_is_compacted_is_refused(engine: &dyn Engine) {
    let key = prefix("compacted") + "a";
    let first = commit(engine, vec![put(&key, "1", Expect::Any)]).await;
    let mut early = watch(engine, "compacted", first);
    let second = commit(engine, vec![put(&key, "2", Expect::Any)]).await;
    let third = commit(engine, vec![put(&key, "3", Expect::Any)]).await;
    assert_eq!(text(&read_to(&mut early, third).await), "+a=2(1) +a=3(2)");
    engine.compact(second).await.unwrap();
    let read = |revision| engine.range(RangeRequest { revision: Some(revision), ..Default::default() });
    let refused = read(first).await.unwrap_err();
    assert!(matches!(refused, StoreError::Compacted { compacted, .. } if compacted >= second), "{refused}");
    read(second).await.unwrap();
    let (start, end) = below(&prefix("compacted"));
    let refused = match engine.watch(start, end, first) {
        Ok(mut watch) => {
            let error = watch.next().await.unwrap_err();
            assert!(watch.next().await.is_err(), "the error lasts");
            error
        }
        Err(error) => error,
    };
    assert!(matches!(refused, StoreError::Compacted { compacted, .. } if compacted >= second), "{refused}");
    // Nothing after it is missing.
    assert_eq!(text(&read_to(&mut watch(engine, "compacted", second), third).await), "+a=3(2)");
    let again = engine.compact(second).await.unwrap_err();
    assert!(matches!(again, StoreError::Compacted { .. }), "{again}");
    let far = engine.compact(engine.current_revision() + 1_000_000).await.unwrap_err();
    assert!(matches!(far, StoreError::FutureRevision { .. }), "{far}");
    assert!(engine.status().compacted >= second);
    // Who watched before goes on.
    let fourth = commit(engine, vec![put(&key, "4", Expect::Any)]).await;
    assert_eq!(text(&read_to(&mut early, fourth).await), "+a=4(3)");
}
