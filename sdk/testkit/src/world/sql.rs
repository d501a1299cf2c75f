//! A database of a scripted world.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::state::{Scope, State};
use super::{Fault, Point, World};

/// What goes wrong for whoever talks to a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The server answers with an error.
    Answer {
        /// Five characters, PostgreSQL, appendix A.
        sqlstate: String,
        /// Its message.
        message: String,
    },
    /// The connection is gone.
    Lost,
    /// No answer ever comes: wait until the call is cut off.
    Hang,
}

/// A session: statements run in transactions, of which an unfinished one leaves nothing.
#[derive(Debug)]
pub struct Session {
    world: Arc<World>,
    draft: Option<State>,
}

impl Session {
    pub(super) fn new(world: Arc<World>) -> Self {
        Self { world, draft: None }
    }

    /// Begins a transaction.
    pub fn begin(&mut self) {
        self.draft = Some(self.world.state());
    }

    /// The rows of a statement that reads, with the values of its slots.
    pub fn read(&mut self, statement: &str, values: &Map<String, Value>) -> Result<Vec<Map<String, Value>>, Trouble> {
        let fault = self.world.step(Point::Read(statement.to_owned()))?;
        let state = self.draft.clone().unwrap_or_else(|| self.world.state());
        let (rule, _) = self.world.play(statement, values, &state)?;
        let rows = Scope { values, state: &state }.list(&rule.rows).map_err(|what| self.world.broken(statement, &what))?;
        let rows: Option<Vec<Map<String, Value>>> = rows.into_iter().map(|row| row.as_object().cloned()).collect();
        let rows = rows.ok_or_else(|| self.world.broken(statement, "a row is an object, column by column"))?;
        match fault {
            Some(Fault::Garbage) => Ok(garbage(rows)),
            Some(Fault::LoseReply) => Err(Trouble::Lost),
            Some(Fault::HangAfter) => Err(Trouble::Hang),
            _ => Ok(rows),
        }
    }

    /// The number of rows that a statement affected.
    pub fn change(&mut self, statement: &str, values: &Map<String, Value>) -> Result<u64, Trouble> {
        let fault = self.world.step(Point::Change(statement.to_owned()))?;
        let state = self.draft.clone().unwrap_or_else(|| self.world.state());
        let (rule, after) = self.world.play(statement, values, &state)?;
        match fault {
            Some(Fault::Skip) => {}
            Some(Fault::LoseReply) => return Err(Trouble::Lost),
            Some(Fault::HangAfter) => return Err(Trouble::Hang),
            _ => self.draft = Some(after),
        }
        Ok(rule.affected.unwrap_or(1))
    }

    /// Ends the transaction with its effect.
    pub fn commit(&mut self) -> Result<(), Trouble> {
        let fault = self.world.step(Point::Commit)?;
        let draft = self.draft.take();
        if let (Some(draft), false) = (draft, fault == Some(Fault::Skip)) {
            self.world.inner().state = draft;
        }
        match fault {
            Some(Fault::LoseReply) => Err(Trouble::Lost),
            Some(Fault::HangAfter) => Err(Trouble::Hang),
            _ => Ok(()),
        }
    }

    /// Ends the transaction without effect.
    pub fn rollback(&mut self) {
        self.draft = None;
    }
}

/// The same columns with values of another type, and one row where there was none.
fn garbage(rows: Vec<Map<String, Value>>) -> Vec<Map<String, Value>> {
    let wrong = |value: &Value| if value.is_string() || value.is_null() { json!(-7) } else { json!("garbage") };
    if rows.is_empty() {
        return vec![Map::from_iter([("garbage".to_owned(), json!(true))])];
    }
    rows.into_iter().map(|row| row.iter().map(|(column, value)| (column.clone(), wrong(value))).collect()).collect()
}
