//! Programs that upstream's suite and its images are made of: built once, kept in the user's cache folder.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, bail};

use crate::tools;

/// The module that names upstream's versions, and the version that its programs must say they are.
const MODULE: &str = "conformance/module";
const SAMPLE_MODULE: &str = "conformance/sample-apiserver";
const CONTAINERD_MODULE: &str = "conformance/containerd";
const COREDNS_MODULE: &str = "conformance/coredns";
const CRI_TOOLS_MODULE: &str = "conformance/cri-tools";
const ETCD_MODULE: &str = "conformance/etcd";
/// Without these e2e.test takes itself for v0.0, and specs that compare versions fail.
const VERSION_FLAGS: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.37.0 \
    -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37";
/// Debian's packages of busybox drop environment variables that are no identifiers, which specs use: the unpatched
/// source is built. This release has the version that the image's tag names.
const BUSYBOX_SUITE: &str = "trixie";
const PAUSE: &str = "#include <signal.h>\n#include <sys/wait.h>\n#include <unistd.h>\n\
    static void stop(int s) { _exit(0 * s); }\n\
    static void reap(int s) { while (waitpid(-1, 0, WNOHANG) > 0 * s) {} }\n\
    int main(void) { signal(SIGINT, stop); signal(SIGTERM, stop); signal(SIGCHLD, reap); for (;;) pause(); }\n";

/// A program that is built from a Go module.
pub(crate) struct GoProgram {
    name: &'static str,
    package: &'static str,
    /// The folder of the module that names its version.
    module: &'static str,
    is_test: bool,
}

/// A program of upstream's version.
pub(crate) const fn program_of(name: &'static str, package: &'static str) -> GoProgram {
    GoProgram { name, package, module: MODULE, is_test: false }
}

/// What runs in images.
pub(crate) const OF_IMAGES: &[GoProgram] = &[
    program_of("agnhost", "k8s.io/kubernetes/test/images/agnhost"),
    program_of("nnp", "k8s.io/kubernetes/test/images/nonewprivs"),
    program_of("etcd", "go.etcd.io/etcd/server/v3"),
    GoProgram { module: SAMPLE_MODULE, ..program_of("sample-apiserver", "k8s.io/sample-apiserver") },
];
/// The suite itself.
pub(crate) const OF_SUITE: &[GoProgram] = &[
    program_of("ginkgo", "github.com/onsi/ginkgo/v2/ginkgo"),
    GoProgram { is_test: true, ..program_of("e2e.test", "k8s.io/kubernetes/test/e2e") },
];

/// What upstream's nodes run beside a runtime, and their cluster's DNS.
pub(crate) const OF_NODES: &[GoProgram] = &[
    program_of("kubelet", "k8s.io/kubernetes/cmd/kubelet"),
    program_of("kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy"),
    GoProgram { module: COREDNS_MODULE, ..program_of("coredns", "github.com/coredns/coredns") },
];
/// The runtime that ours is measured by.
pub(crate) const OF_CONTAINERD: &[GoProgram] = &[
    of_containerd("containerd", "github.com/containerd/containerd/v2/cmd/containerd"),
    of_containerd("containerd-shim-runc-v2", "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2"),
    of_containerd("ctr", "github.com/containerd/containerd/v2/cmd/ctr"),
];

/// The suite for container runtimes.
pub(crate) const OF_CRITEST: &[GoProgram] = &[GoProgram {
    module: CRI_TOOLS_MODULE,
    is_test: true,
    ..program_of("critest", "sigs.k8s.io/cri-tools/cmd/critest")
}];

/// The store of upstream's, and the tools of those who look after one.
pub(crate) const OF_ETCD: &[GoProgram] = &[
    program_of("etcd", "go.etcd.io/etcd/server/v3"),
    GoProgram { module: ETCD_MODULE, ..program_of("etcdctl", "go.etcd.io/etcd/etcdctl/v3") },
    GoProgram { module: ETCD_MODULE, ..program_of("etcdutl", "go.etcd.io/etcd/etcdutl/v3") },
];

const fn of_containerd(name: &'static str, package: &'static str) -> GoProgram {
    GoProgram { module: CONTAINERD_MODULE, ..program_of(name, package) }
}

/// Where everything of this harness is kept.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    Ok(tools::cache()?.join("conformance"))
}

/// A program of upstream's.
pub(crate) fn program(name: &str) -> anyhow::Result<PathBuf> {
    Ok(cache()?.join("bin").join(name))
}

/// Standard output of a command that must succeed.
pub(super) fn output_of(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The folder of a Go module that the wrapper module requires.
pub(crate) fn module_folder(module: &str) -> anyhow::Result<PathBuf> {
    let go = tools::go()?;
    let mut list = Command::new(&go);
    list.args(["list", "-mod=mod", "-m", "-f", "{{.Dir}}", module]).current_dir(MODULE);
    let folder = output_of(&mut list)?.trim().to_owned();
    if !folder.is_empty() {
        return Ok(folder.into());
    }
    output_of(Command::new(&go).args(["mod", "download", module]).current_dir(MODULE))?;
    Ok(output_of(&mut list)?.trim().into())
}

/// Builds what is not there yet; deleting a file of the cache folder builds it anew.
pub(crate) fn build(programs: &[GoProgram]) -> anyhow::Result<()> {
    std::fs::create_dir_all(cache()?.join("bin"))?;
    for (index, GoProgram { name, package, module, is_test }) in programs.iter().enumerate() {
        let path = program(name)?;
        if path.exists() {
            continue;
        }
        println!("building {name} ({} of {}; the first takes minutes)", index + 1, programs.len());
        let started = Instant::now();
        let partial = path.with_extension("partial");
        let mut go = Command::new(tools::go()?);
        go.args(if *is_test { ["test", "-c", "-vet=off"].as_slice() } else { ["build"].as_slice() });
        go.args(["-mod=mod", "-buildvcs=false", "-trimpath", "-ldflags", VERSION_FLAGS, "-o"]);
        // Static programs need nothing of the image that they are put into.
        go.arg(&partial).arg(package).env("CGO_ENABLED", "0").current_dir(module);
        let status = go.status().context("cannot run go")?;
        if !status.success() {
            bail!("{go:?} ended with {status}");
        }
        std::fs::rename(&partial, &path)?;
        println!("built {name} in {} s", started.elapsed().as_secs());
    }
    Ok(())
}

/// The program of sandboxes.
pub(super) fn build_pause() -> anyhow::Result<PathBuf> {
    let path = program("pause")?;
    if !path.exists() {
        let source = cache()?.join("pause.c");
        std::fs::write(&source, PAUSE)?;
        output_of(Command::new("cc").args(["-Os", "-static", "-s", "-o"]).arg(&path).arg(&source))?;
    }
    Ok(path)
}

/// busybox with its default configuration, static.
pub(super) fn build_busybox() -> anyhow::Result<PathBuf> {
    let path = program("busybox")?;
    if path.exists() {
        return Ok(path);
    }
    println!("building busybox (about a minute)");
    let folder = cache()?.join("busybox");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("lists/partial"))?;
    let source = unpacked_busybox(&folder)?;
    output_of(Command::new("make").arg("defconfig").current_dir(&source))?;
    let configuration = std::fs::read_to_string(source.join(".config"))?
        .replace("# CONFIG_STATIC is not set", "CONFIG_STATIC=y")
        // It does not compile with headers of recent kernels, and no spec uses it.
        .replace("CONFIG_TC=y", "# CONFIG_TC is not set");
    std::fs::write(source.join(".config"), configuration)?;
    let jobs = format!("-j{}", std::thread::available_parallelism().map_or(2, usize::from));
    let mut make = Command::new("make");
    make.arg(jobs).current_dir(&source).stdout(Stdio::null()).stderr(Stdio::null());
    if !make.status()?.success() {
        bail!("busybox does not compile: run make in {}", source.display());
    }
    std::fs::copy(source.join("busybox"), &path)?;
    std::fs::remove_dir_all(&folder)?;
    Ok(path)
}

fn unpacked_busybox(folder: &Path) -> anyhow::Result<PathBuf> {
    let targets = ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Component: main"];
    let mirrors = output_of(Command::new("apt-get").args(targets))?;
    let mirror = mirrors.split_whitespace().next().context("apt has no sources: run apt-get update first")?;
    let sources = folder.join("sources.list");
    std::fs::write(&sources, format!("deb-src {mirror} {BUSYBOX_SUITE} main\n"))?;
    let options = [
        format!("Dir::Etc::sourcelist={}", sources.display()),
        "Dir::Etc::sourceparts=/dev/null".to_owned(),
        format!("Dir::State::lists={}/lists", folder.display()),
    ];
    let apt = |words: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.arg("-qq").args(options.iter().flat_map(|option| ["-o", option])).args(words).current_dir(folder);
        output_of(&mut apt)
    };
    apt(&["update"])?;
    apt(&["source", "--download-only", "busybox"])?;
    let mut names = std::fs::read_dir(folder)?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let archive = names.find(|name| name.contains(".orig.tar.") && !name.ends_with(".asc"));
    let archive = archive.context("Debian's source package of busybox has no original source")?;
    output_of(Command::new("tar").arg("xf").arg(&archive).current_dir(folder))?;
    let unpacked = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let is_source = |path: &PathBuf| path.is_dir() && path.join("Makefile").exists();
    unpacked.into_iter().find(is_source).context("busybox's source has no Makefile")
}
