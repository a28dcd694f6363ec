//! nf_tables: chains, rules, sets and maps as data, carried to the kernel in atomic transactions.
//!
//! A [`Table`] of ours is never shared with others. What stands in it is described by [`Chain`], [`Set`],
//! [`Statement`] and [`Datum`] values, which print themselves in the notation of the `nft` tool: tests read
//! that text. A [`Batch`] collects changes; [`NftSocket::commit`] makes all of them or none. Start reading at
//! [`Batch`].

mod batch;
mod read;
mod statement;

use std::{borrow::Cow, fmt, net::IpAddr};

pub use batch::{Batch, NftSocket};
pub use read::{ChainInfo, TimedElement};
pub use statement::{Field, Statement};

/// A name of a table, chain or set.
pub type Name = Cow<'static, str>;

/// The address family of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// IPv4 (`ip`).
    Ipv4,
    /// IPv6 (`ip6`).
    Ipv6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Family {
        if address.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 }
    }

    /// The number that netfilter has for it.
    pub fn number(self) -> u8 {
        match self {
            Family::Ipv4 => 2,
            Family::Ipv6 => 10,
        }
    }

    fn address_bytes(self) -> u32 {
        match self {
            Family::Ipv4 => 4,
            Family::Ipv6 => 16,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Family::Ipv4 => "ip",
            Family::Ipv6 => "ip6",
        })
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Of which family.
    pub family: Family,
    /// Its name.
    pub name: Name,
}

/// A value in a key or in a map's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Datum {
    /// An address of the table's family.
    Address(IpAddr),
    /// A transport protocol's number.
    Protocol(u8),
    /// A port.
    Port(u16),
    /// A plain number.
    Number(u32),
}

impl fmt::Display for Datum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Datum::Address(address) => write!(formatter, "{address}"),
            Datum::Protocol(6) => formatter.write_str("tcp"),
            Datum::Protocol(17) => formatter.write_str("udp"),
            Datum::Protocol(132) => formatter.write_str("sctp"),
            Datum::Protocol(number) => write!(formatter, "{number}"),
            Datum::Port(port) => write!(formatter, "{port}"),
            Datum::Number(number) => write!(formatter, "{number}"),
        }
    }
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// An address of the table's family.
    Address,
    /// A transport protocol.
    Protocol,
    /// A port.
    Port,
    /// A plain number.
    Number,
}

impl Type {
    fn bytes(self, family: Family) -> u32 {
        match self {
            Type::Address => family.address_bytes(),
            Type::Protocol => 1,
            Type::Port => 2,
            Type::Number => 4,
        }
    }

    /// The number by which the `nft` tool knows the type; the kernel only stores it.
    fn tool_number(self, family: Family) -> u32 {
        match (self, family) {
            (Type::Address, Family::Ipv4) => 7,
            (Type::Address, Family::Ipv6) => 8,
            (Type::Protocol, _) => 12,
            (Type::Port, _) => 13,
            (Type::Number, _) => 19,
        }
    }
}

/// Length in bytes of values side by side: each but a lone one fills whole registers of four bytes.
fn length_of(types: &[Type], family: Family) -> u32 {
    match types {
        [one] => one.bytes(family),
        many => many.iter().map(|one| one.bytes(family).next_multiple_of(4)).sum(),
    }
}

fn tool_number_of(types: &[Type], family: Family) -> u32 {
    types.iter().fold(0, |number, one| (number << 6) | one.tool_number(family))
}

fn encode(values: &[Datum]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() * 4);
    for value in values {
        match value {
            Datum::Address(IpAddr::V4(address)) => bytes.extend_from_slice(&address.octets()),
            Datum::Address(IpAddr::V6(address)) => bytes.extend_from_slice(&address.octets()),
            Datum::Protocol(number) => bytes.push(*number),
            Datum::Port(port) => bytes.extend_from_slice(&port.to_be_bytes()),
            Datum::Number(number) => bytes.extend_from_slice(&number.to_ne_bytes()),
        }
        if values.len() > 1 {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
    }
    bytes
}

fn decode(mut bytes: &[u8], types: &[Type], family: Family) -> Option<Vec<Datum>> {
    let mut values = Vec::with_capacity(types.len());
    for one in types {
        let length = one.bytes(family) as usize;
        let value = bytes.get(..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        values.push(match one {
            Type::Address => Datum::Address(crate::address::from_octets(value)?),
            Type::Protocol => Datum::Protocol(value[0]),
            Type::Port => Datum::Port(u16::from_be_bytes(value.try_into().ok()?)),
            Type::Number => Datum::Number(u32::from_ne_bytes(value.try_into().ok()?)),
        });
    }
    Some(values)
}

/// Where a packet goes next.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// On.
    Accept,
    /// Away.
    Drop,
    /// Back to the calling chain.
    Return,
    /// To a chain, and back.
    Jump(Name),
    /// To a chain, not back.
    Goto(Name),
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Accept => formatter.write_str("accept"),
            Verdict::Drop => formatter.write_str("drop"),
            Verdict::Return => formatter.write_str("return"),
            Verdict::Jump(chain) => write!(formatter, "jump {chain}"),
            Verdict::Goto(chain) => write!(formatter, "goto {chain}"),
        }
    }
}

/// What a map holds for a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Data {
    /// Nothing: it is a set.
    None,
    /// Where the packet goes next.
    Verdict(Verdict),
    /// Values.
    Values(Vec<Datum>),
}

/// What kind of data a map holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataType {
    /// None: it is a set.
    None,
    /// Verdicts.
    Verdict,
    /// Values of these types.
    Values(&'static [Type]),
}

/// A set or map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Its name.
    pub name: Name,
    /// What its keys are made of.
    pub key: &'static [Type],
    /// What it holds for a key.
    pub data: DataType,
    /// Elements are added by rules and time out; the most that there may be.
    pub dynamic_limit: Option<u32>,
}

impl Set {
    /// A set of keys.
    pub const fn of(name: &'static str, key: &'static [Type]) -> Set {
        Set { name: Cow::Borrowed(name), key, data: DataType::None, dynamic_limit: None }
    }

    /// A map from keys to verdicts.
    pub const fn verdicts(name: &'static str, key: &'static [Type]) -> Set {
        Set { name: Cow::Borrowed(name), key, data: DataType::Verdict, dynamic_limit: None }
    }

    /// A map from keys to values.
    pub const fn values(name: &'static str, key: &'static [Type], data: &'static [Type]) -> Set {
        Set { name: Cow::Borrowed(name), key, data: DataType::Values(data), dynamic_limit: None }
    }

    /// The same, with elements that rules add and that time out: `limit` of them at most.
    pub const fn dynamic(mut self, limit: u32) -> Set {
        self.dynamic_limit = Some(limit);
        self
    }
}

/// A place where the kernel calls a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Before routing.
    Prerouting,
    /// For the node itself.
    Input,
    /// Through the node.
    Forward,
    /// From the node itself.
    Output,
    /// Before sending.
    Postrouting,
}

impl Hook {
    fn number(self) -> u32 {
        self as u32
    }

    fn from_number(number: u32) -> Option<Hook> {
        [Hook::Prerouting, Hook::Input, Hook::Forward, Hook::Output, Hook::Postrouting].get(number as usize).copied()
    }
}

/// What a base chain is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainKind {
    /// It lets pass or not.
    Filter,
    /// It translates addresses; it sees the first packet of each connection.
    Nat,
}

/// Where and when a base chain is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// What it is for.
    pub kind: ChainKind,
    /// Where it is called.
    pub hook: Hook,
    /// When: lower ones earlier; destination translation is at -100, filtering at 0, source translation at 100.
    pub priority: i32,
}

/// A chain; its policy is to accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its name.
    pub name: Name,
    /// Where the kernel calls it; other chains jump to one without.
    pub base: Option<Base>,
    /// Its rules, in order.
    pub rules: Vec<Vec<Statement>>,
}

impl Chain {
    /// A chain that other chains jump to.
    pub fn new(name: impl Into<Name>, rules: Vec<Vec<Statement>>) -> Chain {
        Chain { name: name.into(), base: None, rules }
    }

    /// A chain that the kernel calls.
    pub fn base(
        name: impl Into<Name>,
        kind: ChainKind,
        hook: Hook,
        priority: i32,
        rules: Vec<Vec<Statement>>,
    ) -> Chain {
        Chain { name: name.into(), base: Some(Base { kind, hook, priority }), rules }
    }
}

/// Prints values side by side: `10.43.0.1 . tcp . 443`.
pub fn join(values: &[Datum]) -> String {
    values.iter().map(Datum::to_string).collect::<Vec<_>>().join(" . ")
}

impl fmt::Display for Data {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Data::None => Ok(()),
            Data::Verdict(verdict) => write!(formatter, "{verdict}"),
            Data::Values(values) => formatter.write_str(&join(values)),
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "chain {} {{", self.name)?;
        if let Some(Base { kind, hook, priority }) = self.base {
            let (kind, hook) = (format!("{kind:?}").to_lowercase(), format!("{hook:?}").to_lowercase());
            writeln!(formatter, "  type {kind} hook {hook} priority {priority}")?;
        }
        for rule in &self.rules {
            let words: Vec<String> = rule.iter().map(Statement::to_string).collect();
            writeln!(formatter, "  {}", words.join(" "))?;
        }
        writeln!(formatter, "}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_side_by_side_fill_registers() {
        let types = [Type::Address, Type::Protocol, Type::Port];
        let values = [Datum::Address("10.0.0.1".parse().unwrap()), Datum::Protocol(6), Datum::Port(443)];
        let bytes = encode(&values);
        assert_eq!(bytes, [10, 0, 0, 1, 6, 0, 0, 0, 1, 187, 0, 0]);
        assert_eq!(bytes.len() as u32, length_of(&types, Family::Ipv4));
        assert_eq!(decode(&bytes, &types, Family::Ipv4).unwrap(), values);
        assert_eq!(encode(&[Datum::Port(1)]), [0, 1]);
        assert_eq!(join(&values), "10.0.0.1 . tcp . 443");
    }
}
