//! A transport to whichever of several servers answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use apimachinery::Status;
use async_trait::async_trait;
use client::{Request, Response, Transport, WatchStream, remote::Remote};
use sim::Access;

/// A server that does not answer for so long is left for the next one.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Servers of which one is asked until it fails; the next call goes to the next one then, as the clients of a load
/// balancer are sent elsewhere.
pub(crate) struct AnyServer {
    remotes: Vec<Arc<Remote>>,
    current: AtomicUsize,
}

impl AnyServer {
    pub(crate) fn new(accesses: &[Access], user_agent: &str) -> anyhow::Result<Arc<AnyServer>> {
        let remotes = accesses.iter().map(|access| access.connection(user_agent)).collect::<Result<_, _>>()?;
        let first = stdx::random::below(accesses.len() as u64) as usize;
        Ok(Arc::new(AnyServer { remotes, current: AtomicUsize::new(first) }))
    }

    async fn ask<T>(&self, ask: impl AsyncFnOnce(Arc<Remote>) -> Result<T, Status>) -> Result<T, Status> {
        let turn = self.current.load(Ordering::Relaxed);
        let remote = self.remotes[turn % self.remotes.len()].clone();
        let answer = tokio::time::timeout(ANSWER_LIMIT, ask(remote)).await;
        let answer = answer.unwrap_or_else(|_| Err(Status::service_unavailable("the server does not answer")));
        if answer.as_ref().is_err_and(|status| status.code >= 500) {
            // Unless another call has gone on already.
            let _ = self.current.compare_exchange(turn, turn + 1, Ordering::Relaxed, Ordering::Relaxed);
        }
        answer
    }
}

#[async_trait]
impl Transport for AnyServer {
    async fn call(&self, request: Request) -> Result<Response, Status> {
        self.ask(async |remote| remote.call(request).await).await
    }

    async fn watch(&self, request: Request, initial_events: bool) -> Result<WatchStream, Status> {
        self.ask(async |remote| remote.watch(request, initial_events).await).await
    }
}
