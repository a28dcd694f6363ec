//! The images that critest pulls, made of what the suite's images are made of.

use std::path::PathBuf;

use super::{
    GROUP, PACKAGES, PASSWD, base, binaries,
    debian::Debian,
    layer::Layer,
    layout::{Configuration, Layout, StoredLayer},
    nginx, single,
};

const SUITE: &str = "registry.k8s.io/e2e-test-images";
const STAGING: &str = "gcr.io/k8s-staging-cri-tools";
/// Images of these users: the names say what critest expects.
const USERS: &[(&str, &str)] = &[
    ("test-image-user-uid", "1002"),
    ("test-image-user-username", "www-data"),
    ("test-image-user-uid-group", "1003:users"),
    ("test-image-user-username-group", "www-data:100"),
];
/// Images that differ in nothing but their identity, which several names may share.
const PLAIN: &[(&str, &str)] = &[
    ("test-image-latest:latest", ""),
    ("test-image-tag:test", ""),
    ("test-image-tag:all", ""),
    ("test-image-1:latest", ""),
    ("test-image-2:latest", ""),
    ("test-image-3:latest", ""),
    ("test-image-tags:1", "test-image-tags"),
    ("test-image-tags:2", "test-image-tags"),
    ("test-image-tags:3", "test-image-tags"),
];
/// A web server on another port than the usual one.
const OTHER_PORT: &str = "12003";

/// The layout, made unless it is there.
pub(crate) fn ensure() -> anyhow::Result<PathBuf> {
    let work = binaries::cache()?.join("critest");
    let (folder, mark) = (work.join("layout"), work.join("images.tar"));
    if !mark.exists() {
        binaries::build(binaries::OF_IMAGES)?;
        println!("assembling the images of critest");
        std::fs::create_dir_all(&work)?;
        let mut layout = Layout::create(&folder)?;
        assemble(&mut layout)?;
        layout.close(&mark)?;
    }
    Ok(folder)
}

fn assemble(layout: &mut Layout) -> anyhow::Result<()> {
    let debian = Debian::unpack(&binaries::cache()?, PACKAGES)?;
    let base = layout.layer(&base(&binaries::build_busybox()?)?)?;
    let shell = Configuration { command: &["sh"], ..Configuration::default() };
    let plain = std::slice::from_ref(&base);
    // One spec masks this program and runs others: a link would mask them all.
    let ls = layout.layer(&single("bin/ls", 0o755, &binaries::build_busybox()?)?)?;
    layout.image(&format!("{SUITE}/busybox:1.29-2"), &[base.clone(), ls], &shell)?;
    for (name, identity) in PLAIN {
        layout.image(&format!("{STAGING}/{name}"), plain, &Configuration { identity, ..shell })?;
    }
    for (name, user) in USERS {
        layout.image(&format!("{STAGING}/{name}:latest"), plain, &Configuration { user, ..shell })?;
    }
    let mut group = Layer::default();
    group.file("etc/passwd", 0o644, format!("{PASSWD}default-user:x:1000:1000::/home/default-user:/bin/sh\n"));
    let own = "default-user:x:1000:\ngroup-defined-in-image:x:50000:default-user\n";
    group.file("etc/group", 0o644, format!("{GROUP}{own}"));
    let with_group = [base.clone(), layout.layer(&group)?];
    let user = Configuration { user: "1000", ..shell };
    layout.image(&format!("{STAGING}/test-image-predefined-group:latest"), &with_group, &user)?;

    let nnp = layout.layer(&single("usr/local/bin/nnp", 0o6755, &binaries::program("nnp")?)?)?;
    let run = Configuration { command: &["nnp"], ..Configuration::default() };
    layout.image(&format!("{SUITE}/nonewprivs:1.3"), &[base.clone(), nnp], &run)?;
    web_servers(layout, &debian, base)?;

    let pause = layout.layer(&single("pause", 0o755, &binaries::build_pause()?)?)?;
    let run = Configuration { entrypoint: &["/pause"], ..Configuration::default() };
    layout.image("registry.k8s.io/pause:3.10.2", std::slice::from_ref(&pause), &run)?;
    for name in ["registry.k8s.io/pause:3.9", "k8s.gcr.io/pause:3.9"] {
        layout.image(name, std::slice::from_ref(&pause), &Configuration { identity: "pause:3.9", ..run })?;
    }
    Ok(())
}

/// nginx in place of nginx, of httpd (which names itself in its log), and of one that listens elsewhere.
fn web_servers(layout: &mut Layout, debian: &Debian, base: StoredLayer) -> anyhow::Result<()> {
    let server = layout.layer(&nginx(debian)?)?;
    // Specs look for the process's identifier here.
    let configuration = super::NGINX_CONFIGURATION.replace("/run/nginx.pid", "/var/run/nginx.pid");
    let configured = |configuration: &str| -> anyhow::Result<[StoredLayer; 3]> {
        let mut layer = Layer::default();
        layer.file("etc/nginx/nginx.conf", 0o644, configuration);
        Ok([base.clone(), server.clone(), layout.layer(&layer)?])
    };
    let usual = configured(&configuration)?;
    let other = configured(&configuration.replace("listen 80;", &format!("listen {OTHER_PORT};")))?;
    let run = Configuration { command: &["nginx", "-g", "daemon off;"], ..Configuration::default() };
    let named = Configuration { command: &["sh", "-c", "echo httpd; exec nginx -g 'daemon off;'"], ..run };
    layout.image(&format!("{SUITE}/nginx:1.14-2"), &usual, &run)?;
    layout.image(&format!("{SUITE}/httpd:2.4.39-4"), &usual, &named)?;
    // Upstream names architectures as Go does.
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    layout.image(&format!("{STAGING}/hostnet-nginx-{architecture}:latest"), &other, &run)
}
