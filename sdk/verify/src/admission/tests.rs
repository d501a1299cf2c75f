//! What `admission` must do.

use std::fmt::Write as _;
use std::time::Duration;

use biscuit_auth::builder::BlockBuilder;
use biscuit_auth::macros::block;
use biscuit_auth::{AuthorizerBuilder, Biscuit};

use super::*;
use crate::fixture::*;

#[track_caller]
fn refused(pass: &Biscuit, because: &str) {
    match verify(pass, &read(None)) {
        Err(Refusal::NotAdmitted { why }) if why.contains(because) => {}
        other => panic!("expected {because:?}, got {other:?}"),
    }
}

#[track_caller]
fn refused_code(code: &str, because: &str) {
    refused(&bearer().append(BlockBuilder::new().code(code).unwrap()).unwrap(), because);
}

#[test]
fn what_could_be_expensive_or_mean_something_else_is_refused() {
    refused_code(r#"right("pg-prod", "schema.write", "database:shop", "auto");"#, "nobody signed");
    refused_code(r#"right($c, $o, $r, "auto") <- call($c, $o), resource($r);"#, "rules");
    refused_code(r#"check if call($c, $o), $o.matches("(a{0,999}){0,999}");"#, "operator");
    refused_code("check if time($t), {1, 2, 3}.all($x -> $x < 5);", "closure");
    refused_code("check if call($c, $o), $o == \"schema.read\" && $c == \"pg-prod\";", "closure");
    refused_code("check if time($t), $t.extern::slow();", "operator");
    refused_code("check if right($c, $o, $r, $m) trusting previous;", "previous");
    let whole = block!("check if right($c, $o, $r, $m);").scope(biscuit_auth::builder::Scope::Previous);
    refused(&bearer().append(whole).unwrap(), "previous");
    refused_code("reject if call(\"pg-prod\", \"schema.write\");", "reject if");
    refused_code("check if time($t), 1 + 1 == 2;", "operator");
    refused_code("check if time($t), {1, 2}.intersection({2}) == {2};", "operator");
    refused_code("check if time($t), {\"a\": 1} == {\"a\": 1};", "null, an array or a map");
    refused_code("check if call($a, $b), right($c, $d, $e, $f), right($g, $h, $i, $j), resource($k);", "3 facts");
    refused_code("check if call($a, $b) or call($a, $b) or call($a, $b) or call($a, $b) or call($a, $b);", "4");
    refused_code(&"check if hallpass_profile(1);".repeat(9), "8 checks");
    refused_code("check if call($a, $b), $a != $b, $a != $b, $a != $b, $a != $b, $a != $b, $a != $b;", "16 operators");
    refused_code(&format!("check if call({:?}, $o);", "x".repeat(1025)), "too long strings");
}

#[test]
fn the_tokens_that_burn_seconds_are_refused_at_once() {
    // 20 facts and a join of five: 600 bytes, seconds in the engine, whatever its time limit says.
    let join = "check if n($a), n($b), n($c), n($d), n($e), $a + $b + $c + $d + $e == 0;";
    let facts = (0..20).fold(String::new(), |mut text, i| {
        let _ = write!(text, "n({i});");
        text
    });
    refused_code(&format!("{facts}{join}"), "nobody signed");
    refused(&signed(&bearer(), &keys().sub, BlockBuilder::new().code(format!("{facts}{join}")).unwrap()), "more than one fact");
    let sets = (0..40).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    refused_code(
        &format!("check if time($t), {{{sets}}}.all($x -> {{{sets}}}.all($y -> {{{sets}}}.all($z -> $x + $y + $z >= 0)));"),
        "closure",
    );
}

#[test]
fn the_most_expensive_pass_that_is_admitted_is_cheap() {
    // As many rights as a pass may carry, and blocks that join them as often as the bounds let them.
    let mut builder = facts();
    for i in 0..30 {
        let name = format!("t{i}");
        builder = builder.merge(block!(r#"right("pg-prod", {name}, "database:shop", "auto");"#));
    }
    let mut pass = builder.root_key_id(7).build(&keys().issuer).unwrap();
    let never = "check if right($a, $b, $c, $d), right($e, $f, $g, $h), $b.contains(\"x\"), $f.contains(\"y\");";
    let mut blocks = 0;
    while let Ok(next) = pass.append(BlockBuilder::new().code(never).unwrap())
        && admit(&next.to_vec().unwrap(), &key_set()).is_ok()
    {
        pass = next;
        blocks += 1;
    }
    assert!(blocks >= 1, "nothing was admitted: the bound is too tight for this test to mean anything");
    let biscuit = Biscuit::from(pass.to_vec().unwrap(), keys().issuer.public()).unwrap();
    let unlimited = biscuit_auth::AuthorizerLimits { max_facts: 500, max_iterations: 50, max_time: Duration::from_mins(1) };
    let mut authorizer = AuthorizerBuilder::new().set_limits(unlimited).code("allow if true").unwrap().build(&biscuit).unwrap();
    let _ = authorizer.authorize();
    let took = authorizer.execution_time().unwrap_or_default();
    assert!(took < Duration::from_secs(2), "{blocks} blocks took {took:?}");
}

#[test]
fn a_join_of_three_over_many_rights_is_refused_by_its_cost() {
    let mut builder = facts();
    for i in 0..30 {
        let name = format!("t{i}");
        builder = builder.merge(block!(r#"right("pg-prod", {name}, "database:shop", "auto");"#));
    }
    let pass = builder.root_key_id(7).build(&keys().issuer).unwrap();
    let join = "check if right($a, $b, $c, $d), right($e, $f, $g, $h), right($i, $j, $k, $l), $b.contains($f), $f.contains($j);";
    refused(&pass.append(BlockBuilder::new().code(join).unwrap()).unwrap(), "too long");
}

#[test]
fn size_depth_and_number_of_rights_are_bounded() {
    let mut pass = bearer();
    for _ in 1..MAX_BLOCKS {
        pass = pass.append(BlockBuilder::new()).unwrap();
    }
    assert!(verify(&pass, &read(None)).is_ok());
    refused(&pass.append(BlockBuilder::new()).unwrap(), "8 blocks");

    let rights = |count: usize| {
        let builder = (2..count).fold(facts(), |builder, i| {
            let name = format!("t{i}");
            builder.merge(block!(r#"right("pg-prod", {name}, "database:shop", "auto");"#))
        });
        builder.root_key_id(7).build(&keys().issuer).unwrap()
    };
    assert!(verify(&rights(32), &read(None)).is_ok());
    refused(&rights(33), "32");

    let long = (0..40).fold(BlockBuilder::new(), |block, _| block.context("x".repeat(9000)));
    let big = bearer().append(long).unwrap();
    assert!(matches!(verify(&big, &read(None)), Err(Refusal::TooLarge { .. })));
}

#[test]
fn only_ed25519_keys_are_used() {
    let p256 = biscuit_auth::KeyPair::new_with_algorithm(biscuit_auth::Algorithm::Secp256r1);
    refused(&signed(&bearer(), &p256, block!("check if hallpass_profile(1);")), "not Ed25519");
}
