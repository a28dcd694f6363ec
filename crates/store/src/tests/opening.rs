use std::{os::unix::fs::PermissionsExt, path::PathBuf};

use super::driven::{DIRECTORY, Machine};
use crate::embedded::{self, OpenError, Options, salvage::Unnamed};

fn open_error(machine: &Machine) -> String {
    machine.open().err().map_or("opened".to_owned(), |error| error.to_string())
}

fn segment(sequence: u64) -> PathBuf {
    format!("{DIRECTORY}/{sequence:020}.log").into()
}

#[test]
fn a_second_process_is_told() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("store");
    let first = embedded::open(&directory, Options::default()).unwrap();
    let second = embedded::open(&directory, Options::default());
    assert!(matches!(second, Err(OpenError::Locked { .. })));
    first.close();
    embedded::open(&directory, Options::default()).unwrap();
}

#[test]
fn files_are_the_owner_s_alone() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("deep/store");
    drop(embedded::open(&path, Options::default()).unwrap());
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for entry in std::fs::read_dir(&path).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o750)).unwrap();
    let error = embedded::open(&path, Options::default()).err().unwrap().to_string();
    assert!(error.ends_with("mode 0750 opens it to others: chmod 0700, or choose another directory"), "{error}");
}

#[test]
fn a_file_in_the_place_of_the_directory_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("file");
    std::fs::write(&path, "x").unwrap();
    let error = embedded::open(&path, Options::default()).err().unwrap().to_string();
    assert_eq!(error, format!("cannot create {}: not a directory", path.display()));
}

/// As a crash leaves it between a compaction and the removal of what nothing needs any more.
#[test]
fn what_a_snapshot_replaced_is_removed_later_too() {
    let machine = Machine::new(1);
    let mut store = machine.open().unwrap();
    let mut replaced: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for _ in 0..200 {
        store.put("a", "a value of some length, so that segments fill").unwrap();
        for (path, _) in machine.disk.files() {
            machine.disk.damage(&path, |bytes| {
                replaced.retain(|(other, _)| *other != path);
                replaced.push((path.clone(), bytes.clone()));
            });
        }
    }
    store.compact(201).unwrap();
    store.close();
    let needed = machine.disk.files();
    for (path, bytes) in replaced.iter().filter(|(path, _)| needed.iter().all(|(other, _)| other != path)) {
        let mut file = crate::FileSystem::create(&machine.disk, path).unwrap();
        crate::file_system::write_all_at(&mut *file, bytes, 0).unwrap();
    }
    assert!(machine.disk.files().len() > needed.len() + 4);
    let range = machine.open().unwrap().everything();
    assert_eq!((range.items.len(), range.revision), (1, 201));
    assert_eq!(machine.disk.files(), needed);
}

#[test]
fn what_was_never_finished_is_cleared_away() {
    let machine = Machine::new(1);
    for name in ["00000000000000000002.log.unfinished", "00000000000000000009.snapshot.unfinished"] {
        crate::FileSystem::create(&machine.disk, &PathBuf::from(DIRECTORY).join(name)).unwrap();
    }
    drop(machine.open().unwrap());
    machine.disk.restart();
    let names: Vec<_> = machine.disk.files().into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, [segment(1)]);
}

#[test]
fn a_newer_format_is_refused() {
    let machine = Machine::new(1);
    machine.open().unwrap().close();
    machine.disk.damage(&segment(1), |contents| contents[8] = 3);
    let expected = format!("{} has format version 3; this release reads versions up to 2", segment(1).display());
    assert_eq!(open_error(&machine), expected);
}

#[test]
fn a_flipped_bit_is_damage_and_a_torn_tail_is_none() {
    let fresh = || {
        let machine = Machine::new(1);
        let mut store = machine.open().unwrap();
        for value in ["1", "2", "3"] {
            store.put("a", value).unwrap();
        }
        (machine, store)
    };
    // Each commit is a record of 64 bytes behind a header of 40; then the mark of the close.
    let (machine, store) = fresh();
    store.close();
    assert_eq!(machine.disk.files()[0], (segment(1), 40 + 3 * 64 + 32));
    for offset in [40, 40 + 64 + 20, 40 + 128 + 50] {
        let (machine, store) = fresh();
        store.close();
        machine.disk.damage(&segment(1), |contents| contents[offset] ^= 4);
        let record = 40 + (offset - 40) / 64 * 64;
        let reason = "a record that was durable is broken";
        assert_eq!(open_error(&machine), format!("{} is corrupt at offset {record}: {reason}", segment(1).display()));
    }
    for cut in 1..64 {
        let (machine, store) = fresh();
        drop(store);
        machine.disk.damage(&segment(1), |contents| contents.truncate(40 + 3 * 64 - cut));
        let mut store = machine.open().unwrap();
        assert_eq!(store.get("a").unwrap().value, "2");
        assert_eq!(store.put("a", "4").unwrap(), 4);
        store.close();
        assert_eq!(machine.open().unwrap().get("a").unwrap().value, "4");
    }
}

#[test]
fn missing_and_damaged_files_are_named() {
    let many = || {
        let machine = Machine::new(1);
        let mut store = machine.open().unwrap();
        for _ in 0..200 {
            store.put("a", "a value of some length, so that segments fill").unwrap();
        }
        store.compact(201).unwrap();
        store.close();
        machine
    };
    let machine = many();
    let snapshot = machine.disk.files().into_iter().find(|(path, _)| path.extension().unwrap() == "snapshot");
    let (snapshot, length_bytes) = snapshot.unwrap();
    machine.disk.damage(&snapshot, |contents| contents.truncate(length_bytes as usize - 1));
    assert!(open_error(&machine).contains("a record of the snapshot is broken or missing"));

    let machine = many();
    let segments: Vec<_> =
        machine.disk.files().into_iter().filter(|(path, _)| path.extension().unwrap() == "log").collect();
    for (path, _) in &segments {
        crate::FileSystem::remove(&machine.disk, path).unwrap();
    }
    assert!(open_error(&machine).contains("is missing, or a segment before it"));
}

/// As if its last commit had never been written: nothing is broken, and the next segment goes on after it.
#[test]
fn a_segment_that_ends_before_the_next_begins_is_damage() {
    let mut machine = Machine::new(1);
    machine.options.snapshot_log_bytes = 1 << 20;
    machine.options.disk_bound_bytes = 1 << 20;
    let mut store = machine.open().unwrap();
    for _ in 0..40 {
        store.put("a", "a value of some length, so that segments fill").unwrap();
    }
    store.close();
    machine.disk.damage(&segment(2), |contents| {
        let last = contents.windows(3).rposition(|window| window == b"SgR").unwrap() - 8;
        contents.truncate(last);
    });
    let expected = format!("{} is corrupt at offset 40: commits before it are missing", segment(3).display());
    assert_eq!(open_error(&machine), expected);
    let report = embedded::salvage::inspect(DIRECTORY, &machine.options).unwrap();
    assert!(matches!(report.unnamed[..], [Unnamed::Revisions { first, last: Some(last) }] if first == last));
}

#[test]
fn a_log_that_ends_before_its_snapshot_is_missed() {
    let machine = Machine::new(1);
    let mut store = machine.open().unwrap();
    let mut contents = Vec::new();
    store.put("a", "1").unwrap();
    machine.disk.damage(&segment(1), |bytes| contents.clone_from(bytes));
    for _ in 0..200 {
        store.put("a", "a value of some length, so that segments fill").unwrap();
    }
    store.close();
    for (path, _) in machine.disk.files() {
        if path.extension().unwrap() == "log" {
            crate::FileSystem::remove(&machine.disk, &path).unwrap();
        }
    }
    let mut file = crate::FileSystem::create(&machine.disk, &segment(1)).unwrap();
    crate::file_system::write_all_at(&mut *file, &contents, 0).unwrap();
    assert!(open_error(&machine).contains("is missing, or a segment before it"));
}

#[test]
fn verifying_changes_nothing_and_finds_damage() {
    let machine = Machine::new(1);
    assert!(matches!(embedded::verify(DIRECTORY, machine.options.clone()), Err(OpenError::Io { .. })));
    let mut store = machine.open().unwrap();
    store.put("a", "1").unwrap();
    store.put("b", "1").unwrap();
    assert!(matches!(embedded::verify(DIRECTORY, machine.options.clone()), Err(OpenError::Locked { .. })));
    drop(store);
    let segment = machine.disk.files().remove(0).0;
    // A torn tail is no damage, and stays where it is.
    machine.disk.damage(&segment, |contents| contents.extend_from_slice(b"torn"));
    let before = machine.disk.files();
    let embedded::Verified { status, problems } = embedded::verify(DIRECTORY, machine.options.clone()).unwrap();
    assert_eq!(problems, [""; 0]);
    assert_eq!((status.keys, status.revision), (2, 3));
    assert_eq!(machine.disk.files(), before);
    machine.disk.damage(&segment, |contents| contents[60] ^= 1);
    assert!(matches!(embedded::verify(DIRECTORY, machine.options.clone()), Err(OpenError::Corrupt { .. })));
}
