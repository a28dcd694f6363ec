//! A disk that loses power: what was not flushed it forgets in part, sector by sector and in no order.
//!
//! It is a block device of the kernel's with a real file system on it, so that the server, the file system's journal and
//! the kernel's caches all stand between a client and the loss: a loop device over the one file of a small FUSE file
//! system ([`fuse`]), which hears of every write and of every flush. The kernel needs no more than FUSE and loop
//! devices for it, which nearly every kernel has (network block devices, ublk and dm-flakey are often left out).

mod fuse;
mod medium;

use std::{
    path::{Path, PathBuf},
    process::Command,
    thread::JoinHandle,
};

use anyhow::{Context, bail};
use rustix::mount::{UnmountFlags, unmount};

pub use self::medium::Lost;
use self::{fuse::Served, medium::Medium};

/// Large enough for a control plane's files, small enough to be held in memory twice.
const SIZE_BYTES: usize = 192 << 20;

/// A disk with a file system on it that is mounted; both end with this value.
pub struct Device {
    medium: Medium,
    /// The file that is the disk.
    file: PathBuf,
    /// Where the file system on it is.
    directory: PathBuf,
    /// What serves the file.
    served: Option<JoinHandle<std::io::Result<()>>>,
}

impl Device {
    /// Makes a new disk with an empty ext4, and mounts it: all below `parent`.
    ///
    /// # Errors
    /// Something of what it takes is not there: root's rights, `/dev/fuse`, loop devices, `mkfs.ext4`, `mount`.
    pub fn make(parent: &Path) -> anyhow::Result<Device> {
        let (file, directory) = (parent.join("disk"), parent.join("mounted"));
        std::fs::File::create(&file).with_context(|| format!("cannot make {}", file.display()))?;
        std::fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
        let mut device = Device { medium: Medium::new(SIZE_BYTES), file, directory, served: None };
        device.serve()?;
        // All of it now, so that nothing but the load writes later.
        let options = ["-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0"];
        run(Command::new("mkfs.ext4").args(options).arg(&device.file))?;
        device.mount()?;
        Ok(device)
    }

    /// The root of the file system.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// From now on nothing reaches the disk, and nothing comes from it: the power is gone.
    pub fn fail(&self) {
        self.medium.fail();
    }

    /// Brings the power back after [`Device::fail`], when nobody uses the file system any more: a part of what was not
    /// flushed is lost, the kernel has forgotten what it knew of the disk, and the file system is mounted anew, which
    /// replays its journal. Tells how much was lost.
    ///
    /// # Errors
    /// The file system is in use, or cannot be mounted again.
    pub fn restore(&mut self) -> anyhow::Result<Lost> {
        self.unmount()?;
        let lost = self.medium.restore();
        self.serve()?;
        self.mount()?;
        Ok(lost)
    }

    fn serve(&mut self) -> anyhow::Result<()> {
        let served = Served::mount(&self.file, self.medium.clone())
            .with_context(|| format!("cannot mount a FUSE file system at {}", self.file.display()))?;
        self.served = Some(std::thread::spawn(move || served.run()));
        Ok(())
    }

    fn mount(&self) -> anyhow::Result<()> {
        // `mount` makes the loop device, which goes by itself when it is no longer mounted.
        run(Command::new("mount").args(["-t", "ext4", "-o", "loop"]).arg(&self.file).arg(&self.directory))
    }

    fn unmount(&mut self) -> anyhow::Result<()> {
        unmount(&self.directory, UnmountFlags::empty())
            .with_context(|| format!("cannot unmount {}", self.directory.display()))?;
        self.stop_serving()
    }

    fn stop_serving(&mut self) -> anyhow::Result<()> {
        let Some(served) = self.served.take() else { return Ok(()) };
        // The kernel may still be about to take the loop device down; what it holds ends then.
        unmount(&self.file, UnmountFlags::DETACH).with_context(|| format!("cannot unmount {}", self.file.display()))?;
        match served.join() {
            Ok(ended) => ended.with_context(|| format!("serving {} failed", self.file.display())),
            Err(_) => bail!("serving {} panicked", self.file.display()),
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = unmount(&self.directory, UnmountFlags::DETACH);
        let _ = self.stop_serving();
    }
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        io::{Read, Write},
    };

    use super::*;

    /// Root's rights, FUSE and loop devices are needed, as the tests of pods need them.
    #[test]
    fn what_is_synced_outlives_the_power_and_the_rest_may_not() {
        let parent = tempfile::tempdir().unwrap();
        let mut device = Device::make(parent.path()).unwrap();
        let mut lost = 0;
        for round in 0..4_u8 {
            let path = |name: &str| device.directory().join(format!("{name}-{round}"));
            let contents = vec![round + 1; 40_000];
            let mut synced = File::create(path("synced")).unwrap();
            synced.write_all(&contents).unwrap();
            synced.sync_all().unwrap();
            File::open(device.directory()).unwrap().sync_all().unwrap();
            // Its name is durable and its contents are not.
            let mut unsynced = File::create(path("unsynced")).unwrap();
            unsynced.sync_all().unwrap();
            unsynced.write_all(&contents).unwrap();
            drop((synced, unsynced));
            let (synced, unsynced) = (path("synced"), path("unsynced"));
            device.fail();
            assert!(
                File::create(path("late"))
                    .and_then(|mut file| {
                        file.write_all(b"x")?;
                        file.sync_all()
                    })
                    .is_err()
            );
            device.restore().unwrap();
            let read = |path: &Path| {
                let mut contents = Vec::new();
                File::open(path).unwrap().read_to_end(&mut contents).unwrap();
                contents
            };
            assert!(read(&synced) == contents);
            lost += u32::from(read(&unsynced) != contents);
        }
        assert_eq!(lost, 4, "nothing had the kernel write what was not synced");
    }
}
