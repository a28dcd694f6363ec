//! Transactions.

use std::time::Duration;

use super::{
    Chain, ChainKind, Data, DataType, Datum, Set, Statement, Table, TimedElement, encode, length_of, statement,
    tool_number_of,
};
use crate::netlink::{Error, Message, Protocol, Socket};

const SUBSYSTEM: u16 = 10 << 8;
const NEW_TABLE: u16 = 0;
const DELETE_TABLE: u16 = 2;
const NEW_CHAIN: u16 = 3;
const DELETE_CHAIN: u16 = 5;
const NEW_RULE: u16 = 6;
const DELETE_RULE: u16 = 8;
const NEW_SET: u16 = 9;
const NEW_SET_ELEMENT: u16 = 12;
const DELETE_SET_ELEMENT: u16 = 14;
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
/// Elements go in pieces: an attribute holds at most 64 KiB, and an element takes up to some 300 bytes.
const ELEMENTS_PER_MESSAGE: usize = 150;
const CREATE: u16 = libc::NLM_F_CREATE as u16;
const EXCLUSIVE: u16 = libc::NLM_F_EXCL as u16;
const APPEND: u16 = libc::NLM_F_APPEND as u16;

const DROP: u32 = 0;
const ACCEPT: u32 = 1;
const SET_MAP: u32 = 8;
const SET_TIMEOUT: u32 = 0x10;
const SET_EVAL: u32 = 0x20;
const DATA_TYPE_VERDICT: u32 = 0xffff_ff00;

/// A message of a netfilter subsystem: `resource` is its `res_id`.
pub(crate) fn netfilter_message(kind: u16, flags: u16, family: u8, resource: u16) -> Message {
    let [high, low] = resource.to_be_bytes();
    Message::new(kind, flags).payload(&[family, 0, high, low])
}

pub(super) fn nft_message(kind: u16, flags: u16, family: u8) -> Message {
    netfilter_message(SUBSYSTEM | kind, flags, family, 0)
}

/// Changes of one table that are made together or not at all, in the order given.
#[derive(Debug)]
pub struct Batch {
    table: Table,
    messages: Vec<Message>,
    operations: Vec<String>,
    sets: u32,
}

impl Batch {
    /// No changes yet.
    pub fn new(table: &Table) -> Batch {
        let mut batch = Batch { table: table.clone(), messages: Vec::new(), operations: Vec::new(), sets: 0 };
        batch.push(netfilter_message(BATCH_BEGIN, 0, 0, SUBSYSTEM >> 8), "begin a transaction".into());
        batch
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.messages.len() == 1
    }

    fn push(&mut self, message: Message, operation: String) {
        self.messages.push(message);
        self.operations.push(operation);
    }

    fn message(&self, kind: u16, flags: u16) -> Message {
        nft_message(kind, flags, self.table.family.number()).text(1, &self.table.name)
    }

    fn named(&self, what: &str, name: &str) -> String {
        format!("{what} {name} of table {} {}", self.table.family, self.table.name)
    }

    /// Makes the table, unless it is there.
    pub fn add_table(&mut self) {
        let operation = format!("add table {} {}", self.table.family, self.table.name);
        self.push(self.message(NEW_TABLE, CREATE), operation);
    }

    /// Removes the table with all that stands in it, if it is there.
    pub fn delete_table(&mut self) {
        // Making it first is what makes the removal succeed where there is none.
        self.add_table();
        let operation = format!("delete table {} {}", self.table.family, self.table.name);
        self.push(self.message(DELETE_TABLE, 0), operation);
    }

    /// Begins the table anew: what stood in it goes in the same moment in which what follows comes.
    pub fn replace_table(&mut self) {
        self.delete_table();
        self.add_table();
    }

    /// Makes an empty chain; rules follow by [`Batch::add_rules`], so that chains may name each other.
    pub fn add_chain(&mut self, chain: &Chain) {
        self.add_chain_with(chain, ACCEPT);
    }

    /// The same for a base chain that drops what no rule decides.
    pub fn add_dropping_chain(&mut self, chain: &Chain) {
        self.add_chain_with(chain, DROP);
    }

    fn add_chain_with(&mut self, chain: &Chain, policy: u32) {
        let mut message = self.message(NEW_CHAIN, CREATE).text(3, &chain.name);
        if let Some(base) = chain.base {
            message.put_nest(4, |hook| {
                hook.put_big32(1, base.hook.number());
                hook.put_big32(2, base.priority as u32);
            });
            message.put_big32(5, policy);
            message.put_text(
                7,
                match base.kind {
                    ChainKind::Filter => "filter",
                    ChainKind::Nat => "nat",
                },
            );
        }
        let operation = self.named("add chain", &chain.name);
        self.push(message, operation);
    }

    /// Appends the rules of a chain.
    pub fn add_rules(&mut self, chain: &Chain) {
        for rule in &chain.rules {
            self.add_rule(&chain.name, rule);
        }
    }

    fn add_rule(&mut self, chain: &str, rule: &[Statement]) {
        let family = self.table.family;
        let message = self.message(NEW_RULE, CREATE | APPEND).text(2, chain).nest(4, |list| {
            for one in rule {
                statement::put(list, one, family);
            }
        });
        let words: Vec<String> = rule.iter().map(Statement::to_string).collect();
        let operation = self.named(&format!("add rule {:?} to chain", words.join(" ")), chain);
        self.push(message, operation);
    }

    /// Removes a chain's rules and the chain; nothing may lead to it any more.
    pub fn delete_chain(&mut self, name: &str) {
        let flush = self.message(DELETE_RULE, 0).text(2, name);
        let operation = self.named("flush chain", name);
        self.push(flush, operation);
        let delete = self.message(DELETE_CHAIN, 0).text(3, name);
        let operation = self.named("delete chain", name);
        self.push(delete, operation);
    }

    /// Makes a set or map.
    pub fn add_set(&mut self, set: &Set) {
        let family = self.table.family;
        let mut flags = 0;
        if set.data != DataType::None {
            flags |= SET_MAP;
        }
        if set.dynamic_limit.is_some() {
            flags |= SET_TIMEOUT | SET_EVAL;
        }
        self.sets += 1;
        let mut message = self.message(NEW_SET, CREATE).text(2, &set.name).big32(10, self.sets);
        message.put_big32(3, flags);
        message.put_big32(4, tool_number_of(set.key, family));
        message.put_big32(5, length_of(set.key, family));
        match set.data {
            DataType::None => {}
            DataType::Verdict => message.put_big32(6, DATA_TYPE_VERDICT),
            DataType::Values(types) => {
                message.put_big32(6, tool_number_of(types, family));
                message.put_big32(7, length_of(types, family));
            }
        }
        if let Some(limit) = set.dynamic_limit {
            message.put_nest(9, |description| description.put_big32(1, limit));
        }
        let operation = self.named("add set", &set.name);
        self.push(message, operation);
    }

    /// Adds elements to a set or map; a key that it holds with other data is an error.
    pub fn add_elements<'a>(&mut self, set: &str, elements: impl IntoIterator<Item = (&'a [Datum], &'a Data)>) {
        let elements = elements.into_iter().map(|(key, data)| (key, data, None));
        self.change_elements(NEW_SET_ELEMENT, CREATE | EXCLUSIVE, "add elements to set", set, elements);
    }

    /// Adds elements that go by themselves to a dynamic map.
    pub fn add_timed_elements<'a>(&mut self, set: &str, elements: impl IntoIterator<Item = &'a TimedElement>) {
        let elements = elements.into_iter().map(|element| (element.key.as_slice(), &element.data, element.left));
        self.change_elements(NEW_SET_ELEMENT, CREATE, "add elements to set", set, elements);
    }

    /// Removes elements from a set or map; a key that it does not hold is an error.
    pub fn delete_elements<'a>(&mut self, set: &str, keys: impl IntoIterator<Item = &'a [Datum]>) {
        let elements = keys.into_iter().map(|key| (key, &Data::None, None));
        self.change_elements(DELETE_SET_ELEMENT, 0, "delete elements from set", set, elements);
    }

    fn change_elements<'a>(
        &mut self,
        kind: u16,
        flags: u16,
        what: &str,
        set: &str,
        elements: impl IntoIterator<Item = (&'a [Datum], &'a Data, Option<Duration>)>,
    ) {
        let mut elements = elements.into_iter().peekable();
        while elements.peek().is_some() {
            let message = self.message(kind, flags).text(2, set).nest(3, |list| {
                for (key, data, left) in elements.by_ref().take(ELEMENTS_PER_MESSAGE) {
                    put_element(list, key, data, left);
                }
            });
            let operation = self.named(what, set);
            self.push(message, operation);
        }
    }

    /// Adds chains with their rules and sets: chains first, since rules and elements name them.
    pub fn add_all<'a>(&mut self, sets: impl IntoIterator<Item = &'a Set>, chains: &[Chain]) {
        for chain in chains {
            self.add_chain(chain);
        }
        for set in sets {
            self.add_set(set);
        }
        for chain in chains {
            self.add_rules(chain);
        }
    }
}

fn put_element(list: &mut Message, key: &[Datum], data: &Data, left: Option<Duration>) {
    list.put_nest(1, |element| {
        element.put_nest(1, |nest| nest.put(1, &encode(key)));
        match data {
            Data::None => {}
            Data::Verdict(verdict) => element.put_nest(2, |nest| statement::put_verdict(nest, verdict)),
            Data::Values(values) => element.put_nest(2, |nest| nest.put(1, &encode(values))),
        }
        if let Some(left) = left {
            let milliseconds = u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1);
            element.put(4, &milliseconds.to_be_bytes());
        }
    });
}

/// A socket to nf_tables, of the namespace in which it was opened.
pub struct NftSocket(pub(super) Socket);

impl NftSocket {
    /// Opens one in the namespace of the calling thread.
    pub fn open() -> Result<NftSocket, Error> {
        Socket::open(Protocol::Netfilter).map(NftSocket)
    }

    /// Makes all changes of `batch`, or none.
    pub fn commit(&mut self, mut batch: Batch) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        batch.push(netfilter_message(BATCH_END, 0, 0, SUBSYSTEM >> 8), "end a transaction".into());
        let operations = std::mem::take(&mut batch.operations);
        self.0.transaction(&mut batch.messages, &|index| operations[index].clone())
    }
}
