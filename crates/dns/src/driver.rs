//! The server's life: events in, records out.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::SocketAddr,
    path::PathBuf,
};

use apimachinery::{Object, Str};
use client::{Client, kinds};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    Error, Server,
    feed::{Change, follow},
    records::{self, Service, Slice},
    resolv_conf,
    server::Handle,
};

/// Changes that wait for the index at most; more of them wait in the watch itself.
const CHANGES_LIMIT: usize = 1024;

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
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Collection {
    Services,
    EndpointSlices,
    Namespaces,
}

/// Serves DNS until it is dropped; fails when it cannot listen.
pub async fn run(client: Client, config: Config) -> Result<(), Error> {
    let own: Vec<SocketAddr> = config.addresses.iter().chain(&config.own_addresses).copied().collect();
    let resolvers = resolv_conf::resolvers(&config.resolv_conf, &own)?;
    let server = Server::bind(&config.addresses, &config.zone, &resolvers).await?;
    serve(client, server, &config.zone).await;
    Ok(())
}

/// Serves what the API has with a server that listens already.
pub(crate) async fn serve(client: Client, server: Server, zone: &str) {
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
    let mut state = Records::new(zone, server.handle());
    tasks.spawn(server.serve());
    while let Some((collection, change)) = changes.recv().await {
        state.take(collection, change);
    }
}

/// What the records are made of.
struct Records {
    zone: String,
    handle: Handle,
    services: HashMap<Str, Service>,
    /// By service, then by the slice's own key.
    slices: HashMap<Str, BTreeMap<Str, Slice>>,
    owners: HashMap<Str, Str>,
    namespaces: HashSet<Str>,
    listed: HashSet<Collection>,
}

impl Records {
    fn new(zone: &str, handle: Handle) -> Records {
        Records {
            zone: zone.trim_matches('.').to_ascii_lowercase(),
            handle,
            services: HashMap::new(),
            slices: HashMap::new(),
            owners: HashMap::new(),
            namespaces: HashSet::new(),
            listed: HashSet::new(),
        }
    }

    fn take(&mut self, collection: Collection, change: Change) {
        match change {
            Change::Set(object) => self.set(collection, &object),
            Change::Removed(object) => self.remove(collection, &object.key()),
            Change::Replaced(objects) => {
                let kept: HashSet<Str> = objects.iter().map(|object| object.key()).collect();
                let gone: Vec<Str> = match collection {
                    Collection::Services => self.services.keys().filter(|key| !kept.contains(*key)).cloned().collect(),
                    Collection::EndpointSlices => {
                        self.owners.keys().filter(|key| !kept.contains(*key)).cloned().collect()
                    }
                    Collection::Namespaces => self.namespaces.difference(&kept).cloned().collect(),
                };
                gone.iter().for_each(|key| self.remove(collection, key));
                objects.iter().for_each(|object| self.set(collection, object));
                self.listed.insert(collection);
                if self.listed.len() == 3 {
                    self.handle.complete();
                }
            }
        }
    }

    fn set(&mut self, collection: Collection, object: &Object) {
        let key = object.key();
        match collection {
            Collection::Services => {
                self.services.insert(key.clone(), Service::read(object));
                self.publish(&key);
            }
            Collection::EndpointSlices => {
                let Some(slice) = Slice::read(object) else { return self.remove(collection, &key) };
                let service = slice.service.clone();
                if let Some(before) = self.owners.insert(key.clone(), service.clone())
                    && before != service
                {
                    self.drop_slice(&before, &key);
                }
                let slices = self.slices.entry(service.clone()).or_default();
                if slices.get(&key) != Some(&slice) {
                    slices.insert(key, slice);
                    self.publish_headless(&service);
                }
            }
            Collection::Namespaces => {
                self.handle.set(&format!("namespace {key}"), records::namespace(&self.zone, &key));
                self.namespaces.insert(key);
            }
        }
    }

    fn remove(&mut self, collection: Collection, key: &Str) {
        match collection {
            Collection::Services => {
                self.services.remove(key);
                self.publish(key);
            }
            Collection::EndpointSlices => {
                if let Some(service) = self.owners.remove(key) {
                    self.drop_slice(&service, key);
                }
            }
            Collection::Namespaces => {
                self.namespaces.remove(key);
                self.handle.set(&format!("namespace {key}"), Vec::new());
            }
        }
    }

    fn drop_slice(&mut self, service: &Str, key: &Str) {
        if let Some(slices) = self.slices.get_mut(service) {
            slices.remove(key);
            if slices.is_empty() {
                self.slices.remove(service);
            }
        }
        self.publish_headless(service);
    }

    /// Endpoints matter to services without an address alone.
    fn publish_headless(&self, key: &Str) {
        if self.services.get(key).is_some_and(Service::is_headless) {
            self.publish(key);
        }
    }

    fn publish(&self, key: &Str) {
        let made = match self.services.get(key) {
            Some(service) => {
                let slices = self.slices.get(key).into_iter().flat_map(BTreeMap::values);
                records::service(&self.zone, service, slices)
            }
            None => Vec::new(),
        };
        self.handle.set(&format!("service {key}"), made);
    }
}
