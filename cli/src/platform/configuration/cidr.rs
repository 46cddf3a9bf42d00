//! Networks in CIDR notation, without a crate of their own: parsing and overlap are a few lines.

use std::net::IpAddr;

/// A network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    /// The address as given, of 128 bits for IPv6 and of 32 bits otherwise.
    address: u128,
    /// How many leading bits are the network's.
    prefix: u32,
    /// How many bits an address has.
    bits: u32,
}

impl Cidr {
    /// Reads `address/prefix`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let (address, bits) = match address.parse().ok()? {
            IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|&prefix| digits && prefix <= bits)?;
        Some(Self { address, prefix, bits })
    }

    /// Whether it is of IPv4.
    pub fn is_v4(self) -> bool {
        self.bits == 32
    }

    /// The network without the bits of a host.
    pub fn network(self) -> Self {
        Self { address: self.widened(self.prefix), ..self }
    }

    /// Whether the two have an address in common.
    pub fn overlaps(self, other: Self) -> bool {
        let shorter = self.prefix.min(other.prefix);
        self.bits == other.bits && self.widened(shorter) == other.widened(shorter)
    }

    /// Whether all addresses of `other` are in it.
    pub fn holds(self, other: Self) -> bool {
        self.prefix <= other.prefix && self.overlaps(other)
    }

    /// The address with only its first `prefix` bits.
    fn widened(self, prefix: u32) -> u128 {
        let host = self.bits - prefix;
        if host == 128 { 0 } else { self.address >> host << host }
    }
}

impl std::fmt::Display for Cidr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match u32::try_from(self.address) {
            Ok(address) if self.is_v4() => write!(f, "{}/{}", std::net::Ipv4Addr::from_bits(address), self.prefix),
            _ => write!(f, "{}/{}", std::net::Ipv6Addr::from_bits(self.address), self.prefix),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_strictly() {
        for text in ["10.0.0.0/16", "0.0.0.0/0", "fd00::/8", "10.1.2.3/32"] {
            assert_eq!(Cidr::parse(text).unwrap().to_string(), text);
        }
        for text in ["10.0.0.0", "10.0.0.0/33", "10.0.0/16", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.256/8", "::/129", ""] {
            assert_eq!(Cidr::parse(text), None, "{text}");
        }
        assert_eq!(Cidr::parse("10.0.3.0/16").unwrap().network().to_string(), "10.0.0.0/16");
    }

    #[test]
    fn networks_overlap_where_one_holds_the_other() {
        let overlap = |one, other| Cidr::parse(one).unwrap().overlaps(Cidr::parse(other).unwrap());
        assert!(overlap("10.0.0.0/16", "10.0.3.0/24") && overlap("10.0.3.0/24", "10.0.0.0/16"));
        assert!(overlap("0.0.0.0/0", "10.0.0.0/8") && overlap("::/0", "fd00::/8") && !overlap("0.0.0.0/0", "::/0"));
        assert!(!overlap("10.0.0.0/16", "10.1.0.0/16"));
    }
}
