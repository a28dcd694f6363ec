//! A terminal of the container's own: made in its `/dev/pts`, its master given to the shim.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags};
use rustix::pty::OpenptFlags;

use super::directory::Root;
use super::{Failure, Reports, Step};

/// Device number of `/dev/ptmx`.
const PTMX: (u32, u32) = (5, 2);

/// Makes a terminal the controlling one of this session and all three standard streams. For a container's main
/// process, it becomes `/dev/console`, too.
pub(super) fn open(reports: &Reports, console: bool) -> Result<(), Failure> {
    let open = || -> io::Result<()> {
        let master = rustix::fs::open("/dev/pts/ptmx", OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        let device = rustix::fs::fstat(&master)?;
        let number = (rustix::fs::major(device.st_rdev), rustix::fs::minor(device.st_rdev));
        if FileType::from_raw_mode(device.st_mode) != FileType::CharacterDevice || number != PTMX {
            return Err(io::Error::other("/dev/pts/ptmx is no terminal multiplexer"));
        }
        rustix::pty::unlockpt(&master)?;
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let terminal = rustix::pty::ioctl_tiocgptpeer(&master, flags)?;
        if console {
            mount_console(&master)?;
        }
        rustix::process::ioctl_tiocsctty(&terminal)?;
        rustix::stdio::dup2_stdin(&terminal)?;
        rustix::stdio::dup2_stdout(&terminal)?;
        rustix::stdio::dup2_stderr(&terminal)?;
        reports.terminal(&master);
        Ok(())
    };
    open().step(|| "open a terminal".to_owned())
}

fn mount_console(master: &OwnedFd) -> io::Result<()> {
    let name = rustix::pty::ptsname(master, Vec::new())?;
    let name = name.to_str().map_err(io::Error::other)?;
    let flags = rustix::mount::OpenTreeFlags::OPEN_TREE_CLONE | rustix::mount::OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let mount = rustix::mount::open_tree(rustix::fs::CWD, name, flags)?;
    Root::open(Path::new("/"))?.mount(&mount, Path::new("/dev/console"))
}
