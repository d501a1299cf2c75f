//! The golden vectors: seeded passes, byte for byte, with the calls that they open and those that they do not.

use std::fs;
use std::path::Path;

use ed25519_dalek::Signer as _;
use hallpass_domain::rng::SeededRng;
use hallpass_verify::{Mode, Presented, Verifier, inspect};
use serde_json::{Value, json};

use super::*;

const START: Timestamp = Timestamp(1_800_000_000_000);
const AUDIENCE: &str = "https://db.example";
const SALES: &str = "database:shop/schema:sales";
const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

struct Key(u32, ed25519_dalek::SigningKey);

impl Signer for Key {
    fn key_id(&self) -> u32 {
        self.0
    }
    fn public_key(&self) -> [u8; 32] {
        self.1.verifying_key().to_bytes()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.1.sign(message).to_bytes()
    }
}

fn key(id: u32) -> Key {
    Key(id, ed25519_dalek::SigningKey::from_bytes(&[u8::try_from(id).unwrap(); 32]))
}

fn key_set() -> KeySet {
    let published = |id, key_use| PublishedKey { key_id: id, key_use, public_key: key(id).public_key() };
    KeySet::new([published(1, KeyUse::Issuer), published(2, KeyUse::Approval)]).unwrap()
}

fn right(operation: &str, mode: Mode) -> Right {
    Right { target: "pg-prod".to_owned(), operation: operation.to_owned(), resource: SALES.to_owned(), mode }
}

fn party(kind: &str, id: &str) -> Party {
    Party { kind: kind.to_owned(), id: id.to_owned() }
}

fn request(life: Millis) -> MintRequest {
    let rng = SeededRng::new(7);
    MintRequest {
        issuer: "https://broker.example".to_owned(),
        grant: GrantId::new(START, &rng).unwrap(),
        request: RequestId::new(START, &rng).unwrap(),
        policy_revision: Digest::of(b"policy").to_string(),
        log: None,
        subject: party("agent", "pr_agent"),
        on_behalf_of: Some(party("user", "pr_user")),
        owner: Some(party("user", "pr_user")),
        rights: vec![right("schema.read", Mode::Auto)],
        not_before: START,
        end: START.plus(life),
        audience: AUDIENCE.to_owned(),
        holder: None,
    }
}

fn minted(request: &MintRequest) -> Pass {
    mint(request, &key(1), &key(2).public_key(), &SeededRng::new(1)).unwrap()
}

fn call() -> Presented<'static> {
    Presented {
        time: START.seconds() + 10,
        audience: AUDIENCE,
        target: "pg-prod",
        operation: "schema.read",
        resource: SALES,
        ancestors: &["database:shop"],
        call_digest: None,
        holder: None,
    }
}

fn label(verdict: &Result<hallpass_verify::Granted, Refusal>) -> &'static str {
    match verdict {
        Ok(_) => "granted",
        Err(Refusal::Denied { .. }) => "denied",
        Err(Refusal::Expired { .. }) => "expired",
        Err(Refusal::Revoked { .. }) => "revoked",
        Err(_) => "refused",
    }
}

/// Writes down a pass with its calls, checks each verdict, and compares the whole with the file.
fn vector(name: &str, request: &MintRequest, calls: &[(&str, Presented<'_>, &str)]) {
    let pass = minted(request);
    let verifier = Verifier::new(key_set()).unwrap();
    let calls: Vec<Value> = calls
        .iter()
        .map(|(why, call, expected)| {
            let verdict = verifier.verify(pass.text.expose(), call, &|_| false);
            assert_eq!(label(&verdict), *expected, "{name}: {why}: {verdict:?}");
            json!({"why": why, "time": call.time, "audience": call.audience, "target": call.target, "operation": call.operation,
                   "resource": call.resource, "ancestors": call.ancestors, "call_digest": call.call_digest, "holder": call.holder,
                   "verdict": expected})
        })
        .collect();
    let source: Vec<String> = inspect(pass.text.expose()).unwrap().blocks.iter().map(|b| b.source.clone()).collect();
    let document =
        json!({"keys": key_set(), "pass": pass.text.expose(), "revocation_ids": pass.revocation_ids, "blocks": source, "calls": calls});
    let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(format!("{name}.json"));
    // Compared as documents: the order of an object's members depends on how the JSON library was built.
    let known: Option<Value> = fs::read_to_string(&golden).ok().and_then(|known| serde_json::from_str(&known).ok());
    if known != Some(document) {
        let made = std::env::temp_dir().join(format!("{name}.json"));
        fs::write(&made, text).unwrap();
        panic!("{name} is not what {} says. If passes are meant to change, copy {} over it.", golden.display(), made.display());
    }
}

#[test]
fn a_bearer_pass_opens_what_it_names_and_no_more() {
    let good = call();
    let early = Presented { time: START.seconds() - 5, ..good };
    let too_early = Presented { time: START.seconds() - 6, ..good };
    let last = Presented { time: START.seconds() + 299, ..good };
    let over = Presented { time: START.seconds() + 300, ..good };
    let table = Presented { resource: "database:shop/schema:sales/table:orders", ancestors: &["database:shop", SALES], ..good };
    vector(
        "bearer",
        &request(BEARER_MS),
        &[
            ("the approved read", good, "granted"),
            ("a table of the schema", table, "granted"),
            ("by a clock 5 s behind", early, "granted"),
            ("by a clock 6 s behind", too_early, "denied"),
            ("in its last second", last, "granted"),
            ("at its end", over, "expired"),
            ("a write", Presented { operation: "schema.write", ..good }, "denied"),
            ("another schema", Presented { resource: "database:shop/schema:hr", ..good }, "denied"),
            ("the whole database", Presented { resource: "database:shop", ancestors: &[], ..good }, "denied"),
            ("another target", Presented { target: "pg-test", ..good }, "denied"),
            ("another audience", Presented { audience: "https://other.example", ..good }, "denied"),
        ],
    );
}

#[test]
fn a_call_that_needs_an_approval_is_not_opened_by_its_digest_alone() {
    let mut wanted = request(BEARER_MS);
    wanted.rights.push(right("schema.drop", Mode::PerCall));
    wanted.log = Some(LogLeaf { origin: "broker.example/log".to_owned(), leaf: Digest::of(b"leaf") });
    vector(
        "per_call",
        &wanted,
        &[
            ("what needs none", call(), "granted"),
            ("without a digest", Presented { operation: "schema.drop", ..call() }, "denied"),
            ("with a digest that nobody approved", Presented { operation: "schema.drop", call_digest: Some(DIGEST), ..call() }, "denied"),
        ],
    );
}

#[test]
fn a_held_pass_is_opened_by_its_holder_only() {
    let mut wanted = request(HELD_MS);
    wanted.holder = Some(key(3).public_key());
    let (holder, thief) = (thumbprint(&key(3).public_key()), thumbprint(&key(4).public_key()));
    vector(
        "held",
        &wanted,
        &[
            ("by its holder", Presented { holder: Some(&holder), ..call() }, "granted"),
            ("by whoever has it", call(), "denied"),
            ("by another key", Presented { holder: Some(&thief), ..call() }, "denied"),
        ],
    );
}

#[test]
fn names_with_datalog_in_them_stay_names() {
    let mut wanted = request(BEARER_MS);
    let evil = "x\"); right(\"pg-prod\", \"schema.write\", \"database:shop\", \"auto\"); check if call(\"";
    wanted.subject = party("agent", evil);
    evil.clone_into(&mut wanted.rights[0].operation);
    let pass = minted(&wanted);
    let verifier = Verifier::new(key_set()).unwrap();
    let granted = verifier.verify(pass.text.expose(), &Presented { operation: evil, ..call() }, &|_| false).unwrap();
    assert_eq!(granted.subject.id, evil);
    let write = verifier.verify(pass.text.expose(), &Presented { operation: "schema.write", ..call() }, &|_| false);
    assert_eq!(label(&write), "denied");
}

#[test]
fn a_pass_lives_no_longer_than_its_kind_may() {
    let try_life = |life: Millis, holder: Option<[u8; 32]>| {
        let wanted = MintRequest { holder, ..request(life) };
        mint(&wanted, &key(1), &key(2).public_key(), &SeededRng::new(1)).map(|_| ())
    };
    let held = Some(key(3).public_key());
    assert!(try_life(BEARER_MS, None).is_ok());
    assert!(matches!(try_life(BEARER_MS + 1, None), Err(MintError::Lifetime { max_ms: BEARER_MS, .. })));
    assert!(try_life(HELD_MS, held).is_ok());
    assert!(matches!(try_life(HELD_MS + 1, held), Err(MintError::Lifetime { max_ms: HELD_MS, .. })));
    assert!(matches!(try_life(0, None), Err(MintError::Lifetime { asked_ms: 0, .. })));
    let backwards = MintRequest { not_before: START.plus(10), end: START, ..request(1) };
    assert!(matches!(mint(&backwards, &key(1), &key(2).public_key(), &SeededRng::new(1)), Err(MintError::Lifetime { .. })));
}

#[test]
fn the_end_is_never_rounded_up() {
    let pass = minted(&request(9_999));
    let at = |second: i64| {
        Verifier::new(key_set()).unwrap().verify(pass.text.expose(), &Presented { time: START.seconds() + second, ..call() }, &|_| false)
    };
    assert_eq!(label(&at(8)), "granted");
    assert_eq!(label(&at(9)), "expired");
}

#[test]
fn no_pass_is_handed_out_that_verifiers_would_refuse() {
    let mint = |wanted: &MintRequest| mint(wanted, &key(1), &key(2).public_key(), &SeededRng::new(1)).map(|_| ());
    let rights = |count: usize, length: usize| {
        let resource = |i: usize| format!("database:{i}{}", "x".repeat(length));
        let rights = (0..count).map(|i| Right { resource: resource(i), ..right("schema.read", Mode::Auto) }).collect();
        MintRequest { rights, ..request(BEARER_MS) }
    };
    assert!(mint(&rights(32, 10)).is_ok());
    assert!(matches!(mint(&rights(33, 10)), Err(MintError::Rights(33))));
    assert!(matches!(mint(&rights(0, 0)), Err(MintError::Rights(0))));
    assert!(matches!(mint(&rights(20, 900)), Err(MintError::Refused(Refusal::TooLarge { .. }))));
    let wordy = MintRequest { audience: "x".repeat(1025), ..request(BEARER_MS) };
    assert!(matches!(mint(&wordy), Err(MintError::Refused(Refusal::NotAdmitted { .. }))));
}

#[test]
fn two_passes_for_one_grant_have_names_of_their_own() {
    let rng = SeededRng::new(1);
    let mint = || mint(&request(BEARER_MS), &key(1), &key(2).public_key(), &rng).unwrap();
    let (one, two) = (mint(), mint());
    assert_ne!(one.revocation_ids, two.revocation_ids);
    let seen = inspect(one.text.expose()).unwrap();
    assert_eq!((seen.key_id, seen.blocks[0].revocation_id.as_str()), (Some(1), one.revocation_ids[0].as_str()));
}

#[test]
fn a_minted_pass_can_be_narrowed_by_the_library_of_anyone() {
    let pass = biscuit_auth::UnverifiedBiscuit::from_base64(minted(&request(BEARER_MS)).text.expose()).unwrap();
    let narrowed =
        pass.append(biscuit_auth::builder::BlockBuilder::new().code("check if time($t), $t < 2027-01-15T08:00:20Z;").unwrap()).unwrap();
    let verifier = Verifier::new(key_set()).unwrap();
    let text = narrowed.to_base64().unwrap();
    let granted = verifier.verify(&text, &call(), &|_| false).unwrap();
    assert_eq!(granted.expires, START.seconds() + 20);
    assert_eq!(label(&verifier.verify(&text, &Presented { time: START.seconds() + 20, ..call() }, &|_| false)), "expired");
}
