//! Where a request goes: scheme, host and port, read strictly. One spelling each, so that what was allowed is what is dialled.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// TLS.
    Https,
    /// In the clear: only where an operator granted it.
    Http,
}

impl Scheme {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    /// The port where none is named.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

/// Who is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Host {
    /// A name of letters, digits and hyphens, in lower case.
    Name(String),
    /// An address, written in the one canonical way.
    Address(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// How.
    pub scheme: Scheme,
    /// Who.
    pub host: Host,
    /// On which port.
    pub port: u16,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

impl Origin {
    /// Host and port as they stand in a `Host` header: the port only where it is not the scheme's own.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() { self.host.to_string() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Reads scheme and authority. The error is a sentence without its subject.
    pub fn parse(scheme: &str, authority: &str) -> Result<Self, String> {
        let scheme = match scheme {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            other => return Err(format!("has the scheme `{}`; https is what works", shown(other))),
        };
        if authority.contains('@') {
            return Err("carries a user name: credentials are injected by the host".to_owned());
        }
        let (host, port) = split(authority)?;
        let port = match port {
            None => scheme.default_port(),
            Some(text) => parse_port(text).ok_or_else(|| format!("has the port `{}`, which is no number from 1 to 65535", shown(text)))?,
        };
        Ok(Self { scheme, host: parse_host(host)?, port })
    }
}

/// Reads `https://host[:port][/base]`: an origin and the path below which everything lies, without a slash at its end.
pub fn parse_base(text: &str) -> Result<(Origin, String), String> {
    let (scheme, rest) = text.split_once("://").ok_or("does not begin with https://")?;
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    if path.contains(['?', '#']) || authority.contains(['?', '#']) {
        return Err("has a query or a fragment: name scheme, host, port and path only".to_owned());
    }
    let origin = Origin::parse(scheme, authority)?;
    let path = path.trim_end_matches('/');
    crate::path::segments(path).map_err(|e| format!("has a path that {e}"))?;
    Ok((origin, path.to_owned()))
}

fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(100).collect()
}

fn split(authority: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or("has an address in brackets that do not end")?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((address, Some(port))),
            None if rest.is_empty() => Ok((address, None)),
            None => Err("has something behind its address that is no port".to_owned()),
        };
    }
    Ok(authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))))
}

fn parse_port(text: &str) -> Option<u16> {
    let plain = !text.is_empty() && text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    plain.then(|| text.parse().ok()).flatten()
}

fn parse_host(text: &str) -> Result<Host, String> {
    // Rust reads neither octal nor short nor decimal forms here, and no zone.
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Ok(Host::Address(IpAddr::V4(address)));
    }
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Ok(Host::Address(IpAddr::V6(address)));
    }
    let name = text.to_ascii_lowercase();
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.is_empty() || name.len() > 253 || !name.split('.').all(label) {
        return Err(format!("has the host `{}`, which is no name: letters, digits, `-` and dots between them", shown(text)));
    }
    // Resolvers take `2130706433`, `0x7f.1` and `127.1` for addresses.
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x") {
        return Err(format!("has the host `{}`, an address that is not written in full", shown(text)));
    }
    Ok(Host::Name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_one_spelling() {
        for (text, spelled) in [
            ("https://API.example.com", "https://api.example.com"),
            ("https://api.example.com:443/", "https://api.example.com"),
            ("https://api.example.com:8443/v1/", "https://api.example.com:8443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https://[2001:DB8::0:1]:80", "https://[2001:db8::1]:80"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(parse_base(text).unwrap().0.to_string(), spelled);
        }
        assert_eq!(parse_base("https://git.example/api/v3/").unwrap().1, "/api/v3");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for bad in [
            "https://user@host",
            "https://user:hush@host",
            "https://host:",
            "https://host:0",
            "https://host:080",
            "https://host:65536",
            "https://host:+80",
            "https://host:80:80",
            "https://host.",
            "https://.host",
            "https://ho..st",
            "https://-host",
            "https://h%6fst",
            "https://bücher.example",
            "https://2130706433",
            "https://0x7f000001",
            "https://127.1",
            "https://0177.0.0.1",
            "https://127.0.0.0x1",
            "https://1.2.3.4.5",
            "https://[::1",
            "https://[::1]x",
            "https://[fe80::1%25eth0]",
            "https://host/..",
            "https://host?x",
            "https://host#x",
            "https://",
            "ftp://host",
            "host",
            "",
        ] {
            assert!(parse_base(bad).is_err(), "{bad}: {:?}", parse_base(bad));
        }
        let error = parse_base("https://user:hush@host").unwrap_err();
        assert!(!error.contains("hush"), "{error}");
    }
}
