//! The server under test with what it stands on: an etcd member, a disk that loses power, or neither.

use std::{path::Path, time::Duration};

use anyhow::bail;
use robustness::{
    device::{Device, Lost},
    load::{Load, Size},
    member::Member,
    server::Server,
};
use sim::Access;

use crate::{Arguments, Store};

/// The longest time for which the server stands on a dead disk before it is dead itself, in milliseconds.
const DEAD_DISK_MILLISECONDS: u64 = 20;

/// A server and what it stands on; all of it ends with this value, the server first.
pub(crate) struct Trial {
    server: Server,
    member: Option<Member>,
    device: Option<Device>,
    lost: Lost,
    is_server_dead: bool,
}

impl Trial {
    /// Starts everything; all files are below `directory`.
    pub(crate) fn start(arguments: &Arguments, directory: &Path) -> anyhow::Result<Trial> {
        if arguments.power_loss && arguments.store == Store::Etcd {
            bail!("--power-loss: etcd ends by itself when its disk is gone; this is about the server's own files");
        }
        let device = arguments.power_loss.then(|| Device::make(directory)).transpose()?;
        let files = device.as_ref().map_or(directory, Device::directory);
        let mut flags = arguments.up_flags.clone();
        let mut member = None;
        if let (Store::Etcd, Some(program)) = (arguments.store, &arguments.etcd) {
            let started = Member::start(program, files, &directory.join("etcd.log"))?;
            flags.extend(["--store=etcd".to_owned(), format!("--etcd-servers={}", started.url())]);
            member = Some(started);
        }
        if let Some(interval) = arguments.store_sync_interval {
            flags.extend(["--store-sync=interval".to_owned(), format!("--store-sync-interval={interval}ms")]);
        }
        let server = Server::start(&arguments.program, files, &directory.join("server.log"), &flags)?;
        Ok(Trial { server, member, device, lost: Lost::default(), is_server_dead: false })
    }

    /// Starts clients.
    pub(crate) async fn load(&self, size: Size) -> anyhow::Result<Load> {
        Load::start(self.accesses()?, size).await
    }

    /// How the server is reached.
    pub(crate) fn accesses(&self) -> anyhow::Result<Vec<Access>> {
        Ok(vec![Access::read(self.server.kubeconfig())?])
    }

    /// Kills the server, or the server, the member and both in turn; with the server goes the power.
    pub(crate) async fn kill(&mut self, number: u32, load: &Load) -> anyhow::Result<()> {
        let (is_member_due, is_server_due) = match (&self.member, number % 3) {
            (None, _) => (false, true),
            (Some(_), turn) => (turn != 0, turn != 1),
        };
        if let Some(device) = &self.device {
            device.fail();
            // How long they work on without it is tried: nothing must be acknowledged.
            tokio::time::sleep(Duration::from_millis(stdx::random::below(DEAD_DISK_MILLISECONDS))).await;
        }
        if is_server_due {
            load.servers_are(Vec::new());
            self.server.kill()?;
            self.is_server_dead = true;
        }
        if let Some(device) = &mut self.device {
            let lost = device.restore()?;
            self.lost.lost_sectors += lost.lost_sectors;
            self.lost.kept_sectors += lost.kept_sectors;
        }
        if let Some(member) = self.member.as_mut().filter(|_| is_member_due) {
            member.kill()?;
            member.start_again()?;
        }
        Ok(())
    }

    /// Starts the server, if it is dead.
    pub(crate) fn start_again(&mut self) -> anyhow::Result<()> {
        if std::mem::take(&mut self.is_server_dead) { self.server.start_again() } else { Ok(()) }
    }

    /// How much the disk lost in all; none where it loses nothing.
    pub(crate) fn lost(&self) -> Option<Lost> {
        self.device.as_ref().map(|_| self.lost)
    }
}
