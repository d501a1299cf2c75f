//! Credentials: sealed to their holder, handed out once.

use hallpass_broker::BrokerError;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::grant::{EndReason, GrantState};
use hallpass_domain::holding::Presence;
use hallpass_domain::ids::GrantId;
use hallpass_store::{CredentialState, StoreResult, run_tx};
use hallpass_tests::app::{MINUTE, TestApp};
use hallpass_tests::on_both_backends;

/// Lets `work` begin while a revocation of the grant is written and not committed: what it reads before that is old, and what
/// it decides on must not be.
async fn while_the_grant_is_held<T>(app: &TestApp, id: &GrantId, work: impl Future<Output = T>) -> T {
    let (held, waits) = tokio::sync::oneshot::channel();
    let revoke = async {
        let mut held = Some(held);
        let done: StoreResult<()> = run_tx!(app.store, "test.revoke", |tx| -> StoreResult<()> {
            let mut grant = tx.reads().grant(id).await?.unwrap();
            let mut holding = tx.anchor_holding(&grant.holding).await?.unwrap();
            grant.state = GrantState::Ending;
            grant.end_reason = Some(EndReason::Revoked);
            grant.ending_since = Some(tx.store().now());
            tx.update_grant(&grant).await?;
            holding.desired.presence = Presence::Absent;
            tx.update_holding_wish(&holding).await?;
            tx.emit(Event::new(EventKind::GrantEnding, id).grant(id)).await?;
            held.take().unwrap().send(()).unwrap();
            // Time for the other to read what is not true any more, and to come to where it waits.
            for _ in 0..200 {
                app.store.reads().await?.grant(id).await?;
                tokio::task::yield_now().await;
            }
            Ok(())
        });
        done.unwrap();
    };
    let work = async {
        waits.await.unwrap();
        work.await
    };
    tokio::join!(revoke, work).1
}

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

    async fn a_rotation_brings_nothing_back_that_was_revoked_meanwhile(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.settle().await;
        let (bot, admin) = (app.sign_in("bot").await, app.sign_in("admin").await);
        let rotated = while_the_grant_is_held(&app, &id, async { app.broker.rotate(&bot, &id).await }).await;
        assert!(matches!(rotated, Err(BrokerError::Conflict(_))), "{rotated:?}");
        assert_eq!(app.broker.grant(&admin, &id).await.unwrap().grant.state, GrantState::Ending);
        app.settle().await;
        assert_eq!(app.scripted.changes(), 1, "no more than the first apply");
    }

    async fn nothing_is_picked_up_or_minted_that_was_revoked_meanwhile(bed: Bed) {
        let app = TestApp::new(bed).await;
        let bot = app.sign_in("bot").await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.settle().await;
        let picked = while_the_grant_is_held(&app, &id, async { app.broker.pick_up(&bot, &id).await.map(drop) }).await;
        assert!(matches!(picked, Err(BrokerError::Gone { .. })), "{picked:?}");
        let id = app.bot_reads(5 * MINUTE).await;
        app.settle().await;
        let minted = while_the_grant_is_held(&app, &id, async { app.broker.mint_pass(&bot, &id, None).await.map(drop) }).await;
        assert!(matches!(minted, Err(BrokerError::Conflict(_))), "{minted:?}");
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
