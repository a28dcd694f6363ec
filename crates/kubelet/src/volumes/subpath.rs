//! Subpaths of volumes, opened without ever leaving the volume.
//!
//! A container may write links into its volume, and another one may mount a subpath of it: following such a link
//! would show the host. The kernel resolves the path below an open directory and refuses to leave it; what is then
//! mounted is the open file, not the path, so that nothing can be exchanged in between.

use std::{
    fs, io,
    os::fd::OwnedFd,
    path::{Component, Path},
};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, mkdirat, openat, openat2};

fn refused(sub_path: &str, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("the subpath {sub_path:?} {why}"))
}

fn check(sub_path: &str) -> io::Result<&Path> {
    let relative = Path::new(sub_path);
    if relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Ok(relative);
    }
    Err(refused(sub_path, "must be relative and must not contain '..'"))
}

fn open_root(volume: &Path) -> io::Result<OwnedFd> {
    Ok(openat(CWD, volume, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

fn resolve(root: &OwnedFd, path: &Path) -> Result<OwnedFd, rustix::io::Errno> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    openat2(root, path, flags, Mode::empty(), ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS)
}

/// Opens `sub_path` below `volume`, which must be there.
pub fn open_existing(volume: &Path, sub_path: &str) -> io::Result<OwnedFd> {
    let relative = check(sub_path)?;
    resolve(&open_root(volume)?, relative).map_err(|error| match error {
        rustix::io::Errno::XDEV => refused(sub_path, "leads out of the volume"),
        other => other.into(),
    })
}

/// Opens `sub_path` below `volume`. What does not exist is made, as directories with the permissions of the volume.
pub fn open(volume: &Path, sub_path: &str) -> io::Result<OwnedFd> {
    let relative = check(sub_path)?;
    let root = open_root(volume)?;
    let resolve = |path: &Path| resolve(&root, path);
    match resolve(relative) {
        Err(rustix::io::Errno::NOENT) => {}
        Err(rustix::io::Errno::XDEV) => return Err(refused(sub_path, "leads out of the volume")),
        opened => return Ok(opened?),
    }
    use std::os::unix::fs::PermissionsExt;
    let mode = Mode::from_raw_mode(fs::metadata(volume)?.permissions().mode() & 0o777);
    let mut known = std::path::PathBuf::new();
    for part in relative.components() {
        let parent = resolve(&known)?;
        known.push(part);
        match mkdirat(&parent, part.as_os_str(), mode) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
    resolve(relative).map_err(|error| match error {
        rustix::io::Errno::XDEV => refused(sub_path, "leads out of the volume"),
        other => other.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn escapes_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let volume = directory.path().join("volume");
        fs::create_dir_all(volume.join("inside")).unwrap();
        fs::write(directory.path().join("secret"), "host").unwrap();
        symlink("../secret", volume.join("relative")).unwrap();
        symlink("/etc", volume.join("absolute")).unwrap();
        symlink("inside", volume.join("good")).unwrap();
        for path in ["../secret", "/etc", "relative", "absolute", "absolute/passwd", "good/../../secret"] {
            assert!(open(&volume, path).is_err(), "{path}");
        }
        for path in ["inside", "good", "new/deep", "."] {
            open(&volume, path).unwrap();
        }
        assert!(volume.join("new/deep").is_dir());
    }
}
