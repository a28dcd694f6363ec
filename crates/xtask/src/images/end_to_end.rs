//! The images of the end-to-end tests: Debian's own programs, and nothing that must be compiled.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{
    base,
    debian::Debian,
    layer::Layer,
    layout::{Configuration, Layout},
};
use crate::tools;

const PACKAGES: &[&str] = &["busybox-static", "nginx-light", "redis-server"];

/// Makes the images unless they are there, and returns the archive of them.
pub(crate) fn ensure() -> anyhow::Result<PathBuf> {
    let cache = tools::cache()?.join("end-to-end");
    let archive = cache.join("images.tar");
    if !archive.exists() {
        std::fs::create_dir_all(&cache)?;
        assemble(&cache, &archive).context("cannot assemble the images of the end-to-end tests")?;
    }
    Ok(archive)
}

fn assemble(cache: &Path, archive: &Path) -> anyhow::Result<()> {
    let debian = Debian::unpack(cache, PACKAGES)?;
    let mut layout = Layout::create(&cache.join("layout"))?;
    let base = layout.layer(&base(&debian.find("bin/busybox")?)?)?;
    let command = |command| Configuration { command, ..Configuration::default() };
    layout.image("localhost/busybox:1", std::slice::from_ref(&base), &command(&["sh"]))?;

    let mut redis = Layer::default();
    let server = debian.find("usr/bin/redis-server")?;
    redis.copy("usr/bin/redis-server", 0o755, &server)?;
    debian.add_libraries(&mut redis, &[server])?;
    let redis = layout.layer(&redis)?;
    layout.image("localhost/redis:7", &[base.clone(), redis], &command(&["redis-server"]))?;

    let nginx = layout.layer(&super::nginx(&debian)?)?;
    layout.image("localhost/nginx:1", &[base, nginx], &command(&["nginx", "-g", "daemon off;"]))?;
    layout.close(archive)
}
