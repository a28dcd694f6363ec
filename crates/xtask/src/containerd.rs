//! containerd in a node's namespaces, configured as upstream's nodes have it.

use std::{path::Path, path::PathBuf, process::Command};

use testkit::{Cluster, LABORATORY};

use crate::images::{binaries, reference::Parts};

const CONFIGURATION: &str = include_str!("../../../conformance/upstream/containerd.toml");
const NETWORK: &str = include_str!("../../../conformance/upstream/pods.conflist");
/// Where a node's containerd takes calls.
pub(crate) const SOCKET: &str = "/run/containerd/containerd.sock";

/// The programs of upstream's nodes, and what they need around them.
pub(crate) struct Programs {
    parts: Parts,
    folder: PathBuf,
}

impl Programs {
    /// Those that were built, with the parts beside them.
    ///
    /// # Errors
    /// When there is no place for them.
    pub(crate) fn new(parts: Parts) -> anyhow::Result<Programs> {
        Ok(Programs { parts, folder: binaries::cache()?.join("bin") })
    }

    /// An archive of CoreDNS.
    pub(crate) fn images(&self) -> &Path {
        &self.parts.images
    }

    /// A program in a node, which finds the others.
    pub(crate) fn command(&self, cluster: &Cluster, index: usize, program: &str) -> Command {
        let mut command = cluster.daemon(index, &self.folder.join(program));
        let (tools, own) = (self.parts.programs.display(), self.folder.display());
        command.env("PATH", format!("{tools}:{own}:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"));
        command.env("LD_LIBRARY_PATH", &self.parts.libraries);
        command.env("XTABLES_LIBDIR", self.parts.tree.join("usr/lib/x86_64-linux-gnu/xtables"));
        command
    }

    /// containerd, whose pods have addresses of `pods`; the registries' mirror is at `registry_port`.
    ///
    /// # Errors
    /// When its configuration cannot be written.
    pub(crate) fn containerd(
        &self,
        cluster: &Cluster,
        index: usize,
        pods: &str,
        registry_port: Option<u16>,
    ) -> anyhow::Result<Command> {
        let opt = cluster.node_root(index).join("opt");
        std::fs::create_dir_all(opt.join("cni"))?;
        std::fs::write(opt.join("cni/10-pods.conflist"), NETWORK.replace("{pods}", pods))?;
        let configuration = CONFIGURATION.replace("{tools}", &self.parts.tree.display().to_string());
        std::fs::write(opt.join("containerd.toml"), configuration)?;
        if let Some(port) = registry_port {
            write_mirror(&opt.join("certs.d"), port)?;
        }
        let mut command = self.command(cluster, index, "containerd");
        command.args(["--config", "/opt/containerd.toml"]);
        Ok(command)
    }
}

/// Says in containerd's way that every registry has its mirror in the laboratory.
///
/// # Errors
/// When the files cannot be written.
pub(crate) fn write_mirror(registries: &Path, port: u16) -> anyhow::Result<()> {
    let folder = registries.join("_default");
    std::fs::create_dir_all(&folder)?;
    let mirror = format!("http://{LABORATORY}:{port}");
    let host = format!("[host.\"{mirror}\"]\n  capabilities = [\"pull\", \"resolve\"]\n");
    Ok(std::fs::write(folder.join("hosts.toml"), format!("server = \"{mirror}\"\n{host}"))?)
}
