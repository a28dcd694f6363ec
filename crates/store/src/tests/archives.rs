//! The archive of the log, and the way back through it.

use std::{path::PathBuf, time::Duration};

use super::driven::{DIRECTORY, Driven, Machine, delete, put, ready};
use crate::{
    Engine, FileSystem, KeyValue, RangeRequest, Revision, backup,
    embedded::{
        self, LogArchive,
        restore::{REVISION_BUMP, RestoreError, Restored, Until, restore_until},
    },
    testing::Fault,
};

pub(super) const ARCHIVE: &str = "/archive";

pub(super) fn archive(backlog_limit_bytes: u64) -> LogArchive {
    LogArchive { directory: ARCHIVE.into(), interval: Duration::from_secs(300), backlog_limit_bytes }
}

fn archiving() -> Machine {
    let mut machine = Machine::new(1);
    machine.options.log_archive = Some(archive(1 << 20));
    machine
}

/// A backup of a store to which nothing was written.
pub(super) fn empty_backup(history: u32) -> Vec<u8> {
    backup::Writer::of_history(Vec::new(), 1, history, 0).unwrap().finish().unwrap().0
}

pub(super) fn restore(
    machine: &Machine,
    backup: &[u8],
    until: Until,
) -> Result<(Restored, Vec<KeyValue>), RestoreError> {
    let place = format!("/restored-{}", machine.disk.operations());
    let restored = restore_until(backup, ARCHIVE, until, &place, machine.options.file_system.clone())?;
    let mut options = machine.options.clone();
    options.log_archive = None;
    let (store, _committer) = embedded::open_driven(&place, options).unwrap();
    let range = ready(store.range(RangeRequest::default())).unwrap();
    assert_eq!(range.revision, restored.revision + REVISION_BUMP);
    assert_eq!(range.items.len() as u64, restored.keys);
    Ok((restored, range.items))
}

fn archived(machine: &Machine) -> Vec<PathBuf> {
    let files = machine.disk.files().into_iter().map(|(path, _)| path);
    files.filter(|path| path.starts_with(ARCHIVE)).collect()
}

/// Some history; gives the keys at each revision from 1 on.
fn work(machine: &Machine, store: &mut Driven, commits: usize) -> Vec<Vec<KeyValue>> {
    let mut states = vec![store.everything().items];
    for number in 0..commits {
        machine.clock.advance_milliseconds(1_000);
        let keys = ["a", "b", "c", "d", "e"];
        let write = if number % 7 == 6 {
            delete(keys[(number + 1) % 5])
        } else {
            put(keys[number % 5], "a value of some length, so that segments fill")
        };
        store.commit(vec![write]).unwrap();
        states.push(store.everything().items);
    }
    states
}

#[test]
fn every_revision_and_time_since_a_backup_can_be_reached() {
    let machine = archiving();
    let mut store = machine.open().unwrap();
    let states = work(&machine, &mut store, 120);
    let last = states.len() as Revision;
    let history = ready(store.store.export()).unwrap().history;
    store.compact(last).unwrap();
    store.close();
    assert!(store_files(&machine) < 6, "archived segments go when a snapshot has them and compaction has passed");
    let backup = empty_backup(history);
    for revision in (1..=last).step_by(7).chain([last]) {
        let (restored, items) = restore(&machine, &backup, Until::Revision(revision)).unwrap();
        assert_eq!((restored.revision, &items), (revision, &states[revision as usize - 1]));
        // Commits were made each second from 1,001 s on.
        let time = 1_000_000 + (revision - 1) * 1_000;
        if revision > 1 && revision < last {
            for time in [time, time + 999] {
                let (restored, _) = restore(&machine, &backup, Until::UnixMilliseconds(time)).unwrap();
                assert_eq!(restored.revision, revision);
            }
            assert_eq!(restored.unix_milliseconds, Some(time));
        }
    }
    let (restored, items) = restore(&machine, &backup, Until::End).unwrap();
    assert_eq!((restored.revision, Some(&items)), (last, states.last()));
    let refused = restore(&machine, &backup, Until::Revision(last + 1)).unwrap_err();
    let expected = format!("/archive ends before: revision {last} is the last that can be reached");
    assert_eq!(refused.to_string(), expected);
    let refused = restore(&machine, &backup, Until::UnixMilliseconds(u64::MAX)).unwrap_err();
    assert!(matches!(refused, RestoreError::Gap { reachable, .. } if reachable == last));
}

fn store_files(machine: &Machine) -> usize {
    machine.disk.files().iter().filter(|(path, _)| path.starts_with(DIRECTORY)).count()
}

#[test]
fn what_is_missing_or_damaged_is_named_with_the_last_revision_before_it() {
    let machine = archiving();
    let mut store = machine.open().unwrap();
    let states = work(&machine, &mut store, 60);
    let last = states.len() as Revision;
    let export = ready(store.store.export()).unwrap().history;
    store.close();
    let backup = empty_backup(export);
    let files = archived(&machine);
    let first_of_second: Revision = name(&files[1])[30..50].parse().unwrap();
    machine.disk.remove(&files[1]).unwrap();
    let refused = restore(&machine, &backup, Until::End).unwrap_err();
    let text = refused.to_string();
    assert!(
        text.starts_with(&format!("1 segment(s) from number 2 to 2, with revisions {first_of_second} to ")),
        "{text}"
    );
    assert!(text.ends_with(&format!("revision {} is the last that can be reached", first_of_second - 1)), "{text}");
    let (restored, items) = restore(&machine, &backup, Until::Revision(first_of_second - 1)).unwrap();
    assert_eq!(items, states[restored.revision as usize - 1]);
    assert!(machine.disk.files().iter().all(|(path, _)| !path.ends_with("unfinished")));

    // A backup from behind the gap goes on from there.
    machine.disk.damage(&files[3], |contents| contents[80] ^= 1);
    let refused = restore(&machine, &backup, Until::Revision(first_of_second)).unwrap_err();
    assert!(matches!(refused, RestoreError::Gap { .. }));
    let third: Revision = name(&files[2])[30..50].parse().unwrap();
    let keys = &states[third as usize - 1];
    let mut writer = backup::Writer::of_history(Vec::new(), third, export, 0).unwrap();
    keys.iter().for_each(|item| writer.add(item).unwrap());
    let behind = writer.finish().unwrap().0;
    let refused = restore(&machine, &behind, Until::Revision(last)).unwrap_err();
    assert!(refused.to_string().contains("is damaged at offset 40: a record is broken"), "{refused}");
    let refused = restore(&machine, &behind, Until::Revision(third - 1)).unwrap_err();
    assert!(matches!(refused, RestoreError::BackupIsLater(_)), "{refused}");
    // Of another store.
    let refused = restore(&machine, &empty_backup(export ^ 1), Until::End).unwrap_err();
    assert!(refused.to_string().contains("has nothing of the backup's store"), "{refused}");
}

fn name(path: &std::path::Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn histories_that_share_revisions_are_told_apart() {
    let machine = archiving();
    let mut store = machine.open().unwrap();
    work(&machine, &mut store, 3);
    let history = ready(store.store.export()).unwrap().history;
    store.close();
    // Another store with the same revisions, archived to the same place.
    let (store, committer) = embedded::open_driven("/second", machine.options.clone()).unwrap();
    let mut second = Driven { store, committer };
    second.put("other", "1").unwrap();
    second.close();
    let (restored, items) = restore(&machine, &empty_backup(history), Until::End).unwrap();
    assert_eq!((restored.revision, items.len()), (4, 3));
    let refused = restore(&machine, &empty_backup(0), Until::End).unwrap_err();
    assert!(matches!(refused, RestoreError::Ambiguous { .. }), "{refused}");
}

#[test]
fn a_segment_is_archived_at_its_interval_though_it_is_not_full() {
    let machine = archiving();
    let mut store = machine.open().unwrap();
    store.put("a", "1").unwrap();
    assert!(archived(&machine).is_empty());
    let deadline = store.committer.deadline_unix_milliseconds();
    assert_eq!(deadline, Some(1_300_000));
    machine.clock.advance_milliseconds(300_000);
    store.committer.turn();
    assert_eq!((archived(&machine).len(), store.committer.deadline_unix_milliseconds()), (1, None));
    let status = store.store.status().archive.unwrap();
    assert_eq!((status.archived_revision, status.waiting_bytes, status.error), (2, 0, None));
    // Nothing was written since.
    machine.clock.advance_milliseconds(900_000);
    store.committer.turn();
    assert_eq!(archived(&machine).len(), 1);
    store.close();
    assert_eq!(archived(&machine).len(), 1);
}

#[test]
fn an_archive_that_fails_stops_no_writes_keeps_segments_and_catches_up() {
    let machine = archiving();
    let mut store = machine.open().unwrap();
    store.put("a", "1").unwrap();
    // The copy of the segment is refused: two operations begin the next, then the copy is created.
    let long: &'static str = "0123456789".repeat(110).leak();
    machine.disk.set_fault(Some((machine.disk.operations() + 7, Fault::Broken)));
    store.put("a", long).unwrap();
    let status = store.store.status();
    let archive = status.archive.unwrap();
    assert!(archive.error.as_ref().unwrap().contains("Input/output error"), "{archive:?}");
    assert!(archive.waiting_bytes > 1_000 && status.read_only.is_none());
    for _ in 0..10 {
        store.put("a", long).unwrap();
    }
    let status = store.store.status();
    assert!(status.snapshot_bytes > 0, "snapshots go on");
    assert!(status.archive.unwrap().waiting_bytes > 10_000);
    assert!(store.committer.deadline_unix_milliseconds().is_some());
    machine.clock.advance_milliseconds(30_000);
    store.committer.turn();
    let status = store.store.status();
    let archive = status.archive.unwrap();
    assert_eq!((archive.waiting_bytes, archive.error, archive.gap), (0, None, None));
    store.compact(13).unwrap();
    assert!(store_files(&machine) < 5, "{:?}", machine.disk.files());
    let (restored, _) = restore(&machine, &empty_backup(0), Until::Revision(archive.archived_revision)).unwrap();
    assert_eq!(restored.revision, 13);
}

#[test]
fn what_waits_for_an_archive_is_bounded_and_the_gap_is_told() {
    let mut machine = archiving();
    machine.options.log_archive = Some(archive(3 << 10));
    machine.disk.refuse_below(ARCHIVE.as_ref());
    let mut store = machine.open().unwrap();
    let long: &'static str = "0123456789".repeat(110).leak();
    for _ in 0..30 {
        let revision = store.put("a", long).unwrap();
        // What is needed for old revisions does not wait for the archive alone.
        store.compact(revision).unwrap();
    }
    let status = store.store.status();
    let archive = status.archive.unwrap();
    assert!(archive.error.is_some());
    // What waits: the backlog, and what the last snapshot does not have yet.
    assert!(archive.waiting_bytes < 3 * (3 << 10), "{archive:?}");
    let (first, last) = archive.gap.unwrap();
    assert!(first == 2 && last > 20, "{first} to {last}");
    let bytes: u64 = machine.disk.files().iter().map(|(_, length)| length).sum();
    assert!(bytes < 16 << 10, "{bytes}");
    store.close();
}

#[test]
fn what_old_revisions_need_is_not_given_up_for_an_archive_that_fails() {
    let mut machine = archiving();
    machine.options.log_archive = Some(archive(3 << 10));
    machine.disk.refuse_below(ARCHIVE.as_ref());
    let mut store = machine.open().unwrap();
    let long: &'static str = "0123456789".repeat(110).leak();
    for _ in 0..30 {
        store.put("a", long).unwrap();
    }
    let archive = store.store.status().archive.unwrap();
    assert!(archive.gap.is_none() && archive.waiting_bytes > 30_000, "{archive:?}");
    drop(store);
    machine.disk.restart();
    machine.disk.refuse_below("/nowhere".as_ref());
    let store = machine.open().unwrap();
    assert_eq!(store.store.status().compacted, 1);
    store.close();
    let (restored, _) = restore(&machine, &empty_backup(0), Until::Revision(2)).unwrap();
    assert_eq!(restored.revision, 2);
}

#[test]
fn segments_that_wait_for_the_archive_survive_a_restart() {
    let mut machine = archiving();
    machine.disk.refuse_below(ARCHIVE.as_ref());
    let mut store = machine.open().unwrap();
    let long: &'static str = "0123456789".repeat(110).leak();
    for _ in 0..10 {
        store.put("a", long).unwrap();
    }
    store.compact(11).unwrap();
    drop(store);
    machine.disk.restart();
    machine.disk.refuse_below("/nowhere".as_ref());
    machine.open().unwrap().close();
    let (restored, _) = restore(&machine, &empty_backup(0), Until::End).unwrap();
    assert_eq!(restored.revision, 11);
    // Without an archive they are not kept.
    machine.options.log_archive = None;
    machine.open().unwrap().close();
    assert!(store_files(&machine) < 4);
}

#[test]
fn a_segment_that_rotted_before_it_was_archived_is_named_and_not_archived() {
    let machine = archiving();
    machine.disk.refuse_below(ARCHIVE.as_ref());
    let mut store = machine.open().unwrap();
    let long: &'static str = "0123456789".repeat(110).leak();
    store.put("a", long).unwrap();
    let segment = PathBuf::from(DIRECTORY).join("00000000000000000001.log");
    machine.disk.damage(&segment, |contents| contents[100] ^= 1);
    machine.disk.refuse_below("/nowhere".as_ref());
    machine.clock.advance_milliseconds(30_000);
    store.committer.turn();
    let error = store.store.status().archive.unwrap().error.unwrap();
    assert!(error.contains("00000000000000000001.log is damaged at offset 40"), "{error}");
    assert!(archived(&machine).is_empty());
}

#[test]
fn a_clock_that_is_set_back_does_not_mix_the_times_of_commits() {
    let machine = archiving();
    let mut store = machine.open().unwrap();
    store.put("a", "1").unwrap();
    machine.clock.advance_milliseconds(10_000);
    store.put("a", "2").unwrap();
    machine.clock.set_back_milliseconds(5_000);
    store.put("a", "3").unwrap();
    // Over a restart too.
    store.close();
    machine.clock.set_back_milliseconds(1_000);
    let mut store = machine.open().unwrap();
    store.put("a", "4").unwrap();
    store.close();
    let (restored, _) = restore(&machine, &empty_backup(0), Until::UnixMilliseconds(1_009_999)).unwrap();
    assert_eq!((restored.revision, restored.unix_milliseconds), (2, Some(1_000_000)));
    let (restored, _) = restore(&machine, &empty_backup(0), Until::End).unwrap();
    assert_eq!((restored.revision, restored.unix_milliseconds), (5, Some(1_010_000)));
}
