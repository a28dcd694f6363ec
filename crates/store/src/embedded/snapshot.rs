//! A snapshot: every key as it was at one revision, written beside the log while commits go on, so
//! that the log before it can go when compaction has passed it.

use std::{io, sync::atomic::Ordering};

use super::{
    Pin,
    directory::Directory,
    index::Scan,
    place::read_values,
    record::{FILE_HEADER_BYTES, FORMAT_VERSION, FileHeader, RecordKind, SNAPSHOT_MAGIC, append_item, append_record},
};
use crate::{File, KeyValue, Revision, file_system::write_all_at, limits};

/// A snapshot to be made.
pub(super) struct SnapshotJob {
    /// Holds the revision of the snapshot.
    pub(super) pin: Pin,
    pub(super) directory: Directory,
    pub(super) history: u32,
}

impl SnapshotJob {
    /// Writes the snapshot, whose name is durable then. Gives its length in bytes.
    pub(super) fn run(self) -> Result<u64, String> {
        let path = self.directory.snapshot_path(self.pin.revision);
        let describe = |error: io::Error| format!("cannot write {}: {error}", path.display());
        let header =
            FileHeader { version: FORMAT_VERSION, history: self.history, revision: self.pin.revision, sequence: 0 };
        let mut length_bytes = 0;
        let fill = |file: &mut dyn File| {
            length_bytes = self.write_items(file)?;
            Ok(())
        };
        self.directory.create_whole(&path, &header.encode(SNAPSHOT_MAGIC), fill).map_err(describe)?;
        self.directory.sync().map_err(describe)?;
        Ok(length_bytes)
    }

    fn write_items(&self, file: &mut dyn File) -> io::Result<u64> {
        let mut writer = Writer::new(file, self.pin.revision);
        let mut scan = Scan::everything();
        loop {
            if self.pin.shared.closing.load(Ordering::Relaxed) {
                return Err(io::Error::other("the store is being closed"));
            }
            // A statement of its own: the lock is gone before anything is read or written.
            let more = self.pin.shared.index.read().scan(&mut scan, self.pin.revision);
            let (positions, wanted) = scan.take_absent();
            let values = read_values(&wanted).map_err(io::Error::other)?;
            scan.fill(positions, values);
            for item in scan.items.drain(..) {
                writer.add(&item)?;
            }
            if !more {
                return writer.finish();
            }
        }
    }
}

/// Writes the records of a snapshot behind its header.
pub(super) struct Writer<'a> {
    file: &'a mut dyn File,
    offset: u64,
    synced: u64,
    revision: Revision,
    keys: u64,
    buffer: Vec<u8>,
}

impl Writer<'_> {
    pub(super) fn new(file: &mut dyn File, revision: Revision) -> Writer<'_> {
        let offset = FILE_HEADER_BYTES as u64;
        Writer { file, offset, synced: offset, revision, keys: 0, buffer: Vec::new() }
    }

    /// Adds a key; keys come in their order.
    pub(super) fn add(&mut self, item: &KeyValue) -> io::Result<()> {
        append_record(&mut self.buffer, RecordKind::Items, self.revision, 0, |buffer| append_item(buffer, item));
        self.keys += 1;
        if self.buffer.len() >= limits::SNAPSHOT_RECORD_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes the end, without which a snapshot is none; gives the length of the file in bytes.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        let keys = self.keys.to_le_bytes();
        append_record(&mut self.buffer, RecordKind::End, self.revision, 0, |buffer| buffer.extend_from_slice(&keys));
        self.flush()?;
        Ok(self.offset)
    }

    fn flush(&mut self) -> io::Result<()> {
        write_all_at(self.file, &self.buffer, self.offset)?;
        self.offset += self.buffer.len() as u64;
        self.buffer.clear();
        if self.offset - self.synced >= limits::SNAPSHOT_SYNC_BYTES {
            self.file.sync_data()?;
            self.synced = self.offset;
        }
        Ok(())
    }
}
