//! History over a restart: what is not compacted is read and watched as before, and whatever only history needs may be
//! damaged or missing.

use std::path::{Path, PathBuf};

use super::{
    driven::{DIRECTORY, Driven, Machine},
    history::{KEYS, VALUE_BYTES, check_events, check_items, churn, drain, read, segments, spilling, write},
};
use crate::{
    Engine, FileSystem, Revision, Status, StoreError,
    embedded::{
        self,
        salvage::{inspect, repair},
    },
    testing::Fault,
};

fn snapshots(machine: &Machine) -> Vec<PathBuf> {
    let files = machine.disk.files().into_iter().map(|(path, _)| path);
    files.filter(|path| path.extension().is_some_and(|end| end == "snapshot")).collect()
}

fn revision_of(snapshot: &Path) -> Revision {
    snapshot.file_stem().unwrap().to_str().unwrap().parse().unwrap()
}

/// Whether exactly what follows on `compacted` can be read and watched.
fn check_history(store: &Driven, compacted: Revision) -> Status {
    let status = store.store.status();
    assert_eq!(status.compacted, compacted);
    for revision in compacted..=status.revision {
        check_items(&read(store, revision).unwrap(), revision);
    }
    check_events(&drain(&mut store.watch(compacted).unwrap()).unwrap(), compacted, status.revision);
    if compacted > 1 {
        let before = compacted - 1;
        assert!(matches!(read(store, before), Err(StoreError::Compacted { .. })));
        assert!(matches!(store.watch(before), Err(StoreError::Compacted { .. })));
    }
    status
}

/// Ends the process, in order or not, and begins the next.
fn restart(machine: &Machine, store: Driven, is_closed: bool) -> Driven {
    if is_closed {
        store.close();
    } else {
        drop(store);
        machine.disk.restart();
    }
    machine.open().unwrap()
}

#[test]
fn every_revision_is_read_and_watched_after_restarts_until_it_is_compacted() {
    for limit_bytes in [0, 4 << 10, 1 << 20] {
        let machine = spilling(limit_bytes);
        let mut store = machine.open().unwrap();
        for round in 0..6 {
            for _ in 0..60 {
                churn(&mut store);
            }
            store = restart(&machine, store, round % 2 == 0);
            let status = check_history(&store, 1);
            // As ever: what the last segment has cannot be left to it, nor what a snapshot has.
            let bound_bytes = limit_bytes + machine.options.segment_bytes + (2 + KEYS) * VALUE_BYTES as u64;
            assert!(status.history_memory_bytes <= bound_bytes, "{status:?}");
            assert_eq!(status.kept_from, 1);
        }
        assert!(snapshots(&machine).len() > 10);
        // What was compacted stays so, though an older snapshot is there.
        let before = machine.disk.files().len();
        store.compact(150).unwrap();
        for is_closed in [true, false] {
            store = restart(&machine, store, is_closed);
            let status = check_history(&store, 150);
            assert!(status.history_disk_bytes > 0);
        }
        assert!(machine.disk.files().len() < before / 3 * 2 && revision_of(&snapshots(&machine)[0]) <= 150);
        store.compact(361).unwrap();
        let status = check_history(&store, 361);
        assert_eq!((status.history_disk_bytes, status.history_memory_bytes, status.versions), (0, 0, KEYS));
        assert_eq!(snapshots(&machine).len(), 1);
        let store = restart(&machine, store, true);
        check_history(&store, 361);
    }
}

#[test]
fn a_restart_and_a_compaction_give_the_disk_back() {
    for is_closed in [true, false] {
        let machine = spilling(0);
        let mut store = machine.open().unwrap();
        for _ in 0..400 {
            churn(&mut store);
        }
        let mut store = restart(&machine, store, is_closed);
        let disk_bytes = || machine.disk.files().iter().map(|(_, length)| length).sum::<u64>();
        assert!(disk_bytes() > 5 * machine.options.disk_bound_bytes);
        store.compact(401).unwrap();
        assert!(disk_bytes() <= machine.options.disk_bound_bytes, "{}", disk_bytes());
        assert_eq!((snapshots(&machine).len(), store.store.status().history_disk_bytes), (1, 0));
    }
}

/// A store that has history on the disk, from which `damage` takes something; gives what is compacted then, and what is
/// told of it.
fn opened_after(damage: impl FnOnce(&Machine)) -> (Revision, Vec<String>) {
    let machine = spilling(0);
    let mut store = machine.open().unwrap();
    for _ in 0..100 {
        churn(&mut store);
    }
    store.compact(20).unwrap();
    store.close();
    damage(&machine);
    machine.disk.sync_directory(DIRECTORY.as_ref()).unwrap();
    let before = machine.disk.files();
    let looked = embedded::verify(DIRECTORY, machine.options.clone()).unwrap();
    assert_eq!((looked.status.revision, machine.disk.files()), (101, before));
    let mut store = machine.open().unwrap();
    let compacted = store.store.status().compacted;
    assert_eq!(looked.status.compacted, compacted);
    check_history(&store, compacted);
    // It goes on, and what is left of the past with it.
    for _ in 0..30 {
        churn(&mut store);
    }
    let store = restart(&machine, store, false);
    check_history(&store, compacted);
    (compacted, looked.problems)
}

#[test]
fn a_damaged_snapshot_for_old_revisions_costs_those_before_the_next_alone() {
    let (mut first, mut second) = (0, 0);
    let (compacted, problems) = opened_after(|machine| {
        let all = snapshots(machine);
        (first, second) = (revision_of(&all[0]), revision_of(&all[1]));
    });
    assert_eq!((compacted, problems), (20, vec![]));
    assert!(first <= 20 && second > 20);
    let damages: [fn(&Machine, &PathBuf); 5] = [
        |machine, path| machine.disk.damage(path, |contents| contents[70] ^= 1),
        |machine, path| machine.disk.damage(path, |contents| contents[20] ^= 1),
        |machine, path| machine.disk.damage(path, |contents| contents.truncate(300)),
        |machine, path| machine.disk.damage(path, Vec::clear),
        |machine, path| machine.disk.remove(path).unwrap(),
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        // What the second and the newest one have is there twice.
        for (position, expected) in [(0, second), (1, 20), (usize::MAX, 20)] {
            let mut name = String::new();
            let (compacted, problems) = opened_after(|machine| {
                let all = snapshots(machine);
                let path = &all[position.min(all.len() - 1)];
                name = path.display().to_string();
                damage(machine, path);
            });
            assert_eq!(compacted, expected);
            // One that is missing is not missed.
            let told = usize::from(number < 4);
            assert_eq!((problems.len(), problems.iter().all(|problem| problem.contains(&name))), (told, true));
        }
    }
}

#[test]
fn a_damaged_segment_for_old_revisions_costs_those_up_to_the_next_snapshot_alone() {
    let damages: [fn(&Machine, &PathBuf); 5] = [
        |machine, path| machine.disk.damage(path, |contents| contents[100] ^= 1),
        |machine, path| machine.disk.damage(path, |contents| contents[20] ^= 1),
        |machine, path| machine.disk.damage(path, |contents| contents.truncate(40)),
        |machine, path| machine.disk.damage(path, Vec::clear),
        |machine, path| machine.disk.remove(path).unwrap(),
    ];
    for damage in damages {
        let mut later = Vec::new();
        for number in 0.. {
            let (mut newest, mut is_current) = (0, false);
            let (compacted, problems) = opened_after(|machine| {
                let segment = &segments(machine)[number].0;
                newest = revision_of(snapshots(machine).last().unwrap());
                let begins = |contents: &[u8]| Revision::from_le_bytes(contents[16..24].try_into().unwrap());
                machine.disk.damage(segment, |contents| is_current = begins(contents) >= newest);
                if !is_current {
                    damage(machine, segment);
                }
            });
            if is_current {
                break;
            }
            assert!(compacted > 20 && compacted <= newest && !problems.is_empty());
            later.push(compacted);
        }
        assert!(later.len() > 5 && later.is_sorted() && later[0] < *later.last().unwrap(), "{later:?}");
    }
}

#[test]
fn a_damaged_newest_snapshot_is_not_relied_on_when_older_ones_go() {
    for lost in 1..3 {
        let machine = spilling(0);
        let mut store = machine.open().unwrap();
        for _ in 0..100 {
            churn(&mut store);
        }
        store.close();
        let all = snapshots(&machine);
        for path in &all[all.len() - lost..] {
            machine.disk.damage(path, |contents| contents[70] ^= 1);
        }
        let mut store = machine.open().unwrap();
        check_history(&store, 1);
        store.compact(101).unwrap();
        let mut store = restart(&machine, store, true);
        check_history(&store, 101);
        // The next one takes its place.
        for _ in 0..30 {
            churn(&mut store);
        }
        store.compact(131).unwrap();
        let store = restart(&machine, store, true);
        check_history(&store, 131);
        assert_eq!(snapshots(&machine).len(), 1);
    }
}

#[test]
fn damage_to_what_is_needed_is_told_as_ever_and_repaired() {
    let machine = spilling(0);
    let mut store = machine.open().unwrap();
    for _ in 0..102 {
        churn(&mut store);
    }
    store.close();
    let before = (snapshots(&machine).len(), segments(&machine).len());
    let last = segments(&machine).pop().unwrap().0;
    machine.disk.damage(&last, |contents| contents[60] ^= 1);
    let expected = format!("{} is corrupt at offset 40: a record that was durable is broken", last.display());
    assert_eq!(machine.open().err().unwrap().to_string(), expected);
    let report = inspect(DIRECTORY, &machine.options).unwrap();
    assert_eq!((report.damages.len(), report.keys), (1, KEYS));
    let repaired = repair(DIRECTORY, "damaged", &machine.options).unwrap();
    let store = machine.open().unwrap();
    let status = store.store.status();
    assert_eq!((status.compacted, status.revision, status.keys), (repaired.revision, repaired.revision, KEYS));
    // Beside those that are kept aside.
    assert_eq!((snapshots(&machine).len(), segments(&machine).len()), (before.0 + 1, before.1 + 1));
}

#[test]
fn a_full_disk_takes_what_is_kept_over_a_restart_too() {
    let machine = spilling(0);
    machine.disk.set_capacity_bytes(40 << 10);
    let mut store = machine.open().unwrap();
    let mut given_up = 0;
    while given_up < 3 {
        let before = store.store.status();
        churn(&mut store);
        let status = store.store.status();
        if status.history_disk_bytes >= before.history_disk_bytes {
            continue;
        }
        // It was given up, of which the log tells with the next turn.
        given_up += 1;
        assert!(status.no_space.is_none() && status.history_disk_bytes == 0, "{status:?}");
        assert_eq!((snapshots(&machine).len(), status.kept_from), (1, status.compacted));
        store.committer.turn();
        store = restart(&machine, store, given_up == 2);
        check_history(&store, status.compacted);
    }
}

#[test]
fn early_compactions_last_over_a_restart_and_take_no_more_than_they_did() {
    let mut machine = spilling(0);
    machine.options.history_disk_limit_bytes = 20 << 10;
    let mut store = machine.open().unwrap();
    for round in 0..8 {
        for _ in 0..50 {
            churn(&mut store);
        }
        store.committer.turn();
        let status = store.store.status();
        store = restart(&machine, store, round % 2 == 0);
        assert_eq!(status.kept_from, status.compacted);
        check_history(&store, status.compacted);
        let disk_bytes: u64 = machine.disk.files().iter().map(|(_, length)| length).sum();
        assert!(disk_bytes <= machine.options.disk_bound_bytes + (20 << 10), "{disk_bytes}");
        assert!(status.revision - status.compacted > 15 || round == 0, "{status:?}");
    }
    assert!(store.store.status().compacted > 300);
}

/// Some work with compactions; gives to which revision the last one was asked for, and the last commit. It ends when
/// the disk does.
fn work(machine: &Machine) -> (Revision, Revision) {
    let (mut asked, mut last) = (1, 1);
    let Ok(mut store) = machine.open() else { return (asked, last) };
    for number in 0..70_u64 {
        if store.commit(vec![write(last + 1)]).is_err() {
            return (asked, last);
        }
        last += 1;
        if number % 20 == 19 {
            asked = last - 7;
            if store.compact(asked).is_err() {
                return (asked, last);
            }
        }
    }
    store.close();
    (asked, last)
}

#[test]
fn a_crash_at_any_operation_keeps_all_that_is_not_compacted() {
    let machine = spilling(0);
    assert_eq!(work(&machine), (54, 71));
    let operations = machine.disk.operations();
    for operation in 0..operations {
        for fault in [Fault::Crash, Fault::Broken] {
            let mut machine = spilling(0);
            machine.disk = crate::testing::MemoryFileSystem::new(operation);
            machine.options.file_system = std::sync::Arc::new(machine.disk.clone());
            machine.disk.set_fault(Some((operation, fault)));
            let (asked, last) = work(&machine);
            machine.disk.restart();
            let store = machine.open().unwrap();
            let status = store.store.status();
            assert!(status.compacted <= asked && status.revision >= last, "{status:?} of {asked} and {last}");
            assert!(fault == Fault::Broken || status.compacted + 20 >= asked, "{status:?} of {asked}");
            check_history(&store, status.compacted);
            // And no file is left that nobody needs.
            let store = restart(&machine, store, true);
            let unneeded = snapshots(&machine).iter().filter(|path| revision_of(path) < status.compacted).count();
            assert!(unneeded <= 1, "{:?}", machine.disk.files());
            check_history(&store, status.compacted);
        }
    }
    assert!(operations > 150, "{operations}");
}
