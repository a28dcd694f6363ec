//! The images that upstream's conformance suite needs, made here: no container registry is asked.
//!
//! ```text
//! cargo xtask images                        # builds what is missing; says where it is
//! cargo xtask images serve 127.0.0.1:5000   # the same as a read-only registry
//! ```
//!
//! The programs come from upstream's Go modules (`conformance/module`), the tools around them from Debian's packages,
//! which are unpacked and never installed. Start reading at `assemble`; `binaries` builds, `serve` is the registry.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context;

pub(crate) mod binaries;
pub(crate) mod critest;
mod debian;
pub(crate) mod end_to_end;
mod layer;
mod layout;
pub(crate) mod reference;
mod serve;

use debian::Debian;
use layer::Layer;
use layout::{Configuration, Layout};

/// Where upstream publishes the images of its suite.
const SUITE: &str = "registry.k8s.io/e2e-test-images";
const PACKAGES: &[&str] = &[
    "bash",
    "bind9-dnsutils",
    "bind9-host",
    "curl",
    "netcat-openbsd",
    "iproute2",
    "iperf",
    "socat",
    "util-linux",
    "libc-bin",
    "ca-certificates",
    "nginx",
];
/// Programs of the packages, with the place that they have in the image where it differs.
const TOOLS: &[(&str, Option<&str>)] = &[
    ("usr/bin/dig", None),
    ("usr/bin/nslookup", None),
    ("usr/bin/host", None),
    ("usr/bin/curl", None),
    ("bin/nc.openbsd", Some("bin/nc")),
    ("bin/ip", None),
    ("bin/ss", None),
    ("usr/bin/iperf", None),
    ("usr/bin/socat", None),
    ("usr/bin/nsenter", None),
    ("usr/bin/unshare", None),
    ("usr/bin/getent", None),
];
const DIRECTORIES: &[(&str, u32)] = &[
    ("bin", 0o755),
    ("dev", 0o755),
    ("etc", 0o755),
    ("home", 0o755),
    ("mnt", 0o755),
    ("proc", 0o755),
    ("root", 0o700),
    ("sbin", 0o755),
    ("sys", 0o755),
    ("tmp", 0o1777),
    ("usr/bin", 0o755),
    ("usr/sbin", 0o755),
    ("var/log", 0o755),
    ("var/run", 0o755),
    ("var/tmp", 0o1777),
];
const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n\
    www-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n";
const GROUP: &str = "root:x:0:\ndaemon:x:1:\ntty:x:5:\nwww-data:x:33:\nusers:x:100:\nnogroup:x:65534:\n";
/// One spec looks for the words "Alpine Linux".
const OS_RELEASE: &str = "NAME=\"Stand-in for Alpine Linux\"\nID=conformance-stand-in\n\
    PRETTY_NAME=\"Test image made of Debian parts\"\n";
const NGINX_CONFIGURATION: &str = "user www-data;\npid /run/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\n  \
    access_log off;\n  server {\n    listen 80;\n    root /usr/share/nginx/html;\n  }\n}\n";

/// Options of `images`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Serve the images as a read-only registry, a mirror for any registry's name.
    Serve {
        /// Where to listen.
        address: SocketAddr,
        /// Answer every question for a name with "no such name", at port 53 of this address.
        #[arg(long)]
        name_server: Option<std::net::IpAddr>,
        /// Serve the images of this layout instead of the suite's.
        #[arg(long, value_name = "DIR")]
        layout: Option<PathBuf>,
    },
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.action {
        None => {
            println!("{}", ensure()?.display());
            Ok(())
        }
        Some(Action::Serve { address, name_server, layout }) => {
            serve::run(&layout.clone().map_or_else(layout_folder, Ok)?, *address, *name_server)
        }
    }
}

/// The layout of the images.
pub(crate) fn layout_folder() -> anyhow::Result<PathBuf> {
    Ok(binaries::cache()?.join("images"))
}

/// Builds the images unless they are there, and returns the archive of them.
pub(crate) fn ensure() -> anyhow::Result<PathBuf> {
    let archive = binaries::cache()?.join("images.tar");
    if !archive.exists() {
        binaries::build(binaries::OF_IMAGES)?;
        println!("assembling images");
        assemble(&archive).context("cannot assemble the images")?;
    }
    Ok(archive)
}

/// The root that most images share: busybox and the files that programs look for.
fn base(busybox: &Path) -> anyhow::Result<Layer> {
    let mut base = Layer::default();
    for (name, mode) in DIRECTORIES {
        base.directory(name, *mode);
    }
    base.copy("bin/busybox", 0o755, busybox)?;
    let applets = binaries::output_of(std::process::Command::new(busybox).arg("--list"))?;
    for applet in applets.split_whitespace().filter(|applet| *applet != "busybox") {
        base.link(&format!("bin/{applet}"), "busybox");
    }
    base.link("usr/bin/env", "../../bin/busybox");
    base.file("etc/passwd", 0o644, PASSWD);
    base.file("etc/group", 0o644, GROUP);
    base.file("etc/nsswitch.conf", 0o644, "hosts: files dns\n");
    base.file("etc/os-release", 0o644, OS_RELEASE);
    Ok(base)
}

/// agnhost and the files that its specs expect beside it.
fn agnhost(upstream_images: &Path) -> anyhow::Result<Layer> {
    let mut agnhost = Layer::default();
    agnhost.copy("agnhost", 0o755, &binaries::program("agnhost")?)?;
    agnhost.link("agnhost-2", "agnhost");
    agnhost.directory("uploads", 0o755);
    agnhost.directory("home/user-defined-in-image", 0o755);
    let user = "user-defined-in-image:x:1000:1000::/home/user-defined-in-image:/bin/sh\n";
    agnhost.file("etc/passwd", 0o644, format!("{PASSWD}{user}"));
    let groups = "user-defined-in-image:x:1000:\ngroup-defined-in-image:x:50000:user-defined-in-image\n";
    agnhost.file("etc/group", 0o644, format!("{GROUP}{groups}"));
    for name in ["localhost.crt", "localhost.key"] {
        agnhost.copy(name, 0o644, &upstream_images.join("agnhost/porter").join(name))?;
    }
    Ok(agnhost)
}

fn nginx(debian: &Debian) -> anyhow::Result<Layer> {
    let server = debian.find("usr/sbin/nginx")?;
    let mut nginx = Layer::default();
    nginx.copy("usr/sbin/nginx", 0o755, &server)?;
    debian.add_libraries(&mut nginx, &[server])?;
    nginx.file("etc/nginx/nginx.conf", 0o644, NGINX_CONFIGURATION);
    nginx.file("usr/share/nginx/html/index.html", 0o644, "<h1>Welcome to nginx!</h1>\n");
    for name in ["run", "var/log/nginx", "var/lib/nginx"] {
        nginx.directory(name, 0o755);
    }
    Ok(nginx)
}

/// A layer with one program.
fn single(place: &str, mode: u32, program: &Path) -> anyhow::Result<Layer> {
    let mut layer = Layer::default();
    layer.copy(place, mode, program)?;
    Ok(layer)
}

fn assemble(archive: &Path) -> anyhow::Result<()> {
    let cache = binaries::cache()?;
    let debian = Debian::unpack(&cache, PACKAGES)?;
    let upstream_images = binaries::module_folder("k8s.io/kubernetes")?.join("test/images");
    let mut layout = Layout::create(&layout_folder()?)?;
    let base = layout.layer(&base(&binaries::build_busybox()?)?)?;

    // What agnhost and its fellows run does not depend on the shell's wording: bash is theirs.
    let mut shell = single("bin/bash", 0o755, &debian.find("bin/bash")?)?;
    shell.link("bin/sh", "bash");
    debian.add_libraries(&mut shell, &[debian.find("bin/bash")?])?;
    let mut tools = Layer::default();
    let mut programs = vec![debian.library("libnss_dns.so.2")?, debian.library("libnss_files.so.2")?];
    for (path, place) in TOOLS {
        let program = debian.find(path)?;
        tools.copy(place.unwrap_or(path), 0o755, &program)?;
        programs.push(program);
    }
    tools.link("usr/local/bin/iperf", "../../bin/iperf");
    debian.add_libraries(&mut tools, &programs)?;
    let tools = layout.layer(&tools.without(&shell))?;
    let nginx = layout.layer(&nginx(&debian)?.without(&shell))?;
    let shell = layout.layer(&shell)?;
    let agnhost = layout.layer(&agnhost(&upstream_images)?)?;

    let suite = |name: &str| format!("{SUITE}/{name}");
    let full = [base.clone(), shell.clone(), tools.clone(), agnhost.clone()];
    for tag in ["2.66.1", "2.55"] {
        let pause = Configuration { entrypoint: &["/agnhost"], command: &["pause"], ..Configuration::default() };
        layout.image(&suite(&format!("agnhost:{tag}")), &full, &pause)?;
    }
    let run = |command| Configuration { command, ..Configuration::default() };
    layout.image(&suite("busybox:1.37.0-2"), std::slice::from_ref(&base), &run(&["sh"]))?;
    layout.image(&suite("glibc-dns-testing:2.1.1"), &full[..3], &run(&["bash"]))?;
    let nonroot = Configuration { user: "1234", ..run(&["sh"]) };
    layout.image(&suite("nonroot:1.5"), std::slice::from_ref(&base), &nonroot)?;
    for name in ["kitten", "nautilus"] {
        let mut html = Layer::default();
        for file in [format!("{name}.jpg"), "data.json".to_owned()] {
            html.copy(&file, 0o644, &upstream_images.join(name).join("html").join(&file))?;
        }
        let mut layers = full.to_vec();
        layers.push(layout.layer(&html)?);
        let serve =
            Configuration { entrypoint: &["/agnhost"], command: &["test-webserver"], ..Configuration::default() };
        layout.image(&suite(&format!("{name}:1.8")), &layers, &serve)?;
    }
    let nnp = layout.layer(&single("usr/local/bin/nnp", 0o6755, &binaries::program("nnp")?)?)?;
    layout.image(&suite("nonewprivs:1.4"), &[base.clone(), nnp], &run(&["nnp"]))?;
    for tag in ["1.27.0-2", "1.28.0-2"] {
        let layers = [base.clone(), shell.clone(), nginx.clone()];
        layout.image(&suite(&format!("nginx:{tag}")), &layers, &run(&["nginx", "-g", "daemon off;"]))?;
    }
    let own = |entrypoint| Configuration { entrypoint, ..Configuration::default() };
    let pause = layout.layer(&single("pause", 0o755, &binaries::build_pause()?)?)?;
    layout.image("registry.k8s.io/pause:3.10.2", &[pause], &own(&["/pause"]))?;
    let etcd = layout.layer(&single("usr/local/bin/etcd", 0o755, &binaries::program("etcd")?)?)?;
    layout.image("registry.k8s.io/etcd:3.7.0-0", &[base.clone(), etcd], &own(&["/usr/local/bin/etcd"]))?;
    let sample = layout.layer(&single("sample-apiserver", 0o755, &binaries::program("sample-apiserver")?)?)?;
    layout.image(&suite("sample-apiserver:1.29.2"), &[base, sample], &own(&["/sample-apiserver"]))?;
    layout.close(archive)
}
