use std::{sync::Arc, time::Duration};

use super::LogArchive;
use crate::{Clock, DiskFileSystem, FileSystem, SystemClock, limits};

/// When what was written is made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncMode {
    /// Before anyone sees it: an acknowledged commit survives a loss of power.
    Always,
    /// At most so long after it was written. Commits are acknowledged, read and watched before: a loss of power, or a
    /// crash of the kernel, takes what was not synced yet, always the newest commits and never one before another. The
    /// end of the process alone takes nothing.
    Interval(Duration),
}

/// How to open a store; the default is right for a server.
#[derive(Clone)]
pub struct Options {
    /// Events kept for watchers, in bytes.
    pub watch_ring_limit_bytes: usize,
    /// Values of old revisions that are kept in memory, in bytes; others are in the log alone.
    pub history_memory_limit_bytes: u64,
    /// What the log and snapshots have for old revisions alone, in bytes, before the store compacts itself. A read that takes long, such
    /// as a backup, may hold more until it ends.
    pub history_disk_limit_bytes: u64,
    /// Changes that are not compacted before the store compacts itself.
    pub history_limit_changes: usize,
    /// Size at which a segment of the log is closed, in bytes.
    pub segment_bytes: u64,
    /// The least length of the log for which a snapshot is made, in bytes.
    pub snapshot_log_bytes: u64,
    /// What the store may have on the disk whatever it holds, in bytes; beyond that three times what it holds.
    pub disk_bound_bytes: u64,
    /// Space that is kept for urgent commits when the disk is full, in bytes.
    pub reserve_bytes: u64,
    /// How far zeros are written ahead of small commits, in bytes, so that their syncs change no metadata of the file;
    /// only in space that is kept, so that none are written without a reserve.
    pub zero_ahead_bytes: u64,
    /// Where the log is archived; none: nowhere.
    pub log_archive: Option<LogArchive>,
    /// When commits become durable.
    pub sync: SyncMode,
    /// The time by which keys expire.
    pub clock: Arc<dyn Clock>,
    /// Where the files are.
    pub file_system: Arc<dyn FileSystem>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            watch_ring_limit_bytes: limits::WATCH_RING_LIMIT_BYTES,
            history_memory_limit_bytes: limits::HISTORY_MEMORY_LIMIT_BYTES,
            history_disk_limit_bytes: limits::HISTORY_DISK_LIMIT_BYTES,
            history_limit_changes: limits::HISTORY_LIMIT_CHANGES,
            segment_bytes: limits::SEGMENT_BYTES,
            snapshot_log_bytes: limits::SNAPSHOT_LOG_BYTES,
            disk_bound_bytes: limits::DISK_BOUND_BYTES,
            reserve_bytes: limits::RESERVE_BYTES,
            zero_ahead_bytes: limits::ZERO_AHEAD_BYTES,
            log_archive: None,
            sync: SyncMode::Always,
            clock: Arc::new(SystemClock),
            file_system: Arc::new(DiskFileSystem),
        }
    }
}
