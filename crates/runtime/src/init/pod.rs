//! The init of a process namespace that a pod's containers share: it reaps what nobody else does.
//!
//! The containers can see it, so it has nothing to see: an empty root, no capabilities, no descriptors, no variables.

use std::io;

use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags};
use rustix::mount::{fsconfig_create, fsconfig_set_string, fsmount, fsopen, move_mount};

use super::root;
use crate::sys;

/// Runs until it is killed.
pub(super) fn run() -> ! {
    if let Err(error) = isolate() {
        eprintln!("pod init: {error}");
        std::process::exit(1);
    }
    let Ok(signals) = sys::signal_descriptor(&[libc::SIGCHLD]) else { std::process::exit(1) };
    let mut polled = [rustix::event::PollFd::new(&signals, rustix::event::PollFlags::IN)];
    loop {
        while sys::reap_any_child().is_some() {}
        let mut information = [0; 128];
        while rustix::io::read(&signals, &mut information).is_ok() {}
        while sys::reap_any_child().is_some() {}
        let _ = rustix::event::poll(&mut polled, None);
    }
}

fn isolate() -> io::Result<()> {
    let private = |failure: super::Failure| io::Error::other(failure.0);
    // Without its shim a pod is over, also when that has not moved this process into a cgroup yet.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    rustix::process::setsid()?;
    rustix::thread::set_name(super::INIT_NAME)?;
    root::make_private().map_err(private)?;
    let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&context, "size", "4096")?;
    fsconfig_create(&context)?;
    let empty = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::MOUNT_ATTR_RDONLY)?;
    move_mount(&empty, "", rustix::fs::CWD, "/proc", MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
    drop(empty);
    root::pivot("/proc".as_ref()).map_err(private)?;
    for capability in 0..64 {
        if !sys::drop_bounding_capability(capability)? {
            break;
        }
    }
    sys::set_capabilities(0, 0, 0)?;
    rustix::thread::set_no_new_privs(true)?;
    Ok(())
}
