//! Damaged stores: what is told of them, and what a repair makes of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::driven::{DIRECTORY, Machine, delete, put, ready};
use crate::{
    Engine, FileSystem, KeyValue, RangeRequest, Revision, StoreError, Write,
    embedded::{
        self, OpenError,
        restore::REVISION_BUMP,
        salvage::{Outcome, Repaired, Report, Unnamed, inspect, repair},
    },
    testing::{Fault, Random},
};

type Keys = BTreeMap<Bytes, KeyValue>;

/// A store that was closed in order, with a snapshot and several segments; and the keys at each revision.
fn closed(seed: u64) -> (Machine, Vec<Keys>) {
    let mut machine = Machine::new(seed);
    machine.options.snapshot_log_bytes = 3 << 10;
    let mut random = Random::new(seed);
    let mut store = machine.open().unwrap();
    let mut states = vec![Keys::new()];
    for number in 0..75_u64 {
        let key = format!("/registry/configmaps/default/object-{:02}", random.below(14));
        let write = match random.below(6) {
            0 => Write::Delete { key: key.into(), expect: crate::Expect::Any },
            _ => {
                let value = format!("value {number} {}", "x".repeat(random.below(60) as usize)).into();
                Write::Put { key: key.into(), value, expect: crate::Expect::Any, time_to_live: None }
            }
        };
        let before = store.everything().revision;
        if store.commit(vec![write]).unwrap().revision > before {
            let items = store.everything().items;
            states.push(items.into_iter().map(|kv| (kv.key.clone(), kv)).collect());
        }
    }
    // Nothing is there twice, as an older snapshot and the log behind it.
    store.compact(states.len() as Revision).unwrap();
    store.close();
    let names: BTreeSet<_> = files(&machine).iter().filter_map(|path| Some(path.extension()?.to_owned())).collect();
    assert_eq!(names.len(), 2, "a snapshot and a log");
    (machine, states)
}

fn files(machine: &Machine) -> Vec<PathBuf> {
    let files = machine.disk.files().into_iter().map(|(path, _)| path);
    files.filter(|path| path.parent() == Some(Path::new(DIRECTORY)) && path.extension().is_some()).collect()
}

fn everything(machine: &Machine) -> (Keys, Revision) {
    let store = machine.open().unwrap();
    let range = ready(store.store.range(RangeRequest::default())).unwrap();
    (range.items.into_iter().map(|kv| (kv.key.clone(), kv)).collect(), range.revision)
}

/// Repairs, and compares what is told with what was done; gives that and how many keys differ from the truth.
fn repair_and_judge(machine: &Machine, truth: &Keys, what: &str) -> (Repaired, usize) {
    let before = machine.disk.files();
    let report = inspect(DIRECTORY, &machine.options).unwrap();
    assert_eq!(machine.disk.files(), before, "looking changes nothing");
    let repaired = repair(DIRECTORY, "damaged", &machine.options).unwrap();
    assert_eq!(repaired.report, report);
    assert!(!report.damages.is_empty() || !report.unnamed.is_empty(), "{what}");
    // All that was there is kept.
    for (path, length) in before.into_iter().filter(|(path, _)| path.extension().is_some()) {
        let kept = PathBuf::from(DIRECTORY).join("damaged").join(path.file_name().unwrap());
        assert!(machine.disk.files().contains(&(kept, length)), "{what}");
    }
    machine.disk.restart();
    let (keys, revision) = everything(machine);
    assert_eq!(revision, repaired.revision);
    assert_eq!((keys.len() as u64, revision), (report.keys, report.revision + REVISION_BUMP), "{what}");
    let told: BTreeMap<&Bytes, Outcome> = report.objects.iter().map(|object| (&object.key, object.outcome)).collect();
    let mut differ = 0;
    for key in truth.keys().chain(keys.keys()).collect::<BTreeSet<_>>() {
        let (is, was) = (keys.get(key), truth.get(key));
        let expected = match (is, was) {
            (Some(is), Some(was)) if is.value == was.value && is.mod_revision == was.mod_revision => None,
            (Some(is), Some(_)) => Some(Outcome::Older(is.mod_revision)),
            (Some(is), None) => Some(Outcome::Returns(is.mod_revision)),
            (None, _) => Some(Outcome::Lost),
        };
        differ += usize::from(expected.is_some());
        match (told.get(key), expected) {
            (None | Some(Outcome::Whole(_)), None) => {}
            (told, Some(expected)) if told == Some(&expected) => {}
            // A name may be damaged itself.
            (told, Some(_))
                if told.is_none() && report.objects.iter().any(|object| is_one_bit_off(&object.key, key)) => {}
            (Some(_), None) if truth.keys().any(|other| is_one_bit_off(key, other)) => {}
            // Its name cannot be read: then that is said.
            (None, Some(_)) => assert!(!report.unnamed.is_empty(), "{what}: nothing is told of {key:?}\n{report:?}"),
            // Which revision a broken record had cannot always be known.
            (Some(Outcome::Older(_) | Outcome::Returns(_)), _) if has_doubt(&report, key) => {}
            (told, expected) => panic!("{what}: {key:?} is told to be {told:?} and is {expected:?}\n{report:?}"),
        }
    }
    (repaired, differ)
}

fn is_one_bit_off(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).map(|(one, other)| (one ^ other).count_ones()).sum::<u32>() == 1
}

fn has_doubt(report: &Report, key: &Bytes) -> bool {
    report.objects.iter().any(|object| object.key == key && object.revision.is_none())
}

#[test]
fn a_bit_that_flips_costs_one_object_at_most_and_it_is_named() {
    let (closed, states) = closed(3);
    let truth = states.last().unwrap();
    let (mut damaged, mut lost, mut unnamed) = (0, 0, 0);
    for (index, path) in files(&closed).iter().enumerate() {
        let length = closed.disk.files().iter().find(|(other, _)| other == path).unwrap().1;
        for position in 0..length as usize {
            let machine = closed.copy(3);
            machine.disk.damage(path, |contents| contents[position] ^= 1 << ((position + index) % 8));
            let what = format!("{} at {position}", path.display());
            match embedded::verify(DIRECTORY, machine.options.clone()) {
                // Padding, or what nobody reads.
                Ok(_) => assert_eq!(&everything(&machine).0, truth, "{what}"),
                Err(error) if error.is_damage() => {
                    damaged += 1;
                    let (repaired, differ) = repair_and_judge(&machine, truth, &what);
                    assert!(differ <= 1, "{what}: {differ} objects\n{:?}", repaired.report);
                    lost += differ;
                    unnamed += usize::from(!repaired.report.unnamed.is_empty());
                }
                // A version that does not exist yet.
                Err(OpenError::NewerFormat { .. }) => {}
                Err(error) => panic!("{what}: {error}"),
            }
        }
    }
    assert!(damaged > 2_000 && lost > 500, "{damaged} {lost}");
    assert!(unnamed < damaged / 3, "{unnamed} of {damaged}");
}

#[test]
fn a_file_that_is_cut_or_missing_costs_what_was_in_it_alone() {
    let (closed, states) = closed(5);
    let truth = states.last().unwrap();
    let mut damaged = 0;
    for path in files(&closed) {
        let length = closed.disk.files().iter().find(|(other, _)| *other == path).unwrap().1;
        for cut in (0..length).step_by(3).chain([length]) {
            let machine = closed.copy(5);
            if cut == length {
                machine.disk.remove(&path).unwrap();
                machine.disk.sync_directory(DIRECTORY.as_ref()).unwrap();
            } else {
                machine.disk.damage(&path, |contents| contents.truncate(cut as usize));
            }
            let what = format!("{} of {length} cut at {cut}", path.display());
            match embedded::verify(DIRECTORY, machine.options.clone()) {
                // The end of the log looks as if it had never been written.
                Ok(_) => {
                    let (keys, revision) = everything(&machine);
                    assert_eq!(keys, states[revision as usize - 1], "{what}");
                }
                Err(error) => {
                    assert!(error.is_damage(), "{what}: {error}");
                    damaged += 1;
                    repair_and_judge(&machine, truth, &what);
                }
            }
        }
    }
    assert!(damaged > 500, "{damaged}");
}

#[test]
fn a_report_says_what_becomes_of_each_object() {
    let mut machine = Machine::new(1);
    machine.options.segment_bytes = 1 << 20;
    let mut store = machine.open().unwrap();
    store.put("/a", "1").unwrap();
    store.put("/b", "1").unwrap();
    store.put("/a", "2").unwrap();
    store.put("/c", "1").unwrap();
    store.commit(vec![delete("/b")]).unwrap();
    store.put("/d", "1").unwrap();
    store.commit(vec![put("/d", "2"), put("/e", "1")]).unwrap();
    store.put("/d", "3").unwrap();
    store.close();
    let segment = files(&machine).remove(0);
    let mut contents = Vec::new();
    machine.disk.damage(&segment, |bytes| contents.clone_from(bytes));
    // The last byte of the value, or of the key, of a record.
    let break_record = |revision: u64| {
        let magic = contents
            .windows(24)
            .position(|window| window[..4] == *b"SgR\x01" && window[8..16] == revision.to_le_bytes());
        machine.disk.damage(&segment, |bytes| bytes[magic.unwrap() - 8] ^= 1);
    };
    for revision in [4, 5, 6, 8] {
        break_record(revision);
    }
    let report = inspect(DIRECTORY, &machine.options).unwrap();
    let told: Vec<_> = report
        .objects
        .iter()
        .map(|object| (std::str::from_utf8(&object.key).unwrap(), object.revision.unwrap(), object.outcome))
        .collect();
    let expected = [
        ("/a", 4, Outcome::Older(2)),
        ("/b", 6, Outcome::Returns(3)),
        ("/c", 5, Outcome::Lost),
        ("/d", 8, Outcome::Whole(9)),
        ("/e", 8, Outcome::Lost),
    ];
    assert_eq!(told, expected);
    assert_eq!((report.damages.len(), report.keys, report.revision), (4, 3, 9));
    assert_eq!(report.unnamed, []);

    // Whoever watches from before lists anew, and the store goes on.
    let repaired = repair(DIRECTORY, "damaged-now", &machine.options).unwrap();
    let mut store = machine.open().unwrap();
    assert!(matches!(store.watch(9), Err(StoreError::Compacted { .. })));
    assert_eq!(store.put("/c", "again").unwrap(), repaired.revision + 1);
    store.close();
    assert_eq!(machine.open().unwrap().everything().items.len(), 4);
}

#[test]
fn a_value_that_looks_like_records_is_not_taken_for_them() {
    let machine = Machine::new(1);
    let mut store = machine.open().unwrap();
    store.put("/x", "y").unwrap();
    drop(store);
    let segment = files(&machine).remove(0);
    let mut log = Vec::new();
    machine.disk.damage(&segment, |contents| log.clone_from(contents));
    // Whole records, at a place where records may begin.
    let mut value = vec![0; 3];
    value.extend_from_slice(&log[40..]);
    let mut machine = Machine::new(2);
    machine.options.segment_bytes = 1 << 20;
    let mut store = machine.open().unwrap();
    let evil = Write::Put { key: "/evil".into(), value: value.into(), expect: crate::Expect::Any, time_to_live: None };
    store.commit(vec![evil]).unwrap();
    store.put("/good", "1").unwrap();
    store.close();
    let segment = files(&machine).remove(0);
    machine.disk.damage(&segment, |contents| contents[40] ^= 1);
    let report = inspect(DIRECTORY, &machine.options).unwrap();
    assert_eq!((report.keys, report.objects.len()), (1, 1), "{report:?}");
    repair(DIRECTORY, "damaged", &machine.options).unwrap();
    assert_eq!(everything(&machine).0.into_keys().collect::<Vec<_>>(), ["/good"]);
}

#[test]
fn a_crash_at_any_step_of_a_repair_leaves_the_damage_or_the_repaired_store() {
    let (closed, _) = closed(7);
    let machine = closed.copy(0);
    let broken = files(&machine).into_iter().rfind(|path| path.extension().unwrap() == "snapshot").unwrap();
    let damage = |machine: &Machine| machine.disk.damage(&broken, |contents| contents[90] ^= 1);
    damage(&machine);
    let refusal = machine.open().err().unwrap().to_string();
    let started = machine.disk.operations();
    let expected = repair(DIRECTORY, "damaged", &machine.options).unwrap().report;
    let operations = machine.disk.operations() - started;
    let (repaired, _) = everything(&machine);
    let faults = [Fault::Crash, Fault::Crash, Fault::Crash, Fault::Crash, Fault::Crash, Fault::Broken, Fault::NoSpace];
    for (disk_seed, fault) in faults.into_iter().enumerate() {
        for operation in 0..operations {
            let machine = closed.copy(disk_seed as u64 ^ (operation << 8));
            damage(&machine);
            machine.disk.set_fault(Some((machine.disk.operations() + operation, fault)));
            let _ = repair(DIRECTORY, "damaged", &machine.options);
            machine.disk.restart();
            match machine.open() {
                Ok(store) => assert_eq!(store.everything().items.len(), repaired.len()),
                Err(error) => {
                    // The new snapshot is not there without the segment that it leads to.
                    assert_eq!(error.to_string(), refusal, "operation {operation}");
                    let again = repair(DIRECTORY, "damaged-again", &machine.options).unwrap();
                    assert_eq!(again.report.objects, expected.objects, "operation {operation}");
                    assert_eq!(again.report.unnamed, expected.unnamed);
                }
            }
            assert_eq!(everything(&machine).0, repaired);
            // It goes on.
            let mut store = machine.open().unwrap();
            store.put("/new", "1").unwrap();
            store.close();
            assert_eq!(everything(&machine).0.len(), repaired.len() + 1);
            // Whatever was damaged is still there to be looked at.
            let kept = machine.disk.files().into_iter().filter(|(path, _)| path.starts_with("/data/damaged")).count();
            let kept_again = machine.disk.files().iter().any(|(path, _)| path.starts_with("/data/damaged-again"));
            assert!(kept > 0 || kept_again);
        }
    }
}

#[test]
fn what_a_repair_that_has_ended_removed_stays_removed() {
    let (closed, _) = closed(7);
    for seed in 0..20 {
        let machine = closed.copy(seed);
        let broken = files(&machine).into_iter().rfind(|path| path.extension().unwrap() == "snapshot").unwrap();
        machine.disk.damage(&broken, |contents| contents[90] ^= 1);
        repair(DIRECTORY, "damaged", &machine.options).unwrap();
        let left = files(&machine);
        machine.disk.restart();
        assert_eq!(files(&machine), left, "seed {seed}");
        assert_eq!(left.len(), 2, "the new segment, and the new snapshot: {left:?}");
    }
}

#[test]
fn a_store_that_is_in_use_or_newer_is_left_alone() {
    let machine = Machine::new(1);
    let store = machine.open().unwrap();
    assert!(matches!(repair(DIRECTORY, "damaged", &machine.options), Err(OpenError::Locked { .. })));
    store.close();
    let segment = files(&machine).remove(0);
    machine.disk.damage(&segment, |contents| contents[8] = 3);
    assert!(matches!(inspect(DIRECTORY, &machine.options), Err(OpenError::NewerFormat { found: 3, .. })));
    assert!(matches!(repair(DIRECTORY, "damaged", &machine.options), Err(OpenError::NewerFormat { .. })));
}

#[test]
fn what_has_no_name_is_told_by_its_place() {
    let (machine, _) = closed(3);
    let snapshot = files(&machine).into_iter().rfind(|path| path.extension().unwrap() == "snapshot").unwrap();
    machine.disk.damage(&snapshot, |contents| contents.truncate(200));
    let report = inspect(DIRECTORY, &machine.options).unwrap();
    let [Unnamed::Keys { path, after: Some(after), before: None }] = &report.unnamed[..] else { panic!("{report:?}") };
    assert!(*path == snapshot && after.starts_with(b"/registry/"));
}
