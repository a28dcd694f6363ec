//! A node's part of the pod network.

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{Mutex, MutexGuard},
};

use crate::{
    Cidr, Overlay, Peer,
    allocator::{self, Allocator, Assignment},
    netlink,
    nftables::{
        Batch, Chain, ChainKind, Data, Datum, Family, Field, Hook, NftSocket, Set, Statement, Table, Type, Verdict,
    },
    overlay,
    pod::{self, Attachment, Error, HostPort, ROUTE_PROTOCOL},
    removals::Removals,
    rtnetlink::{self, Route, RouteKind, RouteSocket},
    sysctl,
};

/// What a node's network is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the addresses given away are remembered; its folder exists.
    pub state_file: PathBuf,
    /// Pod addresses of this node, one range per address family, for example `10.42.0.0/24`.
    pub pod_ranges: Vec<Cidr>,
    /// Pod addresses of the whole cluster: traffic to them is not masqueraded.
    pub cluster_ranges: Vec<Cidr>,
    /// Service addresses of the cluster.
    pub service_ranges: Vec<Cidr>,
    /// The node's own addresses, the first of each family being the one that others know.
    pub node_addresses: Vec<IpAddr>,
    /// The largest packet of pods in bytes; from the node's uplink when unset.
    pub mtu_bytes: Option<u32>,
    /// How other nodes are reached.
    pub overlay: Overlay,
}

/// Why a node's network cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The state cannot be read.
    #[error("node network: {0}")]
    Addresses(#[from] allocator::Error),
    /// The kernel refused.
    #[error("node network: {0}")]
    Kernel(#[from] netlink::Error),
    /// A kernel parameter cannot be set.
    #[error("node network: {0}")]
    Parameter(#[from] sysctl::Error),
    /// Another node cannot be reached as configured.
    #[error("node network: node {peer} at {address} is not on a link of this node, and the overlay is switched off")]
    NotOnLink {
        /// The other node.
        peer: String,
        /// Its address.
        address: IpAddr,
    },
}

const HOST_PORTS: Set = Set::values("host-ports", &[Type::Protocol, Type::Port], &[Type::Address, Type::Port]);
const HOST_ADDRESS_PORTS: Set =
    Set::values("host-address-ports", &[Type::Address, Type::Protocol, Type::Port], &[Type::Address, Type::Port]);
const HAIRPIN: Set = Set::of("hairpin", &[Type::Address, Type::Address]);
const LOOPBACK: Cidr = Cidr { address: IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 0)), prefix_length: 8 };
/// Bytes that VXLAN adds to a packet over IPv4, and over IPv6.
const OVERLAY_BYTES_V4: u32 = 50;
const OVERLAY_BYTES_V6: u32 = 70;
const MTU_BYTES: u32 = 1500;

struct Sockets {
    routes: RouteSocket,
    nftables: NftSocket,
}

/// The network of this node. It lives in the network namespace of the thread that opened it; its methods
/// block for a few milliseconds and are called from a blocking thread of the same namespace.
pub struct NodeNetwork {
    config: Config,
    mtu_bytes: u32,
    allocator: Mutex<Allocator>,
    sockets: Mutex<Sockets>,
    /// No attachment waits for these.
    removals: Removals,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves no half-made state behind: every change is one call to the kernel or one
    // atomic write of the file.
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

pub(crate) fn table(family: Family) -> Table {
    Table { family, name: "sagong".into() }
}

impl NodeNetwork {
    /// Sets the node up, or finds it set up by an earlier process: kernel parameters, the route for
    /// services, the table `sagong` with masquerading and the host ports of sandboxes that still live.
    pub fn open(config: Config) -> Result<NodeNetwork, OpenError> {
        let allocator = Allocator::open(&config.state_file, &config.pod_ranges)?;
        let mut sockets = Sockets { routes: RouteSocket::open()?, nftables: NftSocket::open()? };
        set_parameters(&config)?;
        set_routes(&mut sockets.routes, &config)?;
        let uplink = uplink(&mut sockets.routes, &config)?;
        let mtu_bytes =
            config.mtu_bytes.unwrap_or_else(|| pod_mtu_bytes(&config, uplink.map_or(MTU_BYTES, |link| link.mtu_bytes)));
        for family in families(&config) {
            sockets.nftables.commit(whole_table(&config, family, &allocator))?;
        }
        let removals = Removals::new(RouteSocket::open()?);
        Ok(NodeNetwork { config, mtu_bytes, allocator: Mutex::new(allocator), sockets: Mutex::new(sockets), removals })
    }

    /// What the node's network is made of.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The largest packet of pods in bytes.
    pub fn mtu_bytes(&self) -> u32 {
        self.mtu_bytes
    }

    /// Connects a sandbox and returns its addresses, the primary one first. Doing it again gives the same
    /// addresses. When it fails, nothing of it is left.
    pub fn attach(&self, attachment: &Attachment) -> Result<Vec<IpAddr>, Error> {
        let sandbox = attachment.sandbox.as_str();
        let (before, assignment) = {
            let mut allocator = lock(&self.allocator);
            check_host_ports(&allocator, sandbox, &attachment.host_ports)?;
            let before = allocator.get(sandbox).cloned();
            let assignment = allocator
                .assign(sandbox, &attachment.host_ports)
                .map_err(|source| Error::Address { sandbox: sandbox.to_owned(), source })?;
            (before, assignment)
        };
        let outcome = self.connect(attachment, &assignment, before.as_ref());
        if let Err(error) = outcome {
            if let Err(error) = self.detach(sandbox) {
                tracing::warn!(sandbox, %error, "cannot undo a failed attachment");
            }
            return Err(error);
        }
        Ok(assignment.addresses)
    }

    fn connect(&self, attachment: &Attachment, new: &Assignment, old: Option<&Assignment>) -> Result<(), Error> {
        let sandbox = attachment.sandbox.as_str();
        let mut sockets = lock(&self.sockets);
        pod::connect(&mut sockets.routes, sandbox, &attachment.namespace, &new.addresses, self.mtu_bytes)?;
        if !new.host_ports.is_empty() {
            // Lets the node itself use the port on 127.0.0.1; the table keeps others from doing the same.
            let name = format!("net/ipv4/conf/{}/route_localnet", pod::node_link_name(sandbox));
            sysctl::ensure(&name, "1").map_err(|source| Error::Parameter { sandbox: sandbox.to_owned(), source })?;
        }
        self.set_host_ports(&mut sockets, old, new)
            .map_err(|source| Error::Kernel { sandbox: sandbox.to_owned(), source })
    }

    /// Disconnects a sandbox and takes its addresses back; nothing happens when there is nothing.
    pub fn detach(&self, sandbox: &str) -> Result<(), Error> {
        let in_kernel = |source| Error::Kernel { sandbox: sandbox.to_owned(), source };
        self.removals.remove(&pod::node_link_name(sandbox)).map_err(in_kernel)?;
        let Some(assignment) = lock(&self.allocator).get(sandbox).cloned() else { return Ok(()) };
        lock(&self.allocator)
            .release(sandbox)
            .map_err(|source| Error::Address { sandbox: sandbox.to_owned(), source })?;
        let mut sockets = lock(&self.sockets);
        match self.set_host_ports(&mut sockets, Some(&assignment), &Assignment::default()) {
            // An attachment that failed halfway: what is in the table is not what was remembered.
            Err(error) if error.is_absent() => self.rebuild(&mut sockets).map_err(in_kernel),
            other => other.map_err(in_kernel),
        }
    }

    fn rebuild(&self, sockets: &mut Sockets) -> Result<(), netlink::Error> {
        for family in families(&self.config) {
            let batch = whole_table(&self.config, family, &lock(&self.allocator));
            sockets.nftables.commit(batch)?;
        }
        Ok(())
    }

    /// The addresses of a sandbox; `None` when it is not connected.
    pub fn addresses(&self, sandbox: &str) -> Option<Vec<IpAddr>> {
        lock(&self.allocator).get(sandbox).map(|assignment| assignment.addresses.clone())
    }

    /// All sandboxes that have addresses.
    pub fn sandboxes(&self) -> Vec<String> {
        lock(&self.allocator).iter().map(|(sandbox, _)| sandbox.to_owned()).collect()
    }

    /// Makes the routes to the pods of exactly these other nodes.
    pub fn set_peers(&self, peers: &[Peer]) -> Result<(), OpenError> {
        overlay::set_peers(&mut lock(&self.sockets).routes, &self.config, peers)
    }

    /// Removes the node's table and the tunnel. Pods that are still connected keep their links.
    pub fn close(&self) -> Result<(), OpenError> {
        let mut sockets = lock(&self.sockets);
        for family in families(&self.config) {
            let mut batch = Batch::new(&table(family));
            batch.delete_table();
            sockets.nftables.commit(batch)?;
        }
        sockets.routes.delete_link(overlay::DEVICE)?;
        for route in sockets.routes.routes(ROUTE_PROTOCOL)?.iter().filter(|route| route.destination.open_bits() > 0) {
            sockets.routes.delete_route(route)?;
        }
        Ok(())
    }

    fn set_host_ports(
        &self,
        sockets: &mut Sockets,
        old: Option<&Assignment>,
        new: &Assignment,
    ) -> Result<(), netlink::Error> {
        for family in families(&self.config) {
            let old = old.map(|old| host_port_elements(family, old)).unwrap_or_default();
            let new = host_port_elements(family, new);
            let mut batch = Batch::new(&table(family));
            for (set, key, _) in old.iter().filter(|element| !new.contains(element)) {
                batch.delete_elements(set, [key.as_slice()]);
            }
            for (set, key, data) in new.iter().filter(|element| !old.contains(element)) {
                batch.add_elements(set, [(key.as_slice(), data)]);
            }
            sockets.nftables.commit(batch)?;
        }
        Ok(())
    }
}

fn check_host_ports(allocator: &Allocator, sandbox: &str, wanted: &[HostPort]) -> Result<(), Error> {
    for (owner, assignment) in allocator.iter().filter(|(owner, _)| *owner != sandbox) {
        let taken = wanted.iter().find(|port| assignment.host_ports.iter().any(|other| clash(port, other)));
        if let Some(port) = taken {
            let port = format!("{}/{}", port.host_port, port.protocol.name());
            return Err(Error::HostPortTaken { sandbox: sandbox.to_owned(), port, owner: owner.to_owned() });
        }
    }
    Ok(())
}

/// Whether two mappings want the same port.
fn clash(one: &HostPort, other: &HostPort) -> bool {
    let addresses = match (one.host_address, other.host_address) {
        (Some(one), Some(other)) => one == other || one.is_unspecified() || other.is_unspecified(),
        _ => true,
    };
    addresses && one.protocol == other.protocol && one.host_port == other.host_port
}

fn families(config: &Config) -> Vec<Family> {
    [Family::Ipv4, Family::Ipv6]
        .into_iter()
        .filter(|family| config.pod_ranges.iter().any(|range| Family::of(range.address) == *family))
        .collect()
}

fn set_parameters(config: &Config) -> Result<(), sysctl::Error> {
    for family in families(config) {
        match family {
            Family::Ipv4 => sysctl::ensure("net/ipv4/ip_forward", "1")?,
            Family::Ipv6 => sysctl::ensure("net/ipv6/conf/all/forwarding", "1")?,
        };
    }
    Ok(())
}

/// The link that holds the node's first address, or the one of the default route.
fn uplink(routes: &mut RouteSocket, config: &Config) -> Result<Option<rtnetlink::Link>, netlink::Error> {
    let addresses = routes.addresses()?;
    let index =
        addresses.iter().find(|(_, range)| config.node_addresses.contains(&range.address)).map(|(link, _)| *link);
    Ok(routes.links()?.into_iter().find(|link| Some(link.index) == index))
}

/// The largest packet that the tunnel carries.
pub(crate) fn overlay_mtu_bytes(routes: &mut RouteSocket, config: &Config) -> Result<u32, netlink::Error> {
    let uplink = uplink(routes, config)?.map_or(MTU_BYTES, |link| link.mtu_bytes);
    Ok(pod_mtu_bytes(&Config { overlay: Overlay::Always, ..config.clone() }, uplink))
}

fn pod_mtu_bytes(config: &Config, uplink: u32) -> u32 {
    match config.overlay {
        Overlay::Never => uplink,
        _ if config.node_addresses.first().is_some_and(IpAddr::is_ipv6) => uplink.saturating_sub(OVERLAY_BYTES_V6),
        _ => uplink.saturating_sub(OVERLAY_BYTES_V4),
    }
}

/// Packets to pods that do not exist end here instead of following the default route; and packets of the
/// node itself to services find some route, without which they would never come to the output hook.
fn set_routes(routes: &mut RouteSocket, config: &Config) -> Result<(), netlink::Error> {
    let mut requests = Vec::new();
    for range in &config.pod_ranges {
        let route = Route { kind: RouteKind::Unreachable, ..Route::over(*range, 0, ROUTE_PROTOCOL) };
        requests.push(rtnetlink::set_route(&route));
    }
    let uplink = uplink(routes, config)?;
    for range in &config.service_ranges {
        let source = config.node_addresses.iter().find(|address| address.is_ipv4() == range.address.is_ipv4());
        if routes.route_to(range.network())?.is_none()
            && let (Some(uplink), Some(source)) = (&uplink, source)
        {
            let route = Route { source: Some(*source), ..Route::over(*range, uplink.index, ROUTE_PROTOCOL) };
            requests.push(rtnetlink::set_route(&route));
        }
    }
    routes.apply(requests)
}

type Element = (&'static str, Vec<Datum>, Data);

fn host_port_elements(family: Family, assignment: &Assignment) -> Vec<Element> {
    let Some(address) = assignment.addresses.iter().copied().find(|address| Family::of(*address) == family) else {
        return Vec::new();
    };
    let mut elements = Vec::new();
    for port in &assignment.host_ports {
        let target = Data::Values(vec![Datum::Address(address), Datum::Port(port.container_port)]);
        let mut key = vec![Datum::Protocol(port.protocol.number()), Datum::Port(port.host_port)];
        match port.host_address {
            Some(host) if !host.is_unspecified() => {
                if Family::of(host) == family {
                    key.insert(0, Datum::Address(host));
                    elements.push(("host-address-ports", key, target));
                }
            }
            _ => elements.push(("host-ports", key, target)),
        }
    }
    if !elements.is_empty() {
        elements.push(("hairpin", vec![Datum::Address(address); 2], Data::None));
    }
    elements
}

/// The chains of the node's table.
fn chains(config: &Config, family: Family) -> Vec<Chain> {
    let of_family = |ranges: &[Cidr]| -> Vec<Cidr> {
        ranges.iter().copied().filter(|range| Family::of(range.address) == family).collect()
    };
    let to_host_ports = || vec![vec![Statement::IsLocal(Field::Destination), Statement::jump("host-ports")]];
    let mut host_ports = Vec::new();
    for (map, key) in [
        ("host-address-ports", vec![Field::Destination, Field::Protocol, Field::DestinationPort]),
        ("host-ports", vec![Field::Protocol, Field::DestinationPort]),
    ] {
        host_ports.push(vec![Statement::Load { key, map: map.into() }, Statement::TranslateDestination]);
    }
    let multicast = match family {
        Family::Ipv4 => Cidr { address: [224, 0, 0, 0].into(), prefix_length: 4 },
        Family::Ipv6 => Cidr { address: [0xff00, 0, 0, 0, 0, 0, 0, 0].into(), prefix_length: 8 },
    };
    let mut postrouting = Vec::new();
    for range in of_family(&config.pod_ranges) {
        let mut rule = vec![Statement::Within { field: Field::Source, range, holds: true }];
        for other in of_family(&config.cluster_ranges).into_iter().chain([range, multicast]) {
            rule.push(Statement::Within { field: Field::Destination, range: other, holds: false });
        }
        rule.push(Statement::Masquerade);
        postrouting.push(rule);
    }
    let key = vec![Field::Source, Field::Destination];
    postrouting.push(vec![
        Statement::Translated,
        Statement::Member { key, set: "hairpin".into(), holds: true },
        Statement::Masquerade,
    ]);
    let mut chains = vec![
        Chain::new("host-ports", host_ports),
        Chain::base("prerouting", ChainKind::Nat, Hook::Prerouting, -100, to_host_ports()),
        Chain::base("output", ChainKind::Nat, Hook::Output, -100, to_host_ports()),
    ];
    if family == Family::Ipv4 {
        let from_loopback = Statement::Within { field: Field::Source, range: LOOPBACK, holds: true };
        postrouting.push(vec![Statement::Translated, from_loopback, Statement::Masquerade]);
        let to_loopback = vec![
            Statement::NewConnection,
            Statement::Within { field: Field::Destination, range: LOOPBACK, holds: true },
            Statement::Within { field: Field::Source, range: LOOPBACK, holds: false },
            Statement::Verdict(Verdict::Drop),
        ];
        chains.push(Chain::base("protect-loopback", ChainKind::Filter, Hook::Prerouting, -200, vec![to_loopback]));
    }
    chains.push(Chain::base("postrouting", ChainKind::Nat, Hook::Postrouting, 100, postrouting));
    chains
}

fn whole_table(config: &Config, family: Family, allocator: &Allocator) -> Batch {
    let mut batch = Batch::new(&table(family));
    batch.replace_table();
    batch.add_all(&[HOST_PORTS, HOST_ADDRESS_PORTS, HAIRPIN], &chains(config, family));
    for (_, assignment) in allocator.iter() {
        for (set, key, data) in host_port_elements(family, assignment) {
            batch.add_elements(set, [(key.as_slice(), &data)]);
        }
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masquerading_spares_the_cluster() {
        let range = |text: &str| text.parse::<Cidr>().unwrap();
        let config = Config {
            state_file: PathBuf::new(),
            pod_ranges: vec![range("10.42.1.0/24")],
            cluster_ranges: vec![range("10.42.0.0/16")],
            service_ranges: vec![],
            node_addresses: vec![],
            mtu_bytes: None,
            overlay: Overlay::Auto,
        };
        let text = chains(&config, Family::Ipv4).last().unwrap().to_string();
        let expected = "\
chain postrouting {
  type nat hook postrouting priority 100
  saddr 10.42.1.0/24 daddr != 10.42.0.0/16 daddr != 10.42.1.0/24 daddr != 224.0.0.0/4 masquerade
  ct status dnat saddr . daddr @hairpin masquerade
  ct status dnat saddr 127.0.0.0/8 masquerade
}
";
        assert_eq!(text, expected);
    }

    #[test]
    fn host_ports_clash_on_the_same_address_only() {
        let port = |address: Option<&str>| HostPort {
            host_address: address.map(|address| address.parse().unwrap()),
            host_port: 80,
            container_port: 80,
            protocol: crate::Transport::Tcp,
        };
        assert!(clash(&port(None), &port(Some("1.1.1.1"))));
        assert!(!clash(&port(Some("1.1.1.2")), &port(Some("1.1.1.1"))));
    }
}
