//! Stores that older releases wrote: `testdata/format-1` is one of format 1, with a snapshot of revision 37 and the log
//! to revision 44; `testdata/format-1.backup` is a backup of its revision 43.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    driven::{DIRECTORY, Machine},
    hooked::Hooked,
};
use crate::{
    FileSystem, KeyValue, backup,
    embedded::{
        LogArchive, OpenError,
        restore::{RestoreError, Until, restore_until},
        salvage::{Outcome, inspect, repair},
        verify,
    },
    file_system::{read_full_at, write_all_at},
    testing::Fault,
};

const BACKUP: &str = "/sagong-before-format-2.backup";
pub(super) const OLD_BACKUP: &[u8] = include_bytes!("../../testdata/format-1.backup");

/// A machine with a store of format 1.
fn old(seed: u64) -> Machine {
    let machine = Machine::new(seed);
    let files: [(&str, &[u8]); 2] = [
        ("00000000000000000005.log", include_bytes!("../../testdata/format-1/00000000000000000005.log")),
        ("00000000000000000037.snapshot", include_bytes!("../../testdata/format-1/00000000000000000037.snapshot")),
    ];
    for (name, contents) in files {
        let mut file = machine.disk.create(&PathBuf::from(DIRECTORY).join(name)).unwrap();
        write_all_at(&mut *file, contents, 0).unwrap();
        file.sync_data().unwrap();
    }
    machine.disk.sync_directory(DIRECTORY.as_ref()).unwrap();
    machine
}

fn contents(machine: &Machine, path: &str) -> Option<Vec<u8>> {
    let file = machine.disk.open(path.as_ref()).ok()?;
    let mut bytes = vec![0; file.length_bytes().unwrap() as usize];
    read_full_at(&*file, &mut bytes, 0).unwrap();
    Some(bytes)
}

fn is_as_it_was(items: &[KeyValue]) -> bool {
    let keys: Vec<_> = items.iter().map(|kv| String::from_utf8_lossy(&kv.key).into_owned()).collect();
    let name = |name: &str| format!("/registry/configmaps/default/{name}");
    let mut expected: Vec<String> = [0, 1, 2, 4, 5, 6].map(|number| name(&format!("object-{number}"))).to_vec();
    expected.push("/registry/events/default/late".to_owned());
    expected.insert(0, name("last"));
    // Put last, five revisions before.
    keys == expected
        && items[6].value.starts_with(b"value 34 ")
        && (items[6].create_revision, items[6].mod_revision) == (8, 36)
        && items[7].expires_at.is_some()
}

#[test]
fn an_older_format_is_upgraded_when_it_is_opened_and_backed_up_before() {
    let machine = old(1);
    let before = machine.disk.files();
    let looked = verify(DIRECTORY, machine.options.clone()).unwrap().status;
    assert_eq!((looked.revision, machine.disk.files()), (44, before));

    let mut store = machine.open().unwrap();
    let range = store.everything();
    assert!(is_as_it_was(&range.items), "{range:?}");
    assert_eq!(range.revision, 44);
    let backup = contents(&machine, BACKUP).unwrap();
    // The release from before reads it.
    assert_eq!(backup[8..16], [1, 0, 0, 0, 0, 0, 0, 0]);
    let summary = backup::verify(&backup[..]).unwrap();
    assert_eq!((summary.revision, summary.keys), (44, 8));
    let segment = contents(&machine, "/data/00000000000000000006.log").unwrap();
    assert_eq!(segment[8], 2, "older releases refuse it");
    store.put("new", "1").unwrap();
    store.close();
    machine.disk.restart();
    let store = machine.open().unwrap();
    assert_eq!((store.everything().items.len(), store.everything().revision), (9, 45));
    store.close();
    assert_eq!(contents(&machine, BACKUP).unwrap(), backup, "once is enough");
}

#[test]
fn a_crash_at_any_step_of_an_upgrade_leaves_the_old_store_or_the_new() {
    let machine = old(1);
    let started = machine.disk.operations();
    machine.open().unwrap();
    let operations = machine.disk.operations() - started;
    assert!(operations > 10);
    for fault in [Fault::Crash, Fault::Broken, Fault::NoSpace] {
        for operation in 0..operations {
            let machine = old(operation);
            let before = machine.disk.files();
            machine.disk.set_fault(Some((machine.disk.operations() + operation, fault)));
            let opened = machine.open().is_ok();
            machine.disk.restart();
            let is_new = contents(&machine, "/data/00000000000000000006.log").is_some();
            assert!(is_new || !opened);
            if is_new {
                backup::verify(&contents(&machine, BACKUP).unwrap()[..]).unwrap();
            } else {
                for (path, length) in before {
                    assert!(machine.disk.files().contains(&(path, length)));
                }
            }
            let store = machine.open().unwrap();
            let range = store.everything();
            assert!(is_as_it_was(&range.items));
            assert_eq!(range.revision, 44);
        }
    }
}

#[test]
fn an_upgrade_without_its_backup_is_none() {
    let machine = old(1);
    // The tail of the log is written once more, and synced.
    machine.disk.set_fault(Some((machine.disk.operations() + 2, Fault::NoSpace)));
    let refused = machine.open().err().unwrap();
    assert!(matches!(&refused, OpenError::NoSpace { path } if path.as_os_str() == BACKUP), "{refused}");
    assert!(contents(&machine, "/data/00000000000000000006.log").is_none());
}

#[test]
fn an_upgrade_whose_backup_was_written_wrongly_is_none() {
    let mut machine = old(1);
    let is_spoiled = |path: &Path| path.to_string_lossy().contains(".backup");
    machine.options.file_system = Arc::new(Hooked { is_spoiled, ..Hooked::of(&machine) });
    let refused = machine.open().err().unwrap().to_string();
    assert!(refused.contains("the backup is damaged"), "{refused}");
    assert!(contents(&machine, BACKUP).is_none() && contents(&machine, "/data/00000000000000000006.log").is_none());
}

#[test]
fn a_backup_of_before_the_upgrade_leads_to_what_followed() {
    let mut machine = old(1);
    let (directory, interval) = (PathBuf::from("/archive"), std::time::Duration::from_secs(300));
    machine.options.log_archive = Some(LogArchive { directory, interval, backlog_limit_bytes: 1 << 20 });
    let mut store = machine.open().unwrap();
    store.put("new", "1").unwrap();
    let expected = store.everything().items;
    store.close();
    let restore =
        |until, place: &str| restore_until(OLD_BACKUP, "/archive", until, place, machine.options.file_system.clone());
    let restored = restore(Until::End, "/restored").unwrap();
    assert_eq!((restored.backup.revision, restored.revision, restored.keys), (43, 45, 9));
    let refused = restore(Until::UnixMilliseconds(u64::MAX), "/other").unwrap_err();
    assert!(matches!(refused, RestoreError::NoTimes { .. }), "{refused}");
    let mut other = machine.clone();
    other.options.log_archive = None;
    let (store, _committer) = crate::embedded::open_driven("/restored", other.options).unwrap();
    let range = super::driven::ready(crate::Engine::range(&*store, crate::RangeRequest::default())).unwrap();
    assert_eq!(range.items, expected);
}

#[test]
fn a_damaged_store_of_an_older_format_is_repaired_too() {
    for position in [60, 400, 800] {
        let machine = old(1);
        let snapshot = PathBuf::from("/data/00000000000000000037.snapshot");
        machine.disk.damage(&snapshot, |contents| contents[position] ^= 1);
        assert!(machine.open().err().unwrap().is_damage());
        let report = inspect(DIRECTORY, &machine.options).unwrap();
        // Its snapshot is one record: the log alone is left, which has what was changed last.
        assert_eq!(report.damages.len(), 1, "{report:?}");
        assert!(!report.objects.is_empty() || !report.unnamed.is_empty());
        repair(DIRECTORY, "damaged", &machine.options).unwrap();
        let items = machine.open().unwrap().everything().items;
        assert_eq!(items.len() as u64, report.keys);
        assert!(items.iter().any(|kv| kv.key == "/registry/configmaps/default/last"));
        let named = |name: &str| {
            let key = format!("/registry/configmaps/default/object-{name}");
            report.objects.iter().find(|object| object.key == key).map(|object| object.outcome)
        };
        if position == 800 {
            assert_eq!(named("2"), Some(Outcome::Whole(39)), "{report:?}");
            assert!(matches!(named("6"), Some(Outcome::Lost | Outcome::Whole(_))), "{report:?}");
        }
    }
}
