//! What laws work with: samples, fresh worlds, and calls whose every word is watched.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::canary;
use crate::fixture::{Fixture, Sample};
use crate::report::Finding;
use crate::subject::{Applied, Done, Entitlement, Failure, Host, Item, Observed, Page, Presence, Run, Subject, Surface, ToolOutcome, Wish};
use crate::world::{Fault, Point, State, World};

/// Ends a law.
pub(crate) type Law<T = ()> = Result<T, Finding>;

/// How long a call may take at the clock of the world, in milliseconds.
pub(crate) const WITHIN: u64 = 10_000;
/// When sample wishes end: 2030-01-01T00:00:00Z, in milliseconds since the Unix epoch.
const UNTIL: u64 = 1_893_456_000_000;
/// Calls that one change may take when it answers `pending`.
const PATIENCE: usize = 16;

/// A finding.
pub(crate) fn broken(item: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { item, what: what.into(), mend: mend.into() }
}

/// A connector and its fixture.
pub(crate) struct Bench<'a> {
    host: &'a dyn Host,
    pub(crate) fixture: &'a Fixture,
    calls: AtomicUsize,
    /// A word of the connector in which a canary showed, and the call that it came from.
    leak: Mutex<Option<(&'static str, String)>>,
    problems: Mutex<Vec<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A change that went to its end, or failed.
pub(crate) type Ended<T> = Result<T, Failure>;

impl<'a> Bench<'a> {
    pub(crate) fn new(host: &'a dyn Host, fixture: &'a Fixture) -> Self {
        Self { host, fixture, calls: AtomicUsize::default(), leak: Mutex::default(), problems: Mutex::default() }
    }

    pub(crate) fn surface(&self) -> &Surface {
        self.host.surface()
    }

    /// A new world and the connector in it.
    pub(crate) fn scene(&self) -> Scene<'_> {
        let world = World::new(self.fixture);
        Scene {
            bench: self,
            subject: self.host.subject(&world),
            world,
            fault: Mutex::default(),
            last: Mutex::default(),
            time: Mutex::default(),
        }
    }

    /// The sample wishes, each with its entitlement.
    pub(crate) fn samples(&self) -> impl Iterator<Item = (&Sample, &Entitlement)> {
        let of = |sample: &Sample| self.surface().entitlements.iter().find(|e| e.name == sample.entitlement);
        self.fixture.wishes.iter().filter_map(move |sample| Some((sample, of(sample)?)))
    }

    /// Calls that were made since this was asked.
    pub(crate) fn calls(&self) -> usize {
        self.calls.swap(0, Ordering::Relaxed)
    }

    /// A word in which a canary showed.
    pub(crate) fn leak(&self) -> Option<(&'static str, String)> {
        locked(&self.leak).clone()
    }

    /// Faults of the fixture that showed.
    pub(crate) fn problems(&self) -> Vec<String> {
        locked(&self.problems).clone()
    }

    fn watch<'w>(&self, item: &'static str, words: impl Iterator<Item = &'w str>) {
        for word in words {
            if canary::shows(word) {
                locked(&self.leak).get_or_insert_with(|| (item, word.to_owned()));
            }
        }
    }
}

/// The first wish for a sample.
pub(crate) fn wish(sample: &Sample, entitlement: &Entitlement) -> Wish {
    Wish {
        holding: 1,
        sample: sample.clone(),
        provisions: entitlement.provisions,
        until: UNTIL,
        suspended: false,
        fresh_credential: entitlement.provisions,
        locator: None,
    }
}

/// An ordinary run: the first attempt of an operation.
pub(crate) fn run(operation: u32) -> Run {
    Run { operation, attempt: i64::from(operation), dry_run: false, within_ms: WITHIN }
}

/// One world with the connector in it.
pub(crate) struct Scene<'a> {
    bench: &'a Bench<'a>,
    pub(crate) world: Arc<World>,
    pub(crate) subject: Arc<dyn Subject>,
    fault: Mutex<Option<(usize, Fault)>>,
    last: Mutex<Last>,
    time: Mutex<Time>,
}

/// How long calls are begun.
#[derive(Debug, Clone, Copy, Default)]
struct Time {
    /// Milliseconds since the Unix epoch; `None`: for ever, as where time stands still.
    ends: Option<u64>,
    /// A call was not made because time was over.
    is_over: bool,
}

/// The last call that was not a look.
#[derive(Debug, Clone, Default)]
struct Last {
    trace: Vec<Point>,
    struck: bool,
    took: u64,
}

impl Scene<'_> {
    /// No call is begun at or after this, in milliseconds since the Unix epoch: it fails instead.
    pub(crate) fn until(&self, ends: u64) {
        *locked(&self.time) = Time { ends: Some(ends), is_over: false };
    }

    /// Whether a call was not made because time was over.
    pub(crate) fn is_over(&self) -> bool {
        locked(&self.time).is_over
    }

    /// The next change or reading runs into `fault` at this step.
    pub(crate) fn strike(&self, step: usize, fault: Fault) {
        *locked(&self.fault) = Some((step, fault));
    }

    /// The steps of the last call that was not a look.
    pub(crate) fn trace(&self) -> Vec<Point> {
        locked(&self.last).trace.clone()
    }

    /// Whether the fault of the last call struck.
    pub(crate) fn struck(&self) -> bool {
        locked(&self.last).struck
    }

    /// How long the last call took at the clock of the world, in milliseconds.
    pub(crate) fn took(&self) -> u64 {
        locked(&self.last).took
    }

    pub(crate) fn state(&self) -> State {
        self.world.state()
    }

    /// Makes a call and watches what it says.
    async fn call<T>(
        &self,
        item: &'static str,
        call: impl Future<Output = Result<T, Failure>>,
        words: impl Fn(&T) -> Vec<String>,
    ) -> Result<T, Failure> {
        if locked(&self.time).ends.is_some_and(|ends| self.subject.now() >= ends) {
            locked(&self.time).is_over = true;
            return Err(over());
        }
        self.bench.calls.fetch_add(1, Ordering::Relaxed);
        self.world.begin(locked(&self.fault).take());
        let began = self.subject.now();
        let done = call.await;
        let took = self.subject.now().saturating_sub(began);
        let (trace, struck, logged) = self.world.end();
        *locked(&self.last) = Last { trace, struck, took };
        self.bench.watch("invocation.log", logged.iter().map(String::as_str));
        match &done {
            Ok(said) => self.bench.watch(item, words(said).iter().map(String::as_str)),
            Err(failure) => self.bench.watch(item, [failure.code.as_str(), failure.message.as_str()].into_iter()),
        }
        let mut problems = locked(&self.bench.problems);
        problems.extend(self.world.problems());
        problems.sort();
        problems.dedup();
        done
    }

    /// Applies until it is settled. The steps are those of the last call.
    pub(crate) async fn apply(&self, run: &Run, want: &Wish) -> Ended<Applied> {
        let mut continuation: Option<String> = None;
        for _ in 0..PATIENCE {
            let call = self.subject.apply(run, want, continuation.as_deref());
            let applied = self.call("grants.apply", call, |applied| words_of(&applied.done, applied.delivered.as_deref())).await?;
            match applied.done {
                Done::Pending(next) => continuation = Some(next),
                Done::Settled { .. } => return Ok(applied),
            }
        }
        Err(endless())
    }

    /// Revokes until it is settled.
    pub(crate) async fn revoke(&self, run: &Run, want: &Wish) -> Ended<Done> {
        let mut continuation: Option<String> = None;
        for _ in 0..PATIENCE {
            let call = self.subject.revoke(run, want, continuation.as_deref());
            match self.call("grants.revoke", call, |done| words_of(done, None)).await? {
                Done::Pending(next) => continuation = Some(next),
                done @ Done::Settled { .. } => return Ok(done),
            }
        }
        Err(endless())
    }

    pub(crate) async fn observe(&self, run: &Run, want: &Wish) -> Result<Observed, Failure> {
        self.call("grants.observe", self.subject.observe(run, want), |seen| seen.words.clone()).await
    }

    /// Looks as the host does. It never runs into a fault, and its steps are not kept.
    pub(crate) async fn look(&self, want: &Wish) -> Law<Option<Presence>> {
        let (fault, last) = (locked(&self.fault).take(), locked(&self.last).clone());
        let seen = self.call("grants.observe", self.subject.look(&run(900), want), |_| Vec::new()).await;
        *locked(&self.fault) = fault;
        *locked(&self.last) = last;
        seen.map_err(|failure| {
            let what = format!("the look at `{}` failed: {}", want.sample.name, said(&failure));
            broken("grants.observe", what, "Make the entitlement's look, or `observe`, work in every state, and let the fixture answer it")
        })
    }

    pub(crate) async fn health(&self, run: &Run) -> Result<(), Failure> {
        self.call("health.check", self.subject.health(run), |()| Vec::new()).await
    }

    pub(crate) async fn describe(&self, run: &Run) -> Result<crate::subject::Description, Failure> {
        self.call("describe.describe", self.subject.describe(run), |said| vec![said.document.to_string()]).await
    }

    pub(crate) async fn page(&self, run: &Run, cursor: Option<&str>, limit: u32) -> Result<Page, Failure> {
        let words = |page: &Page| page.items.iter().flat_map(words_of_item).chain(page.next.clone()).collect();
        self.call("inventory.list-page", self.subject.page(run, cursor, limit), words).await
    }

    pub(crate) async fn call_tool(&self, run: &Run, tool: &str, arguments: &str) -> Result<String, Failure> {
        self.call("tools.call", self.subject.call_tool(run, tool, arguments), |result| vec![result.clone()]).await
    }

    pub(crate) async fn tool_outcome(&self, run: &Run, operation: u32) -> Result<ToolOutcome, Failure> {
        let words = |outcome: &ToolOutcome| if let ToolOutcome::Done(result) = outcome { vec![result.clone()] } else { Vec::new() };
        self.call("tool-outcomes.observe", self.subject.tool_outcome(run, operation), words).await
    }

    /// Applies where nothing may go wrong, and gives back the wish with its locator.
    pub(crate) async fn applied(&self, run: &Run, want: &Wish) -> Law<(Wish, Applied)> {
        let applied = self.apply(run, want).await.map_err(|failure| {
            let what = format!("`{}` was applied in a world where nothing goes wrong, and failed: {}", want.sample.name, said(&failure));
            broken("grants.apply", what, "Make it settle, or complete the fixture: every statement and request needs a rule that fits")
        })?;
        let locator = if let Done::Settled { locator, .. } = &applied.done { Some(locator.clone()) } else { None };
        Ok((Wish { locator, fresh_credential: false, ..want.clone() }, applied))
    }

    /// Revokes where nothing may go wrong.
    pub(crate) async fn revoked(&self, run: &Run, want: &Wish) -> Law<Done> {
        self.revoke(run, want).await.map_err(|failure| {
            let what = format!("`{}` was revoked in a world where nothing goes wrong, and failed: {}", want.sample.name, said(&failure));
            broken("grants.revoke", what, "Make it settle, or complete the fixture: every statement and request needs a rule that fits")
        })
    }
}

fn over() -> Failure {
    Failure {
        kind: crate::subject::Kind::Timeout,
        code: "trial-over".to_owned(),
        message: "the time of the trial was over".to_owned(),
        effect: crate::subject::Effect::None,
    }
}

fn endless() -> Failure {
    Failure {
        kind: crate::subject::Kind::Internal,
        code: "endless".to_owned(),
        message: format!("it answered `pending` {PATIENCE} times"),
        effect: crate::subject::Effect::Unknown,
    }
}

fn words_of(done: &Done, delivered: Option<&[String]>) -> Vec<String> {
    let mut words = delivered.unwrap_or_default().to_vec();
    match done {
        Done::Settled { locator, replaced, .. } => {
            words.push(locator.clone());
            words.extend(replaced.iter().cloned());
        }
        Done::Pending(continuation) => words.push(continuation.clone()),
    }
    words
}

fn words_of_item(item: &Item) -> Vec<String> {
    let mut words = item.words.clone();
    words.extend([item.account.clone(), item.resource.clone()]);
    words
}

/// A failure in a sentence.
pub(crate) fn said(failure: &Failure) -> String {
    format!("{} ({}, effect {}): {}", word(failure.kind), failure.code, word(failure.effect), failure.message)
}

/// The word of the WIT for a kind or an effect.
pub(crate) fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}
