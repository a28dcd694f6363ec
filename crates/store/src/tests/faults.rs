use std::time::Duration;

use super::driven::{Driven, Machine, delete, next, put, put_if};
use crate::{Engine, Expect, Priority, StoreError, embedded::SyncMode, testing::Fault};

/// The operations of a commit are its write, then its sync.
const WRITE: u64 = 0;
const SYNC: u64 = 1;

#[test]
fn a_failed_sync_stops_writes_and_not_reads() {
    for operation in [WRITE, SYNC] {
        let machine = Machine::new(1);
        let mut store = machine.open().unwrap();
        store.put("a", "1").unwrap();
        let mut watch = store.watch(2).unwrap();
        machine.disk.set_fault(Some((machine.disk.operations() + operation, Fault::Broken)));
        let results = store.commit_all(vec![
            vec![put("a", "2")],
            // Conflicts with the one before, which nobody can see.
            vec![put_if("a", "3", Expect::Revision(2))],
            // Conflicts with what is durable.
            vec![put_if("b", "3", Expect::Revision(2))],
            // Changes nothing, as of a revision that nobody can see.
            vec![],
        ]);
        let what = ["write to", "sync"][operation as usize];
        let reason = format!(
            "store is read-only: cannot {what} /data/00000000000000000001.log: Input/output error (os error 5)"
        );
        let text: Vec<_> = results.into_iter().map(|result| result.unwrap_err().to_string()).collect();
        let conflict = "write 0 of the commit: the key is not as expected (it is at revision 0)";
        assert_eq!(text, [reason.as_str(), reason.as_str(), conflict, reason.as_str()]);
        let operations = machine.disk.operations();
        assert!(matches!(store.put("a", "4"), Err(StoreError::ReadOnly { .. })));
        assert!(matches!(store.compact(2), Err(StoreError::ReadOnly { .. })));
        assert_eq!(machine.disk.operations(), operations, "nothing is tried again");
        assert_eq!(store.get("a").unwrap().value, "1");
        assert!(next(&mut watch).is_none());
        assert!(store.store.status().read_only.is_some());
        store.close();
        machine.disk.set_fault(None);
        let mut store = machine.open().unwrap();
        store.put("a", "5").unwrap();
    }
}

#[test]
fn a_full_disk_refuses_writes_until_there_is_space() {
    let machine = Machine::new(1);
    let mut store = machine.open().unwrap();
    store.put("a", "1").unwrap();
    machine.disk.set_fault(Some((0, Fault::NoSpace)));
    for _ in 0..3 {
        let error = store.put("a", "2").unwrap_err();
        assert_eq!(error.to_string(), "no space left on the device of /data/00000000000000000001.log");
    }
    assert_eq!(store.get("a").unwrap().value, "1");
    machine.disk.set_fault(None);
    assert_eq!(store.put("a", "3").unwrap(), 3);
    drop(store);
    machine.disk.restart();
    let store = machine.open().unwrap();
    assert_eq!((store.get("a").unwrap().value, store.everything().revision), ("3".into(), 3));
}

#[test]
fn what_a_full_disk_took_in_part_never_turns_up() {
    for seed in 0..20 {
        let machine = Machine::new(seed);
        let mut store = machine.open().unwrap();
        machine.disk.set_fault(Some((0, Fault::NoSpace)));
        let refused = store.commit_all(vec![vec![put("a", "1")], vec![put("b", "1")], vec![put("c", "1")]]);
        assert!(refused.iter().all(|result| matches!(result, Err(StoreError::NoSpace { .. }))));
        machine.disk.set_fault(None);
        // As long as the first of those, so that the second would follow on it.
        assert_eq!(store.put("d", "1").unwrap(), 2);
        drop(store);
        let range = machine.open().unwrap().everything();
        assert_eq!((range.items.len(), range.revision), (1, 2));
    }
}

#[test]
fn what_a_crash_left_behind_a_torn_commit_never_turns_up() {
    let machine = Machine::new(1);
    let mut store = machine.open().unwrap();
    store.commit_all(vec![vec![put("a", "1")], vec![put("b", "1")]]);
    drop(store);
    let segment = machine.disk.files().remove(0).0;
    // The first commit of the last batch is broken, the second is whole.
    machine.disk.damage(&segment, |contents| contents[50] ^= 1);
    let mut store = machine.open().unwrap();
    assert_eq!(store.everything().revision, 1);
    assert_eq!(store.put("c", "1").unwrap(), 2);
    drop(store);
    let range = machine.open().unwrap().everything();
    assert_eq!((range.items.len(), range.revision), (1, 2));
}

#[test]
fn a_full_disk_does_not_spin_on_expired_keys() {
    let machine = Machine::new(1);
    let mut store = machine.open().unwrap();
    let time_to_live = Some(std::time::Duration::from_secs(1));
    let event = crate::Write::Put { key: "event".into(), value: "x".into(), expect: Expect::Any, time_to_live };
    store.commit(vec![event]).unwrap();
    machine.disk.set_fault(Some((0, Fault::NoSpace)));
    machine.clock.advance_milliseconds(5_000);
    store.committer.turn();
    assert_eq!(store.committer.deadline_unix_milliseconds(), None);
    machine.disk.set_fault(None);
    store.put("a", "1").unwrap();
    store.committer.turn();
    assert_eq!(store.get("event"), None);
}

#[test]
fn a_full_disk_while_a_segment_is_begun_leaves_the_present_one() {
    let machine = Machine::new(1);
    let mut store = machine.open().unwrap();
    let long: &'static str = "0123456789".repeat(210).leak();
    // Write and sync of the commit succeed; then the next segment cannot be made.
    machine.disk.set_fault(Some((machine.disk.operations() + 2, Fault::NoSpace)));
    store.put("a", long).unwrap();
    machine.disk.set_fault(None);
    store.put("b", long).unwrap();
    store.put("c", long).unwrap();
    drop(store);
    machine.disk.restart();
    assert_eq!(machine.open().unwrap().everything().items.len(), 3);
}

#[test]
fn a_failed_snapshot_is_told_and_tried_again() {
    let machine = Machine::new(1);
    let mut store = machine.open().unwrap();
    let long: &'static str = "0123456789".repeat(210).leak();
    store.put("a", "1").unwrap();
    // Of the second commit: write and sync; of the segment: create, write, sync, rename, sync; then the snapshot.
    machine.disk.set_fault(Some((machine.disk.operations() + 7, Fault::Broken)));
    store.put("b", long).unwrap();
    let status = store.store.status();
    assert!(status.snapshot_error.unwrap().contains("Input/output error"));
    assert_eq!((status.snapshot_bytes, status.read_only), (0, None));
    store.put("c", long).unwrap();
    let status = store.store.status();
    assert!(status.snapshot_bytes > 0 && status.snapshot_error.is_none());
    store.compact(4).unwrap();
    assert_eq!(machine.disk.files().len(), 2, "one snapshot and one segment");
}

/// A machine whose stores keep a reserve.
fn reserving(reserve_bytes: u64) -> Machine {
    let mut machine = Machine::new(1);
    machine.options.reserve_bytes = reserve_bytes;
    machine
}

fn put_urgently(store: &mut Driven, key: &'static str, value: &'static str) -> Result<u64, StoreError> {
    let engine = store.store.clone();
    let mut commit = engine.commit_with(vec![put(key, value)], Priority::Urgent);
    assert!(super::driven::poll(commit.as_mut()).is_pending());
    store.committer.turn();
    super::driven::ready(commit).map(|committed| committed.revision)
}

#[test]
fn a_full_disk_still_takes_what_is_urgent_from_the_reserve() {
    let machine = reserving(1 << 10);
    let mut store = machine.open().unwrap();
    store.put("a", "1").unwrap();
    store.put("b", "1").unwrap();
    machine.disk.set_fault(Some((0, Fault::NoSpace)));
    // What was reserved in steps is there for everyone; then only what is urgent goes on.
    let long: &'static str = "0123456789".repeat(100_000).leak();
    let answers = store.commit_all((0..6).map(|_| vec![put("c", long)]).chain([vec![delete("a")]]).collect());
    let (deleted, puts) = answers.split_last().unwrap();
    assert!(puts.iter().all(|answer| matches!(answer, Err(StoreError::NoSpace { .. }))));
    assert_eq!(deleted.as_ref().unwrap().revision, 4);
    assert_eq!(store.store.status().no_space.unwrap(), "the disk of /data/00000000000000000001.log is full");
    assert_eq!(put_urgently(&mut store, "lease", "renewed").unwrap(), 5);
    assert!(store.get("c").is_none());

    // It has an end, which is no end of the store.
    let revision = loop {
        match put_urgently(&mut store, "lease", "renewed again") {
            Ok(revision) => assert!(revision < 100_000),
            Err(StoreError::NoSpace { .. }) => break store.store.status().revision,
            Err(error) => panic!("{error}"),
        }
    };
    assert!(store.store.status().read_only.is_none());
    machine.disk.set_fault(None);
    assert_eq!(store.put("c", "2").unwrap(), revision + 1);
    assert_eq!(store.store.status().no_space, None);
    drop(store);
    machine.disk.restart();
    assert_eq!(machine.open().unwrap().everything().revision, revision + 1);
}

#[test]
fn the_reserve_is_for_what_is_urgent_alone() {
    const RESERVE_BYTES: u64 = 4 << 10;
    let machine = reserving(RESERVE_BYTES);
    let mut store = machine.open().unwrap();
    store.put("a", "1").unwrap();
    machine.disk.set_fault(Some((0, Fault::NoSpace)));
    // Larger ones first, since space was taken in steps; the last are small enough to find a place in the reserve.
    for length in [1 << 20, 10 << 10, 1] {
        let value: &'static str = "x".repeat(length).leak();
        while store.put("a", value).is_ok() {}
    }
    let before = store.store.status().log_bytes;
    while put_urgently(&mut store, "lease", "renewed").is_ok() {}
    let urgent_bytes = store.store.status().log_bytes - before;
    // Up to the last record, which did not fit.
    assert!(urgent_bytes + 100 > RESERVE_BYTES, "{urgent_bytes}");
}

#[test]
fn a_segment_is_not_begun_without_its_reserve() {
    let machine = reserving(1 << 10);
    let mut store = machine.open().unwrap();
    let long: &'static str = "0123456789".repeat(210).leak();
    store.put("a", "1").unwrap();
    machine.disk.set_fault(Some((0, Fault::NoSpace)));
    // Within what is reserved; the segment is full afterwards, and the next one has no place.
    store.put("b", long).unwrap();
    assert_eq!(machine.disk.files().len(), 1);
    store.commit(vec![delete("a")]).unwrap();
    machine.disk.set_fault(None);
    store.put("c", long).unwrap();
    assert!(machine.disk.files().iter().any(|(path, _)| path.ends_with("00000000000000000002.log")));
}

/// A machine whose stores sync half a second after a write.
fn lazy() -> Machine {
    let mut machine = Machine::new(1);
    machine.options.sync = SyncMode::Interval(Duration::from_millis(500));
    machine
}

#[test]
fn with_an_interval_a_commit_is_seen_at_once_and_synced_at_its_deadline() {
    let machine = lazy();
    let mut store = machine.open().unwrap();
    let mut watch = store.watch(1).unwrap();
    let operations = machine.disk.operations();
    store.put("a", "1").unwrap();
    assert_eq!(machine.disk.operations(), operations + 1, "written and not synced");
    assert_eq!(next(&mut watch).unwrap().unwrap().revision, 2);
    assert_eq!(store.committer.deadline_unix_milliseconds(), Some(1_000_500));
    machine.clock.advance_milliseconds(400);
    store.put("b", "1").unwrap();
    // The deadline is that of the first.
    assert_eq!(store.committer.deadline_unix_milliseconds(), Some(1_000_500));
    let status = store.store.status();
    assert_eq!((status.revision, status.synced_revision), (3, 1));
    assert_eq!(status.sync_interval, Some(Duration::from_millis(500)));
    machine.clock.advance_milliseconds(100);
    store.committer.turn();
    assert_eq!(machine.disk.operations(), operations + 3);
    assert_eq!((store.store.status().synced_revision, store.committer.deadline_unix_milliseconds()), (3, None));
}

#[test]
fn with_an_interval_a_torn_tail_anywhere_behind_the_last_sync_is_a_crash_and_no_damage() {
    let mut lost = 0;
    for seed in 0..200 {
        let mut machine = Machine::new(seed);
        machine.options.sync = SyncMode::Interval(Duration::from_millis(500));
        machine.options.segment_bytes = 1 << 20;
        let mut store = machine.open().unwrap();
        store.put("a", "1").unwrap();
        machine.clock.advance_milliseconds(500);
        store.committer.turn();
        // More than a sector each, so that any of them may be there in part.
        let long: &'static str = "0123456789".repeat(90).leak();
        for _ in 0..5 {
            store.put("b", long).unwrap();
        }
        drop(store);
        machine.disk.restart();
        let revision = machine.open().unwrap().everything().revision;
        assert!((2..=7).contains(&revision));
        lost += u64::from(revision < 7);
    }
    assert!(lost > 100, "{lost}");
}

#[test]
fn with_an_interval_a_clock_that_is_set_back_delays_no_sync() {
    let machine = lazy();
    let mut store = machine.open().unwrap();
    store.put("a", "1").unwrap();
    machine.clock.set_back_milliseconds(900_000);
    store.committer.turn();
    assert_eq!(store.store.status().synced_revision, 2);
}

#[test]
fn with_an_interval_a_failed_sync_stops_writes_and_a_close_syncs() {
    let machine = lazy();
    let mut store = machine.open().unwrap();
    store.put("a", "1").unwrap();
    machine.disk.set_fault(Some((machine.disk.operations(), Fault::Broken)));
    machine.clock.advance_milliseconds(500);
    store.committer.turn();
    let reason = store.store.status().read_only.unwrap();
    assert!(reason.starts_with("cannot sync /data/00000000000000000001.log"), "{reason}");
    assert!(matches!(store.put("b", "1"), Err(StoreError::ReadOnly { .. })));
    assert_eq!(store.store.status().synced_revision, 1);
    drop(store);

    let machine = lazy();
    let mut store = machine.open().unwrap();
    store.put("a", "1").unwrap();
    store.close();
    machine.disk.restart();
    assert_eq!(machine.open().unwrap().get("a").unwrap().value, "1");
}

#[test]
fn with_an_interval_a_close_marks_all_as_durable() {
    let machine = lazy();
    let mut store = machine.open().unwrap();
    store.put("a", "1").unwrap();
    store.close();
    // What was synced by the close alone cannot be taken for what a crash tore.
    let segment = machine.disk.files().remove(0).0;
    machine.disk.damage(&segment, |contents| contents[80] ^= 1);
    let error = machine.open().err().expect("it is refused").to_string();
    assert!(error.ends_with("a record that was durable is broken"), "{error}");
}

#[test]
fn with_an_interval_no_segment_is_left_unsynced() {
    let machine = lazy();
    let mut store = machine.open().unwrap();
    let long: &'static str = "0123456789".repeat(110).leak();
    store.put("a", long).unwrap();
    // The next segment was begun.
    assert_eq!(store.store.status().synced_revision, 2);
    drop(store);
    machine.disk.restart();
    assert_eq!(machine.open().unwrap().get("a").unwrap().value, long);
}
