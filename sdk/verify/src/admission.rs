//! What a pass must look like before anything in it is evaluated.
//!
//! The engine's own limits do not bound the processor time of one join or one closure, so a token of 600 bytes can cost
//! seconds. Here the wrapper is decoded and whatever could be expensive, or could mean something else than it seems, is
//! refused: rules, closures, regular expressions, external functions, `trusting previous`, `reject if`, arithmetic;
//! facts outside of block 0 other than a signed delegation or approval. What is left has a bounded cost ([`cost`]).

mod authority;
mod cost;
mod query;

use prost::Message as _;

use crate::keys::KeySet;
use crate::refusal::Refusal;
use crate::thumbprint::thumbprint;
use crate::wire;

pub(crate) use authority::{Authority, PROFILE};
pub use authority::{MAX_RIGHTS, Mode, Party, Right};
pub(crate) use cost::MAX_RESOURCES;

/// Largest pass in bytes, decoded.
pub const MAX_BYTES: usize = 8 * 1024;
/// Most blocks, block 0 included.
pub const MAX_BLOCKS: usize = 8;
const MAX_CHECKS: usize = 8;
const MAX_SYMBOLS: usize = 192;
/// A resource is at most this long, and nothing in a pass is longer.
const MAX_SYMBOL_BYTES: usize = 1024;
const MAX_KEYS: usize = 8;
/// Datalog versions of the Biscuit format that are read.
const VERSIONS: std::ops::RangeInclusive<u32> = 3..=6;
/// Third-party blocks exist since this Datalog version …
const THIRD_PARTY_SINCE: u32 = 5;
/// … and are bound to the block before them since this signature version.
const THIRD_PARTY_SIGNATURE: u32 = 1;

/// A pass that may be evaluated, once its signatures hold.
pub(crate) struct Admitted {
    /// The unauthenticated hint that names the issuer key.
    pub(crate) key_id: Option<u32>,
    /// What block 0 says.
    pub(crate) authority: Authority,
    /// The earliest end that any block sets, in seconds since the epoch.
    pub(crate) end: u64,
}

/// Decodes and judges. Says nothing about signatures.
pub(crate) fn admit(bytes: &[u8], keys: &KeySet) -> Result<Admitted, Refusal> {
    if bytes.len() > MAX_BYTES {
        return Err(Refusal::TooLarge { bytes: bytes.len() });
    }
    let token = wire::Token::decode(bytes).map_err(|_| Refusal::Malformed)?;
    if token.blocks.len() >= MAX_BLOCKS {
        return Err(refuse("it has more than 8 blocks"));
    }
    if token.authority.external.is_some() {
        return Err(refuse("block 0 carries a third party's signature"));
    }
    let mut cost = cost::Estimate::default();
    // Strings of blocks without a third-party signature are shared by all that follow; a signed block has its own.
    let mut shared = Vec::new();
    let block = decode(&token.authority)?;
    shared.extend(block.symbols.iter().cloned());
    let authority = authority::read(&block, &shared)?;
    let mut end = authority.end;
    examine(&block, &shared, &mut cost)?;
    for signed in &token.blocks {
        let block = decode(signed)?;
        let own;
        let symbols = if let Some(external) = &signed.external {
            third_party(signed, external, &block)?;
            own = block.symbols.clone();
            signed_facts(&block, &own, &external.public_key.key, keys)?;
            &own
        } else {
            if !block.facts.is_empty() {
                return Err(refuse("a block that nobody signed brings facts"));
            }
            shared.extend(block.symbols.iter().cloned());
            &shared
        };
        examine(&block, symbols, &mut cost)?;
        end = query::ends(&block, symbols).fold(end, u64::min);
    }
    cost.check()?;
    Ok(Admitted { key_id: token.root_key_id, authority, end })
}

fn refuse(why: impl Into<String>) -> Refusal {
    Refusal::NotAdmitted { why: why.into() }
}

fn ed25519(key: &wire::PublicKey) -> Result<(), Refusal> {
    if key.algorithm == 0 && key.key.len() == 32 { Ok(()) } else { Err(refuse("it uses a key that is not Ed25519")) }
}

fn decode(signed: &wire::SignedBlock) -> Result<wire::Block, Refusal> {
    ed25519(&signed.next_key)?;
    let block = wire::Block::decode(signed.block.as_slice()).map_err(|_| Refusal::Malformed)?;
    if !block.version.is_some_and(|v| VERSIONS.contains(&v)) {
        return Err(refuse("it uses a version of the format that is not read here (3 to 6 are)"));
    }
    if block.symbols.len() > MAX_SYMBOLS || block.symbols.iter().any(|s| s.len() > MAX_SYMBOL_BYTES) {
        return Err(refuse("it carries too many or too long strings"));
    }
    if block.public_keys.len() > MAX_KEYS {
        return Err(refuse("it names too many keys"));
    }
    block.public_keys.iter().try_for_each(ed25519)?;
    Ok(block)
}

/// The bounds that hold for every block.
fn examine(block: &wire::Block, symbols: &[String], cost: &mut cost::Estimate) -> Result<(), Refusal> {
    if !block.rules.is_empty() {
        return Err(refuse("it brings rules"));
    }
    if block.checks.len() > MAX_CHECKS {
        return Err(refuse("a block has more than 8 checks"));
    }
    query::scopes(&block.scope)?;
    for fact in &block.facts {
        cost.fact(&fact.predicate, symbols)?;
    }
    for check in &block.checks {
        query::check(check)?;
        for query in &check.queries {
            cost.query(query, symbols)?;
        }
    }
    Ok(())
}

fn third_party(signed: &wire::SignedBlock, external: &wire::ExternalSignature, block: &wire::Block) -> Result<(), Refusal> {
    ed25519(&external.public_key)?;
    if signed.version != Some(THIRD_PARTY_SIGNATURE) || block.version.is_none_or(|v| v < THIRD_PARTY_SINCE) {
        return Err(refuse("a third party's block uses an old form of signature, which could be moved to another pass"));
    }
    Ok(())
}

/// A third party may state one thing: that it hands its pass on, or that it approves one call.
fn signed_facts(block: &wire::Block, symbols: &[String], signer: &[u8], keys: &KeySet) -> Result<(), Refusal> {
    let [fact] = block.facts.as_slice() else {
        return if block.facts.is_empty() { Ok(()) } else { Err(refuse("a third party's block states more than one fact")) };
    };
    let name = wire::symbol(symbols, fact.predicate.name).ok_or(Refusal::Malformed)?;
    let terms = authority::texts(&fact.predicate, symbols).ok_or_else(|| refuse("a third party's fact is not made of strings"))?;
    match (name, terms.as_slice()) {
        // A block trusts itself, so who delegates must be the one who signed.
        ("delegated", [from, _]) => {
            let signer: &[u8; 32] = signer.try_into().map_err(|_| Refusal::Malformed)?;
            if *from == thumbprint(signer) { Ok(()) } else { Err(refuse("a delegation is signed by someone else than its delegator")) }
        }
        ("approved", [_, _, _]) if keys.approves(signer) => Ok(()),
        ("approved", [_, _, _]) => Err(refuse("an approval is signed by a key that is no published approval key")),
        _ => Err(refuse(format!("a third party's block states {name}/{}", terms.len()))),
    }
}

#[cfg(test)]
mod tests;
