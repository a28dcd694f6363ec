//! What is installed, who needs it, and what a change means for the kernel.
//!
//! Two services may want the same element: the same endpoint in the hairpin set, or, by mistake, the same
//! external address and port. The first has it; when it goes, the next one gets it.

use std::collections::{BTreeMap, HashMap};

use apimachinery::Str;
use network::nftables::{Batch, Data, Family, Name, Set, TimedElement};

use crate::{
    Config,
    chains::{self, ChainKey, SETS},
    plan::{ElementKey, FamilyPlan},
};

/// The rules of one address family.
pub(crate) struct Rules {
    family: Family,
    /// Who wants an element, and what it should hold; the first one's wish is installed.
    claims: HashMap<ElementKey, Vec<(Str, Data)>>,
    chains: HashMap<ChainKey, usize>,
}

/// What stood in the kernel before, for all that a transaction touches.
#[derive(Default)]
pub(crate) struct Touched {
    elements: BTreeMap<ElementKey, Option<Data>>,
    chains: BTreeMap<ChainKey, bool>,
}

/// A difference to carry to the kernel.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) removed: Vec<ElementKey>,
    pub(crate) added: Vec<(ElementKey, Data)>,
    pub(crate) chains_added: Vec<ChainKey>,
    pub(crate) chains_removed: Vec<ChainKey>,
}

impl Difference {
    /// How many elements change.
    pub(crate) fn elements(&self) -> usize {
        self.removed.len() + self.added.len()
    }
}

impl Rules {
    pub(crate) fn new(family: Family) -> Rules {
        Rules { family, claims: HashMap::new(), chains: HashMap::new() }
    }

    pub(crate) fn family(&self) -> Family {
        self.family
    }

    fn touch(&self, key: &ElementKey, touched: &mut Touched) {
        if !touched.elements.contains_key(key) {
            let before = self.claims.get(key).map(|claims| claims[0].1.clone());
            touched.elements.insert(key.clone(), before);
        }
    }

    /// Replaces what `owner` needs. Returns elements that it wants and another has.
    pub(crate) fn change(
        &mut self,
        owner: &Str,
        old: &FamilyPlan,
        new: &FamilyPlan,
        touched: &mut Touched,
    ) -> Vec<ElementKey> {
        for (key, _) in old.elements.iter().filter(|(key, data)| new.elements.get(*key) != Some(data)) {
            self.touch(key, touched);
            // A key that stays keeps its place among the claims, so that a change does not lose it.
            if !new.elements.contains_key(key)
                && let Some(claims) = self.claims.get_mut(key)
            {
                claims.retain(|(claimant, _)| claimant != owner);
                if claims.is_empty() {
                    self.claims.remove(key);
                }
            }
        }
        let mut lost = Vec::new();
        for (key, data) in new.elements.iter().filter(|(key, data)| old.elements.get(*key) != Some(data)) {
            self.touch(key, touched);
            let claims = self.claims.entry(key.clone()).or_default();
            match claims.iter_mut().find(|(claimant, _)| claimant == owner) {
                Some(claim) => claim.1 = data.clone(),
                None => claims.push((owner.clone(), data.clone())),
            }
            if claims[0].0 != *owner && claims[0].1 != *data {
                lost.push(key.clone());
            }
        }
        self.change_chains(old, new, touched);
        lost
    }

    fn change_chains(&mut self, old: &FamilyPlan, new: &FamilyPlan, touched: &mut Touched) {
        for (key, step) in new
            .chains
            .difference(&old.chains)
            .map(|key| (key, 1))
            .chain(old.chains.difference(&new.chains).map(|key| (key, -1)))
        {
            let count = self.chains.entry(key.clone()).or_default();
            touched.chains.entry(key.clone()).or_insert(*count > 0);
            *count = count.checked_add_signed(step).expect("a chain is counted before it is discounted");
            if *count == 0 {
                self.chains.remove(key);
            }
        }
    }

    /// What `touched` means for the kernel.
    pub(crate) fn difference(&self, touched: Touched) -> Difference {
        let mut difference = Difference::default();
        for (key, before) in touched.elements {
            let now = self.claims.get(&key).map(|claims| &claims[0].1);
            if before.as_ref() == now {
                continue;
            }
            if before.is_some() {
                difference.removed.push(key.clone());
            }
            if let Some(now) = now {
                difference.added.push((key, now.clone()));
            }
        }
        for (key, before) in touched.chains {
            match (before, self.chains.contains_key(&key)) {
                (false, true) => difference.chains_added.push(key),
                (true, false) => difference.chains_removed.push(key),
                _ => {}
            }
        }
        difference
    }

    /// A difference as a transaction.
    pub(crate) fn batch(&self, difference: &Difference, config: &Config) -> Batch {
        let mut batch = Batch::new(&chains::table(self.family));
        let chains: Vec<_> =
            difference.chains_added.iter().map(|key| key.chain(self.family, &config.cluster_ranges)).collect();
        batch.add_all(&[] as &[Set], &chains);
        for (set, keys) in by_set(difference.removed.iter().map(|(set, key)| (set, key))) {
            batch.delete_elements(set, keys.into_iter().map(Vec::as_slice));
        }
        for (set, elements) in by_set(difference.added.iter().map(|((set, key), data)| (set, (key, data)))) {
            batch.add_elements(set, elements.into_iter().map(|(key, data)| (key.as_slice(), data)));
        }
        for key in &difference.chains_removed {
            batch.delete_chain(&key.name());
        }
        batch
    }

    /// The whole table as a transaction that replaces whatever is there; `remembered` are clients with
    /// session affinity.
    pub(crate) fn whole(&self, config: &Config, remembered: &[TimedElement]) -> Batch {
        let mut batch = Batch::new(&chains::table(self.family));
        batch.replace_table();
        let mut chains = chains::fixed_chains(self.family, &config.cluster_ranges, &config.service_ranges);
        chains.extend(self.chains.keys().map(|key| key.chain(self.family, &config.cluster_ranges)));
        batch.add_all(SETS, &chains);
        batch.add_timed_elements(&chains::AFFINITY.name, remembered);
        let elements = self.claims.iter().map(|((set, key), claims)| (set, (key, &claims[0].1)));
        for (set, elements) in by_set(elements) {
            batch.add_elements(set, elements.into_iter().map(|(key, data)| (key.as_slice(), data)));
        }
        batch
    }
}

fn by_set<'a, T>(elements: impl Iterator<Item = (&'a Name, T)>) -> BTreeMap<&'a Name, Vec<T>> {
    let mut sets: BTreeMap<&Name, Vec<T>> = BTreeMap::new();
    for (set, element) in elements {
        sets.entry(set).or_default().push(element);
    }
    sets
}
