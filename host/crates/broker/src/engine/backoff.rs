//! How long to wait before the next attempt.

use hallpass_domain::clock::Millis;
use hallpass_domain::rng::Rng;

/// The first wait.
const FIRST_MS: Millis = 250;
/// The longest wait: revocation never gives up, and never waits longer (law 5).
const MOST_MS: Millis = 5 * 60_000;

/// The wait after `attempts` attempts: doubled each time up to five minutes, half of it random, at least what the target
/// asked for.
pub(crate) fn after(attempts: i64, asked: Option<Millis>, rng: &dyn Rng) -> Millis {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 20)).unwrap_or(0);
    let full = FIRST_MS.saturating_mul(1 << doublings).min(MOST_MS);
    let half = full / 2;
    (half + jitter(half, rng)).max(asked.unwrap_or(0).min(MOST_MS))
}

/// A random length from zero to `most`; zero when there is no randomness, since waiting less is safe.
pub(crate) fn jitter(most: Millis, rng: &dyn Rng) -> Millis {
    hallpass_domain::rng::bytes::<8>(rng).map_or(0, |bytes| u64::from_le_bytes(bytes) % (most + 1))
}

#[cfg(test)]
mod tests {
    use hallpass_domain::rng::SeededRng;

    use super::*;

    #[test]
    fn the_wait_grows_to_five_minutes_and_stays_there() {
        let rng = SeededRng::new(1);
        for attempts in [1, 2, 5, 11, 12, 1_000_000] {
            let wait = after(attempts, None, &rng);
            let full = FIRST_MS.saturating_mul(1 << (attempts - 1).min(20)).min(MOST_MS);
            assert!(wait >= full / 2 && wait <= full, "{attempts}: {wait}");
        }
        assert_eq!(after(1, Some(60_000), &rng), 60_000);
        assert_eq!(after(1, Some(u64::MAX), &rng), MOST_MS);
    }
}
