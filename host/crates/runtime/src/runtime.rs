//! The port of the broker, over the engine.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use hallpass_domain::clock::Clock;
use hallpass_domain::grant::SeenBy;
use hallpass_domain::ids::{Digest, OperationId, TargetId};
use hallpass_domain::port::{
    Applied, Connector, ConnectorFacts, Description, Done, Failure, FailureKind, Interface, Invocation, NotAdmitted, Page, Sight,
    ToolOutcome, Trial, TrialWish, Tried, Wish, not_exported,
};
use hallpass_domain::rng::Rng;
use hallpass_domain::secret::SecretBytes;
use hallpass_egress::Egress;

use crate::bindings::exports::hallpass::connector::grants::Outcome;
use crate::cache::Cache;
use crate::capability;
use crate::capability::http::allow;
use crate::capability::sql::pool::Pools;
use crate::capability::sql::session::{Purpose, Session};
use crate::capability::sql::statement::render::Frozen;
use crate::capability::sql::{connect, fence, look};
use crate::catalog::{Catalog, Loaded};
use crate::compile::{Compiler, Workshop};
use crate::frame::{Frame, Progress, Services};
use crate::hostile_text;
use crate::invocation::{Apply, CallTool, Check, Describe, ListPage, Observe, ObserveTool, Revoke, outside_of_contract, run};
use crate::limits::Limits;
use crate::low_priority::LowPriority;
use crate::manifest::Looks;
use crate::manifest::document::Call;
use crate::records::{self, Observed};
use crate::stage::Stage;
use crate::turns::Ticks;

/// What a runtime needs from outside.
pub struct Settings {
    /// The folder of compiled connectors; made if missing, mode 0700.
    pub cache_dir: PathBuf,
    /// The key that authenticates what lies in it: at least 16 secret bytes that survive restarts.
    pub mac_key: SecretBytes,
    /// Where files are compiled.
    pub compiler: Compiler,
    /// Time: deadlines of calls, ages of connections.
    pub clock: Arc<dyn Clock>,
    /// Randomness: secrets that connectors ask for.
    pub rng: Arc<dyn Rng>,
    /// Bounds of every call.
    pub limits: Limits,
    /// The way out over HTTP.
    pub egress: Arc<Egress>,
}

/// The runtime could not start.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The folder of compiled connectors cannot be used.
    #[error("the folder {folder} for compiled connectors cannot be used: {source}. Make it writable for this user, or name another")]
    Cache {
        /// Which folder.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
    /// The WebAssembly engine does not start on this machine.
    #[error("the WebAssembly engine does not start: {0}")]
    Engine(String),
    /// The key is too short.
    #[error("the key for compiled connectors has fewer than 16 bytes")]
    Key,
}

/// The most of a refusal that is told, in bytes.
const MOST_TOLD: usize = 4_000;

/// What a connector said of a target, and for which revision of its settings.
type Described = (i64, Arc<Description>);

/// Loads connectors and calls them: the implementation of [`Connector`].
pub struct Runtime {
    catalog: Arc<Catalog>,
    services: Arc<Services>,
    described: Mutex<HashMap<(Digest, TargetId), Described>>,
    examiner: Option<Arc<dyn Examiner>>,
}

/// Says whether a loaded connector keeps the laws of conformance: whoever knows the kit.
#[async_trait]
pub trait Examiner: Send + Sync + 'static {
    /// Runs all laws. The reason of the refusal names those that are broken.
    async fn examine(&self, runtime: &Runtime, connector: &Digest) -> Result<(), NotAdmitted>;

    /// The sample wishes of a loaded connector's fixture; see [`Connector::sample_wishes`].
    fn sample_wishes(&self, runtime: &Runtime, connector: &Digest) -> Result<Vec<TrialWish>, NotAdmitted>;

    /// Runs those laws that can be checked at a real target; see [`Connector::try_out`].
    async fn try_out(&self, runtime: &Runtime, trial: &Trial) -> Result<Tried, NotAdmitted>;
}

impl Runtime {
    /// Starts the engine and opens the cache.
    pub fn new(settings: Settings) -> Result<Self, RuntimeError> {
        let Settings { cache_dir, mac_key, compiler, clock, rng, limits, egress } = settings;
        if mac_key.expose().len() < 16 {
            return Err(RuntimeError::Key);
        }
        let failed = |e: wasmtime::Error| RuntimeError::Engine(format!("{e:#}"));
        let ticks = Ticks::default();
        let engine = crate::engine::start(&limits, &ticks).map_err(failed)?;
        let low_priority = LowPriority::start().map_err(|e| RuntimeError::Engine(e.to_string()))?;
        let cache = Cache::open(&cache_dir, mac_key, &engine)
            .map_err(|source| RuntimeError::Cache { folder: cache_dir.display().to_string(), source })?;
        let workshop = Workshop::new(compiler, limits.clone(), Arc::clone(&clock));
        let catalog = Arc::new(Catalog::new(engine, cache, workshop, limits.clone()).map_err(failed)?);
        let pools = Arc::new(Pools::new(Arc::clone(&clock), &limits));
        Ok(Self::over(catalog, Services { clock, rng, limits, pools, egress, stage: None, ticks, low_priority }))
    }

    fn over(catalog: Arc<Catalog>, services: Services) -> Self {
        Self { catalog, services: Arc::new(services), described: Mutex::default(), examiner: None }
    }

    /// The same runtime, whose connectors are examined before they are used for the first time.
    #[must_use]
    pub fn examined_by(self, examiner: Arc<dyn Examiner>) -> Self {
        Self { examiner: Some(examiner), ..self }
    }

    /// The same connectors on another stage: every call ends there instead of at a target. `clock` gives their deadlines, `rng`
    /// their secrets.
    #[must_use]
    pub fn on_stage(&self, stage: Arc<dyn Stage>, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        let limits = self.services.limits.clone();
        let pools = Arc::new(Pools::new(Arc::clone(&clock), &limits));
        let egress = Arc::new(Egress::new(Arc::clone(&clock)));
        let ticks = self.services.ticks.clone();
        let services = Services { clock, rng, limits, pools, egress, stage: Some(stage), ticks, low_priority: LowPriority::none() };
        Self::over(Arc::clone(&self.catalog), services)
    }

    /// The same connectors at the same targets, as another owner has them.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self { catalog: Arc::clone(&self.catalog), services: Arc::clone(&self.services), described: Mutex::default(), examiner: None }
    }

    /// The clock of its calls.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.services.clock)
    }

    fn frame(&self, call: &Invocation, want: Option<&Wish>, kind: Call) -> Result<(Arc<Loaded>, Arc<Frame>), Failure> {
        let loaded = self.catalog.get(&call.connector).ok_or_else(|| {
            let message = format!("the connector {} is not loaded: load its file again", call.connector);
            Failure::none(FailureKind::Unavailable, "connector-not-loaded", message)
        })?;
        if self.services.clock.now() >= call.deadline {
            return Err(Failure::none(FailureKind::Timeout, "deadline", "the deadline was over before the call began"));
        }
        if let Some(want) = want
            && loaded.facts.entitlement(&want.entitlement).is_none_or(|e| e.resource != want.resource.kind() || e.mode != want.mode)
        {
            let message = format!(
                "the connector {} {} has no entitlement `{}` with mode {} on a resource {}",
                loaded.facts.name,
                loaded.facts.version,
                want.entitlement,
                want.mode,
                want.resource.kind()
            );
            return Err(Failure::none(FailureKind::InvalidInput, "no-such-entitlement", message));
        }
        let frozen = Frozen { wish: want, attempt: call.attempt };
        let http = allow::allowance(&loaded.manifest, call, kind, frozen, &self.services)?;
        let frame = Frame {
            services: Arc::clone(&self.services),
            manifest: Arc::clone(&loaded.manifest),
            call: call.clone(),
            wish: want.cloned(),
            kind,
            progress: Arc::new(Progress::default()),
            http: Arc::new(http),
            made: std::sync::Mutex::default(),
            captured: std::sync::Mutex::default(),
        };
        Ok((loaded, Arc::new(frame)))
    }

    /// What the connector's own `observe` says: of no weight where the host looks itself.
    pub async fn observe(&self, call: &Invocation, want: &Wish) -> Result<Observed, Failure> {
        let (loaded, frame) = self.frame(call, Some(want), Call::Observe)?;
        records::observed(&frame, run(&loaded, Arc::clone(&frame), Observe).await?)
    }

    /// The fixture that a loaded connector carries, as it stands in its file; empty where it carries none.
    pub fn fixture(&self, connector: &Digest) -> Option<Arc<[u8]>> {
        self.catalog.get(connector).map(|loaded| Arc::clone(&loaded.fixture))
    }

    /// Which of the optional interfaces a loaded connector exports.
    pub fn interfaces(&self, connector: &Digest) -> Vec<Interface> {
        self.catalog.get(connector).map_or_else(Vec::new, |loaded| loaded.interfaces())
    }

    /// Work of the host itself, under the deadline of the call.
    async fn within<T>(&self, call: &Invocation, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.services.clock.sleep_until(call.deadline) =>
                Err(Failure::none(FailureKind::Timeout, "deadline", "the target did not answer before the deadline")),
            done = work => done,
        }
    }
}

/// Runs the declared looks of the wish's entitlement and judges what they see together.
async fn look_as_host(frame: &Frame, looks: &Looks) -> Result<Sight, Failure> {
    let mut verdicts = if looks.sql.is_empty() { Vec::new() } else { vec![look_in_database(frame, &looks.sql).await?] };
    for look in &looks.http {
        verdicts.push(capability::http::send::look(frame, look).await?);
    }
    let seen = look::agree(verdicts);
    let details = records::bounded(seen.details.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    Ok(Sight { presence: seen.presence, by: SeenBy::Host, attempt: seen.attempt, details })
}

async fn look_in_database(frame: &Frame, looks: &[look::Look]) -> Result<look::Verdict, Failure> {
    let (mut session, gone) = look::open(frame, looks).await?;
    let mut texts = Vec::with_capacity(looks.len());
    for look in looks {
        frame.permit("statement", &look.statement.name)?;
        texts.push(look.statement.render(frame.frozen(), &[])?);
    }
    let bytes = frame.services.limits.sql_bytes;
    // Two rows are enough to know that it is not one.
    let rows = match <[_; 1]>::try_from(texts) {
        Ok([text]) => vec![session.query(frame, text, 2, bytes).await?],
        Err(texts) => session.query_together(frame, texts, 2, bytes).await?,
    };
    let verdicts = looks.iter().zip(&rows).map(|(look, rows)| look.judge(&rows.rows, rows.truncated, frame.frozen())).collect();
    let seen = look::agree(verdicts);
    Ok(if gone { seen.without_database() } else { seen })
}

fn done(frame: &Frame, outcome: Outcome) -> Result<Done, Failure> {
    match outcome {
        Outcome::Settled(settled) => {
            if settled.locator.len() > 1024 || settled.locator.contains('\0') {
                return Err(outside_of_contract(frame, "settled.locator", records::LOCATOR, records::SHORTER_LOCATOR));
            }
            let replaced = settled.replaced.iter().take(64).map(|r| hostile_text::line(r, 256)).collect();
            Ok(Done::Settled { locator: settled.locator, already: settled.already, replaced })
        }
        Outcome::Pending(continuation) if continuation.len() > 16 * 1024 || continuation.contains('\0') => {
            let mend = "Let it say where to go on, and keep the rest in the target";
            Err(outside_of_contract(frame, "outcome.pending", "has more than 16 KiB, or NUL", mend))
        }
        Outcome::Pending(continuation) => Ok(Done::Pending(continuation)),
    }
}

#[async_trait]
impl Connector for Runtime {
    async fn load(&self, file: &[u8]) -> Result<Arc<ConnectorFacts>, NotAdmitted> {
        let loaded = self.catalog.load(file).await?;
        Ok(Arc::clone(&loaded.facts))
    }

    async fn conform(&self, connector: &Digest) -> Result<(), NotAdmitted> {
        match &self.examiner {
            // What its author wrote into the fixture may stand in the reason.
            Some(examiner) => examiner.examine(self, connector).await.map_err(|refused| NotAdmitted {
                reason: hostile_text::line(&refused.reason, MOST_TOLD),
                remedy: hostile_text::line(&refused.remedy, MOST_TOLD),
            }),
            None => Ok(()),
        }
    }

    fn sample_wishes(&self, connector: &Digest) -> Result<Vec<TrialWish>, NotAdmitted> {
        self.examiner.as_ref().map_or(Ok(Vec::new()), |examiner| examiner.sample_wishes(self, connector))
    }

    async fn try_out(&self, trial: &Trial) -> Result<Tried, NotAdmitted> {
        match &self.examiner {
            Some(examiner) => examiner.try_out(self, trial).await,
            None => Err(NotAdmitted { reason: "this runtime knows no laws".to_owned(), remedy: "Start it with an examiner".to_owned() }),
        }
    }

    fn facts(&self, connector: &Digest) -> Option<Arc<ConnectorFacts>> {
        self.catalog.get(connector).map(|loaded| Arc::clone(&loaded.facts))
    }

    async fn unload(&self, connector: &Digest) {
        let (catalog, digest) = (Arc::clone(&self.catalog), *connector);
        if tokio::task::spawn_blocking(move || catalog.unload(&digest)).await.is_err() {
            tracing::error!(%connector, "unloading a connector failed");
        }
    }

    fn interrupt(&self, connector: &Digest) {
        self.catalog.interrupt(connector);
    }

    fn stopping(&self) {
        self.catalog.stopping();
    }

    async fn apply(&self, call: &Invocation, want: &Wish, continuation: Option<&str>) -> Result<Applied, Failure> {
        let (loaded, frame) = self.frame(call, Some(want), Call::Apply)?;
        let (outcome, delivery) = run(&loaded, Arc::clone(&frame), Apply(continuation.map(str::to_owned))).await?;
        Ok(Applied { done: done(&frame, outcome)?, delivery })
    }

    async fn revoke(&self, call: &Invocation, want: &Wish, continuation: Option<&str>) -> Result<Done, Failure> {
        let (loaded, frame) = self.frame(call, Some(want), Call::Revoke)?;
        done(&frame, run(&loaded, Arc::clone(&frame), Revoke(continuation.map(str::to_owned))).await?)
    }

    async fn look(&self, call: &Invocation, want: &Wish) -> Result<Sight, Failure> {
        let (loaded, frame) = self.frame(call, Some(want), Call::Look)?;
        if let Some(looks) = loaded.manifest.looks(&want.entitlement) {
            return self.within(call, look_as_host(&frame, looks)).await;
        }
        self.observe(call, want).await.map(Observed::sight)
    }

    async fn fence_off(&self, call: &Invocation, want: &Wish) -> Result<bool, Failure> {
        let (loaded, frame) = self.frame(call, Some(want), Call::Look)?;
        if loaded.manifest.statements.is_empty() {
            return Ok(false);
        }
        // What was sent over HTTP cannot be called back.
        self.within(call, fence::fence_off(&frame)).await.map(|()| !loaded.manifest.http.changes())
    }

    async fn reach(&self, call: &Invocation) -> Result<(), Failure> {
        let (loaded, frame) = self.frame(call, None, Call::Look)?;
        if loaded.manifest.statements.is_empty() {
            return self.health(call).await;
        }
        let home = connect::home(&frame.manifest, &frame.call.endpoint)?;
        let login = async { Session::open(&frame, &home, Purpose::Look).await.map(drop) };
        // No answer at all is an outage too.
        self.within(call, login).await.map_err(|e| if e.kind == FailureKind::Timeout { e.as_outage() } else { e })
    }

    async fn health(&self, call: &Invocation) -> Result<(), Failure> {
        let (loaded, frame) = self.frame(call, None, Call::Health)?;
        run(&loaded, frame, Check).await
    }

    async fn describe(&self, call: &Invocation) -> Result<Arc<Description>, Failure> {
        let (loaded, frame) = self.frame(call, None, Call::Describe)?;
        if loaded.describe.is_none() {
            return Ok(Arc::default());
        }
        let (place, revision) = ((call.connector, call.endpoint.id.clone()), call.endpoint.revision);
        if let Some((of, known)) = self.described.lock().unwrap_or_else(PoisonError::into_inner).get(&place)
            && *of == revision
        {
            return Ok(Arc::clone(known));
        }
        let description = Arc::new(records::description(&frame, run(&loaded, Arc::clone(&frame), Describe).await?)?);
        self.described.lock().unwrap_or_else(PoisonError::into_inner).insert(place, (revision, Arc::clone(&description)));
        Ok(description)
    }

    async fn page(&self, call: &Invocation, cursor: Option<&str>, limit: u32) -> Result<Page, Failure> {
        let (loaded, frame) = self.frame(call, None, Call::Inventory)?;
        if loaded.inventory.is_none() {
            return Err(not_exported(Interface::Inventory));
        }
        let limit = limit.clamp(1, records::PAGE_ITEMS);
        let said = run(&loaded, Arc::clone(&frame), ListPage { cursor: cursor.map(str::to_owned), limit }).await?;
        records::page(&frame, said, cursor, limit)
    }

    async fn call_tool(&self, call: &Invocation, tool: &str, arguments: &str) -> Result<String, Failure> {
        let (loaded, frame) = self.frame(call, None, Call::Tools)?;
        if loaded.tools.is_none() {
            return Err(not_exported(Interface::Tools));
        }
        records::arguments(arguments)?;
        let question = CallTool { name: tool.to_owned(), arguments: arguments.to_owned() };
        records::result(&frame, run(&loaded, Arc::clone(&frame), question).await?)
    }

    async fn tool_outcome(&self, call: &Invocation, operation: &OperationId) -> Result<ToolOutcome, Failure> {
        let (loaded, frame) = self.frame(call, None, Call::ToolOutcomes)?;
        if loaded.tool_outcomes.is_none() {
            return Err(not_exported(Interface::ToolOutcomes));
        }
        records::outcome(&frame, run(&loaded, Arc::clone(&frame), ObserveTool(operation.to_string())).await?)
    }
}
