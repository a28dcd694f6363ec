//! Fills a store, to see what a large one costs: `cargo run --release -p store --example fill -- DIRECTORY KEYS`, then
//! `... -- DIRECTORY 0` opens it again, and `sagong up` with DIRECTORY in the place of its `store` serves it.
//!
//! The values are ConfigMaps of 1 KiB. The process ends without closing the store, as one that is killed does.

use std::{env, fs, time::Instant};

use bytes::Bytes;
use store::{Engine, Expect, Write, embedded};
use tokio::task::JoinSet;

/// Commits under way at once.
const CLIENTS: u64 = 256;
const VALUE_BYTES: usize = 1024;

fn put(number: u64) -> Write {
    let name = format!("item-{number:07}");
    let empty = format!(
        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}","namespace":"default","uid":"{number:08x}-0000-4000-8000-000000000000","creationTimestamp":"2026-01-01T00:00:00Z"}},"data":{{"key":""}}}}"#
    );
    let filling = "x".repeat(VALUE_BYTES - empty.len());
    let value = Bytes::from(empty.replace(r#""key":"""#, &format!(r#""key":"{filling}""#)));
    Write::Put {
        key: format!("/registry/configmaps/default/{name}").into(),
        value,
        expect: Expect::Any,
        time_to_live: None,
    }
}

fn resident_bytes() -> u64 {
    let text = fs::read_to_string("/proc/self/status").expect("procfs is mounted");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux says so");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("it is a number") * 1024
}

fn main() {
    let mut arguments = env::args().skip(1);
    let directory = arguments.next().expect("usage: fill DIRECTORY KEYS");
    let keys: u64 = arguments.next().and_then(|keys| keys.parse().ok()).expect("usage: fill DIRECTORY KEYS");
    let started = Instant::now();
    let store = embedded::open(&directory, embedded::Options::default()).expect("the directory can be opened");
    println!("opened in {:?}, {} MB resident: {:?}", started.elapsed(), resident_bytes() / 1_000_000, store.status());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("threads can be started");
    let started = Instant::now();
    runtime.block_on(async {
        for first in (0..keys).step_by(CLIENTS as usize) {
            let mut commits = JoinSet::new();
            for number in first..keys.min(first + CLIENTS) {
                let store = store.clone();
                commits.spawn(async move { store.commit(vec![put(number)]).await });
            }
            for committed in commits.join_all().await {
                committed.expect("the disk of a measurement has room");
            }
        }
    });
    if keys > 0 {
        println!(
            "filled in {:?}, {} MB resident: {:?}",
            started.elapsed(),
            resident_bytes() / 1_000_000,
            store.status()
        );
    }
    // Not closed, as by a crash.
    std::process::exit(0);
}
