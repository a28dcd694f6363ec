//! From a service and its endpoints to elements of the proxy's maps: a pure function.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
};

use apimachinery::Str;
use network::{
    Transport,
    nftables::{Data, Datum, Family, Name, Set, Verdict, join},
};

use crate::{
    Config, EndpointSlice, Service,
    chains::{self, ChainKey, Mode},
    endpoints::{Backend, Choice, Origin, assign_slots, choose},
    service::ServicePort,
};

/// A set's name and a key in it.
pub type ElementKey = (Name, Vec<Datum>);

/// Something that the owner of a service should know; it becomes an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// A reason in one word.
    pub reason: &'static str,
    /// The whole story.
    pub message: String,
}

/// What a service needs in one address family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FamilyPlan {
    /// Elements of maps and sets.
    pub elements: BTreeMap<ElementKey, Data>,
    /// Chains that elements lead to.
    pub chains: BTreeSet<ChainKey>,
}

/// Which endpoints of a port stand in which order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotKey {
    family: Family,
    port: Str,
    transport: Transport,
    local: bool,
}

/// A service's address with the endpoints that may answer for it; what connections are checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reachable {
    /// Of which protocol.
    pub transport: Transport,
    /// Addresses and ports of the service, node ports included.
    pub frontends: Vec<(IpAddr, u16)>,
    /// Who answers.
    pub backends: BTreeSet<Backend>,
    /// Whether clients are remembered.
    pub affinity: bool,
}

/// What a service needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServicePlan {
    /// In IPv4.
    pub ipv4: FamilyPlan,
    /// In IPv6.
    pub ipv6: FamilyPlan,
    /// In which order endpoints stand.
    pub slots: BTreeMap<SlotKey, Vec<Backend>>,
    /// Who answers for what.
    pub reachable: Vec<Reachable>,
    /// What its owner should know.
    pub notices: Vec<Notice>,
    /// The port for health checks and how many endpoints this node has.
    pub health_check: Option<(u16, usize)>,
}

impl ServicePlan {
    /// What it needs in `family`.
    pub fn family(&self, family: Family) -> &FamilyPlan {
        match family {
            Family::Ipv4 => &self.ipv4,
            Family::Ipv6 => &self.ipv6,
        }
    }
}

impl fmt::Display for FamilyPlan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((set, key), data) in &self.elements {
            match data {
                Data::None => writeln!(formatter, "{set} {}", join(key))?,
                data => writeln!(formatter, "{set} {} : {data}", join(key))?,
            }
        }
        Ok(())
    }
}

/// Plans a service. `before` is its plan until now; endpoints keep the places that they have there, so that
/// the difference between the two plans is small.
pub fn plan<'a>(
    service: &Service,
    slices: impl Iterator<Item = &'a EndpointSlice> + Clone,
    config: &Config,
    before: &ServicePlan,
) -> ServicePlan {
    let mut made = ServicePlan::default();
    let mut local_endpoints = BTreeSet::new();
    for family in &config.families {
        for port in &service.ports {
            if port.transport == Transport::Sctp && !config.sctp {
                made.note_sctp(port);
                continue;
            }
            let choice = choose(slices.clone(), port, *family, Origin { node: &config.node_name, zone: &config.zone });
            local_endpoints.extend(choice.local.iter().map(|backend| backend.address));
            PortPlanner { service, port, family: *family, choice: &choice, config, before, made: &mut made }.plan();
        }
    }
    made.health_check = service.health_check_port.map(|port| (port, local_endpoints.len()));
    made
}

impl ServicePlan {
    fn note_sctp(&mut self, port: &ServicePort) {
        let message = format!(
            "Port {} ({}) uses SCTP, which the kernel of this node does not have: the port is not served here. Use a \
             kernel with SCTP, or another protocol.",
            port.port, port.name
        );
        let notice = Notice { reason: "SCTPNotSupported", message };
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }
}

struct PortPlanner<'a> {
    service: &'a Service,
    port: &'a ServicePort,
    family: Family,
    choice: &'a Choice,
    config: &'a Config,
    before: &'a ServicePlan,
    made: &'a mut ServicePlan,
}

impl PortPlanner<'_> {
    fn plan(mut self) {
        let family = self.family;
        let of_family = |addresses: &[IpAddr]| -> Vec<IpAddr> {
            addresses.iter().copied().filter(|address| Family::of(*address) == family).collect()
        };
        let internal = of_family(&self.service.cluster_addresses);
        let balanced = of_family(&self.service.load_balancer_addresses);
        let mut external = of_family(&self.service.external_addresses);
        external.extend(&balanced);
        if internal.is_empty() && external.is_empty() {
            return;
        }
        let cluster = self.slots(false);
        let local = self.slots(true);
        let mut frontends = Vec::new();
        for address in internal {
            self.element(&chains::CLUSTER_ADDRESSES, vec![Datum::Address(address)], Data::None);
            self.internal(address, &cluster, &local);
            frontends.push((address, self.port.port));
        }
        let mut outer: Vec<(IpAddr, u16)> = external.into_iter().map(|address| (address, self.port.port)).collect();
        if let Some(node_port) = self.port.node_port {
            outer.extend(of_family(&self.config.node_port_addresses).into_iter().map(|address| (address, node_port)));
        }
        for (address, port) in outer {
            self.external(address, port, &cluster, &local);
            frontends.push((address, port));
        }
        if let Some(timeout_seconds) = self.service.affinity_seconds {
            let chain = ChainKey::Remember { timeout_seconds };
            for (address, port) in &frontends {
                self.verdict(&chains::AFFINITY_SERVICES, *address, *port, Verdict::Goto(chain.name()));
            }
            self.family_plan().chains.insert(chain);
        }
        if !self.service.source_ranges.is_empty() {
            balanced.iter().for_each(|address| self.firewall(*address));
        }
        for address in &self.choice.on_this_node {
            self.element(&chains::HAIRPIN, vec![Datum::Address(*address); 2], Data::None);
        }
        self.made.reachable.push(Reachable {
            transport: self.port.transport,
            frontends,
            backends: cluster.iter().chain(&local).copied().collect(),
            affinity: self.service.affinity_seconds.is_some(),
        });
    }

    fn slots(&mut self, local: bool) -> Vec<Backend> {
        let key = SlotKey { family: self.family, port: self.port.name.clone(), transport: self.port.transport, local };
        let before = self.before.slots.get(&key).map_or(&[][..], Vec::as_slice);
        let wanted = if local { &self.choice.local } else { &self.choice.cluster };
        let slots = assign_slots(before, wanted);
        self.made.slots.insert(key, slots.clone());
        slots
    }

    fn family_plan(&mut self) -> &mut FamilyPlan {
        match self.family {
            Family::Ipv4 => &mut self.made.ipv4,
            Family::Ipv6 => &mut self.made.ipv6,
        }
    }

    fn element(&mut self, set: &Set, key: Vec<Datum>, data: Data) {
        self.family_plan().elements.insert((set.name.clone(), key), data);
    }

    fn frontend(&self, address: IpAddr, port: u16) -> Vec<Datum> {
        vec![Datum::Address(address), Datum::Protocol(self.port.transport.number()), Datum::Port(port)]
    }

    fn verdict(&mut self, set: &Set, address: IpAddr, port: u16, verdict: Verdict) {
        let key = self.frontend(address, port);
        self.element(set, key, Data::Verdict(verdict));
    }

    fn refuse(&mut self, address: IpAddr, port: u16) {
        self.verdict(&chains::REFUSED, address, port, Verdict::Goto(chains::REFUSE.into()));
    }

    /// Leads to the chain that picks one of `count` endpoints.
    fn pick(&mut self, set: &Set, address: IpAddr, port: u16, mode: Mode, count: usize) {
        let count = u32::try_from(count).expect("endpoints are fewer than 4 billion");
        let chain = ChainKey::Pick { mode, count, affinity: self.service.affinity_seconds.is_some() };
        self.verdict(set, address, port, Verdict::Goto(chain.name()));
        self.family_plan().chains.insert(chain);
    }

    fn endpoints(&mut self, set: &Set, address: IpAddr, port: u16, backends: &[Backend]) {
        for (number, backend) in (0u32..).zip(backends) {
            let mut key = self.frontend(address, port);
            key.push(Datum::Number(number));
            let data = Data::Values(vec![Datum::Address(backend.address), Datum::Port(backend.port)]);
            self.element(set, key, data);
        }
    }

    /// The service's own address.
    fn internal(&mut self, address: IpAddr, cluster: &[Backend], local: &[Backend]) {
        let port = self.port.port;
        let backends = if self.service.internal_local { local } else { cluster };
        if !backends.is_empty() {
            self.pick(&chains::SERVICES, address, port, Mode::Cluster, backends.len());
            self.endpoints(&chains::ENDPOINTS, address, port, backends);
        } else if cluster.is_empty() {
            self.refuse(address, port);
        } else {
            // Other nodes have endpoints: the service works, only not from here.
            self.verdict(&chains::REFUSED, address, port, Verdict::Drop);
        }
    }

    /// An address for clients outside, or a node port.
    fn external(&mut self, address: IpAddr, port: u16, cluster: &[Backend], local: &[Backend]) {
        if cluster.is_empty() && (local.is_empty() || !self.service.external_local) {
            self.refuse(address, port);
        } else if !self.service.external_local {
            self.pick(&chains::SERVICES, address, port, Mode::External, cluster.len());
            self.endpoints(&chains::ENDPOINTS, address, port, cluster);
        } else {
            self.verdict(&chains::SERVICES, address, port, Verdict::Goto(chains::EXTERNAL_LOCAL.into()));
            self.pick(&chains::INSIDE_SERVICES, address, port, Mode::Inside, cluster.len());
            self.endpoints(&chains::ENDPOINTS, address, port, cluster);
            if local.is_empty() {
                self.verdict(&chains::LOCAL_SERVICES, address, port, Verdict::Drop);
            } else {
                self.pick(&chains::LOCAL_SERVICES, address, port, Mode::Local, local.len());
                self.endpoints(&chains::LOCAL_ENDPOINTS, address, port, local);
            }
        }
    }

    fn firewall(&mut self, address: IpAddr) {
        let service = format!("{}/{}", self.service.namespace, self.service.name);
        let chain = ChainKey::Firewall { service, ranges: self.service.source_ranges.clone() };
        self.verdict(&chains::FIREWALLS, address, self.port.port, Verdict::Jump(chain.name()));
        self.family_plan().chains.insert(chain);
    }
}

#[cfg(test)]
mod tests;
