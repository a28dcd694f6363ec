//! A commit is one transaction: its preconditions compared, its writes made; or else its keys read, to say what is there.

use std::time::Duration;

use store::{Committed, Expect, KeyValue, RangeRequest, Revision, StoreError, Write, embedded::check_size};

use crate::{
    client::{Repeat, number_of},
    convert::key_value,
    engine::Shared,
    failure::Failure,
    messages::{
        self, Compare, CompareTo, DeleteRangeRequest, PutRequest, Request, RequestOp, Response, TARGET_MOD_REVISION,
        TARGET_VERSION, TxnRequest, TxnResponse, procedure,
    },
};

/// How long it is looked for what became of a commit.
const LOOK_TIMEOUT: Duration = Duration::from_secs(20);

/// What must hold of a key; nothing for [`Expect::Any`].
fn compares(write: &Write) -> Vec<Compare> {
    let compare = |target, to| Compare { result: 0, target, key: write.key().clone(), to: Some(to) };
    match write.expect() {
        Expect::Any => Vec::new(),
        Expect::Absent => vec![compare(TARGET_MOD_REVISION, CompareTo::ModRevision(0))],
        // No key was ever changed at revision 0, by which etcd means an absent one.
        Expect::Revision(0) => {
            let target = |version| compare(TARGET_VERSION, CompareTo::Version(version));
            vec![target(0), target(1)]
        }
        Expect::Revision(revision) => {
            vec![compare(TARGET_MOD_REVISION, CompareTo::ModRevision(number_of(revision)))]
        }
    }
}

fn operation(write: &Write, lease: i64) -> RequestOp {
    let request = match write {
        Write::Put { key, value, .. } => {
            Request::Put(PutRequest { key: key.clone(), value: value.clone(), lease, prev_kv: true })
        }
        Write::Delete { key, .. } => Request::DeleteRange(DeleteRangeRequest { key: key.clone(), prev_kv: true }),
    };
    RequestOp { request: Some(request) }
}

fn look_up(write: &Write) -> RequestOp {
    let request = messages::RangeRequest { key: write.key().clone(), ..Default::default() };
    RequestOp { request: Some(Request::Range(request)) }
}

/// Whether a key that is `current` is as a write expects it.
fn holds(expect: Expect, current: Option<&KeyValue>) -> bool {
    match expect {
        Expect::Any => true,
        Expect::Absent => current.is_none(),
        Expect::Revision(revision) => current.is_some_and(|current| current.mod_revision == revision),
    }
}

impl Shared {
    /// Makes all writes or none.
    pub(crate) async fn commit(&self, writes: Vec<Write>) -> Result<Committed, StoreError> {
        let size_bytes = check_size(&writes)?;
        if writes.is_empty() {
            return Ok(Committed { revision: self.quorum_revision().await?, previous: Vec::new() });
        }
        let mut result = self.transact(&writes).await;
        if let Err((failure, leases)) = &result
            && failure.is_lease_not_found()
        {
            // Its lease ended or was revoked meanwhile, and nothing was written.
            self.leases.forget(leases).await;
            result = self.transact(&writes).await;
        }
        let failure = match result {
            Ok(answer) => return self.answered(&writes, answer),
            Err((failure, _)) => failure,
        };
        self.note_failure(&failure);
        if !failure.is_without_effect
            && let Ok(Some(committed)) = tokio::time::timeout(LOOK_TIMEOUT, self.find_committed(&writes)).await
        {
            tracing::info!(error = %failure, revision = committed.revision, "a commit whose answer was lost is there");
            return Ok(committed);
        }
        Err(failure.of_commit(size_bytes, writes.len(), self.client.known()))
    }

    /// Sends the transaction; with a failure come the leases that it used.
    async fn transact(&self, writes: &[Write]) -> Result<TxnResponse, (Failure, Vec<i64>)> {
        let mut leases = Vec::new();
        let mut success = Vec::with_capacity(writes.len());
        for write in writes {
            let lease = match write {
                Write::Put { time_to_live: Some(time), .. } => {
                    let lease = self.leases.get(&self.client, *time).await;
                    lease.map_err(|failure| (Failure { is_without_effect: true, ..failure }, Vec::new()))?
                }
                _ => 0,
            };
            leases.extend((lease != 0).then_some(lease));
            success.push(operation(write, lease));
        }
        let request = TxnRequest {
            compare: writes.iter().flat_map(compares).collect(),
            success,
            failure: writes.iter().map(look_up).collect(),
        };
        let called = self.client.call(procedure::TRANSACTION, &request, Repeat::WithoutEffect).await;
        called.map_err(|failure| (failure, leases))
    }

    fn answered(&self, writes: &[Write], answer: TxnResponse) -> Result<Committed, StoreError> {
        let revision = self.client.learn(answer.header.as_ref());
        if answer.responses.len() != writes.len() {
            let failure = Failure::malformed("a transaction has another number of results than of operations");
            return Err(failure.of_commit(0, writes.len(), self.client.known()));
        }
        let mut found = answer.responses.into_iter().map(|operation| {
            let kv = match operation.response? {
                Response::Range(range) => range.kvs.into_iter().next(),
                Response::Put(put) => put.prev_kv,
                Response::DeleteRange(deleted) => deleted.prev_kvs.into_iter().next(),
            };
            kv.map(|kv| key_value(kv, &self.leases))
        });
        if answer.succeeded {
            self.note_written(writes);
            return Ok(Committed { revision, previous: found.collect() });
        }
        let unmet = writes.iter().enumerate().find_map(|(index, write)| {
            let current = found.next()?;
            (!holds(write.expect(), current.as_ref())).then_some(StoreError::Conflict { index, current })
        });
        Err(unmet.unwrap_or_else(|| {
            let failure = Failure::malformed("a transaction failed although every precondition holds");
            failure.of_commit(0, writes.len(), self.client.known())
        }))
    }

    /// Looks whether a commit whose answer was lost was made; `None` when that cannot be told, as of one that only
    /// deletes, or that would have replaced whatever was there.
    ///
    /// It was made when every key that it puts has exactly its value, all at one revision that is newer than each it
    /// expected, and what it deletes is gone. Values of one key that are written twice differ in practice: they have
    /// unique identifiers and times in them.
    pub(crate) async fn find_committed(&self, writes: &[Write]) -> Option<Committed> {
        let mut made: Option<Revision> = None;
        for write in writes {
            let expected = match write.expect() {
                Expect::Any => return None,
                Expect::Absent => 0,
                Expect::Revision(revision) => revision,
            };
            let (current, _) = self.read(write.key(), 0).await.ok()?;
            match (write, current) {
                (Write::Put { value, .. }, Some(current)) => {
                    let same = current.value == *value && current.mod_revision > expected;
                    if !same || made.is_some_and(|made| made != current.mod_revision) {
                        return None;
                    }
                    made = Some(current.mod_revision);
                }
                (Write::Delete { .. }, None) => {}
                _ => return None,
            }
        }
        let revision = made?;
        let mut previous = Vec::with_capacity(writes.len());
        for write in writes {
            previous.push(match write.expect() {
                Expect::Absent => None,
                _ => self.read(write.key(), revision - 1).await.ok()?.0,
            });
        }
        Some(Committed { revision, previous })
    }

    /// A key at a revision, 0 for the newest that a quorum has; and the revision at which it was read.
    pub(crate) async fn read(
        &self,
        key: &[u8],
        revision: Revision,
    ) -> Result<(Option<KeyValue>, Revision), StoreError> {
        let mut end = key.to_vec();
        end.push(0);
        let start = bytes::Bytes::copy_from_slice(key);
        let revision = (revision > 0).then_some(revision);
        let request = RangeRequest { start, end: end.into(), limit: 1, revision };
        let range = self.range(request).await?;
        Ok((range.items.into_iter().next(), range.revision))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preconditions_are_compared_by_revision() {
        let put = |expect| Write::Put { key: "a".into(), value: "x".into(), expect, time_to_live: None };
        let revisions = |expect| -> Vec<CompareTo> {
            compares(&put(expect)).into_iter().filter_map(|compare| compare.to).collect()
        };
        assert_eq!(revisions(Expect::Any), []);
        assert_eq!(revisions(Expect::Absent), [CompareTo::ModRevision(0)]);
        assert_eq!(revisions(Expect::Revision(7)), [CompareTo::ModRevision(7)]);
        assert_eq!(revisions(Expect::Revision(0)), [CompareTo::Version(0), CompareTo::Version(1)], "it never holds");
    }
}
