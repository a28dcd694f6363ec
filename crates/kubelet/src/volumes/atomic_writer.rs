//! Files that change all at once.
//!
//! The files stand in a directory with a name of its own, `..data` is a link to it, and what the container sees are
//! links through `..data`. A change makes a new directory and moves the link: a reader sees the old files or the new
//! ones, never a mixture. The layout is upstream's, since programs watch `..data`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown, lchown, symlink},
    path::{Component, Path},
};

/// The link to the current files.
const DATA: &str = "..data";
const NEW_DATA: &str = "..data_tmp";

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its content.
    pub data: Vec<u8>,
    /// Its permission bits.
    pub mode: u32,
    /// Who owns it, if not root.
    pub owner: Option<u32>,
}

/// Files by path relative to the volume.
pub type Payload = BTreeMap<String, File>;

/// Whether a relative path stays inside the volume and is no name of ours.
fn is_safe(path: &str) -> bool {
    let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    inside && !path.is_empty() && !path.starts_with("..")
}

/// Makes `directory` show exactly `payload`, owned by `group`; whether anything changed.
pub fn write(directory: &Path, payload: &Payload, group: Option<u32>) -> io::Result<bool> {
    if let Some(path) = payload.keys().find(|path| !is_safe(path)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("the path {path:?} leaves the volume")));
    }
    let current = fs::read_link(directory.join(DATA)).ok();
    if let Some(current) = &current
        && is_current(&directory.join(current), payload)
    {
        return Ok(false);
    }
    let name = format!("..{}.{}", stdx::clock::now().strftime("%Y_%m_%d_%H_%M_%S"), stdx::random::name_suffix(9));
    let new = directory.join(&name);
    write_files(&new, payload, group)?;
    let link = directory.join(NEW_DATA);
    match fs::remove_file(&link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    symlink(&name, &link)?;
    fs::rename(&link, directory.join(DATA))?;
    link_entries(directory, payload, group)?;
    if let Some(current) = current {
        fs::remove_dir_all(directory.join(current))?;
    }
    Ok(true)
}

fn is_current(data: &Path, payload: &Payload) -> bool {
    let same = |(path, file): (&String, &File)| {
        let path = data.join(path);
        let mode = fs::metadata(&path).map(|metadata| metadata.permissions().mode() & 0o777);
        mode.is_ok_and(|mode| mode == file.mode & 0o777) && fs::read(&path).is_ok_and(|data| data == file.data)
    };
    data.is_dir() && count_files(data) == payload.len() && payload.iter().all(same)
}

fn count_files(directory: &Path) -> usize {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { count_files(&entry.path()) } else { 1 }).sum()
}

fn write_files(new: &Path, payload: &Payload, group: Option<u32>) -> io::Result<()> {
    let make = |directory: &Path| -> io::Result<()> {
        fs::DirBuilder::new().mode(0o755).create(directory)?;
        fs::set_permissions(directory, fs::Permissions::from_mode(if group.is_some() { 0o2755 } else { 0o755 }))?;
        group.map_or(Ok(()), |group| chown(directory, None, Some(group)))
    };
    make(new)?;
    for (path, file) in payload {
        let mut directory = new.to_owned();
        for part in Path::new(path).parent().into_iter().flat_map(Path::components) {
            directory.push(part);
            if !directory.is_dir() {
                make(&directory)?;
            }
        }
        let path = new.join(path);
        let mut opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        io::Write::write_all(&mut opened, &file.data)?;
        if file.owner.is_some() || group.is_some() {
            chown(&path, file.owner, group)?;
        }
        // After chown, which clears set-id bits; and not subject to the umask.
        fs::set_permissions(&path, fs::Permissions::from_mode(file.mode & 0o777))?;
    }
    Ok(())
}

/// Makes the links that the container sees, and removes those of files that are gone.
fn link_entries(directory: &Path, payload: &Payload, group: Option<u32>) -> io::Result<()> {
    let wanted: BTreeSet<&str> = payload.keys().filter_map(|path| path.split('/').next()).collect();
    for name in &wanted {
        let link = directory.join(name);
        if fs::symlink_metadata(&link).is_err() {
            symlink(Path::new(DATA).join(name), &link)?;
            if let Some(group) = group {
                lchown(&link, None, Some(group))?;
            }
        }
    }
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with("..") && !wanted.contains(name.as_ref()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(files: &[(&str, &str)]) -> Payload {
        let file = |data: &str| File { data: data.into(), mode: 0o640, owner: None };
        files.iter().map(|(path, data)| ((*path).to_owned(), file(data))).collect()
    }

    fn seen(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with(".."))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn changes_are_atomic_and_complete() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        assert!(write(path, &payload(&[("a", "1"), ("d/b", "2"), ("d/c", "3")]), None).unwrap());
        assert_eq!(fs::read_to_string(path.join("d/b")).unwrap(), "2");
        assert_eq!(fs::metadata(path.join("a")).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_link(path.join("d")).unwrap(), Path::new("..data/d"));
        let before = fs::read_link(path.join(DATA)).unwrap();
        assert!(!write(path, &payload(&[("a", "1"), ("d/b", "2"), ("d/c", "3")]), None).unwrap());
        assert_eq!(fs::read_link(path.join(DATA)).unwrap(), before, "nothing changed, nothing moves");
        assert!(write(path, &payload(&[("a", "9"), ("e", "4")]), None).unwrap());
        assert_eq!(seen(path), ["a", "e"]);
        assert_eq!(fs::read_to_string(path.join("a")).unwrap(), "9");
        assert!(!path.join(before).exists());
        assert!(write(path, &payload(&[]), None).unwrap());
        assert!(seen(path).is_empty());
    }

    #[test]
    fn paths_stay_inside() {
        let directory = tempfile::tempdir().unwrap();
        for path in ["../a", "/a", "a/../../b", "..data/a", ""] {
            assert!(write(directory.path(), &payload(&[(path, "1")]), None).is_err(), "{path}");
        }
    }
}
