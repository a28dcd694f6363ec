//! Addresses and ports out of a range, each to one owner.

use std::{collections::BTreeMap, net::IpAddr};

use parking_lot::Mutex;

/// Numbers of a range with their owners. The truth is in the objects: this index is filled from them at
/// start, and every change of it is undone when the object is not stored.
pub(crate) struct Allocator {
    first: u128,
    count: u128,
    /// Where dynamic allocation begins; what is below is left to those who ask for a number (KEP-3070,
    /// KEP-3668).
    dynamic_offset: u128,
    taken: Mutex<BTreeMap<u128, String>>,
}

/// Why a number could not be had.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AllocationError {
    /// Not in the range.
    #[error("provided {0} is not in the valid range. The range of valid {1} is {2}")]
    OutOfRange(String, &'static str, String),
    /// Somebody else has it.
    #[error("provided {0} is already allocated")]
    Taken(String),
}

impl Allocator {
    pub(crate) fn new(first: u128, count: u128) -> Allocator {
        // Upstream: min(max(16, size / 16), 256), nothing for ranges that are too small for it.
        let offset = (count / 16).clamp(16, 256);
        let dynamic_offset = if count <= 16 { 0 } else { offset };
        Allocator { first, count, dynamic_offset, taken: Mutex::default() }
    }

    pub(crate) fn contains(&self, number: u128) -> bool {
        number >= self.first && number - self.first < self.count
    }

    /// Takes `number` for `owner`; the same owner may take it again.
    pub(crate) fn take(&self, number: u128, owner: &str) -> bool {
        let mut taken = self.taken.lock();
        match taken.get(&number) {
            Some(present) => present == owner,
            None => {
                taken.insert(number, owner.to_owned());
                true
            }
        }
    }

    /// Takes any number for `owner`: from the dynamic part first, at random.
    pub(crate) fn take_any(&self, owner: &str) -> Option<u128> {
        let mut taken = self.taken.lock();
        let parts = [(self.dynamic_offset, self.count), (0, self.dynamic_offset)];
        for (from, to) in parts {
            let size = to - from;
            if size == 0 {
                continue;
            }
            let start = u128::from(stdx::random::u64()) % size;
            let candidates = (0..size).map(|step| self.first + from + (start + step) % size);
            if let Some(number) = candidates.into_iter().find(|number| !taken.contains_key(number)) {
                taken.insert(number, owner.to_owned());
                return Some(number);
            }
        }
        None
    }

    /// Gives `number` back, if `owner` has it.
    pub(crate) fn release(&self, number: u128, owner: &str) {
        let mut taken = self.taken.lock();
        if taken.get(&number).is_some_and(|present| present == owner) {
            taken.remove(&number);
        }
    }
}

/// An address as a number.
pub(crate) fn address_number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_each_number_once_and_again_after_release() {
        let allocator = Allocator::new(100, 40);
        let mut given: Vec<u128> = (0..40).map(|owner| allocator.take_any(&owner.to_string()).unwrap()).collect();
        given.sort_unstable();
        assert_eq!(given, (100..140).collect::<Vec<_>>());
        assert_eq!(allocator.take_any("x"), None);
        assert!(!allocator.take(100, "x"));
        let owner = (0..40).map(|owner| owner.to_string()).find(|owner| allocator.take(100, owner)).unwrap();
        allocator.release(100, "somebody else");
        assert!(!allocator.take(100, "x"));
        allocator.release(100, &owner);
        assert_eq!(allocator.take_any("x"), Some(100));
        assert!(allocator.contains(139) && !allocator.contains(140) && !allocator.contains(99));
    }

    #[test]
    fn dynamic_numbers_leave_the_lower_part_to_those_who_ask() {
        let allocator = Allocator::new(0, 65_536);
        for owner in 0..1000 {
            assert!(allocator.take_any(&owner.to_string()).unwrap() >= 256);
        }
    }
}
