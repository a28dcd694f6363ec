//! `fsGroup`: the group that owns a volume.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt, lchown},
    path::Path,
};

const READ_WRITE: u32 = 0o660;
const SET_GROUP_ID: u32 = 0o2000;
const SEARCH: u32 = 0o110;

/// Gives everything below `root` to `group`, writable for it, new files included. Links are not followed. With
/// `on_root_mismatch` nothing is done when the root is right already.
pub fn apply(root: &Path, group: u32, on_root_mismatch: bool) -> io::Result<()> {
    let metadata = fs::symlink_metadata(root)?;
    let wanted = READ_WRITE | SET_GROUP_ID | SEARCH;
    if on_root_mismatch && metadata.gid() == group && metadata.mode() & wanted == wanted {
        return Ok(());
    }
    // The root last: when it is right, everything below is.
    if metadata.is_dir() {
        for entry in fs::read_dir(root)? {
            apply(&entry?.path(), group, false)?;
        }
    }
    lchown(root, None, Some(group))?;
    if metadata.is_symlink() {
        return Ok(());
    }
    let more = if metadata.is_dir() { wanted } else { READ_WRITE };
    fs::set_permissions(root, fs::Permissions::from_mode(metadata.mode() & 0o7777 | more))
}
