//! A pod's connection: a point-to-point veth pair.
//!
//! The pod's end is `eth0` with a /32 (or /128) address; its only neighbour is a link-local gateway whose
//! Ethernet address is known beforehand on both sides, so that no ARP and no neighbour discovery is ever
//! needed. The node's end has no address; a host route leads to it. Why not a bridge: services work without
//! bridge netfilter, hairpin included, and a pod cannot speak for another's address.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    Cidr, allocator,
    namespace::{self, NetworkNamespace},
    netlink,
    rtnetlink::{self, HardwareAddress, LinkWatch, Route, RouteSocket, VethEnd},
    sysctl,
};

/// The gateway that pods see.
pub const GATEWAY_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 1, 1));
/// The same for IPv6.
pub const GATEWAY_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1));
/// The Ethernet address of every node end; each link has only two ends, so it may repeat.
const NODE_END: HardwareAddress = [0x0a, 0x58, 169, 254, 1, 1];
/// The link inside a pod.
const POD_LINK: &str = "eth0";
/// Who made our routes; a number that no routing daemon uses.
pub(crate) const ROUTE_PROTOCOL: u8 = 137;

/// Why a pod cannot be connected or disconnected.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No address, or its file failed.
    #[error("sandbox {sandbox}: {source}")]
    Address {
        /// The sandbox.
        sandbox: String,
        /// Why.
        source: allocator::Error,
    },
    /// The sandbox's namespace is not usable.
    #[error("sandbox {sandbox}: {source}")]
    Namespace {
        /// The sandbox.
        sandbox: String,
        /// Why.
        source: namespace::Error,
    },
    /// The kernel refused.
    #[error("sandbox {sandbox}: {source}")]
    Kernel {
        /// The sandbox.
        sandbox: String,
        /// Why.
        source: netlink::Error,
    },
    /// A kernel parameter cannot be set.
    #[error("sandbox {sandbox}: {source}")]
    Parameter {
        /// The sandbox.
        sandbox: String,
        /// Why.
        source: sysctl::Error,
    },
    /// A port of the node is taken.
    #[error("sandbox {sandbox}: host port {port} is used by sandbox {owner}")]
    HostPortTaken {
        /// The sandbox that asked.
        sandbox: String,
        /// The port, with protocol.
        port: String,
        /// The sandbox that has it.
        owner: String,
    },
}

/// A transport protocol with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Transport {
    /// TCP.
    #[serde(rename = "TCP")]
    Tcp,
    /// UDP.
    #[serde(rename = "UDP")]
    Udp,
    /// SCTP.
    #[serde(rename = "SCTP")]
    Sctp,
}

impl Transport {
    /// The number in IP headers.
    pub fn number(self) -> u8 {
        match self {
            Transport::Tcp => 6,
            Transport::Udp => 17,
            Transport::Sctp => 132,
        }
    }

    /// The protocol of that number.
    pub fn from_number(number: u8) -> Option<Transport> {
        [Transport::Tcp, Transport::Udp, Transport::Sctp].into_iter().find(|protocol| protocol.number() == number)
    }

    /// Kubernetes' name of it: `TCP`, `UDP`, `SCTP`.
    pub fn name(self) -> &'static str {
        match self {
            Transport::Tcp => "TCP",
            Transport::Udp => "UDP",
            Transport::Sctp => "SCTP",
        }
    }

    /// The protocol of that Kubernetes name; empty means TCP.
    pub fn from_name(name: &str) -> Option<Transport> {
        match name {
            "" | "TCP" => Some(Transport::Tcp),
            "UDP" => Some(Transport::Udp),
            "SCTP" => Some(Transport::Sctp),
            _ => None,
        }
    }
}

/// Whether this kernel has SCTP.
pub fn sctp_supported() -> bool {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, socket_with};
    socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, Some(ipproto::SCTP)).is_ok()
}

/// A port of the node that leads to a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostPort {
    /// On which address of the node; on all when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_address: Option<IpAddr>,
    /// Which port of the node.
    pub host_port: u16,
    /// Which port of the pod.
    pub container_port: u16,
    /// Of which protocol.
    pub protocol: Transport,
}

/// What to connect.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// The sandbox's identifier, from which the name of the node's end is made.
    pub sandbox: String,
    /// The sandbox's network namespace, as a file.
    pub namespace: PathBuf,
    /// Ports of the node that lead to the pod.
    pub host_ports: Vec<HostPort>,
}

/// The name of the node's end for a sandbox: 15 characters, the most that the kernel allows.
pub fn node_link_name(sandbox: &str) -> String {
    // FNV-1a; 64 bits in 13 base-32 digits.
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in sandbox.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let digits = (0..13).map(|index| b"abcdefghijklmnopqrstuvwxyz234567"[(hash >> (5 * index)) as usize & 31]);
    format!("sg{}", digits.map(char::from).collect::<String>())
}

/// The Ethernet address of a pod's end, from its first address.
fn pod_end(addresses: &[IpAddr]) -> HardwareAddress {
    let bytes = addresses.first().map(|address| crate::address::octets(*address)).unwrap_or_default();
    let mut hardware = [0x0a, 0x58, 0, 0, 0, 0];
    for (to, from) in hardware[2..].iter_mut().rev().zip(bytes.iter().rev()) {
        *to = *from;
    }
    hardware
}

fn gateway(address: IpAddr) -> IpAddr {
    if address.is_ipv4() { GATEWAY_V4 } else { GATEWAY_V6 }
}

/// Connects the namespace at `namespace`; the node's side goes through `node`.
pub(crate) fn connect(
    node: &mut RouteSocket,
    sandbox: &str,
    namespace: &Path,
    addresses: &[IpAddr],
    mtu_bytes: u32,
) -> Result<(), Error> {
    let in_namespace = |source| Error::Namespace { sandbox: sandbox.to_owned(), source };
    let in_kernel = |source| Error::Kernel { sandbox: sandbox.to_owned(), source };
    let namespace = NetworkNamespace::open(namespace).map_err(in_namespace)?;
    let mut pod = namespace.run(RouteSocket::open).map_err(in_namespace)?.map_err(in_kernel)?;

    let name = node_link_name(sandbox);
    let near = VethEnd { name: &name, hardware_address: NODE_END };
    let far = VethEnd { name: POD_LINK, hardware_address: pod_end(addresses) };
    let create = || vec![rtnetlink::create_veth(&near, &far, namespace.descriptor(), mtu_bytes)];
    match node.apply(create()) {
        // A pair of an attempt that was cut off: it goes, and the new one takes its place.
        Err(error) if error.is_present() => {
            node.delete_link(&name).and_then(|()| node.apply(create())).map_err(in_kernel)?;
        }
        other => other.map_err(in_kernel)?,
    }
    // The pod's end comes up last, and so is usable at once; the node's end is waited for below.
    let mut watch = LinkWatch::open().map_err(in_kernel)?;
    let link = configure_node_side(node, &name, addresses, far.hardware_address).map_err(in_kernel)?;
    configure_pod_side(&mut pod, addresses).map_err(in_kernel)?;

    // Strict reverse-path filtering keeps a pod from using another's address; redirects would tell a pod
    // that reaches itself through a service to do what it cannot.
    for (parameter, value) in [("rp_filter", "1"), ("send_redirects", "0")] {
        sysctl::ensure(&format!("net/ipv4/conf/{name}/{parameter}"), value)
            .map_err(|source| Error::Parameter { sandbox: sandbox.to_owned(), source })?;
    }
    watch.wait(link).map_err(in_kernel)
}

fn link_index(socket: &mut RouteSocket, name: &str) -> Result<u32, netlink::Error> {
    socket.link(name)?.map(|link| link.index).ok_or_else(|| netlink::Error::Refused {
        operation: format!("find link {name}"),
        source: rustix::io::Errno::NODEV,
        hint: String::new(),
    })
}

/// Gives the calling thread's namespace an address of its own on the loopback link, for a server that
/// answers at it on every node.
pub fn set_local_address(address: IpAddr) -> Result<(), netlink::Error> {
    let mut socket = RouteSocket::open()?;
    let loopback = link_index(&mut socket, "lo")?;
    socket.apply(vec![rtnetlink::set_up(loopback), rtnetlink::set_address(loopback, Cidr::host(address))])
}

fn configure_pod_side(pod: &mut RouteSocket, addresses: &[IpAddr]) -> Result<(), netlink::Error> {
    let loopback = link_index(pod, "lo")?;
    let link = link_index(pod, POD_LINK)?;
    let mut requests = vec![rtnetlink::set_up(loopback), rtnetlink::set_up(link)];
    for address in addresses {
        let gateway = gateway(*address);
        let everything =
            Cidr { address: if address.is_ipv4() { [0u8; 4].into() } else { [0u8; 16].into() }, prefix_length: 0 };
        requests.push(rtnetlink::set_address(link, Cidr::host(*address)));
        requests.push(rtnetlink::set_neighbour(link, gateway, NODE_END));
        requests.push(rtnetlink::set_route(&Route::over(Cidr::host(gateway), link, ROUTE_PROTOCOL)));
        let default = Route { gateway: Some(gateway), ..Route::over(everything, link, ROUTE_PROTOCOL) };
        requests.push(rtnetlink::set_route(&default));
    }
    pod.apply(requests)
}

fn configure_node_side(
    node: &mut RouteSocket,
    name: &str,
    addresses: &[IpAddr],
    pod_end: HardwareAddress,
) -> Result<u32, netlink::Error> {
    let link = link_index(node, name)?;
    let mut requests = vec![rtnetlink::set_up(link)];
    for address in addresses {
        requests.push(rtnetlink::set_neighbour(link, *address, pod_end));
        requests.push(rtnetlink::set_route(&Route::over(Cidr::host(*address), link, ROUTE_PROTOCOL)));
    }
    node.apply(requests)?;
    Ok(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_node_ends_fit_and_differ() {
        let name = node_link_name("4f0e6cf4a2b04a4c");
        assert_eq!(name.len(), 15);
        assert_ne!(name, node_link_name("4f0e6cf4a2b04a4d"));
    }

    #[test]
    fn hardware_addresses_hold_the_address() {
        assert_eq!(pod_end(&["10.42.0.5".parse().unwrap()]), [0x0a, 0x58, 10, 42, 0, 5]);
    }
}
