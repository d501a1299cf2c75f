//! Parameters: from the request to every call of the connector, and what two sets of them may not do to each other.

use hallpass_broker::{BrokerError, GrantView, NewConnector, NewRepin, NewUpgrade};
use hallpass_domain::grant::GrantState;
use hallpass_domain::holding::Presence;
use hallpass_domain::ids::{Digest, GrantId};
use hallpass_domain::request::RequestState;
use hallpass_tests::Bed;
use hallpass_tests::app::{MINUTE, ROLE, SCHEMA, TestApp, asking};
use hallpass_tests::on_both_backends;
use hallpass_tests::scripted::Fault;

const MEMBER: (&str, &str) = ("role.member", ROLE);
const READ: [(&str, &str); 1] = [("level", "read")];
const WRITE: [(&str, &str); 1] = [("level", "write")];

/// The target runs a version whose entitlements take a level.
async fn with_levels(bed: Bed) -> TestApp {
    let app = TestApp::new(bed).await;
    upgrade(&app, b"scripted 1.1.0 takes=level:read|write").await;
    app
}

async fn load(app: &TestApp, file: &[u8]) -> Digest {
    let admin = app.sign_in("admin").await;
    app.broker.load_connector(&admin, NewConnector::of(file)).await.unwrap().facts.digest
}

async fn upgrade(app: &TestApp, file: &[u8]) -> Digest {
    let digest = load(app, file).await;
    let done = app.broker.upgrade_connector(&app.sign_in("admin").await, &digest, NewUpgrade::default()).await.unwrap();
    assert_eq!(done.request, None);
    assert_eq!(app.broker.target(&app.sign_in("admin").await, &app.target).await.unwrap().connector, digest);
    digest
}

/// A membership of `dave` that is approved; not settled yet.
async fn member(app: &TestApp, parameters: &[(&str, &str)], minutes: u64) -> GrantId {
    let asked = app.ask_with("dave", MEMBER, parameters, minutes * MINUTE).await.unwrap();
    app.approve("carol", &asked.request.id, None).await.unwrap();
    app.approve("dan", &asked.request.id, None).await.unwrap().grant.unwrap()
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, BrokerError>) -> (&'static str, String, String) {
    match outcome.unwrap_err() {
        BrokerError::Invalid { field, reason, remedy } => (field, reason, remedy),
        BrokerError::Held { reason, remedy } => ("held", reason, remedy),
        other => panic!("{other:?}"),
    }
}

fn level(grant: &GrantView) -> Option<&str> {
    grant.grant.parameters.get("level").map(String::as_str)
}

on_both_backends! {
    async fn every_call_of_the_connector_gets_what_was_approved(bed: Bed) {
        let app = with_levels(bed).await;
        app.scripted.script(&[Fault::LoseRequest]);
        let asked = app.ask_with("bot", ("schema.read", SCHEMA), &READ, 5 * MINUTE).await.unwrap();
        let grant = app.approve("bob", &asked.request.id, None).await.unwrap().grant.unwrap();
        app.settle().await;
        app.after(10_000).await;
        assert_eq!(app.grant(&grant).await.grant.state, GrantState::Active);
        assert_eq!(level(&app.grant(&grant).await), Some("read"));
        app.after(5 * MINUTE).await;
        assert_eq!(app.grant(&grant).await.grant.state, GrantState::Ended);
        let given = app.scripted.given();
        for call in ["apply", "fence", "look", "revoke"] {
            assert!(given.iter().any(|(what, _)| *what == call), "no {call} among {given:?}");
        }
        assert!(given.iter().all(|(_, parameters)| parameters == "level=read"), "{given:?}");
        let submitted = app.leaves("request.submitted").await.pop().unwrap();
        assert!(submitted["facts"]["parameters"].is_object(), "the log keeps them: {submitted}");
    }

    async fn what_the_entitlement_does_not_take_is_not_asked_for(bed: Bed) {
        let app = with_levels(bed).await;
        let none: [(&str, &str); 0] = [];
        for (parameters, reason, remedy) in [
            (&none[..], "role.member needs the parameter level (level)", "Give level one of read, write."),
            (&[("level", "admin")], "the parameter level must be one of read, write", "Give level one of read, write."),
            (&[("level", "read"), ("team", "a")], "role.member has no parameter team", "It takes: level."),
        ] {
            let told = refused(app.ask_with("dave", MEMBER, parameters, MINUTE).await);
            assert_eq!((told.0, told.1.as_str(), told.2.as_str()), ("parameters", reason, remedy));
            let explained = app.broker.explain(&app.sign_in("dave").await, asking(MEMBER.0, MEMBER.1, parameters, MINUTE)).await;
            assert_eq!(refused(explained).1, reason);
        }
    }

    async fn one_account_has_an_access_with_one_set_of_parameters_at_a_time(bed: Bed) {
        let app = with_levels(bed).await;
        let waits = app.ask_with("dave", MEMBER, &WRITE, 5 * MINUTE).await.unwrap().request.id;
        let reads = member(&app, &READ, 5).await;
        let (kind, reason, remedy) = refused(app.ask_with("dave", MEMBER, &WRITE, MINUTE).await);
        assert_eq!(kind, "held");
        assert!(reason.contains("dave has role.member on role:shop_admin with level=read"), "{reason}");
        assert!(remedy.contains(&format!("hallpass grant release {reads}")), "{remedy}");

        app.settle().await;
        app.approve("carol", &waits, None).await.unwrap();
        assert_eq!(refused(app.approve("dan", &waits, None).await).0, "held");
        let again = member(&app, &READ, 10).await;
        app.settle().await;
        for grant in [&reads, &again] {
            assert_eq!(app.grant(grant).await.grant.state, GrantState::Active, "the same parameters are the same access");
        }
        app.after(5 * MINUTE).await;
        assert_eq!(refused(app.approve("dan", &waits, None).await).0, "held");

        app.broker.release(&app.sign_in("dave").await, &again).await.unwrap();
        let (_, reason, remedy) = refused(app.ask_with("dave", MEMBER, &WRITE, MINUTE).await);
        assert!(reason.contains("is just losing") && remedy.contains("Try again"), "{reason} {remedy}");
        app.settle().await;
        let writes = app.approve("dan", &waits, None).await.unwrap().grant.unwrap();
        app.settle().await;
        assert_eq!(app.grant(&writes).await.grant.state, GrantState::Active);
        let held: Vec<_> = app.scripted.held().into_values().collect();
        assert_eq!((held.len(), held[0].parameters["level"].as_str()), (1, "write"));
        let kept = [&reads, &again, &writes].map(|id| app.grant(id));
        let mut levels = Vec::new();
        for grant in kept {
            levels.push(level(&grant.await).unwrap().to_owned());
        }
        assert_eq!(levels, ["read", "read", "write"], "what an ended grant was for stays as it was");
    }

    async fn accounts_that_are_made_do_not_share_theirs(bed: Bed) {
        let app = with_levels(bed).await;
        for parameters in [&READ, &WRITE] {
            let asked = app.ask_with("bot", ("schema.read", SCHEMA), parameters, 5 * MINUTE).await.unwrap();
            app.approve("bob", &asked.request.id, None).await.unwrap();
        }
        app.settle().await;
        let mut levels: Vec<_> = app.scripted.held().into_values().map(|h| (h.presence, h.parameters["level"].clone())).collect();
        levels.sort_by(|a, b| a.1.cmp(&b.1));
        assert_eq!(levels, [(Presence::Present, "read".into()), (Presence::Present, "write".into())]);
    }

    async fn a_version_that_takes_others_changes_nothing_that_lives(bed: Bed) {
        let app = with_levels(bed).await;
        let lives = member(&app, &READ, 5).await;
        app.settle().await;
        let other = app.ask_with("bot", ("schema.read", SCHEMA), &READ, 5 * MINUTE).await.unwrap().request.id;
        let next = upgrade(&app, b"scripted 1.2.0 takes=level:write|admin").await;

        let (field, reason, remedy) = refused(app.approve("bob", &other, None).await);
        assert_eq!(field, "parameters");
        assert!(reason.contains("shop-prod has another version") && reason.contains("must be one of write, admin"), "{reason}");
        assert!(remedy.contains("ask anew"), "{remedy}");
        let state = app.broker.request(&app.sign_in("bot").await, &other).await.unwrap().request.state;
        assert!(matches!(state, RequestState::Pending { .. }), "{state:?}");
        assert_eq!(refused(app.ask_with("bot", ("schema.read", SCHEMA), &READ, MINUTE).await).0, "parameters");
        assert!(app.ask_with("bot", ("schema.read", SCHEMA), &[("level", "admin")], MINUTE).await.is_ok());

        let repin = NewRepin { target: Some(hallpass_tests::app::name("shop-prod")), ..NewRepin::default() };
        let moved = app.broker.repin_holdings(&app.sign_in("admin").await, &next, repin).await.unwrap();
        assert_eq!((moved.len(), moved[0].moved), (1, false));
        assert!(moved[0].reason.as_ref().unwrap().contains("takes other parameters"), "{:?}", moved[0].reason);
        assert!(moved[0].changes.iter().any(|c| c == "parameters: level (one of read, write) → level (one of write, admin)"), "{:?}", moved[0].changes);

        app.after(5 * MINUTE).await;
        assert_eq!(app.grant(&lives).await.grant.state, GrantState::Ended);
        assert_eq!(app.scripted.given().last().unwrap().1, "level=read", "revoked by the version that gave it, with what it gave");
        assert!(app.scripted.calls().iter().any(|(version, what)| version == "1.1.0" && *what == "revoke"));
    }

    async fn a_holding_moves_to_a_version_that_takes_its_parameters_and_is_looked_at_with_them(bed: Bed) {
        let app = with_levels(bed).await;
        let grant = member(&app, &READ, 5).await;
        app.settle().await;
        let next = load(&app, b"scripted 1.2.0 takes=level:read").await;
        let holding = app.grant(&grant).await.grant.holding;
        let before = app.scripted.given().len();
        let repin = NewRepin { holdings: vec![holding], ..NewRepin::default() };
        let moved = app.broker.repin_holdings(&app.sign_in("admin").await, &next, repin).await.unwrap();
        assert_eq!((moved[0].moved, moved[0].reason.as_deref()), (true, None));
        assert_eq!(app.scripted.given()[before..], [("look", "level=read".to_owned())]);
    }
}
