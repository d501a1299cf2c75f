//! From a host to the addresses that may be dialled. The name is resolved here, once; what is dialled is what was checked.

use std::io;
use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;

use crate::network::{self, NetworkGrant};
use crate::origin::{Host, Origin};
use crate::refusal::Refusal;

/// Turns names into addresses.
#[async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// Every address of `name`.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The machine's own resolver.
#[derive(Debug, Clone, Copy)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|a| a.ip()).collect())
    }
}

/// The addresses of `origin` that may be dialled; at least one.
pub(crate) async fn addresses(resolver: &dyn Resolve, origin: &Origin, granted: &[NetworkGrant]) -> Result<Vec<SocketAddr>, Refusal> {
    if !network::scheme_granted(origin, granted) {
        let message =
            format!("{origin} is plain http, which this target was not granted: use https, or grant it with `--allow-network {origin}`");
        return Err(Refusal::Prohibited(message));
    }
    let found = match &origin.host {
        Host::Address(address) => vec![*address],
        Host::Name(name) => {
            let unresolved = |cause: String| Refusal::Unresolved { name: name.clone(), cause };
            let found = resolver.resolve(name).await.map_err(|e| unresolved(e.to_string()))?;
            if found.is_empty() {
                return Err(unresolved("it has no address".to_owned()));
            }
            found
        }
    };
    let mut refused = None;
    let mut out = Vec::new();
    for address in found {
        match network::check(origin, address, granted) {
            Ok(()) => out.push(SocketAddr::new(address, origin.port)),
            Err(refusal) => refused = refused.or(Some(refusal)),
        }
    }
    match refused {
        Some(refusal) if out.is_empty() => Err(refusal),
        _ => Ok(out),
    }
}
