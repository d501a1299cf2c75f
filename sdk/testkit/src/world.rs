//! The scripted world of a fixture: it answers statements and requests, remembers what they changed, and strikes where a law tells it to.

pub(crate) mod fault;
mod http;
pub(crate) mod rule;
mod sql;
pub(crate) mod state;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use fault::{Fault, Gone, Point};
pub use http::{Answered, Asked};
pub use sql::{Session, Trouble};
pub use state::State;

use self::rule::{Rule, Section};
use self::state::{Scope, Told};
use crate::fixture::{Fixture, Rules};

/// One world: what it holds is changed by those who talk to it.
#[derive(Debug)]
pub struct World {
    sql: BTreeMap<String, Rules>,
    http: BTreeMap<String, Rules>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    state: State,
    /// The steps of the current call.
    trace: Vec<Point>,
    /// What goes wrong in the current call, and at which of its steps.
    armed: Option<(usize, Fault)>,
    struck: bool,
    logged: Vec<String>,
    /// Faults of the fixture.
    problems: Vec<String>,
    /// What the host did not let out.
    refused: Vec<String>,
}

impl World {
    /// The world of a fixture in its beginning.
    pub fn new(fixture: &Fixture) -> Arc<Self> {
        let inner = Inner { state: fixture.world.clone(), ..Inner::default() };
        Arc::new(Self { sql: fixture.sql.clone(), http: fixture.http.clone(), inner: Mutex::new(inner) })
    }

    /// Takes a line that the connector logged.
    pub fn log(&self, line: &str) {
        self.inner().logged.push(line.to_owned());
    }

    /// Takes the reason for which the host let a request not out.
    pub fn refuse(&self, reason: &str) {
        self.inner().refused.push(reason.to_owned());
    }

    /// What the host did not let out.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.inner().refused.clone()
    }

    /// What it holds.
    pub fn state(&self) -> State {
        self.inner().state.clone()
    }

    /// Begins a call in which `fault` strikes at a step, counted from 0.
    pub(crate) fn begin(&self, fault: Option<(usize, Fault)>) {
        let mut inner = self.inner();
        inner.trace.clear();
        inner.logged.clear();
        inner.struck = false;
        inner.armed = fault;
    }

    /// Ends a call: its steps, whether the fault struck, and what was logged. What follows is answered as it should be.
    pub(crate) fn end(&self) -> (Vec<Point>, bool, Vec<String>) {
        let mut inner = self.inner();
        inner.armed = None;
        (std::mem::take(&mut inner.trace), inner.struck, std::mem::take(&mut inner.logged))
    }

    /// Faults of the fixture that showed so far.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.inner().problems.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a step; what keeps it from being answered at all is the error, what strikes in another way is returned.
    fn step(&self, point: Point) -> Result<Option<Fault>, Gone> {
        let mut inner = self.inner();
        let here = inner.trace.len();
        inner.trace.push(point);
        let Some((_, fault)) = inner.armed.take_if(|(at, _)| *at == here) else { return Ok(None) };
        inner.struck = true;
        match fault {
            Fault::Lose => Err(Gone::Lost),
            Fault::Hang => Err(Gone::Hang),
            Fault::Trap => Err(Gone::Trap),
            other => Ok(Some(other)),
        }
    }

    /// The rule of a statement or request that holds, and the state after it; the error is a fault of the fixture.
    fn play(&self, section: Section, name: &str, scope: Scope<'_>) -> Result<(Rule, State), String> {
        let rules = match section {
            Section::Sql => &self.sql,
            Section::Http => &self.http,
        };
        let found = || -> Told<(Rule, State)> {
            let rules = rules.get(name).ok_or_else(|| format!("the fixture has no rule for it under `{section}`"))?;
            for rule in &rules.0 {
                if rule.holds(scope)? {
                    return Ok((rule.clone(), rule.after(scope)?));
                }
            }
            Err("none of its rules holds: add one for what the world now holds".to_owned())
        };
        found().map_err(|what| self.broken(section, name, &what))
    }

    /// Notes a fault of the fixture.
    fn broken(&self, section: Section, name: &str, what: &str) -> String {
        let message = format!("`{section}.{name}`: {what}");
        let mut inner = self.inner();
        if !inner.problems.contains(&message) {
            inner.problems.push(message.clone());
        }
        format!("the fixture is not whole: {message}")
    }
}
