//! Durable puts of 1 KiB: Sagong's store beside etcd.
//!
//! The store is a part of Sagong's process and is called in ours, so that its CPU time includes the callers' tasks;
//! etcd is asked over gRPC with mutual TLS, as the API server asks it, and the client's CPU time is apart.

use std::{
    os::unix::fs::DirBuilderExt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use bytes::{BufMut, Bytes, BytesMut};
use store::{Engine, Expect, Write, embedded};

use super::requests::client_counts;
use crate::{Bench, Figures, Scenario, Side, histogram::Histogram, http::Connection, process, scenario::Setup};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "store",
    summary: "durable puts of 1 KiB by 1, 16, 256 and 1,000 clients: the embedded store beside etcd",
    setup: Setup { starts_itself: true, ..Setup::PLAIN },
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

const VALUE_BYTES: usize = 1024;
const KEYS_PER_CLIENT: u64 = 100;

/// What puts under a key.
#[derive(Clone)]
enum Target {
    Embedded(Arc<dyn Engine>),
    Etcd(Connection),
}

impl Target {
    async fn put(&self, key: String, value: Bytes) -> anyhow::Result<()> {
        match self {
            Target::Embedded(engine) => {
                let write = Write::Put { key: key.into(), value, expect: Expect::Any, time_to_live: None };
                engine.commit(vec![write]).await?;
                Ok(())
            }
            Target::Etcd(connection) => connection.unary("/etcdserverpb.KV/Put", put_request(&key, &value)).await,
        }
    }
}

/// A field of bytes in protobuf.
fn field(number: u8, bytes: &[u8], message: &mut BytesMut) {
    message.put_u8(number << 3 | 2);
    let mut length = bytes.len();
    while length >= 0x80 {
        message.put_u8(length as u8 | 0x80);
        length >>= 7;
    }
    message.put_u8(length as u8);
    message.put_slice(bytes);
}

/// etcd's `PutRequest` as gRPC frames it: not compressed, its length, itself.
fn put_request(key: &str, value: &[u8]) -> Bytes {
    let mut message = BytesMut::with_capacity(key.len() + value.len() + 16);
    message.put_slice(&[0; 5]);
    field(1, key.as_bytes(), &mut message);
    field(2, value, &mut message);
    let length = (message.len() - 5) as u32;
    message[1..5].copy_from_slice(&length.to_be_bytes());
    message.freeze()
}

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    match bench.side() {
        Side::Sagong => {
            let folder = bench.options.work.join("store");
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            let engine: Arc<dyn Engine> = embedded::open(&folder, embedded::Options::default())?;
            for clients in client_counts(bench) {
                let targets = vec![Target::Embedded(engine.clone()); clients];
                measure(bench, targets, &process::Process { name: "store", pid: std::process::id() }).await?;
            }
        }
        Side::Upstream => {
            let etcd = bench.launcher.start_etcd().await?;
            for clients in client_counts(bench) {
                let connections = etcd.connector.open_many(clients).await?;
                measure(bench, connections.into_iter().map(Target::Etcd).collect(), &etcd.process).await?;
            }
        }
    }
    Ok(())
}

async fn measure(bench: &mut Bench, targets: Vec<Target>, server: &process::Process) -> anyhow::Result<()> {
    let clients = targets.len();
    let (over, counted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let tasks: Vec<_> = targets
        .into_iter()
        .enumerate()
        .map(|(number, target)| tokio::spawn(client(target, number, over.clone(), counted.clone())))
        .collect();
    tokio::time::sleep(bench.options.warm_up()).await;
    let (started, cpu, own) = (Instant::now(), server.cpu()?, process::own_cpu()?);
    let before = counted.load(Ordering::Relaxed);
    tokio::time::sleep(bench.options.length()).await;
    let mut figures = Figures {
        elapsed: started.elapsed(),
        client_cpu: process::own_cpu()? - own,
        server_cpu: [(server.name, server.cpu()? - cpu)].into(),
        operations: counted.load(Ordering::Relaxed) - before,
        memory: [(server.name, server.memory()?)].into(),
        ..Figures::default()
    };
    over.store(true, Ordering::Relaxed);
    for task in tasks {
        figures.latency.merge(&task.await??);
    }
    bench.record(format!("put, {clients} client{}", if clients == 1 { "" } else { "s" }), figures);
    Ok(())
}

async fn client(
    target: Target,
    client: usize,
    over: Arc<AtomicBool>,
    counted: Arc<AtomicU64>,
) -> anyhow::Result<Histogram> {
    let (mut latencies, mut count) = (Histogram::default(), 0);
    while !over.load(Ordering::Relaxed) {
        let key = format!("/registry/configmaps/default/client-{client}-{}", count % KEYS_PER_CLIENT);
        let started = Instant::now();
        target.put(key, Bytes::from(vec![count as u8; VALUE_BYTES])).await?;
        latencies.record(started.elapsed());
        counted.fetch_add(1, Ordering::Relaxed);
        count += 1;
    }
    Ok(latencies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_put_is_framed_and_encoded() {
        assert_eq!(put_request("k", b"vw"), &b"\0\0\0\0\x07\x0a\x01k\x12\x02vw"[..]);
        let long = put_request("k", &[0; 300]);
        assert_eq!(&long[5..11], b"\x0a\x01k\x12\xac\x02");
    }
}
