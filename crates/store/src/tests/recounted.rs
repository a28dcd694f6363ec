//! Files all of whose parts are whole, and which are not what was written: parts are missing, or too many.

use std::io::{Read, Write as _};

use bytes::Bytes;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};

use super::driven::{Machine, put};
use crate::{
    KeyValue,
    backup::{self, BackupError},
    embedded::record::FILE_HEADER_BYTES,
};

/// Where the records of a file begin.
fn records(contents: &[u8]) -> Vec<usize> {
    let magics = contents.windows(3).enumerate().filter(|(_, window)| window == b"SgR");
    magics.map(|(position, _)| position - 8).collect()
}

#[test]
fn a_snapshot_that_lacks_a_key_is_damage() {
    let machine = Machine::new(1);
    let mut store = machine.open().unwrap();
    for key in ["a", "b", "c", "d"].into_iter().cycle().take(80) {
        store.put(key, "a value of some length, so that segments fill").unwrap();
    }
    store.compact(81).unwrap();
    store.close();
    let files = machine.disk.files();
    let snapshot = files.into_iter().find(|(path, _)| path.extension().unwrap() == "snapshot").unwrap().0;
    machine.disk.damage(&snapshot, |contents| {
        let begins = records(contents);
        assert_eq!(begins.len(), 5, "four keys and the end");
        contents.drain(begins[1]..begins[2]);
    });
    let error = machine.open().err().expect("it is refused");
    assert!(error.to_string().ends_with("this record does not belong here"), "{error}");
}

/// A backup of two keys, each in a record of its own, whose stream was changed before it was compressed.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Result<backup::Summary, BackupError> {
    let mut writer = backup::Writer::new(Vec::new(), 7, 1).unwrap();
    for key in ["a", "b"] {
        // Larger than what is gathered into one record.
        let value = vec![b'x'; crate::limits::SNAPSHOT_RECORD_BYTES].into();
        let key = Bytes::from(key);
        writer.add(&KeyValue { key, value, create_revision: 2, mod_revision: 3, expires_at: None }).unwrap();
    }
    let (backup, _) = writer.finish().unwrap();
    let mut stream = Vec::new();
    GzDecoder::new(&backup[FILE_HEADER_BYTES..]).read_to_end(&mut stream).unwrap();
    change(&mut stream);
    let mut encoder = GzEncoder::new(backup[..FILE_HEADER_BYTES].to_vec(), Compression::fast());
    encoder.write_all(&stream).unwrap();
    backup::verify(&encoder.finish().unwrap()[..])
}

#[test]
fn a_backup_is_believed_only_as_it_was_written() {
    assert_eq!(changed(|_| {}).unwrap().keys, 2);
    let reason = |change: &dyn Fn(&mut Vec<u8>, &[usize])| {
        let changed = changed(|stream| {
            let begins = records(stream);
            change(stream, &begins);
        });
        match changed.unwrap_err() {
            BackupError::Damaged { reason, .. } => reason,
            error => panic!("{error}"),
        }
    };
    let checksum = "the checksum of a record is wrong";
    assert_eq!(reason(&|stream, _| stream[100] ^= 1), checksum);
    assert_eq!(reason(&|stream, begins| drop(stream.drain(begins[1]..begins[2]))), "its end counts other keys");
    let again = |stream: &mut Vec<u8>, begins: &[usize]| {
        let first = stream[..begins[1]].to_vec();
        stream.splice(begins[1]..begins[1], first);
    };
    assert_eq!(reason(&again), "the keys are not in order");
    assert_eq!(reason(&|stream, _| stream.push(0)), "something follows its end");
    assert_eq!(reason(&|stream, begins| stream.truncate(begins[2])), "its end is missing");
}

#[test]
fn a_log_that_lacks_a_commit_is_damage() {
    let machine = Machine::new(1);
    let mut store = machine.open().unwrap();
    for key in ["a", "b", "c"] {
        store.put(key, "1").unwrap();
    }
    store.close();
    let segment = machine.disk.files().remove(0).0;
    machine.disk.damage(&segment, |contents| {
        let begins = records(contents);
        contents.drain(begins[1]..begins[2]);
    });
    let error = machine.open().err().expect("it is refused").to_string();
    assert!(error.ends_with("the revision does not follow on the one before"), "{error}");
}

#[test]
fn a_segment_that_is_missing_is_named() {
    let mut machine = Machine::new(1);
    machine.options.snapshot_log_bytes = 1 << 20;
    machine.options.disk_bound_bytes = 1 << 20;
    let mut store = machine.open().unwrap();
    for _ in 0..60 {
        store.put("a", "a value of some length, so that segments fill").unwrap();
    }
    store.close();
    let segments: Vec<_> = machine.disk.files().into_iter().map(|(path, _)| path).collect();
    assert!(segments.len() > 3);
    crate::FileSystem::remove(&machine.disk, &segments[1]).unwrap();
    let error = machine.open().err().expect("it is refused").to_string();
    assert!(error.starts_with(&format!("{} is missing, or a segment before it", segments[1].display())), "{error}");
}

#[test]
fn a_file_under_another_name_is_damage() {
    let machine = Machine::new(1);
    let mut store = machine.open().unwrap();
    store.commit(vec![put("a", "1")]).unwrap();
    store.close();
    let segment = machine.disk.files().remove(0).0;
    let other = segment.with_file_name("00000000000000000002.log");
    crate::FileSystem::rename(&machine.disk, &segment, &other).unwrap();
    let error = machine.open().err().expect("it is refused").to_string();
    assert!(error.ends_with("the name of the file and its header differ"), "{error}");
}
