//! Disks whose syncs are not what they should be: some that say that they are done and are not, some that do not end.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use bytes::Bytes;
use tokio::runtime;

use super::{
    driven::{DIRECTORY, Machine, next, put},
    hooked::Hooked,
};
use crate::{
    Engine, Expect, KeyValue, RangeRequest, Revision, Write, embedded,
    testing::{Fault, Random},
};

/// What the commits up to a revision add up to: each writes one of a few keys, or removes it.
fn objects_at(revision: Revision) -> BTreeMap<Bytes, Revision> {
    let mut objects = BTreeMap::new();
    for commit in 2..=revision {
        match commit % 5 {
            0 => objects.remove(&key_of(commit)),
            _ => objects.insert(key_of(commit), commit),
        };
    }
    objects
}

fn key_of(revision: Revision) -> Bytes {
    // What is removed is what the commit before wrote.
    let writer = if revision.is_multiple_of(5) { revision - 1 } else { revision };
    format!("{}", writer % 7).into()
}

fn write_of(revision: Revision) -> Write {
    let key = key_of(revision);
    match revision % 5 {
        0 => Write::Delete { key, expect: Expect::Any },
        _ => Write::Put { key, value: vec![b'x'; 90].into(), expect: Expect::Any, time_to_live: None },
    }
}

/// No store can keep what its disk only pretends to have: but it must not show what never was.
#[test]
fn a_disk_that_lies_about_syncs_costs_the_newest_commits_or_is_found_out() {
    let (mut losses, mut refusals) = (0, 0);
    for seed in 0..400 {
        let mut random = Random::new(seed);
        let mut machine = Machine::new(seed);
        let syncs = AtomicU64::new(0);
        let honest = random.below(60);
        // Later it is honest again, by chance, as a cache is that is written out after all.
        let is_done = Arc::new(move |_: &Path| {
            let sync = syncs.fetch_add(1, Ordering::Relaxed);
            sync < honest || sync % 7 == honest % 7
        });
        machine.options.file_system = Arc::new(Hooked { is_done, ..Hooked::of(&machine) });
        let mut store = machine.open().unwrap();
        let revision = 3 + random.below(80);
        for commit in 2..=revision {
            store.commit(vec![write_of(commit)]).unwrap();
        }
        drop(store);
        machine.disk.restart();
        match machine.open() {
            Ok(store) => {
                let range = store.everything();
                let revision_of = |kv: &KeyValue| (kv.key.clone(), kv.mod_revision);
                let found: BTreeMap<Bytes, Revision> = range.items.iter().map(revision_of).collect();
                assert_eq!(found, objects_at(range.revision), "seed {seed}: not as it ever was at {}", range.revision);
                assert!(range.revision <= revision);
                losses += u32::from(range.revision < revision);
            }
            Err(error) => {
                assert!(error.is_damage(), "seed {seed}: {error}");
                refusals += 1;
            }
        }
    }
    assert!(losses > 20 && refusals > 20, "{losses} lost the newest, {refusals} were refused");
}

/// The process ends when a name cannot be synced; the next one finds that name, and goes on behind it.
#[test]
fn a_name_that_could_not_be_synced_is_synced_before_it_is_used() {
    for seed in 0..20 {
        let machine = Machine::new(seed);
        let mut store = machine.open().unwrap();
        let long: &'static str = "0123456789".repeat(210).leak();
        // Of the commit: write and sync; of the next segment: create, write, sync, rename; then its name is synced.
        machine.disk.set_fault(Some((machine.disk.operations() + 6, Fault::Broken)));
        store.put("a", long).unwrap();
        assert!(store.store.status().read_only.unwrap().starts_with("cannot create /data/00000000000000000002.log"));
        drop(store);
        machine.disk.set_fault(None);
        let mut store = machine.open().unwrap();
        store.put("b", "1").unwrap();
        drop(store);
        machine.disk.restart();
        assert!(machine.open().unwrap().get("b").is_some(), "seed {seed}: an acknowledged commit is gone");
    }
}

/// How long something may take that has nothing to wait for.
const AT_ONCE: Duration = Duration::from_secs(30);
/// How long a sync hangs when a test that has failed does not end it.
const HANGS: Duration = Duration::from_secs(120);

#[test]
fn while_a_sync_hangs_everything_is_read_and_nothing_is_acknowledged() {
    let mut machine = Machine::new(1);
    let (is_hanging, (begun, begins), (go, goes)) =
        (Arc::new(AtomicBool::new(false)), mpsc::channel(), mpsc::channel());
    let goes = crate::sync::Mutex::new(goes);
    let hangs = is_hanging.clone();
    let is_done = Arc::new(move |_: &Path| {
        if hangs.load(Ordering::Relaxed) {
            // Of a test that has failed nobody hears, and nobody waits for it.
            let _ = begun.send(());
            let _ = goes.lock().recv_timeout(HANGS);
        }
        true
    });
    machine.options.file_system = Arc::new(Hooked { is_done, ..Hooked::of(&machine) });
    let store = embedded::open(DIRECTORY, machine.options.clone()).unwrap();
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(store.commit(vec![put("a", "1")])).unwrap();
    let mut watch = store.watch(Bytes::new(), Bytes::new(), 2).unwrap();

    is_hanging.store(true, Ordering::Relaxed);
    let commit = |value| {
        let store = store.clone();
        runtime.spawn(async move { store.commit(vec![put("a", value)]).await.unwrap().revision })
    };
    let pending = commit("2");
    begins.recv_timeout(AT_ONCE).expect("the commit is synced");
    is_hanging.store(false, Ordering::Relaxed);
    let others = [commit("3"), commit("4")];
    let (read, reads) = mpsc::channel();
    let reader = store.clone();
    thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread().build().unwrap();
        let value = runtime.block_on(reader.get(b"a")).unwrap().0.unwrap().value;
        let range = runtime.block_on(reader.range(RangeRequest::default())).unwrap();
        let exported = runtime.block_on(reader.export()).unwrap().revision;
        let watch = reader.watch(Bytes::new(), Bytes::new(), 1);
        read.send((value, range.revision, exported, reader.status().revision, watch.is_ok())).unwrap();
    });
    let seen = reads.recv_timeout(AT_ONCE).expect("reads do not wait for the disk");
    assert_eq!(seen, ("1".into(), 2, 2, 2, true));
    assert!(!pending.is_finished() && others.iter().all(|other| !other.is_finished()));
    assert!(next(&mut watch).is_none(), "nobody is told of what is not durable");

    go.send(()).unwrap();
    assert_eq!(runtime.block_on(pending).unwrap(), 3);
    let mut later = others.map(|other| runtime.block_on(other).unwrap());
    later.sort_unstable();
    assert_eq!(later, [4, 5]);
    store.close();
}

/// A snapshot is written while commits, and compactions, go on.
#[test]
fn a_snapshot_shows_its_revision_though_everything_is_replaced_meanwhile() {
    // More than is looked at in one step, and as much as is synced in one.
    const KEYS: u64 = 600;
    let value = Bytes::from(vec![b'x'; 20_000]);
    let mut machine = Machine::new(1);
    machine.options.segment_bytes = 1 << 20;
    machine.options.snapshot_log_bytes = 13 << 20;
    machine.options.disk_bound_bytes = 1 << 30;
    let ((begun, begins), (go, goes), (made, makes)) = (mpsc::channel(), mpsc::channel(), mpsc::channel());
    let goes = crate::sync::Mutex::new(goes);
    let is_done = Arc::new(move |path: &Path| {
        if path.to_string_lossy().ends_with(".snapshot.unfinished") {
            // Of a test that has failed nobody hears, and nobody waits for it.
            let _ = begun.send(());
            let _ = goes.lock().recv_timeout(HANGS);
        } else if path == Path::new(DIRECTORY) {
            let _ = made.send(());
        }
        true
    });
    machine.options.file_system = Arc::new(Hooked { is_done, ..Hooked::of(&machine) });
    let store = embedded::open(DIRECTORY, machine.options.clone()).unwrap();
    let runtime = runtime::Builder::new_current_thread().build().unwrap();
    let put = |number: u64, value: &Bytes| {
        let key = format!("{:03}", number % KEYS).into();
        let write = Write::Put { key, value: value.clone(), expect: Expect::Any, time_to_live: None };
        runtime.block_on(store.commit(vec![write])).unwrap();
    };
    // So much that a snapshot is due, whose thread begins when it gets to it.
    (0..KEYS + 100).for_each(|number| put(number, &value));
    begins.recv_timeout(AT_ONCE).expect("a snapshot is due");
    (0..KEYS).for_each(|number| put(number, &"new".into()));
    runtime.block_on(store.compact(store.current_revision())).unwrap();
    while makes.try_recv().is_ok() {}
    // For the part that was synced in between, and for the end.
    go.send(()).unwrap();
    begins.recv_timeout(AT_ONCE).expect("the snapshot is synced at its end");
    go.send(()).unwrap();
    // Further ones do not wait.
    drop(go);
    // It has its name, and what it replaces is gone.
    (0..2).for_each(|_| makes.recv_timeout(AT_ONCE).unwrap());
    store.close();
    assert!(machine.disk.files().iter().any(|(path, _)| path.extension().is_some_and(|end| end == "snapshot")));

    machine.options.file_system = Arc::new(machine.disk.clone());
    machine.disk.restart();
    let range = machine.open().unwrap().everything();
    assert_eq!(range.items.len() as u64, KEYS);
    for (kv, created) in range.items.iter().zip(2..) {
        assert_eq!((kv.create_revision, &kv.value[..]), (created, &b"new"[..]), "{:?} is from before", kv.key);
    }
}
