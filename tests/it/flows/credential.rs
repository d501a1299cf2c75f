//! Credentials: sealed to their holder, handed out once.

use hallpass_broker::BrokerError;
use hallpass_domain::grant::GrantState;
use hallpass_store::CredentialState;
use hallpass_tests::app::{MINUTE, TestApp};
use hallpass_tests::on_both_backends;

on_both_backends! {
    async fn a_credential_is_handed_out_once_and_the_second_try_is_noticed(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.settle().await;
        assert_eq!(app.grant(&id).await.credential, Some(CredentialState::Waiting));
        let picked = app.broker.pick_up(&app.sign_in("bot").await, &id).await.unwrap();
        assert!(app.actor("bot").keys.open(id.as_str(), picked.sealed.as_ref().unwrap()).is_ok());
        assert!(app.actor("bob").keys.open(id.as_str(), picked.sealed.as_ref().unwrap()).is_err(), "nobody else can open it");
        let again = app.broker.pick_up(&app.sign_in("bot").await, &id).await;
        assert!(matches!(again, Err(BrokerError::Gone { .. })));
        assert!(app.story(&id).await.contains(&"credential.refused".to_owned()));
    }

    async fn nobody_but_the_holder_picks_it_up(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.settle().await;
        for who in ["admin", "alice"] {
            assert!(matches!(app.broker.pick_up(&app.sign_in(who).await, &id).await, Err(BrokerError::Forbidden { .. })), "{who}");
        }
        assert!(matches!(app.broker.pick_up(&app.sign_in("carol").await, &id).await, Err(BrokerError::NotFound { .. })));
    }

    async fn a_credential_dies_with_its_grant(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.settle().await;
        app.after(5 * MINUTE).await;
        assert_eq!(app.grant(&id).await.credential, Some(CredentialState::Erased));
        assert!(matches!(app.broker.pick_up(&app.sign_in("bot").await, &id).await, Err(BrokerError::Gone { .. })));
    }

    async fn a_lost_credential_is_replaced(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.settle().await;
        app.broker.pick_up(&app.sign_in("bot").await, &id).await.unwrap();
        let before = app.scripted.held().values().next().and_then(|h| h.password.clone());
        app.broker.rotate(&app.sign_in("bot").await, &id).await.unwrap();
        app.settle().await;
        let after = app.scripted.held().values().next().and_then(|h| h.password.clone());
        assert_ne!(before, after);
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Active);
        assert!(app.broker.pick_up(&app.sign_in("bot").await, &id).await.is_ok());
    }

    async fn a_pass_ends_with_its_grant_and_carries_only_its_right(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(2 * MINUTE).await;
        app.settle().await;
        let minted = app.broker.mint_pass(&app.sign_in("bot").await, &id, None).await.unwrap();
        assert_eq!(Some(minted.expires), app.grant(&id).await.grant.ends);
        let verifier = hallpass_verify::Verifier::new(app.broker.key_set().unwrap()).unwrap();
        let call = |operation, time| hallpass_verify::Presented {
            time,
            audience: hallpass_tests::app::PUBLIC_URL,
            target: "shop-prod",
            operation,
            resource: hallpass_tests::app::SCHEMA,
            ancestors: &["database:shop"],
            call_digest: None,
            holder: None,
        };
        let now = minted.expires.seconds() - 60;
        let nobody = |_: &hallpass_verify::Ids| false;
        assert!(verifier.verify(minted.pass.expose(), &call("schema.read", now), &nobody).is_ok());
        assert!(verifier.verify(minted.pass.expose(), &call("schema.write", now), &nobody).is_err());
        assert!(verifier.verify(minted.pass.expose(), &call("schema.read", minted.expires.seconds()), &nobody).is_err());
        assert!(verifier.verify(minted.pass.expose(), &call("schema.read", now), &|ids| ids.grant == id.as_str()).is_err());
        app.after(2 * MINUTE).await;
        assert!(matches!(app.broker.mint_pass(&app.sign_in("bot").await, &id, None).await, Err(BrokerError::Conflict(_))));
    }
}
