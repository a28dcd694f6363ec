//! Stored messages as they are served: with their `resourceVersion`, which is not stored, and without being decoded.

use super::read::{Payload, ProtobufError, Reader};

/// `ObjectMeta` is the first field of every object's message.
const METADATA: u32 = 1;
/// `resourceVersion` in it.
const RESOURCE_VERSION: u32 = 6;
/// Field 1 and field 6, length-delimited.
const METADATA_TAG: u8 = 0x0a;
const RESOURCE_VERSION_TAG: u8 = 0x32;

/// An object's message without an envelope, and the revision that it is to say.
pub struct Served<'m> {
    revision: String,
    /// The metadata around the revision.
    before: &'m [u8],
    after: &'m [u8],
    /// Everything behind the metadata.
    rest: &'m [u8],
}

/// How many bytes a number takes.
fn varint_length(number: usize) -> usize {
    (usize::BITS - number.leading_zeros()).max(1).div_ceil(7) as usize
}

pub(super) fn put_varint(mut number: usize, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

impl<'m> Served<'m> {
    /// Of a stored message.
    ///
    /// # Errors
    /// It does not begin with an object's metadata, or is no message.
    pub fn new(message: &'m [u8], revision: u64) -> Result<Served<'m>, ProtobufError> {
        let mut reader = Reader { bytes: message };
        let Some((METADATA, Payload::Bytes(metadata))) = reader.next()? else {
            return super::read::error("the message does not begin with metadata");
        };
        let rest = reader.bytes;
        let mut reader = Reader { bytes: metadata };
        let (mut before, mut after) = (metadata, &metadata[metadata.len()..]);
        loop {
            let here = metadata.len() - reader.bytes.len();
            match reader.next()? {
                Some((number, _)) if number < RESOURCE_VERSION => {}
                Some((RESOURCE_VERSION, _)) => {
                    (before, after) = (&metadata[..here], reader.bytes);
                    break;
                }
                Some(_) => {
                    (before, after) = metadata.split_at(here);
                    break;
                }
                None => break,
            }
        }
        Ok(Served { revision: revision.to_string(), before, after, rest })
    }

    fn metadata_length(&self) -> usize {
        // Tag, and a length below 128.
        self.before.len() + 2 + self.revision.len() + self.after.len()
    }

    /// How many bytes [`Served::write`] appends.
    pub fn length(&self) -> usize {
        let metadata = self.metadata_length();
        1 + varint_length(metadata) + metadata + self.rest.len()
    }

    /// Appends the message.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(METADATA_TAG);
        put_varint(self.metadata_length(), out);
        out.extend_from_slice(self.before);
        out.push(RESOURCE_VERSION_TAG);
        out.push(self.revision.len() as u8);
        out.extend_from_slice(self.revision.as_bytes());
        out.extend_from_slice(self.after);
        out.extend_from_slice(self.rest);
    }
}

/// The fields of a list's message, whose items are written one by one: an envelope of known length.
pub struct ListFrame {
    /// What stands before the items.
    pub head: Vec<u8>,
    /// What stands behind them.
    pub tail: Vec<u8>,
}

/// Lists have their items in field 2.
const ITEMS_TAG: u8 = 0x12;

/// How many bytes an item of this length takes in a list.
pub fn item_length(length: usize) -> usize {
    1 + varint_length(length) + length
}

/// Appends what stands before an item of this length.
pub fn begin_item(length: usize, out: &mut Vec<u8>) {
    out.push(ITEMS_TAG);
    put_varint(length, out);
}

/// The frame of a list whose message without items is `bare` and whose items take `items_length` bytes.
pub fn list_frame(bare: &[u8], items_length: usize, api_version: &str, kind: &str) -> ListFrame {
    // An empty message's envelope has the type before, and the encodings behind: the message goes in between.
    let empty = super::write::envelope(&[], api_version, kind);
    let raw_at = empty.len() - super::write::ENVELOPE_TAIL.len() - 1;
    let mut head = empty[..raw_at].to_vec();
    put_varint(bare.len() + items_length, &mut head);
    head.extend_from_slice(bare);
    ListFrame { head, tail: super::write::ENVELOPE_TAIL.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_numbers() {
        for number in [0, 1, 127, 128, 16_383, 16_384, 1 << 40] {
            let mut out = Vec::new();
            put_varint(number, &mut out);
            assert_eq!(out.len(), varint_length(number), "{number}");
        }
    }

    #[test]
    fn the_revision_takes_the_place_of_an_empty_one() {
        // name "a", resourceVersion "", generation 1; then a field of the object.
        let stored = b"\x0a\x07\x0a\x01a\x32\x00\x38\x01\x12\x01x";
        let served = Served::new(stored, 42).unwrap();
        let mut out = Vec::new();
        served.write(&mut out);
        assert_eq!(out, b"\x0a\x09\x0a\x01a\x32\x0242\x38\x01\x12\x01x");
        assert_eq!(out.len(), served.length());
    }

    #[test]
    fn a_revision_that_was_left_out_is_put_where_it_belongs() {
        for (stored, expected) in [
            (&b"\x0a\x05\x0a\x01a\x38\x01"[..], &b"\x0a\x08\x0a\x01a\x32\x017\x38\x01"[..]),
            (&b"\x0a\x03\x0a\x01a"[..], &b"\x0a\x06\x0a\x01a\x32\x017"[..]),
            (&b"\x0a\x00"[..], &b"\x0a\x03\x32\x017"[..]),
        ] {
            let mut out = Vec::new();
            Served::new(stored, 7).unwrap().write(&mut out);
            assert_eq!(out, expected);
        }
        assert!(Served::new(b"\x12\x01x", 7).is_err());
        assert!(Served::new(b"", 7).is_err());
    }
}
