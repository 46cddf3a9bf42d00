//! Address ranges of clusters: read, compared, and given out so that no two overlap.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use super::Cluster;

/// An IPv4 network such as `10.0.0.0/16`, without host bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cidr {
    first: u32,
    length: u8,
}

/// The length of the networks that clusters get.
const CLUSTER: u8 = 16;

impl Cidr {
    /// Whether an address lies in both.
    pub fn overlaps(self, other: Self) -> bool {
        let mask = mask(self.length.min(other.length));
        self.first & mask == other.first & mask
    }

    /// The number of leading bits that name the network.
    pub fn length(self) -> u8 {
        self.length
    }

    /// The first network of `10.0.0.0/8` that a cluster could have and that none of `taken` overlaps;
    /// `None` when they are used up.
    pub fn next_free(taken: &[Self]) -> Option<Self> {
        (0..=255_u32)
            .map(|number| Self { first: 10 << 24 | number << 16, length: CLUSTER })
            .find(|candidate| !taken.iter().any(|network| network.overlaps(*candidate)))
    }
}

/// The network of each cluster: the one that was answered, or the next one that overlaps with none. Nothing for
/// clusters that make no network, and where networks are used up.
pub(super) fn assign(clusters: &[Cluster]) -> Vec<Option<Cidr>> {
    let mut taken: Vec<_> = clusters.iter().filter_map(|cluster| cluster.cidr).collect();
    let assigned = clusters.iter().map(|cluster| match cluster.cidr {
        Some(cidr) => Some(cidr),
        None if cluster.makes_network() => {
            let cidr = Cidr::next_free(&taken);
            taken.extend(cidr);
            cidr
        }
        None => None,
    });
    assigned.collect()
}

/// The bits of a prefix of `length`.
fn mask(length: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0)
}

/// A text that is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCidr {
    /// It has not the form.
    #[error("`{0}` is no network: write it as `10.0.0.0/16`")]
    Form(String),
    /// The address names a host in the network, so either of them is a mistake.
    #[error("`{text}` has bits set behind its prefix; the network is `{network}`")]
    HostBits {
        /// The text.
        text: String,
        /// The network that the address lies in.
        network: Cidr,
    },
}

impl FromStr for Cidr {
    type Err = InvalidCidr;

    fn from_str(text: &str) -> Result<Self, InvalidCidr> {
        let form = || InvalidCidr::Form(text.to_owned());
        let (address, length) = text.split_once('/').ok_or_else(form)?;
        let address: Ipv4Addr = address.parse().map_err(|_| form())?;
        let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let length: u8 = length.parse().ok().filter(|length| digits && *length <= 32).ok_or_else(form)?;
        let bits = u32::from(address);
        let network = Self { first: bits & mask(length), length };
        if network.first == bits { Ok(network) } else { Err(InvalidCidr::HostBits { text: text.to_owned(), network }) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.first), self.length)
    }
}

impl serde::Serialize for Cidr {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_are_read_and_written() {
        for text in ["10.0.0.0/16", "0.0.0.0/0", "192.168.1.7/32"] {
            assert_eq!(cidr(text).to_string(), text);
        }
        for text in ["", "10.0.0.0", "10.0.0/16", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0.0/", "::/0", "010.0.0.0/8"] {
            assert!(matches!(text.parse::<Cidr>(), Err(InvalidCidr::Form(_))), "{text}");
        }
        let wrong = "10.10.10.5/24".parse::<Cidr>().unwrap_err();
        assert_eq!(wrong.to_string(), "`10.10.10.5/24` has bits set behind its prefix; the network is `10.10.10.0/24`");
    }

    #[test]
    fn given_networks_are_stepped_over() {
        assert_eq!(Cidr::next_free(&[]), Some(cidr("10.0.0.0/16")));
        assert_eq!(Cidr::next_free(&[cidr("10.0.0.0/15"), cidr("10.3.7.0/24")]), Some(cidr("10.2.0.0/16")));
        assert_eq!(Cidr::next_free(&[cidr("10.0.0.0/8")]), None);
    }

    proptest! {
        #[test]
        fn networks_overlap_when_they_share_an_address(a: u32, b: u32, one in 0_u8..=32, two in 0_u8..=32) {
            let network = |bits: u32, length| Cidr { first: bits & mask(length), length };
            let (x, y) = (network(a, one), network(b, two));
            let last = |network: Cidr| u64::from(network.first) + (1_u64 << (32 - network.length)) - 1;
            let shared = u64::from(x.first) <= last(y) && u64::from(y.first) <= last(x);
            prop_assert_eq!(x.overlaps(y), shared);
            prop_assert_eq!(y.overlaps(x), shared);
        }
    }
}
