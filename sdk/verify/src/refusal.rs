//! Why a pass does not open the door.

/// The closed set of refusals. All are final for the pass in hand but [`Refusal::Overloaded`], which asks to try again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a Biscuit.
    #[error("this is no pass: it is not the URL-safe base64 of a Biscuit")]
    Malformed,
    /// Above [`crate::MAX_BYTES`].
    #[error("the pass has {bytes} bytes, at most 8192 are read; delegate from an earlier link of the chain")]
    TooLarge {
        /// Its size, decoded.
        bytes: usize,
    },
    /// Outside of what is evaluated.
    #[error("the pass is not admitted: {why}")]
    NotAdmitted {
        /// What it has that it must not have.
        why: String,
    },
    /// No published issuer key has the id that it names.
    #[error("the pass names {}, which no published issuer key has; fetch the broker's key set again, or ask for a new pass", key_name(*.id))]
    UnknownKey {
        /// The id in the pass.
        id: Option<u32>,
    },
    /// A signature does not hold.
    #[error("a signature of the pass does not hold: it was altered, or not made by this broker")]
    BadSignature,
    /// The grant, or a block of the pass, was revoked.
    #[error("the pass of grant {grant} was revoked")]
    Revoked {
        /// The grant's id.
        grant: String,
    },
    /// Its time is over.
    #[error("the pass ended {} s ago; ask the broker for a new one while the grant lives", .now.saturating_sub(*.end))]
    Expired {
        /// When it ended, in seconds since the epoch.
        end: u64,
        /// The verifier's time, in seconds since the epoch.
        now: u64,
    },
    /// It does not cover this call.
    #[error("the pass does not allow this: {}", .failed.join("; "))]
    Denied {
        /// What did not hold: text for people.
        failed: Vec<String>,
    },
    /// Evaluation ran out of time or space. Not a no: try again.
    #[error("the verifier is overloaded and did not finish; try again")]
    Overloaded,
}

fn key_name(id: Option<u32>) -> String {
    id.map_or_else(|| "no key".to_owned(), |id| format!("key {id}"))
}
