//! `service-cidr-controller`: a range of service addresses stays as long as services have addresses from it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use apimachinery::{Object, Status, Str, Value, time, value};
use async_trait::async_trait;
use client::{
    Client, Event, Informer, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{IP_ADDRESSES, SERVICE_CIDRS},
};

use crate::{Context, ControllerDescriptor, conditions, nodeipam::ranges::Cidr, patches, pods};

const WORKERS: usize = 5;
const FINALIZER: &str = "networking.k8s.io/service-cidr-finalizer";
/// Allocators that have not heard of the deletion yet may still give out addresses for this time, in seconds.
const DELETION_GRACE_SECONDS: i64 = 10;

/// The controller of service ranges.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "service-cidr-controller",
    service_account: "service-cidrs-controller",
    start: |context| Box::pin(run(context)),
};

struct ServiceCidrs {
    client: Client,
    ranges: Informer,
    addresses: Informer,
}

fn cidrs(range: &Object) -> Vec<Cidr> {
    let texts = range.spec().list_at("cidrs").iter().filter_map(Value::as_str);
    texts.filter_map(|text| text.parse().ok()).collect()
}

async fn run(context: Context) {
    let (ranges, addresses) = (context.informers.of(&SERVICE_CIDRS), context.informers.of(&IP_ADDRESSES));
    let queue = WorkQueue::new();
    // A range that comes or goes decides about those around it.
    let all = ranges.clone();
    controller::enqueue_on(&ranges, &queue, move |event: &Event| {
        let own = event.object().key();
        let leaving = all.list().into_iter().filter(|range| range.deletion_timestamp().is_some());
        leaving.map(|range| range.key()).chain([own])
    });
    let all = ranges.clone();
    controller::enqueue_on(&addresses, &queue, move |event: &Event| {
        let gone = matches!(event, Event::Deleted(_));
        let ranges = if gone { all.list() } else { Vec::new() };
        ranges.into_iter().filter(|range| range.deletion_timestamp().is_some()).map(|range| range.key())
    });
    let reconciler = ServiceCidrs { client: context.client, ranges: ranges.clone(), addresses: addresses.clone() };
    controller::run(DESCRIPTOR.name, &[ranges, addresses], queue, WORKERS, Arc::new(reconciler)).await;
}

#[async_trait]
impl Reconcile for ServiceCidrs {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(range) = self.ranges.get(key) else { return Ok(None) };
        let Some(deletion) = range.deletion_timestamp() else {
            let range = self.set_finalizer(&range, true).await?;
            self.set_ready(&range, "True", "", "Kubernetes Service CIDR is ready").await?;
            return Ok(None);
        };
        if !self.may_go(&range) {
            let message = "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a \
                new ServiceCIDR";
            self.set_ready(&range, "False", "Terminating", message).await?;
            return Ok(None);
        }
        let since = time::parse(deletion).map_or(0, |time| time.as_second());
        let left = since + DELETION_GRACE_SECONDS - stdx::clock::now().as_second();
        if let Some(left) = u64::try_from(left).ok().filter(|left| *left > 0) {
            return Ok(Some(Duration::from_secs(left)));
        }
        self.set_finalizer(&range, false).await?;
        Ok(None)
    }
}

impl ServiceCidrs {
    /// Whether every address in the range is in another range as well.
    fn may_go(&self, range: &Object) -> bool {
        let others: Vec<Cidr> = self
            .ranges
            .list()
            .iter()
            .filter(|other| other.name() != range.name() && other.deletion_timestamp().is_none())
            .flat_map(|other| cidrs(other))
            .collect();
        let covered = |inner: &Cidr| others.iter().any(|other| other.contains(inner));
        let own: Vec<Cidr> = cidrs(range).into_iter().filter(|cidr| !covered(cidr)).collect();
        let addresses = self.addresses.list();
        let mut used = addresses.iter().filter_map(|address| address.name().parse::<IpAddr>().ok().map(Cidr::address));
        !used.any(|address| own.iter().any(|cidr| cidr.contains(&address)) && !covered(&address))
    }

    async fn set_finalizer(&self, range: &Arc<Object>, wanted: bool) -> Result<Arc<Object>, Status> {
        let present = range.finalizers().iter().any(|finalizer| finalizer.as_str() == Some(FINALIZER));
        if present == wanted {
            return Ok(range.clone());
        }
        let mut changed = (**range).clone();
        let mut finalizers = range.finalizers().to_vec();
        match wanted {
            true => finalizers.push(FINALIZER.into()),
            false => finalizers.retain(|finalizer| finalizer.as_str() != Some(FINALIZER)),
        }
        changed.metadata_mut().insert("finalizers", finalizers);
        match self.client.all(&SERVICE_CIDRS).update(changed).await {
            Err(status) if status.is_not_found() => Ok(range.clone()),
            answer => answer,
        }
    }

    async fn set_ready(&self, range: &Object, state: &str, reason: &str, message: &str) -> Result<(), Status> {
        if pods::condition(range, "Ready").is_some_and(|ready| ready.str_at(&["status"]) == Some(state)) {
            return Ok(());
        }
        let mut status = patches::status_of(range);
        let ready = value!({
            "type": "Ready",
            "status": state,
            "reason": reason,
            "message": message,
            "lastTransitionTime": time::format_seconds(stdx::clock::now())
        });
        conditions::set(&mut status, ready);
        patches::update_status(&self.client, &SERVICE_CIDRS, range, status).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use client::{
        Options,
        testing::{FakeApi, settle},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_range_stays_while_it_is_used() {
        let api = FakeApi::new();
        let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
        api.seed(&SERVICE_CIDRS, value!({"metadata": {"name": "r"}, "spec": {"cidrs": ["10.0.0.0/24"]}}));
        api.seed(&IP_ADDRESSES, value!({"metadata": {"name": "10.0.0.7"}}));
        settle(1).await;
        let ready = || {
            let range = api.get(&SERVICE_CIDRS, "", "r").unwrap();
            pods::condition(&range, "Ready").unwrap().str_at(&["status"]).unwrap().to_owned()
        };
        assert_eq!(ready(), "True");
        api.client("test").all(&SERVICE_CIDRS).delete("r", Options::default()).await.unwrap();
        settle(1).await;
        assert_eq!(ready(), "False");
        api.modify(&SERVICE_CIDRS, "", "r", |range| range.set_meta("deletionTimestamp", "2020-01-01T00:00:00Z"));
        api.remove(&IP_ADDRESSES, "", "10.0.0.7");
        settle(1).await;
        assert!(api.get(&SERVICE_CIDRS, "", "r").is_none());
    }
}
