//! The server's life: events in, records out.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::SocketAddr,
    path::PathBuf,
    time::Duration,
};

use apimachinery::{Object, Str};
use client::{Client, kinds};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    Error, Responder,
    feed::{Change, follow},
    index::Contribution,
    link::{Link, Parted},
    records::{self, Service, Slice},
    resolv_conf,
    responder::protocol::Settings,
};

/// Changes that wait for the index at most; more of them wait in the watch itself.
const CHANGES_LIMIT: usize = 1024;
/// How long it is waited before a responder that died is replaced: one that cannot live does not cost everything.
const REST: Duration = Duration::from_millis(200);

/// How DNS is served.
#[derive(Clone, Debug)]
pub struct Config {
    /// The cluster's domain: `cluster.local`.
    pub zone: String,
    /// Where to listen.
    pub addresses: Vec<SocketAddr>,
    /// Where the node's resolvers stand: `/etc/resolv.conf`.
    pub resolv_conf: PathBuf,
    /// Other addresses by which clients reach this server, which are no resolvers for it: the service's.
    pub own_addresses: Vec<SocketAddr>,
    /// Who answers.
    pub responder: Responder,
}

/// What the index is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Update {
    /// This is all that the owner contributes.
    Set(String, Vec<Contribution>),
    /// All owners have been named.
    Complete,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Collection {
    Services,
    EndpointSlices,
    Namespaces,
}

/// Serves DNS until it is dropped, or somebody ends the responder; fails when it cannot listen.
pub async fn run(client: Client, config: Config) -> Result<(), Error> {
    let own: Vec<SocketAddr> = config.addresses.iter().chain(&config.own_addresses).copied().collect();
    let mut records = Records::new(&config.zone);
    let settings = Settings {
        zone: records.zone.clone(),
        addresses: config.addresses.clone(),
        resolvers: resolv_conf::resolvers(&config.resolv_conf, &own)?,
    };
    let (sender, mut changes) = mpsc::channel(CHANGES_LIMIT);
    let mut tasks = JoinSet::new();
    for (resource, collection) in [
        (kinds::SERVICES, Collection::Services),
        (kinds::ENDPOINT_SLICES, Collection::EndpointSlices),
        (kinds::NAMESPACES, Collection::Namespaces),
    ] {
        tasks.spawn(follow(client.clone(), resource, collection, sender.clone()));
    }
    drop(sender);
    loop {
        let mut link = Link::open(&config.responder, &settings).await?;
        match feed(&mut link, &mut records, &mut changes).await {
            Parted::Ended => return Ok(()),
            Parted::Lost(error) => tracing::warn!(%error, "the process that answers names has died; starting another"),
        }
        tokio::time::sleep(REST).await;
    }
}

/// Tells the responder all that is known, and what changes, until it parts.
async fn feed(link: &mut Link, records: &mut Records, changes: &mut mpsc::Receiver<(Collection, Change)>) -> Parted {
    if let Err(parted) = link.send(records.all()).await {
        return parted;
    }
    loop {
        let mut updates = Vec::new();
        tokio::select! {
            Some((collection, change)) = changes.recv() => records.take(collection, change, &mut updates),
            parted = link.parted() => return parted,
        }
        while let Ok((collection, change)) = changes.try_recv() {
            records.take(collection, change, &mut updates);
        }
        if let Err(parted) = link.send(updates).await {
            return parted;
        }
    }
}

/// What the records are made of.
struct Records {
    zone: String,
    services: HashMap<Str, Service>,
    /// By service, then by the slice's own key.
    slices: HashMap<Str, BTreeMap<Str, Slice>>,
    owners: HashMap<Str, Str>,
    namespaces: HashSet<Str>,
    listed: HashSet<Collection>,
}

impl Records {
    fn new(zone: &str) -> Records {
        Records {
            zone: zone.trim_matches('.').to_ascii_lowercase(),
            services: HashMap::new(),
            slices: HashMap::new(),
            owners: HashMap::new(),
            namespaces: HashSet::new(),
            listed: HashSet::new(),
        }
    }

    /// All that is known.
    fn all(&self) -> Vec<Update> {
        let mut updates = vec![Update::Set("zone".to_owned(), records::zone(&self.zone))];
        updates.extend(self.namespaces.iter().map(|key| self.namespace(key)));
        self.services.keys().for_each(|key| self.publish(key, &mut updates));
        updates.extend(self.complete());
        updates
    }

    fn complete(&self) -> Option<Update> {
        (self.listed.len() == 3).then_some(Update::Complete)
    }

    fn namespace(&self, key: &Str) -> Update {
        let known = self.namespaces.contains(key);
        let made = if known { records::namespace(&self.zone, key) } else { Vec::new() };
        Update::Set(format!("namespace {key}"), made)
    }

    fn take(&mut self, collection: Collection, change: Change, updates: &mut Vec<Update>) {
        match change {
            Change::Set(object) => self.set(collection, &object, updates),
            Change::Removed(object) => self.remove(collection, &object.key(), updates),
            Change::Replaced(objects) => {
                let kept: HashSet<Str> = objects.iter().map(|object| object.key()).collect();
                let gone: Vec<Str> = match collection {
                    Collection::Services => self.services.keys().filter(|key| !kept.contains(*key)).cloned().collect(),
                    Collection::EndpointSlices => {
                        self.owners.keys().filter(|key| !kept.contains(*key)).cloned().collect()
                    }
                    Collection::Namespaces => self.namespaces.difference(&kept).cloned().collect(),
                };
                gone.iter().for_each(|key| self.remove(collection, key, updates));
                objects.iter().for_each(|object| self.set(collection, object, updates));
                if self.listed.insert(collection) {
                    updates.extend(self.complete());
                }
            }
        }
    }

    fn set(&mut self, collection: Collection, object: &Object, updates: &mut Vec<Update>) {
        let key = object.key();
        match collection {
            Collection::Services => {
                self.services.insert(key.clone(), Service::read(object));
                self.publish(&key, updates);
            }
            Collection::EndpointSlices => {
                let Some(slice) = Slice::read(object) else { return self.remove(collection, &key, updates) };
                let service = slice.service.clone();
                if let Some(before) = self.owners.insert(key.clone(), service.clone())
                    && before != service
                {
                    self.drop_slice(&before, &key, updates);
                }
                let slices = self.slices.entry(service.clone()).or_default();
                if slices.get(&key) != Some(&slice) {
                    slices.insert(key, slice);
                    self.publish_headless(&service, updates);
                }
            }
            Collection::Namespaces => {
                self.namespaces.insert(key.clone());
                updates.push(self.namespace(&key));
            }
        }
    }

    fn remove(&mut self, collection: Collection, key: &Str, updates: &mut Vec<Update>) {
        match collection {
            Collection::Services => {
                self.services.remove(key);
                self.publish(key, updates);
            }
            Collection::EndpointSlices => {
                if let Some(service) = self.owners.remove(key) {
                    self.drop_slice(&service, key, updates);
                }
            }
            Collection::Namespaces => {
                self.namespaces.remove(key);
                updates.push(self.namespace(key));
            }
        }
    }

    fn drop_slice(&mut self, service: &Str, key: &Str, updates: &mut Vec<Update>) {
        if let Some(slices) = self.slices.get_mut(service) {
            slices.remove(key);
            if slices.is_empty() {
                self.slices.remove(service);
            }
        }
        self.publish_headless(service, updates);
    }

    /// Endpoints matter to services without an address alone.
    fn publish_headless(&self, key: &Str, updates: &mut Vec<Update>) {
        if self.services.get(key).is_some_and(Service::is_headless) {
            self.publish(key, updates);
        }
    }

    fn publish(&self, key: &Str, updates: &mut Vec<Update>) {
        let made = match self.services.get(key) {
            Some(service) => {
                let slices = self.slices.get(key).into_iter().flat_map(BTreeMap::values);
                records::service(&self.zone, service, slices)
            }
            None => Vec::new(),
        };
        updates.push(Update::Set(format!("service {key}"), made));
    }
}
