//! This program's own binary, in a form that a container cannot write.
//!
//! A process inside a container can reach the file that a joining process runs from (`/proc/PID/exe`), and a container
//! with enough privileges could overwrite it on the host. Therefore shims, and so all their inits, run from a clone of
//! the binary's mount that is read-only and attached nowhere. Where no mount can be cloned, a sealed copy in memory
//! does.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{CWD, MemfdFlags, Mode, OFlags, SealFlags};
use rustix::mount::{OpenTreeFlags, open_tree};

use crate::sys::{MountAttributes, mount_set_attributes};

/// See the module.
pub(crate) struct Executable(OwnedFd);

impl Executable {
    pub(crate) fn of_this_process() -> io::Result<Self> {
        let own = std::env::current_exe()?;
        match clone_mount(&own) {
            Ok(executable) => Ok(Self(executable)),
            Err(error) => {
                tracing::warn!(%error, "the binary's mount cannot be cloned; shims run from a copy in memory");
                Ok(Self(copy_to_memory()?))
            }
        }
    }

    /// A path that leads to it in a child until that child execs.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }
}

fn clone_mount(path: &std::path::Path) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let mount = open_tree(CWD, path, flags)?;
    let attributes = MountAttributes { set: libc::MOUNT_ATTR_RDONLY, ..Default::default() };
    mount_set_attributes(mount.as_fd(), attributes, false)?;
    Ok(mount)
}

fn copy_to_memory() -> io::Result<OwnedFd> {
    let memory = rustix::fs::memfd_create("sagong", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut copy = File::from(memory);
    io::copy(&mut File::open("/proc/self/exe")?, &mut copy)?;
    rustix::fs::fcntl_add_seals(&copy, SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE)?;
    // Only a descriptor without write access can be executed.
    let path = format!("/proc/self/fd/{}", copy.as_raw_fd());
    Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
}
