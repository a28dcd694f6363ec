use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{Read, Seek},
};

use bytes::Bytes;
use prost::Message;
use sha2::{Digest, Sha256};
use store::{KeyValue, Revision};

use crate::{
    SnapshotError,
    bolt::Database,
    keys::{COMPACTED, Change, KEY, LEASE, META, StoredLease},
};

pub(crate) const HASH_BYTES: u64 = 32;
/// Databases are whole pages, the least of which are this long; with a hash behind it a file is not.
const SECTOR_BYTES: u64 = 512;

/// Whether the hash behind the database must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// Yes: nothing else shows that values are what they were.
    Required,
    /// A database that was copied from a member has none; one that is there must be right.
    Optional,
}

/// What a snapshot holds.
#[derive(Debug)]
pub struct Content {
    /// The newest value of every key that exists, by key.
    pub items: Vec<KeyValue>,
    /// The revision that it shows.
    pub revision: Revision,
}

/// Reads a snapshot. What is leased expires its lease's time after `now_unix_seconds`: when a lease was granted is not
/// in it, and etcd, too, begins anew then.
///
/// # Errors
/// See [`SnapshotError`].
pub fn read(mut file: &File, hash: Hash, now_unix_seconds: u64) -> Result<Content, SnapshotError> {
    file.rewind()?;
    let length_bytes = file.metadata()?.len();
    let database_bytes = match length_bytes % SECTOR_BYTES {
        HASH_BYTES => {
            let database_bytes = length_bytes - HASH_BYTES;
            let mut expected = [0; HASH_BYTES as usize];
            let found = hash_of(&mut file, database_bytes)?;
            file.read_exact(&mut expected)?;
            if found != expected {
                return Err(SnapshotError::Hash("another one than that of what is in it"));
            }
            database_bytes
        }
        _ if hash == Hash::Required => return Err(SnapshotError::Hash("not there")),
        _ => length_bytes,
    };
    let database = Database::open(file, database_bytes)?;
    let leases = leases(&database)?;
    let mut newest: BTreeMap<Bytes, KeyValue> = BTreeMap::new();
    let mut revision = compacted(&database)?.unwrap_or(1);
    let keys = database.bucket(KEY)?.ok_or(SnapshotError::Foreign("it has no keys in it"))?;
    database.each(&keys, &mut |key, value| {
        let Some((change, delete)) = Change::decode(key) else {
            return Err(SnapshotError::Revision { revision, reason: "what follows it is none" });
        };
        revision = revision.max(change.revision);
        let damaged = |reason| SnapshotError::Revision { revision: change.revision, reason };
        let stored = etcd::KeyValue::decode(value).map_err(|_| damaged("it cannot be decoded"))?;
        if delete {
            newest.remove(&stored.key);
            return Ok(());
        }
        let positive = |number: i64| u64::try_from(number).map_err(|_| damaged("it has a negative revision in it"));
        let lease = leases.get(&stored.lease).copied();
        let item = KeyValue {
            create_revision: positive(stored.create_revision)?,
            mod_revision: positive(stored.mod_revision)?,
            expires_at: lease.map(|seconds| now_unix_seconds + seconds),
            // The value alone: what it was decoded of is one buffer with the rest.
            value: Bytes::copy_from_slice(&stored.value),
            key: Bytes::copy_from_slice(&stored.key),
        };
        if item.mod_revision != change.revision {
            return Err(damaged("it says that it is another"));
        }
        newest.insert(item.key.clone(), item);
        Ok(())
    })?;
    Ok(Content { items: newest.into_values().collect(), revision })
}

/// The hash of the next `length_bytes`.
pub(crate) fn hash_of(file: &mut impl Read, length_bytes: u64) -> std::io::Result<[u8; HASH_BYTES as usize]> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut rest = length_bytes;
    while rest > 0 {
        let part = &mut buffer[..rest.min(1 << 16) as usize];
        file.read_exact(part)?;
        hasher.update(&*part);
        rest -= part.len() as u64;
    }
    Ok(hasher.finalize().into())
}

/// Seconds that leases have left, by their numbers.
fn leases(database: &Database<'_>) -> Result<HashMap<i64, u64>, SnapshotError> {
    let mut leases = HashMap::new();
    let Some(bucket) = database.bucket(LEASE)? else { return Ok(leases) };
    database.each(&bucket, &mut |_, value| {
        let lease =
            StoredLease::decode(value).map_err(|_| SnapshotError::Foreign("a lease in it cannot be decoded"))?;
        let seconds = if lease.remaining > 0 { lease.remaining } else { lease.time_to_live };
        leases.insert(lease.id, u64::try_from(seconds).unwrap_or_default());
        Ok(())
    })?;
    Ok(leases)
}

/// The revision before which history is compacted. The last changes before it may have been deletes, of which nothing
/// is left.
fn compacted(database: &Database<'_>) -> Result<Option<Revision>, SnapshotError> {
    let mut compacted = None;
    if let Some(meta) = database.bucket(META)? {
        database.each(&meta, &mut |key, value| {
            if key == COMPACTED {
                compacted = Change::decode(value).map(|(change, _)| change.revision);
            }
            Ok(())
        })?;
    }
    Ok(compacted)
}
