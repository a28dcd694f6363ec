//! A container's main process: its file systems, then its program.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, statat};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, OpenTreeFlags, open_tree};

use super::directory::{Root, attach};
use super::{Failure, Never, Reports, Step, devices, image, process, root, terminal};
use crate::spec::{CgroupView, ContainerSpec, MountSpec, Propagation};
use crate::sys::{self, MountAttributes, mount_set_attributes};

const NOT_FOR_PROGRAMS: MountAttrFlags =
    MountAttrFlags::MOUNT_ATTR_NOSUID.union(MountAttrFlags::MOUNT_ATTR_NODEV).union(MountAttrFlags::MOUNT_ATTR_NOEXEC);

/// Builds what the container sees, and runs its program.
pub(super) fn run(spec: ContainerSpec, reports: &Reports) -> Result<Never, Failure> {
    process::enter_cgroups(&spec.process)?;
    sys::unshare(libc::CLONE_NEWCGROUP).step(|| "make a cgroup namespace".to_owned())?;
    // Clones are taken before the namespace is cut off: a shared mount's clone belongs to the host's peers still.
    let binds = spec.mounts.iter().map(clone_source).collect::<Result<Vec<_>, _>>()?;
    root::make_private()?;
    root::mount_overlay(&spec.root)?;
    let root = Root::open(Path::new(&spec.root.mount_point)).step(|| "open the root".to_owned())?;
    mount_standard(&root, &spec)?;
    for (mount, bind) in spec.mounts.iter().zip(binds) {
        let bind = match (bind, &mount.image) {
            (Some(bind), _) => bind,
            (None, Some(image)) => image::open(image, &mount.destination)?,
            (None, None) => continue,
        };
        root.mount(&bind, Path::new(&mount.destination))
            .step(|| format!("error mounting {:?} to rootfs at {:?}", mount.source, mount.destination))?;
    }
    for device in &spec.devices {
        devices::add(&root, device)?;
    }
    drop(root);
    root::pivot(Path::new(&spec.root.mount_point))?;
    protect_paths(&spec)?;
    if spec.process.terminal {
        terminal::open(reports, true)?;
    }
    if spec.root.readonly {
        make_root_readonly().step(|| "make the root read-only".to_owned())?;
    }
    process::run(spec.process, reports)
}

fn clone_tree(path: &str, recursive: bool) -> io::Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    Ok(open_tree(CWD, path, flags)?)
}

/// Clones what is mounted from the host; `None` for what is made later.
fn clone_source(mount: &MountSpec) -> Result<Option<OwnedFd>, Failure> {
    if mount.image.is_some() {
        return Ok(None);
    }
    let clone = || -> io::Result<OwnedFd> {
        let tree = clone_tree(&mount.source, true)?;
        let propagation = match mount.propagation {
            Propagation::Private => libc::MS_PRIVATE,
            Propagation::HostToContainer => libc::MS_SLAVE,
            Propagation::Bidirectional => 0,
        };
        if propagation != 0 {
            mount_set_attributes(tree.as_fd(), MountAttributes { propagation, ..Default::default() }, true)?;
        }
        if mount.readonly {
            let attributes = MountAttributes { set: libc::MOUNT_ATTR_RDONLY, ..Default::default() };
            mount_set_attributes(tree.as_fd(), attributes, mount.recursive_readonly)?;
        }
        if mount.attributes != 0 {
            let attributes = MountAttributes { set: mount.attributes, ..Default::default() };
            mount_set_attributes(tree.as_fd(), attributes, false)?;
        }
        Ok(tree)
    };
    clone().map(Some).step(|| format!("error mounting {:?} to rootfs at {:?}", mount.source, mount.destination))
}

fn mount_standard(root: &Root, spec: &ContainerSpec) -> Result<(), Failure> {
    devices::mount_new(root, "proc", &[], "/proc", NOT_FOR_PROGRAMS)?;
    devices::make(root)?;
    let readonly = if spec.privileged { MountAttrFlags::empty() } else { MountAttrFlags::MOUNT_ATTR_RDONLY };
    devices::mount_new(root, "sysfs", &[], "/sys", NOT_FOR_PROGRAMS | readonly)?;
    mount_cgroups(root, &spec.cgroups, readonly)
}

fn mount_cgroups(root: &Root, view: &CgroupView, readonly: MountAttrFlags) -> Result<(), Failure> {
    if !view.version_1.is_empty() {
        let directory = NOT_FOR_PROGRAMS | MountAttrFlags::MOUNT_ATTR_RELATIME;
        devices::mount_new(root, "tmpfs", &[("mode", "755"), ("size", "64k")], "/sys/fs/cgroup", directory)?;
    }
    for (name, options) in &view.version_1 {
        let options =
            options.split(',').map(|option| option.split_once('=').unwrap_or((option, ""))).collect::<Vec<_>>();
        devices::mount_new(root, "cgroup", &options, &format!("/sys/fs/cgroup/{name}"), NOT_FOR_PROGRAMS | readonly)?;
    }
    if let Some(name) = &view.version_2 {
        let path = format!("/sys/fs/cgroup/{name}");
        devices::mount_new(root, "cgroup2", &[], path.trim_end_matches('/'), NOT_FOR_PROGRAMS | readonly)?;
    }
    if view.version_1.is_empty() || !readonly.contains(MountAttrFlags::MOUNT_ATTR_RDONLY) {
        return Ok(());
    }
    // The directory of the hierarchies was writable only to make their mount points.
    let protect = || -> io::Result<()> {
        let directory = root.find(Path::new("/sys/fs/cgroup"))?;
        let attributes = MountAttributes { set: libc::MOUNT_ATTR_RDONLY, ..Default::default() };
        mount_set_attributes(directory.as_fd(), attributes, false)
    };
    protect().step(|| "make /sys/fs/cgroup read-only".to_owned())
}

/// Hides and write-protects paths in the pivoted root; those that do not exist need neither.
fn protect_paths(spec: &ContainerSpec) -> Result<(), Failure> {
    let root = Root::open(Path::new("/")).step(|| "open the root".to_owned())?;
    for path in &spec.readonly_paths {
        match make_readonly(&root, path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => result.step(|| format!("make {path} read-only"))?,
        }
    }
    for path in &spec.masked_paths {
        match mask(&root, path) {
            Ok(()) => {}
            Err(Failure(message)) => return Err(Failure(format!("mask {path}: {message}"))),
        }
    }
    Ok(())
}

fn make_readonly(root: &Root, path: &str) -> io::Result<()> {
    let place = root.find(Path::new(path))?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE
        | OpenTreeFlags::AT_EMPTY_PATH;
    let clone = open_tree(&place, "", flags)?;
    let attributes = MountAttributes { set: libc::MOUNT_ATTR_RDONLY, ..Default::default() };
    mount_set_attributes(clone.as_fd(), attributes, true)?;
    attach(&clone, &place)
}

fn mask(root: &Root, path: &str) -> Result<(), Failure> {
    let place = match root.find(Path::new(path)) {
        Ok(place) => place,
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(()),
        Err(error) => return Err(Failure(error.to_string())),
    };
    let metadata = statat(&place, "", AtFlags::EMPTY_PATH).step(|| "look at it".to_owned())?;
    if FileType::from_raw_mode(metadata.st_mode) == FileType::Directory {
        return devices::mount_new(root, "tmpfs", &[("size", "4k")], path, MountAttrFlags::MOUNT_ATTR_RDONLY);
    }
    clone_tree("/dev/null", false).and_then(|null| attach(&null, &place)).step(|| "cover it".to_owned())
}

fn make_root_readonly() -> io::Result<()> {
    let root = rustix::fs::open("/", rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC, 0.into())?;
    let attributes = MountAttributes { set: libc::MOUNT_ATTR_RDONLY, ..Default::default() };
    mount_set_attributes(root.as_fd(), attributes, false)
}
