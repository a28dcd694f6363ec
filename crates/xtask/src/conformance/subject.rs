//! What the suite is run against.

use std::path::PathBuf;

use testkit::Cluster;

/// A cluster in namespaces of this machine, whoever's components run in it.
pub(super) trait Subject {
    /// Its namespaces.
    fn cluster(&self) -> &Cluster;

    /// The logs of all parts, by name.
    fn logs(&self) -> Vec<(String, PathBuf)>;

    /// Where the nodes keep the logs of containers.
    fn container_logs(&self) -> Vec<PathBuf>;

    /// Looks after the parts: starts again what an init system would, or says what has ended.
    fn revive(&mut self) -> anyhow::Result<()>;

    /// How often a part ended by itself.
    fn crashes(&self) -> u32;
}

/// Sagong.
impl Subject for Cluster {
    fn cluster(&self) -> &Cluster {
        self
    }

    fn logs(&self) -> Vec<(String, PathBuf)> {
        Cluster::logs(self)
    }

    fn container_logs(&self) -> Vec<PathBuf> {
        Cluster::container_logs(self)
    }

    fn revive(&mut self) -> anyhow::Result<()> {
        Cluster::revive(self)
    }

    fn crashes(&self) -> u32 {
        self.crashes
    }
}
