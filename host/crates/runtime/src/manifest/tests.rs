//! Laws of the manifest: read strictly, refused with the place of what is wrong.

use serde_json::{Value, json};

use super::*;

mod lines;

fn good() -> Value {
    json!({
        "name": "demo", "version": "0.1.0", "publisher": "hallpass", "wit": "0.1.0", "title": "Demo",
        "settings": {
            "host": { "type": "string", "title": "Host", "required": true },
            "port": { "type": "integer", "title": "Port", "default": 5432 },
            "user": { "type": "string", "title": "User", "required": true },
            "database": { "type": "string", "title": "Database", "required": true },
        },
        "secrets": { "password": { "title": "Password", "use": ["sql-login"] } },
        "entitlements": [{
            "name": "schema.read", "title": "Read", "resource": "database/schema", "mode": "provisioning", "sessions": "end-all",
            "settles_within_ms": 0, "suspend": true, "marked": true, "look": ["look"],
        }],
        "statements": {
            "create": {
                "text": "CREATE ROLE {stamp} PASSWORD {pw}", "slots": { "pw": "secret:scram-sha-256" }, "calls": ["apply"],
            },
            "look": {
                "text": "SELECT 1 AS a FROM pg_roles WHERE rolname = {stamp:text}", "effect": "read", "calls": ["look"],
                "expect": { "present": { "a": 1 }, "suspended": { "a": 2 }, "absent": "no rows" },
            },
        },
        "recipes": { "password": { "bytes": 32, "alphabet": "base64url" } },
    })
}

fn parse(json: &Value) -> Result<Manifest, String> {
    Manifest::parse(json.to_string().as_bytes()).map_err(|e| e.to_string())
}

/// The refusal of the good manifest with `value` put at `pointer`.
fn refusal(pointer: &str, value: Value) -> String {
    let mut json = good();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match json.pointer_mut(parent).unwrap() {
        Value::Object(map) => drop(map.insert(key.to_owned(), value)),
        Value::Array(list) => list.push(value),
        _ => unreachable!("a scalar has no children"),
    }
    parse(&json).expect_err(pointer)
}

#[test]
fn only_a_look_is_server_wide_and_the_operator_reads_it() {
    let refused = refusal("/statements/create/server_wide", json!(true));
    assert!(refused.contains("`create` has `server_wide` and is no look"), "{refused}");
    let mut json = good();
    json["statements"]["look"]["server_wide"] = json!(true);
    let facts = parse(&json).unwrap().facts(hallpass_domain::ids::Digest::of(b"x"));
    let look = facts.permissions.iter().find(|line| line.starts_with("statement look")).unwrap();
    assert!(look.contains("in look; also in the target's own database, where the resource's is gone"), "{look}");
}

#[test]
fn a_good_manifest_tells_the_operator_every_permission() {
    let manifest = parse(&good()).unwrap();
    let facts = manifest.facts(hallpass_domain::ids::Digest::of(b"x"));
    assert_eq!(
        facts.permissions,
        [
            "secret password (Password): used by the host to log in to the database",
            "recipe password: makes a secret of 32 random bytes",
            "statement create (changes; in apply; pw = secret:scram-sha-256): CREATE ROLE {stamp} PASSWORD {pw}",
            r#"statement look (reads; in look; expects {"absent":"no rows","present":{"a":1},"suspended":{"a":2}}): SELECT 1 AS a FROM pg_roles WHERE rolname = {stamp:text}"#,
            "setting port: default 5432",
            "entitlement schema.read on database/schema (provisioning; sessions end-all; suspend yes; marked yes; settles within 0 ms; looks: look)",
        ]
    );
    for (kind, name, line) in [("secret", "password", 0), ("recipe", "password", 1), ("statement", "create", 2), ("statement", "look", 3)] {
        assert_eq!(manifest.permission(kind, name), Some(facts.permissions[line].as_str()), "{kind} {name}");
    }
    assert_eq!(manifest.permission("statement", "password"), None);
    assert!(facts.entitlement("schema.read").unwrap().host_looks);
    assert_eq!(facts.settings.iter().find(|s| s.name == "port").unwrap().default.as_deref(), Some("5432"));
    assert!(facts.optional_secrets.is_empty());
    let mut json = good();
    json["secrets"]["password"]["optional"] = true.into();
    assert_eq!(parse(&json).unwrap().facts(hallpass_domain::ids::Digest::of(b"x")).optional_secrets, ["password"]);
}

#[test]
fn an_unknown_key_is_named_with_its_path() {
    for (pointer, path) in [
        ("/extra", "extra"),
        ("/statements/look/extra", "statements.look"),
        ("/statements/look/expect/extra", "statements.look.expect"),
        ("/settings/host/extra", "settings.host"),
        ("/entitlements/0/extra", "entitlements[0]"),
    ] {
        let message = refusal(pointer, json!(1));
        assert!(message.contains(path) && message.contains("extra"), "{message}");
    }
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let text = good().to_string().replacen("\"recipes\":{", "\"recipes\":{\"password\":{\"bytes\":16,\"alphabet\":\"base64url\"},", 1);
    let message = Manifest::parse(text.as_bytes()).unwrap_err().to_string();
    assert!(message.contains("stands twice"), "{message}");
}

#[test]
fn what_does_not_fit_together_is_refused() {
    for (pointer, value, why) in [
        ("/name", json!("Demo!"), "the name"),
        ("/version", json!("1.0"), "three numbers"),
        ("/wit", json!("0.2.0"), "this host speaks"),
        ("/entitlements/0/look", json!(["create"]), "no `expect`"),
        ("/entitlements/0/look", json!(["nothing"]), "no statement"),
        ("/entitlements/0/look", json!([]), "belongs to no entitlement"),
        ("/statements/look/expect", json!({ "present": { "a": 1 }, "absent": "no rows" }), "expect.suspended"),
        ("/statements/look/calls", json!(["look", "observe"]), "declare it twice"),
        ("/statements/look/effect", json!("change"), "must change nothing"),
        ("/statements/look/text", json!("SELECT {x}"), "does not declare it"),
        ("/statements/look/slots", json!({ "x": "text" }), "does not use it"),
        ("/statements/create/calls", json!(["observe"]), "must change nothing"),
        ("/statements/create/calls", json!([]), "names no call"),
        ("/statements/create/effect", json!("read"), "is declared as a read"),
        ("/statements/create/databases", json!(true), "no read"),
        (
            "/statements/more",
            json!({ "text": "DELETE FROM {t}", "slots": { "t": "resource.table" }, "calls": ["revoke"] }),
            "no entitlement has",
        ),
        (
            "/statements/more",
            json!({ "text": "DELETE FROM {t}", "slots": { "t": "parameter.t" }, "calls": ["revoke"] }),
            "no entitlement declares",
        ),
        ("/entitlements/0/parameters", json!({ "level": { "title": "Level", "values": [""] } }), "1 to 255 bytes"),
        ("/entitlements/0/parameters", json!({ "level": { "title": "Level", "values": [] } }), "empty list"),
        ("/entitlements/0/parameters", (0..17).map(|n| (format!("p{n}"), json!({ "title": "P" }))).collect(), "more than 16 parameters"),
        ("/settings/port", json!({ "type": "integer", "title": "Port", "default": "x" }), "not of its type"),
        ("/settings/user", json!({ "type": "string", "title": "User", "required": true, "default": "x" }), "keep one"),
        ("/recipes/password", json!({ "bytes": 4, "alphabet": "base64url" }), "16 to 64"),
    ] {
        let message = refusal(pointer, value.clone());
        assert!(message.contains(why), "{pointer} {value}: {message}");
    }
}

#[test]
fn what_follows_the_json_is_refused() {
    let text = format!("{} x", good());
    assert!(Manifest::parse(text.as_bytes()).is_err());
}
