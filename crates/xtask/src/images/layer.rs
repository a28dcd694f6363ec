//! File trees that become layers of an image: the same tree gives the same bytes.

use std::{collections::BTreeMap, io::Write, path::Path};

use anyhow::Context;

/// What one name of a layer stands for.
#[derive(Clone, PartialEq, Eq)]
enum Entry {
    Directory,
    File(Vec<u8>),
    Link(String),
}

/// A file tree; every file belongs to root and has no time.
#[derive(Clone, Default)]
pub(super) struct Layer {
    entries: BTreeMap<String, (u32, Entry)>,
}

impl Layer {
    /// Makes a directory and those above it.
    pub(super) fn directory(&mut self, name: &str, mode: u32) {
        let name = name.trim_matches('/');
        self.parents(name);
        self.entries.insert(name.to_owned(), (mode, Entry::Directory));
    }

    /// Puts a file.
    pub(super) fn file(&mut self, name: &str, mode: u32, content: impl Into<Vec<u8>>) {
        let name = name.trim_matches('/');
        self.parents(name);
        self.entries.insert(name.to_owned(), (mode, Entry::File(content.into())));
    }

    /// Puts a file of this machine.
    pub(super) fn copy(&mut self, name: &str, mode: u32, source: &Path) -> anyhow::Result<()> {
        let content = std::fs::read(source).with_context(|| format!("cannot read {}", source.display()))?;
        self.file(name, mode, content);
        Ok(())
    }

    /// Puts a symbolic link.
    pub(super) fn link(&mut self, name: &str, target: &str) {
        let name = name.trim_matches('/');
        self.parents(name);
        self.entries.insert(name.to_owned(), (0o777, Entry::Link(target.to_owned())));
    }

    /// Forgets the files that a layer below has already.
    pub(super) fn without(mut self, below: &Layer) -> Layer {
        self.entries.retain(|name, entry| entry.1 == Entry::Directory || below.entries.get(name) != Some(entry));
        self
    }

    fn parents(&mut self, name: &str) {
        for (end, _) in name.match_indices('/') {
            self.entries.entry(name[..end].to_owned()).or_insert((0o755, Entry::Directory));
        }
    }

    /// The tree as a tar archive.
    pub(super) fn write(&self, output: impl Write) -> anyhow::Result<()> {
        let mut archive = tar::Builder::new(output);
        for (name, (mode, entry)) in &self.entries {
            let mut header = tar::Header::new_gnu();
            header.set_mode(*mode);
            header.set_mtime(0);
            header.set_uid(0);
            header.set_gid(0);
            header.set_size(0);
            match entry {
                Entry::Directory => {
                    header.set_entry_type(tar::EntryType::Directory);
                    archive.append_data(&mut header, format!("{name}/"), std::io::empty())?;
                }
                Entry::File(content) => {
                    header.set_size(content.len() as u64);
                    archive.append_data(&mut header, name, content.as_slice())?;
                }
                Entry::Link(target) => {
                    header.set_entry_type(tar::EntryType::Symlink);
                    archive.append_link(&mut header, name, target)?;
                }
            }
        }
        archive.finish()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(layer: &Layer) -> Vec<u8> {
        let mut bytes = Vec::new();
        layer.write(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_order_of_making_does_not_matter() {
        let (mut one, mut other) = (Layer::default(), Layer::default());
        one.file("etc/a", 0o644, "a");
        one.link("bin/sh", "busybox");
        other.link("/bin/sh", "busybox");
        other.file("etc/a", 0o644, "a");
        assert_eq!(bytes(&one), bytes(&other));
    }

    #[test]
    fn what_lies_below_is_left_out() {
        let (mut below, mut above) = (Layer::default(), Layer::default());
        below.file("lib/libc.so.6", 0o755, "c");
        above.file("lib/libc.so.6", 0o755, "c");
        above.file("lib/libm.so.6", 0o755, "m");
        let rest = above.without(&below);
        let names: Vec<_> = rest.entries.keys().map(String::as_str).collect();
        assert_eq!(names, ["lib", "lib/libm.so.6"]);
    }
}
