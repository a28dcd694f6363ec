//! Paths inside a root that an image's author controls: nothing is followed out of it.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, openat2, statat};
use rustix::io::Errno;
use rustix::mount::{MoveMountFlags, move_mount};

/// An open directory that paths are resolved in, as if it were `/`.
pub(super) struct Root(OwnedFd);

impl Root {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?))
    }

    /// Opens what is at `path`, only as a place.
    pub(super) fn find(&self, path: &Path) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        openat2(&self.0, path, flags, Mode::empty(), ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS)
    }

    /// Opens a directory, and creates it with its parents when it is missing.
    pub(super) fn directory(&self, path: &Path) -> io::Result<OwnedFd> {
        match self.find(path) {
            Ok(found) => return Ok(found),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        // A component that is a dangling symlink is an error: making its target would surprise everybody.
        let mut reached = std::path::PathBuf::from("/");
        let mut directory = self.find(&reached)?;
        for name in names(path) {
            reached.push(name);
            directory = match self.find(&reached) {
                Ok(found) => found,
                Err(Errno::NOENT) => {
                    rustix::fs::mkdirat(&directory, name, Mode::from_raw_mode(0o755))?;
                    self.find(&reached)?
                }
                Err(error) => return Err(error.into()),
            };
        }
        Ok(directory)
    }

    /// Opens a file, and creates an empty one when it is missing.
    pub(super) fn file(&self, path: &Path) -> io::Result<OwnedFd> {
        match self.find(path) {
            Ok(found) => return Ok(found),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let (directory, name) = self.parent(path)?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&directory, name, flags, Mode::from_raw_mode(0o644))?;
        Ok(self.find(path)?)
    }

    /// The directory of `path`, created when missing, and the last name.
    pub(super) fn parent<'a>(&self, path: &'a Path) -> io::Result<(OwnedFd, &'a OsStr)> {
        let invalid = || io::Error::new(io::ErrorKind::InvalidInput, "the path names no file");
        let name = path.file_name().ok_or_else(invalid)?;
        Ok((self.directory(path.parent().unwrap_or(Path::new("/")))?, name))
    }

    /// Puts a mount that is attached nowhere over `path`, which is created like what is mounted: as a directory or file.
    pub(super) fn mount(&self, mount: &OwnedFd, path: &Path) -> io::Result<()> {
        let metadata = statat(mount, "", AtFlags::EMPTY_PATH)?;
        let is_directory = FileType::from_raw_mode(metadata.st_mode) == FileType::Directory;
        let place = if is_directory { self.directory(path)? } else { self.file(path)? };
        attach(mount, &place)
    }
}

/// Puts a mount over an open place.
pub(super) fn attach(mount: &OwnedFd, place: &OwnedFd) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    Ok(move_mount(mount.as_fd(), "", place.as_fd(), "", flags)?)
}

fn names(path: &Path) -> impl Iterator<Item = &OsStr> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name),
        Component::ParentDir => Some(OsStr::new("..")),
        _ => None,
    })
}
