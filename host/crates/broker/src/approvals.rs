//! Approvals: one human's verdict in one stage. Nobody decides for themselves, and one human counts once (law 9).

use hallpass_domain::Conflict;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::failpoint::{Failpoint, hit};
use hallpass_domain::ids::{ApprovalId, RequestId};
use hallpass_domain::name::{Name, check_free_text};
use hallpass_domain::request::{Approval, Asked, OnTimeout, Request, RequestEvent, RequestState, Stage, Verdict};
use hallpass_policy::{AskedFacts, RequestFacts};
use hallpass_store::run_tx;

use crate::Broker;
use crate::context::OpContext;
use crate::error::BrokerError;
use crate::requests::load;
use crate::views::{NewVerdict, Page, Part, RequestView};

impl Broker {
    /// Pending requests that the caller may decide.
    pub async fn inbox(&self, ctx: &OpContext, page: Page) -> Result<Part<RequestView>, BrokerError> {
        let query = hallpass_store::RequestFilter { state: Some("pending".into()), ..hallpass_store::RequestFilter::default() };
        let waits = |view: &RequestView, facts: &RequestFacts| {
            let decided = view.approvals.iter().any(|a| a.approver == *ctx.principal());
            !decided && open_stage(&view.request).is_ok_and(|(_, stage)| self.may(ctx, facts, stage).is_ok())
        };
        self.list(ctx, query, page, waits).await
    }

    /// Gives a verdict in the stage that is open. An approver may narrow, never widen.
    pub async fn decide(&self, ctx: &OpContext, id: &RequestId, new: NewVerdict) -> Result<RequestView, BrokerError> {
        let request = self.request_for(ctx, id).await?;
        if let Some(reason) = &new.reason {
            check_free_text("the reason", reason, 2_000).map_err(BrokerError::unfit("reason"))?;
        }
        let facts = self.request_facts(&mut self.store.reads().await?, &request).await?;
        if let Err(refused) = self.admit(ctx, &request, &facts, &new) {
            self.note_refused(ctx, id, &refused).await?;
            return Err(refused);
        }
        let actors = ctx.actors();
        let decided: Result<(), BrokerError> = run_tx!(self.store, "approval.give", |tx| -> Result<(), BrokerError> {
            let ctx = ctx.refresh(tx, &[facts.requester.id().clone(), facts.requester.human().id.clone()]).await?;
            // The anchor of every rule over this request's verdicts is its version: whoever comes second reads the first.
            let mut request = load(tx, id).await?;
            let facts = self.request_facts(&mut tx.reads(), &request).await?;
            self.admit(&ctx, &request, &facts, &new)?;
            let (index, stage) = open_stage(&request)?;
            let stage = stage.clone();
            let now = self.clock.now();
            if request.timed_out(now) == Some(OnTimeout::Deny) {
                return Err(Conflict { noun: "request", state: "lapsed", event: new.verdict.as_str() }.into());
            }
            let approval = Approval {
                id: ApprovalId::new(now, self.rng.as_ref())?,
                request: id.clone(),
                stage: index,
                approver: ctx.principal().clone(),
                verdict: new.verdict,
                narrowed_ms: new.narrowed_ms,
                reason: new.reason.clone(),
                at: now,
            };
            tx.insert_approval(&approval, &ctx.facts().human().id).await?;
            let given = tx.reads().approvals(id).await?;
            let count =
                |verdict| u32::try_from(given.iter().filter(|a| a.stage == index && a.verdict == verdict).count()).unwrap_or(u32::MAX);
            let event = match new.verdict {
                Verdict::Deny if count(Verdict::Deny) >= stage.denials.max(1) => RequestEvent::Deny,
                Verdict::Deny => RequestEvent::Object,
                Verdict::Approve if count(Verdict::Approve) >= stage.n => {
                    RequestEvent::StageDone { last: index as usize + 1 >= request.stages.len() }
                }
                Verdict::Approve => RequestEvent::Approve,
            };
            request.state = request.state.on(event, now)?;
            if let (Verdict::Approve, Some(narrowed)) = (new.verdict, new.narrowed_ms) {
                request.approved_ms = request.approved_ms.min(narrowed);
            }
            if new.verdict == Verdict::Approve {
                // What policy allowed at submission it may forbid by now. How long it allows is asked with the last verdict:
                // whoever comes later may narrow.
                match &facts.what {
                    AskedFacts::Access(access) => drop(self.not_denied(&facts.requester, access.clone(), request.approved_ms)?),
                    AskedFacts::Connector(_) => self.upgrade_still_allowed(&facts)?,
                }
            }
            request.version = tx.update_request(&request).await?;
            let mut given = Event::new(EventKind::ApprovalGiven, id)
                .by(&actors)
                .request(id)
                .policy(self.policy.revision())
                .word("verdict", &new.verdict)
                .number("stage", i64::from(index));
            if let Some(ms) = new.narrowed_ms {
                given = given.number("narrowed_ms", i64::try_from(ms).unwrap_or(i64::MAX));
            }
            if let Some(reason) = &new.reason {
                given = given.text("reason", reason.clone());
            }
            tx.emit(given).await?;
            match request.state {
                RequestState::Approved { .. } => {
                    tx.emit(Event::new(EventKind::RequestApproved, id).request(id).policy(self.policy.revision()).word("by", "approvers"))
                        .await?;
                    match &request.ask {
                        Asked::Access(ask) => drop(self.create_grant(tx, &request, ask, &actors).await?),
                        Asked::Permissions(ask) => self.go_on_with_upgrade(tx, ask, &actors).await?,
                    }
                }
                RequestState::Denied { .. } => {
                    tx.emit(Event::new(EventKind::RequestDenied, id).by(&actors).request(id)).await?;
                }
                _ => {}
            }
            hit(Failpoint::VerdictBeforeCommit);
            Ok(())
        });
        match decided {
            Ok(()) => {
                hit(Failpoint::VerdictAfterCommit);
                self.connectors_changed.notify_one();
            }
            Err(e) => {
                self.note_refused(ctx, id, &e).await?;
                return Err(e);
            }
        }
        let mut reads = self.store.reads().await?;
        let request = reads.request(id).await?.ok_or_else(|| BrokerError::not_found("request", id))?;
        self.request_view(&mut reads, request).await
    }

    /// Whether this verdict is possible at all.
    fn admit(&self, ctx: &OpContext, request: &Request, facts: &RequestFacts, new: &NewVerdict) -> Result<(), BrokerError> {
        let (_, stage) = open_stage(request).map_err(|c| Conflict { event: new.verdict.as_str(), ..c })?;
        self.may(ctx, facts, stage)?;
        match (new.verdict, new.narrowed_ms) {
            (Verdict::Deny, Some(_)) => Err(BrokerError::invalid("narrowed_ms", "a denial does not narrow", "Leave it out, or approve.")),
            (_, Some(0)) => Err(BrokerError::invalid("narrowed_ms", "must be at least one millisecond", "Deny the request instead.")),
            (_, Some(_)) if request.ask.access().is_none() => Err(BrokerError::invalid(
                "narrowed_ms",
                "permissions have no end that could be nearer",
                "Approve or deny them as they are.",
            )),
            (_, Some(ms)) if ms > request.ask.duration_ms() => Err(BrokerError::invalid(
                "narrowed_ms",
                format!("{} is more than the {} that was asked for", crate::human(ms), crate::human(request.ask.duration_ms())),
                "An approver may narrow, never widen.",
            )),
            _ => Ok(()),
        }
    }

    fn may(&self, ctx: &OpContext, facts: &RequestFacts, stage: &Stage) -> Result<(), BrokerError> {
        let groups: Vec<Name> = stage.deciders().cloned().collect();
        let verdict = self.policy.may_approve(ctx.facts(), facts, &groups);
        if verdict.allowed {
            return Ok(());
        }
        let why = verdict
            .reason
            .unwrap_or_else(|| format!("it takes a member of {}", groups.iter().map(Name::as_str).collect::<Vec<_>>().join(" or ")));
        Err(BrokerError::forbidden(format!("{} may not decide this request: {why}", ctx.name())))
    }

    /// Policy is asked again at the last verdict: what it allowed at submission it may forbid by now.
    fn upgrade_still_allowed(&self, facts: &RequestFacts) -> Result<(), BrokerError> {
        let AskedFacts::Connector(connector) = &facts.what else { return Ok(()) };
        let denied = self.policy.decide_upgrade(&facts.requester, connector).err();
        denied.map_or(Ok(()), |d| Err(BrokerError::PolicyDenied { reason: d.reason, policies: d.policies }))
    }

    async fn note_refused(&self, ctx: &OpContext, id: &RequestId, refused: &BrokerError) -> Result<(), BrokerError> {
        let actors = ctx.actors();
        let why = match refused {
            BrokerError::Conflict(_) => "too-late",
            BrokerError::Forbidden { .. } => "not-allowed",
            BrokerError::Taken(_) => "counted-before",
            _ => return Ok(()),
        };
        run_tx!(self.store, "approval.refuse", |tx| -> Result<(), BrokerError> {
            tx.emit(Event::new(EventKind::ApprovalRefused, id).by(&actors).request(id).word("why", why)).await?;
            Ok(())
        })
    }
}

fn open_stage(request: &Request) -> Result<(u32, &Stage), Conflict> {
    let ended = Conflict { noun: "request", state: request.state.as_str(), event: "approve" };
    match request.state {
        RequestState::Pending { stage, .. } => request.stages.get(stage as usize).map(|s| (stage, s)).ok_or(ended),
        _ => Err(ended),
    }
}
