//! Enrolment and session tokens.

use hallpass_broker::{BrokerError, EnrolmentKeys, NewPrincipal};
use hallpass_domain::principal::PrincipalKind;
use hallpass_domain::rng::SystemRng;
use hallpass_keyring::ClientKeys;
use hallpass_tests::app::{MINUTE, TestApp, name};
use hallpass_tests::on_both_backends;

fn keys_for(token: &str) -> EnrolmentKeys {
    let keys = ClientKeys::generate(&SystemRng).unwrap();
    EnrolmentKeys { signing_key: keys.signing_public(), recipient_key: keys.recipient_public(), proof: keys.enrolment_proof(token) }
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
