//! Address ranges.

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A range of addresses in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cidr {
    /// The address as written; bits beyond the prefix may be set.
    pub address: IpAddr,
    /// How many leading bits all addresses of the range share.
    pub prefix_length: u8,
}

/// Text that is not a CIDR.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not an address range like 10.42.0.0/24")]
pub struct CidrError(String);

/// How many bits an address of the same family has.
pub fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The bytes of an address in network order.
pub fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The address that `bytes` in network order are.
pub fn from_octets(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => Some(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?)),
        _ => None,
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

impl Cidr {
    /// The range that holds one address.
    pub fn host(address: IpAddr) -> Cidr {
        Cidr { address, prefix_length: bits(address) }
    }

    /// How many bits of an address the range leaves open.
    pub fn open_bits(self) -> u8 {
        bits(self.address) - self.prefix_length
    }

    fn open_mask(self) -> u128 {
        if self.open_bits() == 128 { u128::MAX } else { (1 << self.open_bits()) - 1 }
    }

    /// The bits that addresses of the range share, as a mask in network order.
    pub fn mask(self) -> IpAddr {
        match self.address {
            IpAddr::V4(_) => IpAddr::V4((!(self.open_mask() as u32)).into()),
            IpAddr::V6(_) => IpAddr::V6((!self.open_mask()).into()),
        }
    }

    /// The `index`-th address of the range; `None` when the range is shorter.
    pub fn nth(self, index: u128) -> Option<IpAddr> {
        if index > self.open_mask() {
            return None;
        }
        let number = (number(self.address) & !self.open_mask()) | index;
        Some(match self.address {
            IpAddr::V4(_) => IpAddr::V4((number as u32).into()),
            IpAddr::V6(_) => IpAddr::V6(number.into()),
        })
    }

    /// The first address of the range: the bits beyond the prefix are zero.
    pub fn network(self) -> IpAddr {
        self.nth(0).expect("every range has a first address")
    }

    /// Whether `address` lies in the range.
    pub fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4()
            && number(address) & !self.open_mask() == number(self.address) & !self.open_mask()
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix_length)
    }
}

impl FromStr for Cidr {
    type Err = CidrError;
    fn from_str(text: &str) -> Result<Cidr, CidrError> {
        let parse = || {
            let (address, prefix_length) = text.split_once('/')?;
            let (address, prefix_length) = (address.parse().ok()?, prefix_length.parse().ok()?);
            (prefix_length <= bits(address)).then_some(Cidr { address, prefix_length })
        };
        parse().ok_or_else(|| CidrError(text.to_owned()))
    }
}

impl Serialize for Cidr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Cidr, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let range: Cidr = "10.42.7.9/24".parse().unwrap();
        assert_eq!(range.network().to_string(), "10.42.7.0");
        assert_eq!(range.mask().to_string(), "255.255.255.0");
        assert!(range.contains("10.42.7.255".parse().unwrap()));
        assert!(!range.contains("10.42.8.0".parse().unwrap()));
        assert_eq!(range.nth(256), None);
        let all: Cidr = "::/0".parse().unwrap();
        assert!(all.contains("fd00::1".parse().unwrap()));
        assert!(!all.contains("1.2.3.4".parse().unwrap()));
        assert_eq!("fd00::/64".parse::<Cidr>().unwrap().nth(5).unwrap().to_string(), "fd00::5");
        assert!("10.0.0.0/33".parse::<Cidr>().is_err());
    }
}
