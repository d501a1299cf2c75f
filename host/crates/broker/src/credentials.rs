//! Credentials: what the target itself accepts. Sealed when the grant becomes active, handed out once.

use hallpass_domain::Conflict;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::failpoint::{Failpoint, hit};
use hallpass_domain::grant::{Grant, GrantState};
use hallpass_domain::holding::Mode;
use hallpass_domain::ids::GrantId;
use hallpass_domain::operation::OperationKind;
use hallpass_domain::port::Delivery;
use hallpass_domain::principal::Principal;
use hallpass_domain::secret::{Opener, SecretBytes, SecretText};
use hallpass_policy::Action;
use hallpass_store::{CredentialState, SealedCredential, Tx, run_tx};
use serde_json::json;

use crate::Broker;
use crate::context::OpContext;
use crate::engine;
use crate::error::BrokerError;
use crate::grants::held;
use crate::views::{GrantView, PickedUp, SealedFor};

/// What `sealed_for` says of a credential that only its recipient can open.
const RECIPIENT: &str = "recipient";
/// What it says of one that the broker opens at the pick-up.
const BROKER: &str = "broker";

impl Broker {
    /// Seals what a connector delivered: to the holder's key, else under the master key for a short while.
    pub(crate) async fn seal_credential(
        &self,
        tx: &mut Tx,
        grant: &Grant,
        holder: &Principal,
        delivery: &Delivery,
    ) -> Result<(), BrokerError> {
        let clear = SecretBytes::new(
            serde_json::to_vec(&json!({ "label": delivery.label, "value": delivery.value.expose(), "public": delivery.public }))
                .map_err(|e| BrokerError::Internal(e.to_string()))?,
        );
        let now = self.clock.now();
        let end = grant.ends.unwrap_or_else(|| now.plus(grant.duration_ms));
        let (sealed, sealed_for, expires) = match recipient_key(holder.recipient_key.as_deref()) {
            Some(key) => (hallpass_keyring::seal_to(&key, grant.id.as_str(), clear.expose(), self.rng.as_ref())?, RECIPIENT, end),
            None => (
                self.keyring.seal(grant.id.as_str(), clear.expose(), self.rng.as_ref())?,
                BROKER,
                end.min(now.plus(self.settings.pick_up_ms)),
            ),
        };
        tx.put_credential(&grant.id, &sealed, sealed_for, expires).await?;
        tx.emit(Event::new(EventKind::CredentialReady, &grant.id).grant(&grant.id).request(&grant.request).word("sealed_for", sealed_for))
            .await?;
        Ok(())
    }

    /// Hands the credential out, once. A second try is an event and an alarm.
    pub async fn pick_up(&self, ctx: &OpContext, id: &GrantId) -> Result<PickedUp, BrokerError> {
        let grant = self.grant_for(ctx, id, Action::CredentialPickUp).await?;
        if !grant.is_usable(self.clock.now()) && !grant.state.is_final() && grant.state != GrantState::Ending {
            return Err(Conflict { noun: "grant", state: grant.state.as_str(), event: "pick up" }.into());
        }
        let actors = ctx.actors();
        let taken: Result<Option<SealedCredential>, BrokerError> =
            run_tx!(self.store, "credential.pick-up", |tx| -> Result<Option<SealedCredential>, BrokerError> {
                self.still_holder(ctx, tx, id, Action::CredentialPickUp).await?;
                let (now_held, _) = held(tx, id).await?;
                let taken = if now_held.is_usable(self.clock.now()) { tx.take_credential(id, self.clock.now()).await? } else { None };
                let kind = if taken.is_some() { EventKind::CredentialPickedUp } else { EventKind::CredentialRefused };
                tx.emit(Event::new(kind, id).by(&actors).grant(id).request(&grant.request)).await?;
                hit(Failpoint::PickUpBeforeCommit);
                Ok(taken)
            });
        let taken = taken?;
        hit(Failpoint::PickUpAfterCommit);
        let Some(SealedCredential { sealed, sealed_for }) = taken else {
            let state = self.store.reads().await?.credential_state(id).await?;
            tracing::warn!(grant = %id, state = ?state, "a credential that is not there was asked for");
            let (reason, remedy) = match state {
                Some(CredentialState::PickedUp) => (
                    "The credential was picked up before, and is handed out once.",
                    "If that was not you, have the grant revoked (`hallpass revoke`). If you lost it, replace it with `hallpass credential rotate`.",
                ),
                Some(CredentialState::Erased) => (
                    "The credential is erased: the grant ended, or nobody picked it up in time.",
                    "While the grant is active, `hallpass credential rotate` makes a new one; else ask for access again.",
                ),
                _ => (
                    "This grant has no credential to hand out.",
                    "Look at the grant: while it is activating, wait until it is active. Access for an existing account is used with the \
                     credential that the account has already.",
                ),
            };
            return Err(BrokerError::Gone { reason: reason.into(), remedy: remedy.into() });
        };
        if sealed_for == RECIPIENT {
            return Ok(PickedUp { grant: id.clone(), sealed_for: SealedFor::Recipient, sealed: Some(sealed), clear: None });
        }
        let clear = self.keyring.open(id.as_str(), &sealed)?;
        let text = String::from_utf8(clear.expose().to_vec()).map_err(|_| BrokerError::Internal("a credential is no text".into()))?;
        Ok(PickedUp { grant: id.clone(), sealed_for: SealedFor::Broker, sealed: None, clear: Some(SecretText::new(text)) })
    }

    /// Puts a new secret in place of one that was lost. The access stays as it is.
    pub async fn rotate(&self, ctx: &OpContext, id: &GrantId) -> Result<GrantView, BrokerError> {
        let grant = self.grant_for(ctx, id, Action::CredentialPickUp).await?;
        if !grant.is_usable(self.clock.now()) {
            return Err(Conflict { noun: "grant", state: grant.state.as_str(), event: "rotate" }.into());
        }
        let actors = ctx.actors();
        run_tx!(self.store, "credential.rotate", |tx| -> Result<(), BrokerError> {
            self.still_holder(ctx, tx, id, Action::CredentialPickUp).await?;
            let (grant, mut holding) = held(tx, id).await?;
            if !grant.is_usable(self.clock.now()) {
                return Err(Conflict { noun: "grant", state: grant.state.as_str(), event: "rotate" }.into());
            }
            if holding.mode != Mode::Provisioning {
                return Err(BrokerError::invalid("grant", "its access has no credential of its own", "Use the account's own credential."));
            }
            if tx.reads().open_operation(&holding.id).await?.is_some() {
                return Err(BrokerError::Stale);
            }
            holding.version = tx.update_holding_wish(&holding).await?;
            tx.erase_credential(id).await?;
            engine::plan(self, tx, &holding, OperationKind::Apply, true).await?;
            tx.emit(Event::new(EventKind::CredentialErased, id).by(&actors).grant(id).word("why", "rotate")).await?;
            Ok(())
        })?;
        self.grant(ctx, id).await
    }
}

fn recipient_key(text: Option<&str>) -> Option<[u8; 32]> {
    let mut key = [0u8; 32];
    hex::decode_to_slice(text?, &mut key).ok().map(|()| key)
}
