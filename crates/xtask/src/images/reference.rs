//! What upstream's nodes need beside its own programs: Debian's runc, nft and network plugins, and an image of CoreDNS.

use std::{
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::{
    binaries,
    debian::Debian,
    layer::Layer,
    layout::{Configuration, Layout},
    single,
};

const PACKAGES: &[&str] = &["runc", "nftables", "iptables", "containernetworking-plugins", "conntrack"];
/// The name of a program and the file of the packages that is called by it.
const PROGRAMS: &[(&str, &str)] = &[
    ("runc", "usr/sbin/runc"),
    ("nft", "usr/sbin/nft"),
    ("iptables", "usr/sbin/xtables-nft-multi"),
    ("iptables-save", "usr/sbin/xtables-nft-multi"),
    ("iptables-restore", "usr/sbin/xtables-nft-multi"),
    ("conntrack", "usr/sbin/conntrack"),
];
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// Where the parts lie.
pub(crate) struct Parts {
    /// The unpacked packages.
    pub(crate) tree: PathBuf,
    /// A folder of programs, for `PATH`.
    pub(crate) programs: PathBuf,
    /// A folder of the libraries that this machine has not, for `LD_LIBRARY_PATH`.
    pub(crate) libraries: PathBuf,
    /// An archive with CoreDNS.
    pub(crate) images: PathBuf,
}

/// Makes what is missing.
pub(crate) fn ensure() -> anyhow::Result<Parts> {
    let work = binaries::cache()?.join("reference");
    let debian = Debian::unpack(&work, PACKAGES)?;
    let parts = Parts {
        tree: debian.tree().to_owned(),
        programs: work.join("bin"),
        libraries: work.join("lib"),
        images: work.join("images.tar"),
    };
    for (name, file) in PROGRAMS {
        link(&debian.find(file)?, &parts.programs.join(name))?;
    }
    std::fs::create_dir_all(&parts.libraries)?;
    for entry in std::fs::read_dir(debian.tree().join(LIBRARIES))?.flatten() {
        let name = entry.file_name();
        // The machine's own C library and loader belong together.
        let is_there = [Path::new("/").join(LIBRARIES), PathBuf::from("/lib/x86_64-linux-gnu")];
        if name.to_string_lossy().contains(".so") && !is_there.iter().any(|place| place.join(&name).exists()) {
            link(&entry.path(), &parts.libraries.join(&name))?;
        }
    }
    if !parts.images.exists() {
        let mut layout = Layout::create(&work.join("layout"))?;
        let coredns = layout.layer(&with_place_for_temporary_files(&binaries::program("coredns")?)?)?;
        let run = Configuration { entrypoint: &["/coredns"], ..Configuration::default() };
        layout.image("localhost/coredns:1.14.7", &[coredns], &run)?;
        layout.close(&parts.images)?;
    }
    Ok(parts)
}

fn with_place_for_temporary_files(coredns: &Path) -> anyhow::Result<Layer> {
    let mut layer = single("coredns", 0o755, coredns)?;
    layer.directory("tmp", 0o1777);
    Ok(layer)
}

/// A link that may be there already.
fn link(target: &Path, place: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(place.parent().context("a link needs a folder")?)?;
    let _ = std::fs::remove_file(place);
    symlink(target, place).with_context(|| format!("cannot link {}", place.display()))
}
