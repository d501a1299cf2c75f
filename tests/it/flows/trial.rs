//! Trials of connectors at sandbox targets: who may, where, one at a time, and recorded whatever comes of it.

use hallpass_broker::{BrokerError, NewTarget, NewTrial};
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
        secrets: Default::default(),
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
