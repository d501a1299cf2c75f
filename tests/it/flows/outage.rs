//! Targets that are not there: revocation never gives up (law 5).

use std::sync::Arc;
use std::time::Duration;

use hallpass_domain::grant::GrantState;
use hallpass_tests::app::{MINUTE, SCHEMA, TestApp};
use hallpass_tests::on_both_backends;
use hallpass_tests::scripted::Fault;
use tokio_util::sync::CancellationToken;

on_both_backends! {
    async fn a_revoke_while_the_target_is_down_is_overdue_and_done_at_the_first_answer(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(60 * MINUTE).await;
        app.settle().await;
        app.scripted.set_down(true);
        app.broker.revoke(&app.sign_in("admin").await, &id, Some("left the project".into())).await.unwrap();
        for _ in 0..20 {
            app.after(MINUTE).await;
        }
        let view = app.grant(&id).await;
        assert_eq!((view.grant.state, view.overdue), (GrantState::Ending, true));
        assert_eq!(app.broker.counts().await.unwrap().overdue, 1);
        app.scripted.set_down(false);
        app.after(2_000).await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Revoked, "one probe interval after the target is back");
        assert_eq!(app.broker.counts().await.unwrap().overdue, 0);
        assert!(app.scripted.held().is_empty());
    }

    async fn what_a_connector_claims_of_its_target_holds_up_no_other_revocation(bed: Bed) {
        let app = TestApp::new(bed).await;
        let (one, other) = (app.bot_reads(5 * MINUTE).await, app.bot_reads(5 * MINUTE).await);
        app.settle().await;
        let admin = app.sign_in("admin").await;
        for id in [&one, &other] {
            app.broker.revoke(&admin, id, None).await.unwrap();
        }
        app.scripted.script(&[Fault::Claim]);
        app.settle().await;
        let left = [app.grant(&one).await.grant.state, app.grant(&other).await.grant.state];
        assert!(left.contains(&GrantState::Revoked), "{left:?}");
    }

    async fn what_never_settles_is_tried_ever_more_rarely_and_said_once(bed: Bed) {
        let app = TestApp::new(bed).await;
        app.bot_reads(5 * MINUTE).await;
        app.scripted.script(&[Fault::LoseReply]);
        app.scripted.set_blind(true);
        for _ in 0..120 {
            app.after(1_000).await;
        }
        let said = app.leaves("operation.unsettled").await;
        assert!(said.len() <= 2, "the lost reply, and that nothing is to be seen: {said:#?}");
        assert!(app.scripted.looks() <= 16, "looked {} times in two minutes", app.scripted.looks());
        app.scripted.set_blind(false);
        app.after(5 * MINUTE).await;
    }

    async fn a_target_that_never_answers_delays_no_other(bed: Bed) {
        let app = TestApp::new(bed).await;
        app.add_target("shop-test").await;
        let mute = app.bot_reads(60 * MINUTE).await;
        app.scripted.set_silent(&app.target);
        // Its breaker opens, and its next probe is due: it will wait for an answer from here on.
        app.settle().await;
        app.advance(2_000).await;
        let stop = CancellationToken::new();
        let engine = tokio::spawn({
            let (broker, stop) = (Arc::clone(&app.broker), stop.clone());
            async move { broker.run(stop).await }
        });
        let asked = app.ask_at("shop-test", "bot", "schema.read", SCHEMA, 60 * MINUTE).await.unwrap();
        let heard = app.approve("bob", &asked.request.id, None).await.unwrap().grant.unwrap();
        let active = async {
            while app.grant(&heard).await.grant.state != GrantState::Active {
                tokio::task::yield_now().await;
            }
        };
        // Time stands still, so the wait is for the work alone; without an end to it a failure would hang.
        tokio::time::timeout(Duration::from_secs(60), active).await.expect("the other target's grant never became active");
        assert_eq!(app.grant(&mute).await.grant.state, GrantState::Activating);
        stop.cancel();
        engine.abort();
    }

    async fn a_process_that_died_after_the_effect_is_taken_up_by_the_next_one(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.scripted.script(&[Fault::LoseReply]);
        app.settle().await;
        let app = app.restart().await;
        app.after(2 * MINUTE).await;
        let view = app.grant(&id).await;
        assert_eq!(view.grant.state, GrantState::Active);
        let held = app.scripted.held();
        assert_eq!(held.len(), 1);
        let picked = app.broker.pick_up(&app.sign_in("bot").await, &id).await.unwrap();
        let opened = app.actor("bot").keys.open(id.as_str(), &picked.sealed.unwrap()).unwrap();
        let credential: serde_json::Value = serde_json::from_slice(opened.expose()).unwrap();
        let password = held.values().next().and_then(|h| h.password.clone());
        assert_eq!(credential["value"].as_str().map(String::from), password, "the secret that is handed out is the one in place");
    }
}
