//! Targets: who changes where a target is must know its secrets.

use std::collections::BTreeMap;

use hallpass_broker::{BrokerError, NewConnector, NewRepin, NewTarget, NewUpgrade, TargetChange};
use hallpass_domain::secret::SecretText;
use hallpass_tests::app::{MINUTE, TestApp, name};
use hallpass_tests::on_both_backends;

fn change(settings: &[(&str, &str)], secrets: &[(&str, &str)]) -> TargetChange {
    TargetChange {
        settings: Some(settings.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()),
        secrets: secrets.iter().map(|(k, v)| ((*k).into(), SecretText::new((*v).into()))).collect::<BTreeMap<_, _>>(),
        network: None,
        connector: None,
    }
}

/// Loads a version and moves the target to it; why it was held back.
async fn upgrade(app: &TestApp, file: &str) -> Option<String> {
    let admin = app.sign_in("admin").await;
    let loaded = app.broker.load_connector(&admin, NewConnector::of(file.as_bytes())).await.unwrap();
    let moved = app.broker.upgrade_connector(&admin, &loaded.facts.digest, NewUpgrade::default()).await.unwrap();
    moved.targets.into_iter().find(|moved| moved.target == app.target).unwrap().held_back
}

on_both_backends! {
    async fn a_target_without_a_secret_that_its_connector_needs_is_not_added(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        let new = |secrets: &[(&str, &str)]| NewTarget {
            name: name("other"),
            environment: name("production"),
            connector: "scripted".into(),
            settings: BTreeMap::new(),
            secrets: secrets.iter().map(|(k, v)| ((*k).into(), SecretText::new((*v).into()))).collect(),
            network: Vec::new(),
            owner: None,
        };
        let refused = app.broker.add_target(&admin, new(&[("spare", "x")])).await.unwrap_err();
        assert!(matches!(&refused, BrokerError::Invalid { field: "secrets", reason, .. } if reason == "password is missing"), "{refused:?}");
        assert_eq!(app.broker.targets(&admin).await.unwrap().len(), 1);
        app.broker.add_target(&admin, new(&[("password", "x")])).await.unwrap();
    }

    async fn secrets_are_not_sent_elsewhere_by_who_does_not_know_them(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        let refused = app.broker.update_target(&admin, &app.target, change(&[("host", "mine.example")], &[])).await;
        assert!(matches!(&refused, Err(BrokerError::Invalid { field: "settings", remedy, .. }) if remedy.contains("password")), "{refused:?}");
        assert!(app.broker.target(&admin, &app.target).await.unwrap().settings.is_empty(), "nothing of it is kept");
        // What is the default anyway, and what decides nothing of it, is free.
        let same = change(&[("host", "here"), ("colour", "blue")], &[]);
        app.broker.update_target(&admin, &app.target, same).await.unwrap();
        let moved = change(&[("host", "there"), ("colour", "blue")], &[("password", "management-secret")]);
        let target = app.broker.update_target(&admin, &app.target, moved).await.unwrap();
        assert_eq!(target.settings["host"], "there");
    }

    async fn a_version_that_sends_nothing_there_is_no_way_around_the_secrets(bed: Bed) {
        let app = TestApp::new(bed).await;
        app.bot_reads(30 * MINUTE).await;
        app.settle().await;
        assert_eq!(upgrade(&app, "scripted 1.1.0 elsewhere").await, None);
        let admin = app.sign_in("admin").await;
        let evil = change(&[("host", "evil.example")], &[]);
        let refused = app.broker.update_target(&admin, &app.target, evil.clone()).await;
        assert!(matches!(&refused, Err(BrokerError::Invalid { remedy, .. }) if remedy.contains("password")), "a holding is with 1.0.0: {refused:?}");
        // Nor is one that was banned in between.
        let old = app.broker.connectors(&admin).await.unwrap().into_iter().find(|row| row.facts.version == "1.0.0").unwrap();
        app.broker.ban_connector(&admin, &old.facts.digest, "malicious").await.unwrap();
        assert!(app.broker.update_target(&admin, &app.target, evil).await.is_err());
        assert!(app.broker.target(&admin, &app.target).await.unwrap().settings.is_empty());
    }

    async fn a_roll_back_finds_the_way_that_was_set_with_the_secrets(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        app.advance(MINUTE).await;
        assert_eq!(upgrade(&app, "scripted 1.1.0 elsewhere").await, None);
        let moved = change(&[("host", "there")], &[("password", "management-secret")]);
        app.broker.update_target(&admin, &app.target, moved).await.unwrap();
        let back = app.broker.roll_back_connector(&admin, "scripted").await.unwrap();
        assert!(back.iter().all(|moved| moved.held_back.is_none()), "{back:?}");
    }

    async fn what_was_set_before_any_version_sent_secrets_there_does_not_begin_to(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        app.broker.update_target(&admin, &app.target, change(&[("colour", "evil.example")], &[])).await.unwrap();
        app.advance(MINUTE).await;
        // Two, so that the one does not vouch for the other.
        for file in ["scripted 1.1.0 sends=colour", "scripted 1.2.0 sends=colour"] {
            let reason = upgrade(&app, file).await.unwrap_or_default();
            assert!(reason.contains("`colour` decides where the secrets") && reason.contains("did not when it was set"), "{file}: {reason}");
        }
        let fresh = app.target_of("fresh", "scripted").await.unwrap();
        app.broker.update_target(&admin, &fresh, change(&[("colour", "evil.example")], &[])).await.unwrap_err();
    }

    async fn a_holding_is_not_looked_at_where_a_version_would_send_the_secrets_elsewhere(bed: Bed) {
        let app = TestApp::new(bed).await;
        let grant = app.bot_reads(30 * MINUTE).await;
        app.settle().await;
        let held = upgrade(&app, "scripted 1.1.0 at=evil.example").await;
        assert!(held.as_ref().is_some_and(|reason| reason.contains("another default")), "{held:?}");
        let admin = app.sign_in("admin").await;
        let rows = app.broker.connectors(&admin).await.unwrap();
        let next = rows.into_iter().find(|row| row.facts.version == "1.1.0").unwrap().facts.digest;
        let repin = NewRepin { holdings: vec![app.grant(&grant).await.grant.holding], ..NewRepin::default() };
        for dry_run in [true, false] {
            let stays = app.broker.repin_holdings(&admin, &next, NewRepin { dry_run, ..repin.clone() }).await.unwrap();
            assert!(!stays[0].moved && stays[0].reason.as_deref().unwrap().contains("another default"), "{stays:?}");
        }
        assert!(app.scripted.calls().iter().all(|(version, _)| version == "1.0.0"), "{:?}", app.scripted.calls());
        assert!(app.leaves("holding.repin-tried").await.is_empty());
    }
}
