//! How an etcd cluster is reached: the flags that `sagong up` and `sagong store etcd` have alike.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use etcd::{Access, Credentials, Endpoint};

/// The way to an etcd cluster.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct EtcdOptions {
    /// The members of the etcd cluster, as SCHEME://HOST:PORT with commas between.
    #[arg(long, global = true, value_name = "URLS", value_delimiter = ',')]
    pub(crate) etcd_servers: Vec<String>,
    /// The authority whose certificates etcd's members show.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) etcd_cafile: Option<PathBuf>,
    /// The certificate that is shown to etcd.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) etcd_certfile: Option<PathBuf>,
    /// Its key.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) etcd_keyfile: Option<PathBuf>,
    /// The user, where etcd's authentication is on.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) etcd_username: Option<String>,
    /// The file that holds that user's password.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) etcd_password_file: Option<PathBuf>,
}

fn read(flag: &str, path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{flag}: cannot read {}", path.display()))
}

impl EtcdOptions {
    /// The flags that are given.
    pub(crate) fn given(&self) -> impl Iterator<Item = &'static str> {
        let flags = [
            ("--etcd-servers", !self.etcd_servers.is_empty()),
            ("--etcd-cafile", self.etcd_cafile.is_some()),
            ("--etcd-certfile", self.etcd_certfile.is_some()),
            ("--etcd-keyfile", self.etcd_keyfile.is_some()),
            ("--etcd-username", self.etcd_username.is_some()),
            ("--etcd-password-file", self.etcd_password_file.is_some()),
        ];
        flags.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag)
    }

    /// How to reach etcd.
    ///
    /// # Errors
    /// Flags that do not fit, files that cannot be read.
    pub(crate) fn access(&self) -> anyhow::Result<Access> {
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
