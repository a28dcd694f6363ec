//! Routes to the pods of other nodes: direct where the node is on one of our links, else through VXLAN.
//!
//! Nothing is exchanged between nodes for the tunnel: the Ethernet address and the inner address of a
//! node's tunnel end follow from its pod range.

use std::net::IpAddr;

use crate::{
    Cidr,
    node::{Config, OpenError},
    pod::ROUTE_PROTOCOL,
    rtnetlink::{self, HardwareAddress, Route, RouteKind, RouteSocket, Vxlan},
};

/// How other nodes are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// Directly where possible, else through VXLAN.
    Auto,
    /// Always through VXLAN.
    Always,
    /// Always directly; a node that is not on a link of this one is an error.
    Never,
}

/// Another node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name, for errors.
    pub name: String,
    /// Its addresses, one per family.
    pub addresses: Vec<IpAddr>,
    /// Its pods' addresses, one range per family.
    pub pod_ranges: Vec<Cidr>,
}

/// The tunnel's device.
pub(crate) const DEVICE: &str = "sagong.vxlan";
const IDENTIFIER: u32 = 137;
const PORT: u16 = 4789;

/// The Ethernet address of a node's tunnel end.
fn tunnel_end(pod_ranges: &[Cidr]) -> HardwareAddress {
    let bytes = pod_ranges.first().map(|range| crate::address::octets(range.network())).unwrap_or_default();
    // The first bytes of an address tell nodes apart in IPv6 (a /64 each), all bytes do in IPv4.
    let significant: [u8; 4] = match bytes.len() {
        4 => [bytes[0], bytes[1], bytes[2], bytes[3]],
        16 => [bytes[4], bytes[5], bytes[6], bytes[7]],
        _ => [0; 4],
    };
    [0x0a, 0x59, significant[0], significant[1], significant[2], significant[3]]
}

struct Tunnelled {
    hardware_address: HardwareAddress,
    remote: IpAddr,
}

/// What the kernel should hold.
#[derive(Default)]
struct Plan {
    direct: Vec<Route>,
    /// Ranges behind the tunnel, with the inner address of the other end.
    through_tunnel: Vec<Cidr>,
    tunnelled: Vec<Tunnelled>,
    neighbours: Vec<(IpAddr, HardwareAddress)>,
}

/// Makes routes, neighbours and forwarding entries for exactly these nodes.
pub(crate) fn set_peers(socket: &mut RouteSocket, config: &Config, peers: &[Peer]) -> Result<(), OpenError> {
    let plan = plan(socket, config, peers)?;
    let mut wanted = plan.direct.clone();
    let mut requests = Vec::new();
    if plan.tunnelled.is_empty() {
        socket.delete_link(DEVICE)?;
    } else {
        let link = ensure_device(socket, config)?;
        for (range, (gateway, hardware_address)) in plan.through_tunnel.iter().zip(&plan.neighbours) {
            requests.push(rtnetlink::set_neighbour(link, *gateway, *hardware_address));
            wanted.push(Route { gateway: Some(*gateway), ..Route::over(*range, link, ROUTE_PROTOCOL) });
        }
        let known = socket.forwarding(link)?;
        for entry in &plan.tunnelled {
            requests.push(rtnetlink::set_forwarding(link, entry.hardware_address, entry.remote));
        }
        for (hardware_address, remote) in known {
            let kept = plan.tunnelled.iter().any(|e| e.hardware_address == hardware_address && e.remote == remote);
            if !kept {
                socket.delete_forwarding(link, hardware_address, remote)?;
            }
        }
    }
    // Routes with a gateway that bear our mark are those to other nodes.
    let known = socket.routes(ROUTE_PROTOCOL)?;
    for route in known.iter().filter(|route| route.gateway.is_some() && !same_path(&wanted, route)) {
        socket.delete_route(route)?;
        if let Some(gateway) = route.gateway.filter(|gateway| *gateway == route.destination.network()) {
            socket.delete_neighbour(route.link, gateway)?;
        }
    }
    requests.extend(wanted.iter().map(rtnetlink::set_route));
    socket.apply(requests)?;
    Ok(())
}

fn same_path(wanted: &[Route], found: &Route) -> bool {
    wanted
        .iter()
        .any(|route| (route.destination, route.link, route.gateway) == (found.destination, found.link, found.gateway))
}

fn plan(socket: &mut RouteSocket, config: &Config, peers: &[Peer]) -> Result<Plan, OpenError> {
    let mut plan = Plan::default();
    for peer in peers {
        let mut tunnelled = false;
        for range in &peer.pod_ranges {
            let address = peer.addresses.iter().copied().find(|address| address.is_ipv4() == range.address.is_ipv4());
            match direct_link(socket, config, address)? {
                Some((link, address)) => {
                    let route = Route::over(*range, link, ROUTE_PROTOCOL);
                    plan.direct.push(Route { gateway: Some(address), ..route });
                }
                None if config.overlay == Overlay::Never => {
                    let address = address.or(peer.addresses.first().copied()).unwrap_or([0, 0, 0, 0].into());
                    return Err(OpenError::NotOnLink { peer: peer.name.clone(), address });
                }
                None => {
                    plan.through_tunnel.push(*range);
                    plan.neighbours.push((range.network(), tunnel_end(&peer.pod_ranges)));
                    tunnelled = true;
                }
            }
        }
        let local_is_v4 = config.node_addresses.first().is_none_or(IpAddr::is_ipv4);
        let remote = peer.addresses.iter().find(|address| address.is_ipv4() == local_is_v4);
        if let (true, Some(remote)) = (tunnelled, remote) {
            plan.tunnelled.push(Tunnelled { hardware_address: tunnel_end(&peer.pod_ranges), remote: *remote });
        }
    }
    Ok(plan)
}

/// The link on which another node is a neighbour.
fn direct_link(
    socket: &mut RouteSocket,
    config: &Config,
    address: Option<IpAddr>,
) -> Result<Option<(u32, IpAddr)>, OpenError> {
    let Some(address) = address.filter(|_| config.overlay != Overlay::Always) else { return Ok(None) };
    let route = socket.route_to(address)?;
    let route = route.filter(|route| route.kind == RouteKind::Unicast && route.gateway.is_none() && route.link != 0);
    Ok(route.map(|route| (route.link, address)))
}

fn ensure_device(socket: &mut RouteSocket, config: &Config) -> Result<u32, OpenError> {
    let absent = || OpenError::Kernel(crate::netlink::Error::Malformed { operation: format!("find link {DEVICE}") });
    let hardware_address = tunnel_end(&config.pod_ranges);
    let local = config.node_addresses.first().copied().ok_or_else(absent)?;
    let known = socket.link(DEVICE)?;
    if known.as_ref().is_some_and(|link| link.hardware_address == Some(hardware_address) && link.up) {
        return Ok(known.map(|link| link.index).unwrap_or_default());
    }
    socket.delete_link(DEVICE)?;
    let mtu_bytes = crate::node::overlay_mtu_bytes(socket, config)?;
    let vxlan = Vxlan { name: DEVICE, identifier: IDENTIFIER, port: PORT, local, hardware_address, mtu_bytes };
    socket.apply(vec![rtnetlink::create_vxlan(&vxlan)])?;
    let link = socket.link(DEVICE)?.ok_or_else(absent)?.index;
    let addresses = config.pod_ranges.iter().map(|range| rtnetlink::set_address(link, Cidr::host(range.network())));
    socket.apply(addresses.collect())?;
    Ok(link)
}
