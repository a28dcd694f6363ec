use std::{
    fs::File,
    io::{self, BufWriter, Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
};

use super::{
    BRANCH, BUCKET, BUCKET_BYTES, ELEMENT_BYTES, FREE_LIST, HEADER_BYTES, LEAF, MAGIC, META, META_BYTES, VERSION,
    checksum,
};

/// What etcd uses on every machine that it is built for but few.
const PAGE_BYTES: usize = 4096;

/// Writes a database from its beginning to its end, one tree after the other.
pub(crate) struct DatabaseWriter<'a> {
    file: &'a File,
    output: BufWriter<&'a File>,
    /// The next page.
    end: u64,
    /// Buckets by name, with their headers and what stands in them whole.
    buckets: Vec<(&'static str, Vec<u8>)>,
}

/// A bucket that is being written. Keys come in their order.
#[derive(Default)]
pub(crate) struct Tree {
    leaf: Vec<Element>,
    leaf_bytes: usize,
    /// First keys and pages of the leaves.
    leaves: Vec<(Vec<u8>, u64)>,
}

struct Element {
    flags: u32,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl<'a> DatabaseWriter<'a> {
    /// A database that begins at the beginning of `file`, which is empty.
    pub(crate) fn new(file: &'a File) -> io::Result<DatabaseWriter<'a>> {
        // The two meta pages are written at the end.
        file.set_len(2 * PAGE_BYTES as u64)?;
        let mut output = BufWriter::with_capacity(1 << 20, file);
        output.seek(SeekFrom::End(0))?;
        Ok(DatabaseWriter { file, output, end: 2, buckets: Vec::new() })
    }

    /// Adds a key to a tree.
    pub(crate) fn add(&mut self, tree: &mut Tree, key: Vec<u8>, value: Vec<u8>) -> io::Result<()> {
        self.add_element(tree, Element { flags: 0, key, value })
    }

    fn add_element(&mut self, tree: &mut Tree, element: Element) -> io::Result<()> {
        let bytes = ELEMENT_BYTES + element.key.len() + element.value.len();
        if !tree.leaf.is_empty() && HEADER_BYTES + tree.leaf_bytes + bytes > PAGE_BYTES {
            self.end_leaf(tree)?;
        }
        tree.leaf_bytes += bytes;
        tree.leaf.push(element);
        Ok(())
    }

    /// Ends a tree, which becomes the bucket `name`.
    pub(crate) fn bucket(&mut self, name: &'static str, tree: Tree) -> io::Result<()> {
        let mut header = vec![0; BUCKET_BYTES];
        if tree.leaf.is_empty() && tree.leaves.is_empty() {
            // Without a root: it stands in its parent whole.
            header.extend_from_slice(&page_header(0, LEAF, 0, 0));
        } else {
            header[..8].copy_from_slice(&self.end_tree(tree)?.to_le_bytes());
        }
        self.buckets.push((name, header));
        Ok(())
    }

    /// Ends the database; answers its length in bytes.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        let mut buckets = std::mem::take(&mut self.buckets);
        buckets.sort_unstable();
        let mut tree = Tree::default();
        for (name, header) in buckets {
            self.add_element(&mut tree, Element { flags: BUCKET, key: name.into(), value: header })?;
        }
        let root = self.end_tree(tree)?;
        let free_list = self.page(FREE_LIST, 0, &[])?;
        self.output.flush()?;
        for number in 0..2_u64 {
            let mut page = page_header(number, META, 0, 0).to_vec();
            for word in [MAGIC, VERSION, PAGE_BYTES as u32, 0] {
                page.extend_from_slice(&word.to_le_bytes());
            }
            for word in [root, 0, free_list, self.end, number] {
                page.extend_from_slice(&word.to_le_bytes());
            }
            debug_assert_eq!(page.len(), HEADER_BYTES + META_BYTES);
            page.extend_from_slice(&checksum(&page[HEADER_BYTES..]).to_le_bytes());
            page.resize(PAGE_BYTES, 0);
            self.file.write_all_at(&page, number * PAGE_BYTES as u64)?;
        }
        Ok(self.end * PAGE_BYTES as u64)
    }

    /// Writes the rest of a tree and the branches above its leaves; answers its root.
    fn end_tree(&mut self, mut tree: Tree) -> io::Result<u64> {
        if !tree.leaf.is_empty() || tree.leaves.is_empty() {
            self.end_leaf(&mut tree)?;
        }
        let mut level = tree.leaves;
        while level.len() > 1 {
            level = self.branches(&level)?;
        }
        Ok(level[0].1)
    }

    fn end_leaf(&mut self, tree: &mut Tree) -> io::Result<()> {
        let elements = std::mem::take(&mut tree.leaf);
        tree.leaf_bytes = 0;
        let mut body = Vec::with_capacity(PAGE_BYTES);
        let mut at = elements.len() * ELEMENT_BYTES;
        for (number, element) in elements.iter().enumerate() {
            // Counted from the element's own beginning.
            let position = at - number * ELEMENT_BYTES;
            for word in [element.flags, position as u32, element.key.len() as u32, element.value.len() as u32] {
                body.extend_from_slice(&word.to_le_bytes());
            }
            at += element.key.len() + element.value.len();
        }
        for element in &elements {
            body.extend_from_slice(&element.key);
            body.extend_from_slice(&element.value);
        }
        let page = self.page(LEAF, elements.len(), &body)?;
        let first = elements.into_iter().next().map(|element| element.key).unwrap_or_default();
        tree.leaves.push((first, page));
        Ok(())
    }

    /// Writes the pages above those of a level; answers them.
    fn branches(&mut self, level: &[(Vec<u8>, u64)]) -> io::Result<Vec<(Vec<u8>, u64)>> {
        let mut above = Vec::new();
        let mut rest = level;
        while !rest.is_empty() {
            let mut bytes = HEADER_BYTES;
            let fitting = rest.iter().take_while(|(key, _)| {
                bytes += ELEMENT_BYTES + key.len();
                bytes <= PAGE_BYTES
            });
            // Two at least, or no level would ever be the last.
            let (children, others) = rest.split_at(fitting.count().max(2).min(rest.len()));
            rest = others;
            let mut body = Vec::with_capacity(PAGE_BYTES);
            let mut at = children.len() * ELEMENT_BYTES;
            for (number, (key, page)) in children.iter().enumerate() {
                body.extend_from_slice(&((at - number * ELEMENT_BYTES) as u32).to_le_bytes());
                body.extend_from_slice(&(key.len() as u32).to_le_bytes());
                body.extend_from_slice(&page.to_le_bytes());
                at += key.len();
            }
            children.iter().for_each(|(key, _)| body.extend_from_slice(key));
            above.push((children[0].0.clone(), self.page(BRANCH, children.len(), &body)?));
        }
        Ok(above)
    }

    /// Appends a page with what overflows from it; answers its number.
    fn page(&mut self, flags: u16, count: usize, body: &[u8]) -> io::Result<u64> {
        let number = self.end;
        let bytes = (HEADER_BYTES + body.len()).next_multiple_of(PAGE_BYTES);
        let pages = (bytes / PAGE_BYTES) as u64;
        self.output.write_all(&page_header(number, flags, count as u16, (pages - 1) as u32))?;
        self.output.write_all(body)?;
        self.output.write_all(&vec![0; bytes - HEADER_BYTES - body.len()])?;
        self.end += pages;
        Ok(number)
    }
}

fn page_header(number: u64, flags: u16, count: u16, overflow: u32) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(&number.to_le_bytes());
    header[8..10].copy_from_slice(&flags.to_le_bytes());
    header[10..12].copy_from_slice(&count.to_le_bytes());
    header[12..].copy_from_slice(&overflow.to_le_bytes());
    header
}
