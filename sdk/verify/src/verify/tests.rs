//! What `verify` must do.

use biscuit_auth::macros::{biscuit, block};

use super::*;
use crate::fixture::*;

#[track_caller]
fn denied(verdict: &Result<Granted, Refusal>) {
    assert!(matches!(verdict, Err(Refusal::Denied { .. })), "{verdict:?}");
}

#[track_caller]
fn not_admitted(verdict: Result<Granted, Refusal>, because: &str) {
    match verdict {
        Err(Refusal::NotAdmitted { why }) if why.contains(because) => {}
        other => panic!("expected {because:?}, got {other:?}"),
    }
}

#[test]
fn the_holder_may_do_what_the_right_says() {
    let me = jkt(&keys().holder);
    let granted = verify(&held(), &read(Some(&me))).unwrap();
    assert_eq!((granted.grant.as_str(), granted.subject.kind.as_str(), granted.bearer), ("gr_1", "agent", false));
    assert_eq!(granted.expires, i64::try_from(END).unwrap());
    assert_eq!((granted.right.mode, granted.spend), (Mode::Auto, None));
    assert!(verify(&bearer(), &read(None)).unwrap().bearer);
}

#[test]
fn a_stolen_pass_without_the_key_opens_nothing() {
    denied(&verify(&held(), &read(None)));
    denied(&verify(&held(), &read(Some(&jkt(&keys().thief)))));
}

#[test]
fn another_audience_target_operation_or_resource_is_refused() {
    let good = read(None);
    denied(&verify(&bearer(), &Presented { audience: "https://other.example", ..good }));
    denied(&verify(&bearer(), &Presented { target: "pg-test", ..good }));
    denied(&verify(&bearer(), &Presented { operation: "schema.write", ..good }));
    denied(&verify(&bearer(), &Presented { resource: "database:shop/schema:hr", ..good }));
    denied(&verify(&bearer(), &Presented { resource: "database:shop", ancestors: &[], ..good }));
}

#[test]
fn a_right_covers_what_lies_in_its_resource() {
    let table = Presented {
        resource: "database:shop/schema:sales/table:orders",
        ancestors: &["database:shop", "database:shop/schema:sales"],
        ..read(None)
    };
    assert_eq!(verify(&bearer(), &table).unwrap().right.resource, "database:shop/schema:sales");
}

#[test]
fn a_pass_begins_and_ends_on_the_second() {
    let at = |time: u64| verify(&bearer(), &Presented { time: i64::try_from(time).unwrap(), ..read(None) });
    denied(&at(START - 1));
    assert!(at(START).is_ok());
    assert!(at(END - 1).is_ok());
    assert_eq!(at(END), Err(Refusal::Expired { end: END, now: END }));
    denied(&verify(&bearer(), &Presented { time: -1, ..read(None) }));
}

#[test]
fn a_call_that_needs_approval_gets_through_with_its_own_only() {
    let keys = keys();
    let drop = Presented { operation: "schema.drop", call_digest: Some(DIGEST), ..read(None) };
    denied(&verify(&bearer(), &drop));
    let approved = approve(&bearer(), &keys.approval, DIGEST);
    let granted = verify(&approved, &drop).unwrap();
    assert_eq!((granted.right.mode, granted.spend.as_deref()), (Mode::PerCall, Some(DIGEST)));
    assert_eq!(granted.expires, i64::try_from(START + 120).unwrap(), "an approval shortens the pass that carries it");
    denied(&verify(&approved, &Presented { call_digest: Some("sha256:bbbb"), ..drop }));
    denied(&verify(&approved, &Presented { call_digest: None, ..drop }));
    not_admitted(verify(&approve(&bearer(), &keys.thief, DIGEST), &drop), "no published approval key");
    not_admitted(verify(&approve(&bearer(), &keys.issuer, DIGEST), &drop), "no published approval key");
}

#[test]
fn an_approver_cannot_add_a_right() {
    let block = block!(r#"right("pg-prod", "schema.write", "database:shop/schema:sales", "auto");"#);
    let pass = signed(&bearer(), &keys().approval, block);
    not_admitted(verify(&pass, &Presented { operation: "schema.write", ..read(None) }), "right/4");
}

#[test]
fn a_chain_of_delegations_holds_for_its_last_key_only_and_never_widens() {
    let keys = keys();
    let end = Term::Date(START + 200);
    let one =
        delegate(&held(), &keys.holder, &keys.sub, block!(r#"check if call("pg-prod", "schema.read"); check if time($t), $t < {end};"#));
    let two = delegate(&one, &keys.sub, &keys.subsub, biscuit_auth::builder::BlockBuilder::new());
    let (me, sub, subsub) = (jkt(&keys.holder), jkt(&keys.sub), jkt(&keys.subsub));
    assert_eq!(verify(&one, &read(Some(&sub))).unwrap().expires, i64::try_from(START + 200).unwrap());
    assert!(verify(&two, &read(Some(&subsub))).is_ok());
    denied(&verify(&one, &read(Some(&me))));
    denied(&verify(&two, &read(Some(&sub))));
    denied(&verify(&two, &Presented { operation: "schema.drop", call_digest: Some(DIGEST), ..read(Some(&subsub)) }));
}

#[test]
fn a_delegation_counts_only_from_the_key_that_holds_the_pass() {
    let keys = keys();
    // Whoever copied the pass signs a delegation in the holder's name, in their own, or with no signature.
    let (thief, thief_key) = (jkt(&keys.thief), keys.thief.public());
    let forged = block!(
        r#"delegated({old}, {new}); check if holder({new}) or delegated({new}, $n) trusting {thief_key};"#,
        old = jkt(&keys.holder),
        new = thief.as_str(),
    );
    not_admitted(verify(&signed(&held(), &keys.thief, forged.clone()), &read(Some(&thief))), "someone else than its delegator");
    not_admitted(verify(&held().append(forged).unwrap(), &read(Some(&thief))), "nobody signed");
    let own = delegate(&held(), &keys.thief, &keys.thief, biscuit_auth::builder::BlockBuilder::new());
    denied(&verify(&own, &read(Some(&thief))));
    // Whoever copied a delegated pass signs themselves in behind the sub-agent.
    let copied = delegate(&held(), &keys.holder, &keys.sub, biscuit_auth::builder::BlockBuilder::new());
    let hijacked = delegate(&copied, &keys.thief, &keys.thief, biscuit_auth::builder::BlockBuilder::new());
    denied(&verify(&hijacked, &read(Some(&thief))));
}

#[test]
fn a_signed_block_does_not_move_to_another_pass() {
    let keys = keys();
    let request = held().third_party_request().unwrap();
    let (old, new, new_key) = (jkt(&keys.holder), jkt(&keys.sub), keys.sub.public());
    let block = block!(
        r#"delegated({old}, {new}); check if holder({new}) or delegated({new}, $n) trusting {new_key};"#,
        old = old.as_str(),
        new = new.as_str(),
    );
    let block = request.create_block(&keys.holder.private(), block).unwrap();
    let other = facts().merge(block!(r#"check if holder({old}) or delegated({old}, $n) trusting {k};"#, k = keys.holder.public()));
    let other = other.fact(r#"log("l", "x")"#).unwrap().root_key_id(7).build(&keys.issuer).unwrap();
    let moved = other.append_third_party(keys.holder.public(), block);
    assert!(moved.is_err() || verify(&moved.unwrap(), &read(Some(&new))) == Err(Refusal::BadSignature));
}

#[test]
fn narrowing_without_a_signature_is_anybodys_right() {
    let narrowed = bearer().append(block!(r#"check if call("pg-prod", $o), {"schema.list"}.contains($o);"#)).unwrap();
    denied(&verify(&narrowed, &read(None)));
    let sealed = bearer().append(block!(r#"check if call("pg-prod", $o), {"schema.read"}.contains($o);"#)).unwrap().seal().unwrap();
    assert!(verify(&sealed, &read(None)).is_ok());
}

#[test]
fn the_key_id_decides_alone_which_key_must_have_signed() {
    let keys = keys();
    let bearer = |id: Option<u32>, pair: &biscuit_auth::KeyPair| {
        let builder = facts();
        id.into_iter().fold(builder, biscuit_auth::builder::BiscuitBuilder::root_key_id).build(pair).unwrap()
    };
    assert_eq!(verify(&bearer(None, &keys.issuer), &read(None)), Err(Refusal::UnknownKey { id: None }));
    assert_eq!(verify(&bearer(Some(9), &keys.issuer), &read(None)), Err(Refusal::UnknownKey { id: Some(9) }));
    assert_eq!(
        verify(&bearer(Some(8), &keys.approval), &read(None)),
        Err(Refusal::UnknownKey { id: Some(8) }),
        "an approval key issues nothing"
    );
    assert_eq!(verify(&bearer(Some(7), &keys.approval), &read(None)), Err(Refusal::BadSignature));
    assert!(verify(&bearer(Some(7), &keys.issuer), &read(None)).is_ok());
}

#[test]
fn no_altered_byte_is_accepted() {
    let good = bearer().to_vec().unwrap();
    let verifier = verifier();
    for index in 0..good.len() {
        let mut bytes = good.clone();
        bytes[index] ^= 1;
        let verdict = verifier.verify(&BASE64.encode(&bytes), &read(None), &|_| false);
        assert!(verdict.is_err(), "byte {index} can be altered");
    }
}

#[test]
fn what_is_no_pass_is_malformed_and_no_panic() {
    let good = bearer().to_base64().unwrap();
    for text in ["", "hello world", "====", "\0", "ü", "AAAA", &good[..good.len() / 2], &good.replace('-', "+").replace('_', "/")] {
        let verdict = verifier().verify(text, &read(None), &|_| false);
        assert!(verdict.is_err() || text == good, "{text:?}");
    }
    let long = "A".repeat(200_000);
    assert!(matches!(verifier().verify(&long, &read(None), &|_| false), Err(Refusal::TooLarge { .. })));
    let stripped = good.trim_end_matches('=');
    assert!(verifier().verify(stripped, &read(None), &|_| false).is_ok(), "carriers that strip the padding are served");
}

#[test]
fn revocation_is_asked_by_grant_and_by_block_but_only_of_signed_passes() {
    let pass = delegate(&held(), &keys().holder, &keys().sub, biscuit_auth::builder::BlockBuilder::new());
    let sub = jkt(&keys().sub);
    let text = pass.to_base64().unwrap();
    let by_grant = verifier().verify(&text, &read(Some(&sub)), &|ids| ids.grant == "gr_1");
    assert_eq!(by_grant, Err(Refusal::Revoked { grant: "gr_1".to_owned() }));
    let second = hex::encode(&pass.revocation_identifiers()[1]);
    assert!(matches!(verifier().verify(&text, &read(Some(&sub)), &|ids| ids.blocks.contains(&second)), Err(Refusal::Revoked { .. })));
    assert!(
        verifier().verify(&held().to_base64().unwrap(), &read(Some(&jkt(&keys().holder))), &|ids| ids.blocks.contains(&second)).is_ok()
    );
    let forged = facts().root_key_id(7).build(&keys().thief).unwrap().to_base64().unwrap();
    let verdict = verifier().verify(&forged, &read(None), &|_| panic!("asked about a pass that nobody signed"));
    assert_eq!(verdict, Err(Refusal::BadSignature));
}

#[test]
fn block_0_must_be_of_profile_1_and_say_each_thing_once() {
    let build = |b: biscuit_auth::builder::BiscuitBuilder| b.root_key_id(7).build(&keys().issuer).unwrap();
    not_admitted(verify(&build(facts().fact("profile(2)").unwrap()), &read(None)), "profile twice");
    not_admitted(verify(&build(facts().fact("grant(\"gr_2\")").unwrap()), &read(None)), "grant twice");
    not_admitted(verify(&build(facts().fact("admin(\"x\")").unwrap()), &read(None)), "admin/1");
    not_admitted(verify(&build(biscuit!("profile(1)")), &read(None)), "no end");
    not_admitted(verify(&build(biscuit!("profile(2)")), &read(None)), "does not know");
}

#[test]
fn inspection_shows_content_but_nothing_to_extend_it_with() {
    let pass = approve(&bearer(), &keys().approval, DIGEST);
    let text = pass.to_base64().unwrap();
    let seen = crate::inspect(&text).unwrap();
    assert_eq!((seen.key_id, seen.blocks.len(), seen.verified, seen.sealed), (Some(7), 2, false, false));
    assert!(seen.blocks[0].source.contains("grant(\"gr_1\")"), "{}", seen.blocks[0].source);
    assert_eq!(seen.blocks[1].signed_by, Some(keys().approval.public().to_bytes_hex()));
    let next_secret = match <crate::wire::Token as prost::Message>::decode(pass.to_vec().unwrap().as_slice()).unwrap().proof.content {
        Some(crate::wire::ProofContent::NextSecret(secret)) => secret,
        other => panic!("{other:?}"),
    };
    let shown = format!("{seen}{}", serde_json::to_string(&seen).unwrap());
    assert!(shown.contains("gr_1") && !shown.contains(&hex::encode(&next_secret)) && !shown.contains(&text));
    assert!(crate::inspect(&pass.seal().unwrap().to_base64().unwrap()).unwrap().sealed);
    assert_eq!(crate::inspect("nonsense"), Err(Refusal::Malformed));
}
