//! The only source of randomness.

use std::sync::{Mutex, PoisonError};

use rand_core::{RngCore, SeedableRng};

/// Gives unpredictable bytes.
pub trait Rng: Send + Sync + 'static {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// When the operating system gives none: nothing that needs them may go on.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RngError>;
}

/// The random source failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct RngError(String);

/// The operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the operating system")]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RngError> {
        getrandom::fill(bytes).map_err(|e| RngError(e.to_string()))
    }
}

/// A reproducible source for tests and golden vectors. Never for a running broker.
pub struct SeededRng(Mutex<rand_chacha::ChaCha20Rng>);

impl SeededRng {
    /// The source with this seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(rand_chacha::ChaCha20Rng::seed_from_u64(seed)))
    }
}

impl Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RngError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
        Ok(())
    }
}

/// `N` random bytes.
pub fn bytes<const N: usize>(rng: &dyn Rng) -> Result<[u8; N], RngError> {
    let mut out = [0u8; N];
    rng.fill(&mut out)?;
    Ok(out)
}
