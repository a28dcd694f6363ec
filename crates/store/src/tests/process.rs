//! The real thing: a process that is killed while it writes.

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use bytes::Bytes;

use crate::{
    Engine, Expect, RangeRequest, Write,
    embedded::{self, Options, SyncMode},
    testing::Random,
};

const DIRECTORY_VARIABLE: &str = "STORE_TEST_DIRECTORY";
const INTERVAL_VARIABLE: &str = "STORE_TEST_INTERVAL";
const ROUNDS: u64 = 12;
const WRITERS: u64 = 8;

fn options() -> Options {
    // The page cache survives the process, whether it was synced or not.
    let sync = match env::var_os(INTERVAL_VARIABLE) {
        Some(_) => SyncMode::Interval(Duration::from_millis(100)),
        None => SyncMode::Always,
    };
    Options { segment_bytes: 64 << 10, snapshot_log_bytes: 128 << 10, sync, ..Options::default() }
}

/// Not a test of its own: what [`acknowledged_writes_survive_a_kill`] starts and kills.
#[test]
#[ignore = "is started by another test"]
fn child() {
    let directory = env::var_os(DIRECTORY_VARIABLE).unwrap();
    let store = embedded::open(directory, options()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let writers = (0..WRITERS).map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for count in 0_u64.. {
                    let key = Bytes::from(format!("{writer}/{}", count % 50));
                    let value = Bytes::from(format!("{count} {}", "x".repeat(count as usize % 700)));
                    let write = Write::Put { key, value, expect: Expect::Any, time_to_live: None };
                    let revision = store.commit(vec![write]).await.unwrap().revision;
                    // One write to the pipe, so that lines of several writers do not mix.
                    let line = format!("\nacknowledged {revision} {writer} {count}\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
    });
}

/// Starts a child, kills it after some lines; gives for each writer its last acknowledged count and
/// revision.
fn run_and_kill(directory: &Path, lines: u64, has_interval: bool) -> BTreeMap<u64, (u64, u64)> {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "tests::process::child", "--ignored", "--nocapture"]).env(DIRECTORY_VARIABLE, directory);
    if has_interval {
        command.env(INTERVAL_VARIABLE, "");
    }
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut acknowledged = BTreeMap::new();
    let mut seen = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).split(b'\n') {
        let line = String::from_utf8(line.unwrap()).unwrap();
        let Some(rest) = line.strip_prefix("acknowledged ") else { continue };
        let numbers: Vec<u64> = rest.split(' ').filter_map(|number| number.parse().ok()).collect();
        // The kill may cut the last line.
        let [revision, writer, count] = numbers[..] else { continue };
        acknowledged.insert(writer, (count, revision));
        seen += 1;
        if seen == lines {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(seen >= lines, "the child ended by itself");
    acknowledged
}

#[test]
fn acknowledged_writes_survive_a_kill() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("store");
    let mut random = Random::new(1);
    let mut revision = 1;
    for round in 0..ROUNDS {
        let acknowledged = run_and_kill(&directory, 1 + random.below(1500), round % 2 == 1);
        let store = embedded::open(&directory, options()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let range = runtime.block_on(store.range(RangeRequest::default())).unwrap();
        let counts: BTreeMap<Bytes, (u64, u64)> = range
            .items
            .iter()
            .map(|kv| {
                let text = std::str::from_utf8(&kv.value).unwrap();
                let (count, filler) = text.split_once(' ').unwrap();
                let count: u64 = count.parse().unwrap();
                assert_eq!(filler.len() as u64, count % 700);
                (kv.key.clone(), (count, kv.mod_revision))
            })
            .collect();
        for (writer, (count, at)) in acknowledged {
            assert!(at > revision && at <= range.revision);
            // At most one commit of each writer was under way, so that this key is as acknowledged.
            let found = counts[&Bytes::from(format!("{writer}/{}", count % 50))];
            assert_eq!(found, (count, at));
        }
        revision = range.revision;
    }
}
