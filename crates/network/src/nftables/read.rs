//! Reading back what stands in the kernel.

use std::time::Duration;

use rustix::io::Errno;

use super::{Data, DataType, Datum, Hook, NftSocket, Set, Table, Verdict, batch::nft_message, decode};
use crate::netlink::{Attributes, Error};

const GET_CHAIN: u16 = 4;
const GET_RULE: u16 = 7;
const GET_SET_ELEMENT: u16 = 13;
/// Length of `struct nfgenmsg`.
const HEADER: usize = 4;
/// A dump that another's change interrupted is read again, so often at most.
const DUMP_ATTEMPTS: usize = 10;

/// A chain of any table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainInfo {
    /// The family's number in netfilter: 1 for inet, 2 for ip, 10 for ip6.
    pub family: u8,
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Where it is called; `None` when only other chains lead to it.
    pub hook: Option<Hook>,
    /// Whether packets that no rule decides are dropped.
    pub drops_by_policy: bool,
}

impl NftSocket {
    fn dump_again<T>(&mut self, mut read: impl FnMut(&mut NftSocket) -> Result<T, Error>) -> Result<T, Error> {
        for _ in 1..DUMP_ATTEMPTS {
            match read(self) {
                Err(error) if error.errno() == Some(Errno::INTR) => {}
                other => return other,
            }
        }
        read(self)
    }

    /// All chains of all tables of this namespace.
    pub fn chains(&mut self) -> Result<Vec<ChainInfo>, Error> {
        self.dump_again(|socket| {
            let mut chains = Vec::new();
            socket.0.dump(nft_message(GET_CHAIN, 0, 0), format_args!("list chains"), &mut |_, body| {
                chains.extend(read_chain(body));
            })?;
            Ok(chains)
        })
    }

    /// How many rules a chain has.
    pub fn count_rules(&mut self, table: &Table, chain: &str) -> Result<usize, Error> {
        self.dump_again(|socket| {
            let message = nft_message(GET_RULE, 0, table.family.number()).text(1, &table.name).text(2, chain);
            let mut count = 0;
            socket.0.dump(message, format_args!("list rules of chain {chain}"), &mut |_, _| count += 1)?;
            Ok(count)
        })
    }

    /// The elements of a set or map.
    pub fn elements(&mut self, table: &Table, set: &Set) -> Result<Vec<(Vec<Datum>, Data)>, Error> {
        let elements = self.timed_elements(table, set)?;
        Ok(elements.into_iter().map(|element| (element.key, element.data)).collect())
    }

    /// The elements of a set or map, with the time that they have left.
    pub fn timed_elements(&mut self, table: &Table, set: &Set) -> Result<Vec<TimedElement>, Error> {
        self.dump_again(|socket| {
            let message =
                nft_message(GET_SET_ELEMENT, 0, table.family.number()).text(1, &table.name).text(2, &set.name);
            let mut elements = Vec::new();
            let mut malformed = false;
            let operation = format_args!("list elements of set {} of table {}", set.name, table.name);
            socket.0.dump(message, operation, &mut |_, body| {
                let list = Attributes::after(body, HEADER).nest(3);
                for (_, element) in list.into_iter().flatten() {
                    match read_element(Attributes::new(element), table, set) {
                        Some(element) => elements.push(element),
                        None => malformed = true,
                    }
                }
            })?;
            if malformed {
                return Err(Error::Malformed { operation: operation.to_string() });
            }
            Ok(elements)
        })
    }
}

fn read_chain(body: &[u8]) -> Option<ChainInfo> {
    let attributes = Attributes::after(body, HEADER);
    let hook = attributes.nest(4).and_then(|hook| hook.big32(1)).and_then(Hook::from_number);
    Some(ChainInfo {
        family: *body.first()?,
        table: attributes.text(1)?.to_owned(),
        name: attributes.text(3)?.to_owned(),
        hook,
        drops_by_policy: hook.is_some() && attributes.big32(5) == Some(0),
    })
}

/// An element of a dynamic set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedElement {
    /// Its key.
    pub key: Vec<Datum>,
    /// What the map holds for it.
    pub data: Data,
    /// How long it stays; `None` for ever.
    pub left: Option<Duration>,
}

fn read_element(element: Attributes<'_>, table: &Table, set: &Set) -> Option<TimedElement> {
    let key = decode(element.nest(1)?.get(1)?, set.key, table.family)?;
    let data = match set.data {
        DataType::None => Data::None,
        DataType::Verdict => Data::Verdict(read_verdict(element.nest(2)?.nest(2)?)?),
        DataType::Values(types) => Data::Values(decode(element.nest(2)?.get(1)?, types, table.family)?),
    };
    let left = element.get(5).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
    Some(TimedElement { key, data, left: left.map(Duration::from_millis) })
}

fn read_verdict(verdict: Attributes<'_>) -> Option<Verdict> {
    let chain = || verdict.text(2).map(|name| name.to_owned().into());
    match verdict.big32(1)? as i32 {
        0 => Some(Verdict::Drop),
        1 => Some(Verdict::Accept),
        -3 => chain().map(Verdict::Jump),
        -4 => chain().map(Verdict::Goto),
        -5 => Some(Verdict::Return),
        _ => None,
    }
}
