//! Who somebody is: enrolment with a one-time link, session tokens for signed assertions. No passwords.

use std::sync::Arc;

use hallpass_domain::clock::Timestamp;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::ids::{Digest, EnrolmentId, PrincipalId};
use hallpass_domain::name::Name;
use hallpass_domain::principal::{Principal, PrincipalKind, PrincipalState};
use hallpass_domain::secret::SecretText;
use hallpass_store::{Tx, run_tx};
use hallpass_tokens::{assertion, session};

use crate::Broker;
use crate::context::{OpContext, is_alive, known};
use crate::error::BrokerError;
use crate::views::{EnrolmentKeys, Invitation, IssuedSession};

/// A used-up link that is tried again and again is an event this often, in milliseconds.
const REFUSAL_MS: u64 = 60_000;
/// The group that runs the broker.
pub(crate) const OPERATORS: &str = "operators";

impl Broker {
    /// Finds out whose session token this is.
    pub async fn authenticate(&self, bearer: &str) -> Result<OpContext, BrokerError> {
        let unknown = || BrokerError::unauthenticated("the session token is unknown or has expired: get a new one at /oauth/token");
        let mut reads = self.store.reads().await?;
        let session = reads.session(&session::digest(bearer), self.clock.now()).await?.ok_or_else(unknown)?;
        if session.audience != self.settings.public_url {
            return Err(unknown());
        }
        self.context_of(&mut reads, &session.principal).await
    }

    async fn context_of(&self, reads: &mut hallpass_store::Reads<'_>, id: &PrincipalId) -> Result<OpContext, BrokerError> {
        let (_, facts) = known(reads, id).await?.ok_or_else(|| BrokerError::unauthenticated("the principal of this token is gone"))?;
        if !is_alive(&facts) {
            return Err(BrokerError::unauthenticated("the principal of this token, or its owner, is not active"));
        }
        Ok(OpContext::new(facts, Arc::clone(&self.policy)))
    }

    /// Issues a session token for a client assertion (RFC 7523, `private_key_jwt`, EdDSA).
    pub async fn issue_session(&self, assertion: &str) -> Result<IssuedSession, BrokerError> {
        let refused = |reason: String| BrokerError::Unauthenticated { reason };
        let claimed = assertion::subject(assertion).map_err(|e| refused(e.to_string()))?;
        let id: PrincipalId = claimed.parse().map_err(|_| refused("the assertion's subject is not a principal's id".into()))?;
        let mut reads = self.store.reads().await?;
        let key = reads.principal(&id).await?.filter(|p| p.state == PrincipalState::Active).and_then(|p| p.signing_key);
        let key = key.ok_or_else(|| refused("there is no active principal with this id: enrol with `hallpass login`".into()))?;
        self.context_of(&mut reads, &id).await?;
        drop(reads);
        let now = self.clock.now();
        let audience = self.settings.public_url.as_str();
        let verified = assertion::verify(assertion, &key_bytes("signing_key", &key)?, audience, now).map_err(|e| refused(e.to_string()))?;
        let (token, digest) = session::new(self.rng.as_ref())?;
        let expires = now.plus(self.settings.session_ms);
        run_tx!(self.store, "session.issue", |tx| -> Result<(), BrokerError> {
            if !tx.spend_jti(id.as_str(), &verified.jti, verified.expires).await? {
                return Err(BrokerError::unauthenticated("this assertion was used before: make a new one with a new jti"));
            }
            tx.insert_session(&digest, &id, audience, expires).await?;
            tx.emit(Event::new(EventKind::SessionIssued, &id).by(std::slice::from_ref(&id)).time("expires", expires)).await?;
            Ok(())
        })?;
        Ok(IssuedSession { token, expires_in_s: self.settings.session_ms / 1000, principal: id })
    }

    /// Registers a principal's keys with its one-time link.
    pub async fn enrol(&self, token: &str, keys: EnrolmentKeys) -> Result<Principal, BrokerError> {
        let signing = key_bytes("signing_key", &keys.signing_key)?;
        let recipient = key_bytes("recipient_key", &keys.recipient_key)?;
        hallpass_keyring::verify_enrolment(&keys.signing_key, &keys.recipient_key, token, &keys.proof)
            .map_err(|e| BrokerError::invalid("proof", e, "Run `hallpass login` with the link; it makes the keys and the proof."))?;
        let now = self.clock.now();
        let digest = session::digest(token);
        let enrolled: Result<Option<Principal>, BrokerError> = run_tx!(self.store, "principal.enrol", |tx| -> Result<
            Option<Principal>,
            BrokerError,
        > {
            let Some(id) = tx.take_enrolment(&digest, now).await? else {
                // Somebody has a link of ours that is used up: worth an event. Anybody can make links up: those leave no trace, or
                // they would fill the log.
                if let Some(id) = tx.refuse_enrolment(&digest, now, now.minus(REFUSAL_MS)).await? {
                    tx.emit(Event::new(EventKind::EnrolmentRefused, &id)).await?;
                }
                return Ok(None);
            };
            tx.enrol_principal(&id, &hex::encode(signing), &hex::encode(recipient)).await?;
            tx.emit(Event::new(EventKind::PrincipalEnrolled, &id).by(std::slice::from_ref(&id)).word("signing_key", &Digest::of(&signing)))
                .await?;
            Ok(tx.reads().principal(&id).await?)
        });
        enrolled?.ok_or_else(|| BrokerError::Gone {
            reason: "This enrolment link was used before, or has expired.".into(),
            remedy: "Ask an operator for a new one: `hallpass principal invite` makes it.".into(),
        })
    }

    /// On the very first start: a user `admin` in the group `operators`, and its link.
    pub async fn first_enrolment(&self) -> Result<Option<Invitation>, BrokerError> {
        let admin: Name = "admin".parse().map_err(BrokerError::unfit("name"))?;
        let operators: Name = OPERATORS.parse().map_err(BrokerError::unfit("name"))?;
        let mut reads = self.store.reads().await?;
        let known = reads.principal_by_name(&admin).await?;
        drop(reads);
        match known {
            None => {}
            // Nobody used the first link: a new start prints a new one.
            Some(p) if p.state == PrincipalState::Invited && p.signing_key.is_none() => return self.invite(&p, &[]).await.map(Some),
            Some(_) => return Ok(None),
        }
        let principal = self.new_principal(PrincipalKind::User, admin, None)?;
        run_tx!(self.store, "principal.first", |tx| -> Result<(), BrokerError> {
            tx.insert_principal(&principal).await?;
            tx.set_group(&operators, std::slice::from_ref(&principal.id), "broker").await?;
            tx.emit(
                Event::new(EventKind::PrincipalAdded, &principal.id).word("kind", &principal.kind).text("name", principal.name.as_str()),
            )
            .await?;
            tx.emit(Event::new(EventKind::GroupChanged, OPERATORS).number("members", 1)).await?;
            Ok(())
        })?;
        self.invite(&principal, &[]).await.map(Some)
    }

    pub(crate) fn new_principal(&self, kind: PrincipalKind, name: Name, owner: Option<PrincipalId>) -> Result<Principal, BrokerError> {
        let now = self.clock.now();
        Ok(Principal {
            id: PrincipalId::new(now, self.rng.as_ref())?,
            kind,
            name,
            owner,
            state: PrincipalState::Invited,
            created: now,
            signing_key: None,
            recipient_key: None,
            version: 1,
        })
    }

    /// Makes a one-time link for a principal that has no keys yet.
    pub(crate) async fn invite(&self, principal: &Principal, actors: &[PrincipalId]) -> Result<Invitation, BrokerError> {
        let mut made = None;
        run_tx!(self.store, "enrolment.issue", |tx| -> Result<(), BrokerError> {
            made = Some(self.invite_in(tx, &principal.id, actors).await?);
            Ok(())
        })?;
        let (token, expires) = made.ok_or_else(|| BrokerError::Internal("no link was made".into()))?;
        Ok(Invitation { principal: principal.clone(), token, expires })
    }

    pub(crate) async fn invite_in(
        &self,
        tx: &mut Tx,
        id: &PrincipalId,
        actors: &[PrincipalId],
    ) -> Result<(SecretText, Timestamp), BrokerError> {
        let now = self.clock.now();
        let (token, digest) = session::new(self.rng.as_ref())?;
        let expires = now.plus(self.settings.enrolment_ms);
        // Whoever holds an older link has nothing any more.
        tx.end_enrolments(id, now).await?;
        tx.insert_enrolment(&EnrolmentId::new(now, self.rng.as_ref())?, &digest, id, expires).await?;
        tx.emit(Event::new(EventKind::EnrolmentIssued, id).by(actors).time("expires", expires)).await?;
        Ok((token, expires))
    }
}

/// A 32-byte key in hexadecimal.
fn key_bytes(field: &'static str, text: &str) -> Result<[u8; 32], BrokerError> {
    hex_array(field, text)
}

fn hex_array<const N: usize>(field: &'static str, text: &str) -> Result<[u8; N], BrokerError> {
    let mut out = [0u8; N];
    hex::decode_to_slice(text, &mut out).map_err(|_| {
        BrokerError::invalid(field, format!("must be {N} bytes in hexadecimal"), "Run `hallpass login` with the link; it makes the keys.")
    })?;
    Ok(out)
}
