//! DNS messages: reading queries, writing answers (RFC 1035, RFC 6891).
//!
//! Names are text in lower case without the final dot; bytes that would make that text ambiguous are written
//! as `\DDD`, so that such a name never equals one of ours.

mod read;
mod write;

use std::net::{Ipv4Addr, Ipv6Addr};

use apimachinery::Str;

pub use read::{Addresses, Edns, Malformed, Query, Reply, read_query, read_reply};
pub use write::{encode, encode_error, encode_query, encode_truncated};

/// Length of the fixed header.
pub const HEADER_BYTES: usize = 12;
/// The largest UDP answer for clients that do not say how much they take.
pub const PLAIN_UDP_BYTES: usize = 512;
/// The largest UDP answer that is sent at all: it passes any link unfragmented (DNS flag day 2020).
pub const UDP_BYTES: usize = 1232;

/// Record types.
#[allow(missing_docs)]
pub mod kind {
    pub const A: u16 = 1;
    pub const NS: u16 = 2;
    pub const CNAME: u16 = 5;
    pub const SOA: u16 = 6;
    pub const PTR: u16 = 12;
    pub const TXT: u16 = 16;
    pub const AAAA: u16 = 28;
    pub const SRV: u16 = 33;
    pub const OPT: u16 = 41;
    pub const IXFR: u16 = 251;
    pub const AXFR: u16 = 252;
    pub const ANY: u16 = 255;
}

/// Response codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// It worked.
    NoError = 0,
    /// The query is malformed.
    FormatError = 1,
    /// The server failed.
    ServerFailure = 2,
    /// There is no such name.
    NameError = 3,
    /// Such queries are not understood.
    NotImplemented = 4,
    /// Such queries are not answered.
    Refused = 5,
    /// The version of EDNS is unknown.
    BadVersion = 16,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Data {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// Another name.
    Cname(Str),
    /// The name of an address.
    Ptr(Str),
    /// A server of the zone.
    Ns(Str),
    /// Text.
    Txt(Str),
    /// Where a service is.
    Srv {
        /// The host's name.
        target: Str,
        /// Its port.
        port: u16,
        /// How often it is chosen.
        weight: u16,
    },
    /// The zone's own record.
    Soa {
        /// Its first server.
        server: Str,
        /// Who is responsible.
        mailbox: Str,
        /// Its version.
        serial: u32,
        /// How long "no such name" may be remembered, in seconds.
        negative_seconds: u32,
    },
}

impl Data {
    /// The record type's number.
    pub fn kind(&self) -> u16 {
        match self {
            Data::A(_) => kind::A,
            Data::Aaaa(_) => kind::AAAA,
            Data::Cname(_) => kind::CNAME,
            Data::Ptr(_) => kind::PTR,
            Data::Ns(_) => kind::NS,
            Data::Txt(_) => kind::TXT,
            Data::Srv { .. } => kind::SRV,
            Data::Soa { .. } => kind::SOA,
        }
    }
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose it is.
    pub name: Str,
    /// How long it may be remembered, in seconds.
    pub ttl_seconds: u32,
    /// What it says.
    pub data: Data,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// How it went.
    pub code: Code,
    /// Whether this server is the one that knows.
    pub authoritative: bool,
    /// What was asked for.
    pub answers: Vec<Record>,
    /// Why there is nothing: the zone's own record.
    pub authority: Vec<Record>,
    /// What will be asked for next.
    pub additional: Vec<Record>,
}

impl Response {
    /// An answer without records.
    pub fn empty(code: Code) -> Response {
        Response { code, authoritative: false, answers: Vec::new(), authority: Vec::new(), additional: Vec::new() }
    }
}

#[cfg(test)]
mod tests;
