//! Ports for servers that are stopped and started again.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use hallpass_domain::Rng;
use hallpass_domain::rng::{self, RngError};

/// Below the range that connections of our own start from: such a connection could else take, or meet itself on, the port of a server that
/// is stopped for a while.
const PORTS: Range<u16> = 20_000..32_000;
/// How many are tried.
const TRIES: usize = 100;

/// A port of loopback that nobody listens on at the moment, and that the system gives to nobody by itself.
///
/// Errors: [`PortError::None`] where each of a hundred is taken, [`PortError::Rng`] where there is no chance.
pub fn unused(rng: &dyn Rng) -> Result<u16, PortError> {
    for _ in 0..TRIES {
        let port = PORTS.start + u16::from_be_bytes(rng::bytes(rng)?) % (PORTS.end - PORTS.start);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(PortError::None)
}

/// Why there is no port.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Every one that was tried is taken.
    #[error("no free port between {} and {} on 127.0.0.1: stop what listens there", PORTS.start, PORTS.end)]
    None,
    /// The system gives no random bytes.
    #[error(transparent)]
    Rng(#[from] RngError),
}
