//! What a store has on the disk: at most three times what it holds, or the bound; and what old revisions need until
//! they are compacted.

use bytes::Bytes;

use super::driven::{Driven, Machine, next};
use crate::{
    Engine, Expect, Write,
    testing::{Fault, Random},
};

const BOUND_BYTES: u64 = 16 << 10;

fn disk_bytes(machine: &Machine) -> u64 {
    machine.disk.files().iter().map(|(_, length)| length).sum()
}

fn live_bytes(store: &Driven) -> u64 {
    store.everything().items.iter().map(|kv| (kv.key.len() + kv.value.len()) as u64).sum()
}

fn put(key: u64, value_bytes: u64) -> Vec<Write> {
    let key = Bytes::from(format!("/registry/configmaps/default/object-{key:05}"));
    vec![Write::Put { key, value: vec![7; value_bytes as usize].into(), expect: Expect::Any, time_to_live: None }]
}

fn delete(key: u64) -> Vec<Write> {
    let key = Bytes::from(format!("/registry/configmaps/default/object-{key:05}"));
    vec![Write::Delete { key, expect: Expect::Any }]
}

fn check(machine: &Machine, store: &Driven) {
    let (disk, live) = (disk_bytes(machine), live_bytes(store));
    let history = store.store.status().history_disk_bytes;
    assert!(disk <= BOUND_BYTES.max(3 * live) + history, "{disk} bytes for {live} and {history} of history");
}

/// When compaction has passed, history takes nothing.
fn compact(machine: &Machine, store: &mut Driven) {
    let revision = store.everything().revision;
    store.compact(revision).unwrap();
    assert_eq!(store.store.status().history_disk_bytes, 0);
    check(machine, store);
}

#[test]
fn a_churn_leaves_no_more_than_the_bound() {
    for seed in 0..5 {
        let machine = Machine::new(seed);
        let mut random = Random::new(seed);
        let mut store = machine.open().unwrap();
        // Grows, is written again and again, and shrinks.
        for phase in 0..6 {
            let (keys, turns) = [(40, 400), (300, 600), (300, 900), (300, 600), (20, 300), (5, 100)][phase];
            for turn in 0..turns {
                let key = random.below(keys);
                let is_delete = [5, 9, 5, 2, 3, 2][phase];
                let writes = if random.once_in(is_delete) { delete(key) } else { put(key, 200 + random.below(400)) };
                store.commit(writes).unwrap();
                check(&machine, &store);
                if turn % 50 == 49 {
                    compact(&machine, &mut store);
                }
            }
            // Over a restart too.
            if phase % 2 == 0 {
                store.close();
            } else {
                drop(store);
            }
            store = machine.open().unwrap();
            check(&machine, &store);
            store.commit(put(0, 200)).unwrap();
            compact(&machine, &mut store);
        }
    }
}

#[test]
fn what_is_deleted_gives_its_space_back_at_once() {
    let mut machine = Machine::new(1);
    // So that the deletes fill none.
    (machine.options.segment_bytes, machine.options.snapshot_log_bytes) = (64 << 10, 64 << 10);
    let mut store = machine.open().unwrap();
    for key in 0..300 {
        store.commit(put(key, 400)).unwrap();
    }
    assert!(disk_bytes(&machine) > 100 << 10);
    store.commit_all((1..300).map(delete).collect());
    check(&machine, &store);
    compact(&machine, &mut store);
    assert!(disk_bytes(&machine) < 4 << 10, "{}", disk_bytes(&machine));
    // Nothing is written over and over for it.
    let operations = machine.disk.operations();
    for _ in 0..5 {
        store.committer.turn();
    }
    assert_eq!(machine.disk.operations(), operations);
}

#[test]
fn small_keys_that_take_more_than_they_hold_are_not_copied_for_ever() {
    let mut machine = Machine::new(1);
    machine.options.disk_bound_bytes = 1 << 10;
    let mut store = machine.open().unwrap();
    let write = |key: u64| Write::Put {
        key: format!("{key}").into(),
        value: Bytes::new(),
        expect: Expect::Any,
        time_to_live: None,
    };
    for first in 0..50 {
        store.commit((first * 10..first * 10 + 10).map(write).collect()).unwrap();
    }
    let operations = machine.disk.operations();
    for _ in 0..10 {
        store.committer.turn();
    }
    assert_eq!(machine.disk.operations(), operations);
}

#[test]
fn a_snapshot_that_would_give_space_back_is_tried_again_by_itself() {
    let machine = Machine::new(1);
    let mut store = machine.open().unwrap();
    for key in 0..300 {
        store.commit(put(key, 400)).unwrap();
    }
    compact(&machine, &mut store);
    let mut watch = store.watch(store.everything().revision).unwrap();
    // The commit, the next segment, then the snapshot.
    machine.disk.set_fault(Some((machine.disk.operations() + 7, Fault::Broken)));
    store.commit_all((1..300).map(delete).collect());
    assert!(store.store.status().snapshot_error.is_some());
    assert!(next(&mut watch).is_some());
    assert!(disk_bytes(&machine) > 100 << 10);
    let operations = machine.disk.operations();
    store.committer.turn();
    assert_eq!(machine.disk.operations(), operations, "not at once");
    assert_eq!(store.committer.deadline_unix_milliseconds(), Some(1_030_000));
    machine.clock.advance_milliseconds(30_000);
    store.committer.turn();
    compact(&machine, &mut store);
    assert_eq!((store.store.status().snapshot_error, store.committer.deadline_unix_milliseconds()), (None, None));
}
