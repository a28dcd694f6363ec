//! Writing past the page cache.

use std::{
    fs, io,
    os::{
        fd::AsRawFd,
        unix::fs::{FileExt, OpenOptionsExt},
    },
};

/// What the kernel writes directly begins and ends at multiples of this, in the file and in memory: sectors, or the
/// blocks of disks that have no smaller ones.
const ALIGNMENTS: [usize; 2] = [512, super::ZEROS_END_BYTES as usize];

/// A file's own way past the page cache, for short writes one behind the other over zeros.
pub(super) struct DirectWriter {
    file: fs::File,
    alignment: usize,
    /// Memory with room for `alignment` before what is written.
    buffer: Vec<u8>,
    /// What was last written of a sector that is not full, and where it begins.
    tail: (u64, Vec<u8>),
}

impl DirectWriter {
    /// The way past the page cache to an open file; none where its file system has none.
    pub(super) fn of(file: &fs::File) -> Option<DirectWriter> {
        // By its descriptor, since it may have another name by now.
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let flags = rustix::fs::OFlags::DIRECT.bits().cast_signed();
        let file = fs::OpenOptions::new().write(true).custom_flags(flags).open(path).ok()?;
        Some(DirectWriter { file, alignment: ALIGNMENTS[0], buffer: Vec::new(), tail: (0, Vec::new()) })
    }

    /// Writes `bytes` at `offset` of the file that is also open as `file`; false: nothing was written, and nothing can
    /// be that way.
    ///
    /// # Errors
    /// What the kernel says.
    pub(super) fn write_all_at(&mut self, file: &fs::File, bytes: &[u8], offset: u64) -> io::Result<bool> {
        let known = self.alignment;
        for alignment in ALIGNMENTS.into_iter().filter(|alignment| *alignment >= known) {
            self.alignment = alignment;
            match self.write_aligned(file, bytes, offset) {
                // So the kernel refuses an alignment, or all of it.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                written => return written.map(|()| true),
            }
        }
        Ok(false)
    }

    /// The file was changed in another way.
    pub(super) fn forget(&mut self) {
        self.tail.1.clear();
    }

    fn write_aligned(&mut self, file: &fs::File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let start = offset - offset % self.alignment as u64;
        let head_bytes = (offset - start) as usize;
        let length = (head_bytes + bytes.len()).next_multiple_of(self.alignment);
        self.buffer.clear();
        self.buffer.resize(length + self.alignment, 0);
        let aligned = self.buffer.as_ptr().align_offset(self.alignment);
        let sectors = &mut self.buffer[aligned..aligned + length];
        let (head, rest) = sectors.split_at_mut(head_bytes);
        match &self.tail {
            (tail_start, tail) if (*tail_start, tail.len()) == (start, head_bytes) => head.copy_from_slice(tail),
            _ => file.read_exact_at(head, start)?,
        }
        rest[..bytes.len()].copy_from_slice(bytes);
        // A part of it is written again.
        self.file.write_all_at(sectors, start)?;
        let end = head_bytes + bytes.len();
        let tail_start = end - end % self.alignment;
        self.tail.0 = start + tail_start as u64;
        self.tail.1.clear();
        self.tail.1.extend_from_slice(&sectors[tail_start..end]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{DiskFileSystem, File, FileSystem, testing::Random};

    /// Short records, some of them by the page cache, in a file of zeros.
    fn write_records(directory: &Path) {
        let mut random = Random::new(7);
        let path = directory.join("records");
        let mut file: Box<dyn File> = DiskFileSystem.create(&path).unwrap();
        let mut expected = vec![0; 256 << 10];
        file.write_at(&expected, 0).unwrap();
        let mut offset = 40;
        for record in 0_u8..=255 {
            // Whole sectors, too, so that a record ends in its sector where the one before did in another.
            let length = if random.once_in(3) { 512 } else { 1 + random.below(900) as usize };
            let bytes = vec![record; length];
            expected[offset..offset + bytes.len()].copy_from_slice(&bytes);
            let written = match random.below(4) {
                0 => file.write_at(&bytes, offset as u64).unwrap(),
                _ => file.write_over_zeros_at(&bytes, offset as u64).unwrap(),
            };
            assert_eq!(written, bytes.len());
            offset += bytes.len();
            if random.once_in(3) {
                file.sync_data().unwrap();
            }
            if random.once_in(8) {
                // In the sector in which the next one begins.
                expected[offset - 1] = 255;
                assert_eq!(file.write_at(&[255], offset as u64 - 1).unwrap(), 1);
            }
            let mut found = vec![1; 256 << 10];
            assert_eq!(file.read_at(&mut found, 0).unwrap(), found.len(), "the file keeps its length");
            assert!(found == expected, "record {record} and what is before and behind it");
        }
    }

    #[test]
    fn records_are_what_was_written_on_a_disk_and_in_memory() {
        write_records(tempfile::tempdir().unwrap().path());
        // A file system with rules of its own for direct writing.
        let memory = Path::new("/dev/shm");
        if memory.exists() {
            write_records(tempfile::tempdir_in(memory).unwrap().path());
        }
    }
}
