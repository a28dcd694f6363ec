//! Ranges of addresses, divided into equal parts.

use std::{
    collections::BTreeSet,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// Parts of a pool at most (upstream's limit is the same).
const PARTS_BITS_LIMIT: u8 = 16;

/// A range of addresses, as a number of 128 bits whose upper ones count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    first: u128,
    prefix_length: u8,
    v4: bool,
}

impl Cidr {
    /// The range that is one address.
    pub(crate) fn address(address: IpAddr) -> Cidr {
        match address {
            IpAddr::V4(address) => Cidr { first: u128::from(u32::from(address)), prefix_length: 32, v4: true },
            IpAddr::V6(address) => Cidr { first: u128::from(address), prefix_length: 128, v4: false },
        }
    }

    /// Whether all of `other` is within.
    pub(crate) fn contains(&self, other: &Cidr) -> bool {
        let host_bits = u32::from(Cidr::width(self.v4) - self.prefix_length);
        let network = |cidr: &Cidr| cidr.first.checked_shr(host_bits).unwrap_or(0);
        self.v4 == other.v4 && self.prefix_length <= other.prefix_length && network(self) == network(other)
    }

    pub(super) fn is_v4(&self) -> bool {
        self.v4
    }

    fn width(v4: bool) -> u8 {
        if v4 { 32 } else { 128 }
    }
}

impl FromStr for Cidr {
    type Err = ();

    fn from_str(text: &str) -> Result<Cidr, ()> {
        let (address, length) = text.split_once('/').ok_or(())?;
        let (bits, v4) = match address.parse::<IpAddr>().map_err(drop)? {
            IpAddr::V4(address) => (u128::from(u32::from(address)), true),
            IpAddr::V6(address) => (u128::from(address), false),
        };
        let width = Cidr::width(v4);
        let prefix_length: u8 = length.parse().map_err(drop)?;
        if prefix_length > width {
            return Err(());
        }
        let host_bits = u32::from(width - prefix_length);
        let first = bits.checked_shr(host_bits).unwrap_or(0).checked_shl(host_bits).unwrap_or(0);
        Ok(Cidr { first, prefix_length, v4 })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.v4 {
            true => write!(formatter, "{}/{}", Ipv4Addr::from(self.first as u32), self.prefix_length),
            false => write!(formatter, "{}/{}", Ipv6Addr::from(self.first), self.prefix_length),
        }
    }
}

/// A range that is divided into parts of one size.
pub(super) struct Pool {
    whole: Cidr,
    part_length: u8,
    taken: BTreeSet<u32>,
}

impl Pool {
    /// `None` when parts would be larger than the whole, or too many.
    pub(super) fn new(whole: Cidr, part_length: u8) -> Option<Pool> {
        let bits = part_length.checked_sub(whole.prefix_length)?;
        let fits = part_length <= Cidr::width(whole.v4) && bits <= PARTS_BITS_LIMIT;
        fits.then(|| Pool { whole, part_length, taken: BTreeSet::new() })
    }

    fn part_bits(&self) -> u32 {
        u32::from(Cidr::width(self.whole.v4) - self.part_length)
    }

    fn parts(&self) -> u32 {
        1 << (self.part_length - self.whole.prefix_length)
    }

    /// The numbers of the parts that `range` touches.
    fn touched(&self, range: &Cidr) -> std::ops::Range<u32> {
        let width = Cidr::width(self.whole.v4);
        if range.v4 != self.whole.v4 {
            return 0..0;
        }
        let size = 1u128.checked_shl(u32::from(width - range.prefix_length)).unwrap_or(u128::MAX);
        let last = range.first.saturating_add(size - 1);
        let index = |address: u128| (address.saturating_sub(self.whole.first)) >> self.part_bits();
        let (first, last) = (index(range.first), index(last));
        if range.first < self.whole.first && last == 0 || first >= u128::from(self.parts()) {
            return 0..0;
        }
        let end = (last + 1).min(u128::from(self.parts()));
        first as u32..end as u32
    }

    pub(super) fn occupy(&mut self, range: &Cidr) {
        let touched = self.touched(range);
        self.taken.extend(touched);
    }

    pub(super) fn release(&mut self, range: &Cidr) {
        for part in self.touched(range) {
            self.taken.remove(&part);
        }
    }

    /// The first part that nobody has.
    pub(super) fn first_free(&self) -> Option<Cidr> {
        let mut free = 0;
        for taken in &self.taken {
            if *taken != free {
                break;
            }
            free += 1;
        }
        let first = self.whole.first + (u128::from(free) << self.part_bits());
        (free < self.parts()).then_some(Cidr { first, prefix_length: self.part_length, v4: self.whole.v4 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_contain_ranges_and_addresses() {
        let contains = |outer: &str, inner: &str| {
            let inner = inner.parse().unwrap_or_else(|()| Cidr::address(inner.parse().unwrap()));
            outer.parse::<Cidr>().unwrap().contains(&inner)
        };
        assert!(contains("10.0.0.0/8", "10.9.0.0/16") && contains("10.0.0.0/8", "10.1.2.3"));
        assert!(!contains("10.9.0.0/16", "10.0.0.0/8") && !contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("::/0", "fd00::1") && !contains("::/0", "10.0.0.1"));
    }

    #[test]
    fn parts_are_taken_and_released() {
        let mut pool = Pool::new("10.0.0.0/22".parse().unwrap(), 24).unwrap();
        let mut take = |range: &str| {
            pool.occupy(&range.parse().unwrap());
            pool.first_free().map(|free| free.to_string())
        };
        assert_eq!(take("192.168.0.0/16").as_deref(), Some("10.0.0.0/24"), "outside");
        assert_eq!(take("10.0.0.0/25").as_deref(), Some("10.0.1.0/24"));
        assert_eq!(take("10.0.2.0/23").as_deref(), Some("10.0.1.0/24"));
        assert_eq!(take("10.0.1.0/24"), None);
        pool.release(&"10.0.3.0/24".parse().unwrap());
        assert_eq!(pool.first_free().map(|free| free.to_string()).as_deref(), Some("10.0.3.0/24"));
        assert!(Pool::new("10.0.0.0/8".parse().unwrap(), 25).is_none(), "too many");
    }
}
