//! The order in which numbers of a range are given out.

use std::net::IpAddr;

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
    fn dynamic_numbers_leave_the_lower_part_to_those_who_ask() {
        assert!(Span::of_ports(0, 65_536).candidates().take(1_000).all(|number| number >= 128));
        let span = Span::of_addresses(1, 254);
        assert!(span.candidates().take(200).all(|number| number >= 17));
        let mut all: Vec<u128> = span.candidates().collect();
        all.sort_unstable();
        assert_eq!(all, (1..255).collect::<Vec<_>>());
    }
}
