//! Passes for the tests, made as the broker makes them, and blocks as holders, approvers and attackers add them.

use biscuit_auth::builder::BlockBuilder;
use biscuit_auth::macros::{biscuit, block};
use biscuit_auth::{Algorithm, Biscuit, KeyPair, PrivateKey, PublicKey};

use crate::{Granted, Ids, KeySet, KeyUse, Presented, PublishedKey, Refusal, Verifier, thumbprint};

pub(crate) const START: u64 = 1_800_000_000;
pub(crate) const END: u64 = START + 300;
pub(crate) const AUDIENCE: &str = "https://db.example";
pub(crate) const DIGEST: &str = "sha256:aaaa";

pub(crate) fn pair(seed: u8) -> KeyPair {
    KeyPair::from(&PrivateKey::from_bytes(&[seed; 32], Algorithm::Ed25519).unwrap())
}

pub(crate) fn raw(pair: &KeyPair) -> [u8; 32] {
    pair.public().to_bytes().try_into().unwrap()
}

pub(crate) fn jkt(pair: &KeyPair) -> String {
    thumbprint(&raw(pair))
}

/// The issuer's key, the approval key, and the keys of the holder and of two sub-agents.
pub(crate) struct Keys {
    pub(crate) issuer: KeyPair,
    pub(crate) approval: KeyPair,
    pub(crate) holder: KeyPair,
    pub(crate) sub: KeyPair,
    pub(crate) subsub: KeyPair,
    pub(crate) thief: KeyPair,
}

pub(crate) fn keys() -> Keys {
    Keys { issuer: pair(1), approval: pair(2), holder: pair(3), sub: pair(4), subsub: pair(5), thief: pair(6) }
}

pub(crate) fn key_set() -> KeySet {
    let key = |key_id, key_use, seed| PublishedKey { key_id, key_use, public_key: raw(&pair(seed)) };
    KeySet::new([key(7, KeyUse::Issuer, 1), key(8, KeyUse::Approval, 2)]).unwrap()
}

pub(crate) fn verifier() -> Verifier {
    Verifier::new(key_set()).unwrap()
}

/// A pass bound to the holder's key: reading is free, dropping needs an approval.
pub(crate) fn held() -> Biscuit {
    let keys = keys();
    let holder = jkt(&keys.holder);
    let holder_key = keys.holder.public();
    let builder = facts().merge(block!(r#"check if holder({holder}) or delegated({holder}, $n) trusting {holder_key};"#,));
    builder.root_key_id(7).build(&keys.issuer).unwrap()
}

/// The same pass for whoever has it.
pub(crate) fn bearer() -> Biscuit {
    facts().root_key_id(7).build(&keys().issuer).unwrap()
}

pub(crate) fn facts() -> biscuit_auth::builder::BiscuitBuilder {
    let approval_key: PublicKey = keys().approval.public();
    let start = biscuit_auth::builder::Term::Date(START);
    let end = biscuit_auth::builder::Term::Date(END);
    biscuit!(
        r#"issuer("https://broker.example"); profile(1); grant("gr_1"); request("rq_1"); policy_revision("sha256:00");
           subject("agent", "ag_1"); on_behalf_of("user", "us_1"); owner("user", "us_1");
           right("pg-prod", "schema.read", "database:shop/schema:sales", "auto");
           right("pg-prod", "schema.drop", "database:shop/schema:sales", "per_call");
           check if hallpass_profile(1);
           check if time($t), $t >= {start}, $t < {end};
           check if audience("https://db.example");
           check if call($c, $o), resource($r), right($c, $o, $r, $m);
           check if call($c, $o), resource($r), right($c, $o, $r, "auto")
              or call_digest($d), approved("gr_1", $d, $who) trusting {approval_key};"#,
    )
}

/// Hands the pass on from one key to the next, narrowing it as `narrow` says.
pub(crate) fn delegate(pass: &Biscuit, from: &KeyPair, to: &KeyPair, narrow: BlockBuilder) -> Biscuit {
    let (old, new, new_key) = (jkt(from), jkt(to), to.public());
    let block = block!(
        r#"delegated({old}, {new});
           check if holder({new}) or delegated({new}, $n) trusting {new_key};"#,
    );
    signed(pass, from, block.merge(narrow))
}

/// Approves the call with this digest.
pub(crate) fn approve(pass: &Biscuit, approver: &KeyPair, digest: &str) -> Biscuit {
    let end = biscuit_auth::builder::Term::Date(START + 120);
    signed(pass, approver, block!(r#"approved("gr_1", {digest}, "us_2"); check if time($t), $t < {end};"#))
}

/// Appends a third party's block.
pub(crate) fn signed(pass: &Biscuit, signer: &KeyPair, block: BlockBuilder) -> Biscuit {
    let request = pass.third_party_request().unwrap();
    let block = request.create_block(&signer.private(), block).unwrap();
    pass.append_third_party(signer.public(), block).unwrap()
}

/// A read by the holder, half-way through the pass.
pub(crate) fn read(holder: Option<&str>) -> Presented<'_> {
    Presented {
        time: i64::try_from(START + 100).unwrap(),
        audience: AUDIENCE,
        target: "pg-prod",
        operation: "schema.read",
        resource: "database:shop/schema:sales",
        ancestors: &["database:shop"],
        call_digest: None,
        holder,
    }
}

/// The verdict of the usual verifier when nothing is revoked.
pub(crate) fn verify(pass: &Biscuit, call: &Presented<'_>) -> Result<Granted, Refusal> {
    verifier().verify(&pass.to_base64().unwrap(), call, &|_: &Ids| false)
}
