//! Ranges of addresses: whom to believe, and what the doors may call.
//!
//! Facts: IANA's special-purpose address registries (RFC 6890 and successors). Whatever is not globally reachable is refused.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `address` or `address/prefix`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

/// A network, or one port of it: `127.0.0.1`, `10.0.0.0/8:443`, `[fd00::/8]:443`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    network: Network,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be an address or a network such as 127.0.0.1, 192.168.7.0/24 or fd00::/8, optionally with a port: 10.1.2.3:11434, [fd00::1]:80")]
pub struct ParseNetworkError;

impl Network {
    pub fn contains(self, address: IpAddr) -> bool {
        let bits = |v4: u32, other: u32, prefix: u8| prefix == 0 || (v4 ^ other) >> (32 - u32::from(prefix)) == 0;
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => bits(base.to_bits(), address.to_bits(), self.prefix),
            (IpAddr::V6(base), IpAddr::V6(address)) => self.prefix == 0 || (base.to_bits() ^ address.to_bits()) >> (128 - u32::from(self.prefix)) == 0,
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl Allowed {
    pub fn contains(self, address: SocketAddr) -> bool {
        self.network.contains(address.ip()) && self.port.is_none_or(|port| port == address.port())
    }
}

impl FromStr for Network {
    type Err = ParseNetworkError;

    fn from_str(text: &str) -> Result<Self, ParseNetworkError> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let base: IpAddr = address.parse().map_err(|_| ParseNetworkError)?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(most), |prefix| prefix.parse().map_err(|_| ParseNetworkError))?;
        if prefix > most { Err(ParseNetworkError) } else { Ok(Self { base, prefix }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl FromStr for Allowed {
    type Err = ParseNetworkError;

    fn from_str(text: &str) -> Result<Self, ParseNetworkError> {
        if let Ok(network) = text.parse() {
            return Ok(Self { network, port: None });
        }
        let (network, port) = text.rsplit_once(':').ok_or(ParseNetworkError)?;
        let network = match network.strip_prefix('[') {
            Some(inner) => inner.strip_suffix(']').ok_or(ParseNetworkError)?,
            None => network,
        };
        let port = port.parse().map_err(|_| ParseNetworkError)?;
        Ok(Self { network: network.parse()?, port: Some(port) })
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.port, self.network.base.is_ipv6()) {
            (None, _) => write!(f, "{}", self.network),
            (Some(port), false) => write!(f, "{}:{port}", self.network),
            (Some(port), true) => write!(f, "[{}]:{port}", self.network),
        }
    }
}

macro_rules! as_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
as_text!(Network);
as_text!(Allowed);

/// Whether an agent may have the edge call this address: it is on the public internet and not this machine, or the operator allows it.
pub fn callable(address: SocketAddr, allow_private: &[Allowed]) -> bool {
    allow_private.iter().any(|allowed| allowed.contains(address)) || (global(address.ip()) && !own(address))
}

/// Whether the address is one of this machine's: the kernel then takes the address itself as the source. Nothing is sent.
fn own(address: SocketAddr) -> bool {
    let any: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let source = UdpSocket::bind((any, 0)).and_then(|socket| socket.connect(address).and_then(|()| socket.local_addr()));
    // Without a route there is nothing to reach either; the connection itself will say so.
    source.is_ok_and(|source| source.ip() == address.ip())
}

fn global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => global_v4(address),
        IpAddr::V6(address) => global_v6(address),
    }
}

fn global_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || a == 127
        || address.is_private()
        || address.is_link_local()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || address.is_documentation()
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        || a >= 224)
}

fn global_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return global_v4(v4);
    }
    let parts = address.segments();
    // NAT64 carries the IPv4 address that is really called.
    if parts[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        let [.., high, low] = parts;
        return global_v4(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)));
    }
    // Only 2000::/3 is given out; of it: 2001::/23 (protocols, Teredo), 2001:db8::/32 and 3fff::/20 (documentation), 2002::/16 (6to4).
    (0x2000..0x4000).contains(&parts[0])
        && !(parts[0] == 0x2001 && parts[1] < 0x200)
        && !(parts[0] == 0x2001 && parts[1] == 0xdb8)
        && parts[0] != 0x2002
        && !(parts[0] == 0x3fff && parts[1] < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_private_is_callable_in_any_spelling() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!callable(SocketAddr::new(text.parse().expect("an address"), 443), &[]), "{text}");
        }
        for text in ["1.1.1.1", "149.154.167.220", "2606:4700::1111", "64:ff9b::101:101"] {
            assert!(callable(SocketAddr::new(text.parse().expect("an address"), 443), &[]), "{text}");
        }
    }

    #[test]
    fn the_operator_may_allow_one_port_of_one_address() {
        let allowed: Vec<Allowed> = vec!["127.0.0.1:9999".parse().expect("parses"), "[fd00::/8]:80".parse().expect("parses")];
        assert!(callable("127.0.0.1:9999".parse().expect("parses"), &allowed));
        assert!(!callable("127.0.0.1:9998".parse().expect("parses"), &allowed));
        assert!(callable("[fd00::7]:80".parse().expect("parses"), &allowed));
        for text in ["", "a", "1.2.3.4/33", "::1/129", "1.2.3.4:99999", "[::1:80"] {
            assert!(text.parse::<Allowed>().is_err(), "{text}");
        }
    }
}
