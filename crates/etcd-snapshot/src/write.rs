use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, Seek, SeekFrom, Write},
};

use prost::Message;
use store::{KeyValue, Revision};

use crate::{
    bolt::{DatabaseWriter, Tree},
    keys::{BUCKETS, COMPACTED, Change, KEY, LEASE, META, StoredLease},
    read::hash_of,
};

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// How many keys.
    pub keys: u64,
    /// The length of the file, in bytes.
    pub file_bytes: u64,
}

/// Writes a snapshot with these keys as they are at `revision` to an empty file. Everything before counts as compacted.
///
/// # Errors
/// Those of the file.
pub fn write(
    mut items: Vec<KeyValue>,
    revision: Revision,
    now_unix_seconds: u64,
    mut file: &File,
) -> io::Result<Written> {
    // Etcd keeps changes, not keys: in the order in which they were made.
    items.sort_unstable_by(|one, other| (one.mod_revision, &one.key).cmp(&(other.mod_revision, &other.key)));
    let mut database = DatabaseWriter::new(file)?;
    // One lease for all that expires in the same second.
    let mut leases: BTreeMap<u64, i64> = BTreeMap::new();
    let mut keys = Tree::default();
    let mut change = Change { revision: 0, number: 0 };
    for item in &items {
        change = match item.mod_revision {
            same if same == change.revision => Change { number: change.number + 1, ..change },
            revision => Change { revision, number: 0 },
        };
        let next = leases.len() as i64 + 1;
        let stored = etcd::KeyValue {
            key: item.key.clone(),
            create_revision: item.create_revision as i64,
            mod_revision: item.mod_revision as i64,
            // How often it was changed is not known here; that it was, is.
            version: if item.create_revision == item.mod_revision { 1 } else { 2 },
            value: item.value.clone(),
            lease: item.expires_at.map_or(0, |at| *leases.entry(at).or_insert(next)),
        };
        database.add(&mut keys, change.encode(), stored.encode_to_vec())?;
    }
    let mut leased = Tree::default();
    for (expires_at, id) in by_number(leases) {
        let time_to_live = expires_at.saturating_sub(now_unix_seconds).max(1) as i64;
        let lease = StoredLease { id, time_to_live, remaining: 0 };
        database.add(&mut leased, id.to_be_bytes().to_vec(), lease.encode_to_vec())?;
    }
    let mut meta = Tree::default();
    database.add(&mut meta, b"consistent_index".to_vec(), 1_u64.to_be_bytes().to_vec())?;
    let compacted = Change { revision, number: 0 }.encode();
    database.add(&mut meta, COMPACTED.to_vec(), compacted.clone())?;
    database.add(&mut meta, b"scheduledCompactRev".to_vec(), compacted)?;
    let mut trees = BTreeMap::from([(KEY, keys), (LEASE, leased), (META, meta)]);
    for name in BUCKETS {
        database.bucket(name, trees.remove(name).unwrap_or_default())?;
    }
    let database_bytes = database.finish()?;
    file.seek(SeekFrom::Start(0))?;
    let hash = hash_of(&mut BufReader::new(file), database_bytes)?;
    file.seek(SeekFrom::Start(database_bytes))?;
    file.write_all(&hash)?;
    Ok(Written { keys: items.len() as u64, file_bytes: database_bytes + hash.len() as u64 })
}

fn by_number(leases: BTreeMap<u64, i64>) -> Vec<(u64, i64)> {
    let mut leases: Vec<(u64, i64)> = leases.into_iter().collect();
    leases.sort_unstable_by_key(|(_, id)| *id);
    leases
}
