//! Numbers out of a range, each to one owner.

use std::{collections::BTreeMap, net::IpAddr};

use parking_lot::Mutex;

/// A range of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    first: u128,
    count: u128,
    /// Where dynamic allocation begins; what is below is left to those who ask for a number (KEP-3070,
    /// KEP-3668).
    dynamic_offset: u128,
}

impl Span {
    /// Upstream leaves a part of the range, between these bounds, to those who ask.
    fn new(first: u128, count: u128, part: u128, most: u128) -> Span {
        let dynamic_offset = if count <= 16 { 0 } else { (count / part).clamp(16, most) };
        Span { first, count, dynamic_offset }
    }

    /// A range of addresses.
    pub(crate) fn of_addresses(first: u128, count: u128) -> Span {
        Span::new(first, count, 16, 256)
    }

    /// A range of ports.
    pub(crate) fn of_ports(first: u128, count: u128) -> Span {
        Span::new(first, count, 32, 128)
    }

    /// Whether `number` is in it.
    pub(crate) fn contains(&self, number: u128) -> bool {
        number >= self.first && number - self.first < self.count
    }

    /// Every number, in the order of dynamic allocation: the dynamic part first, each part from somewhere.
    pub(crate) fn candidates(self) -> impl Iterator<Item = u128> + Send {
        let parts = [(self.dynamic_offset, self.count), (0, self.dynamic_offset)];
        parts.into_iter().filter(|(from, to)| from < to).flat_map(move |(from, to)| {
            let size = to - from;
            let start = u128::from(stdx::random::u64()) % size;
            (0..size).map(move |step| self.first + from + (start + step) % size)
        })
    }
}

/// Numbers of a range with their owners. The truth is in the objects: this index is filled from them at
/// start, and every change of it is undone when the object is not stored.
pub(crate) struct Allocator {
    span: Span,
    taken: Mutex<BTreeMap<u128, String>>,
}

impl Allocator {
    /// Ports of which none is taken.
    pub(crate) fn of_ports(first: u128, count: u128) -> Allocator {
        Allocator { span: Span::of_ports(first, count), taken: Mutex::default() }
    }

    pub(crate) fn contains(&self, number: u128) -> bool {
        self.span.contains(number)
    }

    /// Takes `number` for `owner`; the same owner may take it again.
    pub(crate) fn take(&self, number: u128, owner: &str) -> bool {
        self.take_new(number, owner).is_some()
    }

    /// Takes `number` for `owner`. Whether it is new to the owner; `None` when somebody else has it.
    pub(crate) fn take_new(&self, number: u128, owner: &str) -> Option<bool> {
        let mut taken = self.taken.lock();
        match taken.get(&number) {
            Some(present) => (present == owner).then_some(false),
            None => {
                taken.insert(number, owner.to_owned());
                Some(true)
            }
        }
    }

    /// Takes any number for `owner`: from the dynamic part first, at random.
    pub(crate) fn take_any(&self, owner: &str) -> Option<u128> {
        let mut taken = self.taken.lock();
        let number = self.span.candidates().find(|number| !taken.contains_key(number))?;
        taken.insert(number, owner.to_owned());
        Some(number)
    }

    /// Gives `number` back, if `owner` has it.
    pub(crate) fn release(&self, number: u128, owner: &str) {
        let mut taken = self.taken.lock();
        if taken.get(&number).is_some_and(|present| present == owner) {
            taken.remove(&number);
        }
    }

    /// Gives everything back that `owner` has and `kept` does not hold; answers with what that was.
    pub(crate) fn release_others(&self, owner: &str, kept: &[u128]) -> Vec<u128> {
        let mut taken = self.taken.lock();
        let gone: Vec<u128> = taken
            .iter()
            .filter(|(number, present)| *present == owner && !kept.contains(number))
            .map(|(number, _)| *number)
            .collect();
        gone.iter().for_each(|number| drop(taken.remove(number)));
        gone
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
        let allocator = Allocator::of_ports(100, 40);
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
        let allocator = Allocator::of_ports(0, 65_536);
        for owner in 0..1000 {
            assert!(allocator.take_any(&owner.to_string()).unwrap() >= 128);
        }
        let span = Span::of_addresses(1, 254);
        assert!(span.candidates().take(200).all(|number| number >= 17));
        let mut all: Vec<u128> = span.candidates().collect();
        all.sort_unstable();
        assert_eq!(all, (1..255).collect::<Vec<_>>());
    }
}
