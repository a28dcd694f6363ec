//! Which ports of a range are taken, in the form in which upstream keeps it: a `RangeAllocation`, whose `data` is one
//! big-endian number, its lowest bit the first port of the range, without leading zeros.
//!
//! Upstream's counterpart is `pkg/registry/core/service/allocator/bitmap.go`.

use apimachinery::{Value, base64_decode, base64_encode, decode, protobuf, schema::TypeId, value};
use bytes::Bytes;

use super::Ranges;
use crate::allocator::Span;

const VERSION: &str = "v1";
const KIND: &str = "RangeAllocation";

/// Why a stored range cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoredRangeError {
    /// It is no `RangeAllocation`.
    #[error("the stored range of node ports cannot be read: {0}")]
    Unreadable(String),
    /// Somebody keeps other ports there, in upstream's words.
    #[error("the provided range does not match the current range")]
    OtherRange(String),
}

/// The ports of a range, each taken or free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TakenPorts {
    first: u16,
    last: u16,
    /// Bit `n % 8` of byte `n / 8` is for the port `first + n`.
    bits: Vec<u8>,
}

impl TakenPorts {
    /// The node ports of `ranges`, all of them free.
    pub(super) fn none(ranges: &Ranges) -> TakenPorts {
        let (first, last) = (ranges.first_node_port, ranges.last_node_port);
        let count = usize::from(last - first) + 1;
        TakenPorts { first, last, bits: vec![0; count.div_ceil(8)] }
    }

    /// What is stored, when it is about the node ports of `ranges`.
    pub(super) fn from_stored(stored: &Bytes, ranges: &Ranges) -> Result<TakenPorts, StoredRangeError> {
        let object = read(stored).map_err(StoredRangeError::Unreadable)?;
        let mut taken = TakenPorts::none(ranges);
        let range = object.str_at(&["range"]).unwrap_or_default();
        if range != taken.range() {
            return Err(StoredRangeError::OtherRange(range.to_owned()));
        }
        let data = base64_decode(object.str_at(&["data"]).unwrap_or_default()).unwrap_or_default();
        taken.bits.iter_mut().zip(data.iter().rev()).for_each(|(bits, byte)| *bits = *byte);
        Ok(taken)
    }

    /// The bytes to store.
    pub(super) fn to_stored(&self) -> Bytes {
        let data: Vec<u8> = self.bits.iter().rev().copied().skip_while(|byte| *byte == 0).collect();
        let object = value!({"metadata": {}, "range": self.range(), "data": base64_encode(&data)});
        protobuf::encode_enveloped(&object, api::schema(), type_id(), VERSION, KIND).into()
    }

    /// The range as errors and the stored form show it.
    pub(super) fn range(&self) -> String {
        format!("{}-{}", self.first, self.last)
    }

    fn place(&self, port: u16) -> Option<(usize, u8)> {
        let offset = usize::from(port.checked_sub(self.first)?);
        (port <= self.last).then_some((offset / 8, 1 << (offset % 8)))
    }

    /// Whether `port` is in the range.
    pub(super) fn contains(&self, port: u16) -> bool {
        self.place(port).is_some()
    }

    /// Whether `port` is taken.
    pub(super) fn has(&self, port: u16) -> bool {
        self.place(port).is_some_and(|(byte, bit)| self.bits[byte] & bit != 0)
    }

    /// Takes `port`; false when it is taken already, or in no range.
    pub(super) fn take(&mut self, port: u16) -> bool {
        let Some((byte, bit)) = self.place(port) else { return false };
        let free = self.bits[byte] & bit == 0;
        self.bits[byte] |= bit;
        free
    }

    /// Takes any port: from the part first that is not left to those who ask, at random.
    pub(super) fn take_any(&mut self) -> Option<u16> {
        let count = u128::from(self.last - self.first) + 1;
        let mut candidates = Span::of_ports(u128::from(self.first), count).candidates();
        let port = candidates.find_map(|number| u16::try_from(number).ok().filter(|port| !self.has(*port)))?;
        self.take(port).then_some(port)
    }

    /// Gives `port` back.
    pub(super) fn release(&mut self, port: u16) {
        if let Some((byte, bit)) = self.place(port) {
            self.bits[byte] &= !bit;
        }
    }

    /// The ports that are taken.
    pub(super) fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        (self.first..=self.last).filter(|port| self.has(*port))
    }
}

fn type_id() -> TypeId {
    api::type_of("", VERSION, KIND).expect("upstream's API has the kind")
}

fn read(stored: &Bytes) -> Result<Value, String> {
    if !stored.starts_with(protobuf::MAGIC) {
        let read = decode::json(stored, api::schema(), type_id(), decode::Zeros::Fill);
        return read.map(|read| read.value).map_err(|error| error.to_string());
    }
    let envelope = protobuf::Envelope::open(stored).map_err(|error| error.to_string())?;
    protobuf::decode(&envelope.raw, api::schema(), type_id()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_port_is_given_once_and_again_after_its_release() {
        let ranges = Ranges { first_node_port: 100, last_node_port: 139, ..Ranges::default() };
        let mut taken = TakenPorts::none(&ranges);
        let mut given: Vec<u16> = (0..40).filter_map(|_| taken.take_any()).collect();
        given.sort_unstable();
        assert_eq!(given, (100..140).collect::<Vec<_>>());
        assert!(taken.take_any().is_none() && !taken.take(100) && taken.iter().eq(100..140));
        taken.release(117);
        assert_eq!(taken.take_any(), Some(117));
        assert!(taken.contains(139) && !taken.contains(140) && !taken.contains(99) && !taken.take(140));
        // Who asks for no number gets none of those that are left to others.
        let mut taken = TakenPorts::none(&Ranges::default());
        assert!((0..1_000).all(|_| taken.take_any().unwrap() >= 30_086));
    }

    #[test]
    fn it_is_stored_as_upstream_stores_it() {
        let ranges = Ranges::default();
        let mut taken = TakenPorts::none(&ranges);
        for port in [30_000, 30_001, 30_011] {
            taken.take(port);
        }
        // Metadata whose fields are empty, the range, and as data 0x0803.
        let raw = b"\n\x10\n\0\x12\0\x1a\0\"\0*\x002\x008\0B\0\x12\x0b30000-32767\x1a\x02\x08\x03";
        let stored = taken.to_stored();
        assert_eq!(stored, protobuf::envelope(raw, VERSION, KIND));
        assert_eq!(TakenPorts::from_stored(&stored, &ranges).unwrap(), taken);
        let json = br#"{"kind":"RangeAllocation","apiVersion":"v1","metadata":{},"range":"30000-32767","data":"CAM="}"#;
        assert_eq!(TakenPorts::from_stored(&Bytes::from_static(json), &ranges).unwrap(), taken);
        let none = TakenPorts::none(&ranges);
        assert_eq!(TakenPorts::from_stored(&none.to_stored(), &ranges).unwrap(), none);
        let other = Ranges { last_node_port: 32_000, ..Ranges::default() };
        let refused = TakenPorts::from_stored(&stored, &other).unwrap_err();
        assert!(matches!(refused, StoredRangeError::OtherRange(range) if range == "30000-32767"));
        let refused = TakenPorts::from_stored(&Bytes::from_static(b"k8s:enc:aescbc:v1:x"), &ranges).unwrap_err();
        assert!(refused.to_string().starts_with("the stored range of node ports cannot be read: "));
    }
}
