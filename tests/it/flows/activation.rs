//! From the last verdict to access that was seen (laws 1, 3, 4, 7).

use hallpass_domain::grant::{GrantState, SeenBy};
use hallpass_tests::app::{MINUTE, TestApp};
use hallpass_tests::on_both_backends;
use hallpass_tests::scripted::Fault;

on_both_backends! {
    async fn a_grant_is_active_once_it_was_seen_and_gone_after_its_time(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Activating);
        assert!(app.scripted.held().is_empty(), "nothing goes out before the intent is durable");
        app.settle().await;
        let view = app.grant(&id).await;
        assert_eq!((view.grant.state, view.grant.seen_by), (GrantState::Active, Some(SeenBy::Host)));
        let held = app.scripted.held();
        assert_eq!(held.get(view.stamp.as_str()).map(|h| Some(h.until)), Some(view.grant.ends), "the target enforces the same end");
        app.after(5 * MINUTE - 1).await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Active);
        app.after(1).await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Ended);
        assert!(app.scripted.held().is_empty());
        assert_eq!(
            app.story(&id).await,
            ["grant.created", "grant.activated", "credential.ready", "grant.ending", "credential.erased", "grant.ended"]
        );
    }

    async fn a_lost_reply_is_settled_by_looking(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.scripted.script(&[Fault::LoseReply]);
        app.settle().await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Activating);
        assert_eq!(app.scripted.held().len(), 1);
        app.after(MINUTE).await;
        let view = app.grant(&id).await;
        assert_eq!(view.grant.state, GrantState::Active);
        let held = app.scripted.held();
        assert_eq!(held.keys().collect::<Vec<_>>(), [view.stamp.as_str()], "exactly one effect");
        assert_eq!(view.grant.ends, held.values().next().map(|h| h.until));
    }

    async fn a_lost_request_is_sent_again(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.scripted.script(&[Fault::LoseRequest]);
        app.settle().await;
        assert!(app.scripted.held().is_empty());
        app.after(MINUTE).await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Active);
        assert_eq!(app.scripted.changes(), 1);
    }

    async fn what_goes_on_in_the_target_is_asked_for_again_from_where_it_was(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.scripted.script(&[Fault::Wait, Fault::Wait]);
        app.settle().await;
        for _ in 0..2 {
            assert_eq!(app.grant(&id).await.grant.state, GrantState::Activating);
            assert!(app.scripted.held().is_empty());
            app.after(1_000).await;
        }
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Active);
        let said = |count: usize| Some(count.to_string());
        assert_eq!(app.scripted.continuations(), [None, said(1), said(2)]);
        app.scripted.script(&[Fault::Wait]);
        app.after(5 * MINUTE).await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Ending, "it is not gone while that goes on");
        app.after(1_000).await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Ended);
        assert_eq!(app.scripted.continuations(), [None, said(1), said(2), None, said(4)], "what settled leaves nothing to go on with");
        assert_eq!(app.scripted.changes(), 2);
    }

    async fn a_connector_that_says_done_and_did_nothing_activates_nothing(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.scripted.script(&[Fault::Lie]);
        app.settle().await;
        let view = app.grant(&id).await;
        assert_eq!(view.grant.state, GrantState::Activating);
        assert!(view.grant.last_failure.is_some_and(|f| f.contains("not-as-wished")));
    }

    async fn a_connector_that_says_gone_while_it_stays_ends_nothing(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.settle().await;
        app.scripted.script(&[Fault::Lie, Fault::Lie]);
        app.after(5 * MINUTE).await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Ending);
        app.after(MINUTE).await;
        app.after(5 * MINUTE).await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Ended);
        assert!(app.scripted.held().is_empty());
    }

    async fn a_refusal_with_nothing_there_fails_the_grant(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.scripted.script(&[Fault::Refuse]);
        app.settle().await;
        let view = app.grant(&id).await;
        assert_eq!(view.grant.state, GrantState::Failed);
        assert!(view.grant.last_failure.is_some_and(|f| f.contains("not-mine")));
    }

    async fn what_is_not_seen_within_its_window_ends(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.scripted.set_down(true);
        app.settle().await;
        app.after(16 * MINUTE).await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Ending);
        app.scripted.set_down(false);
        app.after(2_000).await;
        app.after(5 * MINUTE).await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Failed);
        assert!(app.scripted.held().is_empty());
    }

    async fn a_grant_revoked_before_anything_was_sent_never_reaches_the_target(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.broker.revoke(&app.sign_in("admin").await, &id, None).await.unwrap();
        app.settle().await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Revoked);
        assert_eq!(app.scripted.changes(), 0);
    }
}
