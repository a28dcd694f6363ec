//! Every bound of the store, named.

/// The longest key in bytes.
pub const KEY_LIMIT_BYTES: usize = 8 << 10;

/// The longest value in bytes: etcd's default limit of a request, which clients know.
pub const VALUE_LIMIT_BYTES: usize = 3 << 19;

/// Keys and values of one commit together, in bytes.
pub const COMMIT_LIMIT_BYTES: usize = 8 << 20;

/// The most writes in one commit.
pub const COMMIT_LIMIT_WRITES: usize = 4096;

/// Commits that wait for the store thread, in bytes; a further commit waits for room before it is
/// queued. A commit counts as at least [`QUEUE_UNIT_BYTES`], so this bounds their number too.
pub const QUEUE_LIMIT_BYTES: usize = 64 << 20;

/// The granule in which queued commits are counted, in bytes.
pub const QUEUE_UNIT_BYTES: usize = 4 << 10;

/// Events kept for watchers, in bytes (keys, values, previous values and bookkeeping), by default.
pub const WATCH_RING_LIMIT_BYTES: usize = 64 << 20;

/// Values of replaced versions that are kept in memory until they are compacted, in bytes, by default; beyond that the
/// oldest are in the log alone.
pub const HISTORY_MEMORY_LIMIT_BYTES: u64 = 128 << 20;

/// What the log, and older snapshots from which it is replayed, may have on the disk for old revisions alone, in bytes,
/// by default: as much as etcd's whole database by its own default. Beyond that the store compacts itself.
pub const HISTORY_DISK_LIMIT_BYTES: u64 = 2 << 30;

/// Changes that are not compacted, by default: each takes some 110 bytes of memory beside its value. Beyond that the
/// store compacts itself. Ten thousand changes a second reach it after seven minutes.
pub const HISTORY_LIMIT_CHANGES: usize = 4 << 20;

/// The most changes in one publication, beyond two for each new one, whose replaced values are left to the log.
pub(crate) const SPILL_STEP_CHANGES: usize = 64;

/// The most values that one step of a watch from the past reads from the log, and those of one commit more.
pub(crate) const PAST_STEP_VALUES: usize = 64;

/// The most events that one step of a watch looks at before it yields.
pub const WATCH_STEP_EVENTS: usize = 1024;

/// Size at which a segment of the log is closed and the next begun, in bytes, by default.
pub const SEGMENT_BYTES: u64 = 64 << 20;

/// A snapshot is due when the log behind the last one is at least this long in bytes (and at least as
/// long as a new one would be), by default.
pub const SNAPSHOT_LOG_BYTES: u64 = 64 << 20;

/// What a store may have on the disk whatever it holds, in bytes, by default; beyond that three times what it holds.
/// More is given back by a snapshot at once.
pub const DISK_BOUND_BYTES: u64 = 256 << 20;

/// What a key takes in a snapshot beside its name and value, in bytes.
pub(crate) const SNAPSHOT_KEY_BYTES: u64 = 72;

/// How long after a failure the snapshot is tried again that would give space back, in milliseconds.
pub(crate) const SNAPSHOT_RETRY_MILLISECONDS: u64 = 30_000;

/// Space on the disk that is kept for [`crate::Priority::Urgent`] commits when it is full, in bytes, by default.
pub const RESERVE_BYTES: u64 = 8 << 20;

/// Space for the log is taken in steps of this size in bytes.
pub(crate) const RESERVE_STEP_BYTES: u64 = 4 << 20;

/// How far zeros are written ahead of small commits, in bytes, by default: of some 250 commits of one write each, one
/// waits for that.
pub const ZERO_AHEAD_BYTES: u64 = 256 << 10;

/// Ahead of commits that have more bytes in one sync no zeros are written.
pub(crate) const ZERO_AHEAD_COMMIT_BYTES: usize = 32 << 10;

/// A snapshot is written in steps, and a backup in records, of about this size in bytes.
pub(crate) const SNAPSHOT_RECORD_BYTES: usize = 256 << 10;

/// A snapshot is synced each time that so many bytes were written, so that the sync of a commit never
/// waits behind all of it.
pub(crate) const SNAPSHOT_SYNC_BYTES: u64 = 8 << 20;

/// The most keys that are visited under one read lock of the index.
pub(crate) const SCAN_STEP_KEYS: usize = 512;

/// The most commits that are published under one write lock of the index.
pub(crate) const PUBLISH_STEP_COMMITS: usize = 512;

/// The most superseded versions that are dropped under one write lock of the index.
pub(crate) const COMPACT_STEP_VERSIONS: usize = 512;

/// The most keys that expire in one turn of the store thread.
pub(crate) const EXPIRY_STEP_KEYS: usize = 1024;

/// The buffer of the log keeps at most this capacity in bytes between turns.
pub(crate) const BUFFER_KEEP_BYTES: usize = 4 << 20;

/// How often the store thread gives way to those whom it answered, if few of them have asked again.
pub(crate) const GATHER_YIELDS: usize = 8;

/// A segment is copied to the archive of the log in steps of this size in bytes.
pub(crate) const ARCHIVE_STEP_BYTES: usize = 1 << 20;

/// How long after a failure the archive of the log is tried again, in milliseconds.
pub(crate) const ARCHIVE_RETRY_MILLISECONDS: u64 = 30_000;

/// Segments that wait for an archive that fails and are needed for nothing else, in bytes, by default.
pub const ARCHIVE_BACKLOG_BYTES: u64 = 1 << 30;

/// How long a store that is closed waits for each of its last works on the archive of the log, in seconds.
pub(crate) const ARCHIVE_CLOSE_SECONDS: u64 = 30;
