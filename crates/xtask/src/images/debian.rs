//! Debian packages, unpacked into a folder and never installed.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

use super::{binaries::output_of, layer::Layer};

/// Where libraries lie in the images.
const LIBRARIES: &str = "lib/x86_64-linux-gnu";
/// The dynamic loader.
const LOADER: &str = "ld-linux-x86-64.so.2";
/// Links that are followed at most.
const LINK_DEPTH_LIMIT: usize = 8;

/// The unpacked packages.
pub(super) struct Debian {
    tree: PathBuf,
}

impl Debian {
    /// Downloads the packages with what they depend on, once, and unpacks them.
    pub(super) fn unpack(work: &Path, packages: &[&str]) -> anyhow::Result<Debian> {
        let (pool, tree) = (work.join("debs"), work.join("debian"));
        std::fs::create_dir_all(&pool)?;
        std::fs::create_dir_all(&tree)?;
        let mark = work.join("debian.packages");
        let wanted = packages.join(" ");
        if std::fs::read_to_string(&mark).is_ok_and(|have| have == wanted) {
            return Ok(Debian { tree });
        }
        println!("downloading Debian packages");
        // A machine that was just installed has no list of packages.
        output_of(Command::new("apt-get").args(["update", "-qq"])).context("Debian's list of packages is needed")?;
        let mut options = vec!["depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts"];
        options.extend(["--no-breaks", "--no-replaces", "--no-enhances"]);
        let listed = output_of(Command::new("apt-cache").args(options).args(packages))
            .context("cannot read the list of packages")?;
        // Virtual packages are listed as `<name>`; one that provides them is in the list as well.
        let names: BTreeSet<&str> =
            listed.lines().filter(|line| line.starts_with(char::is_alphanumeric) && !line.contains(':')).collect();
        output_of(Command::new("apt-get").args(["download", "-qq"]).args(names).current_dir(&pool))?;
        for package in std::fs::read_dir(&pool)? {
            output_of(Command::new("dpkg-deb").arg("-x").arg(package?.path()).arg(&tree))?;
        }
        std::fs::write(mark, wanted)?;
        Ok(Debian { tree })
    }

    /// The folder that all packages are unpacked into.
    pub(super) fn tree(&self) -> &Path {
        &self.tree
    }

    /// The file at a path of the tree; `/usr` is merged or not.
    pub(super) fn find(&self, path: &str) -> anyhow::Result<PathBuf> {
        let merged = format!("usr/{path}");
        for candidate in [path, &merged, path.trim_start_matches("usr/")] {
            let mut full = self.tree.join(candidate);
            for _ in 0..LINK_DEPTH_LIMIT {
                let Ok(target) = std::fs::read_link(&full) else { break };
                full = match target.strip_prefix("/") {
                    Ok(absolute) => self.tree.join(absolute),
                    Err(_) => full.parent().unwrap_or(&self.tree).join(target),
                };
            }
            if full.is_file() {
                return Ok(full);
            }
        }
        bail!("no Debian package that was unpacked has {path}")
    }

    /// A shared library.
    pub(super) fn library(&self, name: &str) -> anyhow::Result<PathBuf> {
        let places = [LIBRARIES, "usr/lib/x86_64-linux-gnu", "lib64"];
        let found = places.iter().find_map(|place| self.find(&format!("{place}/{name}")).ok());
        match found.or_else(|| search(&self.tree.join("usr/lib"), name)) {
            Some(path) => Ok(path),
            None => bail!("no Debian package that was unpacked has the library {name}"),
        }
    }

    /// Puts the libraries that programs need, and the loader, into a layer.
    pub(super) fn add_libraries(&self, layer: &mut Layer, programs: &[PathBuf]) -> anyhow::Result<()> {
        let mut queue = programs.to_vec();
        let mut seen = BTreeSet::new();
        while let Some(program) = queue.pop() {
            let dynamic = output_of(Command::new("readelf").arg("-d").arg(&program))?;
            let needed = dynamic.lines().filter(|line| line.contains("(NEEDED)"));
            for name in needed.filter_map(|line| line.split('[').nth(1)?.split(']').next()) {
                if seen.insert(name.to_owned()) {
                    let library = self.library(name)?;
                    layer.copy(&format!("{LIBRARIES}/{name}"), 0o755, &library)?;
                    queue.push(library);
                }
            }
        }
        layer.copy(&format!("lib64/{LOADER}"), 0o755, &self.library(LOADER)?)
    }
}

/// A file by its name, anywhere below: private folders of programs hold libraries too.
fn search(directory: &Path, name: &str) -> Option<PathBuf> {
    for entry in std::fs::read_dir(directory).ok()?.flatten() {
        let path = entry.path();
        let found = match path.is_dir() && !path.is_symlink() {
            true => search(&path, name),
            false => (entry.file_name() == name && path.is_file()).then_some(path),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}
