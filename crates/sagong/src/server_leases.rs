//! Which servers have this store: each keeps a lease in it, under upstream's keys and for upstream's times, and the
//! endpoints of `kubernetes` have the addresses of those whose leases live, upstream's API servers among them.
//!
//! Upstream's counterpart is `pkg/controlplane/reconcilers/lease.go`.

use std::{collections::BTreeSet, net::Ipv4Addr, sync::Arc, time::Duration};

use anyhow::Context;
use apimachinery::{protobuf, value};
use bytes::Bytes;
use client::Client;
use resources::bootstrap::{self, Settings};
use store::{Engine, Expect, Priority, RangeRequest, Write};

const PREFIX: &str = "/registry/masterleases/";
const PREFIX_END: &str = "/registry/masterleases0";
/// How long a server that is silent counts as there.
const TIME_TO_LIVE: Duration = Duration::from_secs(15);
/// The time between two renewals.
const RENEWAL: Duration = Duration::from_secs(10);

/// This server's lease, and its view of the others'.
pub(crate) struct ServerLeases {
    engine: Arc<dyn Engine>,
    own: Ipv4Addr,
}

impl ServerLeases {
    /// Of the server at `own`.
    pub(crate) fn new(engine: Arc<dyn Engine>, own: Ipv4Addr) -> ServerLeases {
        ServerLeases { engine, own }
    }

    fn key(&self) -> Bytes {
        format!("{PREFIX}{}", self.own).into()
    }

    /// Renews the own lease; answers the addresses of all servers.
    pub(crate) async fn renew(&self) -> anyhow::Result<BTreeSet<Ipv4Addr>> {
        let lease = value!({"subsets": [{"addresses": [{"ip": self.own.to_string()}]}]});
        let type_id = api::type_of("", "v1", "Endpoints").context("there is no kind Endpoints")?;
        let value = protobuf::encode_enveloped(&lease, api::schema(), type_id, "v1", "Endpoints").into();
        let put = Write::Put { key: self.key(), value, expect: Expect::Any, time_to_live: Some(TIME_TO_LIVE) };
        self.engine.commit_with(vec![put], Priority::Urgent).await?;
        self.addresses().await
    }

    /// The addresses of the servers whose leases live.
    async fn addresses(&self) -> anyhow::Result<BTreeSet<Ipv4Addr>> {
        let request = RangeRequest { start: PREFIX.into(), end: PREFIX_END.into(), ..RangeRequest::default() };
        let range = self.engine.range(request).await?;
        let address = |key: &Bytes| std::str::from_utf8(key).ok()?.strip_prefix(PREFIX)?.parse().ok();
        Ok(range.items.iter().filter_map(|item| address(&item.key)).collect())
    }

    /// Renews the lease for ever, and writes down who comes and goes.
    pub(crate) async fn follow(&self, client: &Client, settings: &Settings) {
        let mut written = BTreeSet::new();
        loop {
            let renewed = async {
                let addresses = self.renew().await?;
                if addresses != written {
                    bootstrap::publish_addresses(client, settings, &addresses).await?;
                    tracing::info!(?addresses, "these servers serve the API");
                }
                anyhow::Ok(addresses)
            };
            match renewed.await {
                Ok(addresses) => written = addresses,
                Err(error) => tracing::warn!(error = format!("{error:#}"), "the server's lease was not renewed"),
            }
            tokio::time::sleep(RENEWAL).await;
        }
    }

    /// Gives the lease up, and takes this server out of the endpoints.
    pub(crate) async fn end(&self, client: &Client, settings: &Settings) -> anyhow::Result<()> {
        self.engine.commit(vec![Write::Delete { key: self.key(), expect: Expect::Any }]).await?;
        let addresses = self.addresses().await?;
        // The last one leaves itself there: an empty list would mean that there never was a server.
        if !addresses.is_empty() {
            bootstrap::publish_addresses(client, settings, &addresses).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn servers_see_each_other_until_they_go() {
        let directory = tempfile::tempdir().unwrap();
        let engine = store::embedded::open(directory.path().join("store"), Default::default()).unwrap();
        let (one, two) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let leases = |own| ServerLeases::new(engine.clone(), own);
        assert_eq!(leases(one).renew().await.unwrap(), BTreeSet::from([one]));
        assert_eq!(leases(two).renew().await.unwrap(), BTreeSet::from([one, two]));
        assert_eq!(leases(one).renew().await.unwrap(), BTreeSet::from([one, two]));
        let (lease, _) = engine.get(&leases(two).key()).await.unwrap();
        let lease = lease.unwrap();
        assert!(lease.expires_at.is_some());
        // As upstream reads it.
        let envelope = protobuf::Envelope::open(&lease.value).unwrap();
        let kind = api::type_of("", "v1", "Endpoints").unwrap();
        let read = protobuf::decode(&envelope.raw, api::schema(), kind).unwrap();
        let subset = &read.list_at(&["subsets"])[0];
        assert_eq!(subset.list_at(&["addresses"])[0].str_at(&["ip"]), Some("10.0.0.2"));
        engine.commit(vec![Write::Delete { key: leases(two).key(), expect: Expect::Any }]).await.unwrap();
        assert_eq!(leases(one).addresses().await.unwrap(), BTreeSet::from([one]));
    }
}
