//! Requests: asked, answered by policy, taken back.

use hallpass_domain::clock::Millis;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::ids::{RequestId, TargetId};
use hallpass_domain::name::check_free_text;
use hallpass_domain::request::{Ask, Asked, Request, RequestEvent, RequestState};
use hallpass_domain::resource::Resource;
use hallpass_policy::{AccessQuery, Action, Allowed, Decision, ResourceFacts, Unmet};
use hallpass_store::{Reads, Tx, run_tx};

use crate::Broker;
use crate::access::{Wanted, not_held_otherwise, of_access};
use crate::context::OpContext;
use crate::error::BrokerError;
use crate::held_back::{HeldBack, Obstacle};
use crate::once::{Made, Once};
use crate::part::Filling;
use crate::targets::check_there;
use crate::views::{Explained, NewRequest, Page, Part, RequestFilter, RequestView};

/// The most bytes of a justification.
const MOST_JUSTIFICATION_BYTES: usize = 4_000;
/// The longest access that can be asked for at all: a year.
const MOST_DURATION_MS: u64 = 366 * 24 * 3_600_000;

impl Broker {
    /// Asks for access. Policy answers at once: no, yes, or who must approve.
    pub async fn submit(&self, ctx: &OpContext, new: NewRequest) -> Result<RequestView, BrokerError> {
        self.make_request(ctx, new, None).await
    }

    /// The same for a call with a key: sent again, it asks for nothing new.
    pub async fn submit_once(
        &self,
        ctx: &OpContext,
        new: NewRequest,
        once: Once<'_, RequestView>,
    ) -> Result<Made<RequestView>, BrokerError> {
        self.once(ctx, &once, self.make_request(ctx, new, Some(&once))).await
    }

    async fn make_request(
        &self,
        ctx: &OpContext,
        new: NewRequest,
        once: Option<&Once<'_, RequestView>>,
    ) -> Result<RequestView, BrokerError> {
        let (wanted, ask) = self.read_ask(&new).await?;
        let query = AccessQuery { principal: ctx.facts().clone(), access: wanted.access.clone(), duration_ms: ask.duration_ms };
        let allowed = match self.policy.decide(&query) {
            Decision::Allowed(allowed) => allowed,
            Decision::Denied(denied) => {
                self.note_refusal(ctx, &ask, &denied.policies, &denied.revision).await?;
                return Err(BrokerError::PolicyDenied { reason: denied.reason, policies: denied.policies });
            }
        };
        check_admitted(&allowed, ask.duration_ms, ask.justification.as_deref())?;
        self.usable(&wanted.target.connector).await?;
        let mut reads = self.store.reads().await?;
        if let Some(account) = self.account_for(&mut reads, ctx.facts(), &wanted).await? {
            not_held_otherwise(&mut reads, &wanted, &account).await?;
        }
        drop(reads);
        let now = self.clock.now();
        let auto = allowed.auto || allowed.stages.is_empty();
        let request = Request {
            id: RequestId::new(now, self.rng.as_ref())?,
            requester: ctx.principal().clone(),
            approved_ms: ask.duration_ms,
            ask: Asked::Access(ask.clone()),
            connector: wanted.access.target.connector.clone(),
            state: if auto { RequestState::Approved { at: now } } else { RequestState::Pending { stage: 0, since: now } },
            stages: allowed.stages.clone(),
            policies: allowed.policies.iter().map(|p| p.id.clone()).collect(),
            policy_revision: allowed.revision.clone(),
            created: now,
            expires: now.plus(self.settings.request_ttl_ms),
            version: 1,
        };
        let actors = ctx.actors();
        run_tx!(self.store, "request.submit", |tx| -> Result<(), BrokerError> {
            let principal = ctx.refresh(tx, &[]).await?.facts().clone();
            let query = AccessQuery { principal, ..query.clone() };
            if self.policy.decide(&query) != Decision::Allowed(allowed.clone()) {
                // Who asks is not who they were when this call began: a group came or went.
                return Err(BrokerError::Stale);
            }
            if !auto && tx.reads().pending_requests_of(ctx.principal()).await? >= self.settings.most_pending {
                return Err(BrokerError::TooMany {
                    reason: format!("{} of your requests wait for a verdict", self.settings.most_pending),
                    remedy: "Wait for verdicts, or withdraw what is not needed any more.".into(),
                });
            }
            // Where it is being removed, or put into another environment, this request comes first or not at all.
            tx.hold_target(&ask.target).await?;
            let target = tx.reads().target(&ask.target).await?.ok_or_else(|| BrokerError::not_found("target", &ask.target))?;
            check_there(&target)?;
            if target.environment != query.access.target.environment {
                return Err(BrokerError::Stale);
            }
            tx.insert_request(&request).await?;
            tx.emit(submitted(&request, &actors)).await?;
            if auto {
                tx.emit(
                    Event::new(EventKind::RequestApproved, &request.id)
                        .request(&request.id)
                        .policy(&request.policy_revision)
                        .word("by", "policy"),
                )
                .await?;
                self.create_grant(tx, &request, &ask, &actors).await?;
            }
            if let Some(once) = once {
                let view = self.request_view(&mut tx.reads(), request.clone()).await?;
                self.keep_answer(tx, ctx, once, view).await?;
            }
            Ok(())
        })?;
        self.request_view(&mut self.store.reads().await?, request).await
    }

    /// What policy would say, and why, and what would hold the access back whatever it says. Nothing is submitted.
    pub async fn explain(&self, ctx: &OpContext, new: NewRequest) -> Result<Explained, BrokerError> {
        let (wanted, ask) = self.read_ask(&new).await?;
        let mut reads = self.store.reads().await?;
        let mut held_back = self.calls_held_back(&mut reads, &wanted.target.id, &wanted.target.connector).await?;
        // Anybody may ask what policy would say; what a target or its driver said is for who may read the target.
        if ctx.authorize(Action::TargetRead, ResourceFacts::Target(&wanted.access.target)).is_err() {
            for held in &mut held_back {
                "an operator of the target knows more".clone_into(&mut held.detail);
            }
        }
        match self.account_for(&mut reads, ctx.facts(), &wanted).await {
            Ok(_) => {}
            Err(BrokerError::Invalid { reason, remedy, .. }) => {
                held_back.push(HeldBack::new(Obstacle::NoAccount, format!("{reason}. {}", remedy.trim_end_matches('.'))));
            }
            Err(e) => return Err(e),
        }
        let query = AccessQuery { principal: ctx.facts().clone(), access: wanted.access, duration_ms: ask.duration_ms };
        Ok(Explained { explanation: self.policy.explain(&query), held_back })
    }

    /// Requests that the caller may see: all of them for an operator, else their own and those of the agents and workloads that they own.
    pub async fn requests(&self, ctx: &OpContext, filter: RequestFilter, page: Page) -> Result<Part<RequestView>, BrokerError> {
        let requester = filter.mine.then(|| ctx.principal().clone());
        let behind = (!filter.mine && !ctx.is_operator()).then(|| ctx.principal().clone());
        self.list(
            ctx,
            hallpass_store::RequestFilter { requester, behind, state: filter.state, ..hallpass_store::RequestFilter::default() },
            page,
            |_, _| true,
        )
        .await
    }

    /// One request.
    pub async fn request(&self, ctx: &OpContext, id: &RequestId) -> Result<RequestView, BrokerError> {
        let request = self.request_for(ctx, id).await?;
        let mut reads = self.store.reads().await?;
        let held_back = self.request_held_back(&mut reads, &request).await?;
        Ok(RequestView { held_back, ..self.request_view(&mut reads, request).await? })
    }

    /// Takes a request back while nobody has decided.
    pub async fn withdraw(&self, ctx: &OpContext, id: &RequestId) -> Result<RequestView, BrokerError> {
        let request = self.request_for(ctx, id).await?;
        let facts = self.request_facts(&mut self.store.reads().await?, &request).await?;
        ctx.authorize(Action::RequestWithdraw, ResourceFacts::Request(&facts))?;
        let (now, actors) = (self.clock.now(), ctx.actors());
        run_tx!(self.store, "request.withdraw", |tx| -> Result<(), BrokerError> {
            let ctx = ctx.refresh(tx, &[]).await?;
            let mut request = load(tx, id).await?;
            let facts = self.request_facts(&mut tx.reads(), &request).await?;
            ctx.authorize(Action::RequestWithdraw, ResourceFacts::Request(&facts))?;
            request.state = request.state.on(RequestEvent::Withdraw, now)?;
            request.version = tx.update_request(&request).await?;
            tx.emit(Event::new(EventKind::RequestWithdrawn, id).by(&actors).request(id)).await?;
            Ok(())
        })?;
        self.request(ctx, id).await
    }

    /// The request, if the caller may see it; else there is none.
    pub(crate) async fn request_for(&self, ctx: &OpContext, id: &RequestId) -> Result<Request, BrokerError> {
        let mut reads = self.store.reads().await?;
        let request = reads.request(id).await?.ok_or_else(|| BrokerError::not_found("request", id))?;
        let facts = self.request_facts(&mut reads, &request).await?;
        ctx.authorize(Action::RequestRead, ResourceFacts::Request(&facts)).map_err(|_| BrokerError::not_found("request", id))?;
        Ok(request)
    }

    /// Requests that the caller may see and `keep` wants.
    pub(crate) async fn list(
        &self,
        ctx: &OpContext,
        query: hallpass_store::RequestFilter,
        page: Page,
        keep: impl Fn(&RequestView, &hallpass_policy::RequestFacts) -> bool,
    ) -> Result<Part<RequestView>, BrokerError> {
        let mut part = Filling::new(&page)?;
        while let Some((after, rows)) = part.next() {
            let mut reads = self.store.reads().await?;
            let batch = reads.requests(&query, after.as_ref(), rows).await?;
            part.came(batch.len());
            for request in batch {
                if !part.pass(&request.id) {
                    break;
                }
                let facts = self.request_facts(&mut reads, &request).await?;
                if ctx.authorize(Action::RequestRead, ResourceFacts::Request(&facts)).is_err() {
                    continue;
                }
                let view = self.request_view(&mut reads, request).await?;
                if keep(&view, &facts) {
                    part.keep(view);
                }
            }
        }
        Ok(part.finish())
    }

    pub(crate) async fn request_view(&self, reads: &mut Reads<'_>, request: Request) -> Result<RequestView, BrokerError> {
        let requester =
            reads.principal(&request.requester).await?.ok_or_else(|| BrokerError::not_found("principal", &request.requester))?;
        let (mut target_name, mut connector) = (None, None);
        match &request.ask {
            Asked::Access(ask) => {
                let target = reads.target(&ask.target).await?.ok_or_else(|| BrokerError::not_found("target", &ask.target))?;
                target_name = Some(target.name);
            }
            Asked::Permissions(ask) => {
                let row = reads.connector(&ask.connector).await?.ok_or_else(|| BrokerError::not_found("connector", ask.connector))?;
                connector = Some((row.facts.name, row.facts.version));
            }
        }
        let approvals = reads.approvals(&request.id).await?;
        let grant = reads.grants(&of_request(&request.id), None, 1).await?.into_iter().next().map(|g| g.id);
        Ok(RequestView { requester_name: requester.name, target_name, connector, approvals, grant, held_back: Vec::new(), request })
    }

    async fn read_ask(&self, new: &NewRequest) -> Result<(Wanted, Ask), BrokerError> {
        let resource: Resource = new
            .resource
            .parse()
            .map_err(|e| BrokerError::invalid("resource", e, "Write it as kind:name/kind:name with percent-encoded names."))?;
        check_justification(new.justification.as_deref())?;
        if new.duration_ms == 0 || new.duration_ms > MOST_DURATION_MS {
            return Err(BrokerError::invalid(
                "duration_ms",
                "must be between one millisecond and 366 days",
                "Ask for the time that the work takes.",
            ));
        }
        let target = self.store.reads().await?.target_by_name(&new.target).await?;
        let target = target.ok_or_else(|| BrokerError::not_found("target", &new.target))?;
        let id: TargetId = target.id.clone();
        let wanted = self.wanted(target, &new.entitlement, &resource, &new.parameters).await?;
        if let Some(unfit) = wanted.unfit() {
            return Err(BrokerError::invalid("parameters", unfit.reason, unfit.remedy));
        }
        let ask = Ask {
            target: id,
            entitlement: new.entitlement.clone(),
            resource,
            parameters: new.parameters.clone(),
            mode: wanted.access.mode,
            duration_ms: new.duration_ms,
            justification: new.justification.clone().filter(|text| !text.trim().is_empty()),
        };
        Ok((wanted, ask))
    }

    async fn note_refusal(&self, ctx: &OpContext, ask: &Ask, policies: &[String], revision: &str) -> Result<(), BrokerError> {
        let actors = ctx.actors();
        run_tx!(self.store, "request.refuse", |tx| -> Result<(), BrokerError> {
            let refused = Event::new(EventKind::RequestRefused, ctx.principal()).by(&actors).policy(revision);
            tx.emit(of_access(refused.word("policies", &policies.join(",")), ask)).await?;
            Ok(())
        })
    }
}

/// The limits that policy set are errors that name them, not silent cuts (law 7).
pub(crate) fn check_admitted(allowed: &Allowed, duration_ms: Millis, justification: Option<&str>) -> Result<(), BrokerError> {
    allowed.admit(duration_ms, justification).map_err(|unmet| match unmet {
        Unmet::TooLong { max_ms, policy, .. } => BrokerError::TooLong { asked_ms: duration_ms, max_ms, policies: vec![policy] },
        Unmet::NoJustification { .. } => {
            BrokerError::invalid("justification", unmet.to_string(), "Say in a sentence what the access is for.")
        }
    })
}

fn of_request(id: &RequestId) -> hallpass_store::GrantFilter {
    hallpass_store::GrantFilter { request: Some(id.clone()), ..hallpass_store::GrantFilter::default() }
}

pub(crate) async fn load(tx: &mut Tx, id: &RequestId) -> Result<Request, BrokerError> {
    tx.reads().request(id).await?.ok_or_else(|| BrokerError::not_found("request", id))
}

pub(crate) fn submitted(request: &Request, actors: &[hallpass_domain::ids::PrincipalId]) -> Event {
    let event = Event::new(EventKind::RequestSubmitted, &request.id)
        .by(actors)
        .request(&request.id)
        .policy(&request.policy_revision)
        .word("policies", &request.policies.join(","))
        .number("duration_ms", i64::try_from(request.ask.duration_ms()).unwrap_or(i64::MAX))
        .number("stages", i64::try_from(request.stages.len()).unwrap_or(i64::MAX));
    let event = match &request.ask {
        Asked::Access(ask) => of_access(event, ask),
        Asked::Permissions(ask) => event.connector(ask.connector).number("added", i64::try_from(ask.diff.added.len()).unwrap_or(i64::MAX)),
    };
    match request.ask.justification() {
        Some(text) => event.text("justification", text.clone()),
        None => event,
    }
}

/// Refuses what approvers cannot read.
pub(crate) fn check_justification(text: Option<&str>) -> Result<(), BrokerError> {
    text.map_or(Ok(()), |text| {
        check_free_text("the justification", text, MOST_JUSTIFICATION_BYTES).map_err(BrokerError::unfit("justification"))
    })
}
