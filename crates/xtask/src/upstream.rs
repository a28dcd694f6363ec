//! Upstream's own programs, built from their Go modules: what Sagong is measured against and judged by.

use std::path::PathBuf;

use crate::images::binaries::{self, GoProgram, program_of};

/// The control plane.
const CONTROL_PLANE: &[GoProgram] = &[
    program_of("etcd", "go.etcd.io/etcd/server/v3"),
    program_of("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
    program_of("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    program_of("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
];

/// The folder with the control plane's programs, which are built when they are missing: ten minutes, once.
pub(crate) fn control_plane() -> anyhow::Result<PathBuf> {
    binaries::build(CONTROL_PLANE)?;
    Ok(binaries::cache()?.join("bin"))
}
