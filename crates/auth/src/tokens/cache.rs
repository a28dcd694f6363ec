//! Tokens that were verified already.
//!
//! A signature is checked once; what the token is bound to is looked at on every use, but decoded again only
//! when it was written since. Two generations bound the cache: when the younger one is full, the older one
//! goes.

use std::{collections::HashMap, sync::Arc};

use apimachinery::{Str, Value};
use apiserver::UserInfo;
use aws_lc_rs::digest;
use parking_lot::Mutex;

/// Tokens of one generation.
const GENERATION_LIMIT: usize = 4096;

/// The hash of a token: the cache must not hold tokens.
pub(super) type Key = [u8; 32];

/// An object at the revision at which it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) resource: &'static str,
    pub(super) key: Str,
    pub(super) revision: u64,
}

/// What a token's bound objects said.
pub(super) struct Checked {
    pub(super) seen: Vec<Seen>,
    pub(super) user: UserInfo,
}

/// A token whose signature holds.
pub(super) struct Verified {
    pub(super) claims: Value,
    pub(super) checked: Mutex<Option<Checked>>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<Key, Arc<Verified>>,
    old: HashMap<Key, Arc<Verified>>,
}

#[derive(Default)]
pub(super) struct TokenCache {
    generations: Mutex<Generations>,
}

pub(super) fn key_of(token: &str) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    key
}

impl TokenCache {
    pub(super) fn get(&self, key: &Key) -> Option<Arc<Verified>> {
        let mut generations = self.generations.lock();
        if let Some(found) = generations.young.get(key) {
            return Some(found.clone());
        }
        let found = generations.old.remove(key)?;
        generations.insert(*key, found.clone());
        Some(found)
    }

    pub(super) fn insert(&self, key: Key, verified: Arc<Verified>) {
        self.generations.lock().insert(key, verified);
    }

    pub(super) fn remove(&self, key: &Key) {
        let mut generations = self.generations.lock();
        generations.young.remove(key);
        generations.old.remove(key);
    }
}

impl Generations {
    fn insert(&mut self, key: Key, verified: Arc<Verified>) {
        if self.young.len() >= GENERATION_LIMIT {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, verified);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_outlives_what_is_not() {
        let cache = TokenCache::default();
        let verified = || Arc::new(Verified { claims: Value::Null, checked: Mutex::default() });
        let (used, unused) = (key_of("used"), key_of("unused"));
        cache.insert(used, verified());
        cache.insert(unused, verified());
        for round in 0..2 * GENERATION_LIMIT {
            cache.insert(key_of(&round.to_string()), verified());
            if round % 1000 == 0 {
                assert!(cache.get(&used).is_some());
            }
        }
        assert!(cache.get(&used).is_some() && cache.get(&unused).is_none());
        cache.remove(&used);
        assert!(cache.get(&used).is_none());
    }
}
