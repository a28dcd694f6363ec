//! The kernel's table of connections.
//!
//! A UDP "connection" lives on while its client keeps sending, and with it the translation chosen for its
//! first packet. When that endpoint is gone the entry has to go too, or the client talks into the void.

use std::net::IpAddr;

use crate::{
    Transport,
    address::{from_octets, octets},
    netlink::{Attributes, Error, Message, Protocol, Socket, absent_is_fine},
    nftables::Family,
};

const SUBSYSTEM: u16 = 1 << 8;
const GET: u16 = 1;
const DELETE: u16 = 2;
const HEADER: usize = 4;
const TUPLE_ORIGINAL: u16 = 1;
const TUPLE_REPLY: u16 = 2;
const TUPLE_ADDRESSES: u16 = 1;
const TUPLE_PROTOCOL: u16 = 2;

/// One direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuple {
    /// From which address.
    pub source: IpAddr,
    /// To which address.
    pub destination: IpAddr,
    /// From which port.
    pub source_port: u16,
    /// To which port.
    pub destination_port: u16,
}

/// A connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its protocol.
    pub transport: Transport,
    /// What the client sends.
    pub original: Tuple,
    /// What comes back, before it is translated: the source is the endpoint that serves.
    pub reply: Tuple,
}

/// A socket to the connection table of the namespace in which it was opened.
pub struct ConntrackSocket(Socket);

impl ConntrackSocket {
    /// Opens one in the namespace of the calling thread.
    pub fn open() -> Result<ConntrackSocket, Error> {
        Socket::open(Protocol::Netfilter).map(ConntrackSocket)
    }

    /// Removes the connections of `transport` and `family` that `stale` picks, and says how many.
    pub fn delete(
        &mut self,
        family: Family,
        transport: Transport,
        mut stale: impl FnMut(&Connection) -> bool,
    ) -> Result<usize, Error> {
        let mut picked = Vec::new();
        self.0.dump(message(GET, family), format_args!("list connections"), &mut |_, body| {
            picked.extend(read(body).filter(|connection| connection.transport == transport && stale(connection)));
        })?;
        for connection in &picked {
            let tuple = &connection.original;
            let request = message(DELETE, family).nest(TUPLE_ORIGINAL, |nest| put_tuple(nest, tuple, transport));
            let operation = format_args!("delete the connection from {} to {}", tuple.source, tuple.destination);
            absent_is_fine(self.0.request(request, operation))?;
        }
        Ok(picked.len())
    }
}

fn message(kind: u16, family: Family) -> Message {
    Message::new(SUBSYSTEM | kind, 0).payload(&[family.number(), 0, 0, 0])
}

fn put_tuple(message: &mut Message, tuple: &Tuple, transport: Transport) {
    let (source, destination) = if tuple.source.is_ipv4() { (1, 2) } else { (3, 4) };
    message.put_nest(TUPLE_ADDRESSES, |nest| {
        nest.put(source, &octets(tuple.source));
        nest.put(destination, &octets(tuple.destination));
    });
    message.put_nest(TUPLE_PROTOCOL, |nest| {
        nest.put(1, &[transport.number()]);
        nest.put(2, &tuple.source_port.to_be_bytes());
        nest.put(3, &tuple.destination_port.to_be_bytes());
    });
}

fn read(body: &[u8]) -> Option<Connection> {
    let attributes = Attributes::after(body, HEADER);
    let original = attributes.nest(TUPLE_ORIGINAL)?;
    let transport = Transport::from_number(*original.nest(TUPLE_PROTOCOL)?.get(1)?.first()?)?;
    let reply = read_tuple(attributes.nest(TUPLE_REPLY)?)?;
    Some(Connection { transport, original: read_tuple(original)?, reply })
}

fn read_tuple(tuple: Attributes<'_>) -> Option<Tuple> {
    let addresses = tuple.nest(TUPLE_ADDRESSES)?;
    let ports = tuple.nest(TUPLE_PROTOCOL)?;
    Some(Tuple {
        source: addresses.get(1).or_else(|| addresses.get(3)).and_then(from_octets)?,
        destination: addresses.get(2).or_else(|| addresses.get(4)).and_then(from_octets)?,
        source_port: ports.big16(2)?,
        destination_port: ports.big16(3)?,
    })
}
