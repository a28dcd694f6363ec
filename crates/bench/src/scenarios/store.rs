//! Sagong's store beside etcd, without an API server.
//!
//! The store is a part of Sagong's process and is called in ours, so that its CPU time includes the callers' tasks;
//! etcd is asked over gRPC with mutual TLS, as the API server asks it, and the client's CPU time is apart.

mod opening;
mod puts;
mod ranges;
mod watches;

use std::{
    future::Future,
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use anyhow::Context;
use bytes::{BufMut, Bytes, BytesMut};
use store::{Engine, Expect, Write, embedded};

pub(super) use self::{
    opening::SCENARIO as OPENING, puts::SCENARIO as PUTS, ranges::SCENARIO as RANGES, watches::SCENARIO as WATCHES,
};
use crate::{Bench, Figures, histogram::Histogram, http::Connection, process, scenario::Setup};

const SETUP: Setup = Setup { starts_itself: true, ..Setup::PLAIN };
const VALUE_BYTES: usize = 1024;
/// Puts under way while a store is filled.
const FILLERS: usize = 64;

/// What is asked.
#[derive(Clone)]
enum Target {
    Embedded(Arc<dyn Engine>),
    Etcd(Connection),
}

impl Target {
    async fn put(&self, key: String, value: Bytes) -> anyhow::Result<()> {
        match self {
            Target::Embedded(engine) => {
                engine.commit(vec![write(key, value)]).await?;
                Ok(())
            }
            Target::Etcd(connection) => connection.unary("/etcdserverpb.KV/Put", pair_request(&key, &value)).await,
        }
    }
}

fn write(key: String, value: Bytes) -> Write {
    Write::Put { key: key.into(), value, expect: Expect::Any, time_to_live: None }
}

fn value(filling: u64) -> Bytes {
    Bytes::from(vec![filling as u8; VALUE_BYTES])
}

/// The key of something that is filled in.
fn key(number: usize) -> String {
    format!("/registry/configmaps/default/item-{number:07}")
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

/// A message of two fields of bytes as gRPC frames it: not compressed, its length, itself. Such are etcd's `PutRequest`
/// (key and value) and `RangeRequest` (first key and the key after the last).
fn pair_request(first: &str, second: &[u8]) -> Bytes {
    let mut message = BytesMut::with_capacity(first.len() + second.len() + 16);
    message.put_slice(&[0; 5]);
    field(1, first.as_bytes(), &mut message);
    field(2, second, &mut message);
    let length = (message.len() - 5) as u32;
    message[1..5].copy_from_slice(&length.to_be_bytes());
    message.freeze()
}

/// A store of our own, empty, and where it is.
fn open_embedded(bench: &Bench) -> anyhow::Result<(Arc<embedded::Embedded>, PathBuf)> {
    let folder = bench.options.work.join("store");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    Ok((embedded::open(&folder, embedded::Options::default())?, folder))
}

/// The process that the embedded store is in.
fn own_process() -> process::Process {
    process::Process { name: "store", pid: std::process::id() }
}

/// Puts so many keys by way of all of these.
async fn fill(targets: Vec<Target>, keys: usize) -> anyhow::Result<()> {
    let next = Arc::new(AtomicU64::new(0));
    let fillers = targets.into_iter().map(|target| {
        let next = next.clone();
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed) as usize;
                if number >= keys {
                    return anyhow::Ok(());
                }
                target.put(key(number), value(number as u64)).await?;
            }
        })
    });
    for filler in fillers.collect::<Vec<_>>() {
        filler.await??;
    }
    Ok(())
}

/// Repeats operations, each in a loop of its own which counts, and records what that costs `server`.
async fn measure<O, F>(bench: &mut Bench, case: String, server: &process::Process, loops: Vec<O>) -> anyhow::Result<()>
where
    O: Fn(u64) -> F + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let (over, counted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let repeat = |operation: O| {
        let (over, counted) = (over.clone(), counted.clone());
        tokio::spawn(async move {
            let (mut latencies, mut count) = (Histogram::default(), 0);
            while !over.load(Ordering::Relaxed) {
                let started = Instant::now();
                operation(count).await?;
                latencies.record(started.elapsed());
                counted.fetch_add(1, Ordering::Relaxed);
                count += 1;
            }
            anyhow::Ok(latencies)
        })
    };
    let tasks: Vec<_> = loops.into_iter().map(repeat).collect();
    tokio::time::sleep(bench.options.warm_up()).await;
    let (started, cpu, own) = (Instant::now(), server.cpu()?, process::own_cpu()?);
    let disk = || process::disk_written_bytes(bench.launcher.work());
    let (before, written) = (counted.load(Ordering::Relaxed), disk());
    tokio::time::sleep(bench.options.length()).await;
    let operations = counted.load(Ordering::Relaxed) - before;
    let mut figures = Figures {
        elapsed: started.elapsed(),
        client_cpu: process::own_cpu()? - own,
        server_cpu: [(server.name, server.cpu()? - cpu)].into(),
        operations,
        memory: [(server.name, server.memory()?)].into(),
        ..Figures::default()
    };
    if let (Some(before), Some(now)) = (written, disk())
        && operations > 0
    {
        figures = figures.with("bytes to the disk per operation", (now - before) as f64 / operations as f64);
    }
    over.store(true, Ordering::Relaxed);
    for task in tasks {
        figures.latency.merge(&task.await.context("a client panicked")??);
    }
    bench.record(case, figures);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_put_is_framed_and_encoded() {
        assert_eq!(pair_request("k", b"vw"), &b"\0\0\0\0\x07\x0a\x01k\x12\x02vw"[..]);
        let long = pair_request("k", &[0; 300]);
        assert_eq!(&long[5..11], b"\x0a\x01k\x12\xac\x02");
    }
}
