//! Random work, each answer compared with a model; then the same with a crash at every operation of the
//! file system.

mod lives;
mod past;

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;

use self::past::{Past, check_history};
use super::driven::{Driven, Machine, next};
use crate::{
    Clock, Engine, Event, EventKind, Expect, KeyValue, RangeRequest, Revision, Status, StoreError, Write,
    embedded::SyncMode,
    testing::{Fault, Random},
};

/// Some turns of the clock.
const SOMETIMES: SyncMode = SyncMode::Interval(Duration::from_millis(700));

type Keys = BTreeMap<Bytes, KeyValue>;

/// All of history, kept in the plainest way.
struct Model {
    /// The keys at each revision, from revision 1.
    states: Vec<Keys>,
    events: Vec<Event>,
    compacted: Revision,
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Done(Revision, Vec<Option<KeyValue>>),
    Conflict(usize, Option<KeyValue>),
}

impl Model {
    fn new() -> Model {
        Model { states: vec![Keys::new()], events: Vec::new(), compacted: 1 }
    }

    fn revision(&self) -> Revision {
        self.states.len() as Revision
    }

    fn at(&self, revision: Revision) -> &Keys {
        &self.states[revision as usize - 1]
    }

    fn commit(&mut self, writes: &[Write], now_milliseconds: u64) -> Outcome {
        let before = self.at(self.revision()).clone();
        let mut after = before.clone();
        let revision = self.revision() + 1;
        let mut events = Vec::new();
        for (index, write) in writes.iter().enumerate() {
            let current = before.get(write.key());
            let holds = match write.expect() {
                Expect::Any => true,
                Expect::Absent => current.is_none(),
                Expect::Revision(revision) => current.is_some_and(|kv| kv.mod_revision == revision),
            };
            if !holds {
                return Outcome::Conflict(index, current.cloned());
            }
            let mut kv = KeyValue {
                key: write.key().clone(),
                value: Bytes::new(),
                create_revision: 0,
                mod_revision: revision,
                expires_at: None,
            };
            match write {
                Write::Put { key, value, time_to_live, .. } => {
                    kv.value = value.clone();
                    kv.create_revision = current.map_or(revision, |kv| kv.create_revision);
                    kv.expires_at =
                        time_to_live.map(|time| (now_milliseconds + time.as_millis() as u64).div_ceil(1000));
                    after.insert(key.clone(), kv.clone());
                    events.push(Event { kind: EventKind::Put, kv, previous: current.cloned() });
                }
                Write::Delete { key, .. } if current.is_some() => {
                    after.remove(key);
                    events.push(Event { kind: EventKind::Delete, kv, previous: current.cloned() });
                }
                Write::Delete { .. } => {}
            }
        }
        let previous = writes.iter().map(|write| before.get(write.key()).cloned()).collect();
        if events.is_empty() {
            return Outcome::Done(self.revision(), previous);
        }
        self.states.push(after);
        self.events.extend(events);
        Outcome::Done(revision, previous)
    }

    /// Deletes what is due, unless it was changed after `since`, as part of the same turn.
    fn expire(&mut self, now_milliseconds: u64, since: Revision) {
        let keys = self.at(self.revision()).values();
        let due =
            keys.filter(|kv| kv.mod_revision <= since && kv.expires_at.is_some_and(|at| at * 1000 <= now_milliseconds));
        let mut due: Vec<_> = due.map(|kv| (kv.expires_at, kv.key.clone())).collect();
        due.sort();
        for (_, key) in due {
            self.commit(&[Write::Delete { key, expect: Expect::Any }], now_milliseconds);
        }
    }

    fn forget_after(&mut self, revision: Revision) {
        self.states.truncate(revision as usize);
        self.events.retain(|event| event.kv.mod_revision <= revision);
        self.compacted = self.compacted.min(revision);
    }
}

fn random_key(random: &mut Random) -> Bytes {
    format!("/registry/{}", random.below(12)).into()
}

fn random_writes(random: &mut Random, model: &Model) -> Vec<Write> {
    let mut writes: BTreeMap<Bytes, Write> = BTreeMap::new();
    for _ in 0..=random.below(3) {
        let key = random_key(random);
        let current = model.at(model.revision()).get(&key);
        let expect = match random.below(6) {
            0 => Expect::Absent,
            1 | 2 => Expect::Revision(current.map_or(7, |kv| kv.mod_revision)),
            3 if random.once_in(3) => Expect::Revision(random.below(model.revision()) + 1),
            _ => Expect::Any,
        };
        let write = if random.once_in(4) {
            Write::Delete { key: key.clone(), expect }
        } else {
            let value = vec![random.number() as u8; random.below(120) as usize].into();
            let time_to_live = random.once_in(5).then(|| Duration::from_millis(random.below(4000)));
            Write::Put { key: key.clone(), value, expect, time_to_live }
        };
        writes.insert(key, write);
    }
    writes.into_values().collect()
}

/// One turn of the store and of the model. False: the store has stopped working.
fn turn(store: &mut Driven, model: &mut Model, machine: &Machine, random: &mut Random) -> Result<(), StoreError> {
    machine.clock.advance_milliseconds(random.below(500));
    let now = machine.clock.now_unix_milliseconds();
    let since = model.revision();
    let commits: Vec<_> = (0..random.below(5)).map(|_| random_writes(random, model)).collect();
    let mut failure = None;
    for (result, writes) in store.commit_all(commits.clone()).into_iter().zip(commits) {
        if let Err(error @ StoreError::NoSpace { .. }) = result {
            // Surely not made, whatever became of the others.
            failure = Some(error);
            continue;
        }
        let expected = model.commit(&writes, now);
        let outcome = match result {
            Ok(committed) => Outcome::Done(committed.revision, committed.previous),
            Err(StoreError::Conflict { index, current }) => Outcome::Conflict(index, current),
            Err(error) => {
                failure = Some(error);
                continue;
            }
        };
        assert_eq!(outcome, expected);
    }
    model.expire(now, since);
    failure.map_or(Ok(()), Err)
}

fn check_reads(store: &Driven, model: &Model, random: &mut Random) {
    let revision = random.below(model.revision() + 2) + 1;
    let (mut start, mut end) = (random_key(random), random_key(random));
    if random.once_in(3) {
        (start, end) = Default::default();
    }
    let limit = random.below(6) as usize;
    let request = RangeRequest { start: start.clone(), end: end.clone(), limit, revision: Some(revision) };
    match store.range(request) {
        Ok(range) => {
            assert!(revision >= model.compacted && revision <= model.revision());
            let keys = model.at(revision).values();
            let all: Vec<_> = keys.filter(|kv| kv.key >= start && (end.is_empty() || kv.key < end)).cloned().collect();
            let count = if limit == 0 { all.len() } else { limit.min(all.len()) };
            assert_eq!(range.items, all[..count]);
            assert_eq!(range.remaining_count as usize, all.len() - count);
            assert_eq!((range.more, range.revision), (count < all.len(), revision));
        }
        // A store whose history is bounded compacts itself.
        Err(StoreError::Compacted { compacted, .. }) => assert!(revision < compacted && compacted >= model.compacted),
        Err(StoreError::FutureRevision { current, .. }) => assert!(revision > current && current == model.revision()),
        Err(error) => panic!("{error}"),
    }
}

fn check_state(store: &Driven, model: &Model) {
    let range = store.everything();
    assert_eq!(range.revision, model.revision());
    assert_eq!(range.items, model.at(range.revision).values().cloned().collect::<Vec<_>>());
    assert_eq!(store.store.status().keys as usize, range.items.len());
}

#[test]
fn every_answer_is_the_model_s() {
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let machine = Machine::new(seed);
        let mut model = Model::new();
        let mut store = machine.open().unwrap();
        let mut watch = store.watch(1).unwrap();
        let mut watched = 0;
        for _ in 0..150 {
            turn(&mut store, &mut model, &machine, &mut random).unwrap();
            check_reads(&store, &model, &mut random);
            while let Some(batch) = next(&mut watch) {
                let batch = batch.unwrap();
                assert_eq!(batch.events[..], model.events[watched..watched + batch.events.len()]);
                watched += batch.events.len();
            }
            assert_eq!(watched, model.events.len());
            if random.once_in(10) && model.compacted < model.revision() {
                let span = model.revision() - model.compacted;
                let revision = model.compacted + 1 + random.below(span);
                store.compact(revision).unwrap();
                model.compacted = revision;
                model.expire(machine.clock.now_unix_milliseconds(), model.revision());
            }
            if random.once_in(20) {
                if random.once_in(2) {
                    store.close();
                    model.expire(machine.clock.now_unix_milliseconds(), model.revision());
                } else {
                    drop(store);
                }
                store = machine.open().unwrap();
                watch = store.watch(model.revision()).unwrap();
                check_state(&store, &model);
                assert_eq!(store.store.status().compacted, model.compacted);
                check_history(&store, &model);
            }
        }
        check_state(&store, &model);
        assert!(store.store.status().snapshot_bytes > 0, "a run is long enough for snapshots");
    }
}

/// What must be there after a store has stopped.
#[derive(Clone, Copy)]
struct Promise {
    /// Whatever stopped it.
    synced: Revision,
    /// Where the machine went on.
    acknowledged: Revision,
    /// What a restart may take for compacted at the most.
    kept_from: Revision,
}

impl Promise {
    fn all(revision: Revision) -> Promise {
        Promise { synced: revision, acknowledged: revision, kept_from: Revision::MAX }
    }

    /// Takes in how a store is, in which something may have failed while `asked` was to be compacted.
    fn note(&mut self, machine: &Machine, status: &Status, asked: Revision) {
        self.synced = status.synced_revision;
        // What it began by itself and nobody was told of may be in the log.
        let is_bounded = past::is_history_bounded(machine);
        self.kept_from = if is_bounded { Revision::MAX } else { status.kept_from.max(asked) };
    }
}

/// Works until the machine stops; gives what was promised.
fn work_until_crash(machine: &Machine, model: &mut Model, random: &mut Random, turns: usize) -> Promise {
    work(machine, model, random, turns, None)
}

/// The same; `past` looks at old revisions all the time.
fn work(
    machine: &Machine,
    model: &mut Model,
    random: &mut Random,
    turns: usize,
    mut past: Option<&mut Past>,
) -> Promise {
    let Ok(mut store) = machine.open() else { return Promise::all(model.revision()) };
    let mut promise = Promise::all(store.everything().revision);
    if machine.options.sync != SyncMode::Always {
        // A compaction that was not synced may have been forgotten.
        model.compacted = model.compacted.min(store.store.status().compacted);
    }
    for _ in 0..turns {
        let worked = turn(&mut store, model, machine, random);
        let status = store.store.status();
        match machine.options.sync {
            SyncMode::Always => assert_eq!(status.synced_revision, status.revision),
            SyncMode::Interval(_) => assert!((promise.synced..=status.revision).contains(&status.synced_revision)),
        }
        promise.note(machine, &status, 0);
        if worked.is_err() {
            return promise;
        }
        if status.read_only.is_some() || status.revision != model.revision() {
            // Found out by a turn in which nobody asked for anything, or behind its answers.
            promise.acknowledged = promise.acknowledged.max(status.revision);
            return promise;
        }
        promise.acknowledged = model.revision();
        if let Some(past) = past.as_mut() {
            past.check(machine, &store, model);
            let asked = past.compact(machine, &mut store, model);
            let status = store.store.status();
            promise.note(machine, &status, asked.unwrap_or_else(|asked| asked));
            if asked.is_err() || status.revision != model.revision() {
                promise.acknowledged = promise.acknowledged.max(status.revision);
                return promise;
            }
            promise.acknowledged = model.revision();
        }
    }
    let engine = store.store.clone();
    store.close();
    // What the last turn wrote and was due at once.
    model.expire(machine.clock.now_unix_milliseconds(), model.revision());
    // A close syncs, unless the disk fails.
    promise.note(machine, &engine.status(), 0);
    promise
}

/// Opens a store that has stopped and compares it; says whether it has history from before its newest snapshot.
fn check_recovered(machine: &Machine, model: &mut Model, promise: Promise) -> bool {
    let kept = promise.synced;
    let store = machine.open().unwrap();
    let revision = store.everything().revision;
    assert!(revision >= kept, "a commit is gone that was promised to last: {kept} of {revision}");
    assert!(revision <= model.revision(), "there are commits that nobody made");
    model.forget_after(revision);
    check_state(&store, model);
    let compacted = store.store.status().compacted;
    assert!(compacted <= promise.kept_from, "{compacted} is compacted, {} was promised", promise.kept_from);
    check_history(&store, model);
    store.store.status().history_disk_bytes > 0
}

#[test]
fn a_crash_at_any_operation_loses_nothing_acknowledged() {
    const TURNS: usize = 60;
    for (seed, sync) in [(0, SyncMode::Always), (1, SyncMode::Always), (1, SOMETIMES)] {
        let mut machine = Machine::new(seed);
        machine.options.sync = sync;
        work_until_crash(&machine, &mut Model::new(), &mut Random::new(seed), TURNS);
        let operations = machine.disk.operations();
        assert!(operations > 100, "{operations}");
        for operation in 0..operations {
            let mut machine = Machine::new(seed ^ (operation << 8));
            machine.options.sync = sync;
            let mut random = Random::new(seed);
            let mut model = Model::new();
            machine.disk.set_fault(Some((operation, Fault::Crash)));
            let mut promise = work_until_crash(&machine, &mut model, &mut random, TURNS);
            machine.disk.restart();
            // Recovery itself is crashed, at a random operation, a few times.
            for _ in 0..random.below(3) {
                machine.disk.set_fault(Some((machine.disk.operations() + random.below(6), Fault::Crash)));
                if let Ok(store) = machine.open() {
                    // What was shown once must not go again.
                    promise.synced = promise.synced.max(store.everything().revision);
                }
                machine.disk.restart();
            }
            check_recovered(&machine, &mut model, promise);
            let promise = work_until_crash(&machine, &mut model, &mut random, 5);
            machine.disk.restart();
            check_recovered(&machine, &mut model, promise);
        }
    }
}

#[test]
fn a_broken_disk_at_any_operation_loses_nothing_acknowledged() {
    const TURNS: usize = 30;
    let modes = [SyncMode::Always, SOMETIMES];
    for (fault, sync) in [Fault::Broken, Fault::Short].into_iter().flat_map(|fault| modes.map(|sync| (fault, sync))) {
        let mut machine = Machine::new(7);
        machine.options.sync = sync;
        work_until_crash(&machine, &mut Model::new(), &mut Random::new(7), TURNS);
        for operation in 0..machine.disk.operations() {
            let mut machine = Machine::new(operation);
            machine.options.sync = sync;
            let mut random = Random::new(7);
            let mut model = Model::new();
            machine.disk.set_fault(Some((operation, fault)));
            let mut promise = work_until_crash(&machine, &mut model, &mut random, TURNS);
            if random.once_in(2) {
                // The process alone starts again and shows what the page cache has: that must then last.
                machine.disk.set_fault(None);
                promise.synced = machine.open().unwrap().everything().revision;
                assert!(promise.synced >= promise.acknowledged);
            }
            machine.disk.restart();
            check_recovered(&machine, &mut model, promise);
        }
    }
}

#[test]
fn a_bit_that_flips_is_found_or_was_never_promised() {
    for seed in 0..400 {
        let machine = Machine::new(seed);
        let mut random = Random::new(seed);
        let mut model = Model::new();
        let acknowledged = work_until_crash(&machine, &mut model, &mut random, 20).acknowledged;
        // Closed in order: everything is marked as durable.
        let files: Vec<_> = machine.disk.files().into_iter().filter(|(_, length)| *length > 0).collect();
        let (path, length) = &files[random.below(files.len() as u64) as usize];
        let position = random.below(*length) as usize;
        machine.disk.damage(path, |contents| contents[position] ^= 1 << random.below(8));
        // Padding between records is in no checksum.
        if let Ok(store) = machine.open() {
            assert_eq!(store.everything().revision, acknowledged, "seed {seed}: {} at {position}", path.display());
            check_state(&store, &model);
        }
    }
}
