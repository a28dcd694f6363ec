//! `hostPath`: a file or directory of the node.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use api::views::core_v1::Volume;
use async_trait::async_trait;

use super::{Context, Error, Mounted, Plugin, blocking};

pub(super) struct HostPath;

fn check(path: &Path, kind: &str) -> Result<(), Error> {
    let shown = path.display();
    let found = match fs::metadata(path) {
        Ok(metadata) => Some(metadata.file_type()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Error::at("look at", path)(error)),
    };
    let wrong = |what: &str| Err(Error::HostPath(format!("{shown} is not {what}")));
    let missing = || Err(Error::HostPath(format!("{shown} does not exist")));
    match (kind, found) {
        ("", _) => Ok(()),
        ("DirectoryOrCreate", None) => fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(path)
            .map_err(Error::at("make the directory", path)),
        ("FileOrCreate", None) => {
            let made = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o644).open(path);
            made.map(drop).map_err(Error::at("make the file", path))
        }
        (_, None) => missing(),
        ("Directory" | "DirectoryOrCreate", Some(found)) if !found.is_dir() => wrong("a directory"),
        ("File" | "FileOrCreate", Some(found)) if !found.is_file() => wrong("a file"),
        ("Socket", Some(found)) if !found.is_socket() => wrong("a socket file"),
        ("CharDevice", Some(found)) if !found.is_char_device() => wrong("a character device"),
        ("BlockDevice", Some(found)) if !found.is_block_device() => wrong("a block device"),
        ("Directory" | "DirectoryOrCreate" | "File" | "FileOrCreate" | "Socket" | "CharDevice" | "BlockDevice", _) => {
            Ok(())
        }
        (other, _) => Err(Error::HostPath(format!("{other:?} is not a host path type"))),
    }
}

#[async_trait]
impl Plugin for HostPath {
    fn name(&self) -> &'static str {
        "kubernetes.io/host-path"
    }

    fn makes(&self, volume: Volume<'_>) -> bool {
        volume.host_path().is_some()
    }

    async fn set_up(&self, _: &Context<'_>, volume: Volume<'_>) -> Result<Mounted, Error> {
        let Some(source) = volume.host_path() else { return Err(Error::NoPlugin(volume.name().to_owned())) };
        let (path, kind) = (PathBuf::from(source.path()), source.type_().unwrap_or_default().to_owned());
        blocking(move || check(&path, &kind).map(|()| Mounted::at(path))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        check(&path("a/b"), "DirectoryOrCreate").unwrap();
        check(&path("f"), "FileOrCreate").unwrap();
        for (name, kind, good) in [
            ("a", "Directory", true),
            ("f", "Directory", false),
            ("f", "File", true),
            ("a", "File", false),
            ("f", "Socket", false),
            ("none", "File", false),
            ("none", "", true),
        ] {
            assert_eq!(check(&path(name), kind).is_ok(), good, "{name} {kind}");
        }
        check(Path::new("/dev/null"), "CharDevice").unwrap();
    }
}
