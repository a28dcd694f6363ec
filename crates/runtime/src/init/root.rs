//! The root file system: an overlay of the image's layers and the container's own, made in its mount namespace only.

use std::ffi::CString;
use std::io;
use std::path::Path;

use rustix::fs::CWD;
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags, MoveMountFlags, UnmountFlags,
    fsconfig_create, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, mount, mount_change, move_mount, unmount,
};

use super::{Failure, Step};
use crate::spec::RootSpec;

/// Cuts the namespace off from the host, so that nothing mounted from now on is seen there.
pub(super) fn make_private() -> Result<(), Failure> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .step(|| "make the mounts private".to_owned())
}

/// Mounts the overlay on its mount point.
pub(super) fn mount_overlay(root: &RootSpec) -> Result<(), Failure> {
    rustix::process::chdir(&*root.layers_directory).step(|| format!("enter {}", root.layers_directory))?;
    match overlay_by_layer(root, true) {
        // Older kernels take all layers in one option; some know no volatile.
        Err(Errno::INVAL) => overlay_by_option(root),
        result => result,
    }
    .step(|| format!("mount the overlay of {} layers on {}", root.lower.len(), root.mount_point))
}

/// The way without a limit of one page on the names of all layers.
fn overlay_by_layer(root: &RootSpec, volatile: bool) -> rustix::io::Result<()> {
    let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&context, "source", "overlay")?;
    for layer in &root.lower {
        fsconfig_set_string(&context, "lowerdir+", layer.as_str())?;
    }
    fsconfig_set_string(&context, "upperdir", root.upper.as_str())?;
    fsconfig_set_string(&context, "workdir", root.work.as_str())?;
    if volatile {
        // A writable layer belongs to one container and is never mounted again after a crash of the host.
        fsconfig_set_flag(&context, "volatile")?;
    }
    fsconfig_create(&context)?;
    let overlay = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())?;
    move_mount(&overlay, "", CWD, root.mount_point.as_str(), MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
}

fn overlay_by_option(root: &RootSpec) -> rustix::io::Result<()> {
    let options = |volatile: &str| {
        let lower = root.lower.join(":");
        CString::new(format!("lowerdir={lower},upperdir={},workdir={}{volatile}", root.upper, root.work))
            .map_err(|_| Errno::INVAL)
    };
    let mount_with = |options: CString| {
        mount("overlay", root.mount_point.as_str(), "overlay", MountFlags::empty(), options.as_c_str())
    };
    match mount_with(options(",volatile")?) {
        Err(Errno::INVAL) => mount_with(options("")?),
        result => result,
    }
}

/// Makes the mount point the root of this process and its namespace; the host's mounts are gone for it.
pub(super) fn pivot(mount_point: &Path) -> Result<(), Failure> {
    let pivot = || -> io::Result<()> {
        rustix::process::chdir(mount_point)?;
        rustix::process::pivot_root(".", ".")?;
        unmount(".", UnmountFlags::DETACH)?;
        Ok(rustix::process::chdir("/")?)
    };
    pivot().step(|| format!("make {} the root", mount_point.display()))
}
