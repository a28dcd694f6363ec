//! Stores that fail again and again, by many seeds.

use std::time::Duration;

use super::{
    Machine, Model, check_recovered,
    past::{Past, Seen, bound_history},
    work,
};
use crate::{
    embedded::{SyncMode, restore::Until},
    testing::{Fault, Random},
    tests::archives::{archive, empty_backup, restore},
};

/// How many seeds, and from which on: `STORE_SEEDS=COUNT` or `STORE_SEEDS=FIRST+COUNT`; one that failed is run again
/// with `STORE_SEEDS=SEED+1`.
fn seeds() -> std::ops::Range<u64> {
    let text = std::env::var("STORE_SEEDS").unwrap_or_else(|_| "10000".to_owned());
    let (first, count) = text.split_once('+').unwrap_or(("0", &text));
    let number = |text: &str| text.parse::<u64>().expect("STORE_SEEDS is COUNT or FIRST+COUNT");
    number(first)..number(first) + number(count)
}

/// Some lives of one store, each ended by a fault: of the machine, of the disk, of space, or by the process's end alone.
fn lives(seed: u64) -> Seen {
    let mut machine = Machine::new(seed);
    let mut random = Random::new(!seed);
    machine.options.reserve_bytes = if random.once_in(2) { 512 } else { 0 };
    machine.options.zero_ahead_bytes = random.below(4) * 2500;
    if random.once_in(2) {
        // As long as some turns of the clock.
        machine.options.sync = SyncMode::Interval(Duration::from_millis(random.below(2500)));
    }
    if random.once_in(3) {
        machine.options.log_archive = Some(archive(1 << 30));
    }
    bound_history(&mut machine, &mut random);
    let mut model = Model::new();
    let mut seen = Seen::default();
    for life in 0..2 + random.below(3) {
        let turns = 1 + random.below(25) as usize;
        let at = machine.disk.operations() + random.below(4 * turns as u64 + 8);
        let fault = [Fault::Crash, Fault::Broken, Fault::NoSpace, Fault::Short][random.below(4) as usize];
        machine.disk.set_fault((!random.once_in(5)).then_some((at, fault)));
        let mut past = Past::new(seed ^ life << 56);
        let mut promise = work(&machine, &mut model, &mut random, turns, Some(&mut past));
        seen.add(past.seen);
        machine.disk.set_fault(None);
        if fault != Fault::Crash && random.once_in(3) {
            // The process alone begins anew: what it shows now must last.
            promise.synced = machine.open().unwrap().everything().revision;
            assert!(promise.synced >= promise.acknowledged, "{} of {}", promise.synced, promise.acknowledged);
        }
        machine.disk.restart();
        seen.kept += u64::from(check_recovered(&machine, &mut model, promise));
    }
    if machine.options.log_archive.is_some() {
        check_archive(&machine, &model, &mut random);
    }
    seen
}

/// Whatever happened, the archive has all of the history.
fn check_archive(machine: &Machine, model: &Model, random: &mut Random) {
    machine.open().unwrap().close();
    let backup = empty_backup(0);
    for _ in 0..2 {
        let revision = random.below(model.revision()) + 1;
        let (_, items) = restore(machine, &backup, Until::Revision(revision)).unwrap();
        assert_eq!(items, model.at(revision).values().cloned().collect::<Vec<_>>());
    }
}

#[test]
fn many_seeds_lose_nothing_acknowledged() {
    let (mut seen, seeds) = (Seen::default(), seeds());
    for seed in seeds.clone() {
        match std::panic::catch_unwind(|| lives(seed)) {
            Ok(lived) => seen.add(lived),
            Err(_) => panic!("seed {seed}: run it again with STORE_SEEDS={seed}+1"),
        }
    }
    let many = (seeds.end - seeds.start) / 3;
    assert!(
        seen.spilled.min(seen.early).min(seen.resumed).min(seen.kept) >= many && seen.past_watches >= many / 5,
        "{seen:?}"
    );
}
