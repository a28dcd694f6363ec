//! Measures durable puts: `cargo run --release -p store --example puts -- DIRECTORY [SECONDS [interval]]`; with
//! `interval`, of a store that syncs each 100 ms.
//!
//! For 1, 16, 256 and 1,000 clients, each of which puts 1 KiB under keys of its own and waits for the
//! answer: puts per second, CPU time per put (of the whole process, clients included), latency.

use std::{
    env, fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use store::{
    Engine, Expect, Write,
    embedded::{self, SyncMode},
};

const VALUE_BYTES: usize = 1024;
const KEYS_PER_CLIENT: u64 = 100;

/// CPU time of this process so far. The kernel's nanoseconds per thread, since clock ticks are coarse.
fn cpu_microseconds() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").expect("procfs is mounted");
    let nanoseconds = |task: fs::DirEntry| -> Option<u64> {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    tasks.filter_map(|task| nanoseconds(task.ok()?)).sum::<u64>() / 1000
}

async fn client(engine: Arc<dyn Engine>, client: u64, stop: Arc<AtomicBool>, puts: Arc<AtomicU64>) {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let key = Bytes::from(format!("/registry/configmaps/default/client-{client}-{}", count % KEYS_PER_CLIENT));
        let value = Bytes::from(vec![count as u8; VALUE_BYTES]);
        let write = Write::Put { key, value, expect: Expect::Any, time_to_live: None };
        engine.commit(vec![write]).await.expect("the disk of a measurement has room");
        puts.fetch_add(1, Ordering::Relaxed);
        count += 1;
    }
}

fn main() {
    let mut arguments = env::args().skip(1);
    let directory = arguments.next().expect("usage: puts DIRECTORY [SECONDS]");
    let seconds = arguments.next().and_then(|seconds| seconds.parse().ok()).unwrap_or(3);
    let sync = match arguments.next().as_deref() {
        Some("interval") => SyncMode::Interval(Duration::from_millis(100)),
        _ => SyncMode::Always,
    };
    let options = embedded::Options { sync, ..embedded::Options::default() };
    let store = embedded::open(&directory, options).expect("the directory can be opened");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("threads can be started");
    println!("clients     puts/s   CPU µs/put   µs/put (latency)");
    for clients in [1, 16, 256, 1000] {
        let engine: Arc<dyn Engine> = store.clone();
        runtime.block_on(async {
            let (stop, puts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
            let (started, cpu) = (Instant::now(), cpu_microseconds());
            let tasks: Vec<_> = (0..clients)
                .map(|number| tokio::spawn(client(engine.clone(), number, stop.clone(), puts.clone())))
                .collect();
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            stop.store(true, Ordering::Relaxed);
            for task in tasks {
                task.await.expect("clients do not panic");
            }
            let (elapsed, cpu) = (started.elapsed().as_secs_f64(), cpu_microseconds() - cpu);
            let puts = puts.load(Ordering::Relaxed) as f64;
            let latency = elapsed * 1e6 * clients as f64 / puts;
            println!("{clients:>7} {:>10.0} {:>12.1} {latency:>10.0}", puts / elapsed, cpu as f64 / puts);
            let compact = engine.compact(engine.current_revision()).await;
            compact.expect("nobody compacted this revision");
        });
    }
    println!("{:?}", store.status());
}
