//! What is left of a sandbox whose making was interrupted.
//!
//! Its shim may be anywhere between the fork and its first request, and may not listen yet. What leads to it from the
//! first moment is its log: that is open in it, and locked since before it was.

use std::fs;
use std::io;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::error::{Context, blocking};
use crate::records::SandboxRecord;
use crate::runtime::Inner;
use crate::sandbox::{SHIM_LOG, unmount_all};
use crate::{cgroups, sys};

/// Clears it away; without a record nothing but the directory was made. The network part clears away what it has of
/// sandboxes that are not known ([`crate::Runtime::sandboxes`]).
pub(crate) async fn discard(directory: &Path, inner: &Inner, record: Option<&SandboxRecord>) {
    let log = directory.join(SHIM_LOG);
    if let Err(error) = blocking(move || end_shim(&log).context(|| "end the shim".to_owned())).await {
        tracing::warn!(%error, directory = %directory.display(), "a lost sandbox's shim remains");
    }
    unmount_all(directory);
    if let Some(record) = record {
        let mut groups = inner.cgroups.directories(&record.init_cgroup());
        if record.owns_cgroup_parent {
            groups.extend(inner.cgroups.directories(&record.cgroup_parent));
        }
        let removed = blocking(move || cgroups::remove(&groups).context(|| "remove cgroups".to_owned())).await;
        if let Err(error) = removed {
            tracing::warn!(%error, sandbox = record.id, "the cgroups of a lost sandbox remain");
        }
        inner.give_back_parent(record);
    }
    if let Err(error) = fs::remove_dir_all(directory) {
        tracing::warn!(%error, directory = %directory.display(), "a lost sandbox's directory remains");
    }
}

/// Kills the shim whose log this is, and returns when it has gone.
pub(crate) fn end_shim(log: &Path) -> io::Result<()> {
    let file = match fs::File::open(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    let path = fs::canonicalize(log)?;
    while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        let pid = |entry: fs::DirEntry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?);
        for pid in fs::read_dir("/proc")?.flatten().filter_map(pid) {
            let is_shim = || fs::read_link(format!("/proc/{}/fd/2", pid.as_raw_pid())).is_ok_and(|open| open == path);
            if pid == rustix::process::getpid() || !is_shim() {
                continue;
            }
            let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
            // The number may be somebody else's by now, unless it is still so with the process held.
            if is_shim() {
                let _ = sys::send_signal(std::os::fd::AsFd::as_fd(&process), libc::SIGKILL);
                while let Err(rustix::io::Errno::INTR) = poll(&mut [PollFd::new(&process, PollFlags::IN)], None) {}
            }
        }
    }
    Ok(())
}
