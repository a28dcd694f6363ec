//! Where the cluster's objects are kept, and how: the flags of `sagong up` that are about the store.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use etcd::{Access, Credentials, Endpoint};

use crate::{directories::Directories, embedded_options::EmbeddedOptions, scheduled_backups::BackupFlags};

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
    /// The members of the etcd cluster, as SCHEME://HOST:PORT with commas between.
    #[arg(long, value_name = "URLS", value_delimiter = ',')]
    etcd_servers: Vec<String>,
    /// The authority whose certificates etcd's members show.
    #[arg(long, value_name = "FILE")]
    etcd_cafile: Option<PathBuf>,
    /// The certificate that is shown to etcd.
    #[arg(long, value_name = "FILE")]
    etcd_certfile: Option<PathBuf>,
    /// Its key.
    #[arg(long, value_name = "FILE")]
    etcd_keyfile: Option<PathBuf>,
    /// The prefix of all keys in etcd; no other than upstream's default yet.
    #[arg(long, default_value = PREFIX)]
    etcd_prefix: String,
    /// The user, where etcd's authentication is on.
    #[arg(long, value_name = "NAME")]
    etcd_username: Option<String>,
    /// The file that holds that user's password.
    #[arg(long, value_name = "FILE")]
    etcd_password_file: Option<PathBuf>,
}

fn read(flag: &str, path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{flag}: cannot read {}", path.display()))
}

impl StoreOptions {
    /// Opens the store that the flags name.
    pub(crate) async fn open(&self, directories: &Directories) -> anyhow::Result<Arc<dyn store::Engine>> {
        let note = directories.etcd_note();
        if self.store == Kind::Etcd {
            if let Some(flag) = self.embedded.given() {
                bail!("{flag} is about the embedded store: it says nothing to etcd");
            }
            let access = self.access()?;
            let engine = etcd::open(access, etcd::Options::default()).await.context("cannot use etcd")?;
            let servers = self.etcd_servers.join(",");
            std::fs::write(&note, format!("{servers}\n"))
                .with_context(|| format!("cannot write {}", note.display()))?;
            return Ok(engine);
        }
        if let Some(flag) = self.flags_of_etcd().first() {
            bail!("{flag} is about etcd: give --store etcd as well");
        }
        if let Ok(servers) = std::fs::read_to_string(&note) {
            bail!(
                "this cluster's objects are in etcd ({}): give --store etcd and --etcd-servers again, or remove {} to \
                 begin with an empty store",
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

    /// Whether other servers may have the same store.
    pub(crate) fn is_shared(&self) -> bool {
        self.store == Kind::Etcd
    }

    /// Whether this server alone sees to it that history is forgotten; etcd's servers share the job.
    pub(crate) fn is_compacted_here(&self) -> bool {
        self.store == Kind::Embedded
    }

    fn flags_of_etcd(&self) -> Vec<&'static str> {
        let given = [
            ("--etcd-servers", !self.etcd_servers.is_empty()),
            ("--etcd-cafile", self.etcd_cafile.is_some()),
            ("--etcd-certfile", self.etcd_certfile.is_some()),
            ("--etcd-keyfile", self.etcd_keyfile.is_some()),
            ("--etcd-username", self.etcd_username.is_some()),
            ("--etcd-password-file", self.etcd_password_file.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
    }

    /// How to reach etcd.
    fn access(&self) -> anyhow::Result<Access> {
        if self.etcd_servers.is_empty() {
            bail!("--store etcd needs --etcd-servers, for example https://10.0.0.1:2379,https://10.0.0.2:2379");
        }
        if self.etcd_prefix.trim_end_matches('/') != PREFIX {
            bail!("--etcd-prefix {:?}: no other prefix than {PREFIX} is supported yet", self.etcd_prefix);
        }
        let endpoints: Vec<Endpoint> = self
            .etcd_servers
            .iter()
            .map(|text| Endpoint::parse(text.trim()))
            .collect::<Result<_, _>>()
            .context("--etcd-servers")?;
        let is_tls = endpoints.iter().any(Endpoint::is_tls);
        let credential = match (&self.etcd_certfile, &self.etcd_keyfile) {
            (Some(certificate), Some(key)) => {
                Some((read("--etcd-certfile", certificate)?, read("--etcd-keyfile", key)?))
            }
            (None, None) => None,
            _ => bail!("--etcd-certfile and --etcd-keyfile belong together: give both or none"),
        };
        let tls = match &self.etcd_cafile {
            Some(authority) => {
                let authority = read("--etcd-cafile", authority)?;
                let shown = credential.as_ref().map(|(certificate, key)| (certificate.as_str(), key.as_str()));
                let config = pki::tls::client_config(&authority, shown);
                Some(config.context("--etcd-cafile, --etcd-certfile, --etcd-keyfile")?)
            }
            None if is_tls => bail!("https endpoints need --etcd-cafile: the authority of etcd's certificates"),
            None if credential.is_some() => bail!("--etcd-certfile needs --etcd-cafile, and https endpoints"),
            None => None,
        };
        let credentials = match (&self.etcd_username, &self.etcd_password_file) {
            (Some(name), Some(file)) => {
                let password = read("--etcd-password-file", file)?.trim_end_matches(['\r', '\n']).to_owned();
                Some(Credentials { name: name.clone(), password })
            }
            (None, None) => None,
            _ => bail!("--etcd-username and --etcd-password-file belong together: give both or none"),
        };
        Ok(Access { endpoints, tls, credentials })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(options: StoreOptions) -> String {
        let prefix = if options.etcd_prefix.is_empty() { PREFIX.to_owned() } else { options.etcd_prefix.clone() };
        format!("{:#}", StoreOptions { etcd_prefix: prefix, ..options }.access().err().unwrap())
    }

    #[test]
    fn flags_that_do_not_fit_are_named() {
        let servers = |text: &str| StoreOptions { etcd_servers: vec![text.to_owned()], ..StoreOptions::default() };
        let file = || Some(PathBuf::from("/nowhere"));
        assert!(refusal(StoreOptions::default()).contains("needs --etcd-servers"));
        assert!(refusal(servers("10.0.0.1:2379")).starts_with("--etcd-servers: \"10.0.0.1:2379\" is no endpoint"));
        assert!(refusal(servers("https://a:2379")).contains("need --etcd-cafile"));
        let other = StoreOptions { etcd_prefix: "/other".to_owned(), ..servers("http://a:2379") };
        assert!(refusal(other).contains("--etcd-prefix \"/other\""));
        let half = StoreOptions { etcd_certfile: file(), ..servers("https://a:2379") };
        assert!(refusal(half).contains("belong together"));
        let half = StoreOptions { etcd_username: Some("root".to_owned()), ..servers("http://a:2379") };
        assert!(refusal(half).contains("--etcd-password-file belong together"));
        let missing = StoreOptions { etcd_cafile: file(), ..servers("https://a:2379") };
        assert!(refusal(missing).starts_with("--etcd-cafile: cannot read /nowhere"));
    }

    #[tokio::test]
    async fn a_server_does_not_begin_anew_beside_its_etcd() {
        let root = tempfile::tempdir().unwrap();
        let directories = Directories::open(root.path()).unwrap();
        let options = StoreOptions { etcd_servers: vec!["http://a:1".to_owned()], ..StoreOptions::default() };
        let refused = options.open(&directories).await.err().unwrap().to_string();
        assert_eq!(refused, "--etcd-servers is about etcd: give --store etcd as well");
        let archived = StoreOptions {
            store: Kind::Etcd,
            embedded: EmbeddedOptions { log_archive: Some("/a".into()), ..EmbeddedOptions::default() },
            ..options
        };
        let refused = archived.open(&directories).await.err().unwrap().to_string();
        assert_eq!(refused, "--log-archive is about the embedded store: it says nothing to etcd");
        std::fs::write(directories.etcd_note(), "http://a:2379\n").unwrap();
        let refused = StoreOptions::default().open(&directories).await.err().unwrap().to_string();
        assert!(refused.starts_with("this cluster's objects are in etcd (http://a:2379)"), "{refused}");
    }
}
