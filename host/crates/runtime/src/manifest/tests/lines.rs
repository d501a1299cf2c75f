//! Two manifests that mean different things never ask for the same lines: a version must not widen by itself.

use serde_json::{Value, json};

/// A manifest with one of everything that a line tells.
fn base() -> Value {
    let request =
        |to: &str| json!({"to": to, "method": "GET", "path": "/keys/{key}", "slots": {"key": "resource.project"}, "calls": ["observe"]});
    let mut manifest = super::good();
    let text = json!({"type": "string", "title": "Text"});
    for setting in ["url", "key", "certificate", "client"] {
        manifest["settings"][setting] = text.clone();
    }
    for secret in ["token", "session"] {
        manifest["secrets"][secret] = json!({"title": "Token", "use": ["http"]});
    }
    let member = json!({
        "name": "project.member", "title": "Member", "resource": "project", "mode": "access", "sessions": "leave",
        "settles_within_ms": 1000, "suspend": false, "marked": false, "look": ["look-http"],
        "parameters": {"role": {"title": "Role", "values": ["reader", "writer"]}},
    });
    manifest["entitlements"].as_array_mut().unwrap().push(member);
    manifest["entitlements"][0]["settles_within_ms"] = json!(1000);
    let mut look = request("a");
    look["calls"] = json!(["look"]);
    look["expect"] = json!({"present": {"status": 200, "body": {"/state": "active"}}, "absent": {"status": 404}});
    let mut change = request("f");
    change["method"] = json!("PUT");
    change["calls"] = json!(["apply"]);
    change["query"] = json!({"state": "=open", "reason": "text"});
    change["secrets"] = json!({"/password": "password"});
    change["capture"] = json!({"/key": "key"});
    let to = |credential: &str| json!({"url": {"setting": "url"}, "credentials": [credential]});
    manifest["http"] = json!({
        "credentials": {
            "header": {"kind": "header", "name": "x-key", "prefix": "Key ", "secret": "token"},
            "query": {"kind": "query", "name": "key", "secret": "session"},
            "basic": {"kind": "basic", "user": "bot", "secret": "token"},
            "oauth": {
                "kind": "oauth2", "token_url": "https://login.example", "client_id": {"setting": "client"}, "secret": "token",
                "client_auth": "basic", "fields": {"scope": "read", "audience": "a"},
            },
            "aws": {
                "kind": "sigv4", "access_key_id": {"setting": "key"}, "secret": "token", "session_token": "session",
                "region": "eu", "service": "iam",
            },
            "tls": {"kind": "certificate", "certificate": {"setting": "certificate"}, "secret": "token"},
        },
        "destinations": {
            "a": to("header"), "b": to("query"), "c": to("basic"), "d": to("oauth"), "e": to("aws"), "f": to("tls"),
        },
        "requests": {
            "look-http": look, "ask-b": request("b"), "ask-c": request("c"), "ask-d": request("d"), "ask-e": request("e"), "put": change,
        },
    });
    manifest
}

/// The base with `value` at `pointer`, or without what is there.
fn with(pointer: &str, value: Option<&Value>) -> Result<Vec<String>, String> {
    let mut json = base();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let map = json.pointer_mut(parent).unwrap_or_else(|| panic!("{parent}")).as_object_mut().unwrap();
    match value {
        Some(value) => drop(map.insert(key.replace("~1", "/"), value.clone())),
        None => drop(map.remove(key).unwrap_or_else(|| panic!("{pointer}"))),
    }
    lines(&json)
}

fn lines(json: &Value) -> Result<Vec<String>, String> {
    Ok(super::parse(json)?.facts(hallpass_domain::ids::Digest::of(b"x")).permissions)
}

#[test]
fn whatever_a_version_changes_changes_a_line() {
    let before = lines(&base()).unwrap();
    let (credentials, put, look) = ("/http/credentials", "/http/requests/put", "/http/requests/look-http/expect");
    for (pointer, value) in [
        (format!("{credentials}/header/prefix"), Some(json!("Admin "))),
        (format!("{credentials}/header/prefix"), None),
        (format!("{credentials}/header/name"), Some(json!("x-other"))),
        (format!("{credentials}/query/name"), Some(json!("token"))),
        (format!("{credentials}/basic/user"), Some(json!("root"))),
        (format!("{credentials}/basic/user"), Some(json!({"setting": "client"}))),
        (format!("{credentials}/oauth/token_url"), Some(json!("https://other.example"))),
        (format!("{credentials}/oauth/client_id"), Some(json!("me"))),
        (format!("{credentials}/oauth/client_id"), Some(json!("<setting client>"))),
        (format!("{credentials}/oauth/client_auth"), Some(json!("form"))),
        (format!("{credentials}/oauth/fields/scope"), Some(json!("admin"))),
        (format!("{credentials}/oauth/fields/scope"), None),
        (format!("{credentials}/oauth/fields"), Some(json!({"scope": "read; field audience = a"}))),
        (format!("{credentials}/oauth/fields"), Some(json!({"scope = read; field audience": "a"}))),
        (format!("{credentials}/aws/access_key_id"), Some(json!("AKIA"))),
        (format!("{credentials}/aws/session_token"), None),
        (format!("{credentials}/aws/region"), Some(json!("us"))),
        (format!("{credentials}/aws/service"), Some(json!("iam in eu"))),
        (format!("{credentials}/tls/certificate"), Some(json!("-----BEGIN CERTIFICATE-----\n"))),
        ("/http/destinations/a/url".to_owned(), Some(json!("https://api.example"))),
        ("/http/destinations/a/roots".to_owned(), Some(json!("certificate"))),
        (format!("{put}/query/state"), Some(json!("text"))),
        (format!("{put}/query/state"), Some(json!("=open}&more={text"))),
        (format!("{put}/query/reason"), None),
        (format!("{put}/secrets"), Some(json!({"/other": "password"}))),
        (format!("{put}/capture"), Some(json!({"/other": "key"}))),
        (format!("{put}/capture"), Some(json!({"/key becomes key, for the holder, the secret at /x": "key"}))),
        (format!("{look}/present/status"), Some(json!(201))),
        (format!("{look}/present/body/~1state"), Some(json!("pending"))),
        (format!("{look}/present/body"), Some(json!({}))),
        (format!("{look}/absent/status"), Some(json!(410))),
        (format!("{look}/suspended"), Some(json!({"status": 423}))),
        ("/statements/look/expect/present/a".to_owned(), Some(json!(3))),
        ("/statements/look/expect/present/a".to_owned(), Some(json!("1"))),
        ("/statements/look/expect/suspended".to_owned(), Some(json!({"a": 3}))),
        ("/statements/look/expect/absent".to_owned(), Some(json!({"a": 0}))),
        ("/statements/look/text".to_owned(), Some(json!("SELECT 1 AS a\nFROM pg_roles WHERE rolname = {stamp:text}"))),
        ("/statements/create/text".to_owned(), Some(json!("CREATE ROLE {stamp} SUPERUSER PASSWORD {pw}"))),
        ("/settings/url/default".to_owned(), Some(json!("https://api.example"))),
        ("/settings/client/default".to_owned(), Some(json!("me"))),
        ("/settings/port/default".to_owned(), Some(json!(5433))),
        ("/settings/port/default".to_owned(), None),
        ("/entitlements/1/name".to_owned(), Some(json!("project.owner"))),
        ("/entitlements/1/resource".to_owned(), Some(json!("org/project"))),
        ("/entitlements/1/mode".to_owned(), Some(json!("provisioning"))),
        ("/entitlements/1/sessions".to_owned(), Some(json!("end-all"))),
        ("/entitlements/1/settles_within_ms".to_owned(), Some(json!(1001))),
        ("/entitlements/0/suspend".to_owned(), Some(json!(false))),
        ("/entitlements/1/marked".to_owned(), Some(json!(true))),
        ("/entitlements/0/look".to_owned(), Some(json!(["look", "look"]))),
        ("/entitlements/1/look".to_owned(), Some(json!(["look-http", "look-http"]))),
        ("/entitlements/1/parameters".to_owned(), Some(json!({}))),
        ("/entitlements/1/parameters/role/values".to_owned(), None),
        ("/entitlements/1/parameters/role/values".to_owned(), Some(json!(["reader", "writer", "admin"]))),
        ("/entitlements/1/parameters/role/values".to_owned(), Some(json!(["reader, writer"]))),
    ] {
        let after = with(&pointer, value.as_ref()).unwrap_or_else(|e| panic!("{pointer} {value:?}: {e}"));
        assert_ne!(before, after, "{pointer} {value:?}");
    }
}

#[test]
fn an_access_that_only_its_connector_looks_at_is_named() {
    let mut json = base();
    let mut unseen = json["entitlements"][1].clone();
    unseen["name"] = json!("project.claimed");
    unseen.as_object_mut().unwrap().remove("look");
    json["entitlements"].as_array_mut().unwrap().push(unseen);
    let lines = lines(&json).unwrap();
    let of = |name: &str| lines.iter().find(|line| line.starts_with(&format!("entitlement {name} "))).unwrap();
    assert!(of("project.claimed").contains("; no look: nobody but the connector itself looks;"), "{lines:#?}");
    assert!(!of("project.member").contains("nobody"), "{lines:#?}");
}

#[test]
fn no_two_manifests_are_shown_alike() {
    let query = |query: Value| with("/http/requests/put/query", Some(&query));
    let joined = query(json!({"state={=open}&reason": "text"}));
    assert!(joined.unwrap_err().contains("no plain name"));
    // Whose credential goes where: `nothing` is the word for none.
    let named = with("/http/credentials/nothing", Some(&json!({"kind": "bearer", "secret": "token"})));
    assert!(named.unwrap_err().contains("`nothing`"));
    let expects = |text: Value| with("/http/requests/look-http/expect/present/body", Some(&text)).unwrap();
    assert_ne!(expects(json!({"/a": "x\",\"/b\":\"y"})), expects(json!({"/a": "x", "/b": "y"})));
    let title = |title: &str| with("/secrets/token/title", Some(&json!(title))).unwrap();
    assert_ne!(title("Token"), title("Token): used by the host to log in to the database"));
}

#[test]
fn every_line_is_one_line_and_is_found_by_its_kind_and_name() {
    let mut json = base();
    json["http"]["credentials"]["tls"]["certificate"] = json!("-----BEGIN\r\n\u{202e}\u{7f}");
    json["statements"]["create"]["text"] = json!("CREATE ROLE {stamp}\n\tPASSWORD {pw}");
    let manifest = super::parse(&json).unwrap();
    let lines = lines(&json).unwrap();
    for line in &lines {
        assert!(crate::hostile_text::is_one_line(line), "{line:?}");
        let (kind, rest) = line.split_once(' ').unwrap();
        let name = rest.split([' ', ':']).next().unwrap();
        assert_eq!(manifest.permission(kind, name), Some(line.as_str()));
    }
    for line in [
        "credential aws: AWS signature for iam in eu as <setting key> with token and session token session",
        r#"credential header: token in the header x-key after "Key ""#,
        "credential oauth: a token that the host fetches at https://login.example as <setting client> with token (client auth basic; field audience = a; field scope = read)",
        r#"credential tls: client certificate "-----BEGIN\r\n\u202e\u007f" with the key token"#,
        "entitlement project.member on project (access; sessions leave; suspend no; marked no; settles within 1000 ms; looks: look-http; parameter role: one of reader, writer)",
        r#"request look-http (reads; in look; expects {"absent":{"body":{},"status":404},"present":{"body":{"/state":"active"},"status":200}}): GET a/keys/{resource.project}"#,
        "request put (changes; in apply): PUT f/keys/{resource.project}?reason={text or left out}&state={=open} [a secret of the recipe password goes to /password, the secret at /key becomes key, for the holder]",
        "setting port: default 5432",
        r"statement create (changes; in apply; pw = secret:scram-sha-256): CREATE ROLE {stamp}\n\tPASSWORD {pw}",
    ] {
        assert!(lines.iter().any(|l| l == line), "{line}: {lines:#?}");
    }
}

#[test]
fn what_would_be_shown_as_another_is_refused() {
    let turned = json!("Token \u{202e}nimda");
    for (pointer, value, why) in [
        ("/title", turned.clone(), "the connector"),
        ("/title", json!("Demo\nDemo"), "one line"),
        ("/settings/url/title", turned.clone(), "the setting `url`"),
        ("/settings/url/values", json!(["a\u{202e}b"]), "the setting `url`"),
        ("/settings/url/default", json!("a\u{1b}b"), "the setting `url`"),
        ("/secrets/token/title", turned.clone(), "the secret `token`"),
        ("/secrets/token/title", json!("Token\nrecipe none"), "one line"),
        ("/entitlements/1/title", turned.clone(), "the entitlement `project.member`"),
        ("/entitlements/1/parameters/role/title", turned.clone(), "the parameter `role`"),
        ("/entitlements/1/parameters/role/values", json!(["a\nb"]), "the parameter `role`"),
        ("/statements/create/text", json!("CREATE ROLE {stamp} /*\u{202e}*/ PASSWORD {pw}"), "the statement `create`"),
        ("/statements/create/text", json!("CREATE ROLE {stamp}\r PASSWORD {pw}"), "the statement `create`"),
        ("/http/requests/put/query", json!({"": "text"}), "no plain name"),
        ("/http/requests/put/query", json!({"a&b": "text"}), "no plain name"),
        ("/http/requests/put/query", json!({"a".repeat(65): "text"}), "no plain name"),
        ("/http/requests/put/slots", json!({"key": "resource.project", "a b": "text"}), "no plain name"),
        ("/http/requests/put/secrets", json!({"/a\nb": "password"}), "not one plain line"),
        ("/http/requests/put/capture", json!({"/a\u{202e}": "key"}), "not one plain line"),
        ("/http/requests/look-http/expect/absent", json!({"status": 404, "body": {"/a\nb": 1}}), "not one plain line"),
        ("/http/credentials/query/name", json!("a=b&c"), "no plain name"),
    ] {
        let refused = with(pointer, Some(&value)).expect_err(pointer);
        assert!(refused.contains(why), "{pointer} {value}: {refused}");
    }
    let taken = with("/http/requests/put/query", Some(&json!({"filter[a.b]~_-": "text"})));
    assert!(taken.is_ok(), "{taken:?}");
}
