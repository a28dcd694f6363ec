//! Mounts, behind a trait: deciding what to mount is tested without the right to do it.

use std::{
    fs, io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::MetadataExt,
    },
    path::{Path, PathBuf},
};

use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount, mount_change, move_mount,
    open_tree, unmount,
};

/// Mounts and unmounts.
pub trait Mounter: Send + Sync {
    /// Mounts a new tmpfs on a directory unless one is there; `size_bytes` is its limit, if any.
    fn tmpfs(&self, directory: &Path, size_bytes: Option<u64>) -> io::Result<()>;

    /// Mounts a new file system of huge pages on a directory.
    fn huge_pages(&self, directory: &Path, page_bytes: u64) -> io::Result<()>;

    /// Whether something is mounted on a directory.
    fn is_mounted(&self, directory: &Path) -> bool;

    /// Makes what `source` is open on appear at `target`, which exists.
    fn bind(&self, source: &OwnedFd, target: &Path) -> io::Result<()>;

    /// Unmounts everything at or below a directory, the innermost first.
    fn unmount_below(&self, directory: &Path) -> io::Result<()>;
}

/// The kernel's mounts, in the mount namespace of this process.
pub struct KernelMounter;

/// Reads the octal escapes of `/proc/self/mountinfo`.
fn unescape(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let octal = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()).filter(|_| *first == b'\\') {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

/// Mount points at or below `directory`, in the order in which they were mounted.
fn mount_points(mountinfo: &str, directory: &Path) -> Vec<PathBuf> {
    let points = mountinfo.lines().filter_map(|line| line.split(' ').nth(4)).map(unescape);
    points.filter(|point| point.starts_with(directory)).collect()
}

impl Mounter for KernelMounter {
    fn tmpfs(&self, directory: &Path, size_bytes: Option<u64>) -> io::Result<()> {
        if self.is_mounted(directory) {
            return Ok(());
        }
        let size = size_bytes.map_or(String::new(), |bytes| format!(",size={bytes}"));
        let options = std::ffi::CString::new(format!("mode=0777{size}"))?;
        mount("tmpfs", directory, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, options.as_c_str())?;
        Ok(())
    }

    fn huge_pages(&self, directory: &Path, page_bytes: u64) -> io::Result<()> {
        let options = std::ffi::CString::new(format!("pagesize={page_bytes}"))?;
        mount("nodev", directory, "hugetlbfs", MountFlags::NOSUID | MountFlags::NODEV, options.as_c_str())?;
        Ok(())
    }

    fn is_mounted(&self, directory: &Path) -> bool {
        // A file system of its own has a device of its own; the list of all mounts is long where there are many pods.
        let device = |path: &Path| fs::symlink_metadata(path).map(|metadata| metadata.dev());
        let parent = directory.parent().map(device);
        matches!((device(directory), parent), (Ok(own), Some(Ok(parent))) if own != parent)
    }

    fn bind(&self, source: &OwnedFd, target: &Path) -> io::Result<()> {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
        let tree = open_tree(source.as_fd(), "", flags)?;
        move_mount(tree.as_fd(), "", rustix::fs::CWD, target, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
        mount_change(target, MountPropagationFlags::PRIVATE)?;
        Ok(())
    }

    fn unmount_below(&self, directory: &Path) -> io::Result<()> {
        // Mountinfo lists a mount after the one it stands on.
        for point in mount_points(&fs::read_to_string("/proc/thread-self/mountinfo")?, directory).into_iter().rev() {
            unmount(&point, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A volume that some process still uses is taken away all the same: it goes when that process does.
    #[test]
    fn a_volume_in_use_is_unmounted() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let volume = directory.path().join("volume");
        fs::create_dir(&volume).unwrap();
        KernelMounter.tmpfs(&volume, None).unwrap();
        let used = fs::File::create(volume.join("open")).unwrap();
        assert!(KernelMounter.is_mounted(&volume));
        let busy = unmount(&volume, UnmountFlags::NOFOLLOW);
        KernelMounter.unmount_below(directory.path()).unwrap();
        assert_eq!(busy, Err(rustix::io::Errno::BUSY));
        fs::remove_dir_all(&volume).unwrap();
        assert_eq!(used.metadata().unwrap().len(), 0);
    }

    #[test]
    fn mount_points_below_a_directory() {
        let mountinfo = "22 1 0:21 / /proc rw - proc proc rw\n\
            30 1 0:40 / /k/pods/u/volumes/a rw - tmpfs tmpfs rw\n\
            31 1 0:41 / /k/pods/u/volumes/with\\040space rw - tmpfs tmpfs rw\n\
            32 1 0:42 / /k/pods/u2 rw - tmpfs tmpfs rw\n";
        let found = mount_points(mountinfo, Path::new("/k/pods/u"));
        assert_eq!(found, [Path::new("/k/pods/u/volumes/a"), Path::new("/k/pods/u/volumes/with space")]);
    }
}
