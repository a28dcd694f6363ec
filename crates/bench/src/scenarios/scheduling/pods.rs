//! Pods that are created as fast as the server takes them, until every one has a node.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use apimachinery::Value;
use client::{Collection, Event, SharedInformers, kinds};
use http::Method;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    Bench, Figures,
    http::{Call, Connection, JSON},
    scenarios::requests::Template,
};

/// Requests under way at once, and over how many connections.
const CREATORS: usize = 32;
const CONNECTIONS: usize = 4;
/// A case is given up when for so long no pod gets a node.
const PATIENCE: Duration = Duration::from_secs(120);

/// Pods of one kind.
pub(super) struct Batch {
    pub(super) namespace: &'static str,
    pub(super) count: usize,
    pub(super) template: fn() -> Value,
    /// Whether they are what the case is about.
    pub(super) measured: bool,
}

/// The number at the end of a name.
fn number(name: &str) -> Option<usize> {
    name.rsplit_once('-')?.1.parse().ok()
}

/// When each pod was asked for, in nanoseconds since the start; 0 for not yet.
type Asked = Arc<[AtomicU64]>;

struct Creator {
    connection: Connection,
    path: String,
    template: Template,
    next: Arc<AtomicUsize>,
    started: Instant,
    asked: Asked,
}

impl Creator {
    async fn run(self) -> anyhow::Result<()> {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(asked) = self.asked.get(number) else { return Ok(()) };
            let body = self.template.with(&number.to_string());
            let call = Call::send(Method::POST, self.path.clone(), JSON, body);
            asked.store(self.started.elapsed().as_nanos() as u64, Ordering::Release);
            loop {
                let answer = self.connection.call(&call).await?;
                if answer.status.is_success() {
                    break;
                }
                match answer.retry_after {
                    Some(wait) => tokio::time::sleep(wait).await,
                    // Said again in words.
                    None => _ = self.connection.fetch(&call).await?,
                }
            }
        }
    }
}

/// When a pod got its node, by the pod's number.
type Bound = (usize, Instant);

/// Follows the pods that get nodes in a namespace, over watches that end too. Nothing is followed any more once the
/// informers are dropped.
async fn follow(bench: &Bench, namespace: &str) -> anyhow::Result<(SharedInformers, UnboundedReceiver<Bound>)> {
    let informers = SharedInformers::new(bench.target().client()?);
    let collection = Collection::all(&kinds::PODS).in_namespace(namespace).fields("spec.nodeName!=");
    let informer = informers.follow(collection);
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    informer.add_handler(move |event: &Event| {
        if let (Event::Added(_), Some(number)) = (event, number(event.object().name())) {
            // Whoever has stopped waiting drops the informers next.
            let _ = sender.send((number, Instant::now()));
        }
    });
    informer.synced().await;
    Ok((informers, receiver))
}

/// Creates the pods and waits for their nodes.
pub(super) async fn create_and_wait(bench: &Bench, batch: &Batch) -> anyhow::Result<Figures> {
    let (_informers, mut bound) = follow(bench, batch.namespace).await?;
    let connections = bench.connector()?.open_many(CONNECTIONS).await?;
    let asked: Asked = (0..batch.count).map(|_| AtomicU64::new(0)).collect();
    let template = Template::new(&(batch.template)());
    let meter = bench.target().begin()?;
    let (started, next_number) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let mut creators = tokio::task::JoinSet::new();
    for creator in 0..CREATORS {
        let creator = Creator {
            connection: connections[creator % connections.len()].clone(),
            path: format!("/api/v1/namespaces/{}/pods", batch.namespace),
            template: template.clone(),
            next: next_number.clone(),
            started,
            asked: asked.clone(),
        };
        creators.spawn(creator.run());
    }
    let mut placed = vec![false; batch.count];
    let (mut figures, mut left) = (Figures::default(), batch.count);
    while left > 0 {
        tokio::select! {
            next = tokio::time::timeout(PATIENCE, bound.recv()) => {
                let next = next.with_context(|| format!("{left} of {} pods get no node any more", batch.count))?;
                let (number, at) = next.context("the informer ended")?;
                if placed.get(number) == Some(&false) {
                    placed[number] = true;
                    left -= 1;
                    let asked = started + Duration::from_nanos(asked[number].load(Ordering::Acquire));
                    figures.latency.record(at.saturating_duration_since(asked));
                }
            }
            Some(ended) = creators.join_next() => ended??,
        }
    }
    let latency = figures.latency;
    figures = bench.target().end(&meter)?;
    figures.latency = latency;
    figures.operations = batch.count as u64;
    Ok(figures)
}
