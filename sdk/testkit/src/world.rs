//! The scripted world of a fixture: it answers statements, remembers what they changed, and strikes where a law tells it to.

pub(crate) mod fault;
pub(crate) mod rule;
mod sql;
pub(crate) mod state;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

pub use fault::{Fault, Point};
pub use sql::{Session, Trouble};
pub use state::State;

use self::rule::Rule;
use self::state::{Scope, Told};
use crate::fixture::{Fixture, Rules};

/// One world: what it holds is changed by those who talk to it.
#[derive(Debug)]
pub struct World {
    sql: BTreeMap<String, Rules>,
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
}

impl World {
    /// The world of a fixture in its beginning.
    pub fn new(fixture: &Fixture) -> Arc<Self> {
        let inner = Inner { state: fixture.world.clone(), ..Inner::default() };
        Arc::new(Self { sql: fixture.sql.clone(), inner: Mutex::new(inner) })
    }

    /// Opens a session in a database.
    pub fn open(self: &Arc<Self>, database: &str) -> Result<Session, Trouble> {
        match self.step(Point::Open(database.to_owned()))? {
            Some(Fault::LoseReply) => Err(Trouble::Lost),
            Some(Fault::HangAfter) => Err(Trouble::Hang),
            _ => Ok(Session::new(Arc::clone(self))),
        }
    }

    /// Takes a line that the connector logged.
    pub fn log(&self, line: &str) {
        self.inner().logged.push(line.to_owned());
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

    /// Takes a step; what strikes there before it has an effect is the error, what strikes in another way is returned.
    fn step(&self, point: Point) -> Result<Option<Fault>, Trouble> {
        let mut inner = self.inner();
        let here = inner.trace.len();
        inner.trace.push(point);
        let Some((_, fault)) = inner.armed.take_if(|(at, _)| *at == here) else { return Ok(None) };
        inner.struck = true;
        match fault {
            Fault::Refuse { sqlstate, message } => Err(Trouble::Answer { sqlstate, message }),
            Fault::Lose => Err(Trouble::Lost),
            Fault::Hang => Err(Trouble::Hang),
            other => Ok(Some(other)),
        }
    }

    /// What a statement does: the rule that holds, and the state after it.
    fn play(&self, statement: &str, values: &Map<String, Value>, state: &State) -> Result<(Rule, State), Trouble> {
        let scope = Scope { values, state };
        let found = || -> Told<(Rule, State)> {
            let rules = self.sql.get(statement).ok_or("the fixture has no rule for it under `sql`")?;
            for rule in &rules.0 {
                if rule.holds(scope)? {
                    return Ok((rule.clone(), rule.after(scope)?));
                }
            }
            Err("none of its rules holds: add one for what the world now holds".to_owned())
        };
        let (rule, after) = found().map_err(|what| self.broken(statement, &what))?;
        match &rule.error {
            Some(error) => Err(Trouble::Answer { sqlstate: error.sqlstate.clone(), message: error.message.clone() }),
            None => Ok((rule, after)),
        }
    }

    /// A fault of the fixture: noted, and an error for the connector.
    fn broken(&self, statement: &str, what: &str) -> Trouble {
        let message = format!("`sql.{statement}`: {what}");
        let mut inner = self.inner();
        if !inner.problems.contains(&message) {
            inner.problems.push(message.clone());
        }
        Trouble::Answer { sqlstate: "XX000".to_owned(), message: format!("the fixture is not whole: {message}") }
    }
}
