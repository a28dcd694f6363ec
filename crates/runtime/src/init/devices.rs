//! `/dev`: a small tmpfs with the nodes that every program expects.

use std::io;
use std::path::Path;

use rustix::fs::{FileType, Mode, makedev, mknodat, symlinkat};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_string, fsmount, fsopen};

use super::directory::Root;
use super::{Failure, Step};
use crate::spec::DeviceSpec;

/// Character devices that everybody may use, by device number.
const NODES: [(&str, u32, u32); 6] =
    [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

const LINKS: [(&str, &str); 6] = [
    ("ptmx", "pts/ptmx"),
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("core", "/proc/kcore"),
];

/// Mounts and fills `/dev`.
pub(super) fn make(root: &Root) -> Result<(), Failure> {
    let options = [("mode", "755"), ("size", "65536k")];
    mount_new(
        root,
        "tmpfs",
        &options,
        "/dev",
        MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_STRICTATIME,
    )?;
    let fill = || -> io::Result<()> {
        let directory = root.find(Path::new("/dev"))?;
        // The file mode creation mask of the host must not narrow the nodes.
        rustix::process::umask(Mode::empty());
        for (name, major, minor) in NODES {
            mknodat(&directory, name, FileType::CharacterDevice, Mode::from_raw_mode(0o666), makedev(major, minor))?;
        }
        for (name, target) in LINKS {
            symlinkat(target, &directory, name)?;
        }
        rustix::process::umask(Mode::from_raw_mode(0o022));
        Ok(())
    };
    fill().step(|| "fill /dev".to_owned())?;
    let private =
        MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let options = [("newinstance", ""), ("ptmxmode", "0666"), ("mode", "0620"), ("gid", "5")];
    let terminals = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    mount_new(root, "devpts", &options, "/dev/pts", terminals)?;
    mount_new(root, "mqueue", &[], "/dev/mqueue", private)
}

/// Adds a node like one of the host.
pub(super) fn add(root: &Root, device: &DeviceSpec) -> Result<(), Failure> {
    let add = || -> io::Result<()> {
        let metadata = rustix::fs::stat(&*device.source)?;
        let kind = FileType::from_raw_mode(metadata.st_mode);
        if !matches!(kind, FileType::CharacterDevice | FileType::BlockDevice) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a device"));
        }
        let (directory, name) = root.parent(Path::new(&device.destination))?;
        match mknodat(&directory, name, kind, Mode::empty(), metadata.st_rdev) {
            Err(rustix::io::Errno::EXIST) => return Ok(()),
            result => result?,
        }
        let (uid, gid) = (rustix::fs::Uid::from_raw(metadata.st_uid), rustix::fs::Gid::from_raw(metadata.st_gid));
        rustix::fs::chownat(&directory, name, Some(uid), Some(gid), rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(rustix::fs::chmodat(&directory, name, Mode::from_raw_mode(metadata.st_mode), rustix::fs::AtFlags::empty())?)
    };
    add().step(|| format!("add the device {} as {}", device.source, device.destination))
}

/// Mounts a new file system; options without a value are flags.
pub(super) fn mount_new(
    root: &Root,
    kind: &str,
    options: &[(&str, &str)],
    path: &str,
    attributes: MountAttrFlags,
) -> Result<(), Failure> {
    let mount = || -> io::Result<()> {
        let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
        fsconfig_set_string(&context, "source", kind)?;
        for (name, value) in options {
            match *value {
                "" => rustix::mount::fsconfig_set_flag(&context, *name)?,
                value => fsconfig_set_string(&context, *name, value)?,
            }
        }
        fsconfig_create(&context)?;
        let mount = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)?;
        root.mount(&mount, Path::new(path))
    };
    mount().step(|| format!("mount {kind} on {path}"))
}
