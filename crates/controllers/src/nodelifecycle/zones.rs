//! How fast pods may be evicted: when many nodes fall silent at once, it is more likely that we are cut off than
//! that they are all dead.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use apimachinery::Object;
use tokio::time::Instant;

use crate::pods;

/// Between two evictions in a zone, in seconds (upstream's 0.1 a second).
const INTERVAL_SECONDS: u64 = 10;
/// The same in a large zone where many nodes are unhealthy (0.01 a second).
const SLOW_INTERVAL_SECONDS: u64 = 100;
/// Zones with more nodes than this are large.
const LARGE_ZONE_NODES: usize = 50;
/// The share of unhealthy nodes from which a zone counts as disrupted, in percent.
const UNHEALTHY_PERCENT: usize = 55;

/// How long a node must be unhealthy before it loses its pods, in seconds: nodes that fall silent together must
/// all have been noticed (upstream's monitor period).
const SETTLE_SECONDS: u64 = 5;

/// The health of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Normal,
    /// Many nodes are unhealthy.
    Partial,
    /// No node is ready.
    Full,
}

#[derive(Clone, Copy, Debug, Default)]
struct Zone {
    ready: usize,
    unready: usize,
}

impl Zone {
    fn health(self) -> Health {
        let all = self.ready + self.unready;
        match () {
            () if self.ready == 0 && self.unready > 0 => Health::Full,
            () if self.unready > 2 && self.unready * 100 >= UNHEALTHY_PERCENT * all => Health::Partial,
            () => Health::Normal,
        }
    }
}

fn zone_of(node: &Object) -> String {
    let label = |key| node.label(key).unwrap_or_default();
    format!("{}:{}", label("topology.kubernetes.io/region"), label("topology.kubernetes.io/zone"))
}

/// When each zone may lose the next node's pods.
#[derive(Default)]
pub(super) struct Evictions {
    next: BTreeMap<String, Instant>,
    /// Since when nodes are unhealthy.
    since: BTreeMap<String, Instant>,
}

impl Evictions {
    /// The node is well, or gone.
    pub(super) fn forget(&mut self, name: &str) {
        self.since.remove(name);
    }

    /// Whether the pods of `node` may be evicted now. If not, the error says after what time to ask again;
    /// nothing when only a change of some node can help.
    pub(super) fn ask(&mut self, node: &Object, nodes: &[Arc<Object>], now: Instant) -> Result<(), Option<Duration>> {
        let since = *self.since.entry(node.name().to_owned()).or_insert(now);
        let settled = since + Duration::from_secs(SETTLE_SECONDS);
        if settled > now {
            return Err(Some(settled - now));
        }
        let mut zones: BTreeMap<String, Zone> = BTreeMap::new();
        for node in nodes {
            let zone = zones.entry(zone_of(node)).or_default();
            let count = if pods::condition_is_true(node, "Ready") { &mut zone.ready } else { &mut zone.unready };
            *count += 1;
        }
        // With no zone left it is us who are cut off. Looking again costs little and heals a missed change.
        if zones.values().all(|zone| zone.health() == Health::Full) {
            return Err(Some(Duration::from_secs(SLOW_INTERVAL_SECONDS)));
        }
        let name = zone_of(node);
        let zone = zones.get(&name).copied().unwrap_or_default();
        let large = zone.ready + zone.unready > LARGE_ZONE_NODES;
        let interval = match zone.health() {
            Health::Partial if large => SLOW_INTERVAL_SECONDS,
            // In a small zone evictions stop.
            Health::Partial => return Err(Some(Duration::from_secs(SLOW_INTERVAL_SECONDS))),
            Health::Normal | Health::Full => INTERVAL_SECONDS,
        };
        match self.next.get(&name) {
            Some(next) if *next > now => Err(Some(*next - now)),
            _ => {
                self.next.insert(name, now + Duration::from_secs(interval));
                Ok(())
            }
        }
    }
}
