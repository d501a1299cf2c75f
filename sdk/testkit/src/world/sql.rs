//! A database of a scripted world.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::fault::arrives;
use super::rule::{Rule, Section, SqlError};
use super::state::{Room, Scope, State, twisted};
use super::{Fault, Gone, Point, World};

/// What goes wrong for whoever talks to a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The server answers with an error.
    Answer {
        /// Five characters, PostgreSQL, appendix A.
        sqlstate: String,
        /// Its message.
        message: String,
    },
    /// There is no answer.
    Gone(Gone),
}

impl From<Gone> for Trouble {
    fn from(gone: Gone) -> Self {
        Self::Gone(gone)
    }
}

impl World {
    /// Opens a session in a database.
    pub fn open(self: &Arc<Self>, database: &str) -> Result<Session, Trouble> {
        let fault = self.sql_step(Point::Open(database.to_owned()))?;
        arrives(fault.as_ref())?;
        Ok(Session { world: Arc::clone(self), draft: None })
    }

    fn sql_step(&self, point: Point) -> Result<Option<Fault>, Trouble> {
        match self.step(point)? {
            Some(Fault::Refuse { sqlstate, message }) => Err(Trouble::Answer { sqlstate, message }),
            other => Ok(other),
        }
    }
}

/// A session: statements run in transactions, of which an unfinished one leaves nothing.
#[derive(Debug)]
pub struct Session {
    world: Arc<World>,
    draft: Option<State>,
}

impl Session {
    /// Begins a transaction.
    pub fn begin(&mut self) {
        self.draft = Some(self.world.state());
    }

    /// The rows of a statement that reads, with the values of its slots.
    pub fn read(&mut self, statement: &str, values: &Map<String, Value>) -> Result<Vec<Map<String, Value>>, Trouble> {
        let fault = self.world.sql_step(Point::Read(statement.to_owned()))?;
        let state = self.draft.clone().unwrap_or_else(|| self.world.state());
        let (rule, _) = self.play(statement, values, &state)?;
        let rows = Scope { values, state: &state, room: &Room::default() }.list(&rule.rows.unwrap_or_default());
        let rows = rows.map_err(|what| self.broken(statement, &what))?;
        let rows: Option<Vec<Map<String, Value>>> = rows.into_iter().map(|row| row.as_object().cloned()).collect();
        let rows = rows.ok_or_else(|| self.broken(statement, "a row is an object, column by column"))?;
        arrives(fault.as_ref())?;
        Ok(if fault == Some(Fault::Garbage) { garbage(rows) } else { rows })
    }

    /// The number of rows that a statement affected.
    pub fn change(&mut self, statement: &str, values: &Map<String, Value>) -> Result<u64, Trouble> {
        let fault = self.world.sql_step(Point::Change(statement.to_owned()))?;
        let state = self.draft.clone().unwrap_or_else(|| self.world.state());
        let (rule, after) = self.play(statement, values, &state)?;
        arrives(fault.as_ref())?;
        if fault != Some(Fault::Skip) {
            self.draft = Some(after);
        }
        Ok(rule.affected.unwrap_or(1))
    }

    /// What a statement does: the rule that holds, and the state after it.
    fn play(&self, statement: &str, values: &Map<String, Value>, state: &State) -> Result<(Rule, State), Trouble> {
        let (rule, after) = self.world.play(Section::Sql, statement, Scope { values, state, room: &Room::default() }).map_err(not_whole)?;
        match rule.error {
            Some(SqlError { sqlstate, message }) => Err(Trouble::Answer { sqlstate, message }),
            None => Ok((rule, after)),
        }
    }

    fn broken(&self, statement: &str, what: &str) -> Trouble {
        not_whole(self.world.broken(Section::Sql, statement, what))
    }

    /// Ends the transaction with its effect.
    pub fn commit(&mut self) -> Result<(), Trouble> {
        let fault = self.world.sql_step(Point::Commit)?;
        let draft = self.draft.take();
        if let (Some(draft), false) = (draft, fault == Some(Fault::Skip)) {
            self.world.inner().state = draft;
        }
        Ok(arrives(fault.as_ref())?)
    }

    /// Ends the transaction without effect.
    pub fn rollback(&mut self) {
        self.draft = None;
    }
}

/// A fixture that is not whole, as an error of the database.
fn not_whole(message: String) -> Trouble {
    Trouble::Answer { sqlstate: "XX000".to_owned(), message }
}

/// The same columns with values of another type, and one row where there was none.
fn garbage(rows: Vec<Map<String, Value>>) -> Vec<Map<String, Value>> {
    if rows.is_empty() {
        return vec![Map::from_iter([("garbage".to_owned(), Value::Bool(true))])];
    }
    rows.into_iter().map(|row| row.iter().map(|(column, value)| (column.clone(), twisted(value))).collect()).collect()
}
