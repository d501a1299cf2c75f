//! Who was offboarded or demoted does nothing after that was committed, whatever they had begun before (law 10).

use hallpass_broker::{BrokerError, NewConnector, NewPrincipal, NewRepin, NewRequest, NewUpgrade, NewVerdict};
use hallpass_domain::connector::permissions_digest;
use hallpass_domain::principal::PrincipalKind;
use hallpass_domain::request::Verdict;
use hallpass_tests::app::{MINUTE, ROLE, SCHEMA, TestApp, name};
use hallpass_tests::on_both_backends;
use hallpass_tests::scripted::READS_ONLY;

const YES: NewVerdict = NewVerdict { verdict: Verdict::Approve, narrowed_ms: None, reason: None };

fn refused<T: std::fmt::Debug>(what: &str, done: Result<T, BrokerError>) {
    assert!(matches!(done, Err(BrokerError::Unauthenticated { .. } | BrokerError::Forbidden { .. })), "{what}: {done:?}");
}

on_both_backends! {
    async fn nothing_is_granted_to_whom_is_gone(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        let asked = app.ask("bot", "schema.read", SCHEMA, MINUTE).await.unwrap();
        app.broker.offboard_principal(&admin, app.id("bot")).await.unwrap();
        let given = app.approve("bob", &asked.request.id, None).await;
        assert!(matches!(given, Err(BrokerError::PolicyDenied { .. })), "{given:?}");
        let asked = app.ask("dave", "role.member", ROLE, MINUTE).await.unwrap();
        app.approve("carol", &asked.request.id, None).await.unwrap();
        app.broker.offboard_principal(&admin, app.id("dave")).await.unwrap();
        let given = app.approve("dan", &asked.request.id, None).await;
        assert!(matches!(given, Err(BrokerError::PolicyDenied { .. })), "{given:?}");
    }

    async fn an_approver_who_left_the_group_decides_nothing(bed: Bed) {
        let app = TestApp::new(bed).await;
        let asked = app.ask("bot", "schema.read", SCHEMA, MINUTE).await.unwrap();
        let bob = app.sign_in("bob").await;
        app.set_group("data-team", &["alice"]).await;
        refused("decide", app.broker.decide(&bob, &asked.request.id, YES).await);
        app.set_group("data-team", &["alice", "bob"]).await;
        app.broker.offboard_principal(&app.sign_in("admin").await, app.id("bob")).await.unwrap();
        refused("decide", app.broker.decide(&bob, &asked.request.id, YES).await);
    }

    async fn who_is_offboarded_asks_for_nothing(bed: Bed) {
        let app = TestApp::new(bed).await;
        let bot = app.sign_in("bot").await;
        app.broker.offboard_principal(&app.sign_in("admin").await, app.id("alice")).await.unwrap();
        let new = NewRequest {
            target: name("shop-prod"),
            entitlement: "schema.read".into(),
            resource: SCHEMA.into(),
            parameters: Default::default(),
            duration_ms: MINUTE,
            justification: None,
        };
        refused("submit", app.broker.submit(&bot, new).await);
    }

    async fn who_ran_the_broker_and_does_not_any_more_changes_nothing(bed: Bed) {
        let app = TestApp::new(bed).await;
        let grant = app.bot_reads(5 * MINUTE).await;
        app.settle().await;
        let admin = app.sign_in("admin").await;
        let bob = {
            app.set_group("operators", &["admin", "bob"]).await;
            app.sign_in("bob").await
        };
        app.set_group("operators", &["admin"]).await;
        refused("set_group", app.broker.set_group(&bob, &name("dba"), vec![name("bob")]).await);
        let new = NewPrincipal { kind: PrincipalKind::User, name: name("mole"), owner: None };
        refused("add_principal", app.broker.add_principal(&bob, new).await.map(drop));
        refused("offboard", app.broker.offboard_principal(&bob, app.id("carol")).await);
        refused("revoke", app.broker.revoke(&bob, &grant, None).await);
        refused("set_account", app.broker.set_account(&bob, &app.target, app.id("bob"), "postgres").await);
        refused("load", app.broker.load_connector(&bob, NewConnector::of(READS_ONLY)).await);
        let loaded = app.broker.load_connector(&admin, NewConnector::of(b"scripted 1.1.0")).await.unwrap().facts.digest;
        let wider = app.broker.load_connector(&admin, NewConnector::of(b"scripted 1.2.0 asks=read")).await.unwrap().facts;
        for to in [&loaded, &wider.digest] {
            refused("upgrade", app.broker.upgrade_connector(&bob, to, NewUpgrade::default()).await);
        }
        refused("accept", app.broker.accept_connector(&bob, &wider.digest, &permissions_digest(&wider.permissions)).await);
        refused("unload", app.broker.unload_connector(&bob, &loaded).await);
        refused("ban", app.broker.ban_connector(&bob, &loaded, "he does not like it").await);
        refused("lift", app.broker.lift_quarantine(&bob, &app.target).await);
        app.broker.upgrade_connector(&admin, &loaded, NewUpgrade::default()).await.unwrap();
        refused("rollback", app.broker.roll_back_connector(&bob, "scripted").await);
        let repin = NewRepin { holdings: vec![app.grant(&grant).await.grant.holding], ..NewRepin::default() };
        refused("repin", app.broker.repin_holdings(&bob, &loaded, repin).await);
        refused("update_target", app.broker.update_target(&bob, &app.target, hallpass_broker::TargetChange::default()).await);
    }

    async fn a_grant_outlives_a_change_of_its_targets_connector(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        let grants = [app.dave_administers(5 * MINUTE).await, app.dave_administers(6 * MINUTE).await];
        app.settle().await;
        let asked = app.ask("dave", "role.member", ROLE, MINUTE).await.unwrap().request.id;
        let narrow = app.broker.load_connector(&admin, NewConnector::of(READS_ONLY)).await.unwrap();
        let moved = app.broker.upgrade_connector(&admin, &narrow.facts.digest, Default::default()).await.unwrap();
        assert_eq!(moved.targets[0].held_back, None);
        let dave = app.sign_in("dave").await;
        assert_eq!(app.broker.grants(&dave, Default::default(), Default::default()).await.unwrap().items.len(), 2);
        assert_eq!(app.broker.requests(&dave, Default::default(), Default::default()).await.unwrap().items.len(), 3);
        app.broker.release(&dave, &grants[0]).await.unwrap();
        app.broker.revoke(&admin, &grants[1], None).await.unwrap();
        app.broker.withdraw(&dave, &asked).await.unwrap();
        app.settle().await;
        assert!(app.scripted.held().is_empty(), "the connector that made it took it away");
    }
}
