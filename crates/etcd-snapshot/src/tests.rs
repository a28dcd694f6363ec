use std::{fs::File, io::Write, os::unix::fs::FileExt};

use bytes::Bytes;
use store::KeyValue;

use crate::{Content, Hash, SnapshotError, read, write};

const NOW: u64 = 1_800_000_000;

/// Keys and values of many lengths, some changed together, some that expire.
fn items(count: u64) -> Vec<KeyValue> {
    let item = |number: u64| {
        let length = match number % 50 {
            0 => 20_000,
            1 => 0,
            small => small * 13,
        };
        let mod_revision = 10 + number / 3;
        KeyValue {
            key: Bytes::from(format!("/registry/configmaps/default/item-{:06}", number * 7919 % count)),
            value: (0..length).map(|at| (at * number) as u8).collect(),
            create_revision: mod_revision - number % 2,
            mod_revision,
            expires_at: (number % 10 == 3).then_some(NOW + 100 + number % 7),
        }
    };
    (0..count).map(item).collect()
}

fn sorted(mut items: Vec<KeyValue>) -> Vec<KeyValue> {
    items.sort_by(|one, other| one.key.cmp(&other.key));
    items
}

fn written(items: Vec<KeyValue>, revision: u64) -> File {
    let file = tempfile::tempfile().unwrap();
    let written = write(items, revision, NOW, &file).unwrap();
    assert_eq!(written.file_bytes, file.metadata().unwrap().len());
    file
}

fn read_again(file: &File, hash: Hash) -> Result<Content, SnapshotError> {
    read(file, hash, NOW)
}

#[test]
fn what_is_written_is_read() {
    // None; one leaf; a level of branches; two levels.
    for count in [0, 1, 12, 500, 20_011] {
        let content = read_again(&written(items(count), 50_000), Hash::Required).unwrap();
        assert_eq!(content.items, sorted(items(count)), "{count}");
        assert_eq!(content.revision, 50_000);
    }
}

#[test]
fn every_damage_is_found_by_the_hash() {
    let file = written(items(40), 100);
    let length = file.metadata().unwrap().len();
    for at in (0..length).step_by(97) {
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
        let error = read_again(&file, Hash::Required).unwrap_err();
        assert!(matches!(error, SnapshotError::Hash(_)), "{at}: {error}");
        file.write_all_at(&byte, at).unwrap();
    }
    assert_eq!(read_again(&file, Hash::Required).unwrap().items.len(), 40);
    file.set_len(length - 32).unwrap();
    assert!(matches!(read_again(&file, Hash::Required).unwrap_err(), SnapshotError::Hash("not there")));
    assert_eq!(read_again(&file, Hash::Optional).unwrap().items.len(), 40);
}

/// Without a hash some damage cannot be seen; but it must never do worse than an error or another value.
#[test]
fn no_damage_of_the_tree_costs_more_than_an_error() {
    let file = written(items(60), 200);
    let length = file.metadata().unwrap().len() - 32;
    file.set_len(length).unwrap();
    let mut errors = 0;
    for at in 0..length {
        // Headers and elements of all pages: their first bytes.
        if at % 4096 > 96 {
            continue;
        }
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        for bit in [0x01, 0x80] {
            file.write_all_at(&[byte[0] ^ bit], at).unwrap();
            errors += usize::from(read_again(&file, Hash::Optional).is_err());
        }
        file.write_all_at(&byte, at).unwrap();
    }
    assert!(errors > 20, "{errors}");
    // Cut anywhere, and followed by nothing.
    for pages in 0..length / 4096 {
        file.set_len(pages * 4096).unwrap();
        assert!(read_again(&file, Hash::Optional).is_err(), "{pages}");
    }
}

#[test]
fn one_damaged_meta_page_does_no_harm() {
    let file = written(items(10), 100);
    let length = file.metadata().unwrap().len() - 32;
    file.set_len(length).unwrap();
    for page in 0..2 {
        let mut whole = [0; 100];
        file.read_exact_at(&mut whole, page * 4096).unwrap();
        file.write_all_at(&[0; 100], page * 4096).unwrap();
        assert_eq!(read_again(&file, Hash::Optional).unwrap().items.len(), 10);
        file.write_all_at(&whole, page * 4096).unwrap();
    }
}

#[test]
fn something_else_is_refused() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[b'x'; 8192]).unwrap();
    let error = read_again(&file, Hash::Optional).unwrap_err();
    assert_eq!(error.to_string(), "this is no snapshot of etcd: it does not begin as a bbolt database does");
}
