//! Targets: who changes where a target is must know its secrets.

use std::collections::BTreeMap;

use hallpass_broker::{BrokerError, NewConnector, NewRepin, NewTarget, NewUpgrade, TargetChange};
use hallpass_domain::secret::SecretText;
use hallpass_tests::app::{MINUTE, ROLE, TestApp, name};
use hallpass_tests::on_both_backends;

fn change(settings: &[(&str, &str)], secrets: &[(&str, &str)]) -> TargetChange {
    TargetChange {
        settings: Some(settings.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()),
        secrets: secrets.iter().map(|(k, v)| ((*k).into(), SecretText::new((*v).into()))).collect::<BTreeMap<_, _>>(),
        ..TargetChange::default()
    }
}

fn to_environment(environment: &str) -> TargetChange {
    let secrets = [("password".to_owned(), SecretText::new("management-secret".into()))].into();
    TargetChange { environment: Some(name(environment)), secrets, ..TargetChange::default() }
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

    async fn a_target_goes_once_everything_in_it_has_ended(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        let waiting = app.ask("dave", "role.member", ROLE, 10 * MINUTE).await.unwrap().request.id;
        let grant = app.bot_reads(30 * MINUTE).await;
        app.settle().await;
        let refused = app.broker.remove_target(&admin, &app.target).await.unwrap_err();
        let BrokerError::InUse { reason, .. } = &refused else { panic!("{refused:?}") };
        assert!(reason.contains(&format!("{grant} (active)")) && reason.contains(waiting.as_str()), "{reason}");
        let target = app.broker.target(&admin, &app.target).await.unwrap();
        assert!(target.removed.is_none() && target.secrets == ["password"], "nothing of it happened: {target:?}");

        app.broker.withdraw(&app.sign_in("dave").await, &waiting).await.unwrap();
        app.broker.revoke(&admin, &grant, None).await.unwrap();
        let refused = app.broker.remove_target(&admin, &app.target).await.unwrap_err();
        assert!(refused.to_string().contains(&format!("{grant} (ending)")), "not before the absence was seen: {refused}");
        app.settle().await;
        let gone = app.broker.remove_target(&admin, &app.target).await.unwrap();
        assert!(gone.removed.is_some() && gone.secrets.is_empty(), "{gone:?}");
        assert!(app.store.reads().await.unwrap().target_secrets(&app.target).await.unwrap().is_empty());
        let leaves = app.leaves("target.removed").await;
        assert!(leaves.len() == 1 && leaves[0]["subject"] == app.target.as_str(), "{leaves:?}");
    }

    async fn what_was_removed_is_remembered_and_nothing_new_happens_in_it(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        let grant = app.bot_reads(MINUTE).await;
        app.settle().await;
        app.after(MINUTE).await;
        app.broker.remove_target(&admin, &app.target).await.unwrap();
        assert_eq!(app.grant(&grant).await.target_name.as_str(), "shop-prod", "its history names it");
        assert!(app.broker.targets(&admin).await.unwrap().is_empty() && app.broker.entitlements(&admin).await.unwrap().is_empty());
        let asked = app.ask("dave", "role.member", ROLE, MINUTE).await;
        assert!(matches!(asked, Err(BrokerError::NotFound { .. })), "{asked:?}");
        for refused in [
            app.broker.update_target(&admin, &app.target, to_environment("dev")).await.map(drop),
            app.broker.set_account(&admin, &app.target, app.id("bob"), "bob").await.map(drop),
            app.broker.check_target(&admin, &app.target).await,
            app.broker.lift_quarantine(&admin, &app.target).await,
            app.broker.remove_target(&admin, &app.target).await.map(drop),
        ] {
            assert!(matches!(refused, Err(BrokerError::Gone { .. })), "{refused:?}");
        }
        let again = app.add_target("shop-prod").await;
        assert_ne!(again, app.target);
        let listed: Vec<_> = app.broker.targets(&admin).await.unwrap().into_iter().map(|t| t.id).collect();
        assert_eq!(listed, [again]);
    }

    async fn a_version_is_not_kept_for_a_target_that_was_removed(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        let digest = app.broker.target(&admin, &app.target).await.unwrap().connector;
        app.broker.unload_connector(&admin, &digest).await.unwrap_err();
        app.broker.remove_target(&admin, &app.target).await.unwrap();
        let unloaded = app.broker.unload_connector(&admin, &digest).await.unwrap();
        assert_eq!(unloaded.connector.state.as_str(), "unloaded");
    }

    async fn another_environment_is_what_policy_is_asked_about_from_now_on(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        let grant = app.bot_reads(30 * MINUTE).await;
        app.settle().await;
        let target = app.broker.update_target(&admin, &app.target, to_environment("frozen")).await.unwrap();
        assert_eq!(target.environment.as_str(), "frozen");
        let leaf = app.leaves("target.changed").await.pop().unwrap();
        assert_eq!((&leaf["facts"]["environment_before"], &leaf["facts"]["environment"]), (&"production".into(), &"frozen".into()));
        let asked = app.ask("bot", "schema.read", "database:shop/schema:other", MINUTE).await;
        assert!(matches!(asked, Err(BrokerError::PolicyDenied { .. })), "{asked:?}");
        assert_eq!(app.grant(&grant).await.grant.state.as_str(), "active", "what is held goes on");
        app.broker.update_target(&admin, &app.target, to_environment("production")).await.unwrap();
        app.ask("bot", "schema.read", "database:shop/schema:other", MINUTE).await.unwrap();
    }

    async fn a_target_keeps_its_environment_while_a_request_waits_under_the_old_one(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        let asked = app.ask("bot", "schema.read", "database:shop/schema:other", MINUTE).await.unwrap().request.id;
        let refused = app.broker.update_target(&admin, &app.target, to_environment("dev")).await;
        assert!(matches!(&refused, Err(BrokerError::InUse { reason, .. }) if reason.contains(asked.as_str())), "{refused:?}");
        assert_eq!(app.broker.target(&admin, &app.target).await.unwrap().environment.as_str(), "production");
        app.approve("bob", &asked, None).await.unwrap();
        app.broker.update_target(&admin, &app.target, to_environment("dev")).await.unwrap();
    }

    async fn nobody_moves_a_target_to_an_environment_that_is_not_theirs(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        // Trials are made in `sandbox`: whoever does not know the secrets could not add such a target there.
        let blind = TargetChange { secrets: BTreeMap::new(), ..to_environment("sandbox") };
        let refused = app.broker.update_target(&admin, &app.target, blind.clone()).await;
        assert!(matches!(&refused, Err(BrokerError::Invalid { field: "environment", remedy, .. }) if remedy.contains("password")), "{refused:?}");
        let same = TargetChange { environment: Some(name("production")), ..blind };
        app.broker.update_target(&admin, &app.target, same).await.unwrap();
        let refused = app.broker.update_target(&admin, &app.target, to_environment("vault")).await;
        assert!(matches!(refused, Err(BrokerError::Forbidden { .. })), "{refused:?}");
        assert_eq!(app.broker.target(&admin, &app.target).await.unwrap().environment.as_str(), "production");
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
