//! Which resources there are, and the task that keeps their caches true to the store.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use apimachinery::{Object, Status, Str, schema::TypeId};
use bytes::Bytes;
use client::ResourceKind;
use parking_lot::RwLock;
use stdx::memory;
use store::{Engine, KeyValue, ProgressRequester, RangeRequest, StoreError};
use tokio::sync::{Mutex, watch};

use crate::{
    Resource, SchemaHandle, Strategy,
    cache::Cache,
    encoded::{ENCODED_CACHE_BYTES, Encoded},
    stored::StoredForm,
};

/// Under this prefix the store holds objects; upstream's default.
const PREFIX: &str = "/registry/";
/// The key after every object's key.
const PREFIX_END: &str = "/registry0";
/// As upstream: a read that must not be older than a revision waits so long for it.
const FRESHNESS_TIMEOUT: Duration = Duration::from_secs(3);
/// How long to wait before a store that is out of reach is asked again, when the caches have to be read anew.
const RELOAD_WAIT: Duration = Duration::from_secs(1);

type Address = (Str, Str, Str);

/// The served resources by group, version and name.
#[derive(Default)]
pub struct Table {
    by_address: BTreeMap<Address, Arc<Resource>>,
    /// By group and name, in whatever version comes first.
    first: HashMap<(Str, Str), Arc<Resource>>,
}

impl Table {
    /// Every resource, in order of group, version and name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.by_address.values()
    }
}

/// The resources and their caches.
pub struct Registry {
    engine: Arc<dyn Engine>,
    table: RwLock<Arc<Table>>,
    caches: RwLock<HashMap<Str, Arc<Cache>>>,
    /// Held while caches are loaded or changes applied, so that a new cache misses nothing.
    following: Mutex<()>,
    applied: Arc<AtomicU64>,
    encoded: Arc<Encoded>,
    applied_moved: watch::Sender<u64>,
    /// Asks the store how far the caches' watch has come.
    progress: RwLock<Option<ProgressRequester>>,
    /// Why the caches are no longer true; `None` while they are.
    broken: RwLock<Option<String>>,
    /// Counts changes of the table, for those who derive documents from it.
    table_moved: watch::Sender<u64>,
}

/// Where the store keeps objects of a resource, as upstream lays them out.
pub fn storage_prefix(group: &str, resource: &str, custom: bool) -> String {
    let place = match (group, resource) {
        ("", "nodes") => "minions",
        ("", "services") => "services/specs",
        ("", "endpoints") => "services/endpoints",
        ("", "replicationcontrollers") => "controllers",
        ("networking.k8s.io", "ingresses") => "ingress",
        ("apiextensions.k8s.io", _) | ("apiregistration.k8s.io", _) => return format!("{PREFIX}{group}/{resource}/"),
        _ if custom => return format!("{PREFIX}{group}/{resource}/"),
        (_, resource) => resource,
    };
    format!("{PREFIX}{place}/")
}

impl Registry {
    /// A registry without resources over `engine`.
    pub fn new(engine: Arc<dyn Engine>) -> Registry {
        Registry {
            engine,
            table: RwLock::default(),
            caches: RwLock::default(),
            following: Mutex::new(()),
            applied: Arc::default(),
            encoded: Arc::new(Encoded::new(ENCODED_CACHE_BYTES)),
            applied_moved: watch::channel(0).0,
            progress: RwLock::default(),
            broken: RwLock::default(),
            table_moved: watch::channel(0).0,
        }
    }

    pub(crate) fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    /// The cache of a resource's objects, made and filled when there is none; versions of one resource
    /// share it. `custom` is the strategy of a custom resource, `None` for built-in kinds.
    pub async fn cache(
        &self,
        kind: &ResourceKind,
        schema: &SchemaHandle,
        type_id: TypeId,
        custom: Option<Arc<dyn Strategy>>,
    ) -> Result<Arc<Cache>, StoreError> {
        let prefix: Str = storage_prefix(&kind.group, &kind.resource, custom.is_some()).into();
        let _following = self.following.lock().await;
        let form = StoredForm {
            schema: schema.clone(),
            type_id,
            api_version: kind.api_version().into(),
            kind: kind.kind.clone(),
            custom,
            has_other_writers: self.engine.consistent_revision().is_some(),
        };
        if let Some(cache) = self.caches.read().get(&prefix) {
            if form.custom.is_some() {
                cache.set_form(form);
            }
            return Ok(cache.clone());
        }
        let cache = Arc::new(Cache::new(prefix.clone(), form, self.applied.clone(), self.encoded.clone()));
        let applied = self.applied.load(Ordering::Acquire);
        self.load(&cache, (applied > 0).then_some(applied)).await?;
        self.caches.write().insert(prefix, cache.clone());
        Ok(cache)
    }

    /// Reads a resource's objects at a revision. The caller holds `following`.
    async fn load(&self, cache: &Cache, revision: Option<u64>) -> Result<(), StoreError> {
        let start = Bytes::copy_from_slice(cache.prefix().as_bytes());
        let range = self.engine.range(RangeRequest { start, end: cache.prefix_end(), limit: 0, revision }).await?;
        cache.load(&range.items, range.revision);
        memory::let_go(range.items.len() * size_of::<KeyValue>());
        Ok(())
    }

    /// Forgets a resource's cache, after its definition is gone.
    pub async fn drop_cache(&self, kind: &ResourceKind) {
        let _following = self.following.lock().await;
        let prefix = storage_prefix(&kind.group, &kind.resource, true);
        self.caches.write().remove(prefix.as_str());
    }

    /// Serves `resource` from now on, in place of what had its name.
    pub fn insert(&self, resource: Resource) {
        self.change(|table| {
            let kind = &resource.kind;
            let address = (kind.group.clone(), kind.version.clone(), kind.resource.clone());
            table.insert(address, Arc::new(resource));
        });
    }

    /// Serves a resource no longer.
    pub fn remove(&self, kind: &ResourceKind) {
        self.change(|table| {
            table.remove(&(kind.group.clone(), kind.version.clone(), kind.resource.clone()));
        });
    }

    fn change(&self, edit: impl FnOnce(&mut BTreeMap<Address, Arc<Resource>>)) {
        let mut table = self.table.write();
        let mut by_address = table.by_address.clone();
        edit(&mut by_address);
        let mut first = HashMap::new();
        for ((group, _, name), resource) in &by_address {
            first.entry((group.clone(), name.clone())).or_insert_with(|| resource.clone());
        }
        *table = Arc::new(Table { by_address, first });
        drop(table);
        self.table_moved.send_modify(|count| *count += 1);
    }

    /// The resources that are served now.
    pub fn table(&self) -> Arc<Table> {
        self.table.read().clone()
    }

    /// Moves whenever the table changes.
    pub fn table_moved(&self) -> watch::Receiver<u64> {
        self.table_moved.subscribe()
    }

    /// The resource at an address.
    pub fn find(&self, group: &str, version: &str, resource: &str) -> Option<Arc<Resource>> {
        let address = (group.into(), version.into(), resource.into());
        self.table.read().by_address.get(&address).cloned()
    }

    /// The resource of a group in whatever version is served first.
    pub fn find_any_version(&self, group: &str, resource: &str) -> Option<Arc<Resource>> {
        self.table.read().first.get(&(group.into(), resource.into())).cloned()
    }

    /// The resource that serves a kind.
    pub fn find_kind(&self, api_version: &str, kind: &str) -> Option<Arc<Resource>> {
        self.table().iter().find(|entry| entry.kind.kind == kind && entry.kind.api_version() == api_version).cloned()
    }

    /// An object, read from the cache.
    pub fn object(
        &self,
        group: &str,
        resource: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Arc<Object>>, Status> {
        let Some(found) = self.find_any_version(group, resource) else { return Ok(None) };
        found.stored()?.get_object(&found.key(namespace, name))
    }

    /// All objects of a resource in a namespace (empty for all), read from the cache.
    pub fn objects(&self, group: &str, resource: &str, namespace: &str) -> Result<Vec<Arc<Object>>, Status> {
        match self.find_any_version(group, resource) {
            Some(found) => found.stored()?.objects(namespace),
            None => Ok(Vec::new()),
        }
    }

    /// The revision up to which every cache is true.
    pub fn applied_revision(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    /// Waits until every cache has what was written at `revision`.
    pub async fn wait_applied(&self, revision: u64) {
        if self.applied_revision() >= revision {
            return;
        }
        // The sender lives in this registry.
        let _ = self.applied_moved.subscribe().wait_for(|applied| *applied >= revision).await;
    }

    /// Waits until every cache has everything that anybody was told of before this call. It costs nothing while only
    /// this process writes to the store.
    ///
    /// # Errors
    /// The store is out of reach, or the caches are behind it.
    pub async fn fresh(&self) -> Result<(), StoreError> {
        match self.engine.consistent_revision() {
            Some(asked) => self.wait_told(asked.await?).await,
            None => Ok(()),
        }
    }

    /// Waits until every cache has a revision that a client named; `false` when that revision has not come.
    ///
    /// # Errors
    /// As [`Registry::fresh`].
    pub(crate) async fn reach(&self, revision: u64) -> Result<bool, StoreError> {
        if self.applied_revision() >= revision {
            return Ok(true);
        }
        let current = match self.engine.consistent_revision() {
            Some(asked) => asked.await?,
            None => self.engine.current_revision(),
        };
        if revision > current {
            return Ok(false);
        }
        self.wait_told(revision).await.map(|()| true)
    }

    /// Waits until every cache has what a write lost against.
    ///
    /// # Errors
    /// As [`Registry::fresh`].
    pub(crate) async fn wait_lost(&self, current: Option<KeyValue>) -> Result<(), StoreError> {
        match current {
            Some(current) => {
                self.wait_applied(current.mod_revision).await;
                Ok(())
            }
            // When it was deleted is not known.
            None => self.fresh().await,
        }
    }

    /// Waits for a revision at which perhaps nothing of ours happened.
    async fn wait_told(&self, revision: u64) -> Result<(), StoreError> {
        if self.applied_revision() >= revision {
            return Ok(());
        }
        if let Some(progress) = &*self.progress.read() {
            progress.request(revision);
        }
        tokio::time::timeout(FRESHNESS_TIMEOUT, self.wait_applied(revision)).await.map_err(|_| {
            let reason =
                format!("the watch cache is at revision {} and not at {revision} yet", self.applied_revision());
            StoreError::Unavailable { reason: reason.into() }
        })
    }

    /// Keeps the caches true until the store closes. A watch that fell behind is begun again where the caches are, as
    /// the store knows more of the past than it keeps for who watches; only when it refuses that is everything read
    /// anew.
    pub async fn follow(self: Arc<Registry>) {
        let mut fell_off_at = None;
        loop {
            match self.follow_once().await {
                StoreError::Closed => return,
                StoreError::Compacted { .. } if fell_off_at != Some(self.applied_revision()) => {
                    let applied = self.applied_revision();
                    tracing::debug!(applied, "the watch cache fell behind the store");
                    fell_off_at = Some(applied);
                }
                error @ (StoreError::Compacted { .. } | StoreError::Damaged { .. }) => {
                    tracing::warn!(%error, "the watch cache fell behind the store and is read anew");
                    if let Err(error) = self.reload_in_time().await {
                        return self.give_up("the watch cache could not be read anew", &error);
                    }
                }
                error => return self.give_up("the watch cache can no longer follow the store", &error),
            }
        }
    }

    fn give_up(&self, problem: &str, error: &StoreError) {
        tracing::error!(%error, "{problem}");
        *self.broken.write() = Some(format!("{problem}: {error}"));
    }

    /// Whether the caches follow the store.
    pub(crate) fn followed(&self) -> Result<(), String> {
        self.broken.read().clone().map_or(Ok(()), Err)
    }

    /// Reads every cache anew, however long the store is out of reach.
    async fn reload_in_time(&self) -> Result<(), StoreError> {
        loop {
            match self.reload().await {
                Err(
                    error @ (StoreError::Unavailable { .. }
                    | StoreError::Io { .. }
                    | StoreError::Compacted { .. }
                    | StoreError::Damaged { .. }),
                ) => {
                    tracing::warn!(%error, "the watch cache could not be read anew yet");
                    *self.broken.write() = Some(format!("the watch cache could not be read anew yet: {error}"));
                    tokio::time::sleep(RELOAD_WAIT).await;
                }
                result => {
                    if result.is_ok() {
                        *self.broken.write() = None;
                    }
                    return result;
                }
            }
        }
    }

    async fn reload(&self) -> Result<(), StoreError> {
        let _following = self.following.lock().await;
        let revision = match self.engine.consistent_revision() {
            Some(asked) => asked.await?,
            None => self.engine.current_revision(),
        };
        let caches: Vec<_> = self.caches.read().values().cloned().collect();
        for cache in caches {
            self.load(&cache, Some(revision)).await?;
        }
        // Only now is every cache true at it.
        self.applied.store(revision, Ordering::Release);
        self.applied_moved.send_replace(revision);
        Ok(())
    }

    async fn follow_once(&self) -> StoreError {
        let after = self.applied_revision();
        let watched =
            self.engine.watch(Bytes::from_static(PREFIX.as_bytes()), Bytes::from_static(PREFIX_END.as_bytes()), after);
        let mut watched = match watched {
            Ok(watched) => watched,
            Err(error) => return error,
        };
        *self.progress.write() = Some(watched.progress_requester());
        loop {
            let batch = match watched.next().await {
                Ok(batch) => batch,
                Err(error) => return error,
            };
            let _following = self.following.lock().await;
            self.apply(&batch);
        }
    }

    fn apply(&self, batch: &store::WatchBatch) {
        let caches = self.caches.read();
        let mut rest: &[store::Event] = &batch.events;
        // Runs of one resource are applied under one lock; order within a resource is all that matters.
        while let Some(first) = rest.first() {
            let cache = find_cache(&caches, &first.kv.key);
            let same = |event: &&store::Event| match &cache {
                Some(cache) => event.kv.key.starts_with(cache.prefix().as_bytes()),
                None => event.kv.key == first.kv.key,
            };
            let run: Vec<&store::Event> = rest.iter().take_while(same).collect();
            rest = &rest[run.len()..];
            if let (Some(cache), Some(last)) = (cache, run.last()) {
                cache.apply(&run, last.kv.mod_revision);
            }
        }
        drop(caches);
        self.applied.store(batch.revision, Ordering::Release);
        self.applied_moved.send_replace(batch.revision);
    }

    /// Starts following from the store's present revision; called once, before resources are added.
    pub fn begin(&self) {
        let revision = self.engine.current_revision();
        self.applied.store(revision, Ordering::Release);
        self.applied_moved.send_replace(revision);
    }
}

fn find_cache<'c>(caches: &'c HashMap<Str, Arc<Cache>>, key: &[u8]) -> Option<&'c Arc<Cache>> {
    let key = std::str::from_utf8(key).ok()?;
    let rest = key.strip_prefix(PREFIX)?;
    let slashes = rest.match_indices('/').take(2);
    slashes.map(|(index, _)| &key[..PREFIX.len() + index + 1]).find_map(|prefix| caches.get(prefix))
}

#[cfg(test)]
mod tests;
