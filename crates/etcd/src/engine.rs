//! The engine: what a store promises, by calls to a cluster.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use parking_lot::Mutex;
use store::{
    BoxFuture, Committed, Engine, Export, KeyValue, Priority, Range, RangeRequest, Revision, Status, StoreError, Watch,
    Write,
};
use tokio::{runtime::Handle, time::Instant};

use crate::{
    client::{Access, Client, Repeat, number_of},
    compactor,
    endpoint::Endpoint,
    failure::Failure,
    lease::Leases,
    messages::{
        CompactionRequest, HeaderResponse, RangeRequest as RangeMessage, RangeResponse, StatusRequest, StatusResponse,
        procedure,
    },
    watch,
};

/// A status that is asked for is found out anew when the last one is older than this.
const STATUS_AGE_LIMIT: Duration = Duration::from_secs(2);

/// A cluster that does not serve after this time is not there.
const OPEN_TIMEOUT: Duration = Duration::from_secs(30);

/// What an engine does by itself.
#[derive(Clone, Debug)]
pub struct Options {
    /// How old history becomes before it is compacted; zero: it is left to others. Of several servers on one cluster
    /// one does it each time.
    pub compaction_interval: Duration,
}

impl Default for Options {
    /// Upstream's: five minutes.
    fn default() -> Options {
        Options { compaction_interval: Duration::from_secs(300) }
    }
}

/// What was found out about the cluster.
#[derive(Default)]
struct Health {
    status: Status,
    asked: Option<Instant>,
    /// Why etcd refuses writes, as it says itself.
    no_space: Option<String>,
}

/// The last answer of a quorum, and which one it was.
#[derive(Default)]
struct Quorum {
    number: u64,
    revision: Revision,
}

/// What calls and watches share.
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) leases: Leases,
    pub(crate) runtime: Handle,
    health: Mutex<Health>,
    /// Held while a quorum is asked.
    quorum: tokio::sync::Mutex<Quorum>,
    /// How often a quorum was asked.
    quorum_asked: std::sync::atomic::AtomicU64,
}

/// An [`Engine`] on an etcd cluster; dropping it ends what it does by itself.
pub struct EtcdEngine(Arc<Shared>);

/// Connects to a cluster. It is called within a tokio runtime, which then carries connections and watches.
///
/// # Errors
/// `Unavailable` when no endpoint serves within half a minute, with what each of them says; `Io` when the user is refused.
pub async fn open(access: Access, options: Options) -> Result<Arc<EtcdEngine>, StoreError> {
    let shared = Arc::new(Shared {
        client: Client::new(access),
        leases: Leases::default(),
        runtime: Handle::current(),
        health: Mutex::default(),
        quorum: tokio::sync::Mutex::default(),
        quorum_asked: std::sync::atomic::AtomicU64::new(0),
    });
    let deadline = Instant::now() + OPEN_TIMEOUT;
    loop {
        match shared.quorum_revision().await {
            Ok(_) => break,
            // A cluster that starts beside us is waited for.
            Err(StoreError::Unavailable { .. }) if Instant::now() < deadline => {}
            Err(error) => return Err(error),
        }
    }
    shared.refresh().await;
    if !options.compaction_interval.is_zero() {
        tokio::spawn(compactor::run(Arc::downgrade(&shared), options.compaction_interval));
    }
    Ok(Arc::new(EtcdEngine(shared)))
}

impl EtcdEngine {
    /// Has other members tried from now on, when the one that is in use fails; not none.
    pub fn set_endpoints(&self, endpoints: Vec<Endpoint>) {
        if !endpoints.is_empty() {
            self.0.client.set_endpoints(endpoints);
        }
    }
}

impl Shared {
    /// The revision that a quorum has now; callers that come while one is asked share the next answer.
    async fn shared_quorum_revision(&self) -> Result<Revision, StoreError> {
        use std::sync::atomic::Ordering;
        let arrived = self.quorum_asked.load(Ordering::Acquire);
        let mut quorum = self.quorum.lock().await;
        // An answer that was asked for after this call came is new enough.
        if quorum.number > arrived {
            return Ok(quorum.revision);
        }
        let number = self.quorum_asked.fetch_add(1, Ordering::AcqRel) + 1;
        let revision = self.quorum_revision().await?;
        *quorum = Quorum { number, revision };
        Ok(revision)
    }

    /// Remembers what a failure says about the cluster.
    pub(crate) fn note_failure(&self, failure: &Failure) {
        if failure.is_no_space() {
            self.health.lock().no_space = Some(failure.message.clone());
        }
    }

    /// Remembers that writes are made.
    pub(crate) fn note_written(&self, writes: &[Write]) {
        if writes.iter().any(|write| matches!(write, Write::Put { .. })) {
            self.health.lock().no_space = None;
        }
    }

    /// Asks the member in use how it does.
    async fn refresh(&self) {
        let answer: Result<StatusResponse, Failure> =
            self.client.call(procedure::STATUS, &StatusRequest {}, Repeat::Always).await;
        let mut status = Status::default();
        let mut no_space = None;
        match answer {
            Ok(answer) => {
                self.client.learn(answer.header.as_ref());
                status.snapshot_bytes = u64::try_from(answer.database_bytes).unwrap_or_default();
                let full = answer.errors.iter().find(|error| error.contains("NOSPACE"));
                no_space = full.map(|alarm| format!("etcdserver: {alarm}"));
                let others: Vec<&str> =
                    answer.errors.iter().map(String::as_str).filter(|error| !error.contains("NOSPACE")).collect();
                status.read_only = (!others.is_empty()).then(|| format!("etcd: {}", others.join("; ")));
            }
            Err(failure) => status.read_only = Some(format!("etcd: {failure}")),
        }
        if let Some(keys) = self.count().await {
            status.keys = keys;
        }
        let mut health = self.health.lock();
        health.status = status;
        health.no_space = no_space;
        health.asked = Some(Instant::now());
    }

    /// How many keys there are, which members know without reading them.
    async fn count(&self) -> Option<u64> {
        let all = Bytes::from_static(b"\0");
        let request = RangeMessage {
            key: all.clone(),
            range_end: all,
            serializable: true,
            count_only: true,
            ..Default::default()
        };
        let answer: RangeResponse = self.client.call(procedure::RANGE, &request, Repeat::Always).await.ok()?;
        u64::try_from(answer.count).ok()
    }

    async fn compact(&self, revision: Revision) -> Result<(), StoreError> {
        let request = CompactionRequest { revision: number_of(revision) };
        let answer: Result<HeaderResponse, Failure> =
            self.client.call(procedure::COMPACT, &request, Repeat::WithoutEffect).await;
        let failure = match answer {
            Ok(answer) => {
                self.client.learn(answer.header.as_ref());
                self.client.learn_compacted(revision);
                return Ok(());
            }
            Err(failure) => failure,
        };
        self.note_failure(&failure);
        let known = self.client.known();
        if failure.is_compacted() {
            return Err(StoreError::Compacted { compacted: known.compacted.max(revision), current: known.current });
        }
        Err(failure.into_store_error("etcd: compaction", revision, known))
    }

    /// [`Shared::compact`], for the compactor.
    pub(crate) async fn compact_to(&self, revision: Revision) -> Result<(), StoreError> {
        self.compact(revision).await
    }
}

impl Engine for EtcdEngine {
    /// etcd keeps no reserve for urgent commits; when its quota is used up it still takes those that only delete.
    fn commit_with(&self, writes: Vec<Write>, _priority: Priority) -> BoxFuture<'_, Result<Committed, StoreError>> {
        Box::pin(self.0.commit(writes))
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<(Option<KeyValue>, Revision), StoreError>> {
        Box::pin(self.0.read(key, 0))
    }

    fn range(&self, request: RangeRequest) -> BoxFuture<'_, Result<Range, StoreError>> {
        Box::pin(self.0.range(request))
    }

    fn watch(&self, start: Bytes, end: Bytes, after: Revision) -> Result<Watch, StoreError> {
        Ok(watch::begin(&self.0, start, end, after))
    }

    fn current_revision(&self) -> Revision {
        self.0.client.known().current
    }

    fn consistent_revision(&self) -> Option<BoxFuture<'_, Result<Revision, StoreError>>> {
        Some(Box::pin(self.0.shared_quorum_revision()))
    }

    fn compact(&self, revision: Revision) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.0.compact(revision))
    }

    fn export(&self) -> BoxFuture<'_, Result<Export, StoreError>> {
        Box::pin(self.0.export())
    }

    /// What was last found out; asking has it found out anew, for who asks next. That no member can be reached, and
    /// that etcd refused a write for want of space, is known at once.
    fn status(&self) -> Status {
        let known = self.0.client.known();
        let mut health = self.0.health.lock();
        if health.asked.is_none_or(|asked| asked.elapsed() > STATUS_AGE_LIMIT) {
            health.asked = Some(Instant::now());
            let shared = self.0.clone();
            self.0.runtime.spawn(async move { shared.refresh().await });
        }
        let mut status = health.status.clone();
        status.revision = known.current;
        (status.compacted, status.kept_from) = (known.compacted, known.compacted);
        status.no_space = health.no_space.clone();
        if let Some(reason) = self.0.client.unreachable() {
            status.read_only = Some(reason);
        }
        status
    }
}

#[cfg(test)]
impl EtcdEngine {
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }
}
