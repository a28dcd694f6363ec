//! Statements of rules: how they read, and how they become the kernel's expressions.

use std::fmt;

use super::{Family, Name, Verdict};
use crate::{Cidr, address::octets, netlink::Message};

/// Something of a packet that a statement looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The source address.
    Source,
    /// The destination address.
    Destination,
    /// The transport protocol.
    Protocol,
    /// The destination port.
    DestinationPort,
    /// The destination address before it was translated.
    OriginalDestination,
    /// The destination port before it was translated.
    OriginalDestinationPort,
    /// A random number below the modulus; another for every packet.
    Random(u32),
}

/// One word of a rule: a condition or an act. A rule goes on to its next word while conditions hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// The packet begins a connection.
    NewConnection,
    /// The connection's destination was translated.
    Translated,
    /// An address lies in a range, or does not.
    Within {
        /// Which address.
        field: Field,
        /// The range.
        range: Cidr,
        /// Whether it must lie in it.
        holds: bool,
    },
    /// The transport protocol has this number.
    IsProtocol(u8),
    /// The fields side by side are in a set, or are not.
    Member {
        /// The fields.
        key: Vec<Field>,
        /// The set.
        set: Name,
        /// Whether they must be in it.
        holds: bool,
    },
    /// An address is one of the node's own.
    IsLocal(Field),
    /// The packet carries these bits of the mark.
    IsMarked(u32),
    /// The verdict that a map holds for the fields; none is no verdict.
    Dispatch {
        /// The fields.
        key: Vec<Field>,
        /// The map.
        map: Name,
    },
    /// Takes the values that a map holds for the fields, for the statements that follow.
    Load {
        /// The fields.
        key: Vec<Field>,
        /// The map.
        map: Name,
    },
    /// Puts fields into a dynamic map, or renews them there.
    Remember {
        /// Under which fields.
        key: Vec<Field>,
        /// Which fields.
        data: Vec<Field>,
        /// The map.
        map: Name,
        /// Until then without renewal.
        timeout_seconds: u32,
    },
    /// Sets bits of the packet's mark.
    Mark(u32),
    /// Clears bits of the packet's mark.
    Unmark(u32),
    /// Translates the destination to the loaded address and port.
    TranslateDestination,
    /// Translates the source to the address of the link that the packet leaves by.
    Masquerade,
    /// Refuses with a TCP reset.
    RejectWithReset,
    /// Refuses with "port unreachable".
    RejectUnreachable,
    /// A verdict.
    Verdict(Verdict),
}

impl Statement {
    /// A jump to a chain.
    pub fn jump(chain: impl Into<Name>) -> Statement {
        Statement::Verdict(Verdict::Jump(chain.into()))
    }

    /// A goto to a chain.
    pub fn go_to(chain: impl Into<Name>) -> Statement {
        Statement::Verdict(Verdict::Goto(chain.into()))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Field::Source => formatter.write_str("saddr"),
            Field::Destination => formatter.write_str("daddr"),
            Field::OriginalDestination => formatter.write_str("ct original daddr"),
            Field::OriginalDestinationPort => formatter.write_str("ct original dport"),
            Field::Protocol => formatter.write_str("l4proto"),
            Field::DestinationPort => formatter.write_str("dport"),
            Field::Random(modulus) => write!(formatter, "numgen random mod {modulus}"),
        }
    }
}

fn join(key: &[Field]) -> String {
    key.iter().map(Field::to_string).collect::<Vec<_>>().join(" . ")
}

impl fmt::Display for Statement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = |holds: &bool| if *holds { "" } else { "!= " };
        match self {
            Statement::NewConnection => formatter.write_str("ct state new"),
            Statement::Translated => formatter.write_str("ct status dnat"),
            Statement::Within { field, range, holds } => write!(formatter, "{field} {}{range}", not(holds)),
            Statement::IsProtocol(number) => write!(formatter, "l4proto {}", super::Datum::Protocol(*number)),
            Statement::Member { key, set, holds } => write!(formatter, "{} {}@{set}", join(key), not(holds)),
            Statement::IsLocal(field) => write!(formatter, "fib {field} type local"),
            Statement::IsMarked(bits) => write!(formatter, "mark & {bits:#x} != 0"),
            Statement::Dispatch { key, map } => write!(formatter, "{} vmap @{map}", join(key)),
            Statement::Load { key, map } => write!(formatter, "load {} map @{map}", join(key)),
            Statement::Remember { key, data, map, timeout_seconds } => {
                write!(formatter, "update @{map} {{ {} timeout {timeout_seconds}s : {} }}", join(key), join(data))
            }
            Statement::Mark(bits) => write!(formatter, "mark set mark | {bits:#x}"),
            Statement::Unmark(bits) => write!(formatter, "mark set mark & ~{bits:#x}"),
            Statement::TranslateDestination => formatter.write_str("dnat"),
            Statement::Masquerade => formatter.write_str("masquerade"),
            Statement::RejectWithReset => formatter.write_str("reject with tcp reset"),
            Statement::RejectUnreachable => formatter.write_str("reject"),
            Statement::Verdict(verdict) => write!(formatter, "{verdict}"),
        }
    }
}

/// The first of the sixteen registers of four bytes (`NFT_REG32_00`); keys are made there.
const KEY: u32 = 8;
/// Where a map's values are loaded: behind the longest key, and five registers are left for an IPv6 address
/// and a port.
const LOADED: u32 = KEY + 11;
/// The register of the verdict.
const VERDICT: u32 = 0;

const DATA_VALUE: u16 = 1;
const DATA_VERDICT: u16 = 2;

/// Appends an expression.
fn expression(message: &mut Message, name: &str, fill: impl FnOnce(&mut Message)) {
    message.put_nest(1, |element| {
        element.put_text(1, name);
        element.put_nest(2, fill);
    });
}

/// Appends a verdict as data.
pub(super) fn put_verdict(message: &mut Message, verdict: &Verdict) {
    let (code, chain) = match verdict {
        Verdict::Drop => (0i32, None),
        Verdict::Accept => (1, None),
        Verdict::Jump(chain) => (-3, Some(chain)),
        Verdict::Goto(chain) => (-4, Some(chain)),
        Verdict::Return => (-5, None),
    };
    message.put_nest(DATA_VERDICT, |nest| {
        nest.put_big32(1, code as u32);
        if let Some(chain) = chain {
            nest.put_text(2, chain);
        }
    });
}

fn put_value(message: &mut Message, attribute: u16, bytes: &[u8]) {
    message.put_nest(attribute, |data| data.put(DATA_VALUE, bytes));
}

fn payload(message: &mut Message, register: u32, base: u32, offset: u32, length: u32) {
    expression(message, "payload", |data| {
        for (attribute, number) in [(1, register), (2, base), (3, offset), (4, length)] {
            data.put_big32(attribute, number);
        }
    });
}

fn meta_load(message: &mut Message, key: u32, register: u32) {
    expression(message, "meta", |data| {
        data.put_big32(2, key);
        data.put_big32(1, register);
    });
}

fn ct_load(message: &mut Message, key: u32) {
    expression(message, "ct", |data| {
        data.put_big32(2, key);
        data.put_big32(1, KEY);
    });
}

fn ct_load_original(message: &mut Message, key: u32, register: u32) {
    expression(message, "ct", |data| {
        data.put_big32(1, register);
        data.put_big32(2, key);
        data.put(3, &[0]);
    });
}

fn bitwise(message: &mut Message, mask: &[u8], exclusive_or: &[u8]) {
    expression(message, "bitwise", |data| {
        data.put_big32(1, KEY);
        data.put_big32(2, KEY);
        data.put_big32(3, mask.len() as u32);
        put_value(data, 4, mask);
        put_value(data, 5, exclusive_or);
    });
}

fn compare(message: &mut Message, equal: bool, bytes: &[u8]) {
    expression(message, "cmp", |data| {
        data.put_big32(1, KEY);
        data.put_big32(2, u32::from(!equal));
        put_value(data, 3, bytes);
    });
}

fn any_bit(message: &mut Message, bits: u32) {
    bitwise(message, &bits.to_ne_bytes(), &[0; 4]);
    compare(message, false, &[0; 4]);
}

const META_MARK: u32 = 3;
const META_L4PROTO: u32 = 16;
const CT_STATE: u32 = 0;
const CT_STATUS: u32 = 2;
const CT_DESTINATION_PORT: u32 = 12;
const CT_DESTINATION_V4: u32 = 20;
const CT_DESTINATION_V6: u32 = 22;
const CT_STATE_NEW: u32 = 8;
const IPS_DST_NAT: u32 = 0x20;
const NETWORK_HEADER: u32 = 1;
const TRANSPORT_HEADER: u32 = 2;

/// Loads a field into registers from `register` on, and says how many it fills.
fn load_field(message: &mut Message, field: Field, register: u32, family: Family) -> u32 {
    let length = family.address_bytes();
    let (source, destination) = match family {
        Family::Ipv4 => (12, 16),
        Family::Ipv6 => (8, 24),
    };
    match field {
        Field::Source => payload(message, register, NETWORK_HEADER, source, length),
        Field::Destination => payload(message, register, NETWORK_HEADER, destination, length),
        Field::OriginalDestination => {
            let key = if family == Family::Ipv4 { CT_DESTINATION_V4 } else { CT_DESTINATION_V6 };
            ct_load_original(message, key, register);
        }
        Field::OriginalDestinationPort => ct_load_original(message, CT_DESTINATION_PORT, register),
        Field::Protocol => meta_load(message, META_L4PROTO, register),
        Field::DestinationPort => payload(message, register, TRANSPORT_HEADER, 2, 2),
        Field::Random(modulus) => expression(message, "numgen", |data| {
            data.put_big32(1, register);
            data.put_big32(2, modulus);
            data.put_big32(3, 1);
        }),
    }
    if matches!(field, Field::Source | Field::Destination | Field::OriginalDestination) { length / 4 } else { 1 }
}

fn load_key(message: &mut Message, key: &[Field], family: Family) {
    let mut register = KEY;
    for field in key {
        register += load_field(message, *field, register, family);
    }
    debug_assert!(register <= LOADED, "keys end before the loaded values");
}

fn lookup(message: &mut Message, set: &str, destination: Option<u32>, inverted: bool) {
    expression(message, "lookup", |data| {
        data.put_text(1, set);
        data.put_big32(2, KEY);
        if let Some(register) = destination {
            data.put_big32(3, register);
        }
        if inverted {
            data.put_big32(5, 1);
        }
    });
}

fn set_mark(message: &mut Message, bits: u32, value: u32) {
    meta_load(message, META_MARK, KEY);
    bitwise(message, &(!bits).to_ne_bytes(), &value.to_ne_bytes());
    expression(message, "meta", |data| {
        data.put_big32(2, META_MARK);
        data.put_big32(3, KEY);
    });
}

fn reject(message: &mut Message, kind: u32, code: u8) {
    expression(message, "reject", |data| {
        data.put_big32(1, kind);
        data.put(2, &[code]);
    });
}

fn translate_destination(message: &mut Message, family: Family) {
    expression(message, "nat", |data| {
        data.put_big32(1, 1);
        data.put_big32(2, u32::from(family.number()));
        data.put_big32(3, LOADED);
        data.put_big32(5, LOADED + family.address_bytes() / 4);
    });
}

/// `NF_NAT_RANGE_PROTO_RANDOM_FULLY`
const FULLY_RANDOM: u32 = 16;
/// `RTN_LOCAL`
const LOCAL: u32 = 2;

/// Appends the expressions of a statement.
pub(super) fn put(message: &mut Message, statement: &Statement, family: Family) {
    match statement {
        Statement::NewConnection => {
            ct_load(message, CT_STATE);
            any_bit(message, CT_STATE_NEW);
        }
        Statement::Translated => {
            ct_load(message, CT_STATUS);
            any_bit(message, IPS_DST_NAT);
        }
        Statement::Within { field, range, holds } => {
            load_field(message, *field, KEY, family);
            let zero = vec![0; family.address_bytes() as usize];
            bitwise(message, &octets(range.mask()), &zero);
            compare(message, *holds, &octets(range.network()));
        }
        Statement::IsProtocol(number) => {
            meta_load(message, META_L4PROTO, KEY);
            compare(message, true, &[*number]);
        }
        Statement::Member { key, set, holds } => {
            load_key(message, key, family);
            lookup(message, set, None, !holds);
        }
        Statement::IsLocal(field) => {
            expression(message, "fib", |data| {
                data.put_big32(1, KEY);
                data.put_big32(2, 3);
                data.put_big32(3, if *field == Field::Source { 1 } else { 2 });
            });
            compare(message, true, &LOCAL.to_ne_bytes());
        }
        Statement::IsMarked(bits) => {
            meta_load(message, META_MARK, KEY);
            any_bit(message, *bits);
        }
        Statement::Dispatch { key, map } => {
            load_key(message, key, family);
            lookup(message, map, Some(VERDICT), false);
        }
        Statement::Load { key, map } => {
            load_key(message, key, family);
            lookup(message, map, Some(LOADED), false);
        }
        Statement::Remember { key, data, map, timeout_seconds } => {
            load_key(message, key, family);
            data.iter().fold(LOADED, |register, field| register + load_field(message, *field, register, family));
            expression(message, "dynset", |data| {
                data.put_text(1, map);
                data.put_big32(3, 1);
                data.put_big32(4, KEY);
                data.put_big32(5, LOADED);
                data.put(6, &(u64::from(*timeout_seconds) * 1000).to_be_bytes());
            });
        }
        Statement::Mark(bits) => set_mark(message, *bits, *bits),
        Statement::Unmark(bits) => set_mark(message, *bits, 0),
        Statement::TranslateDestination => translate_destination(message, family),
        Statement::Masquerade => expression(message, "masq", |data| data.put_big32(1, FULLY_RANDOM)),
        Statement::RejectWithReset => reject(message, 1, 0),
        Statement::RejectUnreachable => reject(message, 0, if family == Family::Ipv4 { 3 } else { 4 }),
        Statement::Verdict(verdict) => expression(message, "immediate", |data| {
            data.put_big32(1, VERDICT);
            data.put_nest(2, |value| put_verdict(value, verdict));
        }),
    }
}
