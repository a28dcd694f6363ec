//! The proxy itself: state from events, and its way into the kernel.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
};

use apimachinery::{Object, Str};
use network::{
    Cidr, Transport,
    conntrack::ConntrackSocket,
    netlink,
    nftables::{Batch, Data, Datum, Family, NftSocket, TimedElement, join},
    sysctl,
};

use crate::{
    EndpointSlice, HealthCheck, Notice, Service, ServicePlan, chains,
    plan::{Reachable, plan},
    rules::{Rules, Touched},
};

/// What the proxy has to know of its node.
#[derive(Clone, Debug)]
pub struct Config {
    /// The node's name: whose endpoints are local.
    pub node_name: Str,
    /// The node's zone; empty until it is known, or when it has none.
    pub zone: Str,
    /// Pod addresses of the whole cluster: connections from them need no masquerading.
    pub cluster_ranges: Vec<Cidr>,
    /// Service addresses of the cluster: those that no service has are refused.
    pub service_ranges: Vec<Cidr>,
    /// Addresses of the node at which node ports are served; upstream's default are its primary ones. With
    /// one of the loopback range node ports are served there too.
    pub node_port_addresses: Vec<IpAddr>,
    /// Address families that are served.
    pub families: Vec<Family>,
    /// Whether the kernel has SCTP ([`network::sctp_supported`]).
    pub sctp: bool,
}

/// Why rules are not as they should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel refused.
    #[error("service proxy: {0}")]
    Kernel(#[from] netlink::Error),
    /// A kernel parameter cannot be set.
    #[error("service proxy: {0}")]
    Parameter(#[from] sysctl::Error),
    /// A synchronization ended by a panic, which the log has.
    #[error("service proxy: a synchronization panicked")]
    Panicked,
}

/// What a synchronization did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many elements were added or removed; the whole table counts as none.
    pub elements_changed: usize,
    /// Whether tables were built anew.
    pub rebuilt: bool,
    /// UDP connections that were forgotten because their endpoint is gone.
    pub connections_forgotten: usize,
    /// What owners of services should know, by service.
    pub notices: Vec<(Service, Notice)>,
}

/// Keeps a node's service rules as its Services and EndpointSlices say.
///
/// Events go in ([`ServiceProxy::set_service`] and its siblings), and [`ServiceProxy::sync`] makes them true.
/// It belongs to the network namespace of the thread that made it.
pub struct ServiceProxy {
    config: Config,
    services: HashMap<Str, Service>,
    /// By service, then by the slice's own key.
    slices: HashMap<Str, BTreeMap<Str, EndpointSlice>>,
    owners: HashMap<Str, Str>,
    plans: HashMap<Str, ServicePlan>,
    dirty: BTreeSet<Str>,
    rules: Vec<Rules>,
    rebuild: bool,
    nftables: NftSocket,
    conntrack: ConntrackSocket,
}

impl ServiceProxy {
    /// A proxy for the namespace of the calling thread; the first [`ServiceProxy::sync`] replaces what an
    /// earlier one left, in one moment.
    pub fn new(config: Config) -> Result<ServiceProxy, Error> {
        if config.node_port_addresses.iter().any(|address| address.is_ipv4() && address.is_loopback()) {
            sysctl::ensure("net/ipv4/conf/all/route_localnet", "1")?;
        }
        Ok(ServiceProxy {
            services: HashMap::new(),
            slices: HashMap::new(),
            owners: HashMap::new(),
            plans: HashMap::new(),
            dirty: BTreeSet::new(),
            rules: config.families.iter().map(|family| Rules::new(*family)).collect(),
            rebuild: true,
            nftables: NftSocket::open()?,
            conntrack: ConntrackSocket::open()?,
            config,
        })
    }

    /// The node's zone is known, or has changed.
    pub fn set_zone(&mut self, zone: &str) {
        if self.config.zone != zone {
            self.config.zone = zone.into();
            self.dirty.extend(self.services.keys().cloned());
        }
    }

    /// A Service was made or changed.
    pub fn set_service(&mut self, object: &Object) {
        let key = object.key();
        let read = Service::read(object);
        if self.services.get(&key) != read.as_ref() {
            match read {
                Some(service) => self.services.insert(key.clone(), service),
                None => self.services.remove(&key),
            };
            self.dirty.insert(key);
        }
    }

    /// A Service is gone.
    pub fn remove_service(&mut self, key: &str) {
        if let Some((key, _)) = self.services.remove_entry(key) {
            self.dirty.insert(key);
        }
    }

    /// An EndpointSlice was made or changed.
    pub fn set_endpoint_slice(&mut self, object: &Object) {
        let key = object.key();
        let Some(slice) = EndpointSlice::read(object) else { return self.remove_endpoint_slice(&key) };
        if self.owners.get(&key).is_some_and(|owner| *owner != slice.service) {
            self.remove_endpoint_slice(&key);
        }
        let service = slice.service.clone();
        self.owners.insert(key.clone(), service.clone());
        let slices = self.slices.entry(service.clone()).or_default();
        if slices.get(&key) != Some(&slice) {
            slices.insert(key, slice);
            self.dirty.insert(service);
        }
    }

    /// An EndpointSlice is gone.
    pub fn remove_endpoint_slice(&mut self, key: &str) {
        let Some(service) = self.owners.remove(key) else { return };
        if let Some(slices) = self.slices.get_mut(&service) {
            slices.remove(key);
            if slices.is_empty() {
                self.slices.remove(&service);
            }
        }
        self.dirty.insert(service);
    }

    /// Keys of all Services that it knows.
    pub fn service_keys(&self) -> Vec<Str> {
        self.services.keys().cloned().collect()
    }

    /// Keys of all EndpointSlices that it knows.
    pub fn endpoint_slice_keys(&self) -> Vec<Str> {
        self.owners.keys().cloned().collect()
    }

    /// The plan of a service.
    pub fn plan(&self, key: &str) -> Option<&ServicePlan> {
        self.plans.get(key)
    }

    /// What load balancers are to be told, by port.
    pub fn health_checks(&self) -> BTreeMap<u16, HealthCheck> {
        let checks = self.plans.iter().filter_map(|(key, plan)| {
            let (port, local_endpoints) = plan.health_check?;
            let service = self.services.get(key)?;
            let (namespace, name) = (service.namespace.clone(), service.name.clone());
            Some((port, HealthCheck { namespace, name, local_endpoints }))
        });
        checks.collect()
    }

    /// Carries what changed to the kernel: one transaction per address family. After an error the next call
    /// builds the tables anew.
    pub fn sync(&mut self) -> Result<Summary, Error> {
        let mut summary = Summary::default();
        let mut changed = Vec::new();
        let mut touched: Vec<Touched> = self.rules.iter().map(|_| Touched::default()).collect();
        for key in std::mem::take(&mut self.dirty) {
            let before = self.plans.remove(&key).unwrap_or_default();
            let after = self.plan_service(&key, &before);
            let mut notices = after.notices.clone();
            for (rules, touched) in self.rules.iter_mut().zip(&mut touched) {
                let family = rules.family();
                let lost = rules.change(&key, before.family(family), after.family(family), touched);
                notices.extend(lost.first().map(|(_, key)| conflict(key)));
            }
            if let Some(service) = self.services.get(&key) {
                let fresh = notices.into_iter().filter(|notice| !before.notices.contains(notice));
                summary.notices.extend(fresh.map(|notice| (service.clone(), notice)));
            }
            changed.extend(stale(&before, &after));
            if after != ServicePlan::default() {
                self.plans.insert(key, after);
            }
        }
        summary.rebuilt = self.rebuild;
        if let Err(error) = self.commit(touched, &mut summary) {
            self.rebuild = true;
            return Err(error);
        }
        if summary.rebuilt {
            // What an earlier process left in the connection table may lead to endpoints long gone.
            changed = self.plans.values().flat_map(|plan| plan.reachable.clone()).collect();
        }
        summary.connections_forgotten = self.forget(&changed)?;
        Ok(summary)
    }

    /// Plans all services again and builds the tables anew with the next synchronization.
    pub fn distrust(&mut self) {
        self.rules = self.config.families.iter().map(|family| Rules::new(*family)).collect();
        self.plans.clear();
        self.dirty = self.services.keys().cloned().collect();
        self.rebuild = true;
    }

    fn plan_service(&self, key: &Str, before: &ServicePlan) -> ServicePlan {
        let Some(service) = self.services.get(key) else { return ServicePlan::default() };
        let slices = self.slices.get(key).into_iter().flat_map(BTreeMap::values);
        plan(service, slices, &self.config, before)
    }

    fn commit(&mut self, touched: Vec<Touched>, summary: &mut Summary) -> Result<(), Error> {
        if !self.rebuild {
            for (rules, touched) in self.rules.iter().zip(touched) {
                let difference = rules.difference(touched);
                summary.elements_changed += difference.elements();
                match self.nftables.commit(rules.batch(&difference, &self.config)) {
                    Ok(()) => {}
                    Err(error) => {
                        tracing::warn!(%error, "service rules are not as they were left: they are built anew");
                        self.rebuild = true;
                    }
                }
            }
        }
        if self.rebuild {
            summary.rebuilt = true;
            for rules in &self.rules {
                let remembered = remembered_clients(&mut self.nftables, rules.family());
                self.nftables.commit(rules.whole(&self.config, &remembered))?;
            }
            self.rebuild = false;
        }
        Ok(())
    }

    /// Removes connections and remembered clients that lead to endpoints that a service no longer has.
    fn forget(&mut self, changed: &[Reachable]) -> Result<usize, Error> {
        let mut forgotten = 0;
        for family in self.config.families.clone() {
            let of = |pick: &dyn Fn(&Reachable) -> bool| {
                let mut backends: HashMap<(IpAddr, u16), &BTreeSet<_>> = HashMap::new();
                for reachable in changed.iter().filter(|reachable| pick(reachable)) {
                    backends.extend(reachable.frontends.iter().map(|frontend| (*frontend, &reachable.backends)));
                }
                backends
            };
            let udp = of(&|reachable| reachable.transport == Transport::Udp);
            if !udp.is_empty() {
                forgotten += self.conntrack.delete(family, Transport::Udp, |connection| {
                    let original = &connection.original;
                    let backends = udp.get(&(original.destination, original.destination_port));
                    let reply = crate::Backend { address: connection.reply.source, port: connection.reply.source_port };
                    backends.is_some_and(|backends| !backends.contains(&reply))
                })?;
            }
            if changed.iter().any(|reachable| reachable.affinity) {
                self.forget_clients(family, changed)?;
            }
        }
        Ok(forgotten)
    }

    fn forget_clients(&mut self, family: Family, changed: &[Reachable]) -> Result<(), Error> {
        let mut backends = HashMap::new();
        for reachable in changed {
            let number = reachable.transport.number();
            backends.extend(reachable.frontends.iter().map(|(to, port)| ((*to, number, *port), &reachable.backends)));
        }
        let table = chains::table(family);
        for (key, data) in self.nftables.elements(&table, &chains::AFFINITY)? {
            let [_, Datum::Address(address), Datum::Protocol(protocol), Datum::Port(port)] = key[..] else { continue };
            let Data::Values(values) = &data else { continue };
            let [Datum::Address(to), Datum::Port(to_port)] = values[..] else { continue };
            let backend = crate::Backend { address: to, port: to_port };
            if backends.get(&(address, protocol, port)).is_some_and(|backends| !backends.contains(&backend)) {
                let mut batch = Batch::new(&table);
                batch.delete_elements(&chains::AFFINITY.name, [key.as_slice()]);
                match self.nftables.commit(batch) {
                    // It timed out meanwhile.
                    Err(error) if error.is_absent() => {}
                    other => other?,
                }
            }
        }
        Ok(())
    }

    /// Removes the proxy's tables.
    pub fn close(mut self) -> Result<(), Error> {
        for family in &self.config.families {
            let mut batch = Batch::new(&chains::table(*family));
            batch.delete_table();
            self.nftables.commit(batch)?;
        }
        Ok(())
    }
}

/// Clients that an earlier proxy remembered; none when there is no table, or one of another form.
fn remembered_clients(nftables: &mut NftSocket, family: Family) -> Vec<TimedElement> {
    match nftables.timed_elements(&chains::table(family), &chains::AFFINITY) {
        Ok(elements) => elements.into_iter().filter(|element| element.left.is_some()).collect(),
        Err(error) => {
            if !error.is_absent() {
                tracing::warn!(%error, "clients with session affinity are forgotten");
            }
            Vec::new()
        }
    }
}

fn conflict(key: &[Datum]) -> Notice {
    let message =
        format!("{} is served by another service already: this one gets it when the other is gone", join(key));
    Notice { reason: "AddressConflict", message }
}

/// What of a service's reachability changed so that connections may be stale: where an endpoint went, and
/// frontends that went altogether.
fn stale(before: &ServicePlan, after: &ServicePlan) -> Vec<Reachable> {
    let mut changed: Vec<Reachable> =
        after.reachable.iter().filter(|now| !before.reachable.contains(now)).cloned().collect();
    for old in &before.reachable {
        let gone = |frontend: &(IpAddr, u16)| {
            !after.reachable.iter().any(|now| now.transport == old.transport && now.frontends.contains(frontend))
        };
        let frontends: Vec<_> = old.frontends.iter().copied().filter(gone).collect();
        if !frontends.is_empty() {
            changed.push(Reachable { frontends, backends: BTreeSet::new(), ..old.clone() });
        }
    }
    changed
}
