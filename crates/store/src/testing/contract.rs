//! What every engine must keep, as checks that are written once: each works under a prefix of its own, so that a store
//! may be used before and by others too. They panic where a promise is broken.

mod changes;
mod reading;
mod watching;

use bytes::Bytes;

use crate::{Engine, Expect, Revision, Watch, WatchBatch, Write};

/// Runs every check, one after the other; compaction comes last, since it takes the past away from the others.
pub async fn check(engine: &dyn Engine) {
    changes::preconditions_hold_or_say_what_is_there(engine).await;
    changes::a_commit_is_made_whole_or_not_at_all(engine).await;
    changes::what_changes_nothing_is_no_revision(engine).await;
    changes::what_is_too_large_or_senseless_is_refused(engine).await;
    changes::keys_expire(engine).await;
    reading::a_range_is_cut_and_counted(engine).await;
    reading::a_past_revision_is_read(engine).await;
    reading::a_long_range_is_one_revision(engine).await;
    reading::an_export_has_everything(engine).await;
    watching::a_watch_gives_its_range_in_order(engine).await;
    watching::commits_are_never_parted(engine).await;
    watching::progress_is_told_on_request(engine).await;
    watching::the_future_is_refused(engine).await;
    watching::writers_and_watchers_agree(engine).await;
    watching::what_is_compacted_is_refused(engine).await;
}

/// The prefix of a check.
fn prefix(check: &str) -> String {
    format!("/registry/contract/{check}/")
}

/// The bounds of everything below a prefix.
fn below(prefix: &str) -> (Bytes, Bytes) {
    let mut end = prefix.as_bytes().to_vec();
    *end.last_mut().unwrap() += 1;
    (Bytes::copy_from_slice(prefix.as_bytes()), end.into())
}

fn put(key: &str, value: &str, expect: Expect) -> Write {
    let (key, value) = (Bytes::copy_from_slice(key.as_bytes()), Bytes::copy_from_slice(value.as_bytes()));
    Write::Put { key, value, expect, time_to_live: None }
}

fn delete(key: &str, expect: Expect) -> Write {
    Write::Delete { key: Bytes::copy_from_slice(key.as_bytes()), expect }
}

/// Commits, and gives the revision.
async fn commit(engine: &dyn Engine, writes: Vec<Write>) -> Revision {
    engine.commit(writes).await.unwrap().revision
}

/// The next batch, which must come.
async fn next(watch: &mut Watch) -> WatchBatch {
    let next = tokio::time::timeout(std::time::Duration::from_secs(30), watch.next()).await;
    next.expect("a batch comes within 30 s").unwrap()
}
