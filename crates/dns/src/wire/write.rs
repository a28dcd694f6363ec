use std::collections::HashMap;

use super::{Code, Data, HEADER_BYTES, Query, Record, Response, UDP_BYTES, kind};

/// Length of our own EDNS record.
const OPT_BYTES: usize = 11;

struct Writer {
    bytes: Vec<u8>,
    /// Where names stand that later ones may point to.
    names: HashMap<String, u16>,
}

impl Writer {
    fn put16(&mut self, number: u16) {
        self.bytes.extend_from_slice(&number.to_be_bytes());
    }

    fn put32(&mut self, number: u32) {
        self.bytes.extend_from_slice(&number.to_be_bytes());
    }

    /// Remembers the names that end at `offset` on, without writing them.
    fn remember(&mut self, name: &str, offset: usize) {
        let mut rest = name;
        let mut at = offset;
        // A name with escapes is longer as text than on the wire: its offsets would be wrong.
        while !rest.is_empty() && !name.contains('\\') {
            if let Ok(at) = u16::try_from(at).map_err(drop).and_then(|at| if at < 0x4000 { Ok(at) } else { Err(()) }) {
                self.names.entry(rest.to_owned()).or_insert(at);
            }
            let (label, tail) = rest.split_once('.').unwrap_or((rest, ""));
            at += label.len() + 1;
            rest = tail;
        }
    }

    fn put_name(&mut self, name: &str) {
        let mut rest = name.trim_end_matches('.');
        while !rest.is_empty() {
            if let Some(offset) = self.names.get(rest) {
                self.put16(0xc000 | offset);
                return;
            }
            let at = self.bytes.len();
            if at < 0x4000 {
                self.names.insert(rest.to_owned(), at as u16);
            }
            let (label, tail) = rest.split_once('.').unwrap_or((rest, ""));
            // Labels beyond 63 bytes do not occur in names that the API accepts.
            let label = &label.as_bytes()[..label.len().min(63)];
            self.bytes.push(label.len() as u8);
            self.bytes.extend_from_slice(label);
            rest = tail;
        }
        self.bytes.push(0);
    }

    fn put_data(&mut self, data: &Data) {
        match data {
            Data::A(address) => self.bytes.extend_from_slice(&address.octets()),
            Data::Aaaa(address) => self.bytes.extend_from_slice(&address.octets()),
            Data::Cname(name) | Data::Ptr(name) | Data::Ns(name) => self.put_name(name),
            Data::Txt(text) => {
                for part in text.as_bytes().chunks(255) {
                    self.bytes.push(part.len() as u8);
                    self.bytes.extend_from_slice(part);
                }
            }
            Data::Srv { target, port, weight } => {
                for number in [0, *weight, *port] {
                    self.put16(number);
                }
                // Not every client understands a compressed target (RFC 2782): it is written out.
                let names = std::mem::take(&mut self.names);
                self.put_name(target);
                self.names = names;
            }
            Data::Soa { server, mailbox, serial, negative_seconds } => {
                self.put_name(server);
                self.put_name(mailbox);
                for number in [*serial, 7200, 1800, 86400, *negative_seconds] {
                    self.put32(number);
                }
            }
        }
    }

    fn put_record(&mut self, record: &Record) {
        self.put_name(&record.name);
        self.put16(record.data.kind());
        self.put16(1);
        self.put32(record.ttl_seconds);
        let start = self.bytes.len();
        self.put16(0);
        self.put_data(&record.data);
        let length = (self.bytes.len() - start - 2) as u16;
        self.bytes[start..start + 2].copy_from_slice(&length.to_be_bytes());
    }

    /// Writes records while they fit into `limit_bytes`; says how many, and whether that is all.
    fn put_records(&mut self, records: &[Record], limit_bytes: usize) -> (u16, bool) {
        for (count, record) in (0u16..).zip(records) {
            let before = self.bytes.len();
            self.put_record(record);
            if self.bytes.len() > limit_bytes || count == u16::MAX {
                self.bytes.truncate(before);
                self.names.retain(|_, offset| usize::from(*offset) < before);
                return (count, false);
            }
        }
        (records.len() as u16, true)
    }
}

/// Writes the answer to a query in at most `limit_bytes`; what does not fit is left out and said to be.
pub fn encode(query: &Query<'_>, response: &Response, limit_bytes: usize) -> Vec<u8> {
    let mut writer = Writer { bytes: Vec::with_capacity(512), names: HashMap::new() };
    writer.put16(query.id);
    let mut flags = 0x8080 | (response.code as u16 & 0xf);
    flags |= u16::from(response.authoritative) << 10;
    flags |= u16::from(query.recursion_desired) << 8;
    flags |= u16::from(query.checking_disabled) << 4;
    writer.bytes.resize(HEADER_BYTES, 0);
    writer.remember(&query.name, HEADER_BYTES);
    writer.bytes.extend_from_slice(query.question);

    let limit_bytes = limit_bytes - if query.edns.is_some() { OPT_BYTES } else { 0 };
    let (answers, all_answers) = writer.put_records(&response.answers, limit_bytes);
    let (authority, all_authority) = writer.put_records(&response.authority, limit_bytes);
    let (mut additional, _) = writer.put_records(&response.additional, limit_bytes);
    if !(all_answers && all_authority) {
        flags |= 0x0200;
    }
    if query.edns.is_some() {
        additional += 1;
        writer.bytes.push(0);
        writer.put16(kind::OPT);
        writer.put16(UDP_BYTES as u16);
        writer.put32(u32::from(response.code == Code::BadVersion) << 24);
        writer.put16(0);
    }
    for (index, number) in [flags, 1, answers, authority, additional].into_iter().enumerate() {
        let offset = 2 + 2 * index;
        writer.bytes[offset..offset + 2].copy_from_slice(&number.to_be_bytes());
    }
    writer.bytes
}

/// Writes a query for `name`, with our extensions and without an identifier.
pub fn encode_query(name: &str, kind: u16) -> Vec<u8> {
    let mut writer = Writer { bytes: vec![0; HEADER_BYTES], names: HashMap::new() };
    // RD; one question; one additional record.
    writer.bytes[2] = 1;
    writer.bytes[5] = 1;
    writer.bytes[11] = 1;
    writer.put_name(name);
    writer.put16(kind);
    writer.put16(1);
    writer.bytes.push(0);
    writer.put16(super::kind::OPT);
    writer.put16(UDP_BYTES as u16);
    writer.put32(0);
    writer.put16(0);
    writer.bytes
}

/// Writes an answer that says: come again over TCP.
pub fn encode_truncated(query: &Query<'_>) -> Vec<u8> {
    let mut bytes = encode(query, &Response::empty(Code::NoError), UDP_BYTES);
    bytes[2] |= 2;
    bytes
}

/// Writes an answer to a query that cannot be read: its identifier and `code`.
pub fn encode_error(id: u16, code: Code) -> Vec<u8> {
    let mut bytes = vec![0; HEADER_BYTES];
    bytes[..2].copy_from_slice(&id.to_be_bytes());
    bytes[2] = 0x80;
    bytes[3] = 0x80 | code as u8;
    bytes
}
