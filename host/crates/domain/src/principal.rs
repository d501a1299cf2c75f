//! Principals: who asks, holds and approves.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::PrincipalId;
use crate::name::Name;
use crate::text_enum::text_enum;

text_enum! {
    /// What a principal is.
    pub enum PrincipalKind {
        /// A human.
        User => "user",
        /// An AI agent.
        Agent => "agent",
        /// A service, a pipeline or a third party's integration.
        Workload => "workload",
    }
}

text_enum! {
    /// Whether a principal may do anything at all.
    pub enum PrincipalState {
        /// Known, with no key yet: the enrolment link has not been used.
        Invited => "invited",
        /// May sign in.
        Active => "active",
        /// Gone. Final.
        Offboarded => "offboarded",
    }
}

/// A principal as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// Its id.
    pub id: PrincipalId,
    /// User, agent or workload.
    pub kind: PrincipalKind,
    /// Unique among all principals.
    pub name: Name,
    /// The live human behind an agent or workload; `None` for a user.
    pub owner: Option<PrincipalId>,
    /// Whether it may do anything.
    pub state: PrincipalState,
    /// When it was added.
    pub created: Timestamp,
    /// Ed25519 public key that proves who it is, once enrolled; hexadecimal.
    pub signing_key: Option<String>,
    /// X25519 public key that credentials are sealed to, once enrolled; hexadecimal.
    pub recipient_key: Option<String>,
    /// One more with each change: rules over several rows take it as their anchor.
    pub version: i64,
}
