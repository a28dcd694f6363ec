//! Links, addresses, routes and neighbours.
//!
//! Requests are built as data ([`Request`]) so that what belongs together goes to the kernel in one call.
//! All of them say "make it so": what exists already is replaced, what is gone already is no error.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use crate::{
    Cidr, NetworkNamespace,
    address::{from_octets, octets},
    namespace,
    netlink::{Attributes, Error, Message, Protocol, Socket, absent_is_fine},
};

/// An Ethernet address.
pub type HardwareAddress = [u8; 6];

const NLM_F_CREATE: u16 = libc::NLM_F_CREATE as u16;
const NLM_F_EXCL: u16 = libc::NLM_F_EXCL as u16;
const NLM_F_REPLACE: u16 = libc::NLM_F_REPLACE as u16;
const NLM_F_APPEND: u16 = libc::NLM_F_APPEND as u16;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINKINFO: u16 = 18;
const IFLA_GROUP: u16 = 27;
const IFLA_NET_NS_FD: u16 = 28;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;
const IFLA_VXLAN_ID: u16 = 1;
const IFLA_VXLAN_LOCAL: u16 = 4;
const IFLA_VXLAN_LEARNING: u16 = 7;
const IFLA_VXLAN_PORT: u16 = 15;
const IFLA_VXLAN_LOCAL6: u16 = 17;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_FLAGS: u16 = 8;
const IFA_F_NODAD: u32 = 2;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PREFSRC: u16 = 7;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
const NUD_PERMANENT: u16 = 0x80;
const NTF_SELF: u8 = 2;
const RTNH_F_ONLINK: u32 = 4;
const RT_TABLE_MAIN: u8 = 254;
const HEADER_IFINFO: usize = 16;
const HEADER_ROUTE: usize = 12;
const HEADER_NEIGHBOUR: usize = 12;

/// A link of this namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its Ethernet address, if it has one.
    pub hardware_address: Option<HardwareAddress>,
    /// The largest packet in bytes.
    pub mtu_bytes: u32,
    /// Whether it is up.
    pub up: bool,
    /// Its kind (`veth`, `vxlan`); empty for hardware.
    pub kind: String,
}

/// What happens to packets to a route's destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RouteKind {
    /// They are sent.
    Unicast,
    /// They are refused with an ICMP message.
    Unreachable,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// Where to.
    pub destination: Cidr,
    /// What happens.
    pub kind: RouteKind,
    /// Over which link (its index); 0 for none.
    pub link: u32,
    /// Over which neighbour; taken to be on the link without asking.
    pub gateway: Option<IpAddr>,
    /// The source address that the node itself uses.
    pub source: Option<IpAddr>,
    /// Who made it (`RTPROT_*`).
    pub protocol: u8,
}

impl Route {
    /// A route to `destination` over the link with index `link`.
    pub fn over(destination: Cidr, link: u32, protocol: u8) -> Route {
        Route { destination, kind: RouteKind::Unicast, link, gateway: None, source: None, protocol }
    }

    fn message(&self, kind: u16, flags: u16) -> Message {
        // Without gateway a destination is on the link itself: scope 253 (link); otherwise 0 (universe).
        let scope = if self.gateway.is_none() && self.kind == RouteKind::Unicast { 253 } else { 0 };
        let route_type = match self.kind {
            RouteKind::Unicast => 1,
            RouteKind::Unreachable => 7,
        };
        let family = family(self.destination.address);
        let mut header =
            vec![family, self.destination.prefix_length, 0, 0, RT_TABLE_MAIN, self.protocol, scope, route_type];
        let onlink = if self.gateway.is_some() { RTNH_F_ONLINK } else { 0 };
        header.extend_from_slice(&onlink.to_ne_bytes());
        let mut message = Message::new(kind, flags).payload(&header);
        message.put(RTA_DST, &octets(self.destination.network()));
        if self.link != 0 {
            message.put(RTA_OIF, &self.link.to_ne_bytes());
        }
        if let Some(gateway) = self.gateway {
            message.put(RTA_GATEWAY, &octets(gateway));
        }
        if let Some(source) = self.source {
            message.put(RTA_PREFSRC, &octets(source));
        }
        message
    }
}

/// A request with the words that name it in an error.
pub(crate) type Request = (Message, String);

fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { libc::AF_INET as u8 } else { libc::AF_INET6 as u8 }
}

fn ifinfo(index: u32, up: bool) -> Vec<u8> {
    let mut header = vec![0u8; 4];
    header.extend_from_slice(&index.to_ne_bytes());
    let flags = if up { libc::IFF_UP as u32 } else { 0 };
    header.extend_from_slice(&flags.to_ne_bytes());
    header.extend_from_slice(&flags.to_ne_bytes());
    header
}

/// One end of a veth pair.
pub(crate) struct VethEnd<'a> {
    pub(crate) name: &'a str,
    pub(crate) hardware_address: HardwareAddress,
}

/// Makes a veth pair, both ends down (the kernel refuses to make them up at once): `near` in the socket's namespace, `far` in that of `far_descriptor`.
pub(crate) fn create_veth(near: &VethEnd<'_>, far: &VethEnd<'_>, far_descriptor: u32, mtu_bytes: u32) -> Request {
    let message = Message::new(libc::RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL)
        .payload(&ifinfo(0, false))
        .text(IFLA_IFNAME, near.name)
        .attribute(IFLA_ADDRESS, &near.hardware_address)
        .native32(IFLA_MTU, mtu_bytes)
        .nest(IFLA_LINKINFO, |info| {
            info.put_text(IFLA_INFO_KIND, "veth");
            info.put_nest(IFLA_INFO_DATA, |data| {
                data.put_nest(VETH_INFO_PEER, |peer| {
                    peer.put_raw(&ifinfo(0, false));
                    peer.put_text(IFLA_IFNAME, far.name);
                    peer.put(IFLA_ADDRESS, &far.hardware_address);
                    peer.put(IFLA_MTU, &mtu_bytes.to_ne_bytes());
                    peer.put(IFLA_NET_NS_FD, &far_descriptor.to_ne_bytes());
                });
            });
        });
    (message, format!("create veth pair {} and {}", near.name, far.name))
}

/// Joins two namespaces by a veth pair, each end with a name and an address.
pub fn wire(
    near: &NetworkNamespace,
    (near_name, near_address): (&str, Cidr),
    far: &NetworkNamespace,
    (far_name, far_address): (&str, Cidr),
) -> Result<(), WireError> {
    let mut near_socket = near.run(RouteSocket::open)??;
    let mut far_socket = far.run(RouteSocket::open)??;
    let end = |name, last| VethEnd { name, hardware_address: [0x0a, 0x5a, 0, 0, 0, last] };
    near_socket.apply(vec![create_veth(&end(near_name, 1), &end(far_name, 2), far.descriptor(), 1500)])?;
    let mut watch = near.run(LinkWatch::open)??;
    for (socket, name, address) in
        [(&mut near_socket, near_name, near_address), (&mut far_socket, far_name, far_address)]
    {
        let find = |socket: &mut RouteSocket, name| socket.link(name).map(|link| link.map_or(0, |link| link.index));
        let (loopback, link) = (find(socket, "lo")?, find(socket, name)?);
        socket.apply(vec![set_up(loopback), set_up(link), set_address(link, address)])?;
    }
    let link = near_socket.link(near_name)?.map_or(0, |link| link.index);
    watch.wait(link)?;
    Ok(())
}

/// `IFLA_OPERSTATE` and its value for a link that carries packets.
const IFLA_OPERSTATE: u16 = 16;
const OPERATIONAL: u8 = 6;
/// How long a link may take until it carries packets; it takes a millisecond.
const OPERATIONAL_LIMIT: Duration = Duration::from_secs(1);

/// Tells when a link carries packets.
///
/// Of the two ends of a veth pair the one that was set up first begins to send only some time after the
/// other one was set up, by a work item of the kernel; what is sent before is lost without a word.
pub(crate) struct LinkWatch(Socket);

impl LinkWatch {
    /// Watches the namespace of the calling thread; to be opened before the change that is waited for.
    pub(crate) fn open() -> Result<LinkWatch, Error> {
        Socket::open_link_events().map(LinkWatch)
    }

    /// Returns when the link carries packets.
    pub(crate) fn wait(&mut self, index: u32) -> Result<(), Error> {
        let came = self.0.events_until(Instant::now() + OPERATIONAL_LIMIT, &mut |_, body| {
            let found = body.get(4..8).and_then(|bytes| bytes.try_into().ok()).map(u32::from_ne_bytes);
            found == Some(index) && Attributes::after(body, HEADER_IFINFO).get(IFLA_OPERSTATE) == Some(&[OPERATIONAL])
        })?;
        if !came {
            tracing::warn!(link = index, "the link does not say that it carries packets");
        }
        Ok(())
    }
}

/// Why two namespaces cannot be joined.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// One of them cannot be entered.
    #[error(transparent)]
    Namespace(#[from] namespace::Error),
    /// The kernel refused.
    #[error(transparent)]
    Kernel(#[from] Error),
}

/// A VXLAN device to make.
pub(crate) struct Vxlan<'a> {
    pub(crate) name: &'a str,
    pub(crate) identifier: u32,
    pub(crate) port: u16,
    pub(crate) local: IpAddr,
    pub(crate) hardware_address: HardwareAddress,
    pub(crate) mtu_bytes: u32,
}

/// Makes a VXLAN device that learns nothing: its forwarding entries are ours.
pub(crate) fn create_vxlan(vxlan: &Vxlan<'_>) -> Request {
    let local = if vxlan.local.is_ipv4() { IFLA_VXLAN_LOCAL } else { IFLA_VXLAN_LOCAL6 };
    let message = Message::new(libc::RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL)
        .payload(&ifinfo(0, true))
        .text(IFLA_IFNAME, vxlan.name)
        .attribute(IFLA_ADDRESS, &vxlan.hardware_address)
        .native32(IFLA_MTU, vxlan.mtu_bytes)
        .nest(IFLA_LINKINFO, |info| {
            info.put_text(IFLA_INFO_KIND, "vxlan");
            info.put_nest(IFLA_INFO_DATA, |data| {
                data.put(IFLA_VXLAN_ID, &vxlan.identifier.to_ne_bytes());
                data.put(IFLA_VXLAN_PORT, &vxlan.port.to_be_bytes());
                data.put(local, &octets(vxlan.local));
                data.put(IFLA_VXLAN_LEARNING, &[0]);
            });
        });
    (message, format!("create VXLAN device {}", vxlan.name))
}

/// Sets a link up.
pub(crate) fn set_up(index: u32) -> Request {
    (Message::new(libc::RTM_NEWLINK, 0).payload(&ifinfo(index, true)), format!("set link {index} up"))
}

/// Gives a link an address.
pub(crate) fn set_address(index: u32, address: Cidr) -> Request {
    let mut header = vec![family(address.address), address.prefix_length, 0, 0];
    header.extend_from_slice(&index.to_ne_bytes());
    let bytes = octets(address.address);
    let message = Message::new(libc::RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE)
        .payload(&header)
        .attribute(IFA_LOCAL, &bytes)
        .attribute(IFA_ADDRESS, &bytes)
        // Our addresses are unique by construction: without this an IPv6 address is unusable for a second.
        .native32(IFA_FLAGS, if address.address.is_ipv4() { 0 } else { IFA_F_NODAD });
    (message, format!("give link {index} the address {address}"))
}

/// Makes or replaces a route.
pub(crate) fn set_route(route: &Route) -> Request {
    let message = route.message(libc::RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
    (message, format!("set the route to {}", route.destination))
}

/// Makes or replaces a permanent neighbour.
pub(crate) fn set_neighbour(link: u32, address: IpAddr, hardware_address: HardwareAddress) -> Request {
    let header = neighbour_header(family(address), link, 0);
    let message = Message::new(libc::RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE)
        .payload(&header)
        .attribute(NDA_DST, &octets(address))
        .attribute(NDA_LLADDR, &hardware_address);
    (message, format!("set the neighbour {address} on link {link}"))
}

fn neighbour_header(family: u8, link: u32, flags: u8) -> Vec<u8> {
    let mut header = vec![family, 0, 0, 0];
    header.extend_from_slice(&link.to_ne_bytes());
    header.extend_from_slice(&NUD_PERMANENT.to_ne_bytes());
    header.extend_from_slice(&[flags, 0]);
    header
}

fn forwarding_message(kind: u16, flags: u16, link: u32, hardware_address: HardwareAddress, remote: IpAddr) -> Message {
    Message::new(kind, flags)
        .payload(&neighbour_header(libc::AF_BRIDGE as u8, link, NTF_SELF))
        .attribute(NDA_LLADDR, &hardware_address)
        .attribute(NDA_DST, &octets(remote))
}

/// Says behind which node a VXLAN device finds an Ethernet address.
pub(crate) fn set_forwarding(link: u32, hardware_address: HardwareAddress, remote: IpAddr) -> Request {
    let flags = NLM_F_CREATE | NLM_F_REPLACE;
    let message = forwarding_message(libc::RTM_NEWNEIGH, flags & !NLM_F_APPEND, link, hardware_address, remote);
    (message, format!("set the VXLAN peer {remote} on link {link}"))
}

/// A route netlink socket with the questions that one asks it.
pub struct RouteSocket(pub(crate) Socket);

impl RouteSocket {
    /// Opens one in the namespace of the calling thread.
    pub fn open() -> Result<RouteSocket, Error> {
        Socket::open(Protocol::Route).map(RouteSocket)
    }

    /// Carries requests out together.
    pub(crate) fn apply(&mut self, requests: Vec<Request>) -> Result<(), Error> {
        if requests.is_empty() { Ok(()) } else { self.0.pipeline(requests) }
    }

    /// The link `name`; `None` when there is none.
    pub fn link(&mut self, name: &str) -> Result<Option<Link>, Error> {
        let message = Message::new(libc::RTM_GETLINK, 0).payload(&ifinfo(0, false)).text(IFLA_IFNAME, name);
        let mut found = None;
        let outcome = self.0.query(message, format_args!("read link {name}"), &mut |_, body| found = read_link(body));
        absent_is_fine(outcome)?;
        Ok(found)
    }

    /// All links.
    pub fn links(&mut self) -> Result<Vec<Link>, Error> {
        let message = Message::new(libc::RTM_GETLINK, 0).payload(&ifinfo(0, false));
        let mut links = Vec::new();
        self.0.dump(message, format_args!("list links"), &mut |_, body| links.extend(read_link(body)))?;
        Ok(links)
    }

    /// Removes the link `name`, and with a veth its other end.
    pub fn delete_link(&mut self, name: &str) -> Result<(), Error> {
        let message = Message::new(libc::RTM_DELLINK, 0).payload(&ifinfo(0, false)).text(IFLA_IFNAME, name);
        absent_is_fine(self.0.request(message, format_args!("delete link {name}")))
    }

    /// Puts the link `name` into a group; nothing happens when there is none.
    pub(crate) fn set_group(&mut self, name: &str, group: u32) -> Result<(), Error> {
        let message = Message::new(libc::RTM_SETLINK, 0)
            .payload(&ifinfo(0, false))
            .text(IFLA_IFNAME, name)
            .native32(IFLA_GROUP, group);
        absent_is_fine(self.0.request(message, format_args!("set the group of link {name}")))
    }

    /// Removes all links of a group, and with veths their other ends.
    pub(crate) fn delete_group(&mut self, group: u32) -> Result<(), Error> {
        let message = Message::new(libc::RTM_DELLINK, 0).payload(&ifinfo(0, false)).native32(IFLA_GROUP, group);
        absent_is_fine(self.0.request(message, format_args!("delete the links of group {group:#x}")))
    }

    /// Addresses of this namespace with the index of their link.
    pub fn addresses(&mut self) -> Result<Vec<(u32, Cidr)>, Error> {
        let message = Message::new(libc::RTM_GETADDR, 0).payload(&[0; 8]);
        let mut addresses = Vec::new();
        self.0.dump(message, format_args!("list addresses"), &mut |_, body| {
            let attributes = Attributes::after(body, 8);
            let bytes = attributes.get(IFA_LOCAL).or_else(|| attributes.get(IFA_ADDRESS));
            if let (Some(address), [_, prefix_length, _, _, index @ ..]) = (bytes.and_then(from_octets), body) {
                let index = index.get(..4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_ne_bytes);
                addresses.push((index, Cidr { address, prefix_length: *prefix_length }));
            }
        })?;
        Ok(addresses)
    }

    /// Routes of the main table that `protocol` made.
    pub fn routes(&mut self, protocol: u8) -> Result<Vec<Route>, Error> {
        let mut routes = Vec::new();
        for family in [libc::AF_INET, libc::AF_INET6] {
            let mut header = vec![0; HEADER_ROUTE];
            header[0] = family as u8;
            let message = Message::new(libc::RTM_GETROUTE, 0).payload(&header);
            self.0.dump(message, format_args!("list routes"), &mut |_, body| {
                routes.extend(read_route(body).filter(|route| route.protocol == protocol));
            })?;
        }
        Ok(routes)
    }

    /// The route that a packet to `address` would take; `None` when there is none.
    pub fn route_to(&mut self, address: IpAddr) -> Result<Option<Route>, Error> {
        let mut header = vec![0; HEADER_ROUTE];
        header[0] = family(address);
        header[1] = crate::address::bits(address);
        let message = Message::new(libc::RTM_GETROUTE, 0).payload(&header).attribute(RTA_DST, &octets(address));
        let mut found = None;
        let outcome =
            self.0.query(message, format_args!("find the route to {address}"), &mut |_, body| found = read_route(body));
        use rustix::io::Errno;
        match outcome {
            Err(error) if matches!(error.errno(), Some(Errno::NETUNREACH | Errno::HOSTUNREACH)) => Ok(None),
            other => other.map(|()| found),
        }
    }

    /// Makes or replaces a route.
    pub fn set_route(&mut self, route: &Route) -> Result<(), Error> {
        self.apply(vec![set_route(route)])
    }

    /// Removes a route.
    pub fn delete_route(&mut self, route: &Route) -> Result<(), Error> {
        let message = route.message(libc::RTM_DELROUTE, 0);
        absent_is_fine(self.0.request(message, format_args!("delete the route to {}", route.destination)))
    }

    /// Forwarding entries of a VXLAN device: Ethernet address and node address.
    pub(crate) fn forwarding(&mut self, link: u32) -> Result<Vec<(HardwareAddress, IpAddr)>, Error> {
        let mut entries = Vec::new();
        let message = Message::new(libc::RTM_GETNEIGH, 0).payload(&neighbour_header(libc::AF_BRIDGE as u8, 0, 0));
        self.0.dump(message, format_args!("list VXLAN peers"), &mut |_, body| {
            let index = body.get(4..8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_ne_bytes);
            let attributes = Attributes::after(body, HEADER_NEIGHBOUR);
            let hardware = attributes.get(NDA_LLADDR).and_then(|bytes| bytes.try_into().ok());
            if let (true, Some(hardware), Some(remote)) =
                (index == link, hardware, attributes.get(NDA_DST).and_then(from_octets))
            {
                entries.push((hardware, remote));
            }
        })?;
        Ok(entries)
    }

    /// Removes a forwarding entry of a VXLAN device.
    pub(crate) fn delete_forwarding(
        &mut self,
        link: u32,
        hardware_address: HardwareAddress,
        remote: IpAddr,
    ) -> Result<(), Error> {
        let message = forwarding_message(libc::RTM_DELNEIGH, 0, link, hardware_address, remote);
        absent_is_fine(self.0.request(message, format_args!("delete the VXLAN peer {remote}")))
    }

    /// Removes a neighbour.
    pub(crate) fn delete_neighbour(&mut self, link: u32, address: IpAddr) -> Result<(), Error> {
        let message = Message::new(libc::RTM_DELNEIGH, 0)
            .payload(&neighbour_header(family(address), link, 0))
            .attribute(NDA_DST, &octets(address));
        absent_is_fine(self.0.request(message, format_args!("delete the neighbour {address}")))
    }
}

fn read_link(body: &[u8]) -> Option<Link> {
    let attributes = Attributes::after(body, HEADER_IFINFO);
    let kind = attributes.nest(IFLA_LINKINFO).and_then(|info| info.text(IFLA_INFO_KIND));
    Some(Link {
        index: u32::from_ne_bytes(body.get(4..8)?.try_into().ok()?),
        name: attributes.text(IFLA_IFNAME)?.to_owned(),
        hardware_address: attributes.get(IFLA_ADDRESS).and_then(|bytes| bytes.try_into().ok()),
        mtu_bytes: attributes.native32(IFLA_MTU).unwrap_or_default(),
        up: u32::from_ne_bytes(body.get(8..12)?.try_into().ok()?) & libc::IFF_UP as u32 != 0,
        kind: kind.unwrap_or_default().to_owned(),
    })
}

fn read_route(body: &[u8]) -> Option<Route> {
    let [family, prefix_length, _, _, table, protocol, _, route_type, ..] = *body else { return None };
    if table != RT_TABLE_MAIN && route_type != 2 {
        return None;
    }
    let attributes = Attributes::after(body, HEADER_ROUTE);
    let zero = if i32::from(family) == libc::AF_INET { [0u8; 4].to_vec() } else { [0u8; 16].to_vec() };
    let address = from_octets(attributes.get(RTA_DST).unwrap_or(&zero))?;
    Some(Route {
        destination: Cidr { address, prefix_length },
        kind: if route_type == 7 { RouteKind::Unreachable } else { RouteKind::Unicast },
        link: attributes.native32(RTA_OIF).unwrap_or_default(),
        gateway: attributes.get(RTA_GATEWAY).and_then(from_octets),
        source: attributes.get(RTA_PREFSRC).and_then(from_octets),
        protocol,
    })
}
