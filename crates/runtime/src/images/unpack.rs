//! A layer's archive into a directory, for the overlay to use as it is.
//!
//! The archive comes from anybody. Every entry is placed by opening its parent inside the directory, symbolic links
//! resolved as if the directory were `/`; names that climb out are refused. Removals (`.wh.` names) become what the
//! overlay understands: character devices 0/0 and the opaque attribute.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use rustix::fs::{
    AtFlags, CWD, FileType, Gid, Mode, OFlags, ResolveFlags, Timespec, Timestamps, Uid, XattrFlags, openat2,
};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use tar::EntryType;

use super::{ImageError, digest_text};

/// Prefix of an entry that removes the rest of its name from the layers below.
const REMOVAL: &[u8] = b".wh.";
/// Prefix of entries that an old union file system kept for itself.
const REMOVAL_METADATA: &[u8] = b".wh..wh.";
/// An entry that removes everything in its directory from the layers below.
const OPAQUE: &[u8] = b".wh..wh..opq";
/// Attribute by which an overlay knows such a directory.
const OPAQUE_ATTRIBUTE: &str = "trusted.overlay.opaque";
/// Attributes by extended header.
const ATTRIBUTE_HEADER: &str = "SCHILY.xattr.";

/// What a layer takes on disk.
pub(super) struct Unpacked {
    pub(super) size_bytes: u64,
    pub(super) inode_count: u64,
}

/// Unpacks into a new directory. `expected` is the digest of the bytes as they come, `diff` that of the archive in
/// them. On an error the directory remains for the caller to remove.
pub(super) fn unpack(
    content: &mut dyn Read,
    directory: &Path,
    expected: Option<&str>,
    diff: &str,
) -> Result<Unpacked, ImageError> {
    let invalid = |error: io::Error| ImageError::invalid(diff, error);
    fs::create_dir(directory).map_err(ImageError::file("create", directory))?;
    let mut compressed = Hashing::new(content);
    let mut archive = Hashing::new(decompress(&mut compressed).map_err(invalid)?);
    let unpacked = Layer::open(directory)?.fill(&mut archive)?;
    // Archives may be padded; digests are over everything.
    io::copy(&mut archive, &mut io::sink()).map_err(invalid)?;
    let actual = archive.digest();
    drop(archive);
    if actual != diff {
        return Err(ImageError::invalid(diff, format!("the layer's digest is {actual}")));
    }
    io::copy(&mut compressed, &mut io::sink()).map_err(invalid)?;
    let actual = compressed.digest();
    match expected {
        Some(expected) if actual != expected => {
            Err(ImageError::invalid(expected, format!("the blob's digest is {actual}")))
        }
        _ => Ok(unpacked),
    }
}

/// Computes the digest of what is read through it.
struct Hashing<R> {
    reader: R,
    hash: Sha256,
}

impl<R: Read> Hashing<R> {
    fn new(reader: R) -> Self {
        Self { reader, hash: Sha256::new() }
    }

    fn digest(&self) -> String {
        digest_text(&self.hash.clone().finalize())
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

/// Undoes gzip or zstd, which are known by their first bytes.
pub(super) fn decompress<'a>(content: &'a mut dyn Read) -> io::Result<Box<dyn Read + 'a>> {
    let mut magic = [0; 4];
    let mut length = 0;
    while length < magic.len() {
        match content.read(&mut magic[length..])? {
            0 => break,
            count => length += count,
        }
    }
    let whole = io::Cursor::new(magic[..length].to_vec()).chain(content);
    Ok(match &magic[..length] {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(whole)),
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(whole);
            Box::new(decoder.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?)
        }
        _ => Box::new(whole),
    })
}

/// The directory that is filled.
struct Layer {
    root: OwnedFd,
    size_bytes: u64,
    inode_count: u64,
    /// Modification times of directories, set last: filling a directory changes it.
    directory_times: Vec<(PathBuf, u64)>,
}

impl Layer {
    fn open(directory: &Path) -> Result<Self, ImageError> {
        let root = rustix::fs::open(directory, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(io::Error::from)
            .map_err(ImageError::file("open", directory))?;
        Ok(Self { root, size_bytes: 0, inode_count: 0, directory_times: Vec::new() })
    }

    fn fill(mut self, archive: &mut dyn Read) -> Result<Unpacked, ImageError> {
        let invalid = |error: io::Error| ImageError::invalid("layer archive", error);
        let mut archive = tar::Archive::new(archive);
        for entry in archive.entries().map_err(invalid)? {
            let mut entry = entry.map_err(invalid)?;
            let name = entry.path_bytes().into_owned();
            let named = |reason: &dyn std::fmt::Display| ImageError::invalid(name.escape_ascii().to_string(), reason);
            let Some(path) = safe_path(OsStr::from_bytes(&name)) else {
                return Err(named(&"the name leads out of the layer"));
            };
            self.place(&path, &mut entry).map_err(|error| named(&error))?;
        }
        for (path, seconds) in self.directory_times.iter().rev() {
            if let Ok(directory) = self.resolve(path) {
                let _ = set_time(&directory, OsStr::new(""), *seconds);
            }
        }
        Ok(Unpacked { size_bytes: self.size_bytes, inode_count: self.inode_count })
    }

    fn resolve(&self, path: &Path) -> rustix::io::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        openat2(&self.root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS)
    }

    /// Opens a directory; makes what is missing of it.
    fn directory(&mut self, path: &Path) -> io::Result<OwnedFd> {
        let mut reached = PathBuf::new();
        let mut directory = self.resolve(&reached)?;
        for name in path.iter() {
            reached.push(name);
            directory = match self.resolve(&reached) {
                Ok(found) => found,
                Err(Errno::NOENT) => {
                    rustix::fs::mkdirat(&directory, name, Mode::from_raw_mode(0o755))?;
                    self.inode_count += 1;
                    self.resolve(&reached)?
                }
                Err(error) => return Err(error.into()),
            };
        }
        Ok(directory)
    }

    fn place<R: Read>(&mut self, path: &Path, entry: &mut tar::Entry<'_, R>) -> io::Result<()> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            // The layer's own root.
            return self.finish_directory(path, entry);
        };
        let directory = self.directory(parent)?;
        if name.as_bytes() == OPAQUE {
            return set_attribute(&directory, OPAQUE_ATTRIBUTE, b"y");
        }
        if name.as_bytes().starts_with(REMOVAL_METADATA) {
            return Ok(());
        }
        if let Some(removed) = name.as_bytes().strip_prefix(REMOVAL) {
            return self.remove_below(&directory, OsStr::from_bytes(removed));
        }
        let kind = entry.header().entry_type();
        if kind == EntryType::Directory {
            match rustix::fs::mkdirat(&directory, name, Mode::from_raw_mode(0o755)) {
                Ok(()) => self.inode_count += 1,
                Err(Errno::EXIST) if is_directory(&directory, name) => {}
                Err(Errno::EXIST) => {
                    rustix::fs::unlinkat(&directory, name, AtFlags::empty())?;
                    rustix::fs::mkdirat(&directory, name, Mode::from_raw_mode(0o755))?;
                }
                Err(error) => return Err(error.into()),
            }
            return self.finish_directory(path, entry);
        }
        self.replace(path, &directory, name)?;
        self.make(&directory, name, kind, entry)
    }

    /// Clears the way for an entry that comes again.
    fn replace(&self, path: &Path, directory: &OwnedFd, name: &OsStr) -> io::Result<()> {
        match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(Errno::ISDIR) => {
                let real = fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(directory)))?;
                debug_assert!(path.ends_with(name), "the directory is the path's parent");
                fs::remove_dir_all(real.join(name))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn make<R: Read>(
        &mut self,
        directory: &OwnedFd,
        name: &OsStr,
        kind: EntryType,
        entry: &mut tar::Entry<'_, R>,
    ) -> io::Result<()> {
        let header = entry.header();
        let mode = Mode::from_raw_mode(header.mode()? & 0o7777);
        match kind {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = rustix::fs::openat(directory, name, flags, Mode::from_raw_mode(0o600))?;
                self.size_bytes += io::copy(entry, &mut fs::File::from(file))?;
            }
            EntryType::Symlink => {
                let target = entry.link_name_bytes().ok_or_else(|| io::Error::other("the link has no target"))?;
                rustix::fs::symlinkat(OsStr::from_bytes(&target), directory, name)?;
            }
            EntryType::Link => return self.link(directory, name, entry),
            EntryType::Char | EntryType::Block => {
                let kind = if kind == EntryType::Char { FileType::CharacterDevice } else { FileType::BlockDevice };
                let major = header.device_major()?.unwrap_or_default();
                let minor = header.device_minor()?.unwrap_or_default();
                rustix::fs::mknodat(directory, name, kind, mode, rustix::fs::makedev(major, minor))?;
            }
            EntryType::Fifo => rustix::fs::mknodat(directory, name, FileType::Fifo, mode, 0)?,
            EntryType::XGlobalHeader => return Ok(()),
            other => return Err(io::Error::other(format!("unknown kind of entry {:?}", other.as_byte() as char))),
        }
        self.inode_count += 1;
        set_metadata(directory, name, entry, kind == EntryType::Symlink)?;
        set_time(directory, name, entry.header().mtime()?)
    }

    /// A further name for a file of this layer. The link's target is a name in the layer, not on the host.
    fn link<R: Read>(&self, directory: &OwnedFd, name: &OsStr, entry: &tar::Entry<'_, R>) -> io::Result<()> {
        let target = entry.link_name_bytes().ok_or_else(|| io::Error::other("the link has no target"))?;
        let target = safe_path(OsStr::from_bytes(&target))
            .ok_or_else(|| io::Error::other("the link's target leads out of the layer"))?;
        let (Some(parent), Some(target_name)) = (target.parent(), target.file_name()) else {
            return Err(io::Error::other("the link's target is the layer itself"));
        };
        let target_directory = self.resolve(parent)?;
        Ok(rustix::fs::linkat(&target_directory, target_name, directory, name, AtFlags::empty())?)
    }

    fn remove_below(&mut self, directory: &OwnedFd, name: &OsStr) -> io::Result<()> {
        if name.is_empty() || name == "." || name == ".." {
            return Err(io::Error::other("the removal names nothing"));
        }
        match rustix::fs::mknodat(directory, name, FileType::CharacterDevice, Mode::empty(), 0) {
            Ok(()) => {
                self.inode_count += 1;
                Ok(())
            }
            // The layer both removes and brings it: what it brings is new, nothing of below shines through.
            Err(Errno::EXIST) if is_directory(directory, name) => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let found = rustix::fs::openat(directory, name, flags, Mode::empty())?;
                Ok(rustix::fs::fsetxattr(found, OPAQUE_ATTRIBUTE, b"y", XattrFlags::empty())?)
            }
            Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn finish_directory<R: Read>(&mut self, path: &Path, entry: &mut tar::Entry<'_, R>) -> io::Result<()> {
        let directory = self.resolve(path)?;
        set_metadata(&directory, OsStr::new(""), entry, false)?;
        self.directory_times.push((path.to_path_buf(), entry.header().mtime()?));
        Ok(())
    }
}

/// The path of an entry, relative; `None` when it climbs.
fn safe_path(name: &OsStr) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

fn is_directory(directory: &OwnedFd, name: &OsStr) -> bool {
    rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Directory)
}

/// Opens what was just made, for calls that know no directory descriptor. Not a link: those are never followed.
fn procfs_path(directory: &OwnedFd, name: &OsStr) -> PathBuf {
    let mut path = OsString::from(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(directory)));
    if !name.is_empty() {
        path.push("/");
        path.push(name);
    }
    PathBuf::from(path)
}

fn set_metadata<R: Read>(
    directory: &OwnedFd,
    name: &OsStr,
    entry: &mut tar::Entry<'_, R>,
    is_link: bool,
) -> io::Result<()> {
    let number = |value: u64| u32::try_from(value).map_err(|_| io::Error::other("the owner's number is too large"));
    let (uid, gid) = (number(entry.header().uid()?)?, number(entry.header().gid()?)?);
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
    rustix::fs::chownat(directory, name, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)), flags)?;
    if !is_link {
        // After the owner, since a change of owner clears the setuid bit.
        let mode = Mode::from_raw_mode(entry.header().mode()? & 0o7777);
        rustix::fs::chmodat(CWD, procfs_path(directory, name), mode, AtFlags::empty())?;
    }
    let Some(extensions) = entry.pax_extensions()? else { return Ok(()) };
    for extension in extensions {
        let extension = extension?;
        let Some(attribute) = extension.key().ok().and_then(|key| key.strip_prefix(ATTRIBUTE_HEADER)) else { continue };
        // The overlay's own attributes are ours to set: a layer could redirect its directories elsewhere.
        if attribute.starts_with("trusted.overlay.") || attribute.starts_with("user.overlay.") {
            return Err(io::Error::other(format!("the attribute {attribute} is not a layer's to set")));
        }
        let path = procfs_path(directory, name);
        let value = extension.value_bytes();
        let set = if name.is_empty() {
            rustix::fs::setxattr(&path, attribute, value, XattrFlags::empty())
        } else {
            rustix::fs::lsetxattr(&path, attribute, value, XattrFlags::empty())
        };
        match set {
            // A disk without attributes still holds the files.
            Ok(()) | Err(Errno::NOTSUP) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn set_attribute(directory: &OwnedFd, name: &str, value: &[u8]) -> io::Result<()> {
    Ok(rustix::fs::setxattr(procfs_path(directory, OsStr::new("")), name, value, XattrFlags::empty())?)
}

fn set_time(directory: &OwnedFd, name: &OsStr, seconds: u64) -> io::Result<()> {
    let time = Timespec { tv_sec: seconds as i64, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    if name.is_empty() {
        return Ok(rustix::fs::utimensat(CWD, procfs_path(directory, name), &times, AtFlags::empty())?);
    }
    Ok(rustix::fs::utimensat(directory, name, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}
