//! A connector at one scripted target, in the words of the kit.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use hallpass_domain::clock::{Clock, ManualClock, Timestamp};
use hallpass_domain::holding::{self, Mode};
use hallpass_domain::ids::{Digest, HoldingId, InstallationId, OperationId, Stamp, TargetId};
use hallpass_domain::port::{self, Connector as _, Endpoint, Fence, Granted, Invocation};
use hallpass_domain::rng::{RngError, SeededRng};
use hallpass_domain::secret::SecretText;
use hallpass_runtime::Runtime;
use hallpass_testkit::{
    Applied, Description, Done, Effect, Failure, Item, Kind, Observed, Page, Presence, Run, Subject, Target, Tool, ToolOutcome, Wish, World,
};
use tokio::sync::Notify;

use super::stage::{Scripted, Silence};

/// When every scripted world begins: 2026-01-01T00:00:00Z.
const BEGIN: Timestamp = Timestamp(1_767_225_600_000);
/// Ids and secrets are the same each time, so that two runs can be compared.
const SEED: u64 = 7;

/// A connector in a world.
pub(super) struct Staged {
    pub(super) runtime: Runtime,
    pub(super) connector: Digest,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) endpoint: Result<Arc<Endpoint>, port::Failure>,
    pub(super) granted: Granted,
    pub(super) fence: Arc<dyn Fence>,
    pub(super) names: Names,
    /// How long until a connector that answered "still going on" is asked again, in milliseconds.
    pub(super) pause: u64,
    /// Told where a scripted world lets the connector trap.
    pub(super) trap: Arc<Notify>,
}

/// What things are called in a world or at a target.
pub(super) struct Names {
    /// The mark of a holding.
    pub(super) stamp: Box<dyn Fn(u32) -> Result<Stamp, port::Failure> + Send + Sync>,
    /// Operations with the same number and seed are the same.
    pub(super) seed: u64,
}

/// Nobody else works in a scripted world.
struct Held;

#[async_trait]
impl Fence for Held {
    async fn check(&self) -> Result<(), port::Failure> {
        Ok(())
    }
}

fn random(e: &RngError) -> port::Failure {
    port::Failure::none(port::FailureKind::Internal, "no-randomness", e.to_string())
}

impl Staged {
    pub(super) fn new(runtime: &Runtime, connector: Digest, target: &Target, world: &Arc<World>) -> Self {
        let clock = ManualClock::new(BEGIN);
        let silence = Silence { clock: clock.clone(), trap: Arc::default() };
        let trap = Arc::clone(&silence.trap);
        let stage = Arc::new(Scripted { world: Arc::clone(world), silence });
        let runtime = runtime.on_stage(stage, Arc::new(clock.clone()), Arc::new(SeededRng::new(SEED)));
        Self {
            runtime,
            connector,
            clock: Arc::new(clock),
            endpoint: endpoint(target).map(Arc::new),
            granted: Granted::Asked,
            fence: Arc::new(Held),
            names: Names { stamp: Box::new(|holding| stamp(holding).map_err(|e| random(&e))), seed: 0 },
            pause: 0,
            trap,
        }
    }

    fn call(&self, run: &Run) -> Result<Invocation, Failure> {
        let endpoint = self.endpoint.clone().map_err(told)?;
        Ok(Invocation {
            operation: self.operation(run.operation).map_err(|e| told(random(&e)))?,
            attempt: run.attempt,
            connector: self.connector,
            endpoint,
            deadline: self.clock.now().plus(run.within_ms),
            dry_run: run.dry_run,
            granted: self.granted.clone(),
            fence: Arc::clone(&self.fence),
        })
    }

    fn operation(&self, number: u32) -> Result<OperationId, RngError> {
        OperationId::new(BEGIN.plus(number.into()), &SeededRng::new(self.names.seed ^ u64::from(number)))
    }

    /// Nobody asks again at once how far something is.
    async fn rest(&self, continuation: Option<&str>) {
        if continuation.is_some() && self.pause > 0 {
            self.clock.sleep_until(self.clock.now().plus(self.pause)).await;
        }
    }

    /// A change, which ends where the world lets the connector trap: its sandbox is gone, and what it was about to do with it.
    async fn to_its_end<T>(&self, change: impl Future<Output = Result<T, port::Failure>>) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.trap.notified() => {
                Err(told(port::Failure::unknown(port::FailureKind::Internal, "trap", "the connector was stopped in the middle")))
            }
            done = change => done.map_err(told),
        }
    }

    fn wish(&self, want: &Wish) -> Result<port::Wish, Failure> {
        let resource = want.sample.resource.parse().map_err(|e| {
            let message = format!("the wish `{}` of the fixture: {e}", want.sample.name);
            told(port::Failure::none(port::FailureKind::InvalidInput, "bad-resource", message))
        })?;
        Ok(port::Wish {
            stamp: (self.names.stamp)(want.holding).map_err(told)?,
            mode: if want.provisions { Mode::Provisioning } else { Mode::Access },
            account: want.sample.account.clone(),
            entitlement: want.sample.entitlement.clone(),
            resource,
            parameters: want.sample.parameters.clone(),
            until: Timestamp(i64::try_from(want.until).unwrap_or(i64::MAX)),
            suspended: want.suspended,
            fresh_credential: want.fresh_credential,
            locator: want.locator.clone(),
        })
    }
}

fn endpoint(target: &Target) -> Result<Endpoint, port::Failure> {
    let secret = |name: &String| (name.clone(), SecretText::new(hallpass_testkit::placeholder(name)));
    Ok(Endpoint {
        id: TargetId::new(BEGIN, &SeededRng::new(SEED)).map_err(|e| random(&e))?,
        name: "fixture".parse().map_err(|e| port::Failure::none(port::FailureKind::Internal, "bad-name", format!("{e}")))?,
        revision: 1,
        settings: target.settings.clone(),
        secrets: target.secrets.iter().map(secret).collect::<BTreeMap<_, _>>(),
        network: Vec::new(),
    })
}

fn stamp(holding: u32) -> Result<Stamp, RngError> {
    let installation = InstallationId::new(&SeededRng::new(SEED))?;
    Ok(Stamp::new(&installation, &HoldingId::new(BEGIN.plus(holding.into()), &SeededRng::new(holding.into()))?))
}

fn told(failure: port::Failure) -> Failure {
    use port::{Effect as E, FailureKind as K};
    Failure {
        kind: match failure.kind {
            K::InvalidInput => Kind::InvalidInput,
            K::Unauthenticated => Kind::Unauthenticated,
            K::Forbidden => Kind::Forbidden,
            K::NotFound => Kind::NotFound,
            K::Conflict => Kind::Conflict,
            K::RateLimited => Kind::RateLimited,
            K::Unavailable => Kind::Unavailable,
            K::Timeout => Kind::Timeout,
            K::Unsupported => Kind::Unsupported,
            K::Internal => Kind::Internal,
        },
        code: failure.code,
        message: failure.message,
        effect: match failure.effect {
            E::None => Effect::None,
            E::Applied => Effect::Applied,
            E::Partial => Effect::Partial,
            E::Unknown => Effect::Unknown,
        },
    }
}

fn presence(seen: holding::Presence) -> Presence {
    match seen {
        holding::Presence::Present => Presence::Present,
        holding::Presence::Suspended => Presence::Suspended,
        holding::Presence::Absent => Presence::Absent,
    }
}

fn done(done: port::Done) -> Done {
    match done {
        port::Done::Settled { locator, already, replaced } => Done::Settled { locator, already, replaced },
        port::Done::Pending(continuation) => Done::Pending(continuation),
    }
}

fn words(pairs: Vec<(String, String)>) -> impl Iterator<Item = String> {
    pairs.into_iter().flat_map(|(name, value)| [name, value])
}

#[async_trait]
impl Subject for Staged {
    fn stamp(&self, holding: u32) -> String {
        (self.names.stamp)(holding).map(|stamp| stamp.to_string()).unwrap_or_default()
    }

    fn now(&self) -> u64 {
        self.clock.now().as_unsigned()
    }

    async fn apply(&self, run: &Run, want: &Wish, continuation: Option<&str>) -> Result<Applied, Failure> {
        self.rest(continuation).await;
        let applied = self.to_its_end(self.runtime.apply(&self.call(run)?, &self.wish(want)?, continuation)).await?;
        let delivered = applied.delivery.map(|delivery| [delivery.label].into_iter().chain(words(delivery.public)).collect());
        Ok(Applied { done: done(applied.done), delivered })
    }

    async fn revoke(&self, run: &Run, want: &Wish, continuation: Option<&str>) -> Result<Done, Failure> {
        self.rest(continuation).await;
        self.to_its_end(self.runtime.revoke(&self.call(run)?, &self.wish(want)?, continuation)).await.map(done)
    }

    async fn observe(&self, run: &Run, want: &Wish) -> Result<Observed, Failure> {
        let seen = self.runtime.observe(&self.call(run)?, &self.wish(want)?).await.map_err(told)?;
        let words = words(seen.details).chain(seen.locator).collect();
        Ok(Observed { presence: presence(seen.presence), ours: seen.ours, words })
    }

    async fn look(&self, run: &Run, want: &Wish) -> Result<Option<Presence>, Failure> {
        let seen = self.runtime.look(&self.call(run)?, &self.wish(want)?).await.map_err(told)?;
        Ok(seen.presence.map(presence))
    }

    async fn health(&self, run: &Run) -> Result<(), Failure> {
        self.runtime.health(&self.call(run)?).await.map_err(told)
    }

    async fn describe(&self, run: &Run) -> Result<Description, Failure> {
        let said = self.runtime.describe(&self.call(run)?).await.map_err(told)?;
        let tools = said.tools.iter().map(|tool| Tool { name: tool.name.clone(), changes: tool.side_effect != port::SideEffect::Read });
        Ok(Description { tools: tools.collect(), document: serde_json::to_value(said.as_ref()).unwrap_or_default() })
    }

    async fn page(&self, run: &Run, cursor: Option<&str>, limit: u32) -> Result<Page, Failure> {
        let page = self.runtime.page(&self.call(run)?, cursor, limit).await.map_err(told)?;
        let item = |item: port::Item| Item {
            account: item.account,
            entitlement: item.entitlement,
            resource: item.resource.to_string(),
            stamp: item.stamp,
            words: words(item.details).chain(item.locator).collect(),
        };
        Ok(Page { items: page.items.into_iter().map(item).collect(), next: page.next })
    }

    async fn call_tool(&self, run: &Run, tool: &str, arguments: &str) -> Result<String, Failure> {
        self.runtime.call_tool(&self.call(run)?, tool, arguments).await.map_err(told)
    }

    async fn tool_outcome(&self, run: &Run, of: u32) -> Result<ToolOutcome, Failure> {
        let of = self.operation(of).map_err(|e| told(random(&e)))?;
        Ok(match self.runtime.tool_outcome(&self.call(run)?, &of).await.map_err(told)? {
            port::ToolOutcome::Done(result) => ToolOutcome::Done(result),
            port::ToolOutcome::NotDone => ToolOutcome::NotDone,
            port::ToolOutcome::Unknown => ToolOutcome::Unknown,
        })
    }
}
