//! Whoever waits is told what for; whoever asks what is wrong is told where, and what to do.

use std::collections::BTreeSet;

use hallpass::config::Environment;
use hallpass_broker::{GrantFilter, NewConnector, NewRequest, NewUpgrade, Page, RequestFilter};
use hallpass_domain::ids::{GrantId, RequestId};
use hallpass_store::Config;
use hallpass_tests::app::{MINUTE, ROLE, SCHEMA, TestApp, name};
use hallpass_tests::on_both_backends;
use hallpass_tests::scripted::Fault;
use serde_json::Value;

/// What holds the target back, as `why` and detail.
async fn of_target(app: &TestApp) -> Vec<(&'static str, String)> {
    let target = app.broker.target(&app.sign_in("admin").await, &app.target).await.unwrap();
    app.broker.held_back(&target).await.unwrap().into_iter().map(|h| (h.why.as_str(), h.detail)).collect()
}

/// The same of the request that a grant came of, as its requester sees it.
async fn of_request(app: &TestApp, who: &str, grant: &GrantId) -> Vec<(&'static str, String)> {
    let id = app.grant(grant).await.grant.request;
    let view = app.broker.request(&app.sign_in(who).await, &id).await.unwrap();
    view.held_back.into_iter().map(|h| (h.why.as_str(), h.detail)).collect()
}

/// Runs `hallpass doctor` on the records of this broker, which is there meanwhile: its findings by what they are about.
async fn doctor(app: &TestApp) -> Vec<(String, bool, String)> {
    let folder = tempfile::tempdir().unwrap();
    let config = match app.records() {
        Config::Sqlite { dir, .. } => format!("[server]\ndata = {dir:?}\n"),
        Config::Postgres { url, .. } => format!("[store]\npostgres_url = {:?}\n", url.expose()),
    };
    let file = folder.path().join("hallpass.toml");
    std::fs::write(&file, config).unwrap();
    let home = folder.path().join("home");
    let ran = tokio::task::spawn_blocking(move || {
        let environment = Environment::of([("HALLPASS_HOME", home.to_str().unwrap())]);
        let words = ["hallpass", "doctor", "--json", "--config", file.to_str().unwrap()].map(std::ffi::OsString::from);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = hallpass::cli::run(words, environment, &mut out, &mut err);
        (exit as u8, serde_json::from_slice::<Value>(&out).unwrap())
    });
    let (exit, document) = ran.await.unwrap();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = document["findings"].as_array().unwrap();
    let findings: Vec<_> = findings.iter().map(|f| (text(f, "about"), f["sound"].as_bool().unwrap(), text(f, "detail"))).collect();
    assert_eq!(exit == 0, findings.iter().all(|(_, sound, _)| *sound), "the exit code says whether anything is wrong: {findings:?}");
    findings
}

fn wrong(findings: &[(String, bool, String)], about: &str) -> Option<String> {
    let (_, sound, detail) = findings.iter().find(|(known, _, _)| known == about).unwrap_or_else(|| panic!("nothing about {about}"));
    (!sound).then(|| detail.clone())
}

on_both_backends! {
    async fn a_target_that_does_not_answer_is_named_where_somebody_waits(bed: Bed) {
        let app = TestApp::new(bed).await;
        assert_eq!(of_target(&app).await, []);
        app.scripted.set_down(true);
        let grant = app.bot_reads(10 * MINUTE).await;
        app.settle().await;
        for (why, detail) in [of_target(&app).await, of_request(&app, "bot", &grant).await].into_iter().flatten() {
            assert!(why == "target-down" && detail.contains("does not answer"), "{why}: {detail}");
        }
        assert_eq!((of_target(&app).await.len(), of_request(&app, "bot", &grant).await.len()), (1, 1));
        app.scripted.set_down(false);
        app.after(2_000).await;
        assert_eq!((of_target(&app).await, of_request(&app, "bot", &grant).await), (Vec::new(), Vec::new()));
    }

    async fn calls_that_stopped_hold_back_who_asks_there(bed: Bed) {
        let app = TestApp::new(bed).await;
        let grant = app.bot_reads(10 * MINUTE).await;
        app.scripted.script(&[Fault::Break]);
        app.settle().await;
        let (why, detail) = of_request(&app, "bot", &grant).await.pop().unwrap();
        assert!(why == "failing" && detail.contains("is repeated"), "one broken rule stops nothing: {why}: {detail}");
        app.scripted.script(&[Fault::Break, Fault::Break]);
        for _ in 0..3 {
            app.after(MINUTE).await;
        }
        for held in [of_target(&app).await, of_request(&app, "bot", &grant).await] {
            let [(why, detail)] = held.as_slice() else { panic!("{held:?}") };
            assert!(*why == "quarantined" && detail.contains("3 broken rules") && detail.contains("hallpass target lift"), "{detail}");
        }
        let read = NewRequest {
            target: name("shop-prod"),
            entitlement: "schema.read".into(),
            resource: SCHEMA.into(),
            duration_ms: MINUTE,
            justification: None,
            parameters: std::collections::BTreeMap::new(),
        };
        for (who, knows) in [("admin", true), ("bot", false)] {
            let explained = app.broker.explain(&app.sign_in(who).await, read.clone()).await.unwrap();
            let [held] = explained.held_back.as_slice() else { panic!("{:?}", explained.held_back) };
            assert!(held.why.as_str() == "quarantined" && held.detail.contains("3 broken rules") == knows, "{who}: {held:?}");
        }
        let asked = app.ask("dave", "role.member", ROLE, MINUTE).await.unwrap().request.id;
        let waits = app.broker.request(&app.sign_in("dave").await, &asked).await.unwrap();
        assert_eq!(waits.held_back.len(), 1, "what would come of it is told before anybody decides");
    }

    async fn a_move_that_was_ordered_or_failed_is_told_at_the_target(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        let next = app.broker.load_connector(&admin, NewConnector::of(b"scripted 1.1.0 at=evil.example")).await.unwrap().facts.digest;
        app.broker.upgrade_connector(&admin, &next, NewUpgrade::default()).await.unwrap();
        let [(why, detail)] = of_target(&app).await.try_into().unwrap();
        assert!(why == "upgrade-held-back" && detail.contains("scripted 1.1.0") && detail.contains("another default"), "{detail}");
        let now = app.broker.target(&admin, &app.target).await.unwrap().connector;
        app.broker.ban_connector(&admin, &now, "malicious").await.unwrap();
        let whys: Vec<_> = of_target(&app).await.into_iter().map(|(why, _)| why).collect();
        assert_eq!(whys, ["connector-banned", "upgrade-held-back"]);
    }

    async fn policy_is_explained_with_what_would_hold_it_back(bed: Bed) {
        let app = TestApp::new(bed).await;
        let asks = |entitlement: &str, resource: &str| NewRequest {
            target: name("shop-prod"),
            entitlement: entitlement.into(),
            resource: resource.into(),
            duration_ms: MINUTE,
            justification: None,
            parameters: std::collections::BTreeMap::new(),
        };
        let carol = app.broker.explain(&app.sign_in("carol").await, asks("role.member", ROLE)).await.unwrap();
        let [held] = carol.held_back.as_slice() else { panic!("{:?}", carol.held_back) };
        assert!(held.why.as_str() == "no-account" && held.detail.contains("carol has no account in shop-prod"), "{held:?}");
        assert!(held.detail.contains("hallpass target set-account shop-prod carol"), "{held:?}");
        assert!(app.broker.explain(&app.sign_in("dave").await, asks("role.member", ROLE)).await.unwrap().held_back.is_empty());
        assert!(app.broker.explain(&app.sign_in("carol").await, asks("schema.read", SCHEMA)).await.unwrap().held_back.is_empty());
    }

    async fn an_owner_lists_what_their_agents_asked_for_and_nothing_of_others(bed: Bed) {
        let app = TestApp::new(bed).await;
        let grant = app.bot_reads(10 * MINUTE).await;
        let of_bot = app.grant(&grant).await.grant.request;
        let own = app.ask("alice", "schema.read", SCHEMA, MINUTE).await.unwrap().request.id;
        let others = app.ask("dave", "role.member", ROLE, MINUTE).await.unwrap().request.id;
        let requests = async |who: &str, mine: bool| -> BTreeSet<RequestId> {
            let filter = RequestFilter { mine, ..RequestFilter::default() };
            let part = app.broker.requests(&app.sign_in(who).await, filter, Page::default()).await.unwrap();
            part.items.into_iter().map(|view| view.request.id).collect()
        };
        assert_eq!(requests("alice", false).await, [of_bot.clone(), own.clone()].into());
        assert_eq!(requests("alice", true).await, [own.clone()].into());
        assert_eq!(requests("bot", false).await, [of_bot.clone()].into());
        assert_eq!(requests("admin", false).await, [of_bot, own, others].into());
        let grants = async |who: &str| -> BTreeSet<GrantId> {
            let part = app.broker.grants(&app.sign_in(who).await, GrantFilter::default(), Page::default()).await.unwrap();
            part.items.into_iter().map(|view| view.grant.id).collect()
        };
        assert_eq!((grants("alice").await, grants("bot").await, grants("dave").await), ([grant.clone()].into(), [grant].into(), [].into()));
    }

    async fn a_doctor_reads_the_records_of_a_broker_that_runs(bed: Bed) {
        let app = TestApp::new(bed).await;
        let findings = doctor(&app).await;
        for about in ["database", "keys", "grants", "connectors"] {
            assert_eq!(wrong(&findings, about), None, "{findings:?}");
        }
        let (grant, other) = (app.bot_reads(MINUTE).await, app.bot_reads(60 * MINUTE).await);
        app.settle().await;
        let told = wrong(&doctor(&app).await, "grants").unwrap();
        assert!(told.contains(grant.as_str()) && told.contains("bot in shop-prod"), "past its end, and no broker takes it up: {told}");
        app.scripted.set_down(true);
        app.broker.revoke(&app.sign_in("admin").await, &other, None).await.unwrap();
        app.after(MINUTE).await;
        let told = wrong(&doctor(&app).await, "grants").unwrap();
        assert!(told.starts_with("2 grants are overdue") && told.contains(other.as_str()), "{told}");
        assert_eq!(wrong(&doctor(&app).await, "connectors"), None);
    }

    async fn a_doctor_names_versions_that_are_banned_and_needed_and_calls_that_stopped(bed: Bed) {
        let app = TestApp::new(bed).await;
        app.bot_reads(60 * MINUTE).await;
        app.scripted.script(&[Fault::Break, Fault::Break, Fault::Break]);
        for _ in 0..4 {
            app.after(MINUTE).await;
        }
        let told = wrong(&doctor(&app).await, "connectors").unwrap();
        assert!(told.contains("calls have stopped in shop-prod") && told.contains("hallpass target lift"), "{told}");
        let admin = app.sign_in("admin").await;
        let now = app.broker.target(&admin, &app.target).await.unwrap().connector;
        app.broker.ban_connector(&admin, &now, "malicious").await.unwrap();
        let told = wrong(&doctor(&app).await, "connectors").unwrap();
        assert!(told.contains("scripted 1.0.0 is banned, and used by shop-prod") && told.contains("1 holding is with it"), "{told}");
    }
}
