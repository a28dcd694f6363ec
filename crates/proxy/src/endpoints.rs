//! What the proxy reads of EndpointSlices, and which endpoints it uses.

use std::{collections::BTreeSet, net::IpAddr};

use apimachinery::{Object, Str, Value};
use network::{Transport, nftables::Family};

use crate::service::{ServicePort, port};

/// The service that a slice belongs to.
const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

/// Where a connection may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Backend {
    /// The pod's address.
    pub address: IpAddr,
    /// The pod's port.
    pub port: u16,
}

/// Endpoints of one service that share their ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointSlice {
    /// `namespace/name` of the service.
    pub service: Str,
    ports: Vec<SlicePort>,
    endpoints: Vec<Endpoint>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct SlicePort {
    name: Str,
    transport: Transport,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Endpoint {
    address: IpAddr,
    node: Str,
    ready: bool,
    serving: bool,
    terminating: bool,
    /// Nodes and zones that should use it; empty for no advice.
    for_nodes: Vec<Str>,
    for_zones: Vec<Str>,
}

/// Where traffic comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// The node.
    pub(crate) node: &'a str,
    /// Its zone; empty when it has none.
    pub(crate) zone: &'a str,
}

/// Whose advice is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topology {
    /// Nobody's.
    Any,
    /// That for this node.
    Node,
    /// That for this zone.
    Zone,
}

impl Topology {
    /// Advice counts only when every ready endpoint has some and one is meant for here: else connections would end
    /// nowhere, or all at the few that are known.
    fn of(ready: &[&Endpoint], origin: Origin<'_>) -> Topology {
        let usable = |hints: fn(&Endpoint) -> &Vec<Str>, here: &str| {
            !ready.is_empty()
                && ready.iter().all(|endpoint| !hints(endpoint).is_empty())
                && ready.iter().any(|endpoint| hints(endpoint).iter().any(|hint| hint == here))
        };
        if usable(|endpoint| &endpoint.for_nodes, origin.node) {
            Topology::Node
        } else if !origin.zone.is_empty() && usable(|endpoint| &endpoint.for_zones, origin.zone) {
            Topology::Zone
        } else {
            Topology::Any
        }
    }

    fn admits(self, endpoint: &Endpoint, origin: Origin<'_>) -> bool {
        match self {
            Topology::Any => true,
            Topology::Node => endpoint.for_nodes.iter().any(|hint| hint == origin.node),
            Topology::Zone => endpoint.for_zones.iter().any(|hint| hint == origin.zone),
        }
    }
}

impl EndpointSlice {
    /// Reads an EndpointSlice; `None` when it belongs to no service or holds names.
    pub fn read(object: &Object) -> Option<EndpointSlice> {
        let service = object.label(SERVICE_NAME_LABEL).filter(|name| !name.is_empty())?;
        let root = object.root();
        if !matches!(root.str_at("addressType"), Some("IPv4" | "IPv6")) {
            return None;
        }
        Some(EndpointSlice {
            service: format!("{}/{service}", object.namespace()).into(),
            ports: root.list_at("ports").iter().filter_map(read_port).collect(),
            endpoints: root.list_at("endpoints").iter().filter_map(read_endpoint).collect(),
        })
    }
}

fn read_port(value: &Value) -> Option<SlicePort> {
    Some(SlicePort {
        name: value.str_at(&["name"]).unwrap_or_default().into(),
        transport: Transport::from_name(value.str_at(&["protocol"]).unwrap_or_default())?,
        port: port(value.i64_at(&["port"])?)?,
    })
}

fn read_endpoint(value: &Value) -> Option<Endpoint> {
    let condition = |name| value.bool_at(&["conditions", name]);
    let ready = condition("ready").unwrap_or(true);
    Some(Endpoint {
        // Upstream reads the first address alone: they are taken to be the same endpoint.
        address: value.list_at(&["addresses"]).first()?.as_str()?.parse().ok()?,
        node: value.str_at(&["nodeName"]).unwrap_or_default().into(),
        ready,
        serving: condition("serving").unwrap_or(ready),
        terminating: condition("terminating").unwrap_or(false),
        for_nodes: names(value.list_at(&["hints", "forNodes"])),
        for_zones: names(value.list_at(&["hints", "forZones"])),
    })
}

fn names(hints: &[Value]) -> Vec<Str> {
    hints.iter().filter_map(|hint| hint.str_at(&["name"]).map(Str::from)).collect()
}

/// The endpoints of one service port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Of all nodes, as far as topology lets them be used from here.
    pub(crate) cluster: BTreeSet<Backend>,
    /// Of this node.
    pub(crate) local: BTreeSet<Backend>,
    /// Addresses of endpoints on this node, whether used or not.
    pub(crate) on_this_node: BTreeSet<IpAddr>,
}

/// Picks the endpoints of `port`: those that are ready, or, where none is, those that still serve while
/// they terminate; the same for this node alone. Hints narrow the ready ones of all nodes.
pub(crate) fn choose<'a>(
    slices: impl Iterator<Item = &'a EndpointSlice>,
    port: &ServicePort,
    family: Family,
    origin: Origin<'_>,
) -> Choice {
    let of_port = |slice: &'a EndpointSlice| {
        let found = slice.ports.iter().find(|found| found.name == port.name && found.transport == port.transport)?;
        Some(slice.endpoints.iter().map(|endpoint| (endpoint, found.port)))
    };
    let of_family = |(endpoint, _): &(&Endpoint, u16)| Family::of(endpoint.address) == family;
    let endpoints: Vec<(&Endpoint, u16)> = slices.filter_map(of_port).flatten().filter(of_family).collect();
    let all_ready: Vec<&Endpoint> =
        endpoints.iter().map(|(endpoint, _)| *endpoint).filter(|endpoint| endpoint.ready).collect();
    let topology = Topology::of(&all_ready, origin);
    let mut ready = Choice::default();
    let mut terminating = Choice::default();
    for (endpoint, port) in endpoints {
        let (choice, admitted) = match endpoint {
            Endpoint { ready: true, .. } => (&mut ready, topology.admits(endpoint, origin)),
            Endpoint { serving: true, terminating: true, .. } => (&mut terminating, true),
            _ => continue,
        };
        let backend = Backend { address: endpoint.address, port };
        if admitted {
            choice.cluster.insert(backend);
        }
        if endpoint.node == origin.node {
            choice.local.insert(backend);
            ready.on_this_node.insert(endpoint.address);
        }
    }
    if ready.cluster.is_empty() {
        ready.cluster = terminating.cluster;
    }
    if ready.local.is_empty() {
        ready.local = terminating.local;
    }
    ready
}

/// Puts `wanted` in an order that changes `before` in as few places as possible: who stays, stays where it
/// is, unless it has to fill a gap.
pub(crate) fn assign_slots(before: &[Backend], wanted: &BTreeSet<Backend>) -> Vec<Backend> {
    let mut slots: Vec<Option<Backend>> =
        before.iter().map(|backend| wanted.contains(backend).then_some(*backend)).collect();
    let known: BTreeSet<Backend> = slots.iter().flatten().copied().collect();
    let mut fresh = wanted.difference(&known).copied();
    for slot in slots.iter_mut().filter(|slot| slot.is_none()) {
        *slot = fresh.next();
    }
    slots.extend(fresh.map(Some));
    // What is still empty is filled from the end.
    let mut index = 0;
    while index < slots.len() {
        if slots[index].is_some() {
            index += 1;
        } else if let Some(last) = slots.pop().flatten()
            && index < slots.len()
        {
            slots[index] = Some(last);
        }
    }
    slots.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backends(numbers: &[u8]) -> Vec<Backend> {
        numbers.iter().map(|number| Backend { address: [10, 0, 0, *number].into(), port: 80 }).collect()
    }

    fn check_slots(before: &[u8], wanted: &[u8], expected: &[u8]) {
        let wanted = backends(wanted).into_iter().collect();
        assert_eq!(assign_slots(&backends(before), &wanted), backends(expected));
    }

    #[test]
    fn endpoints_stay_in_their_slots() {
        check_slots(&[], &[2, 1], &[1, 2]);
        check_slots(&[3, 1], &[1, 2, 3], &[3, 1, 2]);
        check_slots(&[1, 2, 3, 4], &[1, 3, 4], &[1, 4, 3]);
        check_slots(&[1, 2, 3], &[1, 2], &[1, 2]);
        check_slots(&[1, 2, 3], &[3, 9], &[9, 3]);
        check_slots(&[1, 2, 3], &[2], &[2]);
        check_slots(&[1, 2, 3], &[], &[]);
    }
}
