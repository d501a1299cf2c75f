//! Several grants on one holding, and what was there before (laws 2, 8).

use hallpass_domain::clock::Timestamp;
use hallpass_domain::grant::GrantState;
use hallpass_domain::holding::Presence;
use hallpass_tests::app::{MINUTE, ROLE, TestApp};
use hallpass_tests::on_both_backends;
use hallpass_tests::scripted::Held;

fn key() -> String {
    format!("dave role.member {ROLE}")
}

on_both_backends! {
    async fn the_end_of_one_grant_does_not_take_the_access_of_another(bed: Bed) {
        let app = TestApp::new(bed).await;
        let short = app.dave_administers(2 * MINUTE).await;
        app.settle().await;
        let long = app.dave_administers(10 * MINUTE).await;
        app.settle().await;
        app.after(2 * MINUTE).await;
        assert_eq!(app.grant(&short).await.grant.state, GrantState::Ended);
        assert_eq!(app.grant(&long).await.grant.state, GrantState::Active);
        assert!(app.scripted.held().contains_key(&key()));
        app.after(8 * MINUTE).await;
        assert_eq!(app.grant(&long).await.grant.state, GrantState::Ended);
        assert!(app.scripted.held().is_empty());
    }

    async fn the_longer_one_may_end_first(bed: Bed) {
        let app = TestApp::new(bed).await;
        let long = app.dave_administers(10 * MINUTE).await;
        app.settle().await;
        let short = app.dave_administers(5 * MINUTE).await;
        app.settle().await;
        app.broker.revoke(&app.sign_in("admin").await, &long, None).await.unwrap();
        app.settle().await;
        assert_eq!(app.grant(&long).await.grant.state, GrantState::Revoked);
        assert!(app.scripted.held().contains_key(&key()));
        app.after(5 * MINUTE).await;
        assert_eq!(app.grant(&short).await.grant.state, GrantState::Ended);
        assert!(app.scripted.held().is_empty());
    }

    async fn what_the_account_held_before_stays(bed: Bed) {
        let app = TestApp::new(bed).await;
        let before = Held { presence: Presence::Present, until: Timestamp(1), attempt: 0, password: None, parameters: Default::default() };
        app.scripted.put(&key(), before);
        let id = app.dave_administers(2 * MINUTE).await;
        app.settle().await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Active);
        app.after(2 * MINUTE).await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Ended);
        assert!(app.scripted.held().contains_key(&key()), "a baseline that was present is left as it was");
    }

    async fn what_is_left_as_it_was_is_said_to_be_left(bed: Bed) {
        let app = TestApp::new(bed).await;
        app.scripted.put(&key(), Held { presence: Presence::Present, until: Timestamp(1), attempt: 0, password: None, parameters: Default::default() });
        app.dave_administers(2 * MINUTE).await;
        app.settle().await;
        app.after(2 * MINUTE).await;
        let ended = app.leaves("grant.ended").await.pop().unwrap();
        assert_eq!((&ended["facts"]["left"], ended["facts"].get("seen")), (&"baseline".into(), None), "{ended}");
    }

    async fn what_was_there_before_and_went_is_ours_once_we_give_it(bed: Bed) {
        let app = TestApp::new(bed).await;
        app.scripted.put(&key(), Held { presence: Presence::Present, until: Timestamp(1), attempt: 0, password: None, parameters: Default::default() });
        app.dave_administers(20 * MINUTE).await;
        app.settle().await;
        app.scripted.take(&key());
        let last = app.dave_administers(20 * MINUTE).await;
        app.settle().await;
        assert!(app.scripted.held().contains_key(&key()), "given by the second apply");
        app.after(20 * MINUTE).await;
        assert_eq!(app.grant(&last).await.grant.state, GrantState::Ended);
        assert!(app.scripted.held().is_empty(), "what this broker gave does not outlive its grants");
    }

    async fn access_that_ended_can_be_granted_again(bed: Bed) {
        let app = TestApp::new(bed).await;
        for _ in 0..2 {
            let id = app.dave_administers(2 * MINUTE).await;
            app.settle().await;
            assert_eq!(app.grant(&id).await.grant.state, GrantState::Active);
            app.after(2 * MINUTE).await;
            assert_eq!(app.grant(&id).await.grant.state, GrantState::Ended);
            assert!(app.scripted.held().is_empty());
        }
    }
}
