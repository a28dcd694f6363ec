use std::{fs::File, os::unix::fs::FileExt};

use super::{
    BUCKET, BUCKET_BYTES, HEADER_BYTES, MAGIC, META, META_BYTES, VERSION, checksum,
    tree::{Node, walk},
    u16_at, u32_at, u64_at,
};
use crate::SnapshotError;

/// Page sizes that are believed.
const PAGE_BYTES: std::ops::RangeInclusive<u64> = 512..=1 << 20;
/// The longest page with what overflows from it: etcd's largest value by far, so that a damaged number does not cost
/// all memory.
const NODE_LIMIT_BYTES: u64 = 1 << 30;

/// Is shown a key and its value.
type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), SnapshotError> + 'a;

/// A database to read.
pub(crate) struct Database<'a> {
    file: &'a File,
    page_bytes: u64,
    /// The first page after all.
    end: u64,
    /// The root of the bucket of buckets.
    root: u64,
}

/// A tree of keys.
pub(crate) enum Bucket {
    /// Its root is this page.
    At(u64),
    /// It is small, and stands whole in its parent.
    Inline(Vec<u8>),
}

impl<'a> Database<'a> {
    /// Reads the beginning of the database, which takes `length_bytes` of the file.
    pub(crate) fn open(file: &'a File, length_bytes: u64) -> Result<Database<'a>, SnapshotError> {
        // The second meta page stands where the first says, or, should the first be damaged, at a power of two.
        let mut newest: Option<(u64, Database<'a>)> = None;
        let mut consider = |offset: u64| {
            let mut bytes = [0; HEADER_BYTES + META_BYTES + 8];
            file.read_exact_at(&mut bytes, offset).ok()?;
            let meta = &bytes[HEADER_BYTES..];
            let proved = u16_at(&bytes, 8)? & META != 0
                && u32_at(meta, 0)? == MAGIC
                && u32_at(meta, 4)? == VERSION
                && u64_at(meta, META_BYTES)? == checksum(&meta[..META_BYTES]);
            let page_bytes = u64::from(u32_at(meta, 8)?);
            if !proved || !PAGE_BYTES.contains(&page_bytes) {
                return None;
            }
            let (root, end, transaction) = (u64_at(meta, 16)?, u64_at(meta, 40)?, u64_at(meta, 48)?);
            if newest.as_ref().is_none_or(|(newest, _)| transaction > *newest) {
                newest = Some((transaction, Database { file, page_bytes, end, root }));
            }
            Some(page_bytes)
        };
        if let Some(page_bytes) = consider(0) {
            consider(page_bytes);
        } else {
            (9..=20).map(|power| 1 << power).find_map(consider);
        }
        let Some((_, database)) = newest else {
            return Err(SnapshotError::Foreign("it does not begin as a bbolt database does"));
        };
        if database.end.checked_mul(database.page_bytes).is_none_or(|needed| needed > length_bytes) {
            return Err(SnapshotError::Damaged { page: database.end, reason: "the file ends before it" });
        }
        Ok(database)
    }

    /// How many pages there are.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// A page with what overflows from it.
    pub(super) fn node(&self, page: u64) -> Result<Vec<u8>, SnapshotError> {
        let damaged = |reason| SnapshotError::Damaged { page, reason };
        if page < 2 || page >= self.end {
            return Err(damaged("there is no such page"));
        }
        let mut header = [0; HEADER_BYTES];
        self.file.read_exact_at(&mut header, page * self.page_bytes)?;
        if u64_at(&header, 0) != Some(page) {
            return Err(damaged("it has the number of another"));
        }
        let overflow = u64::from(u32_at(&header, 12).unwrap_or_default());
        if page + overflow >= self.end || (overflow + 1) * self.page_bytes > NODE_LIMIT_BYTES {
            return Err(damaged("it overflows the file"));
        }
        let mut bytes = vec![0; ((overflow + 1) * self.page_bytes) as usize];
        self.file.read_exact_at(&mut bytes, page * self.page_bytes)?;
        Ok(bytes)
    }

    /// The bucket of this name.
    pub(crate) fn bucket(&self, name: &str) -> Result<Option<Bucket>, SnapshotError> {
        let mut found = None;
        walk(self, &Bucket::At(self.root), &mut |element| {
            if element.key == name.as_bytes() && element.flags & BUCKET != 0 {
                let cut = SnapshotError::Damaged { page: self.root, reason: "a bucket's header is cut off" };
                found = Some(bucket(element.value).ok_or(cut)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Shows `visit` every key of a bucket with its value, in order.
    pub(crate) fn each(&self, bucket: &Bucket, visit: &mut Visit<'_>) -> Result<(), SnapshotError> {
        walk(self, bucket, &mut |element| visit(element.key, element.value))
    }
}

fn bucket(value: &[u8]) -> Option<Bucket> {
    Some(match u64_at(value, 0)? {
        0 => Bucket::Inline(value.get(BUCKET_BYTES..)?.to_vec()),
        root => Bucket::At(root),
    })
}

impl Bucket {
    /// The page with which it begins.
    pub(super) fn root(&self, database: &Database<'_>) -> Result<Node, SnapshotError> {
        match self {
            Bucket::At(page) => Node::new(*page, database.node(*page)?),
            Bucket::Inline(bytes) => Node::new(0, bytes.clone()),
        }
    }
}
