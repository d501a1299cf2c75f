//! Laws of declared statements: what is refused at load, and that no value can leave its quotes.

use std::collections::BTreeMap;

use hallpass_domain::clock::Timestamp;
use hallpass_domain::holding::Mode;
use hallpass_domain::ids::{HoldingId, InstallationId, Stamp};
use hallpass_domain::port::Wish;
use hallpass_domain::rng::SeededRng;

use super::Statement;
use super::render::{Argument, Frozen, identifier, literal, render};
use super::template::{Piece, Template};

fn slots(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn wish(resource: &str) -> Wish {
    let rng = SeededRng::new(1);
    Wish {
        stamp: Stamp::new(&InstallationId::new(&rng).unwrap(), &HoldingId::new(Timestamp(0), &rng).unwrap()),
        mode: Mode::Provisioning,
        account: None,
        entitlement: "schema.read".to_owned(),
        resource: resource.parse().unwrap(),
        parameters: BTreeMap::new(),
        until: Timestamp(1_767_225_599_123),
        suspended: false,
        fresh_credential: true,
        locator: None,
    }
}

#[test]
fn a_text_that_could_be_more_than_one_statement_or_move_a_value_out_of_its_quotes_is_refused() {
    let declared = slots(&[("x", "text"), ("y", "text")]);
    for bad in [
        "SELECT {x}, {y}; DROP ROLE a",
        "SELECT '{x}', {y}",
        "SELECT \"{x}\", {y}",
        "SELECT E{x}, {y}",
        "SELECT U&{x}, {y}",
        "SELECT {x}{y}",
        "SELECT {x}'', {y}",
        "SELECT ''{x}, {y}",
        "SELECT E'a', {x}, {y}",
        "SELECT U&'a', {x}, {y}",
        "SELECT {x}, {y} -- more",
        "SELECT {x}, {y} /* more",
        "SELECT $$a$$, {x}, {y}",
        "SELECT $1, {x}, {y}",
        "SELECT 'a, {x}, {y}",
        "SELECT '\\', {x}, {y}",
        "SELECT {x}, {y}, {z}",
        "SELECT {x}",
        "SELECT {x y}, {y}",
        "SELECT {x}, {y}}",
        "SELECT {x:identifier}, {y:integer}",
        "COMMIT",
        "SELECT \"Set_Config\"('a', {x}, false), {y}",
        "set role {x} {y}",
        "DO {x} {y}",
        "CALL run({x}, {y})",
        "ALTER SYSTEM SET archive_command = {x} {y}",
        "CREATE FUNCTION f() RETURNS int AS {x} LANGUAGE {y}",
        "DROP TABLE {x} {y}",
        "SELECT query_to_xml({x}, true, true, {y})",
        "SELECT ts_stat({x}), {y}",
        "SELECT pg_read_file({x}), {y}",
        "SELECT \"dblink\"({x}, {y})",
        "EXPLAIN ANALYZE DELETE FROM t WHERE a = {x} AND b = {y}",
        "",
    ] {
        assert!(Template::parse(bad, &declared).is_err(), "{bad:?}");
    }
}

#[test]
fn what_begins_with_a_change_is_declared_as_no_read() {
    let declared = |text: &str, effect: &str| {
        let doc = serde_json::json!({"text": text, "effect": effect, "calls": ["apply"]});
        Statement::declare("a", &serde_json::from_value(doc).unwrap()).map(drop)
    };
    for text in [
        "CREATE ROLE {stamp}",
        "\n\tdelete FROM t",
        "INSERT INTO t VALUES (1) RETURNING 1",
        "UPDATE t SET a = 1 RETURNING a",
        "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE",
        "GRANT a TO {stamp}",
        "REVOKE a FROM {stamp}",
        "COMMENT ON ROLE {stamp} IS 'a'",
        "DROP ROLE {stamp}",
        "ALTER ROLE {stamp} NOLOGIN",
        "REASSIGN OWNED BY {stamp} TO a",
    ] {
        assert!(declared(text, "read").unwrap_err().contains("declared as a read"), "{text}");
        declared(text, "change").unwrap();
    }
    for text in ["SELECT 1 AS a", "Show a", "TABLE t", "VALUES (1)", "WITH a AS (SELECT 1 AS b) SELECT b FROM a"] {
        declared(text, "read").unwrap();
        declared(text, "change").unwrap();
    }
}

#[test]
fn doubled_braces_are_characters_and_quotes_of_the_author_stay() {
    let template = Template::parse("SELECT '{{}}', 'it''s', \"a\"\"b\"", &slots(&[])).unwrap();
    assert_eq!(template.pieces, [Piece::Text("SELECT '{}', 'it''s', \"a\"\"b\"".to_owned())]);
}

#[test]
fn a_secret_stands_only_behind_the_word_password_of_a_role() {
    let declared = slots(&[("pw", "secret:scram-sha-256")]);
    for good in ["CREATE ROLE {stamp} LOGIN PASSWORD {pw}", "alter user {stamp} password {pw}"] {
        Template::parse(good, &declared).unwrap();
    }
    for bad in [
        "SELECT {pw}",
        "CREATE TABLE t AS SELECT {pw}",
        "CREATE ROLE {stamp} VALID UNTIL {pw}",
        "COMMENT ON ROLE {stamp} IS {pw}",
        "CREATE USER MAPPING FOR a SERVER b OPTIONS (password {pw})",
        "SELECT 1 AS password {pw}",
    ] {
        assert!(Template::parse(bad, &declared).is_err(), "{bad:?}");
    }
}

#[test]
fn hostile_names_stay_inside_their_quotes() {
    assert_eq!(identifier("we\"ird 'x'").unwrap(), "\"we\"\"ird 'x'\"");
    assert_eq!(literal("we\"ird 'x'").unwrap(), "'we\"ird ''x'''");
    assert_eq!(literal("a\\' OR 1").unwrap(), " E'a\\\\'' OR 1'", "a backslash reads the same under both settings");
    assert!(identifier(&"x".repeat(64)).is_err(), "the server would cut it and mean another object");
    assert!(identifier("").is_err());
    assert!(identifier("a\0b").is_err());
    assert!(literal("a\0b").is_err());
}

#[test]
fn slots_are_filled_from_the_frozen_wish_and_open_ones_from_arguments_in_order() {
    let declared = slots(&[("s", "resource.schema"), ("until", "grant.until"), ("mark", "grant.mark"), ("b", "integer"), ("a", "boolean")]);
    let template = Template::parse("SELECT {stamp}, {s}, {s:text}, {until}, {mark}, {a}, {b}, {a}", &declared).unwrap();
    let wish = wish("database:shop/schema:it%27s");
    let frozen = Frozen { wish: Some(&wish), attempt: 3 };
    let sql = render("q", &template, frozen, &[Argument::Boolean(true), Argument::Integer(-5)]).unwrap();
    let stamp = wish.stamp.as_str();
    assert_eq!(sql.sql, format!("SELECT \"{stamp}\", \"it's\", 'it''s', '2025-12-31T23:59:59.123Z', '{stamp}/3', TRUE, (-5), TRUE"));
    assert!(render("q", &template, frozen, &[Argument::Integer(-5), Argument::Boolean(true)]).is_err(), "another kind of argument");
    assert!(render("q", &template, frozen, &[Argument::Boolean(true)]).is_err(), "too few");
    assert!(render("q", &template, Frozen { wish: None, attempt: 0 }, &[Argument::Boolean(true), Argument::Integer(1)]).is_err());
}

#[test]
fn what_the_resource_or_the_approval_does_not_name_fills_nothing() {
    let wish = wish("database:shop");
    let frozen = Frozen { wish: Some(&wish), attempt: 1 };
    for source in ["resource.schema", "parameter.level", "grant.account"] {
        let template = Template::parse("SELECT {x}", &slots(&[("x", source)])).unwrap();
        assert!(render("q", &template, frozen, &[]).is_err(), "{source}");
    }
}
