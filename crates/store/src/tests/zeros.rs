//! Zeros ahead of small commits: where they are, and that nobody takes them for damage.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::driven::{DIRECTORY, Driven, Machine, put};
use crate::{
    Engine,
    embedded::salvage::inspect,
    testing::{Fault, Random},
};

const ZERO_AHEAD_BYTES: u64 = 600;

/// A machine whose stores write zeros ahead.
fn zeroing(seed: u64) -> Machine {
    let mut machine = Machine::new(seed);
    machine.options.reserve_bytes = 512;
    machine.options.zero_ahead_bytes = ZERO_AHEAD_BYTES;
    machine
}

fn segment_bytes(machine: &Machine, sequence: u64) -> u64 {
    let path = Path::new(DIRECTORY).join(format!("{sequence:020}.log"));
    machine.disk.files().into_iter().find(|(found, _)| *found == path).unwrap().1
}

fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "log")
}

fn log_bytes(store: &Driven) -> u64 {
    store.store.status().log_bytes
}

#[test]
fn they_are_ahead_of_small_commits_until_the_store_is_closed() {
    let machine = zeroing(1);
    let mut store = machine.open().unwrap();
    store.put("a", "1").unwrap();
    let zeroed = log_bytes(&store) + ZERO_AHEAD_BYTES;
    assert_eq!(segment_bytes(&machine, 1), zeroed);
    let operations = machine.disk.operations();
    store.put("a", "2").unwrap();
    assert_eq!(machine.disk.operations(), operations + 2, "a write and a sync");
    assert_eq!(segment_bytes(&machine, 1), zeroed, "the file does not grow");
    while log_bytes(&store) < zeroed {
        store.put("a", "3").unwrap();
    }
    assert_eq!(segment_bytes(&machine, 1), log_bytes(&store) + ZERO_AHEAD_BYTES);
    let written = log_bytes(&store);
    store.close();
    // The mark at the end, and nothing behind it.
    assert_eq!(segment_bytes(&machine, 1), written + 32);
}

#[test]
fn there_are_none_ahead_of_large_commits_or_in_space_that_is_not_reserved() {
    let mut machine = zeroing(1);
    machine.options.segment_bytes = 1 << 20;
    machine.options.disk_bound_bytes = 1 << 20;
    let mut store = machine.open().unwrap();
    store.commit_all((0..9).map(|_| vec![put("a", "0123456789".repeat(400).leak())]).collect());
    assert_eq!(segment_bytes(&machine, 1), log_bytes(&store));
    drop(store);

    let mut machine = zeroing(1);
    machine.options.reserve_bytes = 0;
    let mut store = machine.open().unwrap();
    store.put("a", "1").unwrap();
    assert_eq!(segment_bytes(&machine, 1), log_bytes(&store));
}

/// Ends of the machine around the end of a segment: it may be complete and still have its zeros.
#[test]
fn a_crash_leaves_them_and_they_are_no_damage() {
    let mut complete = 0;
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let machine = zeroing(seed);
        let mut store = machine.open().unwrap();
        machine.disk.set_fault(Some((machine.disk.operations() + random.below(50), Fault::Crash)));
        let mut acknowledged = 1;
        while let Ok(revision) = store.put("a", "0123456789") {
            acknowledged = revision;
        }
        drop(store);
        machine.disk.restart();

        let report = inspect(DIRECTORY, &machine.options).unwrap();
        assert!(report.damages.is_empty() && report.unnamed.is_empty(), "seed {seed}: {report:?}");
        let before = machine.disk.files();
        let store = machine.open().unwrap();
        assert!(store.everything().revision >= acknowledged, "seed {seed}");
        let after: BTreeMap<_, _> = machine.disk.files().into_iter().collect();
        let segments = after.iter().filter(|(path, _)| is_segment(path));
        assert_eq!(segments.map(|(_, bytes)| bytes).sum::<u64>(), log_bytes(&store), "seed {seed}: all are cut");
        let last = before.iter().rfind(|(path, _)| is_segment(path)).unwrap();
        let was_cut =
            |(path, bytes): &(PathBuf, u64)| is_segment(path) && after.get(path).is_some_and(|now| now < bytes);
        complete += before.iter().filter(|file| was_cut(file) && *file != last).count();
    }
    assert!(complete > 0, "no segment was complete and had its zeros");
}
