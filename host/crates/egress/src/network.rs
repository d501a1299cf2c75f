//! What an operator granted a target beyond the public internet, and which addresses nobody may reach without that.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::origin::{Host, Origin, Scheme, parse_base};
use crate::refusal::Refusal;

/// One entry of a target's list `network`: `http://127.0.0.1:8080` or `https://git.corp.example`.
///
/// With an address, that very address may be dialled on that port, whatever name leads there. With a name, that name may lead to
/// private addresses and to this machine. With `http`, it may be spoken to in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkGrant(Origin);

impl fmt::Display for NetworkGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for NetworkGrant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (origin, path) = parse_base(text).map_err(|e| format!("`{}` {e}", text.escape_debug().take(200).collect::<String>()))?;
        if !path.is_empty() {
            return Err(format!("`{origin}{path}` has a path: a grant names scheme, host and port"));
        }
        if let Host::Address(address) = origin.host
            && let Kind::Never(what) = kind(address)
        {
            return Err(format!("`{origin}` is {what}, which no target is ever given"));
        }
        Ok(Self(origin))
    }
}

/// What an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// On the public internet.
    Public,
    /// Private, this machine's or otherwise special: only where granted.
    Special(&'static str),
    /// Never, granted or not.
    Never(&'static str),
}

/// Whether `address` may be dialled for a request to `origin`.
pub(crate) fn check(origin: &Origin, address: IpAddr, granted: &[NetworkGrant]) -> Result<(), Refusal> {
    let plain = origin.scheme == Scheme::Http;
    let covers = |grant: &&NetworkGrant| {
        let NetworkGrant(g) = grant;
        g.scheme == origin.scheme && g.port == origin.port && (g.host == origin.host || g.host == Host::Address(canonical(address)))
    };
    let what = match kind(address) {
        Kind::Never(what) => {
            return Err(Refusal::Prohibited(format!("{origin} leads to {address}, {what}, which no target is ever given")));
        }
        _ if granted.iter().any(|g| covers(&g)) => return Ok(()),
        Kind::Public if !plain => return Ok(()),
        Kind::Public => "in the clear",
        Kind::Special(what) => what,
    };
    Err(Refusal::Prohibited(format!(
        "{origin} leads to {address} ({what}), which this target was not granted: an operator can, with `--allow-network {origin}`"
    )))
}

/// Whether plain HTTP to this host is granted at all: asked before anything is resolved.
pub(crate) fn scheme_granted(origin: &Origin, granted: &[NetworkGrant]) -> bool {
    origin.scheme == Scheme::Https || granted.iter().any(|NetworkGrant(g)| g.scheme == Scheme::Http && g.port == origin.port)
}

/// IPv4 addresses that are written as IPv6 ones are IPv4 addresses.
fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => embedded(v6).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// The IPv4 address inside: mapped (`::ffff:0:0/96`), compatible (`::/96`), NAT64 (`64:ff9b::/96`), 6to4 (`2002::/16`), Teredo's
/// client (`2001::/32`, written inverted) and ISATAP.
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match v6.segments() {
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, 0, _] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..]
        | [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => v4(high, low),
        [0x2001, 0, .., high, low] => v4(!high, !low),
        _ => None,
    }
}

fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(v4) => kind4(v4),
        IpAddr::V6(v6) => kind6(v6),
    }
}

fn kind4(address: Ipv4Addr) -> Kind {
    // Whoever speaks to a metadata service is given the machine's own credentials.
    const METADATA: [Ipv4Addr; 4] = [
        Ipv4Addr::new(169, 254, 169, 254),
        Ipv4Addr::new(169, 254, 170, 2),
        Ipv4Addr::new(100, 100, 100, 200),
        Ipv4Addr::new(168, 63, 129, 16),
    ];
    if METADATA.contains(&address) || address == Ipv4Addr::new(192, 0, 0, 192) {
        return Kind::Never("a metadata service of a cloud");
    }
    match address.octets() {
        [0, ..] => Kind::Never("an address of no one"),
        [169, 254, ..] => Kind::Never("a link-local address"),
        [224..=239, ..] => Kind::Never("a multicast address"),
        [240..=255, ..] => Kind::Never("a reserved or broadcast address"),
        [127, ..] => Kind::Special("this machine"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Kind::Special("a private address"),
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => {
            Kind::Special("an address for special use")
        }
        _ => Kind::Public,
    }
}

fn kind6(address: Ipv6Addr) -> Kind {
    if let Some(v4) = embedded(address) {
        return match kind4(v4) {
            // Who translates or tunnels there is nobody we know.
            Kind::Public if address.to_ipv4_mapped().is_none() => Kind::Special("an IPv4 address by way of a gateway"),
            other => other,
        };
    }
    if address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254) || address == Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254) {
        return Kind::Never("a metadata service of a cloud");
    }
    if address.is_unspecified() {
        return Kind::Never("an address of no one");
    }
    if address.is_loopback() {
        return Kind::Special("this machine");
    }
    match address.segments() {
        [0xfe80..=0xfebf, ..] => Kind::Never("a link-local address"),
        [0xff00..=0xffff, ..] => Kind::Never("a multicast address"),
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Kind::Special("a private address"),
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Kind::Special("an address for special use"),
        [0x2000..=0x3fff, ..] => Kind::Public,
        _ => Kind::Special("an address outside of the public internet"),
    }
}

#[cfg(test)]
mod tests;
