//! The small network that each deployment has for itself.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use crate::text::travels_as_text;

/// An IPv4 /28: network, bridge gateway (first address), agent (second address). Small, so that hundreds fit: Docker's own
/// pool ends near 31 bridges.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subnet(Ipv4Addr);

/// A range of addresses that subnets are taken from, such as `10.90.0.0/16`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubnetPool {
    base: Ipv4Addr,
    prefix: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseSubnetError {
    #[error("must be an IPv4 network such as 10.90.0.16/28")]
    Shape,
    #[error("must lie in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")]
    NotPrivate,
    #[error("must be a network of /{0} to /{1}")]
    Size(u8, u8),
}

impl Subnet {
    pub const PREFIX: u8 = 28;

    /// The bridge's own address: where the container finds the edge's doors, and where the edge's connections come from.
    pub fn gateway(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.0) + 1)
    }

    /// The one container's address.
    pub fn agent(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.0) + 2)
    }

    pub fn agent_socket(self) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(self.agent()), crate::agent::GATEWAY_PORT)
    }

    pub fn door_socket(self) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(self.gateway()), crate::agent::DOOR_PORT)
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0, Self::PREFIX)
    }
}

impl fmt::Debug for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn parse(text: &str, prefixes: (u8, u8)) -> Result<(Ipv4Addr, u8), ParseSubnetError> {
    let (address, prefix) = text.split_once('/').ok_or(ParseSubnetError::Shape)?;
    let address: Ipv4Addr = address.parse().map_err(|_| ParseSubnetError::Shape)?;
    let prefix: u8 = prefix.parse().map_err(|_| ParseSubnetError::Shape)?;
    if prefix < prefixes.0 || prefix > prefixes.1 {
        return Err(ParseSubnetError::Size(prefixes.0, prefixes.1));
    }
    if !address.is_private() {
        return Err(ParseSubnetError::NotPrivate);
    }
    let mask = u32::MAX << (32 - u32::from(prefix));
    if u32::from(address) & !mask != 0 {
        return Err(ParseSubnetError::Shape);
    }
    Ok((address, prefix))
}

impl FromStr for Subnet {
    type Err = ParseSubnetError;

    fn from_str(text: &str) -> Result<Self, ParseSubnetError> {
        parse(text, (Self::PREFIX, Self::PREFIX)).map(|(address, _)| Self(address))
    }
}

impl SubnetPool {
    /// How many subnets fit.
    pub fn len(self) -> u32 {
        1 << (Subnet::PREFIX - self.prefix)
    }

    pub fn is_empty(self) -> bool {
        false
    }

    /// The `index`-th subnet, or `None` past the end.
    pub fn get(self, index: u32) -> Option<Subnet> {
        (index < self.len()).then(|| Subnet(Ipv4Addr::from(u32::from(self.base) + index * 16)))
    }

    pub fn contains(self, subnet: Subnet) -> bool {
        let mask = u32::MAX << (32 - u32::from(self.prefix));
        u32::from(subnet.0) & mask == u32::from(self.base)
    }
}

impl fmt::Display for SubnetPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl fmt::Debug for SubnetPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for SubnetPool {
    type Err = ParseSubnetError;

    fn from_str(text: &str) -> Result<Self, ParseSubnetError> {
        parse(text, (12, 24)).map(|(base, prefix)| Self { base, prefix })
    }
}

travels_as_text!(Subnet);
travels_as_text!(SubnetPool);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_of_a_sixteen_holds_thousands_of_separate_subnets() {
        let pool: SubnetPool = "10.90.0.0/16".parse().expect("a pool");
        assert_eq!(pool.len(), 4096);
        let last = pool.get(4095).expect("the last");
        assert_eq!(last.to_string(), "10.90.255.240/28");
        assert_eq!(last.gateway().to_string(), "10.90.255.241");
        assert_eq!(last.agent().to_string(), "10.90.255.242");
        assert!(pool.contains(last) && pool.get(4096).is_none());
    }

    #[test]
    fn networks_that_are_not_private_or_not_aligned_are_refused() {
        for text in ["8.8.8.0/28", "10.0.0.1/28", "10.0.0.0/27", "10.0.0.0", "::1/28", "127.0.0.0/28"] {
            assert!(text.parse::<Subnet>().is_err(), "{text}");
        }
    }
}
