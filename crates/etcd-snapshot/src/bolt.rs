//! The database file that etcd keeps its keys in: pages, of which trees of buckets are made.
//!
//! All numbers are in the order of the machine that wrote them; etcd supports machines alone that write the lowest byte
//! first. Upstream's counterpart is `go.etcd.io/bbolt`.

mod pages;
mod tree;
mod writer;

pub(crate) use pages::Database;
pub(crate) use writer::{DatabaseWriter, Tree};

/// What a file of this kind begins with.
const MAGIC: u32 = 0xED0C_DAED;
/// The only version that there is.
const VERSION: u32 = 2;
/// The length of a page's header, and of an element in it.
const HEADER_BYTES: usize = 16;
const ELEMENT_BYTES: usize = 16;
/// The length of a bucket's header: its root page and its sequence.
const BUCKET_BYTES: usize = 16;
/// The length of what a meta page says, without its checksum.
const META_BYTES: usize = 56;

const BRANCH: u16 = 0x01;
const LEAF: u16 = 0x02;
const META: u16 = 0x04;
const FREE_LIST: u16 = 0x10;
/// An element of a leaf that is a bucket.
const BUCKET: u32 = 0x01;

/// FNV-1a of 64 bits, the checksum of a meta page.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(offset..offset + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(offset..offset + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(offset..offset + 8)?.try_into().ok()?))
}
