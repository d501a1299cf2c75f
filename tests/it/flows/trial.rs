//! Trials of connectors at sandbox targets: who may, where, one at a time, and recorded whatever comes of it.

use hallpass_broker::{BrokerError, EventFilter, NewConnector, NewTarget, NewTrial};
use hallpass_domain::port::TrialWish;
use hallpass_store::run_tx;
use hallpass_tests::app::{MINUTE, TestApp, name};
use hallpass_tests::on_both_backends;

/// A sandbox target, and a trial there.
async fn sandbox(app: &TestApp) -> (hallpass_domain::ids::TargetId, NewTrial) {
    let target = NewTarget {
        name: name("playground"),
        environment: name("sandbox"),
        connector: "scripted".into(),
        settings: Default::default(),
        secrets: [("password".to_owned(), hallpass_domain::secret::SecretText::new("management-secret".to_owned()))].into(),
        network: Vec::new(),
        owner: None,
    };
    let target = app.broker.add_target(&app.sign_in("admin").await, target).await.unwrap().id;
    (target, NewTrial { target: name("playground"), wishes: Vec::new() })
}

on_both_backends! {
    async fn one_trial_at_a_time_and_each_is_recorded(bed: Bed) {
        let app = TestApp::new(bed).await;
        let (target, trial) = sandbox(&app).await;
        let admin = app.sign_in("admin").await;
        let digest = app.broker.connectors(&admin).await.unwrap()[0].facts.digest;
        let lease = format!("trial {target}");
        run_tx!(app.store, "test.lease", |tx| -> Result<(), BrokerError> {
            assert!(tx.acquire_named(&lease, "another node", MINUTE).await?.is_some());
            Ok(())
        }).unwrap();
        let busy = app.broker.test_connector(&admin, &digest, trial.clone()).await;
        assert!(matches!(busy, Err(BrokerError::TooMany { .. })), "{busy:?}");
        assert!(app.leaves("connector.test-began").await.is_empty());
        app.advance(2 * MINUTE).await;
        // The target in memory knows no laws: nothing is tried, which is recorded too.
        for tries in 1..=2 {
            let untried = app.broker.test_connector(&admin, &digest, trial.clone()).await;
            assert!(matches!(untried, Err(BrokerError::NotAdmitted(_))), "{untried:?}");
            let ended = app.leaves("connector.tested").await;
            assert_eq!((app.leaves("connector.test-began").await.len(), ended.len()), (tries, tries), "the lease was given back");
            assert_eq!((ended[0]["facts"]["kept"].as_str(), ended[0]["subject"].as_str()), (Some("not-tried"), Some(target.as_str())));
        }
    }

    async fn a_trial_that_only_looks_keeps_its_target_until_it_is_over(bed: Bed) {
        let app = TestApp::new(bed).await;
        let (target, trial) = sandbox(&app).await;
        app.scripted.set_silent(&target);
        let admin = app.sign_in("admin").await;
        let digest = app.broker.connectors(&admin).await.unwrap()[0].facts.digest;
        let second = async {
            while app.leaves("connector.test-began").await.is_empty() {
                tokio::task::yield_now().await;
            }
            // The longest: its calls, the minute to take away what they made, and the last call of each.
            app.advance(2 * MINUTE).await;
            app.broker.test_connector(&admin, &digest, trial.clone()).await
        };
        tokio::select! {
            first = app.broker.test_connector(&admin, &digest, trial.clone()) => panic!("it has no end: {first:?}"),
            second = second => assert!(matches!(second, Err(BrokerError::TooMany { .. })), "{second:?}"),
        }
        assert_eq!(app.leaves("connector.test-began").await.len(), 1);
    }

    async fn a_trial_that_lost_its_target_changes_nothing_there(bed: Bed) {
        let app = TestApp::new(bed).await;
        let (target, trial) = sandbox(&app).await;
        app.scripted.set_silent(&target);
        let admin = app.sign_in("admin").await;
        let digest = app.broker.connectors(&admin).await.unwrap()[0].facts.digest;
        let lease = format!("trial {target}");
        let taken = async |who: &str| {
            run_tx!(app.store, "test.lease", |tx| -> Result<bool, BrokerError> { Ok(tx.acquire_named(&lease, who, 10 * MINUTE).await?.is_some()) }).unwrap()
        };
        let another = async {
            while app.leaves("connector.test-began").await.is_empty() {
                tokio::task::yield_now().await;
            }
            app.advance(4 * MINUTE).await;
            assert!(taken("another node").await, "it outlived what a trial may take");
            app.scripted.end_silence();
        };
        let (lost, ()) = tokio::join!(app.broker.test_connector(&admin, &digest, trial), another);
        let Err(BrokerError::NotAdmitted(why)) = lost else { panic!("{lost:?}") };
        assert!(why.reason.contains("another trial took this target over"), "{why:?}");
        assert!(!taken("a third").await, "nor does it give away what is another's");
    }

    async fn an_author_does_not_choose_who_gains_access_in_a_trial(bed: Bed) {
        let app = TestApp::new(bed).await;
        let (_, trial) = sandbox(&app).await;
        let admin = app.sign_in("admin").await;
        let load = async |file: &str| app.broker.load_connector(&admin, NewConnector::of(file.as_bytes())).await.unwrap().facts.digest;
        let access = load("scripted 1.1.0 wishes=schema.read wishes=role.member").await;
        let refused = app.broker.test_connector(&admin, &access, trial.clone()).await;
        assert!(matches!(&refused, Err(BrokerError::Invalid { field: "wishes", remedy, .. }) if remedy.contains("--wishes FILE")), "{refused:?}");
        assert!(app.leaves("connector.test-began").await.is_empty());
        let made = load("scripted 1.2.0 wishes=schema.read").await;
        assert!(matches!(app.broker.test_connector(&admin, &made, trial.clone()).await, Err(BrokerError::NotAdmitted(_))));
        let wish = TrialWish {
            name: "a".into(),
            entitlement: "role.member".into(),
            resource: "role:a".parse().unwrap(),
            account: Some("ada".into()),
            parameters: Default::default(),
        };
        let named = NewTrial { wishes: vec![wish], ..trial };
        assert!(matches!(app.broker.test_connector(&admin, &access, named).await, Err(BrokerError::NotAdmitted(_))));
        let events = app.broker.events(&admin, EventFilter::default(), None, 1_000).await.unwrap();
        let mut applied = Vec::new();
        for event in events.iter().filter(|event| event.kind == "connector.test-began") {
            let values = app.store.reads().await.unwrap().erasable_values(&event.id).await.unwrap();
            applied.extend(values.into_iter().filter(|value| value.field == "applies").map(|value| value.value));
        }
        applied.sort();
        assert_eq!(applied, ["role.member on role:a for ada", "schema.read on role:admins"]);
    }

    async fn a_trial_takes_the_parameters_that_a_request_may_carry(bed: Bed) {
        let app = TestApp::new(bed).await;
        let (_, trial) = sandbox(&app).await;
        let admin = app.sign_in("admin").await;
        let file = NewConnector::of(b"scripted 1.1.0 takes=level:read|write");
        let digest = app.broker.load_connector(&admin, file).await.unwrap().facts.digest;
        let with = |level: &str| NewTrial {
            wishes: vec![TrialWish {
                name: "a".into(),
                entitlement: "role.member".into(),
                resource: "role:a".parse().unwrap(),
                account: Some("ada".into()),
                parameters: [("level".into(), level.into())].into(),
            }],
            ..trial.clone()
        };
        let refused = app.broker.test_connector(&admin, &digest, with("admin")).await.unwrap_err();
        assert!(matches!(&refused, BrokerError::Invalid { field: "wishes", reason, .. } if reason.contains("`a`: the parameter level must be one of read, write")), "{refused:?}");
        assert!(app.leaves("connector.test-began").await.is_empty());
        assert!(matches!(app.broker.test_connector(&admin, &digest, with("read")).await, Err(BrokerError::NotAdmitted(_))), "it began");
        assert_eq!(app.leaves("connector.test-began").await.len(), 1);
    }

    async fn a_trial_is_an_operators_and_for_a_sandbox_alone(bed: Bed) {
        let app = TestApp::new(bed).await;
        let (_, trial) = sandbox(&app).await;
        let admin = app.sign_in("admin").await;
        let digest = app.broker.connectors(&admin).await.unwrap()[0].facts.digest;
        let production = NewTrial { target: name("shop-prod"), ..trial.clone() };
        let refused = app.broker.test_connector(&admin, &digest, production).await.unwrap_err();
        assert!(matches!(&refused, BrokerError::Invalid { field: "target", .. }) && refused.to_string().contains("production"), "{refused}");
        let wish = TrialWish {
            name: "a".into(),
            entitlement: "role.member".into(),
            resource: "role:a".parse().unwrap(),
            account: Some("ada\u{202e}".into()),
            parameters: Default::default(),
        };
        let hostile = NewTrial { wishes: vec![wish.clone()], ..trial.clone() };
        assert!(matches!(app.broker.test_connector(&admin, &digest, hostile).await, Err(BrokerError::Invalid { field: "wishes", .. })));
        let wish = TrialWish { account: None, ..wish };
        let double = NewTrial { wishes: vec![wish.clone(), wish], ..trial.clone() };
        assert!(matches!(app.broker.test_connector(&admin, &digest, double).await, Err(BrokerError::Invalid { field: "wishes", .. })));
        app.set_group("operators", &["admin", "bob"]).await;
        let bob = app.sign_in("bob").await;
        app.set_group("operators", &["admin"]).await;
        for who in [bob, app.sign_in("dave").await] {
            let refused = app.broker.test_connector(&who, &digest, trial.clone()).await;
            assert!(matches!(refused, Err(BrokerError::Forbidden { .. })), "{refused:?}");
        }
        app.broker.ban_connector(&admin, &digest, "malicious").await.unwrap();
        let banned = app.broker.test_connector(&admin, &digest, trial).await.unwrap_err();
        assert!(banned.to_string().contains("banned"), "{banned}");
        assert!(app.leaves("connector.test-began").await.is_empty(), "nothing of it began");
    }
}
