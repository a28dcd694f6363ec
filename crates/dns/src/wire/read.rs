use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::{HEADER_BYTES, kind};

/// A message that cannot be answered as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It is not even a query: it is ignored, lest two servers answer each other for ever.
    Ignore,
    /// A query with this identifier that is malformed.
    Format(u16),
    /// A query with this identifier of another sort than a question.
    NotImplemented(u16),
}

/// The client's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edns {
    /// The largest UDP answer that it takes.
    pub payload_bytes: u16,
    /// The version of the extensions.
    pub version: u8,
    /// Whether it wants signatures.
    pub dnssec_ok: bool,
}

/// A query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    /// Its identifier.
    pub id: u16,
    /// Whether names that are not ours are to be asked of others.
    pub recursion_desired: bool,
    /// Whether signatures are not to be checked.
    pub checking_disabled: bool,
    /// The name asked for, in lower case.
    pub name: String,
    /// The record type asked for.
    pub kind: u16,
    /// The class asked for; 1 is the Internet.
    pub class: u16,
    /// The question as it came, with the case of its letters.
    pub question: &'a [u8],
    /// The client's extensions.
    pub edns: Option<Edns>,
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(offset..offset + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(offset..offset + 4)?.try_into().ok()?))
}

/// Pointers followed in one name at most.
const POINTERS_LIMIT: usize = 32;
/// The longest name in bytes.
const NAME_BYTES: usize = 255;

/// Reads a name at `offset` as text, and says where it ends.
fn read_name(bytes: &[u8], mut offset: usize, pointers_allowed: bool) -> Option<(String, usize)> {
    let mut name = String::new();
    let mut end = None;
    let mut pointers = 0;
    let mut length = 0;
    loop {
        let first = *bytes.get(offset)?;
        match first {
            0 => return Some((name, end.unwrap_or(offset + 1))),
            0xc0.. => {
                pointers += 1;
                let target = usize::from(u16_at(bytes, offset)? & 0x3fff);
                if !pointers_allowed || pointers > POINTERS_LIMIT || target >= offset {
                    return None;
                }
                end.get_or_insert(offset + 2);
                offset = target;
            }
            1..=63 => {
                let label = bytes.get(offset + 1..offset + 1 + usize::from(first))?;
                length += label.len() + 1;
                if length >= NAME_BYTES {
                    return None;
                }
                if !name.is_empty() {
                    name.push('.');
                }
                push_label(&mut name, label);
                offset += 1 + label.len();
            }
            _ => return None,
        }
    }
}

fn push_label(name: &mut String, label: &[u8]) {
    for byte in label {
        match byte {
            b'!'..=b'~' if *byte != b'.' && *byte != b'\\' => name.push(char::from(byte.to_ascii_lowercase())),
            other => {
                let _ = write!(name, "\\{other:03}");
            }
        }
    }
}

/// A record's fixed part and where its data stand.
struct RawRecord {
    name: String,
    kind: u16,
    class: u16,
    ttl_offset: usize,
    ttl_seconds: u32,
    data: usize,
    end: usize,
}

fn read_record(bytes: &[u8], offset: usize) -> Option<RawRecord> {
    let (name, at) = read_name(bytes, offset, true)?;
    let data = at + 10;
    let end = data + usize::from(u16_at(bytes, at + 8)?);
    if end > bytes.len() {
        return None;
    }
    Some(RawRecord {
        name,
        kind: u16_at(bytes, at)?,
        class: u16_at(bytes, at + 2)?,
        ttl_offset: at + 4,
        ttl_seconds: u32_at(bytes, at + 4)?,
        data,
        end,
    })
}

/// Reads a query.
pub fn read_query(bytes: &[u8]) -> Result<Query<'_>, Malformed> {
    let (Some(id), Some(flags)) = (u16_at(bytes, 0), u16_at(bytes, 2)) else { return Err(Malformed::Ignore) };
    if bytes.len() < HEADER_BYTES || flags & 0x8000 != 0 {
        return Err(Malformed::Ignore);
    }
    if flags & 0x7800 != 0 {
        return Err(Malformed::NotImplemented(id));
    }
    let read = || {
        if u16_at(bytes, 4)? != 1 {
            return None;
        }
        let (name, end) = read_name(bytes, HEADER_BYTES, false)?;
        let (kind, class) = (u16_at(bytes, end)?, u16_at(bytes, end + 2)?);
        let question = &bytes[HEADER_BYTES..end + 4];
        let records = usize::from(u16_at(bytes, 6)?) + usize::from(u16_at(bytes, 8)?) + usize::from(u16_at(bytes, 10)?);
        let mut offset = end + 4;
        let mut edns = None;
        for _ in 0..records {
            let record = read_record(bytes, offset)?;
            offset = record.end;
            if record.kind == kind::OPT {
                let version = (record.ttl_seconds >> 16) as u8;
                let dnssec_ok = record.ttl_seconds & 0x8000 != 0;
                edns = Some(Edns { payload_bytes: record.class, version, dnssec_ok });
            }
        }
        let (recursion_desired, checking_disabled) = (flags & 0x0100 != 0, flags & 0x0010 != 0);
        Some(Query { id, recursion_desired, checking_disabled, name, kind, class, question, edns })
    };
    read().ok_or(Malformed::Format(id))
}

/// What is read of another server's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its identifier.
    pub id: u16,
    /// The code's number.
    pub code: u8,
    /// Whether it is cut off.
    pub truncated: bool,
    /// The name that was asked for, in lower case.
    pub name: String,
    /// The record type that was asked for.
    pub kind: u16,
    /// Where the times to live stand, to count them down.
    pub ttl_offsets: Vec<usize>,
    /// How long it may be remembered, in seconds; `None` when it does not say.
    pub ttl_seconds: Option<u32>,
    /// Addresses and names in the answer.
    pub answers: Vec<Addresses>,
}

/// A record of another server's answer that is handed on within an answer of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Whose it is.
    pub name: String,
    /// How long it may be remembered, in seconds.
    pub ttl_seconds: u32,
    /// An address, or else another name.
    pub value: Result<IpAddr, String>,
}

/// Reads another server's answer; `None` when it is malformed.
pub fn read_reply(bytes: &[u8]) -> Option<Reply> {
    let flags = u16_at(bytes, 2)?;
    if flags & 0x8000 == 0 || u16_at(bytes, 4)? != 1 {
        return None;
    }
    let (name, end) = read_name(bytes, HEADER_BYTES, false)?;
    let mut reply = Reply {
        id: u16_at(bytes, 0)?,
        code: (flags & 0xf) as u8,
        truncated: flags & 0x0200 != 0,
        name,
        kind: u16_at(bytes, end)?,
        ttl_offsets: Vec::new(),
        ttl_seconds: None,
        answers: Vec::new(),
    };
    let counts = [u16_at(bytes, 6)?, u16_at(bytes, 8)?, u16_at(bytes, 10)?];
    let mut offset = end + 4;
    for (section, count) in counts.into_iter().enumerate() {
        for _ in 0..count {
            let record = read_record(bytes, offset)?;
            offset = record.end;
            if record.kind == kind::OPT {
                continue;
            }
            reply.ttl_offsets.push(record.ttl_offset);
            // Without an answer the zone's own record says how long that may be remembered (RFC 2308).
            let says = match (section, record.kind) {
                (0, _) => Some(record.ttl_seconds),
                (1, kind::SOA) if counts[0] == 0 || reply.code == 3 => {
                    Some(record.ttl_seconds.min(u32_at(bytes, record.end.checked_sub(4)?)?))
                }
                _ => None,
            };
            reply.ttl_seconds = [reply.ttl_seconds, says].into_iter().flatten().min();
            if section == 0
                && let Some(value) = read_value(bytes, &record)
            {
                reply.answers.push(Addresses { name: record.name, ttl_seconds: record.ttl_seconds, value });
            }
        }
    }
    Some(reply)
}

fn read_value(bytes: &[u8], record: &RawRecord) -> Option<Result<IpAddr, String>> {
    let data = &bytes[record.data..record.end];
    match record.kind {
        kind::A => Some(Ok(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?).into())),
        kind::AAAA => Some(Ok(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?).into())),
        kind::CNAME => Some(Err(read_name(bytes, record.data, true)?.0)),
        _ => None,
    }
}
