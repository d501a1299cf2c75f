//! Enrolment and session tokens.

use hallpass_broker::{BrokerError, EnrolmentKeys, EventFilter, NewPrincipal};
use hallpass_domain::principal::PrincipalKind;
use hallpass_domain::rng::SystemRng;
use hallpass_keyring::ClientKeys;
use hallpass_tests::app::{MINUTE, TestApp, name};
use hallpass_tests::on_both_backends;

fn keys_for(token: &str) -> EnrolmentKeys {
    let keys = ClientKeys::generate(&SystemRng).unwrap();
    EnrolmentKeys { signing_key: keys.signing_public(), recipient_key: keys.recipient_public(), proof: keys.enrolment_proof(token) }
}

/// Whose links were refused.
async fn refusals(app: &TestApp) -> Vec<String> {
    let events = app.broker.events(&app.sign_in("admin").await, EventFilter::default(), None, 1_000).await.unwrap();
    let refused = events.into_iter().filter(|e| e.kind == "enrolment.refused");
    refused.map(|e| e.leaf["subject"].as_str().unwrap().to_owned()).collect()
}

on_both_backends! {
    async fn an_enrolment_link_works_once(bed: Bed) {
        let app = TestApp::new(bed).await;
        let new = NewPrincipal { kind: PrincipalKind::User, name: name("erin"), owner: None };
        let invitation = app.broker.add_principal(&app.sign_in("admin").await, new).await.unwrap();
        let token = invitation.token.expose();
        assert!(app.broker.enrol(token, keys_for("another token")).await.is_err(), "the proof binds the token");
        assert!(app.broker.enrol(token, keys_for(token)).await.is_ok());
        assert!(matches!(app.broker.enrol(token, keys_for(token)).await, Err(BrokerError::Gone { .. })));
    }

    async fn a_new_link_replaces_the_old_one(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        let new = NewPrincipal { kind: PrincipalKind::User, name: name("erin"), owner: None };
        let stolen = app.broker.add_principal(&admin, new).await.unwrap();
        let again = app.broker.reissue_enrolment(&admin, &stolen.principal.id).await.unwrap();
        let old = stolen.token.expose();
        assert!(matches!(app.broker.enrol(old, keys_for(old)).await, Err(BrokerError::Gone { .. })));
        let token = again.token.expose();
        assert!(app.broker.enrol(token, keys_for(token)).await.is_ok());
    }

    async fn links_that_were_made_up_leave_no_trace_and_used_ones_one_a_minute(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        let new = NewPrincipal { kind: PrincipalKind::User, name: name("erin"), owner: None };
        let invitation = app.broker.add_principal(&admin, new).await.unwrap();
        let token = invitation.token.expose();
        app.broker.enrol(token, keys_for(token)).await.unwrap();
        for _ in 0..3 {
            assert!(matches!(app.broker.enrol("made up", keys_for("made up")).await, Err(BrokerError::Gone { .. })));
            assert!(matches!(app.broker.enrol(token, keys_for(token)).await, Err(BrokerError::Gone { .. })));
        }
        assert_eq!(refusals(&app).await, [invitation.principal.id.to_string()]);
        app.advance(MINUTE).await;
        app.broker.enrol(token, keys_for(token)).await.unwrap_err();
        assert_eq!(refusals(&app).await.len(), 2);
    }

    async fn an_assertion_is_accepted_once(bed: Bed) {
        let app = TestApp::new(bed).await;
        let assertion = app.assertion("bob");
        assert!(app.broker.issue_session(assertion.expose()).await.is_ok());
        assert!(matches!(app.broker.issue_session(assertion.expose()).await, Err(BrokerError::Unauthenticated { .. })));
    }

    async fn a_session_token_ends(bed: Bed) {
        let app = TestApp::new(bed).await;
        let session = app.broker.issue_session(app.assertion("bob").expose()).await.unwrap();
        assert!(app.broker.authenticate(session.token.expose()).await.is_ok());
        app.advance(15 * MINUTE).await;
        assert!(matches!(app.broker.authenticate(session.token.expose()).await, Err(BrokerError::Unauthenticated { .. })));
    }

    async fn an_agent_without_a_human_owner_is_refused(bed: Bed) {
        let app = TestApp::new(bed).await;
        let new = NewPrincipal { kind: PrincipalKind::Agent, name: name("stray"), owner: None };
        let refused = app.broker.add_principal(&app.sign_in("admin").await, new).await;
        assert!(matches!(refused, Err(BrokerError::Invalid { field: "owner", .. })));
        let new = NewPrincipal { kind: PrincipalKind::Agent, name: name("stray"), owner: Some(name("bot")) };
        let refused = app.broker.add_principal(&app.sign_in("admin").await, new).await;
        assert!(matches!(refused, Err(BrokerError::Invalid { field: "owner", .. })), "an agent owns nobody");
    }

    async fn a_name_is_taken_once(bed: Bed) {
        let app = TestApp::new(bed).await;
        let new = NewPrincipal { kind: PrincipalKind::User, name: name("bob"), owner: None };
        let refused = app.broker.add_principal(&app.sign_in("admin").await, new).await;
        assert!(matches!(refused, Err(BrokerError::Duplicate { .. })));
    }
}
