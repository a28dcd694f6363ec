//! Leader election over a `Lease`: of several processes, one does the work.
//!
//! The lease is judged by our own clock: a holder is dead when its record has not changed for the length of the
//! lease since we first saw it, so that clocks of machines need not agree.

use std::time::Duration;

use apimachinery::{Object, Status, Str, time, value};
use tokio::time::Instant;

use crate::{Api, Client, kinds};

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
    /// How long a leader tries to renew before it steps down.
    pub renew_deadline: Duration,
    /// The time between two tries.
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

/// Takes part in one election.
struct Candidate {
    election: Election,
    leases: Api,
    observed: Option<Observed>,
}

/// Runs `work` while we lead; returns when leadership is lost, after `work` was dropped. Never returns when it
/// is never won.
pub async fn lead(client: &Client, election: Election, work: impl Future<Output = ()>) {
    let leases = client.namespaced(&kinds::LEASES, election.namespace.clone());
    let mut candidate = Candidate { election, leases, observed: None };
    while !candidate.try_once().await {
        candidate.pause().await;
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
    async fn pause(&self) {
        let jitter = 1.0 + 1.2 * stdx::random::fraction();
        tokio::time::sleep(self.election.retry_period.mul_f64(jitter)).await;
    }

    /// Renews until that fails for the length of the renew deadline.
    async fn hold(&mut self) {
        loop {
            tokio::time::sleep(self.election.retry_period).await;
            let deadline = self.election.renew_deadline;
            let renewed = tokio::time::timeout(deadline, async {
                while !self.try_once().await {
                    tokio::time::sleep(self.election.retry_period).await;
                }
            });
            if renewed.await.is_err() {
                return;
            }
        }
    }

    async fn try_once(&mut self) -> bool {
        match self.acquire_or_renew().await {
            Ok(leading) => leading,
            Err(status) => {
                tracing::debug!(lease = %self.election.name, error = %status, "the lease could not be had");
                false
            }
        }
    }

    fn observe(&mut self, lease: &Object) -> Instant {
        let record = lease.at(&["spec"]);
        match &self.observed {
            Some(observed) if observed.lease.at(&["spec"]) == record => observed.changed,
            _ => {
                let changed = Instant::now();
                self.observed = Some(Observed { lease: lease.clone(), changed });
                changed
            }
        }
    }

    async fn acquire_or_renew(&mut self) -> Result<bool, Status> {
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
            return Ok(true);
        };
        let changed = self.observe(&current);
        let holder = current.spec().str_at("holderIdentity").unwrap_or_default();
        let ours = holder == self.election.identity.as_str();
        let seconds = current.spec().i64_at("leaseDurationSeconds").unwrap_or_default();
        let duration = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
        if !ours && !holder.is_empty() && changed.elapsed() < duration {
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
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use super::*;
    use crate::testing::FakeApi;

    #[tokio::test(start_paused = true)]
    async fn another_takes_over_when_the_leader_falls_silent() {
        let api = FakeApi::new();
        let (first, second) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let start = |identity: &str, leads: &Arc<AtomicBool>| {
            let (client, election, leads) = (api.client("test"), Election::new("scheduler", identity), leads.clone());
            tokio::spawn(async move {
                lead(&client, election, async {
                    leads.store(true, Ordering::SeqCst);
                    std::future::pending().await
                })
                .await;
            })
        };
        let leader = start("one", &first);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let _follower = start("two", &second);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(first.load(Ordering::SeqCst) && !second.load(Ordering::SeqCst));
        leader.abort();
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert!(second.load(Ordering::SeqCst));
        let lease = api.get(&kinds::LEASES, "kube-system", "scheduler").unwrap();
        assert_eq!(lease.spec().str_at("holderIdentity"), Some("two"));
        assert_eq!(lease.spec().i64_at("leaseTransitions"), Some(1));
    }
}
