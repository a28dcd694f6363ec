//! How etcd keeps keys in its database: by revision, and as protobuf. Upstream: `mvccpb`, `leasepb`,
//! `server/storage/mvcc/revision.go`.

/// The buckets of a database, all of which a member makes.
pub(crate) const BUCKETS: [&str; 10] =
    ["alarm", "auth", "authRoles", "authUsers", "cluster", KEY, LEASE, "members", "members_removed", META];
/// Keys by revision.
pub(crate) const KEY: &str = "key";
/// Leases by their numbers.
pub(crate) const LEASE: &str = "lease";
/// What is known of the whole.
pub(crate) const META: &str = "meta";
/// In `META`: up to where history is compacted.
pub(crate) const COMPACTED: &[u8] = b"finishedCompactRev";

/// A lease; when it was granted is not kept.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct StoredLease {
    #[prost(int64, tag = "1")]
    pub(crate) id: i64,
    /// In seconds.
    #[prost(int64, tag = "2")]
    pub(crate) time_to_live: i64,
    /// In seconds, at the last checkpoint; 0 when there was none.
    #[prost(int64, tag = "3")]
    pub(crate) remaining: i64,
}

/// One change of a key: the revision, and its number among those of the same revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) number: u64,
}

impl Change {
    /// As a key of the bucket.
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(17);
        bytes.extend_from_slice(&self.revision.to_be_bytes());
        bytes.push(b'_');
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes
    }

    /// What a key of the bucket means: the change, and whether it is a delete.
    pub(crate) fn decode(bytes: &[u8]) -> Option<(Change, bool)> {
        let (change, rest) = bytes.split_at_checked(17)?;
        let word = |range: std::ops::Range<usize>| Some(u64::from_be_bytes(change[range].try_into().ok()?));
        let delete = match rest {
            b"" => false,
            b"t" => true,
            _ => return None,
        };
        (change[8] == b'_').then_some((Change { revision: word(0..8)?, number: word(9..17)? }, delete))
    }
}
