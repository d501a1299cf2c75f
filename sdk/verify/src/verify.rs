//! The verdict on one pass and one call.

use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use biscuit_auth::builder::{AuthorizerBuilder, Term, fact, string};
use biscuit_auth::error::{Format, Logic, Token as TokenError};
use biscuit_auth::{Algorithm, AuthorizerLimits, Biscuit, PublicKey};

use crate::admission::{self, Admitted, Authority, MAX_RESOURCES, Mode, Party, Right};
use crate::keys::KeySet;
use crate::refusal::Refusal;

/// Admission bounds the work to some milliseconds. This is for what it did not foresee, and long enough that a busy
/// machine does not refuse a good pass.
const TIME_LIMIT: Duration = Duration::from_secs(1);
const FACT_LIMIT: u64 = 500;
const ITERATION_LIMIT: u64 = 50;

/// Padding is written but not demanded: some carriers strip `=`.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&URL_SAFE, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// What the verifier knows about the call. Nothing in it comes from the pass.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// Now, in seconds since the epoch.
    pub time: i64,
    /// Who is asked: the URL that passes for this verifier name.
    pub audience: &'a str,
    /// The target's name.
    pub target: &'a str,
    /// The tool or entitlement.
    pub operation: &'a str,
    /// The exact resource.
    pub resource: &'a str,
    /// The resources that it lies in, as the target declares them; at most 15.
    pub ancestors: &'a [&'a str],
    /// The digest of the call's frozen arguments, where it has any.
    pub call_digest: Option<&'a str>,
    /// The thumbprint of the key whose possession the caller has just proven.
    pub holder: Option<&'a str>,
}

/// The names by which a pass can be revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids {
    /// The grant's id.
    pub grant: String,
    /// One per block, block 0 first, in hexadecimal. A revoked one ends all that was made from that block on.
    pub blocks: Vec<String>,
}

/// What the pass gives, once everything held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The broker that issued it.
    pub issuer: String,
    /// The grant's id.
    pub grant: String,
    /// The request's id.
    pub request: String,
    /// The revision of the policy that decided.
    pub policy_revision: String,
    /// Whose pass it is.
    pub subject: Party,
    /// For whom the subject acts, when it is not for itself.
    pub on_behalf_of: Option<Party>,
    /// Who answers for the subject.
    pub owner: Option<Party>,
    /// The right that covers the call.
    pub right: Right,
    /// When [`Mode::PerCall`] let it through: the digest to spend at the broker before the call goes on.
    pub spend: Option<String>,
    /// Whoever has the pass may use it: it names no holder's key.
    pub bearer: bool,
    /// When the pass ends, in seconds since the epoch: the earliest end of any block.
    pub expires: i64,
    /// The names to log, one per block. Never log the pass itself.
    pub revocation_ids: Vec<String>,
}

/// Verifies passes of one broker, offline.
#[derive(Clone)]
pub struct Verifier {
    keys: KeySet,
    policy: AuthorizerBuilder,
}

/// The verifier's own policy did not parse: a fault of this build.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the verifier's policy does not parse: {0}")]
pub struct PolicyError(String);

impl Verifier {
    /// A verifier that trusts these keys.
    pub fn new(keys: KeySet) -> Result<Self, PolicyError> {
        let limits = AuthorizerLimits { max_facts: FACT_LIMIT, max_iterations: ITERATION_LIMIT, max_time: TIME_LIMIT };
        let policy = AuthorizerBuilder::new()
            .set_limits(limits)
            .fact(fact("hallpass_profile", &[Term::Integer(admission::PROFILE)]))
            .and_then(|p| p.policy("allow if call($c, $o), resource($r), right($c, $o, $r, $m)"))
            .map_err(|e| PolicyError(e.to_string()))?;
        Ok(Self { keys, policy })
    }

    /// Judges `pass` for the presented call. `revoked` is asked once, after the signatures held and before anything
    /// is evaluated.
    pub fn verify(&self, pass: &str, call: &Presented<'_>, revoked: &dyn Fn(&Ids) -> bool) -> Result<Granted, Refusal> {
        let (admitted, biscuit) = open(pass, &self.keys)?;
        let ids =
            Ids { grant: admitted.authority.grant.clone(), blocks: biscuit.revocation_identifiers().iter().map(hex::encode).collect() };
        if revoked(&ids) {
            return Err(Refusal::Revoked { grant: ids.grant });
        }
        let now = u64::try_from(call.time).unwrap_or(0);
        if now >= admitted.end {
            return Err(Refusal::Expired { end: admitted.end, now });
        }
        self.evaluate(&biscuit, call, now)?;
        grant(admitted.authority, call, admitted.end, ids)
    }

    fn evaluate(&self, biscuit: &Biscuit, call: &Presented<'_>, now: u64) -> Result<(), Refusal> {
        if call.ancestors.len() >= MAX_RESOURCES {
            return Err(Refusal::Denied { failed: vec![format!("the resource lies in more than {} others", MAX_RESOURCES - 1)] });
        }
        let mut facts = vec![
            fact("time", &[Term::Date(now)]),
            fact("audience", &[string(call.audience)]),
            fact("call", &[string(call.target), string(call.operation)]),
            fact("resource", &[string(call.resource)]),
        ];
        facts.extend(call.ancestors.iter().map(|r| fact("resource", &[string(r)])));
        facts.extend(call.call_digest.map(|d| fact("call_digest", &[string(d)])));
        facts.extend(call.holder.map(|h| fact("holder", &[string(h)])));
        let authorizer = facts.into_iter().try_fold(self.policy.clone(), AuthorizerBuilder::fact);
        let mut authorizer = authorizer.and_then(|a| a.build(biscuit)).map_err(|e| denial(&e))?;
        authorizer.authorize().map(|_| ()).map_err(|e| denial(&e))
    }
}

/// Whether a verifier would go on to evaluate this pass: its size and content are within bounds, and an issuer key of
/// the set signed it. The broker asks before it hands a pass out.
pub fn admissible(pass: &str, keys: &KeySet) -> Result<(), Refusal> {
    open(pass, keys).map(|_| ())
}

fn open(pass: &str, keys: &KeySet) -> Result<(Admitted, Biscuit), Refusal> {
    let bytes = decode(pass)?;
    let admitted = admission::admit(&bytes, keys)?;
    let unknown = || Refusal::UnknownKey { id: admitted.key_id };
    let issuer = keys.issuer(admitted.key_id).ok_or_else(unknown)?;
    let issuer = PublicKey::from_bytes(issuer, Algorithm::Ed25519).map_err(|_| unknown())?;
    let biscuit = Biscuit::from(&bytes, issuer).map_err(|e| format_refusal(&e))?;
    Ok((admitted, biscuit))
}

/// The bytes of a pass from its text.
pub(crate) fn decode(pass: &str) -> Result<Vec<u8>, Refusal> {
    // Four characters carry three bytes; this bounds what is allocated.
    let most = admission::MAX_BYTES.div_ceil(3) * 4;
    if pass.len() > most {
        return Err(Refusal::TooLarge { bytes: pass.len() / 4 * 3 });
    }
    BASE64.decode(pass).map_err(|_| Refusal::Malformed)
}

fn grant(authority: Authority, call: &Presented<'_>, end: u64, ids: Ids) -> Result<Granted, Refusal> {
    let covers = |right: &&Right| {
        let resource = right.resource == call.resource || call.ancestors.contains(&right.resource.as_str());
        right.target == call.target && right.operation == call.operation && resource
    };
    let right = authority
        .rights
        .iter()
        .filter(covers)
        .min_by_key(|right| right.mode == Mode::PerCall)
        .cloned()
        .ok_or_else(|| Refusal::Denied { failed: vec!["no right covers the call".to_owned()] })?;
    let spend = match right.mode {
        Mode::Auto => None,
        Mode::PerCall => call.call_digest.map(str::to_owned),
    };
    Ok(Granted {
        issuer: authority.issuer,
        grant: authority.grant,
        request: authority.request,
        policy_revision: authority.policy_revision,
        subject: authority.subject,
        on_behalf_of: authority.on_behalf_of,
        owner: authority.owner,
        right,
        spend,
        bearer: authority.bearer,
        expires: i64::try_from(end).unwrap_or(i64::MAX),
        revocation_ids: ids.blocks,
    })
}

fn format_refusal(error: &TokenError) -> Refusal {
    match error {
        TokenError::Format(Format::Signature(_) | Format::SealedSignature) => Refusal::BadSignature,
        _ => Refusal::Malformed,
    }
}

fn denial(error: &TokenError) -> Refusal {
    match error {
        TokenError::RunLimit(_) => Refusal::Overloaded,
        TokenError::FailedLogic(Logic::Unauthorized { checks, .. }) => {
            Refusal::Denied { failed: checks.iter().map(ToString::to_string).collect() }
        }
        TokenError::FailedLogic(Logic::NoMatchingPolicy { checks }) => {
            let no_right = std::iter::once("no right covers the call".to_owned());
            Refusal::Denied { failed: no_right.chain(checks.iter().map(ToString::to_string)).collect() }
        }
        other => Refusal::Denied { failed: vec![other.to_string()] },
    }
}

#[cfg(test)]
mod tests;
