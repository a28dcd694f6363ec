//! What comes in as an image, and what does not.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use cri_api::v1::*;
use cri_api::{ImageService, RuntimeService};
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::harness::{Host, IMAGE, Pod, Test};

pub(crate) const TESTS: &[Test] = &[
    ("an_archive_is_imported_and_run", |host| Box::pin(an_archive_is_imported_and_run(host))),
    ("a_layout_is_imported_by_digest", |host| Box::pin(a_layout_is_imported_by_digest(host))),
    ("layers_cannot_climb_out", |host| Box::pin(layers_cannot_climb_out(host))),
    ("a_full_disk_takes_no_half_image", |host| Box::pin(a_full_disk_takes_no_half_image(host))),
    ("removed_images_leave_nothing", |host| Box::pin(removed_images_leave_nothing(host))),
];

fn digest(bytes: &[u8]) -> String {
    let digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

fn header(kind: tar::EntryType, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(if kind.is_dir() { 0o755 } else { 0o644 });
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1_000_000);
    header
}

/// A layer of files, `(name, content)`; a content of `->target` is a symbolic link, `=>target` a hard one.
fn layer(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = match (content.strip_prefix("->"), content.strip_prefix("=>")) {
            (Some(_), _) => header(tar::EntryType::Symlink, 0),
            (_, Some(_)) => header(tar::EntryType::Link, 0),
            _ => header(tar::EntryType::Regular, content.len() as u64),
        };
        // The library refuses to write the names that are tested here.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        let target = content.strip_prefix("->").or(content.strip_prefix("=>"));
        if let Some(target) = target {
            header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        }
        header.set_cksum();
        archive.append(&header, if target.is_some() { &[][..] } else { content.as_bytes() }).unwrap();
    }
    archive.into_inner().unwrap()
}

fn configuration(layers: &[Vec<u8>]) -> Vec<u8> {
    let diffs: Vec<String> = layers.iter().map(|layer| digest(layer)).collect();
    serde_json::to_vec(&serde_json::json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }, "os": "linux",
        "config": {"Env": null, "Entrypoint": ["/helper"], "User": "33:44"},
        "rootfs": {"type": "layers", "diff_ids": diffs},
    }))
    .unwrap()
}

/// A docker-archive of the image `made:here`, a layer for each list of files.
pub(crate) fn archive_of(path: &Path, layers: &[&[(&str, &str)]]) {
    docker_archive(path, &layers.iter().map(|files| layer(files)).collect::<Vec<_>>());
}

/// A docker-archive, compressed as a whole.
fn docker_archive(path: &Path, layers: &[Vec<u8>]) {
    let mut archive = tar::Builder::new(GzEncoder::new(std::fs::File::create(path).unwrap(), Default::default()));
    let mut append = |name: &str, bytes: &[u8]| {
        archive.append_data(&mut header(tar::EntryType::Regular, bytes.len() as u64), name, bytes).unwrap();
    };
    let names: Vec<String> = (0..layers.len()).map(|number| format!("{number}/layer.tar")).collect();
    for (name, layer) in names.iter().zip(layers) {
        append(name, layer);
    }
    append("config.json", &configuration(layers));
    let manifest = serde_json::json!([{"Config": "config.json", "RepoTags": ["made:here"], "Layers": names}]);
    append("manifest.json", &serde_json::to_vec(&manifest).unwrap());
    archive.into_inner().unwrap().finish().unwrap();
}

fn helper_layer() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_path_with_name(std::env::current_exe().unwrap(), "helper").unwrap();
    archive.into_inner().unwrap()
}

async fn an_archive_is_imported_and_run(host: Host) {
    let runtime = host.runtime().await;
    let layers = [
        helper_layer(),
        layer(&[("kept/below", "1"), ("gone/below", "1"), ("hidden/below", "1"), ("file", "old"), ("link", "->file")]),
        layer(&[
            (".wh.gone", ""),
            ("hidden/.wh..wh..opq", ""),
            ("hidden/above", "2"),
            ("file", "new"),
            ("same", "=>file"),
        ]),
    ];
    let path = host.directory.join("image.tar.gz");
    docker_archive(&path, &layers);
    let images = runtime.images().import(&path, None).unwrap();
    assert_eq!(images[0].tags.iter().collect::<Vec<_>>(), ["docker.io/library/made:here"]);
    let request = ImageStatusRequest {
        image: Some(ImageSpec { image: "made:here".into(), ..Default::default() }),
        verbose: false,
    };
    let image = runtime.image_status(request).await.unwrap().image.unwrap();
    assert_eq!((image.id.as_str(), image.uid.unwrap().value), (images[0].id.as_str(), 33));
    let pod = Pod::run(&host, &runtime).await;
    let container = pod
        .start(&["wait"], |config| config.image = Some(ImageSpec { image: "made:here".into(), ..Default::default() }))
        .await;
    for (path, expected) in [("/", "gone"), ("/hidden", "above\n"), ("/kept", "below\n")] {
        let (_, names, _) = pod.exec(&container, &["list", path]).await;
        assert_eq!(names.contains(expected), path != "/", "{path}: {names}");
        assert!(path == "/" || names == expected, "{path}: {names}");
    }
    for path in ["/file", "/link", "/same"] {
        assert_eq!(pod.exec(&container, &["read", path]).await.1, "new", "{path}");
    }
    let request = ListContainersRequest::default();
    assert_eq!(runtime.list_containers(request).await.unwrap().containers[0].image_id, image.id);
}

async fn a_layout_is_imported_by_digest(host: Host) {
    let runtime = host.runtime().await;
    let layout = host.directory.join("layout");
    let plain = layer(&[("file", "text")]);
    let mut compressed = GzEncoder::new(Vec::new(), Default::default());
    compressed.write_all(&plain).unwrap();
    let compressed = compressed.finish().unwrap();
    let blob = |bytes: &[u8]| {
        let path = layout.join("blobs").join(digest(bytes).replace(':', "/"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        serde_json::json!({"digest": digest(bytes), "size": bytes.len()})
    };
    let manifest = serde_json::json!({"schemaVersion": 2, "config": blob(&configuration(&[plain])), "layers": [blob(&compressed)]});
    let manifest = serde_json::to_vec(&manifest).unwrap();
    let mut entry = blob(&manifest);
    entry["annotations"] = serde_json::json!({"org.opencontainers.image.ref.name": "example.org/layout:1"});
    let index = serde_json::json!({"schemaVersion": 2, "manifests": [entry]});
    std::fs::write(layout.join("index.json"), serde_json::to_vec(&index).unwrap()).unwrap();
    let image = runtime.images().import(&layout, None).unwrap().remove(0);
    let by_digest = format!("example.org/layout@{}", digest(&manifest));
    assert_eq!(runtime.images().find(&by_digest).unwrap(), image);
    // A damaged layer is no layer.
    runtime.images().remove("example.org/layout:1").unwrap();
    let path = layout.join("blobs").join(digest(&compressed).replace(':', "/"));
    let mut damaged = compressed;
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(path, damaged).unwrap();
    runtime.images().import(&layout, None).unwrap_err();
    assert!(runtime.images().find("example.org/layout:1").is_err());
}

async fn layers_cannot_climb_out(host: Host) {
    let runtime = host.runtime().await;
    let outside = host.directory.join("outside");
    std::fs::write(&outside, "untouched").unwrap();
    let outside_text = outside.to_str().unwrap();
    let path = host.directory.join("image.tar.gz");
    let climbing = format!("../../../{}", outside.file_name().unwrap().to_str().unwrap());
    for (files, refused) in [
        (vec![(climbing.as_str(), "x")], true),
        (vec![("a/../../b", "x")], true),
        (vec![("hard", "=>../../../../outside")], true),
        // Absolute names are those of the layer, and links lead where they would inside a container.
        (vec![("hard", "=>/etc/passwd")], true),
        (vec![(outside_text, "x")], false),
        (vec![("up", "->../../../.."), ("up/outside", "x")], false),
        (vec![("all", "->/"), ("all/etc/made", "x")], false),
    ] {
        docker_archive(&path, &[layer(&files)]);
        let imported = runtime.images().import(&path, None);
        assert_eq!(imported.is_err(), refused, "{files:?}: {imported:?}");
        assert_eq!(std::fs::read_to_string(&outside).unwrap(), "untouched");
        assert!(!Path::new("/etc/made").exists());
    }
}

/// An image for which there is no room is refused in so many words, leaves nothing, and comes in once there is room.
async fn a_full_disk_takes_no_half_image(host: Host) {
    let images = host.directory.join("root/images");
    std::fs::create_dir_all(&images).unwrap();
    let flags = rustix::mount::MountFlags::empty();
    rustix::mount::mount("small", &images, "tmpfs", flags, c"size=1m").unwrap();
    let runtime = runtime::Runtime::open(host.config()).await.unwrap();
    let (path, large) = (host.directory.join("large.tar"), "x".repeat(2 << 20));
    docker_archive(&path, &[layer(&[("small", "fits")]), layer(&[("large", &large)])]);
    let refused = runtime.images().import(&path, None).unwrap_err().to_string();
    assert!(refused.contains("No space left on device"), "{refused}");
    let left = |part: &str| std::fs::read_dir(images.join(part)).unwrap().count();
    assert!(runtime.images().list().is_empty());
    // The layer that did fit may stay for the next try, until the store is opened again.
    drop(runtime);
    let runtime = runtime::Runtime::open(host.config()).await.unwrap();
    assert_eq!((left("layers"), left("downloads"), left("blobs/sha256")), (0, 0, 0));
    rustix::mount::mount_remount(&images, flags, "size=8m").unwrap();
    runtime.images().import(&path, None).unwrap();
    assert_eq!((runtime.images().list().len(), left("layers")), (1, 2));
}

async fn removed_images_leave_nothing(host: Host) {
    let runtime = host.runtime().await;
    let layers = || std::fs::read_dir(host.directory.join("root/images/layers")).unwrap().flatten().collect::<Vec<_>>();
    let helper: PathBuf = layers()[0].path().join("helper");
    assert_eq!(std::fs::metadata(&helper).unwrap().mode() & 0o111, 0o111);
    let request = RemoveImageRequest { image: Some(ImageSpec { image: IMAGE.into(), ..Default::default() }) };
    runtime.remove_image(request.clone()).await.unwrap();
    runtime.remove_image(request).await.unwrap();
    assert!(layers().is_empty());
    assert!(runtime.list_images(Default::default()).await.unwrap().images.is_empty());
}
