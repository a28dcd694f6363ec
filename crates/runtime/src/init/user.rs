//! Who a process runs as: names are looked up in the container's own `/etc/passwd` and `/etc/group`.
//!
//! The rules are those of images and of runc: a user is `user[:group]`, each a name or a number; a number needs no
//! entry; a user without a group has the one of its entry, else 0.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::Failure;
use crate::shim::protocol::ResolvedUser;
use crate::spec::UserSpec;

/// Longest line of the two files that is looked at: a container may put anything there.
const LINE_LIMIT_BYTES: usize = 64 << 10;

/// A user, with the home directory of its entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) ids: ResolvedUser,
    pub(super) home: String,
}

struct PasswordEntry {
    name: String,
    uid: u32,
    gid: u32,
    home: String,
}

struct GroupEntry {
    name: String,
    gid: u32,
    members: Vec<String>,
}

/// Looks the user up below `root`, which is `/` in a container.
pub(super) fn resolve(root: &Path, spec: &UserSpec) -> Result<User, Failure> {
    let (user_part, group_part) = match spec.name.split_once(':') {
        Some((user, group)) => (user, Some(group).filter(|group| !group.is_empty())),
        None => (spec.name.as_str(), None),
    };
    let user_part = spec.uid.map_or_else(|| user_part.to_owned(), |uid| uid.to_string());
    let user_part = if user_part.is_empty() { "0" } else { &user_part };
    let entry = find(&root.join("etc/passwd"), password_entry, |entry: &PasswordEntry| {
        entry.name == user_part || user_part.parse() == Ok(entry.uid)
    });
    let uid = match (&entry, user_part.parse::<u32>()) {
        (Some(entry), _) => entry.uid,
        (None, Ok(uid)) => uid,
        (None, Err(_)) => {
            return Err(Failure(format!("unable to find user {user_part}: no matching entries in passwd file")));
        }
    };
    // A group that stands beside a user in the image goes with that user only.
    let group_part = group_part.filter(|_| spec.uid.is_none());
    let gid = match (spec.gid, group_part) {
        (Some(gid), _) => gid,
        (None, Some(group)) => find_group(root, group)?,
        (None, None) => entry.as_ref().map_or(0, |entry| entry.gid),
    };
    // The primary group is one of the others too, for who only looks at those.
    let mut groups = vec![gid];
    if let Some(entry) = entry.as_ref().filter(|_| spec.merge_image_groups) {
        for_each_line(&root.join("etc/group"), group_entry, |group: GroupEntry| {
            if group.members.contains(&entry.name) {
                groups.push(group.gid);
            }
            false
        });
    }
    groups.extend(&spec.groups);
    let mut seen = std::collections::BTreeSet::new();
    groups.retain(|group| seen.insert(*group));
    let home = entry.map_or_else(|| "/".to_owned(), |entry| entry.home);
    Ok(User { ids: ResolvedUser { uid, gid, groups }, home })
}

fn find_group(root: &Path, group: &str) -> Result<u32, Failure> {
    let entry = find(&root.join("etc/group"), group_entry, |entry: &GroupEntry| {
        entry.name == group || group.parse() == Ok(entry.gid)
    });
    match (entry, group.parse()) {
        (Some(entry), _) => Ok(entry.gid),
        (None, Ok(gid)) => Ok(gid),
        (None, Err(_)) => Err(Failure(format!("unable to find group {group}: no matching entries in group file"))),
    }
}

fn find<T>(path: &Path, parse: fn(&str) -> Option<T>, wanted: impl Fn(&T) -> bool) -> Option<T> {
    let mut found = None;
    for_each_line(path, parse, |entry| {
        if !wanted(&entry) {
            return false;
        }
        found = Some(entry);
        true
    });
    found
}

/// Calls `visit` for every entry until it says that it has seen enough. A missing file has no entries.
fn for_each_line<T>(path: &Path, parse: fn(&str) -> Option<T>, mut visit: impl FnMut(T) -> bool) {
    let Ok(file) = File::open(path) else { return };
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = std::io::Read::take(&mut reader, LINE_LIMIT_BYTES as u64);
        match limited.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if let Some(entry) = parse(String::from_utf8_lossy(&line).trim_end())
            && visit(entry)
        {
            return;
        }
    }
}

fn password_entry(line: &str) -> Option<PasswordEntry> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    let home = fields.nth(1).unwrap_or_default().to_owned();
    Some(PasswordEntry { name, uid, gid, home })
}

fn group_entry(line: &str) -> Option<GroupEntry> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let gid = fields.nth(1)?.parse().ok()?;
    let members = fields.next().unwrap_or_default().split(',').filter(|member| !member.is_empty());
    Some(GroupEntry { name, gid, members: members.map(str::to_owned).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(spec: UserSpec) -> Result<User, String> {
        let root = std::env::temp_dir().join(format!("sagong-user-test-{:?}", std::thread::current().id()));
        std::fs::create_dir_all(root.join("etc")).unwrap();
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nweb:x:33:44::/srv:/bin/false\n";
        std::fs::write(root.join("etc/passwd"), passwd).unwrap();
        std::fs::write(root.join("etc/group"), "root:x:0:\nstaff:x:50:web,other\nwww:x:44:\n").unwrap();
        let user = resolve(&root, &spec).map_err(|failure| failure.0);
        std::fs::remove_dir_all(root).unwrap();
        user
    }

    fn user(uid: u32, gid: u32, groups: &[u32], home: &str) -> User {
        User { ids: ResolvedUser { uid, gid, groups: groups.to_vec() }, home: home.to_owned() }
    }

    #[test]
    fn names_numbers_and_overrides_are_resolved() {
        let named = |name: &str| UserSpec { name: name.to_owned(), merge_image_groups: true, ..UserSpec::default() };
        assert_eq!(resolved(named("")), Ok(user(0, 0, &[0], "/root")));
        assert_eq!(resolved(named("web")), Ok(user(33, 44, &[44, 50], "/srv")));
        assert_eq!(resolved(named("web:staff")), Ok(user(33, 50, &[50], "/srv")));
        assert_eq!(resolved(named("1234:5")), Ok(user(1234, 5, &[5], "/")));
        let overridden = UserSpec { uid: Some(33), gid: Some(7), groups: vec![9, 50], ..named("root:root") };
        assert_eq!(resolved(overridden), Ok(user(33, 7, &[7, 50, 9], "/srv")));
        let strict = UserSpec { merge_image_groups: false, groups: vec![9], ..named("web") };
        assert_eq!(resolved(strict), Ok(user(33, 44, &[44, 9], "/srv")));
    }

    #[test]
    fn unknown_names_are_refused() {
        let named = |name: &str| UserSpec { name: name.to_owned(), ..UserSpec::default() };
        assert_eq!(
            resolved(named("nobody")).unwrap_err(),
            "unable to find user nobody: no matching entries in passwd file"
        );
        assert_eq!(
            resolved(named("web:none")).unwrap_err(),
            "unable to find group none: no matching entries in group file"
        );
    }
}
