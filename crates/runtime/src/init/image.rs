//! Image volumes: layers of an image, read-only, without a place of their own for changes.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, fsconfig_create,
    fsconfig_set_string, fsmount, fsopen, move_mount, open_tree, unmount,
};

use super::directory::Root;
use super::{Failure, Step};
use crate::spec::ImageMountSpec;

/// Makes a mount of the image, or of what stands at its path, attached nowhere.
pub(super) fn open(image: &ImageMountSpec, destination: &str) -> Result<OwnedFd, Failure> {
    let open = || -> io::Result<OwnedFd> {
        let whole = mount_layers(&image.layers)?;
        if image.sub_path.is_empty() {
            return Ok(whole);
        }
        // A part of a mount can be had only of one that is attached; this namespace shows nobody the place.
        let place = image.scratch.as_str();
        move_mount(&whole, "", rustix::fs::CWD, place, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
        let part = Root::open(Path::new(place)).and_then(|root| {
            let found = root.find(Path::new(&image.sub_path))?;
            let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
            Ok(open_tree(&found, "", flags | OpenTreeFlags::AT_EMPTY_PATH)?)
        });
        unmount(place, UnmountFlags::DETACH)?;
        part
    };
    open().step(|| format!("error mounting image volume to rootfs at {destination:?}"))
}

fn mount_layers(layers: &[String]) -> io::Result<OwnedFd> {
    let readonly = MountAttrFlags::MOUNT_ATTR_RDONLY;
    if let [only] = layers {
        // An overlay takes two directories at least.
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        let tree = open_tree(rustix::fs::CWD, only.as_str(), flags)?;
        let attributes = crate::sys::MountAttributes { set: libc::MOUNT_ATTR_RDONLY, ..Default::default() };
        crate::sys::mount_set_attributes(std::os::fd::AsFd::as_fd(&tree), attributes, false)?;
        return Ok(tree);
    }
    let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&context, "source", "overlay")?;
    let by_layer = layers.iter().try_for_each(|layer| fsconfig_set_string(&context, "lowerdir+", layer.as_str()));
    if let Err(rustix::io::Errno::INVAL) = by_layer {
        // Older kernels take all layers in one option.
        fsconfig_set_string(&context, "lowerdir", layers.join(":"))?;
    } else {
        by_layer?;
    }
    fsconfig_create(&context)?;
    Ok(fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, readonly)?)
}
