//! `cargo xtask generate-api`: writes what `crates/api` knows from upstream's Go sources.
//!
//! The result is committed, so that nobody needs Go, or upstream's sources, to build. Run it when the
//! version of Kubernetes changes, then `cargo xtask check-api`.
//!
//! ```text
//! cargo xtask generate-api                      # asks `go env GOMODCACHE` for upstream's modules
//! cargo xtask generate-api --modules ~/go/pkg/mod
//! ```

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use self::{
    go::Package,
    model::{PackageModel, World},
    packages::{Modules, PACKAGES},
};

pub(crate) mod go;
mod markers;
mod model;
pub(crate) mod packages;
mod resources;
mod text;
mod views;

/// What `generate-api` can be told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The Go module cache that holds upstream's sources.
    #[arg(long)]
    modules: Option<PathBuf>,
}

/// Writes `crates/api/schema` and `crates/api/src/views`.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let modules = Modules::locate(arguments.modules.as_deref())?;
    let models = read(&modules)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api");
    let mut descriptions = text::Descriptions::default();
    for model in &models {
        let file = format!("schema/{}.txt", model.source.file_stem());
        write(&root.join(file), &text::package(model, &mut descriptions))?;
    }
    write(&root.join("src/packages.rs"), &text::list(&models))?;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&descriptions.into_bytes())?;
    fs::write(root.join("schema/descriptions.zlib"), encoder.finish()?).context("write descriptions")?;
    write(&root.join("schema/resources.txt"), &resources::text(&modules)?)?;
    let mut sources = vec![root.join("src/packages.rs")];
    for (file, text) in views::files(&models) {
        sources.push(root.join("src").join(file));
        write(&sources[sources.len() - 1], &text)?;
    }
    format(&sources)
}

/// Formats Rust files as the rest of the house.
fn format(files: &[PathBuf]) -> Result<()> {
    let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new("rustfmt");
    command.args(["--edition", "2024", "--config-path"]).arg(configuration).args(files);
    let status = command.status().context("run rustfmt")?;
    if !status.success() {
        bail!("rustfmt could not format what was generated");
    }
    Ok(())
}

/// Reads all packages that the house knows.
fn read(modules: &Modules) -> Result<Vec<PackageModel>> {
    let mut packages = Vec::new();
    for source in PACKAGES {
        let mut package = Package::default();
        for file in source.files {
            package.read(&modules.package(source.path).join(file))?;
        }
        packages.push((source, package));
    }
    let world = World::new(packages);
    PACKAGES.iter().map(|source| world.model(source.path)).collect()
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("create {}", parent.display()))?;
    }
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}
