//! What a connector may reach over HTTP grows by another person's yes alone, and where it leads is granted target by target: a
//! broker over the real runtime, and servers of the test's.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use hallpass_broker::{BrokerError, NewConnector, NewTarget, NewUpgrade, TargetChange};
use hallpass_domain::connector::{ConnectorState, permissions_digest};
use hallpass_domain::grant::GrantState;
use hallpass_domain::secret::SecretText;
use hallpass_runtime::Limits;
use hallpass_tests::app::{MINUTE, TestApp, name};
use hallpass_tests::courier;
use hallpass_tests::on_both_backends;
use hallpass_tests::peer::{Peer, answer};
use serde_json::{Value, json};

const TOKEN: &str = "t0ken-of-the-broker";

/// Memberships of roles over HTTP; with `aside`, a version that tells another place of them.
fn manifest(version: &str, aside: bool) -> Value {
    let member = |method: &str, calls: Value| json!({"to": "api", "method": method, "path": "/roles/{role}/{user}", "slots": {"role": "resource.role", "user": "grant.account"}, "calls": calls});
    let mut look = member("GET", json!(["look"]));
    look["expect"] = json!({"present": {"status": 200}, "absent": {"status": 404}});
    let mut http = json!({
        "credentials": {"main": {"kind": "bearer", "secret": "secret"}},
        "destinations": {"api": {"url": {"setting": "url"}, "credentials": ["main"]}},
        "requests": {"join": member("PUT", json!(["apply"])), "leave": member("DELETE", json!(["revoke"])), "look": look}
    });
    if aside {
        http["destinations"]["aside"] = json!({"url": {"setting": "aside"}});
        http["requests"]["tell"] = json!({"to": "aside", "method": "POST", "path": "/told", "calls": ["apply"], "slots": {}});
    }
    let mut manifest = courier::manifest(&http, &["look"]);
    manifest["version"] = json!(version);
    manifest["entitlements"][0]["name"] = json!("role.member");
    manifest["entitlements"][0]["resource"] = json!("role");
    manifest
}

/// A version that tells that place by a setting of its own, of which it brings a default.
fn told_by_default(version: &str, place: &str) -> Value {
    let mut manifest = manifest(version, true);
    manifest["settings"]["reports"] = json!({"type": "string", "title": "Where it reports to", "default": place});
    manifest["http"]["destinations"]["aside"] = json!({"url": {"setting": "reports"}, "credentials": ["main"]});
    manifest
}

/// A server that keeps memberships by their paths.
async fn members() -> Peer {
    let there = Mutex::new(BTreeSet::new());
    Peer::start(move |seen| {
        let (mut there, path) = (there.lock().unwrap(), seen.uri.path().to_owned());
        let known = match seen.method.as_str() {
            "PUT" => {
                there.insert(path);
                true
            }
            "DELETE" => {
                there.remove(&path);
                true
            }
            _ => there.contains(&path),
        };
        answer(if known { 200 } else { 404 }, &json!({}))
    })
    .await
}

/// A broker whose connectors are real, and the folder that they need.
async fn broker(bed: hallpass_tests::Bed) -> (TestApp, tempfile::TempDir) {
    let app = TestApp::bare(bed).await;
    let (runtime, cache) = courier::runtime(app.clock(), Limits::default());
    (app.over(Arc::new(runtime)).await, cache)
}

async fn target(app: &mut TestApp, main: &Peer, aside: &Peer, network: &[String]) {
    let admin = app.sign_in("admin").await;
    let loaded = app.broker.load_connector(&admin, NewConnector::of(&courier::file(&manifest("0.1.0", false)))).await.unwrap();
    app.broker.accept_connector(&admin, &loaded.facts.digest, &permissions_digest(&loaded.facts.permissions)).await.unwrap();
    let settings = [
        ("url", main.url("127.0.0.1")),
        ("aside", aside.url("127.0.0.1")),
        ("apply", "PUT /roles/shop_admin/{account}".to_owned()),
        ("revoke", "DELETE /roles/shop_admin/{account}".to_owned()),
    ];
    let new = NewTarget {
        name: name("shop-prod"),
        environment: name("production"),
        connector: "courier".into(),
        settings: settings.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
        secrets: [("secret".to_owned(), SecretText::new(TOKEN.to_owned()))].into(),
        network: network.to_vec(),
        owner: None,
    };
    app.target = app.broker.add_target(&admin, new).await.unwrap().id;
    app.broker.set_account(&admin, &app.target, app.id("dave"), "dave").await.unwrap();
}

on_both_backends! {
    async fn a_new_destination_waits_for_another_person(bed: Bed) {
        let (mut app, _cache) = broker(bed).await;
        let (main, aside) = (members().await, Peer::start(|_| answer(200, &json!({}))).await);
        target(&mut app, &main, &aside, &[main.url("127.0.0.1"), aside.url("127.0.0.1")]).await;
        let first = app.dave_administers(MINUTE).await;
        app.settle().await;
        assert_eq!(app.grant(&first).await.grant.state, GrantState::Active);
        assert_eq!(main.seen()[0].header("authorization"), format!("Bearer {TOKEN}"));

        let admin = app.sign_in("admin").await;
        let wider = app.broker.load_connector(&admin, NewConnector::of(&courier::file(&manifest("0.2.0", true)))).await.unwrap();
        let digest = wider.facts.digest;
        assert_eq!(wider.granted, None);
        let accepted = app.broker.accept_connector(&admin, &digest, &permissions_digest(&wider.facts.permissions)).await;
        assert!(matches!(accepted, Err(BrokerError::Forbidden { .. })), "{accepted:?}");
        let ordered = app.broker.upgrade_connector(&admin, &digest, NewUpgrade::default()).await.unwrap();
        let added: Vec<&str> = ordered.diff.added.iter().filter_map(|line| line.split([':', '(']).next()).map(str::trim).collect();
        assert_eq!(added, ["destination aside", "request tell"]);
        let unused = app.target_of("another", &digest.to_string()).await.unwrap_err().to_string();
        assert!(unused.contains("nobody has accepted"), "{unused}");
        let tells = TargetChange {
            settings: Some([
                ("url", main.url("127.0.0.1")),
                ("aside", aside.url("127.0.0.1")),
                ("apply", format!("POST {}/told {{}}\nPUT /roles/shop_admin/{{account}}", aside.url("127.0.0.1"))),
                ("revoke", "DELETE /roles/shop_admin/{account}".to_owned()),
            ].into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
            ..TargetChange::default()
        };
        app.after(MINUTE).await;
        app.broker.update_target(&admin, &app.target, tells).await.unwrap();
        let refused = app.dave_administers(MINUTE).await;
        app.settle().await;
        assert_eq!(app.grant(&refused).await.grant.state, GrantState::Failed, "the old version may not go there");
        assert!(aside.seen().is_empty());

        app.set_group("operators", &["admin", "bob"]).await;
        app.approve("bob", &ordered.request.unwrap(), None).await.unwrap();
        app.settle().await;
        let now = app.broker.connector(&admin, &digest).await.unwrap();
        assert_eq!((now.state, now.granted_lines()), (ConnectorState::Active, wider.facts.permissions.as_slice()));
        let told = app.dave_administers(MINUTE).await;
        app.settle().await;
        assert_eq!(app.grant(&told).await.grant.state, GrantState::Active);
        assert_eq!(aside.seen().iter().map(|s| (s.uri.path().to_owned(), s.header("authorization").to_owned())).collect::<Vec<_>>(), [("/told".to_owned(), String::new())]);
    }

    async fn a_target_reaches_a_private_place_once_that_is_granted_and_no_longer(bed: Bed) {
        let (mut app, _cache) = broker(bed).await;
        let (main, aside) = (members().await, Peer::start(|_| answer(200, &json!({}))).await);
        target(&mut app, &main, &aside, &[]).await;
        let admin = app.sign_in("admin").await;
        let grant = app.dave_administers(30 * MINUTE).await;
        app.settle().await;
        let view = app.grant(&grant).await;
        assert_eq!(view.grant.state, GrantState::Activating);
        assert!(main.seen().is_empty(), "neither a request nor its credential left: {:?}", main.seen());
        let network = |list: &[String]| TargetChange { network: Some(list.to_vec()), ..TargetChange::default() };
        app.broker.update_target(&admin, &app.target, network(&[main.url("127.0.0.1")])).await.unwrap();
        app.after(MINUTE).await;
        assert_eq!(app.grant(&grant).await.grant.state, GrantState::Active);
        let before = main.seen().len();
        app.broker.update_target(&admin, &app.target, network(&[])).await.unwrap();
        app.broker.revoke(&admin, &grant, None).await.unwrap();
        app.settle().await;
        assert_eq!((app.grant(&grant).await.grant.state, main.seen().len()), (GrantState::Ending, before), "it is overdue, and said to be");
        app.broker.update_target(&admin, &app.target, network(&[main.url("127.0.0.1")])).await.unwrap();
        // The target changed since, so what is seen counts once it was seen twice.
        for _ in 0..3 {
            app.after(5 * MINUTE).await;
        }
        assert_eq!(app.grant(&grant).await.grant.state, GrantState::Revoked);
    }

    async fn a_new_setting_of_where_it_connects_comes_with_a_default_that_another_person_read(bed: Bed) {
        let (mut app, _cache) = broker(bed).await;
        let (main, aside) = (members().await, Peer::start(|_| answer(200, &json!({}))).await);
        target(&mut app, &main, &aside, &[main.url("127.0.0.1"), aside.url("127.0.0.1")]).await;
        let admin = app.sign_in("admin").await;
        let (place, first) = (aside.url("127.0.0.1"), app.broker.target(&admin, &app.target).await.unwrap().connector);
        let wider = app.broker.load_connector(&admin, NewConnector::of(&courier::file(&told_by_default("0.2.0", &place)))).await.unwrap();
        let ordered = app.broker.upgrade_connector(&admin, &wider.facts.digest, NewUpgrade::default()).await.unwrap();
        let told = format!("setting reports: default {place}");
        assert!(ordered.diff.added.contains(&told), "{:?}", ordered.diff.added);
        app.settle().await;
        assert_eq!(app.broker.target(&admin, &app.target).await.unwrap().connector, first, "nobody has read it yet");
        app.set_group("operators", &["admin", "bob"]).await;
        app.approve("bob", &ordered.request.unwrap(), None).await.unwrap();
        app.settle().await;
        let moved = app.broker.target(&admin, &app.target).await.unwrap();
        assert_eq!((moved.connector, moved.settings.get("reports")), (wider.facts.digest, None));
        // Any other place is chosen by who knows the secrets, and the default does not change by itself.
        let mut settings = moved.settings.clone();
        settings.insert("reports".into(), main.url("127.0.0.1"));
        let elsewhere = TargetChange { settings: Some(settings), ..TargetChange::default() };
        let refused = app.broker.update_target(&admin, &app.target, elsewhere).await.unwrap_err();
        assert!(matches!(&refused, BrokerError::Invalid { remedy, .. } if remedy.contains("secret")), "{refused:?}");
        let other = told_by_default("0.3.0", &main.url("127.0.0.1"));
        let other = app.broker.load_connector(&admin, NewConnector::of(&courier::file(&other))).await.unwrap();
        let ordered = app.broker.upgrade_connector(&admin, &other.facts.digest, NewUpgrade::default()).await.unwrap();
        app.approve("bob", &ordered.request.unwrap(), None).await.unwrap();
        app.settle().await;
        assert_eq!(app.broker.target(&admin, &app.target).await.unwrap().connector, wider.facts.digest);
        let back = app.broker.roll_back_connector(&admin, "courier").await.unwrap();
        assert_eq!((back[0].to, &back[0].held_back), (first, &None));
    }
}
