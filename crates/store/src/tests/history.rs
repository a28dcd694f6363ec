//! Old revisions that do not fit in memory: they are on the disk, within a bound, and are read and watched from there.

use std::path::PathBuf;

use bytes::Bytes;

use super::driven::{Driven, Machine, next, poll, ready};
use crate::{
    Engine, Event, Expect, KeyValue, RangeRequest, Revision, StoreError, Watch, Write, limits,
    testing::{Fault, Random},
};

pub(super) const KEYS: u64 = 10;
pub(super) const VALUE_BYTES: usize = 200;

/// A machine whose stores keep few old values in memory.
pub(super) fn spilling(memory_limit_bytes: u64) -> Machine {
    let mut machine = Machine::new(1);
    machine.options.history_memory_limit_bytes = memory_limit_bytes;
    machine.options.watch_ring_limit_bytes = 1 << 10;
    machine
}

pub(super) fn key(number: u64) -> Bytes {
    format!("/registry/configmaps/default/object-{number:03}").into()
}

/// The value that a revision gives to its key.
fn value(revision: Revision) -> Bytes {
    format!("{revision:0VALUE_BYTES$}").into()
}

/// The next revision, which changes one of the keys in turn.
pub(super) fn churn(store: &mut Driven) -> Revision {
    let revision = store.store.current_revision() + 1;
    assert_eq!(store.commit(vec![write(revision)]).unwrap().revision, revision);
    revision
}

/// What a revision changes.
pub(super) fn write(revision: Revision) -> Write {
    Write::Put { key: key(revision % KEYS), value: value(revision), expect: Expect::Any, time_to_live: None }
}

/// Whether the keys are as [`churn`] left them at a revision.
pub(super) fn check_items(items: &[KeyValue], revision: Revision) {
    let first = revision.saturating_sub(KEYS).max(1) + 1;
    let mut expected: Vec<_> = (first..=revision).map(|revision| (key(revision % KEYS), value(revision))).collect();
    expected.sort();
    let shown: Vec<_> = items.iter().map(|kv| (kv.key.clone(), kv.value.clone())).collect();
    assert_eq!(shown, expected, "at revision {revision}");
}

pub(super) fn read(store: &Driven, revision: Revision) -> Result<Vec<KeyValue>, StoreError> {
    store.range(RangeRequest { revision: Some(revision), ..RangeRequest::default() }).map(|range| range.items)
}

/// Whether events are those of [`churn`] after one revision up to another.
pub(super) fn check_events(events: &[Event], after: Revision, until: Revision) {
    assert_eq!(events.len() as u64, until - after);
    for (event, revision) in events.iter().zip(after + 1..) {
        let shown = (event.kv.mod_revision, event.kv.key.clone(), event.kv.value.clone());
        assert_eq!(shown, (revision, key(revision % KEYS), value(revision)));
        let previous = event.previous.as_ref().map(|kv| (kv.mod_revision, kv.value.clone()));
        let before = revision.checked_sub(KEYS).filter(|before| *before > 1);
        assert_eq!(previous, before.map(|before| (before, value(before))));
    }
}

/// All that a watch has to give.
pub(super) fn drain(watch: &mut Watch) -> Result<Vec<Event>, StoreError> {
    let mut events = Vec::new();
    // Twice: where the past ends, a step may have nothing to give.
    for _ in 0..2 {
        while let Some(batch) = next(watch) {
            events.extend(batch?.events);
        }
    }
    Ok(events)
}

pub(super) fn segments(machine: &Machine) -> Vec<(PathBuf, u64)> {
    machine.disk.files().into_iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "log")).collect()
}

#[test]
fn a_churn_keeps_memory_within_its_bound_and_every_revision_readable() {
    for limit_bytes in [0, 4 << 10] {
        let machine = spilling(limit_bytes);
        let mut store = machine.open().unwrap();
        for _ in 0..600 {
            churn(&mut store);
            let status = store.store.status();
            // What is in a segment that is not complete cannot be left to it; and the first segments went while there
            // was no history, with the first value of each key.
            let bound_bytes = limit_bytes + machine.options.segment_bytes + (2 + KEYS) * VALUE_BYTES as u64;
            assert!(status.history_memory_bytes <= bound_bytes, "{status:?}");
            let names_bytes = status.versions * key(0).len() as u64;
            let live_bytes = status.keys * VALUE_BYTES as u64;
            assert_eq!(status.memory_bytes, names_bytes + live_bytes + status.history_memory_bytes);
        }
        let status = store.store.status();
        assert!(status.history_disk_bytes > 600 * VALUE_BYTES as u64 / 2, "{status:?}");
        assert_eq!((status.versions, status.compacted, status.early_compactions), (600, 1, 0));
        for revision in 1..=601 {
            check_items(&read(&store, revision).unwrap(), revision);
        }
        // When compaction has passed, all is as if there had been no history.
        store.compact(601).unwrap();
        let status = store.store.status();
        assert_eq!((status.history_memory_bytes, status.history_disk_bytes, status.versions), (0, 0, KEYS));
        let disk_bytes: u64 = machine.disk.files().iter().map(|(_, length)| length).sum();
        assert!(disk_bytes <= machine.options.disk_bound_bytes, "{disk_bytes}");
        check_items(&store.everything().items, 601);
        drop(store);
        machine.disk.restart();
        check_items(&machine.open().unwrap().everything().items, 601);
    }
}

#[test]
fn a_segment_goes_when_compaction_has_passed_it_and_what_is_still_needed_comes_back() {
    let machine = spilling(0);
    let mut store = machine.open().unwrap();
    for _ in 0..200 {
        churn(&mut store);
    }
    let before = segments(&machine).len();
    // One of each key is read at that revision; the next of it comes later.
    store.compact(100).unwrap();
    let status = store.store.status();
    assert!(status.history_memory_bytes <= (KEYS + 6) * VALUE_BYTES as u64, "{status:?}");
    let after = segments(&machine).len();
    assert!(after <= before / 2 + 3, "{before} segments, then {after}");
    for revision in 100..=201 {
        check_items(&read(&store, revision).unwrap(), revision);
    }
    assert!(matches!(read(&store, 99), Err(StoreError::Compacted { compacted: 100, .. })));
}

/// As a store has it that is larger than what history may have on the disk.
#[test]
fn a_history_for_which_the_disk_has_no_room_lasts_as_long_as_its_process() {
    let mut machine = spilling(64 << 10);
    machine.options.history_disk_limit_bytes = 1 << 10;
    let mut store = machine.open().unwrap();
    for _ in 0..200 {
        churn(&mut store);
        assert_eq!(store.store.status().history_disk_bytes, 0);
        let disk_bytes: u64 = machine.disk.files().iter().map(|(_, length)| length).sum();
        assert!(disk_bytes <= machine.options.disk_bound_bytes, "{disk_bytes}");
    }
    // Segments have gone whose events are watched from memory.
    let mut watch = store.watch(1).unwrap();
    check_events(&drain(&mut watch).unwrap(), 1, 201);
    let status = store.store.status();
    assert!(status.compacted == 1 && status.kept_from > 150 && status.early_compactions == 0, "{status:?}");
    store.close();
    let store = machine.open().unwrap();
    assert_eq!(store.store.status().compacted, status.kept_from);
    for revision in status.kept_from..=201 {
        check_items(&read(&store, revision).unwrap(), revision);
    }
}

#[test]
fn damage_in_the_past_is_named_and_nothing_else_suffers() {
    let machine = spilling(0);
    let mut store = machine.open().unwrap();
    for _ in 0..100 {
        churn(&mut store);
    }
    let (path, length) = segments(&machine).remove(3);
    machine.disk.damage(&path, |contents| contents[length as usize / 2] ^= 1);
    let mut damaged = Vec::new();
    for revision in 1..=101 {
        match read(&store, revision) {
            Ok(items) => check_items(&items, revision),
            Err(StoreError::Damaged { path: file, offset, .. }) => {
                assert!(file == path && offset > 0 && offset < length);
                damaged.push(revision);
            }
            Err(error) => panic!("{error}"),
        }
    }
    // As long as one value was there.
    assert_eq!(damaged.len() as u64, KEYS);
    assert_eq!(damaged.last().unwrap() - damaged[0] + 1, KEYS);
    let text = read(&store, damaged[0]).unwrap_err().to_string();
    let expected = format!("an old revision cannot be read: {} is damaged at offset ", path.display());
    assert!(text.starts_with(&expected), "{text}");
    let of_next_key = RangeRequest {
        start: key((damaged[0] + 1) % KEYS),
        limit: 1,
        revision: Some(damaged[0]),
        ..RangeRequest::default()
    };
    assert!(store.range(of_next_key).is_ok());
    assert!(matches!(drain(&mut store.watch(1).unwrap()), Err(StoreError::Damaged { .. })));
    // Behind the last event that shows it, as what was before.
    let after = damaged[0] + KEYS;
    check_events(&drain(&mut store.watch(after).unwrap()).unwrap(), after, 101);

    // Commits, snapshots and compaction go on, and take the damage away with the past.
    let snapshots = machine.disk.operations();
    for _ in 0..50 {
        churn(&mut store);
    }
    assert!(store.store.status().snapshot_error.is_none() && machine.disk.operations() > snapshots);
    // The damaged value is needed still, and the segment stays for what is whole in it.
    store.compact(damaged[0]).unwrap();
    assert!(matches!(read(&store, damaged[0]), Err(StoreError::Damaged { .. })));
    check_items(&read(&store, damaged[0] + KEYS).unwrap(), damaged[0] + KEYS);
    assert!(segments(&machine).iter().any(|(file, _)| *file == path));
    // It goes with the last of that.
    let passed = damaged[0] + KEYS + 4;
    store.compact(passed).unwrap();
    assert!(segments(&machine).iter().all(|(file, _)| *file != path));
    for revision in passed..=151 {
        check_items(&read(&store, revision).unwrap(), revision);
    }
}

#[test]
fn who_reads_an_old_revision_is_not_disturbed_by_compaction() {
    let mut machine = spilling(0);
    machine.options.segment_bytes = 16 << 10;
    let mut store = machine.open().unwrap();
    let keys = limits::SCAN_STEP_KEYS as u64 * 3;
    let write = |round: u64, number: u64| Write::Put {
        key: format!("key-{number:06}").into(),
        value: format!("{round} {number}").into(),
        expect: Expect::Any,
        time_to_live: None,
    };
    for round in 0..4 {
        store.commit((0..keys).map(|number| write(round, number)).collect()).unwrap();
    }
    let status = store.store.status();
    assert!(status.history_disk_bytes > 0 && status.history_memory_bytes == 0, "{status:?}");
    let engine = store.store.clone();
    let mut reading = engine.range(RangeRequest { revision: Some(3), ..RangeRequest::default() });
    assert!(poll(reading.as_mut()).is_pending());
    store.compact(5).unwrap();
    // Of the segments with later revisions none may go: what they have may be needed as what follows on that.
    assert_eq!(segments(&machine).len(), 3);
    assert!(store.store.status().history_disk_bytes > 0);
    let range = ready(reading).unwrap();
    assert_eq!((range.items.len() as u64, range.revision), (keys, 3));
    assert!(range.items.iter().zip(0..).all(|(kv, number)| kv.value == format!("1 {number}")));
    // Whoever compacts next takes them away.
    store.commit(vec![write(4, 0)]).unwrap();
    store.compact(6).unwrap();
    assert_eq!((store.store.status().history_disk_bytes, store.store.status().history_memory_bytes), (0, 0));
}

#[test]
fn an_export_is_of_one_revision_though_its_values_go_to_the_disk_meanwhile() {
    let machine = spilling(0);
    let mut store = machine.open().unwrap();
    for _ in 0..50 {
        churn(&mut store);
    }
    let engine = store.store.clone();
    let mut export = ready(engine.export()).unwrap();
    for _ in 0..50 {
        churn(&mut store);
    }
    store.compact(101).unwrap();
    let status = store.store.status();
    assert!(status.history_disk_bytes > 0 && status.history_memory_bytes <= KEYS * VALUE_BYTES as u64, "{status:?}");
    let mut items = Vec::new();
    loop {
        let more = ready(Box::pin(export.next())).unwrap();
        if more.is_empty() {
            break;
        }
        items.extend(more);
    }
    check_items(&items, 51);
    drop(export);
    churn(&mut store);
    store.compact(102).unwrap();
    assert_eq!((store.store.status().history_disk_bytes, store.store.status().versions), (0, KEYS));
}

#[test]
fn a_watch_of_the_past_is_handed_over_to_the_ring_while_commits_go_on() {
    let mut machine = spilling(0);
    machine.options.watch_ring_limit_bytes = 16 << 10;
    let mut store = machine.open().unwrap();
    for _ in 0..1500 {
        churn(&mut store);
    }
    let mut random = Random::new(1);
    let mut watches: Vec<(Watch, Revision, Vec<Event>)> =
        [1, 2, 150, 1400, 1499, 1501].map(|after| (store.watch(after).unwrap(), after, Vec::new())).into();
    let mut fallen = 0;
    for _ in 0..300 {
        churn(&mut store);
        for (watch, after, events) in &mut watches {
            for _ in 0..random.below(4) {
                match next(watch) {
                    Some(Ok(batch)) => events.extend(batch.events),
                    Some(Err(StoreError::Compacted { .. })) => {
                        // Too slow for the ring: it begins anew where it was.
                        *watch = store.watch(*after + events.len() as u64).unwrap();
                        fallen += 1;
                    }
                    Some(Err(error)) => panic!("{error}"),
                    None => break,
                }
            }
        }
    }
    assert!(fallen < 50, "{fallen}");
    let last = store.store.current_revision();
    for (mut watch, after, mut events) in watches {
        events.extend(drain(&mut watch).unwrap());
        check_events(&events, after, last);
    }
    // What compaction has passed is told, before and while it is watched.
    let mut early = store.watch(1).unwrap();
    assert!(next(&mut early).unwrap().is_ok());
    store.compact(1600).unwrap();
    assert!(matches!(drain(&mut early), Err(StoreError::Compacted { compacted: 1600, .. })));
    assert!(matches!(store.watch(1599), Err(StoreError::Compacted { compacted: 1600, .. })));
    check_events(&drain(&mut store.watch(1600).unwrap()).unwrap(), 1600, last);
}

#[test]
fn too_much_history_on_the_disk_is_compacted_early() {
    let mut machine = spilling(0);
    machine.options.history_disk_limit_bytes = 16 << 10;
    let mut store = machine.open().unwrap();
    let mut at_most_bytes = 0;
    for _ in 0..600 {
        let revision = churn(&mut store);
        let status = store.store.status();
        at_most_bytes = at_most_bytes.max(status.history_disk_bytes);
        assert!(status.history_memory_bytes <= (2 * KEYS + 6) * VALUE_BYTES as u64, "{status:?}");
        check_items(&read(&store, status.compacted).unwrap(), status.compacted);
        check_items(&read(&store, (status.compacted + revision) / 2).unwrap(), (status.compacted + revision) / 2);
    }
    // What a snapshot covers counts at once, with the one before, and goes with the next commit.
    let covered_bytes = 2 * (machine.options.snapshot_log_bytes + machine.options.segment_bytes);
    assert!((16 << 10..(16 << 10) + covered_bytes).contains(&at_most_bytes), "{at_most_bytes}");
    let status = store.store.status();
    assert!(status.early_compactions > 10 && status.revision - status.compacted > 20, "{status:?}");
    // It lasts.
    drop(store);
    machine.disk.restart();
    assert!(machine.open().unwrap().store.status().compacted >= status.compacted);
}

#[test]
fn too_many_changes_are_compacted_early() {
    let mut machine = Machine::new(1);
    machine.options.history_limit_changes = 100;
    let mut store = machine.open().unwrap();
    for _ in 0..1000 {
        churn(&mut store);
        let status = store.store.status();
        assert!(status.versions <= 101 + KEYS, "{status:?}");
        check_items(&read(&store, status.compacted).unwrap(), status.compacted);
    }
    let status = store.store.status();
    assert!((30..50).contains(&status.early_compactions), "{status:?}");
}

#[test]
fn a_full_disk_takes_history_first() {
    for reserve_bytes in [0, 512] {
        let mut machine = spilling(0);
        machine.options.reserve_bytes = reserve_bytes;
        // Steps of the reserve are large; where there is no space for one, what is needed is taken.
        machine.disk.set_capacity_bytes(40 << 10);
        let mut store = machine.open().unwrap();
        let mut compacted = Vec::new();
        for _ in 0..1000 {
            churn(&mut store);
            let status = store.store.status();
            compacted.push(status.compacted);
            assert!(status.no_space.is_none() && status.read_only.is_none(), "{status:?}");
        }
        let status = store.store.status();
        assert!(status.early_compactions > 2, "{status:?}");
        compacted.dedup();
        assert!(compacted.windows(2).all(|pair| pair[0] < pair[1]) && compacted.len() > 3);
        for revision in status.compacted..=1001 {
            check_items(&read(&store, revision).unwrap(), revision);
        }
        // Without history to give, it is full.
        machine.disk.set_fault(Some((0, Fault::NoSpace)));
        store.compact(1001).ok();
        let write = Write::Put { key: key(0), value: vec![0; 4 << 10].into(), expect: Expect::Any, time_to_live: None };
        assert!(matches!(store.commit(vec![write]), Err(StoreError::NoSpace { .. })));
    }
}
