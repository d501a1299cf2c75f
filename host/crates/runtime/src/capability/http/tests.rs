//! What `http` must do.

use hallpass_domain::ids::{HoldingId, InstallationId, Stamp};
use hallpass_domain::port::Wish;
use hallpass_domain::rng::SystemRng;
use serde_json::{Value, json};

use super::request::Request;
use crate::capability::sql::statement::render::Frozen;
use crate::manifest::Manifest;

fn manifest(change: impl Fn(&mut Value)) -> Result<Manifest, String> {
    let mut manifest = json!({
        "name": "git", "version": "0.1.0", "publisher": "hallpass", "wit": "0.1.0", "title": "Git",
        "settings": {"url": {"type": "string", "title": "Where", "required": true}},
        "secrets": {"token": {"title": "Token", "use": ["http"]}},
        "entitlements": [{
            "name": "org.member", "title": "Member", "resource": "org/team", "mode": "access", "sessions": "leave",
            "settles_within_ms": 1000, "suspend": false, "marked": false, "look": ["look"]
        }],
        "http": {
            "credentials": {"token": {"kind": "bearer", "secret": "token"}},
            "destinations": {"api": {"url": {"setting": "url"}, "credentials": ["token"]}},
            "requests": {
                "join": {"to": "api", "method": "PUT", "path": "/orgs/{org}/m-{user}.json", "slots": {"org": "resource.org", "user": "grant.account"}, "calls": ["apply"]},
                "list": {"to": "api", "method": "GET", "path": "/orgs/{any}", "slots": {"any": "text"}, "query": {"page": "text", "state": "=open"}, "calls": ["observe"]},
                "look": {
                    "to": "api", "method": "GET", "path": "/orgs/{org}", "slots": {"org": "resource.org"}, "calls": ["look"],
                    "expect": {"present": {"status": 200, "body": {"/state": "active"}}, "absent": {"status": 404}}
                }
            }
        }
    });
    change(&mut manifest);
    Manifest::parse(manifest.to_string().as_bytes()).map_err(|e| e.reason)
}

fn refusal(pointer: &str, value: &Value) -> String {
    let changed = manifest(|m| {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        m.pointer_mut(parent).unwrap()[key] = value.clone();
    });
    changed.err().unwrap_or_else(|| panic!("{pointer} = {value} is taken"))
}

fn wish(account: &str) -> Wish {
    Wish {
        stamp: Stamp::new(
            &InstallationId::new(&SystemRng).unwrap(),
            &HoldingId::new(hallpass_domain::clock::Timestamp(0), &SystemRng).unwrap(),
        ),
        mode: hallpass_domain::holding::Mode::Access,
        account: Some(account.to_owned()),
        entitlement: "org.member".to_owned(),
        resource: "org:shop/team:a".parse().unwrap(),
        parameters: std::collections::BTreeMap::new(),
        until: hallpass_domain::clock::Timestamp(0),
        suspended: false,
        fresh_credential: false,
        locator: None,
    }
}

#[test]
fn a_manifest_that_leads_nowhere_is_refused_by_name() {
    assert!(manifest(|_| ()).is_ok());
    let requests = "/http/requests";
    for (pointer, value, says) in [
        (format!("{requests}/join/to"), json!("other"), "no destination"),
        (format!("{requests}/join/method"), json!("TRACE"), "none of GET"),
        (format!("{requests}/join/path"), json!("orgs"), "begin with a slash"),
        (format!("{requests}/join/path"), json!("/orgs/{org}/{user}?x=1"), "query"),
        (format!("{requests}/join/path"), json!("/orgs/{org}"), "does not use it"),
        (format!("{requests}/join/path"), json!("/orgs/{org}{user}"), "more than one slot"),
        (format!("{requests}/join/path"), json!("/orgs/../{org}/{user}"), "segment `..`"),
        (format!("{requests}/join/path"), json!("/orgs/{org}/{user}/{more}"), "does not declare it"),
        (format!("{requests}/join/slots"), json!({"org": "resource.project", "user": "grant.account"}), "a kind that no entitlement has"),
        (format!("{requests}/join/slots"), json!({"org": "secret", "user": "grant.account"}), "nothing fills"),
        (format!("{requests}/join/calls"), json!([]), "names no call"),
        (format!("{requests}/join/calls"), json!(["observe"]), "must change nothing"),
        (format!("{requests}/join/effect"), json!("read"), "only POST may be"),
        (format!("{requests}/join/capture"), json!({"key": "key"}), "no JSON pointer"),
        (format!("{requests}/join/secrets"), json!({"/password": "password"}), "the recipe `password`, which is not declared"),
        (format!("{requests}/join/secrets"), json!({"password": "password"}), "no JSON pointer"),
        (format!("{requests}/list/secrets"), json!({"/password": "password"}), "declared as a read"),
        (format!("{requests}/list/effect"), json!("change"), "must change nothing"),
        (format!("{requests}/list/query"), json!({"page": "anything"}), "which is nothing"),
        (format!("{requests}/look/slots"), json!({"org": "text"}), "no connector has a say"),
        (format!("{requests}/look/slots"), json!({"org": "grant.locator"}), "no connector has a say"),
        (format!("{requests}/look/calls"), json!(["look", "observe"]), "exactly when"),
        (format!("{requests}/look/expect/absent"), json!({"status": 200, "body": {"/state": "active"}}), "could not tell apart"),
        (format!("{requests}/look/expect/absent"), json!({"status": 99}), "which no answer has"),
        (format!("{requests}/look/expect/absent"), json!({"status": 404, "body": {"/x": [1]}}), "no answer can be compared"),
        ("/entitlements/0/look".to_owned(), json!([]), "belongs to no entitlement"),
        ("/entitlements/0/suspend".to_owned(), json!(true), "expect.suspended"),
        ("/entitlements/0/settles_within_ms".to_owned(), json!(0), "settles_within_ms"),
        ("/http/destinations/api/url".to_owned(), json!("https://user@host"), "user name"),
        ("/http/destinations/api/url".to_owned(), json!({"setting": "place"}), "not declared"),
        ("/http/destinations/api/credentials".to_owned(), json!(["other"]), "not declared"),
        ("/http/destinations/api/credentials".to_owned(), json!([]), "goes to no destination"),
        ("/http/destinations/api/roots".to_owned(), json!("roots"), "not declared"),
        ("/http/destinations/more".to_owned(), json!({"url": "https://host"}), "has no request"),
        ("/http/credentials/token".to_owned(), json!({"kind": "bearer", "secret": "other"}), "not declared with the use"),
        ("/http/credentials/token".to_owned(), json!({"kind": "header", "name": "host", "secret": "token"}), "HTTP itself needs"),
        ("/http/credentials/token".to_owned(), json!({"kind": "bearer", "secret": "token", "more": 1}), "more"),
        ("/http/credentials/token".to_owned(), json!({"kind": "magic", "secret": "token"}), "magic"),
        ("/secrets/token/use".to_owned(), json!(["sql-login"]), "not declared with the use"),
        ("/secrets/more".to_owned(), json!({"title": "More", "use": ["http"]}), "no credential is made of it"),
    ] {
        let refused = refusal(&pointer, &value);
        assert!(refused.contains(says), "{pointer} = {value}: {refused}");
    }
}

#[test]
fn the_host_fills_a_path_and_the_guest_cannot_leave_it() {
    let manifest = manifest(|_| ()).unwrap();
    let request = |name: &str| -> &Request { &manifest.http.requests[name] };
    let (bob, none) = (wish("bob"), Frozen { wish: None, attempt: 1 });
    let rule = request("join").rule(Frozen { wish: Some(&bob), attempt: 1 }).unwrap();
    let path: Vec<&str> = rule.path.iter().map(|s| s.prefix.as_str()).collect();
    assert_eq!(path, ["orgs", "shop", "m-bob.json"]);
    assert!(rule.path.iter().all(|s| !s.open));
    assert!(request("join").rule(none).is_none(), "without a holding there is nobody to add");
    let open = request("list").rule(none).unwrap();
    assert!(open.path[1].open && open.query["page"].is_none());
    assert_eq!(open.query["state"].as_deref(), Some("open"));
    for account in ["", "a/b", "..\\b", "a\nb"] {
        let hostile = wish(account);
        let rule = request("join").rule(Frozen { wish: Some(&hostile), attempt: 1 });
        assert!(rule.is_none(), "{account:?} is no name in a path: {rule:?}");
    }
}

#[test]
fn a_look_asks_at_the_address_of_the_holding() {
    let manifest = manifest(|_| ()).unwrap();
    let looks = &manifest.looks("org.member").unwrap().http;
    let [look] = looks.as_slice() else { panic!("one look") };
    let mut wish = wish("bob");
    wish.resource = "org:a%20b/team:x".parse().unwrap();
    let frozen = Frozen { wish: Some(&wish), attempt: 1 };
    assert_eq!(look.request.address("https://git.example/api", frozen).unwrap(), "https://git.example/api/orgs/a%20b");
}
