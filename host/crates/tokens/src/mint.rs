//! Block 0 of a pass.

use biscuit_auth::builder::{Binary, BiscuitBuilder, Term};
use biscuit_auth::{Algorithm, Biscuit, KeyPair, PrivateKey, PublicKey};
use hallpass_domain::ids::{Digest, GrantId, RequestId};
use hallpass_domain::rng::RngError;
use hallpass_domain::secret::{SecretText, Signer};
use hallpass_domain::{Millis, Rng, Timestamp};
use hallpass_verify::{KeySet, KeyUse, MAX_RIGHTS, Party, PublishedKey, Refusal, Right, admissible, thumbprint};

use crate::datalog::{atom, check_if, compare, fact, query, text, variable};
use crate::wrapper;

/// Longest life of a pass that names no holder.
pub const BEARER_MS: Millis = 5 * 60 * 1000;
/// Longest life of a pass that only its holder's key opens.
pub const HELD_MS: Millis = 15 * 60 * 1000;
/// A verifier's clock may be this many seconds behind ours when a pass begins. There is no such grace at its end.
pub const NOT_BEFORE_GRACE_S: i64 = 5;
/// The layout; a verifier supplies `hallpass_profile(1)` and so refuses what it does not know.
const PROFILE: i64 = 1;

/// What a pass is to say.
#[derive(Debug, Clone)]
pub struct MintRequest {
    /// The broker's URL.
    pub issuer: String,
    /// The grant that the pass carries.
    pub grant: GrantId,
    /// The request that led to it.
    pub request: RequestId,
    /// The revision of the policy that decided.
    pub policy_revision: String,
    /// The leaf of the log that holds the grant's activation, once it has one.
    pub log: Option<LogLeaf>,
    /// Whose pass it is.
    pub subject: Party,
    /// For whom the subject acts, when it is not for itself.
    pub on_behalf_of: Option<Party>,
    /// Who answers for the subject, when it does not itself.
    pub owner: Option<Party>,
    /// 1 to 32.
    pub rights: Vec<Right>,
    /// When it begins.
    pub not_before: Timestamp,
    /// When it ends; rounded down to the second.
    pub end: Timestamp,
    /// The one URL that it is for.
    pub audience: String,
    /// The Ed25519 key whose holder alone may use it; `None` makes a bearer pass.
    pub holder: Option<[u8; 32]>,
}

/// Where the log holds a thing.
#[derive(Debug, Clone)]
pub struct LogLeaf {
    /// The log's origin.
    pub origin: String,
    /// The leaf's digest.
    pub leaf: Digest,
}

/// A minted pass.
pub struct Pass {
    /// URL-safe base64 of the Biscuit. Whoever reads it can use a bearer pass, and extend any.
    pub text: SecretText,
    /// The names by which it can be revoked, hexadecimal; safe to log.
    pub revocation_ids: Vec<String>,
}

/// No pass was made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum MintError {
    /// It would live too long, or not at all.
    #[error("the pass would live {asked_ms} ms: it must be more than 0 and at most {max_ms}; mint it later again while the grant lives")]
    Lifetime {
        /// From begin to end.
        asked_ms: Millis,
        /// The most for its kind.
        max_ms: Millis,
    },
    /// No right, or too many.
    #[error("a pass carries 1 to 32 rights, not {0}; split the grant over several passes")]
    Rights(usize),
    /// A key is unusable.
    #[error("the {0} key is no Ed25519 public key; the principal has to enrol again, or the broker's keys were altered")]
    Key(&'static str),
    /// No verifier would take it.
    #[error("verifiers would refuse the pass: {0}; split the grant over several passes, or shorten its names")]
    Refused(#[from] Refusal),
    /// The library refused.
    #[error("the pass could not be built: {0}")]
    Build(String),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RngError),
}

impl From<biscuit_auth::error::Token> for MintError {
    fn from(error: biscuit_auth::error::Token) -> Self {
        Self::Build(error.to_string())
    }
}

/// Makes a pass, signed by the issuer key. `approval` is the public key whose approvals of single calls it honours.
///
/// The same request, keys and random bytes give the same pass.
pub fn mint(request: &MintRequest, issuer: &dyn Signer, approval: &[u8; 32], rng: &dyn Rng) -> Result<Pass, MintError> {
    let max_ms = if request.holder.is_some() { HELD_MS } else { BEARER_MS };
    let asked_ms = request.end.since(request.not_before);
    if asked_ms == 0 || asked_ms > max_ms || request.end.seconds() <= 0 {
        return Err(MintError::Lifetime { asked_ms, max_ms });
    }
    if request.rights.is_empty() || request.rights.len() > MAX_RIGHTS {
        return Err(MintError::Rights(request.rights.len()));
    }
    let issuer_key = PublishedKey { key_id: issuer.key_id(), key_use: KeyUse::Issuer, public_key: issuer.public_key() };
    let keys = KeySet::new([issuer_key]).map_err(|_| MintError::Key("issuer"))?;
    let approval = public_key(approval, "approval")?;
    let builder = checks(facts(BiscuitBuilder::new(), request)?, request, approval)?;
    let biscuit = build(builder, rng)?;
    let biscuit = wrapper::signed_by(&biscuit, issuer)?;
    let text = SecretText::new(biscuit.to_base64()?);
    admissible(text.expose(), &keys)?;
    Ok(Pass { text, revocation_ids: biscuit.revocation_identifiers().iter().map(hex::encode).collect() })
}

fn facts(builder: BiscuitBuilder, request: &MintRequest) -> Result<BiscuitBuilder, MintError> {
    let party = |name: &str, party: &Party| fact(name, [text(&party.kind), text(&party.id)]);
    let mut facts = vec![
        fact("issuer", [text(&request.issuer)]),
        fact("profile", [Term::Integer(PROFILE)]),
        fact("grant", [text(request.grant.as_str())]),
        fact("request", [text(request.request.as_str())]),
        fact("policy_revision", [text(&request.policy_revision)]),
        party("subject", &request.subject),
    ];
    facts.extend(request.log.as_ref().map(|log| fact("log", [text(&log.origin), text(&log.leaf.to_string())])));
    facts.extend(request.on_behalf_of.as_ref().map(|p| party("on_behalf_of", p)));
    facts.extend(request.owner.as_ref().map(|p| party("owner", p)));
    facts.extend(request.rights.iter().map(|r| {
        let terms = [text(&r.target), text(&r.operation), text(&r.resource), text(r.mode.as_str())];
        fact("right", terms)
    }));
    Ok(facts.into_iter().try_fold(builder, BiscuitBuilder::fact)?)
}

fn checks(builder: BiscuitBuilder, request: &MintRequest, approval: PublicKey) -> Result<BiscuitBuilder, MintError> {
    let call = || atom("call", [variable("c"), variable("o")]);
    let resource = || atom("resource", [variable("r")]);
    let right = |mode: Term| atom("right", [variable("c"), variable("o"), variable("r"), mode]);
    let date = |seconds: i64| Term::Date(u64::try_from(seconds).unwrap_or(0));
    let window = vec![
        compare(variable("t"), Binary::GreaterOrEqual, date(request.not_before.seconds() - NOT_BEFORE_GRACE_S)),
        compare(variable("t"), Binary::LessThan, date(request.end.seconds())),
    ];
    let approved = atom("approved", [text(request.grant.as_str()), variable("d"), variable("who")]);
    let builder = builder
        .check(check_if([query([atom("hallpass_profile", [Term::Integer(PROFILE)])], vec![], None)]))?
        .check(check_if([query([atom("time", [variable("t")])], window, None)]))?
        .check(check_if([query([atom("audience", [text(&request.audience)])], vec![], None)]))?
        .check(check_if([query([call(), resource(), right(variable("m"))], vec![], None)]))?
        .check(check_if([
            query([call(), resource(), right(text("auto"))], vec![], None),
            query([atom("call_digest", [variable("d")]), approved], vec![], Some(approval)),
        ]))?;
    let Some(holder) = &request.holder else {
        return Ok(builder);
    };
    let (key, jkt) = (public_key(holder, "holder's")?, thumbprint(holder));
    // The delegator comes first: a block trusts itself, so anyone could state a delegation with one argument.
    let delegated = atom("delegated", [text(&jkt), variable("n")]);
    let holds = query([atom("holder", [text(&jkt)])], vec![], None);
    Ok(builder.check(check_if([holds, query([delegated], vec![], Some(key))]))?)
}

/// Builds under a root key that nobody keeps; [`wrapper::signed_by`] replaces its signature.
fn build(builder: BiscuitBuilder, rng: &dyn Rng) -> Result<Biscuit, MintError> {
    let pair = |bytes: [u8; 32]| {
        let private = PrivateKey::from_bytes(&bytes, Algorithm::Ed25519).map_err(|e| MintError::Build(e.to_string()))?;
        Ok::<_, MintError>(KeyPair::from(&private))
    };
    let next = pair(hallpass_domain::rng::bytes(rng)?)?;
    let thrown_away = pair(hallpass_domain::rng::bytes(rng)?)?;
    Ok(builder.build_with_key_pair(&thrown_away, biscuit_auth::datalog::SymbolTable::new(), &next)?)
}

fn public_key(bytes: &[u8; 32], whose: &'static str) -> Result<PublicKey, MintError> {
    PublicKey::from_bytes(bytes, Algorithm::Ed25519).map_err(|_| MintError::Key(whose))
}

#[cfg(test)]
mod tests;
