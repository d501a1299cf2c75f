//! Passes: the Biscuit that carries a grant, for whoever checks it without asking the broker.

use hallpass_domain::Conflict;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::grant::Grant;
use hallpass_domain::ids::{GrantId, PrincipalId};
use hallpass_domain::secret::Signer;
use hallpass_keyring::KeyKind;
use hallpass_policy::Action;
use hallpass_store::run_tx;
use hallpass_tokens::{MintRequest, Mode, Party, Right};
use hallpass_verify::{KeySet, KeyUse, PublishedKey};

use crate::Broker;
use crate::context::OpContext;
use crate::error::BrokerError;
use crate::grants::held;
use crate::views::MintedPass;

impl Broker {
    /// Mints a bearer pass for a usable grant: at most five minutes, or the grant's end. Policy is asked again.
    pub async fn mint_pass(&self, ctx: &OpContext, id: &GrantId, audience: Option<String>) -> Result<MintedPass, BrokerError> {
        let grant = self.grant_for(ctx, id, Action::PassMint).await?;
        let now = self.clock.now();
        let ends = grant.ends.filter(|_| grant.is_usable(now));
        let ends = ends.ok_or(Conflict { noun: "grant", state: grant.state.as_str(), event: "mint a pass" })?;
        let access = self.grant_facts(&mut self.store.reads().await?, &grant).await?.access;
        let target = access.target.name.to_string();
        self.not_denied(ctx.facts(), access, grant.duration_ms)?;
        let end = ends.min(now.plus(self.settings.pass_ms));
        let audience = audience.unwrap_or_else(|| self.settings.public_url.clone());
        hallpass_domain::name::check_foreign("the audience", &audience).map_err(BrokerError::unfit("audience"))?;
        let facts = ctx.facts();
        let request = MintRequest {
            issuer: self.settings.public_url.clone(),
            grant: grant.id.clone(),
            request: grant.request.clone(),
            policy_revision: grant.policy_revision.clone(),
            log: None,
            subject: party(facts.kind().as_str(), facts.id()),
            on_behalf_of: facts.owner().map(|owner| party("user", &owner.id)),
            owner: facts.owner().map(|owner| party("user", &owner.id)),
            rights: vec![Right { target, operation: operation(&grant), resource: grant.resource.to_string(), mode: Mode::Auto }],
            not_before: now,
            end,
            audience,
            holder: None,
        };
        let pass =
            hallpass_tokens::mint(&request, self.key(KeyKind::Issuer)?, &self.key(KeyKind::Approval)?.public_key(), self.rng.as_ref())
                .map_err(|e| BrokerError::Internal(e.to_string()))?;
        let actors = ctx.actors();
        run_tx!(self.store, "pass.mint", |tx| -> Result<(), BrokerError> {
            self.still_holder(ctx, tx, id, Action::PassMint).await?;
            let (grant, _) = held(tx, id).await?;
            if !grant.is_usable(self.clock.now()) {
                return Err(Conflict { noun: "grant", state: grant.state.as_str(), event: "mint a pass" }.into());
            }
            let mut event =
                Event::new(EventKind::PassMinted, id).by(&actors).grant(id).request(&grant.request).policy(self.policy.revision());
            event = event.time("expires", end).word("revocation_ids", &pass.revocation_ids.join(","));
            tx.emit(event).await?;
            Ok(())
        })?;
        Ok(MintedPass { pass: pass.text, expires: end, revocation_ids: pass.revocation_ids })
    }

    /// The public keys that passes are verified with.
    pub fn key_set(&self) -> Result<KeySet, BrokerError> {
        let published = self.published_keys().filter_map(|(kind, key_id, public_key)| {
            let key_use = match kind {
                KeyKind::Issuer => KeyUse::Issuer,
                KeyKind::Approval => KeyUse::Approval,
                KeyKind::Audit => return None,
            };
            Some(PublishedKey { key_id, key_use, public_key })
        });
        KeySet::new(published).map_err(|e| BrokerError::Internal(e.to_string()))
    }
}

/// What a pass says may be done: the entitlement, with its parameters where it takes any. Whoever verifies passes names both, so that
/// none of a lesser value is taken for one of a greater.
fn operation(grant: &Grant) -> String {
    if grant.parameters.is_empty() {
        return grant.entitlement.clone();
    }
    format!("{}[{}]", grant.entitlement, hallpass_domain::parameter::line(&grant.parameters))
}

fn party(kind: &str, id: &PrincipalId) -> Party {
    Party { kind: kind.to_owned(), id: id.to_string() }
}
