//! Upstream's own programs, built from their Go modules: what Sagong is measured against and judged by.

use std::{path::PathBuf, process::Command};

use crate::{
    ci,
    images::binaries::{self, GoProgram, program_of},
    tools,
};

/// The store, which the images of the conformance suite need too.
const ETCD: &[GoProgram] = &[program_of("etcd", "go.etcd.io/etcd/server/v3")];
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

/// The step of the gate that needs etcd: the engine on clusters of it, and the real binary on one, where both are killed
/// under load too; last, several servers. It comes after the conformance suite, which has built etcd; upstream's API
/// server is not built by the gate.
pub(crate) fn etcd_step() -> anyhow::Result<()> {
    binaries::build(ETCD)?;
    let api_server = binaries::program("kube-apiserver")?;
    let mut left_out: &[&str] = &[];
    if !api_server.exists() {
        println!(
            "left out: the tests beside upstream's API server, which is not built; `cargo xtask beside-upstream` builds it \
             (minutes, once) and runs them"
        );
        left_out = &["--skip", "beside_upstream"];
    }
    test(&["--package", "etcd", "--lib"], &[])?;
    test(END_TO_END, &[&["etcd::"], left_out].concat())?;
    ci::kill(&["--store", "etcd", "--kills", "9"])?;
    several_servers()
}

/// Three servers on three members, and a few faults; every fault once is a command of its own.
fn several_servers() -> anyhow::Result<()> {
    let etcd = binaries::program("etcd")?;
    ci::kill(&["--kills", "8", "--clients", "16", "--several-on-etcd", &etcd.to_string_lossy()])
}

const END_TO_END: &[&str] = &["--package", "sagong", "--test", "end_to_end"];

/// Builds upstream's API server, and runs the tests beside it.
pub(crate) fn beside() -> anyhow::Result<()> {
    control_plane()?;
    test(END_TO_END, &["beside_upstream"])
}

fn test(target: &[&str], further: &[&str]) -> anyhow::Result<()> {
    ci::run_command(
        Command::new(env!("CARGO"))
            .arg("test")
            .args(target)
            .args(["--", "--ignored", "--test-threads", "1"])
            .args(further)
            .env("SAGONG_ETCD", binaries::program("etcd")?)
            .env("SAGONG_KUBE_APISERVER", binaries::program("kube-apiserver")?)
            .env("SAGONG_KUBECTL", tools::kubectl()?),
    )
}
