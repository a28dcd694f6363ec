//! Clocks that jump: keys expire by the wall clock, whichever way it goes.

use std::{path::Path, time::Duration};

use super::{
    archives::{ARCHIVE, archive},
    driven::{Driven, Machine, next},
};
use crate::{Clock, Engine, EventKind, Expect, Watch, Write, limits};

const HOUR_MILLISECONDS: u64 = 3_600_000;

fn renew(store: &mut Driven, key: &'static str) {
    let time_to_live = Some(Duration::from_secs(10));
    let write = Write::Put { key: key.into(), value: "x".into(), expect: Expect::Any, time_to_live };
    store.commit(vec![write]).unwrap();
}

/// The keys that a watch is told to be gone.
fn gone(watch: &mut Watch) -> Vec<String> {
    let mut keys = Vec::new();
    while let Some(batch) = next(watch) {
        let deletes = batch.unwrap().events.into_iter().filter(|event| event.kind == EventKind::Delete);
        keys.extend(deletes.map(|event| String::from_utf8(event.kv.key.to_vec()).unwrap()));
    }
    keys
}

#[test]
fn a_clock_that_jumps_ahead_takes_what_expires_and_nothing_else() {
    let machine = Machine::new(1);
    let mut store = machine.open().unwrap();
    let mut watch = store.watch(1).unwrap();
    renew(&mut store, "lease");
    store.put("forever", "x").unwrap();
    machine.clock.advance_milliseconds(HOUR_MILLISECONDS);
    store.committer.turn();
    assert_eq!(gone(&mut watch), ["lease"]);
    // Whoever renews it has it again, for as long as it asks.
    renew(&mut store, "lease");
    machine.clock.advance_milliseconds(9_000);
    store.committer.turn();
    assert_eq!(gone(&mut watch), [""; 0]);
    machine.clock.advance_milliseconds(1_000);
    store.committer.turn();
    assert_eq!(gone(&mut watch), ["lease"]);
    assert_eq!(store.committer.deadline_unix_milliseconds(), None);
    assert!(store.get("forever").is_some());
}

#[test]
fn a_clock_that_is_set_back_lets_keys_live_longer_and_each_goes_once() {
    let machine = Machine::new(1);
    // Far enough from where clocks begin.
    machine.clock.advance_milliseconds(2 * HOUR_MILLISECONDS);
    let mut store = machine.open().unwrap();
    let mut watch = store.watch(1).unwrap();
    renew(&mut store, "event");
    renew(&mut store, "lease");
    machine.clock.set_back_milliseconds(HOUR_MILLISECONDS);
    store.committer.turn();
    // A lease that is renewed goes by the clock as it is now, though it was to last longer before.
    renew(&mut store, "lease");
    machine.clock.advance_milliseconds(10_000);
    store.committer.turn();
    assert_eq!(gone(&mut watch), ["lease"]);
    let due = store.committer.deadline_unix_milliseconds().unwrap();
    assert_eq!(due - machine.clock.now_unix_milliseconds(), HOUR_MILLISECONDS, "no later than the jump");
    drop(store);
    machine.disk.restart();
    let mut store = machine.open().unwrap();
    let mut watch = store.watch(store.everything().revision).unwrap();
    assert_eq!(store.committer.deadline_unix_milliseconds(), Some(due), "after a restart too");
    machine.clock.advance_milliseconds(HOUR_MILLISECONDS);
    store.committer.turn();
    store.committer.turn();
    assert_eq!(gone(&mut watch), ["event"]);
    assert_eq!(store.committer.deadline_unix_milliseconds(), None);
}

#[test]
fn a_clock_that_is_set_back_puts_nothing_off_that_is_tried_again() {
    let mut machine = Machine::new(1);
    machine.clock.advance_milliseconds(2 * HOUR_MILLISECONDS);
    machine.options.log_archive = Some(archive(1 << 20));
    machine.disk.refuse_below(Path::new(ARCHIVE));
    let mut store = machine.open().unwrap();
    // Long enough for a segment that waits for the archive.
    store.put("a", "0123456789".repeat(210).leak()).unwrap();
    assert!(store.store.status().archive.unwrap().error.is_some());
    let wait = |store: &Driven| {
        let deadline = store.committer.deadline_unix_milliseconds().unwrap();
        deadline.saturating_sub(machine.clock.now_unix_milliseconds())
    };
    assert_eq!(wait(&store), limits::ARCHIVE_RETRY_MILLISECONDS);
    machine.clock.set_back_milliseconds(HOUR_MILLISECONDS);
    assert_eq!(wait(&store), 0, "at once, and not in an hour");
    store.committer.turn();
    assert_eq!(wait(&store), limits::ARCHIVE_RETRY_MILLISECONDS);
}
