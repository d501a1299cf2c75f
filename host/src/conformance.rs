//! Conformance: the kit of connector authors over the runtime. What a connector does in it goes through everything that a real
//! call goes through; only the target is the scripted world of its fixture.

mod apart;
mod real;
mod stage;
mod subject;

use std::sync::Arc;

use async_trait::async_trait;
use hallpass_domain::Clock;
use hallpass_domain::holding::Mode;
use hallpass_domain::ids::Digest;
use hallpass_domain::parameter;
use hallpass_domain::port::{Connector as _, Interface, NotAdmitted, Trial, TrialWish, Tried};
use hallpass_runtime::{Examiner, Runtime};
use hallpass_testkit::{Entitlement, Fixture, Host, Report, Subject, Surface, World};
use tokio::sync::Semaphore;

use self::subject::Staged;

/// Runs all laws on a loaded connector with the fixture that it carries.
pub async fn conform(runtime: &Runtime, connector: &Digest) -> Result<Report, NotAdmitted> {
    let fixture = runtime.fixture(connector).unwrap_or_default();
    conform_with(runtime, connector, &fixture).await
}

/// Runs all laws on a loaded connector with another fixture than it carries.
pub async fn conform_with(runtime: &Runtime, connector: &Digest, fixture: &[u8]) -> Result<Report, NotAdmitted> {
    let refuse = |reason: String, remedy: &str| NotAdmitted { reason, remedy: remedy.to_owned() };
    let fixture = Fixture::parse(fixture).map_err(|e| refuse(e.to_string(), "`hallpass connector test` shows whether it is whole"))?;
    check_parameters(runtime, connector, &fixture)?;
    let bench = Bench::new(runtime, connector, &fixture)
        .ok_or_else(|| refuse(format!("the connector {connector} is not loaded"), "Load its file"))?;
    Ok(hallpass_testkit::conform(&bench, &fixture).await)
}

/// A wish with parameters that no request may carry proves nothing about those that come.
fn check_parameters(runtime: &Runtime, connector: &Digest, fixture: &Fixture) -> Result<(), NotAdmitted> {
    let Some(facts) = runtime.facts(connector) else { return Ok(()) };
    for wish in &fixture.wishes {
        let Some(entitlement) = facts.entitlement(&wish.entitlement) else { continue };
        parameter::check(&wish.entitlement, &entitlement.parameters, &wish.parameters).map_err(|unfit| NotAdmitted {
            reason: format!("its fixture is not valid: at `wishes`, `{}`: {unfit}", wish.name),
            remedy: format!("{} Mend fixture.json and build the connector again", unfit.remedy),
        })?;
    }
    Ok(())
}

/// How much of a report an error holds, in characters.
const MOST_TOLD: usize = 2_000;

/// The kit, as what the runtime examines connectors with: one at a time, apart from the broker's work, and not for ever.
pub struct Kit {
    clock: Arc<dyn Clock>,
    turn: Semaphore,
}

impl Kit {
    /// A kit that ends examinations by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, turn: Semaphore::new(1) }
    }
}

#[async_trait]
impl Examiner for Kit {
    async fn examine(&self, runtime: &Runtime, connector: &Digest) -> Result<(), NotAdmitted> {
        let _turn = self.turn.acquire().await.map_err(|e| apart::failed(&e))?;
        judge(&apart::conform(runtime.beside(), *connector, Arc::clone(&self.clock)).await?)
    }

    fn sample_wishes(&self, runtime: &Runtime, connector: &Digest) -> Result<Vec<TrialWish>, NotAdmitted> {
        real::of_fixture(runtime, connector)
    }

    async fn try_out(&self, runtime: &Runtime, trial: &Trial) -> Result<Tried, NotAdmitted> {
        real::try_out(runtime, trial).await
    }
}

/// Refuses a connector that breaks a law.
pub fn judge(report: &Report) -> Result<(), NotAdmitted> {
    if report.is_kept() {
        return Ok(());
    }
    // Whole sentences of the first ones are enough to begin with.
    let problems: String = report.problems().chars().take(MOST_TOLD).collect();
    Err(NotAdmitted {
        reason: format!("it breaks laws of conformance: {problems}"),
        remedy: "`hallpass connector test` shows all laws; mend the connector or its fixture, and build it again".to_owned(),
    })
}

/// What a loaded connector has and declares.
fn surface(runtime: &Runtime, connector: &Digest) -> Option<Surface> {
    let facts = runtime.facts(connector)?;
    let interfaces = runtime.interfaces(connector);
    let exports = |interface| interfaces.contains(&interface);
    let entitlements = facts.entitlements.iter().map(|e| Entitlement {
        name: e.name.clone(),
        provisions: e.mode == Mode::Provisioning,
        suspend: e.suspend,
        marked: e.marked,
        host_looks: e.host_looks,
    });
    Some(Surface {
        entitlements: entitlements.collect(),
        inventory: exports(Interface::Inventory),
        describe: exports(Interface::Describe),
        tools: exports(Interface::Tools),
        tool_outcomes: exports(Interface::ToolOutcomes),
    })
}

/// A connector on the bench.
struct Bench<'a> {
    runtime: &'a Runtime,
    connector: Digest,
    fixture: &'a Fixture,
    surface: Surface,
}

impl<'a> Bench<'a> {
    fn new(runtime: &'a Runtime, connector: &Digest, fixture: &'a Fixture) -> Option<Self> {
        Some(Self { runtime, connector: *connector, fixture, surface: surface(runtime, connector)? })
    }
}

impl Host for Bench<'_> {
    fn surface(&self) -> &Surface {
        &self.surface
    }

    fn subject(&self, world: &Arc<World>) -> Arc<dyn Subject> {
        Arc::new(Staged::new(self.runtime, self.connector, &self.fixture.target, world))
    }
}
