//! Measures what a churn takes of memory and disk:
//! `cargo run --release -p store --example churn -- DIRECTORY [MEGABYTES] [COMPACTION_SECONDS] [VALUE_KIB]`.
//!
//! Sixteen clients write 50 MB of objects over and over, by default 10,000 MB in values of 64 KiB;
//! history is compacted as a server does it, after five minutes by default; 0 compacts after each hundred writes. Then
//! it tells how much the process and the directory had at most, that old revisions can be read, and after how long the
//! directory is within its bound once all is compacted.

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
use store::{Engine, Expect, RangeRequest, StoreError, Write, embedded, limits};

const LIVE_BYTES: u64 = 50 << 20;
const CLIENTS: u64 = 16;
/// Old revisions that are read at the end.
const READS: u64 = 20;

/// What the files of a directory take on the disk, in bytes.
fn disk_bytes(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).expect("the directory is there");
    entries.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.blocks() * 512)).sum()
}

/// A field of the kernel's account of this process, in bytes.
fn process_bytes(field: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").expect("procfs is mounted");
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).expect("Linux says so");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("it is a number") << 10
}

/// The most of something that was seen.
#[derive(Clone, Default)]
struct Peak(Arc<AtomicU64>);

impl Peak {
    fn note(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }

    fn megabytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed) >> 20
    }
}

fn main() {
    let mut arguments = env::args().skip(1);
    let directory = arguments.next().expect("usage: churn DIRECTORY [MEGABYTES] [COMPACTION_SECONDS] [VALUE_KIB]");
    let mut number = |default| arguments.next().map_or(default, |text| text.parse().expect("it is a number"));
    let (megabytes, compaction_seconds, value_bytes): (u64, u64, u64) = (number(10_000), number(300), number(64) << 10);
    let keys = LIVE_BYTES / value_bytes;
    let store: Arc<dyn Engine> =
        embedded::open(&directory, embedded::Options::default()).expect("the directory can be opened");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("threads can be started");
    let puts = Arc::new(AtomicU64::new(0));
    let [disk, history_memory, history_disk, versions] = <[Peak; 4]>::default();
    let started = Instant::now();
    runtime.block_on(async {
        if compaction_seconds > 0 {
            let store = store.clone();
            tokio::spawn(async move {
                let mut before = store.current_revision();
                loop {
                    tokio::time::sleep(Duration::from_secs(compaction_seconds)).await;
                    // The store may have been faster.
                    let _ = store.compact(before).await;
                    before = store.current_revision();
                }
            });
        }
        let wanted = megabytes * 1_000_000 / value_bytes;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (store, puts, directory) = (store.clone(), puts.clone(), directory.clone());
                let [disk, history_memory, history_disk, versions] =
                    [&disk, &history_memory, &history_disk, &versions].map(Peak::clone);
                tokio::spawn(async move {
                    loop {
                        let count = puts.fetch_add(1, Ordering::Relaxed);
                        if count >= wanted {
                            break;
                        }
                        let key = Bytes::from(format!("/registry/configmaps/default/object-{}", count % keys));
                        let value = Bytes::from(vec![client as u8; value_bytes as usize]);
                        let write = Write::Put { key, value, expect: Expect::Any, time_to_live: None };
                        let revision = store.commit(vec![write]).await.expect("the disk has room").revision;
                        if count.is_multiple_of(100) {
                            disk.note(disk_bytes(directory.as_ref()));
                            let status = store.status();
                            history_memory.note(status.history_memory_bytes);
                            history_disk.note(status.history_disk_bytes);
                            versions.note(status.versions);
                            if compaction_seconds == 0 {
                                // Another may have been faster.
                                let _ = store.compact(revision).await;
                            }
                        }
                    }
                })
            })
            .collect();
        for client in clients {
            client.await.expect("clients do not panic");
        }
    });
    println!("{megabytes} MB in {:.0} s", started.elapsed().as_secs_f64());
    println!(
        "process: at most {} MB, now {} MB; {} versions at most",
        process_bytes("VmHWM") >> 20,
        process_bytes("VmRSS") >> 20,
        versions.0.load(Ordering::Relaxed)
    );
    println!("old values in memory: at most {} MB", history_memory.megabytes());
    println!("log for old revisions alone: at most {} MB", history_disk.megabytes());
    println!("disk: at most {} MB, now {} MB", disk.megabytes(), disk_bytes(directory.as_ref()) >> 20);
    println!("{:?}", store.status());
    read_the_past(&runtime, &*store);

    let ended = Instant::now();
    match runtime.block_on(store.compact(store.current_revision())) {
        Ok(()) | Err(StoreError::Compacted { .. }) => {}
        Err(error) => panic!("{error}"),
    }
    let bound = limits::DISK_BOUND_BYTES.max(3 * LIVE_BYTES);
    while disk_bytes(directory.as_ref()) > bound {
        std::thread::sleep(Duration::from_millis(10));
    }
    println!(
        "within {} MB {:.2} s after compaction: {} MB on the disk, {} MB in the process",
        bound >> 20,
        ended.elapsed().as_secs_f64(),
        disk_bytes(directory.as_ref()) >> 20,
        process_bytes("VmRSS") >> 20
    );
}

/// Reads some old revisions, and watches from the oldest.
fn read_the_past(runtime: &tokio::runtime::Runtime, store: &dyn Engine) {
    let started = Instant::now();
    let mut values = 0;
    for number in 0..READS {
        let status = store.status();
        let revision = status.compacted + (status.revision - status.compacted) * (number + 1) / READS;
        let request = RangeRequest { revision: Some(revision), ..RangeRequest::default() };
        values += runtime.block_on(store.range(request)).expect("it is not compacted").items.len();
    }
    println!("{READS} old revisions with {values} values read in {:.2} s", started.elapsed().as_secs_f64());
    let (started, status) = (Instant::now(), store.status());
    let mut watch = store.watch(Bytes::new(), Bytes::new(), status.compacted).expect("it is not compacted");
    let mut events = 0;
    runtime.block_on(async {
        loop {
            let batch = watch.next().await.expect("it is not compacted");
            events += batch.events.len();
            if batch.revision >= status.revision {
                break;
            }
        }
    });
    println!("{events} events watched from the oldest revision on in {:.2} s", started.elapsed().as_secs_f64());
}
