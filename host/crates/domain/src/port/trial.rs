//! Trying a connector out at a real target: what the broker and whoever knows the laws of conformance say to each other.

use serde::{Deserialize, Serialize};

use super::Invocation;
use crate::clock::Timestamp;
use crate::ids::{Digest, HoldingId, InstallationId, Stamp};
use crate::name::NameError;
use crate::parameter::Parameters;
use crate::resource::Resource;
use crate::rng::SeededRng;

/// Stands in every mark of a trial where the installation stands in the others: none has a zero in it.
const INSTALLATION: &str = "trial000";

/// A trial that is allowed.
pub struct Trial {
    /// What every call of it is like: connector, target, what it may use, lease. Each gets an operation, an attempt and a deadline
    /// of its own.
    pub call: Invocation,
    /// What is applied and taken away.
    pub wishes: Vec<TrialWish>,
    /// No call is begun after this, but for a minute to take away what was made.
    pub ends: Timestamp,
}

/// Something that is applied and taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialWish {
    /// What the report calls it.
    pub name: String,
    /// An entitlement of the connector.
    pub entitlement: String,
    /// A resource that the target has.
    pub resource: Resource,
    /// The account that gains access; none where one is made.
    pub account: Option<String>,
    /// Approved parameters.
    pub parameters: Parameters,
}

impl Trial {
    /// A number that is the same in every trial of this target and thing.
    pub fn seed(&self, of: &str) -> u64 {
        let digest = Digest::of(format!("{} {of}", self.call.endpoint.id).as_bytes());
        digest.0.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte))
    }

    /// The mark of the `n`th wish. It is the same in every trial of this target, so that one that was killed is cleared up after by
    /// the next, and it is nobody's holding.
    pub fn stamp(&self, n: u32) -> Result<Stamp, NameError> {
        let installation = InstallationId::try_from(INSTALLATION.to_owned())?;
        let holding = HoldingId::new(Timestamp(i64::from(n)), &SeededRng::new(self.seed(&n.to_string())));
        Ok(Stamp::new(&installation, &holding.map_err(|_| NameError::new("holding id", "could not be made"))?))
    }
}

/// How a connector kept one law at a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LawTried {
    /// Its name.
    pub law: String,
    /// What it says.
    pub says: String,
    /// How the connector kept it.
    #[serde(flatten)]
    pub verdict: TrialVerdict,
}

/// How a law was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum TrialVerdict {
    /// Kept, in this many calls.
    Kept {
        /// Calls of the connector.
        calls: usize,
    },
    /// It was not checked.
    Skipped {
        /// Why.
        because: String,
    },
    /// Broken. The words may hold those of the connector: hostile text, bounded by the runtime, free of secrets.
    Broken {
        /// The WIT item that is concerned.
        item: String,
        /// What was done and what came of it.
        what: String,
        /// What to do about it.
        mend: String,
    },
}

/// What came of a trial.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tried {
    /// Law by law.
    pub laws: Vec<LawTried>,
    /// What is still in the target although the trial tried to take it away: marks or accounts, with their entitlement and resource.
    pub left: Vec<String>,
}

impl Tried {
    /// Whether no law was broken and nothing was left behind.
    pub fn is_kept(&self) -> bool {
        self.left.is_empty() && !self.laws.iter().any(|l| matches!(l.verdict, TrialVerdict::Broken { .. }))
    }
}
