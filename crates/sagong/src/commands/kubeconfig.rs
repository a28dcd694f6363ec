//! `sagong kubeconfig`: the administrator's kubeconfig.

use std::path::PathBuf;

use anyhow::{Context, ensure};

use crate::{directories::Directories, identity::Identity};

/// Print the administrator's kubeconfig, or write it to a file.
///
/// Example: `sagong kubeconfig --server https://node-1:6443 --output ~/.kube/config`
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// The data directory of a server that has been started once.
    #[arg(long, default_value = "/var/lib/sagong")]
    data_dir: PathBuf,
    /// The URL of the API as clients will reach it; without it the server's own loopback address.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// The file to write; without it the kubeconfig is printed.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let text = kubeconfig(options)?;
    match &options.output {
        Some(path) => Ok(pki::write_private(path, text.as_bytes())?),
        None => {
            print!("{text}");
            Ok(())
        }
    }
}

fn kubeconfig(options: &Options) -> anyhow::Result<String> {
    let place = options.data_dir.join("admin.kubeconfig");
    let hint = || {
        format!("{} has no cluster that you may read: start one with sagong up --data-dir", options.data_dir.display())
    };
    let kept = std::fs::read_to_string(&place).with_context(hint)?;
    let Some(server) = &options.server else { return Ok(kept) };
    ensure!(server.starts_with("https://"), "--server {server:?} is no https:// URL");
    // A certificate of its own: the cluster's authority lies beside the kubeconfig.
    Identity::open(&Directories::look(&options.data_dir)?)?.admin_kubeconfig(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_can_be_named_otherwise() {
        let directory = tempfile::tempdir().unwrap();
        let options = |server: Option<&str>| Options {
            data_dir: directory.path().to_owned(),
            server: server.map(str::to_owned),
            output: None,
        };
        assert!(kubeconfig(&options(None)).unwrap_err().to_string().contains("sagong up"));
        std::fs::write(directory.path().join("admin.kubeconfig"), "kept").unwrap();
        assert_eq!(kubeconfig(&options(None)).unwrap(), "kept");
        assert!(kubeconfig(&options(Some("https://a:1"))).unwrap().contains("https://a:1"));
        assert!(kubeconfig(&options(Some("a:1"))).is_err());
    }
}
