//! Snapshots of etcd: what `etcdctl snapshot save` makes and `etcdutl snapshot restore` takes, so that a cluster's
//! objects move from etcd to us and back.
//!
//! Such a file is a bbolt database ([`bolt`]) with the SHA-256 of itself behind it. Its bucket `key` has every revision
//! of every key that is not compacted, by revision; a snapshot says nothing of the members' log, so that what is in it
//! is all there is. Start reading at [`read`] and [`write()`]; upstream's counterparts are `server/storage/mvcc` and
//! `server/storage/schema` of etcd 3.7.

mod bolt;
mod error;
mod keys;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use error::SnapshotError;
pub use read::{Content, Hash, read};
pub use write::{Written, write};
