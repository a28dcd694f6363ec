/// Length of `struct nlmsghdr`.
pub(super) const HEADER_LENGTH: usize = 16;
/// Marks an attribute that holds attributes (`NLA_F_NESTED`).
const NESTED: u16 = 1 << 15;
/// The type bits of an attribute (`NLA_TYPE_MASK`).
const TYPE_MASK: u16 = 0x3fff;

fn align(length: usize) -> usize {
    length.next_multiple_of(4)
}

/// A netlink message under construction.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// A message of type `kind`; `flags` are `NLM_F_*` without `NLM_F_REQUEST`, which is always set.
    pub(crate) fn new(kind: u16, flags: u16) -> Message {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(&(flags | libc::NLM_F_REQUEST as u16).to_ne_bytes());
        bytes.extend_from_slice(&[0; 8]);
        Message { bytes }
    }

    /// Appends the fixed header that the protocol puts before attributes.
    #[must_use]
    pub(crate) fn payload(mut self, bytes: &[u8]) -> Message {
        self.bytes.extend_from_slice(bytes);
        self.pad();
        self
    }

    fn pad(&mut self) {
        self.bytes.resize(align(self.bytes.len()), 0);
    }

    /// Appends an attribute.
    #[must_use]
    pub(crate) fn attribute(mut self, kind: u16, bytes: &[u8]) -> Message {
        self.put(kind, bytes);
        self
    }

    /// Appends an attribute in place.
    pub(crate) fn put(&mut self, kind: u16, bytes: &[u8]) {
        let length = u16::try_from(bytes.len() + 4).expect("attributes are built in pieces below 64 KiB");
        self.bytes.extend_from_slice(&length.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(bytes);
        self.pad();
    }

    /// Appends text with its terminating zero.
    #[must_use]
    pub(crate) fn text(mut self, kind: u16, text: &str) -> Message {
        self.put_text(kind, text);
        self
    }

    /// Appends text with its terminating zero, in place.
    pub(crate) fn put_text(&mut self, kind: u16, text: &str) {
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        self.put(kind, &bytes);
    }

    /// Appends a number in the machine's byte order, as rtnetlink has it.
    #[must_use]
    pub(crate) fn native32(self, kind: u16, number: u32) -> Message {
        self.attribute(kind, &number.to_ne_bytes())
    }

    /// Appends a number in network byte order, as netfilter has it.
    #[must_use]
    pub(crate) fn big32(self, kind: u16, number: u32) -> Message {
        self.attribute(kind, &number.to_be_bytes())
    }

    /// Appends a number in network byte order, in place.
    pub(crate) fn put_big32(&mut self, kind: u16, number: u32) {
        self.put(kind, &number.to_be_bytes());
    }

    /// Appends an attribute that holds what `fill` appends.
    #[must_use]
    pub(crate) fn nest(mut self, kind: u16, fill: impl FnOnce(&mut Message)) -> Message {
        self.put_nest(kind, fill);
        self
    }

    /// Appends an attribute that holds what `fill` appends, in place.
    pub(crate) fn put_nest(&mut self, kind: u16, fill: impl FnOnce(&mut Message)) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 2]);
        self.bytes.extend_from_slice(&(kind | NESTED).to_ne_bytes());
        fill(self);
        let length = u16::try_from(self.bytes.len() - start).expect("nests are built in pieces below 64 KiB");
        self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
    }

    /// Appends raw bytes inside a nest, for protocols that nest a fixed header.
    pub(crate) fn put_raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.pad();
    }

    /// Length in bytes so far.
    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Adds flags to the header.
    pub(crate) fn add_flags(&mut self, flags: u16) {
        let old = u16::from_ne_bytes([self.bytes[6], self.bytes[7]]);
        self.bytes[6..8].copy_from_slice(&(old | flags).to_ne_bytes());
    }

    /// Fills in length and sequence number, and gives the bytes.
    pub(super) fn finish(&mut self, sequence: u32) -> &[u8] {
        let length = self.bytes.len() as u32;
        self.bytes[0..4].copy_from_slice(&length.to_ne_bytes());
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        &self.bytes
    }
}

/// Reads the messages of one datagram.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

/// A message received.
pub(super) struct Received<'a> {
    pub(super) kind: u16,
    pub(super) flags: u16,
    pub(super) sequence: u32,
    pub(super) body: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes }
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Received<'a>;
    fn next(&mut self) -> Option<Received<'a>> {
        let header = self.bytes.get(..HEADER_LENGTH)?;
        let length = u32::from_ne_bytes(header[0..4].try_into().ok()?) as usize;
        let body = self.bytes.get(HEADER_LENGTH..length)?;
        let received = Received {
            kind: u16::from_ne_bytes([header[4], header[5]]),
            flags: u16::from_ne_bytes([header[6], header[7]]),
            sequence: u32::from_ne_bytes(header[8..12].try_into().ok()?),
            body,
        };
        self.bytes = self.bytes.get(align(length)..).unwrap_or_default();
        Some(received)
    }
}

/// Reads attributes: pairs of type and bytes.
#[derive(Clone, Copy)]
pub(crate) struct Attributes<'a> {
    bytes: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// Attributes that stand in `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Attributes<'a> {
        Attributes { bytes }
    }

    /// Attributes after a fixed header of `header_length` bytes.
    pub(crate) fn after(bytes: &'a [u8], header_length: usize) -> Attributes<'a> {
        Attributes { bytes: bytes.get(header_length..).unwrap_or_default() }
    }

    /// The bytes of the first attribute of type `kind`.
    pub(crate) fn get(self, kind: u16) -> Option<&'a [u8]> {
        self.into_iter().find(|(found, _)| *found == kind).map(|(_, bytes)| bytes)
    }

    /// The attributes inside an attribute.
    pub(crate) fn nest(self, kind: u16) -> Option<Attributes<'a>> {
        self.get(kind).map(Attributes::new)
    }

    /// Text without its terminating zero.
    pub(crate) fn text(self, kind: u16) -> Option<&'a str> {
        let bytes = self.get(kind)?;
        std::str::from_utf8(bytes.strip_suffix(&[0]).unwrap_or(bytes)).ok()
    }

    /// A number in the machine's byte order.
    pub(crate) fn native32(self, kind: u16) -> Option<u32> {
        Some(u32::from_ne_bytes(self.get(kind)?.try_into().ok()?))
    }

    /// A number in network byte order.
    pub(crate) fn big32(self, kind: u16) -> Option<u32> {
        Some(u32::from_be_bytes(self.get(kind)?.try_into().ok()?))
    }

    /// A 16-bit number in network byte order.
    pub(crate) fn big16(self, kind: u16) -> Option<u16> {
        Some(u16::from_be_bytes(self.get(kind)?.try_into().ok()?))
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);
    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        let header = self.bytes.get(..4)?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let kind = u16::from_ne_bytes([header[2], header[3]]) & TYPE_MASK;
        let body = self.bytes.get(4..length)?;
        self.bytes = self.bytes.get(align(length)..).unwrap_or_default();
        Some((kind, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut message = Message::new(16, 0).payload(&[7; 4]).text(1, "eth0").nest(2, |nest| {
            nest.put(3, &[1, 2, 3]);
            nest.put_big32(4, 9);
        });
        let bytes = message.finish(5).to_vec();
        let received = Reader::new(&bytes).next().unwrap();
        assert_eq!((received.kind, received.sequence), (16, 5));
        let attributes = Attributes::after(received.body, 4);
        assert_eq!(attributes.text(1), Some("eth0"));
        let nest = attributes.nest(2).unwrap();
        assert_eq!(nest.get(3), Some(&[1, 2, 3][..]));
        assert_eq!(nest.big32(4), Some(9));
        assert_eq!(nest.get(5), None);
    }

    #[test]
    fn cut_off_attributes_end_the_reading() {
        assert!(Attributes::new(&[9, 0, 1, 0, 5]).next().is_none());
        assert!(Attributes::new(&[2, 0, 1, 0, 5]).next().is_none());
    }
}
