//! Old revisions, which are read and watched from memory and from the disk, compared with the model.

use bytes::Bytes;

use super::{Model, check_reads, check_state, random_key, turn};
use crate::{
    Clock, Engine, Event, RangeRequest, Revision, StoreError, Watch,
    testing::Random,
    tests::driven::{Driven, Machine, next},
};

/// What runs came across.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Stores that had values in the log alone.
    pub(super) spilled: u64,
    /// Stores that compacted themselves.
    pub(super) early: u64,
    /// Watches that surely began before the ring.
    pub(super) past_watches: u64,
    /// Those that went on from where they fell off the ring.
    pub(super) resumed: u64,
    /// Stores that had history from before their newest snapshot when they were opened again.
    pub(super) kept: u64,
}

impl Seen {
    pub(super) fn add(&mut self, other: Seen) {
        self.spilled += other.spilled;
        self.early += other.early;
        self.past_watches += other.past_watches;
        self.resumed += other.resumed;
        self.kept += other.kept;
    }
}

struct Watched {
    watch: Watch,
    start: Bytes,
    end: Bytes,
    given: Revision,
}

impl Watched {
    /// Whether an event is to be given on the way to a revision.
    fn wants(&self, event: &Event, until: Revision) -> bool {
        let key = &event.kv.key;
        let is_in_range = *key >= self.start && (self.end.is_empty() || *key < self.end);
        is_in_range && event.kv.mod_revision > self.given && event.kv.mod_revision <= until
    }
}

/// Checks of old revisions, with chance of their own.
pub(super) struct Past {
    random: Random,
    watches: Vec<Watched>,
    pub(super) seen: Seen,
}

/// Bounds that a few commits exceed.
pub(super) fn bound_history(machine: &mut Machine, random: &mut Random) {
    let options = &mut machine.options;
    options.history_memory_limit_bytes = [0, 150, 600][random.below(3) as usize];
    options.history_disk_limit_bytes = [1 << 10, 3 << 10, 1 << 20][random.below(3) as usize];
    options.history_limit_changes = [30, 1 << 20][random.below(2) as usize];
    options.watch_ring_limit_bytes = [200, 200, 2 << 10, 1 << 20][random.below(4) as usize];
}

/// Whether a store may compact itself.
pub(super) fn is_history_bounded(machine: &Machine) -> bool {
    machine.options.history_disk_limit_bytes < 1 << 20 || machine.options.history_limit_changes < 1 << 20
}

/// Reads every revision that is not compacted, and watches from the oldest on.
pub(super) fn check_history(store: &Driven, model: &Model) {
    let compacted = store.store.status().compacted;
    for revision in compacted..=model.revision() {
        let request = RangeRequest { revision: Some(revision), ..RangeRequest::default() };
        let items = store.range(request).unwrap().items;
        assert!(items.iter().eq(model.at(revision).values()), "not as it was at {revision}");
    }
    let mut watch = store.watch(compacted).unwrap();
    let mut events = model.events.iter().filter(|event| event.kv.mod_revision > compacted);
    while let Some(batch) = next(&mut watch) {
        batch.unwrap().events.iter().for_each(|event| assert_eq!(Some(event), events.next()));
    }
    assert_eq!(events.next(), None);
    assert!(matches!(store.watch(compacted - 1), Err(StoreError::Compacted { .. })));
}

impl Past {
    pub(super) fn new(seed: u64) -> Past {
        Past { random: Random::new(seed.rotate_left(32) ^ 0x9a57), watches: Vec::new(), seen: Seen::default() }
    }

    /// Reads and watches what was, after a turn that was whole.
    pub(super) fn check(&mut self, machine: &Machine, store: &Driven, model: &Model) {
        for _ in 0..3 {
            check_reads(store, model, &mut self.random);
        }
        let status = store.store.status();
        self.seen.spilled |= u64::from(status.history_disk_bytes > 0);
        self.seen.early |= u64::from(status.early_compactions > 0);
        assert!(status.compacted >= model.compacted && status.compacted <= status.revision);
        for mut watched in std::mem::take(&mut self.watches) {
            // Some are slow.
            if self.random.once_in(3) || self.follow(&mut watched, model) {
                self.watches.push(watched);
            } else {
                self.seen.resumed += u64::from(self.begin(store, watched.start, watched.end, watched.given));
            }
        }
        if self.random.once_in(2) {
            if self.watches.len() >= 4 {
                self.watches.remove(0);
            }
            let (mut start, mut end) = (random_key(&mut self.random), random_key(&mut self.random));
            if self.random.once_in(3) {
                (start, end) = Default::default();
            }
            let after = self.random.below(model.revision()) + 1;
            let has_begun = self.begin(store, start, end, after);
            // The ring has one batch alone.
            let is_past = machine.options.watch_ring_limit_bytes == 200 && after + 10 < model.revision();
            self.seen.past_watches += u64::from(has_begun && is_past);
        }
    }

    /// Compacts once in a while, as a server does; gives to which revision, or the one at which that failed, or nobody
    /// knows.
    pub(super) fn compact(
        &mut self,
        machine: &Machine,
        store: &mut Driven,
        model: &mut Model,
    ) -> Result<Revision, Revision> {
        let compacted = store.store.status().compacted;
        if !self.random.once_in(12) || compacted >= model.revision() {
            return Ok(0);
        }
        let revision = compacted + 1 + self.random.below(model.revision() - compacted);
        let since = model.revision();
        let result = store.compact(revision);
        model.expire(machine.clock.now_unix_milliseconds(), since);
        if result.is_ok() {
            model.compacted = revision;
        }
        result.map(|()| revision).map_err(|_| revision)
    }

    /// Begins a watch, which may be refused only for what is compacted; says whether it was not.
    fn begin(&mut self, store: &Driven, start: Bytes, end: Bytes, after: Revision) -> bool {
        match store.store.watch(start.clone(), end.clone(), after) {
            Ok(watch) => self.watches.push(Watched { watch, start, end, given: after }),
            Err(StoreError::Compacted { compacted, .. }) => {
                assert!(after < compacted && compacted == store.store.status().compacted);
                return false;
            }
            Err(error) => panic!("{error}"),
        }
        true
    }

    /// Takes all that a watch has to give; false: it has fallen behind.
    fn follow(&mut self, watched: &mut Watched, model: &Model) -> bool {
        let wants_progress = self.random.once_in(3);
        if wants_progress {
            watched.watch.progress_requester().request(model.revision());
        }
        let mut pauses = 0;
        while pauses < 3 {
            let batch = match next(&mut watched.watch) {
                None => {
                    pauses += 1;
                    continue;
                }
                Some(Ok(batch)) => batch,
                Some(Err(StoreError::Compacted { .. })) => return false,
                Some(Err(error)) => panic!("{error}"),
            };
            assert!(batch.revision <= model.revision());
            let wanted: Vec<&Event> =
                model.events.iter().filter(|event| watched.wants(event, batch.revision)).collect();
            assert_eq!(batch.events.iter().collect::<Vec<_>>(), wanted);
            watched.given = watched.given.max(batch.revision);
        }
        let missed = model.events.iter().find(|event| watched.wants(event, model.revision()));
        assert_eq!(missed, None, "after revision {}", watched.given);
        assert!(!wants_progress || watched.given == model.revision());
        true
    }
}

#[test]
fn old_revisions_are_the_model_s_wherever_they_are() {
    let mut seen = Seen::default();
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let mut machine = Machine::new(seed);
        bound_history(&mut machine, &mut random);
        let mut model = Model::new();
        let mut store = machine.open().unwrap();
        let mut past = Past::new(seed);
        for _ in 0..120 {
            turn(&mut store, &mut model, &machine, &mut random).unwrap();
            past.check(&machine, &store, &model);
            past.compact(&machine, &mut store, &mut model).unwrap();
        }
        let revision = model.revision();
        model.expire(machine.clock.now_unix_milliseconds(), revision);
        store.committer.turn();
        check_state(&store, &model);
        // What compaction has passed leaves nothing behind.
        store.put("last", "").unwrap();
        store.compact(model.revision() + 1).unwrap();
        let status = store.store.status();
        assert_eq!((status.history_memory_bytes, status.history_disk_bytes), (0, 0), "seed {seed}");
        assert_eq!(status.versions, status.keys);
        seen.add(past.seen);
    }
    // In most of the seeds.
    assert!(seen.spilled > 50 && seen.early > 30 && seen.past_watches > 60 && seen.resumed > 100, "{seen:?}");
}
