//! Names and limits of one broker.

use hallpass_domain::clock::Millis;

use crate::connectors::trust::TrustPolicy;

/// Names and limits. Times are in milliseconds.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Issuer of passes and audience of session tokens: the address that clients use, without a slash at its end.
    pub public_url: String,
    /// This node's name in leases.
    pub node: String,
    /// How many requests of one principal may wait for a verdict.
    pub most_pending: u64,
    /// How long a claimed operation belongs to one node.
    pub lease_ms: Millis,
    /// How long one connector call may take; below four fifths of the lease.
    pub call_ms: Millis,
    /// An activation that is not seen within it ends.
    pub activation_window_ms: Millis,
    /// How long a request may wait for verdicts.
    pub request_ttl_ms: Millis,
    /// A grant that is still ending after it is overdue.
    pub overdue_grace_ms: Millis,
    /// How long a session token lives.
    pub session_ms: Millis,
    /// How long a bearer pass lives at most.
    pub pass_ms: Millis,
    /// How long an enrolment link lives.
    pub enrolment_ms: Millis,
    /// How long a credential that is sealed under the master key waits for its holder.
    pub pick_up_ms: Millis,
    /// Whose connectors may be loaded.
    pub trust: TrustPolicy,
    /// After so many broken rules in a row, over all nodes, a target's calls to a version of its connector stop.
    pub strikes: u32,
    /// Attempts in flight at once, over all targets.
    pub in_flight: usize,
    /// Attempts in flight at once in one target.
    pub in_flight_per_target: usize,
}

impl Settings {
    /// The settings of a broker at this address; everything else by default.
    pub fn at(public_url: &str) -> Self {
        let public_url = public_url.trim_end_matches('/').to_owned();
        Self {
            public_url,
            node: "node".into(),
            most_pending: 100,
            lease_ms: 60_000,
            call_ms: 30_000,
            activation_window_ms: 15 * 60_000,
            request_ttl_ms: 24 * 3_600_000,
            overdue_grace_ms: 1_000,
            session_ms: 15 * 60_000,
            pass_ms: 5 * 60_000,
            enrolment_ms: 24 * 3_600_000,
            pick_up_ms: 10 * 60_000,
            trust: TrustPolicy::default(),
            strikes: 3,
            in_flight: 32,
            in_flight_per_target: 4,
        }
    }
}
