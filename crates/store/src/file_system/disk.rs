use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt},
    path::Path,
};

use super::{File, FileSystem, Lock, direct::DirectWriter};

/// The kernel's file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskFileSystem;

const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

fn options() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).mode(FILE_MODE);
    options
}

impl FileSystem for DiskFileSystem {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        match fs::metadata(path) {
            Ok(metadata) if !metadata.is_dir() => return Err(ErrorKind::NotADirectory.into()),
            Ok(metadata) if metadata.mode() & 0o077 != 0 => {
                // Not repaired by ourselves: it may be a directory that others were meant to use.
                let mode = metadata.mode() & 0o7777;
                let reason = format!("mode {mode:04o} opens it to others: chmod 0700, or choose another directory");
                return Err(io::Error::new(ErrorKind::PermissionDenied, reason));
            }
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        fs::DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(path)?;
        match path.parent() {
            Some(parent) if parent != Path::new("") => self.sync_directory(parent),
            _ => self.sync_directory(Path::new(".")),
        }
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        let file = options().create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(DiskLock { _file: file })),
            Err(fs::TryLockError::WouldBlock) => Err(ErrorKind::WouldBlock.into()),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(directory)? {
            // A name that is not text is none of ours.
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        Ok(Box::new(DiskFile::new(options().create_new(true).open(path)?)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        Ok(Box::new(DiskFile::new(options().open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        fs::File::open(directory)?.sync_all()
    }
}

/// The flock goes when the file is closed, by whatever death.
struct DiskLock {
    _file: fs::File,
}

impl Lock for DiskLock {}

struct DiskFile {
    file: fs::File,
    direct: Direct,
}

/// Whether a file is written past the page cache.
enum Direct {
    Untried,
    Used(DirectWriter),
    Impossible,
}

impl DiskFile {
    fn new(file: fs::File) -> DiskFile {
        DiskFile { file, direct: Direct::Untried }
    }
}

impl File for DiskFile {
    fn length_bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        if let Direct::Used(writer) = &mut self.direct {
            writer.forget();
        }
        self.file.write_at(bytes, offset)
    }

    fn write_over_zeros_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        if matches!(self.direct, Direct::Untried) {
            self.direct = DirectWriter::of(&self.file).map_or(Direct::Impossible, Direct::Used);
        }
        if let Direct::Used(writer) = &mut self.direct {
            if writer.write_all_at(&self.file, bytes, offset)? {
                return Ok(bytes.len());
            }
            self.direct = Direct::Impossible;
        }
        self.write_at(bytes, offset)
    }

    fn set_length(&mut self, length_bytes: u64) -> io::Result<()> {
        self.file.set_len(length_bytes)
    }

    fn reserve(&mut self, length_bytes: u64) -> io::Result<()> {
        rustix::fs::fallocate(&self.file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, length_bytes).map_err(|error| {
            match error {
                // Its own kind, so that it is not taken for a broken disk.
                rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS => io::ErrorKind::Unsupported.into(),
                error => error.into(),
            }
        })
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}
