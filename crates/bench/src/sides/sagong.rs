//! Sagong: `sagong up`, as its user would.

use std::{path::Path, time::Instant};

use anyhow::{Context, ensure};
use pki::{CertificateAuthority, Profile};
use tokio::process::Command;

use super::{DAY, USER, await_ready, bind_user, spawn, write_kubeconfig};
use crate::{
    Side, Target,
    http::Connector,
    process::Process,
    scenario::Setup,
    target::{Identity, tls},
};

/// The most pods on a scenario's node.
const PODS_MAX: u16 = 300;

pub(super) async fn start(program: &Path, folder: &Path, port: u16, setup: Setup) -> anyhow::Result<Target> {
    let data = folder.join("data");
    let mut command = Command::new(program);
    command.arg("up").arg("--data-dir").arg(&data).arg("--state-dir").arg(folder.join("state"));
    command.args(["--port", &port.to_string(), "--kubelet-port", &(port + 1).to_string()]);
    match setup.node {
        true => command.args(["--max-pods", &PODS_MAX.to_string(), "--eviction-hard", ""]),
        false => command.arg("--no-node"),
    };
    if !setup.cluster_cidr.is_empty() {
        command.args(["--cluster-cidr", setup.cluster_cidr]);
    }
    // The authority is there beforehand, as upstream's is, so that the users' certificates can be made.
    let pki = data.join("pki");
    std::fs::create_dir_all(&pki)?;
    let authority = CertificateAuthority::load_or_create(&pki.join("ca.crt"), &pki.join("ca.key"), "kubernetes", DAY)?;
    let server = format!("127.0.0.1:{port}");
    let issue = |user: &str, groups: &[&str]| -> anyhow::Result<Identity> {
        let credential = authority.issue(&Profile::client(user, groups, DAY))?;
        Ok(Identity {
            authority_pem: authority.certificate_pem(),
            certificate_pem: credential.certificate_pem,
            key_pem: credential.key_pem,
        })
    };
    let (admin, identity) = (issue("bench-setup", &["system:masters"])?, issue(USER, &[])?);
    let since = Instant::now();
    let mut children = vec![spawn(&mut command, &folder.join("sagong.log"))?];
    let pid = children[0].id().context("it has ended")?;
    let ready_after = await_ready(&Connector::with(tls(&admin)?, &server), &mut children, since).await?;
    write_kubeconfig(folder, &format!("https://{server}"), &identity)?;
    let target = |identity| Target {
        side: Side::Sagong,
        authority: server.clone(),
        identity,
        processes: vec![Process { name: "sagong", pid }],
        folder: folder.to_owned(),
        started: since,
        ready_after,
        children: Vec::new(),
    };
    bind_user(&target(admin).client()?).await?;
    Ok(Target { children, ..target(identity) })
}

/// Gives the node the images of an archive.
pub(super) async fn import(program: &Path, folder: &Path, images: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    command.args(["image", "import", "--data-dir"]).arg(folder.join("data")).arg(images);
    let output = command.output().await.context("cannot run sagong image import")?;
    ensure!(output.status.success(), "images cannot be imported: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Removes everything but what the node keeps.
pub(super) fn forget_cluster(folder: &Path) -> anyhow::Result<()> {
    for name in ["store", "pki"] {
        std::fs::remove_dir_all(folder.join("data").join(name))?;
    }
    Ok(())
}
