//! Where the cluster's objects are kept, and how: the flags of `sagong up` that are about the store.

use std::{net::Ipv4Addr, sync::Arc};

use anyhow::{Context, bail};
use etcd::Access;

use crate::{
    directories::Directories,
    embedded_options::EmbeddedOptions,
    etcd_member::{EtcdMember, MemberOptions},
    etcd_options::EtcdOptions,
    identity::Identity,
    scheduled_backups::BackupFlags,
    server_join::JoinOptions,
    server_keys,
};

/// Under this prefix every object is kept; upstream's default.
const PREFIX: &str = "/registry";

/// What keeps the cluster's objects.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Files in the data directory.
    #[default]
    Embedded,
    /// An etcd cluster, which upstream's API servers may share.
    Etcd,
}

/// The flags about the store.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Store")]
pub(crate) struct StoreOptions {
    #[command(flatten)]
    pub(crate) backups: BackupFlags,
    #[command(flatten)]
    embedded: EmbeddedOptions,
    /// What keeps the cluster's objects.
    #[arg(long, value_enum, default_value_t)]
    store: Kind,
    #[command(flatten)]
    etcd: EtcdOptions,
    #[command(flatten)]
    member: MemberOptions,
    #[command(flatten)]
    join: JoinOptions,
    /// The prefix of all keys in etcd; no other than upstream's default yet.
    #[arg(long, default_value = PREFIX)]
    etcd_prefix: String,
    /// Take this server's keys for those of all servers on this etcd from now on: once, after the files in the folder
    /// pki were replaced on every server, while none of them runs.
    #[arg(long)]
    rotate_server_keys: bool,
}

impl StoreOptions {
    /// Gets the cluster's keys from another server, if one is named, and starts this server's own member of etcd, if it
    /// has one.
    pub(crate) async fn start_member(
        &self,
        directories: &Directories,
        address: Ipv4Addr,
        host_name: &str,
    ) -> anyhow::Result<Option<EtcdMember>> {
        if self.join.is_given() && !self.is_shared() {
            bail!("--join is about servers that have one etcd: give --join-etcd as well, or --store etcd");
        }
        let members = self.join.fetch(directories, self.member.must_join(directories)).await?;
        if !self.member.is_wanted() {
            return Ok(None);
        }
        if let Some(flag) = self.etcd.given().next() {
            bail!(
                "{flag} is about an etcd that others run, and --join-etcd about one of this server's own: give one of them"
            );
        }
        if let Some(flag) = self.embedded.given() {
            bail!("{flag} is about the embedded store: it says nothing to etcd");
        }
        self.member.start(directories, address, host_name, &members).await.map(Some)
    }

    /// Opens the store that the flags name; `member` is of [`StoreOptions::start_member`].
    pub(crate) async fn open(
        &self,
        directories: &Directories,
        member: Option<&EtcdMember>,
    ) -> anyhow::Result<Arc<dyn store::Engine>> {
        let note = directories.etcd_note();
        if let Some(member) = member {
            return Ok(member.open().await?);
        }
        if self.store == Kind::Etcd {
            if let Some(flag) = self.embedded.given() {
                bail!("{flag} is about the embedded store: it says nothing to etcd");
            }
            let access = self.access()?;
            let engine = etcd::open(access, etcd::Options::default()).await.context("cannot use etcd")?;
            let servers = self.etcd.etcd_servers.join(",");
            std::fs::write(&note, format!("{servers}\n"))
                .with_context(|| format!("cannot write {}", note.display()))?;
            return Ok(engine);
        }
        if let Some(flag) = self.flags_of_etcd().first() {
            bail!("{flag} is about etcd: give --store etcd as well");
        }
        if let Ok(servers) = std::fs::read_to_string(&note) {
            bail!(
                "this cluster's objects are in etcd ({}): give --store etcd and --etcd-servers again, or \
                 --join-etcd; or remove {} to begin with an empty store",
                servers.trim(),
                note.display()
            );
        }
        let place = directories.store();
        let engine = store::embedded::open(&place, self.embedded.engine_options()?);
        let advice = match &engine {
            Err(error) if error.is_damage() => {
                "; `sagong store verify --repair` says what is damaged and what can be saved, or restore a backup"
            }
            _ => "",
        };
        Ok(engine.with_context(|| format!("cannot open the store in {}{advice}", place.display()))?)
    }

    /// The cluster's keys: those that other servers have, where they may have the same store.
    pub(crate) async fn identity(
        &self,
        engine: &dyn store::Engine,
        directories: &Directories,
    ) -> anyhow::Result<Identity> {
        match self.is_shared() {
            true => server_keys::open(engine, directories, self.rotate_server_keys).await,
            false => Identity::open(directories),
        }
    }

    /// Whether other servers may have the same store.
    pub(crate) fn is_shared(&self) -> bool {
        self.store == Kind::Etcd || self.member.is_wanted()
    }

    /// Whether this server alone sees to it that history is forgotten; etcd's servers share the job.
    pub(crate) fn is_compacted_here(&self) -> bool {
        !self.is_shared()
    }

    fn flags_of_etcd(&self) -> Vec<&'static str> {
        self.etcd.given().chain(self.rotate_server_keys.then_some("--rotate-server-keys")).collect()
    }

    /// How to reach etcd.
    fn access(&self) -> anyhow::Result<Access> {
        if self.etcd.etcd_servers.is_empty() {
            bail!("--store etcd needs --etcd-servers, for example https://10.0.0.1:2379,https://10.0.0.2:2379");
        }
        if self.etcd_prefix.trim_end_matches('/') != PREFIX {
            bail!("--etcd-prefix {:?}: no other prefix than {PREFIX} is supported yet", self.etcd_prefix);
        }
        self.etcd.access()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn refusal(options: StoreOptions) -> String {
        let prefix = if options.etcd_prefix.is_empty() { PREFIX.to_owned() } else { options.etcd_prefix.clone() };
        format!("{:#}", StoreOptions { etcd_prefix: prefix, ..options }.access().err().unwrap())
    }

    #[test]
    fn flags_that_do_not_fit_are_named() {
        let servers = |text: &str| EtcdOptions { etcd_servers: vec![text.to_owned()], ..EtcdOptions::default() };
        let of = |etcd: EtcdOptions| refusal(StoreOptions { etcd, ..StoreOptions::default() });
        let file = || Some(PathBuf::from("/nowhere"));
        assert!(refusal(StoreOptions::default()).contains("needs --etcd-servers"));
        assert!(of(servers("10.0.0.1:2379")).starts_with("--etcd-servers: \"10.0.0.1:2379\" is no endpoint"));
        assert!(of(servers("https://a:2379")).contains("need --etcd-cafile"));
        let etcd = servers("http://a:2379");
        let other = StoreOptions { etcd_prefix: "/other".to_owned(), etcd, ..StoreOptions::default() };
        assert!(refusal(other).contains("--etcd-prefix \"/other\""));
        let half = EtcdOptions { etcd_certfile: file(), ..servers("https://a:2379") };
        assert!(of(half).contains("belong together"));
        let half = EtcdOptions { etcd_username: Some("root".to_owned()), ..servers("http://a:2379") };
        assert!(of(half).contains("--etcd-password-file belong together"));
        let missing = EtcdOptions { etcd_cafile: file(), ..servers("https://a:2379") };
        assert!(of(missing).starts_with("--etcd-cafile: cannot read /nowhere"));
    }

    #[tokio::test]
    async fn a_server_does_not_begin_anew_beside_its_etcd() {
        let root = tempfile::tempdir().unwrap();
        let directories = Directories::open(root.path()).unwrap();
        let etcd = EtcdOptions { etcd_servers: vec!["http://a:1".to_owned()], ..EtcdOptions::default() };
        let options = StoreOptions { etcd, ..StoreOptions::default() };
        let refused = options.open(&directories, None).await.err().unwrap().to_string();
        assert_eq!(refused, "--etcd-servers is about etcd: give --store etcd as well");
        let archived = StoreOptions {
            store: Kind::Etcd,
            embedded: EmbeddedOptions { log_archive: Some("/a".into()), ..EmbeddedOptions::default() },
            ..options
        };
        let refused = archived.open(&directories, None).await.err().unwrap().to_string();
        assert_eq!(refused, "--log-archive is about the embedded store: it says nothing to etcd");
        std::fs::write(directories.etcd_note(), "http://a:2379\n").unwrap();
        let refused = StoreOptions::default().open(&directories, None).await.err().unwrap().to_string();
        assert!(refused.starts_with("this cluster's objects are in etcd (http://a:2379)"), "{refused}");
    }
}
