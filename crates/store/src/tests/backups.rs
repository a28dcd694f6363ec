use std::{path::Path, time::Duration};

use super::driven::{DIRECTORY, Driven, Machine, delete, poll, put, ready};
use crate::{
    Engine, Expect, KeyValue, StoreError, Write,
    backup::{BackupError, Reader, Summary, Writer, verify},
    embedded::restore::{REVISION_BUMP, RestoreError, restore},
    testing::Fault,
};

const CREATED: u64 = 1_700_000_000;

fn backup(store: &Driven) -> (Vec<u8>, Summary) {
    let mut export = ready(store.store.export()).unwrap();
    let mut writer = Writer::new(Vec::new(), export.revision, CREATED).unwrap();
    loop {
        let items = {
            let mut step = Box::pin(export.next());
            loop {
                if let std::task::Poll::Ready(items) = poll(step.as_mut()) {
                    break items.unwrap();
                }
            }
        };
        if items.is_empty() {
            break;
        }
        items.iter().for_each(|item| writer.add(item).unwrap());
    }
    writer.finish().unwrap()
}

/// A store with a history.
fn filled(machine: &Machine) -> Driven {
    let mut store = machine.open().unwrap();
    store.put("a", "1").unwrap();
    store.put("b", "1").unwrap();
    store.put("a", "2").unwrap();
    store.commit(vec![delete("b"), put("c", "3")]).unwrap();
    let time_to_live = Some(Duration::from_secs(3600));
    store
        .commit(vec![Write::Put { key: "e".into(), value: "event".into(), expect: Expect::Any, time_to_live }])
        .unwrap();
    store
}

#[test]
fn a_restored_store_has_what_the_backup_has_and_a_later_revision() {
    let machine = Machine::new(1);
    let mut store = filled(&machine);
    let (bytes, written) = backup(&store);
    assert_eq!(
        written,
        Summary { revision: 6, history: written.history, created_unix_seconds: CREATED, keys: 3, content_bytes: 10 }
    );
    assert_eq!(verify(&bytes[..]).unwrap(), written);
    let backed_up = store.everything().items;
    store.put("after", "x").unwrap();
    store.close();

    let other = Machine::new(2);
    assert_eq!(restore(&bytes[..], DIRECTORY, other.options.file_system.clone()).unwrap(), written);
    // What was said is durable.
    other.disk.restart();
    let mut store = other.open().unwrap();
    let range = store.everything();
    assert_eq!((range.items, range.revision), (backed_up, 6 + REVISION_BUMP));
    // Whoever goes on from before is told to list again.
    assert!(matches!(store.watch(6), Err(StoreError::Compacted { .. })));
    assert_eq!(store.put("new", "1").unwrap(), 7 + REVISION_BUMP);
    store.close();
    let mut store = other.open().unwrap();
    assert_eq!(store.get("new").unwrap().value, "1");
    // What expires goes on to do so.
    other.clock.advance_milliseconds(3_601_000);
    store.committer.turn();
    assert_eq!(store.get("e"), None);
}

#[test]
fn a_backup_shows_one_revision_whatever_happens_meanwhile() {
    let machine = Machine::new(1);
    let mut store = filled(&machine);
    let mut export = ready(store.store.export()).unwrap();
    let before = store.everything().items;
    store.put("a", "later").unwrap();
    store.commit(vec![delete("c")]).unwrap();
    let revision = store.store.current_revision();
    store.compact(revision).unwrap();
    let mut seen = Vec::new();
    loop {
        let mut step = Box::pin(export.next());
        let std::task::Poll::Ready(items) = poll(step.as_mut()) else { continue };
        match items.unwrap() {
            items if items.is_empty() => break,
            items => seen.extend(items),
        }
        drop(step);
    }
    assert_eq!(seen, before);
}

fn read(bytes: &[u8]) -> Result<Vec<KeyValue>, BackupError> {
    let mut reader = Reader::new(bytes)?;
    let mut all = Vec::new();
    while let Some(items) = reader.next()? {
        all.extend(items);
    }
    Ok(all)
}

#[test]
fn damage_anywhere_is_found() {
    let machine = Machine::new(1);
    let (bytes, _) = backup(&filled(&machine));
    for length in 0..bytes.len() {
        assert!(verify(&bytes[..length]).is_err(), "cut at {length}");
    }
    for position in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[position] ^= 0x10;
        // Some bits say nothing of the contents: the time in gzip's header, padding at its end.
        if let Ok(found) = read(&damaged) {
            assert_eq!(found, read(&bytes).unwrap(), "changed at {position}");
        }
    }
    assert!(verify(&b"no backup"[..]).unwrap_err().to_string().contains("too short"));
    let mut newer = bytes;
    newer[8] = 2;
    assert!(matches!(verify(&newer[..]), Err(BackupError::Newer { found: 2, supported: 1 })));
}

#[test]
fn a_backup_of_nothing_is_one() {
    let machine = Machine::new(1);
    let (bytes, written) = backup(&machine.open().unwrap());
    assert_eq!((verify(&bytes[..]).unwrap(), written.keys), (written, 0));
    assert!(Reader::new(&bytes[..]).unwrap().next().unwrap().is_none());
}

#[test]
fn what_is_there_is_not_touched_and_a_bad_backup_makes_nothing() {
    let machine = Machine::new(1);
    let store = filled(&machine);
    let (bytes, _) = backup(&store);
    store.close();
    let before = machine.disk.files();
    let file_system = machine.options.file_system.clone();
    let refused = restore(&bytes[..], DIRECTORY, file_system.clone());
    assert!(matches!(refused, Err(RestoreError::Exists(path)) if path == Path::new(DIRECTORY)));
    assert_eq!(machine.disk.files(), before);

    let other = Machine::new(2);
    let file_system = other.options.file_system.clone();
    let refused = restore(&bytes[..bytes.len() - 9], DIRECTORY, file_system.clone());
    assert!(matches!(refused, Err(RestoreError::Backup(BackupError::Damaged { .. }))));
    assert!(other.disk.files().is_empty());
    restore(&bytes[..], DIRECTORY, file_system).unwrap();
    assert_eq!(other.open().unwrap().everything().items.len(), 3);
}

#[test]
fn a_crash_during_a_restore_leaves_a_whole_store_or_none() {
    let (bytes, _) = backup(&filled(&Machine::new(1)));
    for operation in 0..40 {
        let machine = Machine::new(operation);
        machine.disk.set_fault(Some((operation, Fault::Crash)));
        let done = restore(&bytes[..], DIRECTORY, machine.options.file_system.clone()).is_ok();
        machine.disk.restart();
        match machine.open() {
            Ok(store) if done => assert_eq!(store.everything().items.len(), 3),
            // An empty place is an empty store; a whole one is whole.
            Ok(store) => assert!([0, 3].contains(&store.everything().items.len())),
            Err(error) => assert!(!done, "{error}"),
        }
    }
}
