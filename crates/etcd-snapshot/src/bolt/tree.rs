use super::{
    BRANCH, ELEMENT_BYTES, HEADER_BYTES, LEAF,
    pages::{Bucket, Database},
    u16_at, u32_at, u64_at,
};
use crate::SnapshotError;

/// A page of a tree.
pub(super) struct Node {
    page: u64,
    bytes: Vec<u8>,
    leaf: bool,
    count: usize,
}

/// A key with its value in a leaf.
pub(super) struct Element<'a> {
    pub(super) flags: u32,
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
}

impl Node {
    pub(super) fn new(page: u64, bytes: Vec<u8>) -> Result<Node, SnapshotError> {
        let damaged = |reason| SnapshotError::Damaged { page, reason };
        let (Some(flags), Some(count)) = (u16_at(&bytes, 8), u16_at(&bytes, 10)) else {
            return Err(damaged("its header is cut off"));
        };
        let leaf = match flags {
            LEAF => true,
            BRANCH => false,
            _ => return Err(damaged("it is no part of a tree")),
        };
        Ok(Node { page, bytes, leaf, count: usize::from(count) })
    }

    fn damaged(&self, reason: &'static str) -> SnapshotError {
        SnapshotError::Damaged { page: self.page, reason }
    }

    fn element(&self, number: usize) -> Option<Element<'_>> {
        let at = HEADER_BYTES + number * ELEMENT_BYTES;
        let header = self.bytes.get(at..at + ELEMENT_BYTES)?;
        let key = at.checked_add(u32_at(header, 4)? as usize)?;
        let value = key.checked_add(u32_at(header, 8)? as usize)?;
        let end = value.checked_add(u32_at(header, 12)? as usize)?;
        Some(Element {
            flags: u32_at(header, 0)?,
            key: self.bytes.get(key..value)?,
            value: self.bytes.get(value..end)?,
        })
    }

    fn child(&self, number: usize) -> Option<u64> {
        u64_at(&self.bytes, HEADER_BYTES + number * ELEMENT_BYTES + 8)
    }
}

/// Shows `visit` every element of a bucket, in order.
pub(super) fn walk(
    database: &Database<'_>,
    bucket: &Bucket,
    visit: &mut dyn FnMut(Element<'_>) -> Result<(), SnapshotError>,
) -> Result<(), SnapshotError> {
    // A damaged tree may lead to where it came from.
    let mut seen = vec![0_u64; (database.end() / 64 + 1) as usize];
    // No key of etcd's is empty.
    let mut last = Vec::new();
    let mut waiting = Vec::new();
    let mut next = Some(bucket.root(database)?);
    loop {
        let node = match (next.take(), waiting.pop()) {
            (Some(root), _) => root,
            (None, Some(page)) => Node::new(page, database.node(page)?)?,
            (None, None) => return Ok(()),
        };
        for number in (0..node.count).rev().filter(|_| !node.leaf) {
            let page = node.child(number).ok_or_else(|| node.damaged("an element is cut off"))?;
            match seen.get_mut((page / 64) as usize) {
                Some(word) if *word & (1 << (page % 64)) == 0 => *word |= 1 << (page % 64),
                _ => return Err(node.damaged("it leads to a page that is elsewhere in the tree, or nowhere")),
            }
            waiting.push(page);
        }
        for number in (0..node.count).filter(|_| node.leaf) {
            let element = node.element(number).ok_or_else(|| node.damaged("an element is cut off"))?;
            if !last.is_empty() && last.as_slice() >= element.key {
                return Err(node.damaged("its keys are not in order"));
            }
            last.clear();
            last.extend_from_slice(element.key);
            visit(element)?;
        }
    }
}
