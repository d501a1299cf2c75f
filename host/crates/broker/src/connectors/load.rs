//! Loading a plugin file: trusted, checked, compiled, recorded. What it asks for is granted only by who read it.

use hallpass_domain::connector::{ConnectorEvent, ConnectorState, PermissionDiff, permissions_digest};
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::ids::{Digest, PrincipalId};
use hallpass_domain::port::ConnectorFacts;
use hallpass_policy::{Action, ResourceFacts};
use hallpass_store::{ConnectorRow, Tx, run_tx};

use super::fits::fits;
use super::trust::{Refused, Trusted};
use crate::Broker;
use crate::context::OpContext;
use crate::error::BrokerError;
use crate::views::NewConnector;

impl Broker {
    /// Checks, compiles and records a plugin file. Loading the same file again changes nothing, unless it was unloaded. Its
    /// permissions are granted where `accept` names their digest and no version of it was granted less before; where it asks for
    /// no more than the version before, nobody has to say so again.
    pub async fn load_connector(&self, ctx: &OpContext, new: NewConnector<'_>) -> Result<ConnectorRow, BrokerError> {
        // The file took its time to arrive: who sent it is asked for anew, before it is compiled and when it is recorded.
        let ctx = &ctx.now(&mut self.store.reads().await?).await?;
        ctx.authorize(Action::ConnectorLoad, ResourceFacts::Installation)?;
        let digest = Digest::of(new.file);
        let known = self.store.reads().await?.connector(&digest).await?;
        if let Some(banned) = known.as_ref().filter(|row| row.state == ConnectorState::Banned) {
            let reason = banned.reason.as_deref().unwrap_or("no reason was given");
            let refused = Refused::new("banned", format!("it is banned: {reason}"), "Load another version; a ban is not lifted");
            return Err(self.refuse_connector(ctx, &digest, refused).await);
        }
        let trusted = match self.settings.trust.admit(digest, new.signature) {
            Ok(trusted) => trusted,
            Err(refused) => return Err(self.refuse_connector(ctx, &digest, refused).await),
        };
        if trusted.file.is_none() {
            tracing::warn!(connector = %digest, "a connector without a signature is loaded, as `allow_unsigned` says; it is for development alone");
        }
        let facts = match self.connectors.load(new.file).await {
            Ok(facts) => facts,
            Err(told) => return Err(self.refuse_connector(ctx, &digest, Refused { why: "not-admitted", told }).await),
        };
        let recorded = match self.fitting(&facts, &trusted, &new, known.is_some()).await {
            Ok(Ok(())) => self.record_connector(ctx, &facts, &trusted, &new).await,
            Ok(Err(refused)) => Ok(Err(refused)),
            Err(e) => Err(e),
        };
        let loaded = match recorded {
            Ok(Ok(row)) => Ok(row),
            Ok(Err(refused)) => Err(self.refuse_connector(ctx, &digest, refused).await),
            Err(e) => Err(e),
        };
        if loaded.is_err() && known.is_none() {
            self.connectors.unload(&digest).await;
        }
        loaded
    }

    /// Grants what a connector asks for, to one who names the digest of the list that they read. Only for the first version of a
    /// connector: one that asks for more than the version before needs somebody else's yes, which an upgrade asks for.
    pub async fn accept_connector(&self, ctx: &OpContext, digest: &Digest, permissions: &Digest) -> Result<ConnectorRow, BrokerError> {
        ctx.authorize(Action::ConnectorLoad, ResourceFacts::Installation)?;
        let actors = ctx.actors();
        run_tx!(self.store, "connector.accept", |tx| -> Result<ConnectorRow, BrokerError> {
            ctx.refresh(tx, &[]).await?.authorize(Action::ConnectorLoad, ResourceFacts::Installation)?;
            let mut row = tx.reads().connector(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
            if row.granted.is_some() {
                return Ok(row);
            }
            check_read(&row.facts, permissions)?;
            let before = tx.reads().connector_versions(&row.facts.name).await?;
            if let Some(before) = granted_before(&before, digest)
                && PermissionDiff::between(&before, &row.facts.permissions).widens()
            {
                return Err(BrokerError::forbidden(format!(
                    "{} {} asks for more than was granted before: another person must say yes. Order it with `hallpass connector upgrade {} {digest}`",
                    row.facts.name, row.facts.version, row.facts.name
                )));
            }
            self.permit(tx, &mut row, &actors).await?;
            Ok(row)
        })
    }

    /// Grants everything that a version asks for. In the commit of what decided it.
    pub(crate) async fn permit(&self, tx: &mut Tx, row: &mut ConnectorRow, actors: &[PrincipalId]) -> Result<(), BrokerError> {
        row.granted = Some((row.facts.permissions.clone(), self.clock.now()));
        row.revision = tx.update_connector(row).await?;
        tx.emit(permitted(row, actors)).await?;
        Ok(())
    }

    /// Whether the file goes with the versions that are there, and keeps the laws.
    async fn fitting(
        &self,
        facts: &ConnectorFacts,
        trusted: &Trusted,
        new: &NewConnector<'_>,
        is_known: bool,
    ) -> Result<Result<(), Refused>, BrokerError> {
        let versions = self.store.reads().await?.connector_versions(&facts.name).await?;
        if let Err(refused) = fits(facts, trusted, &versions, new.allow_downgrade) {
            return Ok(Err(refused));
        }
        // A file that is known has been examined.
        let examined = if is_known { Ok(()) } else { self.connectors.conform(&facts.digest).await };
        Ok(examined.map_err(|broken| Refused::new("conformance", broken.reason, &broken.remedy)))
    }

    async fn record_connector(
        &self,
        ctx: &OpContext,
        facts: &ConnectorFacts,
        trusted: &Trusted,
        new: &NewConnector<'_>,
    ) -> Result<Result<ConnectorRow, Refused>, BrokerError> {
        let (now, actors) = (self.clock.now(), ctx.actors());
        let recorded: Result<Result<ConnectorRow, Refused>, BrokerError> =
            run_tx!(self.store, "connector.load", |tx| -> Result<Result<ConnectorRow, Refused>, BrokerError> {
                ctx.refresh(tx, &[]).await?.authorize(Action::ConnectorLoad, ResourceFacts::Installation)?;
                let event = Event::new(EventKind::ConnectorLoaded, &facts.digest)
                    .by(&actors)
                    .connector(facts.digest)
                    .word("signers", &trusted.signers.len())
                    .text("name", facts.name.clone())
                    .text("version", facts.version.clone());
                if let Some(mut row) = tx.reads().connector(&facts.digest).await? {
                    let state = row.state.on(ConnectorEvent::Load)?;
                    if state != row.state {
                        row.state = state;
                        row.revision = tx.update_connector(&row).await?;
                        tx.emit(event).await?;
                    }
                    return Ok(Ok(row));
                }
                // Another file may have been loaded while this one was examined.
                let versions = tx.reads().connector_versions(&facts.name).await?;
                let downgrade = match fits(facts, trusted, &versions, new.allow_downgrade) {
                    Ok(downgrade) => downgrade,
                    Err(refused) => return Ok(Err(refused)),
                };
                let as_before =
                    granted_before(&versions, &facts.digest).map(|before| !PermissionDiff::between(&before, &facts.permissions).widens());
                let granted = match (as_before, &new.accept) {
                    _ if facts.permissions.is_empty() => true,
                    (Some(as_before), _) => as_before,
                    (None, Some(read)) => {
                        check_read(facts, read)?;
                        true
                    }
                    (None, None) => false,
                };
                let row = ConnectorRow {
                    facts: facts.clone(),
                    state: ConnectorState::Loaded,
                    granted: granted.then(|| (facts.permissions.clone(), now)),
                    signers: trusted.signers.clone(),
                    loaded_by: ctx.principal().clone(),
                    reason: None,
                    added: now,
                    revision: 1,
                };
                tx.insert_connector(&row, new.file).await?;
                tx.emit(event).await?;
                if downgrade {
                    tx.emit(Event::new(EventKind::ConnectorDowngraded, &facts.digest).by(&actors).connector(facts.digest)).await?;
                }
                if granted {
                    tx.emit(permitted(&row, &actors)).await?;
                }
                Ok(Ok(row))
            });
        recorded
    }

    /// Records that a file was not let in.
    async fn refuse_connector(&self, ctx: &OpContext, digest: &Digest, refused: Refused) -> BrokerError {
        let actors = ctx.actors();
        tracing::warn!(connector = %digest, why = refused.why, "a connector was not loaded: {}", refused.told.reason);
        let noted: Result<(), BrokerError> = run_tx!(self.store, "connector.refuse", |tx| -> Result<(), BrokerError> {
            let event = Event::new(EventKind::ConnectorRefused, digest).by(&actors).connector(*digest).word("why", refused.why);
            tx.emit(event.text("reason", refused.told.reason.clone())).await?;
            Ok(())
        });
        noted.err().unwrap_or(BrokerError::NotAdmitted(refused.told))
    }
}

/// What a new version is compared with: what was granted last to a version beside `digest` that was not banned since. What only banned
/// ones were granted counts for nothing: whoever bans a version does not thereby become the one who accepts the next. `None` where
/// nothing was ever granted.
pub(crate) fn granted_before(versions: &[ConnectorRow], digest: &Digest) -> Option<Vec<String>> {
    let granted = || versions.iter().filter(|row| row.facts.digest != *digest && row.granted.is_some());
    let at = |row: &&ConnectorRow| row.granted.as_ref().map(|(_, at)| *at);
    let last = granted().max_by_key(at)?;
    let standing = granted().filter(|row| row.state != ConnectorState::Banned).max_by_key(at);
    // Where the last one is banned, one before it may have been granted what the last did not ask for any more.
    let lines = standing.map_or(&[][..], ConnectorRow::granted_lines);
    Some(lines.iter().filter(|line| last.granted_lines().contains(line)).cloned().collect())
}

fn check_read(facts: &ConnectorFacts, read: &Digest) -> Result<(), BrokerError> {
    if permissions_digest(&facts.permissions) == *read {
        return Ok(());
    }
    Err(BrokerError::invalid(
        "accept",
        "it is not the digest of the permissions that this connector asks for",
        "Read its permissions, and send their `permissions_digest`.",
    ))
}

fn permitted(row: &ConnectorRow, actors: &[PrincipalId]) -> Event {
    Event::new(EventKind::ConnectorPermitted, &row.facts.digest)
        .by(actors)
        .connector(row.facts.digest)
        .word("permissions", &permissions_digest(row.granted_lines()))
        .number("lines", i64::try_from(row.granted_lines().len()).unwrap_or(i64::MAX))
}
