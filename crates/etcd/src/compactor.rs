//! Forgetting history, as upstream's API servers share the job: k8s.io/apiserver/pkg/storage/etcd3/compact.go.
//!
//! Each server tries, once in a period, to write down under [`KEY`] the revision of a period ago. Who finds the key's
//! version as it last saw it has won the turn and compacts; the others learn the version and try again a period later.

use std::{sync::Weak, time::Duration};

use bytes::Bytes;
use store::{Revision, StoreError};

use crate::{
    client::Repeat,
    engine::Shared,
    failure::Failure,
    messages::{
        Compare, CompareTo, PutRequest, RangeRequest, Request, RequestOp, Response, TARGET_VERSION, TxnRequest,
        TxnResponse, procedure,
    },
};

/// Upstream's key.
const KEY: &[u8] = b"compact_rev_key";

/// What a server knows between two turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    /// The key's version, as last seen.
    pub(crate) version: i64,
    /// The revision at that time; 0 before the first turn.
    pub(crate) revision: Revision,
}

/// Takes a turn in each period until the engine is gone.
pub(crate) async fn run(shared: Weak<Shared>, period: Duration) {
    let mut turn = Turn::default();
    loop {
        tokio::time::sleep(period).await;
        let Some(shared) = shared.upgrade() else { return };
        match take_turn(&shared, turn).await {
            Ok(next) => turn = next,
            Err(error) => tracing::warn!(%error, "history could not be compacted"),
        }
    }
}

/// Tries to compact to the revision of the turn before; gives what is known for the next.
pub(crate) async fn take_turn(shared: &Shared, turn: Turn) -> Result<Turn, StoreError> {
    let key = Bytes::from_static(KEY);
    let compare =
        Compare { result: 0, target: TARGET_VERSION, key: key.clone(), to: Some(CompareTo::Version(turn.version)) };
    let put = PutRequest { key: key.clone(), value: turn.revision.to_string().into(), ..Default::default() };
    let read = RangeRequest { key, ..Default::default() };
    let operation = |request| vec![RequestOp { request: Some(request) }];
    let request = TxnRequest {
        compare: vec![compare],
        success: operation(Request::Put(put)),
        failure: operation(Request::Range(read)),
    };
    let answer: Result<TxnResponse, Failure> =
        shared.client.call(procedure::TRANSACTION, &request, Repeat::WithoutEffect).await;
    let answer =
        answer.map_err(|failure| failure.into_store_error("etcd: compaction's turn", 0, shared.client.known()))?;
    let revision = shared.client.learn(answer.header.as_ref());
    if !answer.succeeded {
        let read = answer.responses.into_iter().next().and_then(|operation| operation.response);
        let Some(Response::Range(range)) = read else { return Ok(Turn { revision, ..turn }) };
        let Some(kv) = range.kvs.into_iter().next() else { return Ok(Turn { revision, version: 0 }) };
        if let Some(compacted) = std::str::from_utf8(&kv.value).ok().and_then(|text| text.parse().ok()) {
            shared.client.learn_compacted(compacted);
        }
        return Ok(Turn { version: kv.version, revision });
    }
    let next = Turn { version: turn.version + 1, revision };
    // At the first turn nothing is known to be old enough.
    if turn.revision > 0 {
        match shared.compact_to(turn.revision).await {
            Ok(()) => tracing::info!(revision = turn.revision, "compacted etcd's history"),
            // By hand, or by etcd itself.
            Err(StoreError::Compacted { .. }) => {}
            Err(error) => tracing::warn!(%error, "history could not be compacted"),
        }
    }
    Ok(next)
}
