//! Leader election over a `Lease`: of several processes, one does the work.
//!
//! The lease is judged by our own clock: a holder is dead when its record has not changed for the length of the
//! lease since we first saw it, so that clocks of machines need not agree. Who waits watches the lease, and takes it when
//! its time is over; upstream's candidates look at it each 2 to 4.4 s, and take it so much later.
//!
//! Who leads ends its work before another one may begin: when it could not renew for less than the length of the lease,
//! counted from before its last renewal was sent, or as soon as it sees that another one has the lease.

use std::time::Duration;

use apimachinery::{Object, Status, Str, time, value};
use futures::StreamExt;
use tokio::time::Instant;

use crate::{Api, Client, Options, WatchEvent, kinds};

/// How an election goes.
#[derive(Clone, Debug)]
pub struct Election {
    /// The namespace of the lease, `kube-system` as a rule.
    pub namespace: Str,
    /// The name of the lease, that of the component.
    pub name: Str,
    /// Who we are; different for each process.
    pub identity: Str,
    /// How long a silent leader stays leader.
    pub lease_duration: Duration,
    /// How long a leader tries to renew before it steps down; with the retry period less than the lease's length.
    pub renew_deadline: Duration,
    /// The time between two renewals, and between two tries.
    pub retry_period: Duration,
}

impl Election {
    /// An election with upstream's times: 15 s, 10 s, 2 s.
    pub fn new(name: impl Into<Str>, identity: impl Into<Str>) -> Election {
        Election {
            namespace: "kube-system".into(),
            name: name.into(),
            identity: identity.into(),
            lease_duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
        }
    }
}

/// What was last read of the lease, and when it last changed.
struct Observed {
    lease: Object,
    changed: Instant,
}

impl Observed {
    fn holder(&self) -> &str {
        self.lease.spec().str_at("holderIdentity").unwrap_or_default()
    }

    /// When the lease is over; at once when nobody has it.
    fn ends(&self) -> Instant {
        let seconds = self.lease.spec().i64_at("leaseDurationSeconds").unwrap_or_default();
        let duration = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
        if self.holder().is_empty() { self.changed } else { self.changed + duration }
    }
}

/// Takes part in one election.
struct Candidate {
    election: Election,
    leases: Api,
    observed: Option<Observed>,
    /// When the renewal began that was the last to succeed.
    renewed: Instant,
}

/// Runs `work` while we lead; returns when leadership is lost, after `work` was dropped. Never returns when it
/// is never won.
pub async fn lead(client: &Client, election: Election, work: impl Future<Output = ()>) {
    let leases = client.namespaced(&kinds::LEASES, election.namespace.clone());
    let mut candidate = Candidate { election, leases, observed: None, renewed: Instant::now() };
    loop {
        match candidate.acquire_or_renew().await {
            Ok(true) => break,
            Ok(false) => candidate.until_free().await,
            Err(status) => candidate.failed(&status).await,
        }
    }
    tracing::info!(lease = %candidate.election.name, identity = %candidate.election.identity, "became the leader");
    tokio::select! {
        () = work => candidate.release().await,
        () = candidate.hold() => {
            tracing::warn!(lease = %candidate.election.name, "leadership was lost");
        }
    }
}

impl Candidate {
    async fn failed(&self, status: &Status) {
        tracing::debug!(lease = %self.election.name, error = %status, "the lease could not be had");
        self.pause().await;
    }

    /// Between two tries, for different times in different candidates.
    async fn pause(&self) {
        let jitter = 1.0 + 1.2 * stdx::random::fraction();
        tokio::time::sleep(self.election.retry_period.mul_f64(jitter)).await;
    }

    /// Follows the lease until its time is over, or somebody gave it up.
    async fn until_free(&mut self) {
        let Some(observed) = &self.observed else { return };
        let options = Options {
            field_selector: format!("metadata.name={}", self.election.name),
            resource_version: observed.lease.resource_version().to_owned(),
            ..Options::default()
        };
        let leases = self.leases.clone();
        let Ok(watch) = tokio::time::timeout_at(observed.ends(), leases.watch(options, false)).await else { return };
        let Ok(mut events) = watch else { return self.pause().await };
        while let Some(observed) = &self.observed {
            let Ok(event) = tokio::time::timeout_at(observed.ends(), events.next()).await else { return };
            match event {
                Some(Ok(WatchEvent::Added(lease) | WatchEvent::Modified(lease))) => drop(self.observe(&lease)),
                Some(Ok(WatchEvent::Bookmark { .. })) => {}
                Some(Ok(WatchEvent::Deleted(_))) => return,
                Some(Err(_)) | None => return self.pause().await,
            }
        }
    }

    /// Renews until that fails for the length of the renew deadline, or another one has the lease.
    async fn hold(&mut self) {
        let Election { retry_period, renew_deadline, .. } = self.election;
        loop {
            tokio::time::sleep(retry_period).await;
            let renewed = tokio::time::timeout_at(self.renewed + retry_period + renew_deadline, async {
                loop {
                    match self.acquire_or_renew().await {
                        Ok(leading) => return leading,
                        Err(status) => {
                            tracing::debug!(lease = %self.election.name, error = %status, "it could not be renewed");
                            tokio::time::sleep(retry_period).await;
                        }
                    }
                }
            });
            if renewed.await != Ok(true) {
                return;
            }
        }
    }

    fn observe(&mut self, lease: &Object) -> &Observed {
        let record = lease.at(&["spec"]);
        let known = self.observed.take().filter(|observed| observed.lease.at(&["spec"]) == record);
        let changed = known.map_or_else(Instant::now, |observed| observed.changed);
        self.observed.insert(Observed { lease: lease.clone(), changed })
    }

    /// Whether the lease is ours now. It is not while another one has it; that nobody could be asked is an error.
    async fn acquire_or_renew(&mut self) -> Result<bool, Status> {
        let began = Instant::now();
        let now = time::format_micro(stdx::clock::now());
        let Some(current) = self.leases.get_optional(&self.election.name).await? else {
            let lease = Object(value!({
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": &self.election.name, "namespace": &self.election.namespace},
                "spec": {
                    "holderIdentity": &self.election.identity,
                    "leaseDurationSeconds": self.election.lease_duration.as_secs() as i64,
                    "acquireTime": now.as_str(),
                    "renewTime": now.as_str(),
                    "leaseTransitions": 0
                }
            }));
            let created = self.leases.create(lease).await?;
            self.observe(&created);
            self.renewed = began;
            return Ok(true);
        };
        let identity = self.election.identity.clone();
        let observed = self.observe(&current);
        let ours = observed.holder() == identity.as_str();
        if !ours && Instant::now() < observed.ends() {
            return Ok(false);
        }
        let mut lease = (*current).clone();
        lease.set(&["spec", "renewTime"], now.as_str());
        lease.set(&["spec", "leaseDurationSeconds"], self.election.lease_duration.as_secs() as i64);
        if !ours {
            let transitions = current.spec().i64_at("leaseTransitions").unwrap_or_default();
            lease.set(&["spec", "holderIdentity"], &self.election.identity);
            lease.set(&["spec", "acquireTime"], now.as_str());
            lease.set(&["spec", "leaseTransitions"], transitions + 1);
        }
        let written = self.leases.update(lease).await?;
        self.observe(&written);
        self.renewed = began;
        Ok(true)
    }

    /// Gives the lease up, so that another need not wait for its end.
    async fn release(&mut self) {
        let Some(observed) = &self.observed else { return };
        let mut lease = observed.lease.clone();
        lease.set(&["spec", "holderIdentity"], "");
        lease.set(&["spec", "leaseDurationSeconds"], 1);
        if let Err(status) = self.leases.update(lease).await {
            tracing::debug!(lease = %self.election.name, error = %status, "the lease could not be released");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::{sync::watch, task::JoinHandle};

    use super::*;
    use crate::{Verb, testing::FakeApi};

    /// A candidate; the other value says whether it works.
    fn start(api: &FakeApi, identity: &str) -> (JoinHandle<()>, watch::Receiver<bool>) {
        let (client, election) = (api.client("test"), Election::new("scheduler", identity));
        let (works, is_working) = watch::channel(false);
        let works = Arc::new(works);
        struct Working(Arc<watch::Sender<bool>>);
        impl Drop for Working {
            fn drop(&mut self) {
                self.0.send_replace(false);
            }
        }
        let task = tokio::spawn(async move {
            loop {
                let works = works.clone();
                lead(&client, election.clone(), async move {
                    works.send_replace(true);
                    let _working = Working(works);
                    std::future::pending().await
                })
                .await;
            }
        });
        (task, is_working)
    }

    async fn until(is_working: &mut watch::Receiver<bool>, wanted: bool) -> Instant {
        let changed = is_working.wait_for(|working| *working == wanted);
        tokio::time::timeout(Duration::from_secs(600), changed).await.expect("it changes").unwrap();
        Instant::now()
    }

    fn holder(api: &FakeApi) -> String {
        let lease = api.get(&kinds::LEASES, "kube-system", "scheduler").unwrap();
        lease.spec().str_at("holderIdentity").unwrap_or_default().to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn another_takes_over_as_soon_as_the_lease_is_over() {
        let api = FakeApi::new();
        let (leader, mut first) = start(&api, "one");
        until(&mut first, true).await;
        let (_follower, mut second) = start(&api, "two");
        tokio::time::sleep(Duration::from_secs(61)).await;
        assert!(*first.borrow() && !*second.borrow());
        leader.abort();
        let silent = Instant::now();
        // It renewed up to 2 s before.
        let waited = until(&mut second, true).await - silent;
        assert!((13.0..=15.1).contains(&waited.as_secs_f64()), "{waited:?}");
        assert_eq!(holder(&api), "two");
        let lease = api.get(&kinds::LEASES, "kube-system", "scheduler").unwrap();
        assert_eq!(lease.spec().i64_at("leaseTransitions"), Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_is_given_up_is_taken_at_once() {
        let api = FakeApi::new();
        let (leader, mut first) = start(&api, "one");
        until(&mut first, true).await;
        let (_follower, mut second) = start(&api, "two");
        tokio::time::sleep(Duration::from_secs(5)).await;
        leader.abort();
        let _ = leader.await;
        api.modify(&kinds::LEASES, "kube-system", "scheduler", |lease| lease.set(&["spec", "holderIdentity"], ""));
        let given_up = Instant::now();
        assert_eq!(until(&mut second, true).await, given_up);
    }

    #[tokio::test(start_paused = true)]
    async fn who_cannot_renew_ends_its_work_before_another_begins() {
        let api = FakeApi::new();
        let (_leader, mut first) = start(&api, "one");
        until(&mut first, true).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        // Its last renewal is 1 s old.
        let renewed = Instant::now() - Duration::from_secs(1);
        for _ in 0..20 {
            api.refuse_next(Verb::Update, &kinds::LEASES, Status::service_unavailable("away"));
        }
        let ended = until(&mut first, false).await - renewed;
        assert!(ended <= Duration::from_secs(12), "{ended:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_sees_another_holder_ends_its_work_at_once() {
        let api = FakeApi::new();
        let (_leader, mut first) = start(&api, "one");
        until(&mut first, true).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        api.modify(&kinds::LEASES, "kube-system", "scheduler", |lease| lease.set(&["spec", "holderIdentity"], "two"));
        let taken = Instant::now();
        let ended = until(&mut first, false).await - taken;
        assert!(ended <= Duration::from_secs(2), "{ended:?}");
        // The other one does not renew.
        let again = until(&mut first, true).await - taken;
        assert!((15.0..=17.5).contains(&again.as_secs_f64()), "{again:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_breaks_holds_nobody_up() {
        let api = FakeApi::new();
        let (leader, mut first) = start(&api, "one");
        until(&mut first, true).await;
        let (_follower, mut second) = start(&api, "two");
        tokio::time::sleep(Duration::from_secs(5)).await;
        leader.abort();
        let silent = Instant::now();
        api.break_watches(&kinds::LEASES, Status::expired("too old"));
        let waited = until(&mut second, true).await - silent;
        assert!((13.0..=15.1).contains(&waited.as_secs_f64()), "{waited:?}");
    }
}
