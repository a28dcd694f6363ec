//! Measures what a churn leaves on the disk: `cargo run --release -p store --example churn -- DIRECTORY [MEGABYTES]`.
//!
//! Sixteen clients write 50 MB of objects of 64 KiB over and over, history is compacted as a server does it; then how
//! much the directory has on the disk at most, at the end, and after how long it is within the bound.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use store::{Engine, Expect, Write, embedded, limits};

const VALUE_BYTES: u64 = 64 << 10;
const KEYS: u64 = 800;
const CLIENTS: u64 = 16;

/// What the files of a directory take on the disk, in bytes.
fn disk_bytes(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).expect("the directory is there");
    entries.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.blocks() * 512)).sum()
}

fn main() {
    let mut arguments = env::args().skip(1);
    let directory = arguments.next().expect("usage: churn DIRECTORY [MEGABYTES]");
    let megabytes: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let store = embedded::open(&directory, embedded::Options::default()).expect("the directory can be opened");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("threads can be started");
    let (puts, peak) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let started = Instant::now();
    runtime.block_on(async {
        let wanted = megabytes * 1_000_000 / VALUE_BYTES;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (store, puts, peak) = (store.clone(), puts.clone(), peak.clone());
                let directory = directory.clone();
                tokio::spawn(async move {
                    loop {
                        let count = puts.fetch_add(1, Ordering::Relaxed);
                        if count >= wanted {
                            break;
                        }
                        let key = Bytes::from(format!("/registry/configmaps/default/object-{}", count % KEYS));
                        let value = Bytes::from(vec![client as u8; VALUE_BYTES as usize]);
                        let write = Write::Put { key, value, expect: Expect::Any, time_to_live: None };
                        let revision = store.commit(vec![write]).await.expect("the disk has room").revision;
                        if count.is_multiple_of(100) {
                            peak.fetch_max(disk_bytes(directory.as_ref()), Ordering::Relaxed);
                            // Another may have been faster.
                            let _ = store.compact(revision).await;
                        }
                    }
                })
            })
            .collect();
        for client in clients {
            client.await.expect("clients do not panic");
        }
    });
    let bound = limits::DISK_BOUND_BYTES.max(3 * KEYS * VALUE_BYTES);
    let ended = Instant::now();
    println!("{megabytes} MB in {:.0} s", started.elapsed().as_secs_f64());
    println!(
        "at most {} MB, at the end {} MB",
        peak.load(Ordering::Relaxed) >> 20,
        disk_bytes(directory.as_ref()) >> 20
    );
    while disk_bytes(directory.as_ref()) > bound {
        std::thread::sleep(Duration::from_millis(10));
    }
    println!(
        "within {} MB after {:.2} s: {} MB",
        bound >> 20,
        ended.elapsed().as_secs_f64(),
        disk_bytes(directory.as_ref()) >> 20
    );
    println!("{:?}", store.status());
}
