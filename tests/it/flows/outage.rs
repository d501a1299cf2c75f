//! Targets that are not there: revocation never gives up (law 5).

use hallpass_domain::grant::GrantState;
use hallpass_tests::app::{MINUTE, TestApp};
use hallpass_tests::on_both_backends;

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

    async fn a_process_that_died_after_the_effect_is_taken_up_by_the_next_one(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.scripted.script(&[hallpass_tests::scripted::Fault::LoseReply]);
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
