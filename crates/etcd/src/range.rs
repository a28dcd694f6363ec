//! Reading ranges, in pages that all show one revision.

use bytes::Bytes;
use store::{BoxFuture, Export, ExportSteps, KeyValue, Range, RangeRequest, Revision, StoreError};

use std::{
    collections::HashMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    client::{Repeat, number_of},
    convert::{bounds, key_value},
    engine::Shared,
    messages::{self, LeaseTimeToLiveRequest, LeaseTimeToLiveResponse, RangeResponse, procedure},
};

/// The most keys that are asked for at once, so that no answer holds up the connection.
const PAGE_KEYS: usize = 1000;
/// A long range whose revision is compacted while it is read is begun anew so often.
const RESTARTS_LIMIT: u32 = 3;

/// The key after `key`.
fn after(key: &[u8]) -> Bytes {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next.into()
}

impl Shared {
    async fn page(
        &self,
        start: &Bytes,
        end: &Bytes,
        limit: usize,
        revision: Revision,
    ) -> Result<RangeResponse, StoreError> {
        let (key, range_end) = bounds(start, end);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let request =
            messages::RangeRequest { key, range_end, limit, revision: number_of(revision), ..Default::default() };
        let answer: Result<RangeResponse, _> = self.client.call(procedure::RANGE, &request, Repeat::Always).await;
        answer.map_err(|failure| {
            self.note_failure(&failure);
            failure.into_store_error("etcd: range", revision, self.client.known())
        })
    }

    /// Reads a range of keys at one revision.
    pub(crate) async fn range(&self, request: RangeRequest) -> Result<Range, StoreError> {
        if !request.end.is_empty() && request.start >= request.end {
            let revision = match request.revision {
                Some(revision) => revision,
                None => self.quorum_revision().await?,
            };
            return Ok(Range { items: Vec::new(), revision, more: false, remaining_count: 0 });
        }
        let mut restarts = 0;
        loop {
            match self.range_once(&request).await {
                // The revision was not the caller's choice.
                Err(StoreError::Compacted { .. }) if request.revision.is_none() && restarts < RESTARTS_LIMIT => {
                    restarts += 1;
                }
                result => return result,
            }
        }
    }

    async fn range_once(&self, request: &RangeRequest) -> Result<Range, StoreError> {
        let mut revision = request.revision.unwrap_or_default();
        let mut start = request.start.clone();
        let mut items: Vec<KeyValue> = Vec::new();
        loop {
            let wanted = if request.limit == 0 { usize::MAX } else { request.limit - items.len() };
            let page = self.page(&start, &request.end, wanted.min(PAGE_KEYS), revision).await?;
            let read_at = self.client.learn(page.header.as_ref());
            if revision == 0 {
                revision = read_at;
            }
            let count = page.kvs.len();
            items.extend(page.kvs.into_iter().map(|kv| key_value(kv, &self.leases)));
            let full = request.limit > 0 && items.len() >= request.limit;
            if full || !page.more || count == 0 {
                let remaining_count = u64::try_from(page.count).unwrap_or_default().saturating_sub(count as u64);
                return Ok(Range { items, revision, more: page.more, remaining_count });
            }
            start = items.last().map_or(start, |last| after(&last.key));
        }
    }

    /// The revision that a quorum has now.
    pub(crate) async fn quorum_revision(&self) -> Result<Revision, StoreError> {
        // Upstream asks for the same key, which a user of `/registry/` alone may read, and which does not exist.
        let key = Bytes::from_static(b"/registry/");
        let request = messages::RangeRequest { key, count_only: true, ..Default::default() };
        let answer: Result<RangeResponse, _> = self.client.call(procedure::RANGE, &request, Repeat::Always).await;
        match answer {
            Ok(answer) => Ok(self.client.learn(answer.header.as_ref())),
            Err(failure) => {
                self.note_failure(&failure);
                Err(failure.into_store_error("etcd: asking for the revision", 0, self.client.known()))
            }
        }
    }

    /// Every key as it is now.
    pub(crate) async fn export(self: &Arc<Shared>) -> Result<Export, StoreError> {
        let revision = self.quorum_revision().await?;
        let steps = Steps { shared: self.clone(), revision, next: Some(Bytes::new()), leases: HashMap::new() };
        Ok(Export::new(revision, Box::new(steps)))
    }
}

/// An export under way.
struct Steps {
    shared: Arc<Shared>,
    revision: Revision,
    /// Where to go on; none at the end.
    next: Option<Bytes>,
    /// When the leases that were met end, in seconds since the Unix epoch.
    leases: HashMap<i64, Option<u64>>,
}

impl Steps {
    /// When a lease ends.
    async fn ends_at(&mut self, lease: i64) -> Result<Option<u64>, StoreError> {
        if lease == 0 {
            return Ok(None);
        }
        if let Some(known) = self.leases.get(&lease) {
            return Ok(*known);
        }
        let client = &self.shared.client;
        let request = LeaseTimeToLiveRequest { id: lease };
        let answer: Result<LeaseTimeToLiveResponse, _> =
            client.call(procedure::LEASE_TIME_TO_LIVE, &request, Repeat::Always).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(failure) => return Err(failure.into_store_error("etcd: lease", 0, client.known())),
        };
        client.learn(answer.header.as_ref());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        // A lease that ended meanwhile took its keys with it: they expire at once.
        let ends = Some(now + u64::try_from(answer.time_to_live).unwrap_or_default());
        self.leases.insert(lease, ends);
        Ok(ends)
    }

    async fn step(&mut self) -> Result<Vec<KeyValue>, StoreError> {
        let Some(start) = self.next.take() else { return Ok(Vec::new()) };
        let page = self.shared.page(&start, &Bytes::new(), PAGE_KEYS, self.revision).await?;
        self.next = page.kvs.last().filter(|_| page.more).map(|last| after(&last.key));
        let mut items = Vec::with_capacity(page.kvs.len());
        for kv in page.kvs {
            let expires_at = self.ends_at(kv.lease).await?;
            items.push(KeyValue { expires_at, ..key_value(kv, &self.shared.leases) });
        }
        Ok(items)
    }
}

impl ExportSteps for Steps {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<KeyValue>, StoreError>> {
        Box::pin(self.step())
    }
}
