//! The seam of conformance: what answers instead of a target. A call on a stage goes through everything that a real one goes
//! through (declarations, slots, secrets, limits, fences, commits in doubt); only the very last step ends here.

use async_trait::async_trait;
use serde_json::{Map, Value};

/// A scripted target.
#[async_trait]
pub trait Stage: Send + Sync + 'static {
    /// Opens a session in a database.
    async fn open(&self, database: &str) -> Result<Box<dyn StagedSession>, Mishap>;

    /// Takes a line that the connector logged: bounded, one line, as the broker's log would hold it.
    fn logged(&self, line: &str);
}

/// A session in a scripted database. A row is an object: null, booleans, whole numbers, texts, lists of texts, and
/// `{"instant": milliseconds}`; anything else is a type that does not cross.
#[async_trait]
pub trait StagedSession: Send {
    /// Begins a transaction that may change something.
    async fn begin(&mut self) -> Result<(), Mishap>;
    /// The rows of a statement that reads. `values` are those of its slots, by name.
    async fn read(&mut self, statement: &str, values: &Map<String, Value>) -> Result<Vec<Map<String, Value>>, Mishap>;
    /// The number of rows that a statement affected.
    async fn change(&mut self, statement: &str, values: &Map<String, Value>) -> Result<u64, Mishap>;
    /// Ends the transaction with its effect.
    async fn commit(&mut self) -> Result<(), Mishap>;
    /// Ends the transaction without any effect.
    async fn rollback(&mut self) -> Result<(), Mishap>;
}

/// What goes wrong on a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mishap {
    /// The server answers with an error.
    Answer {
        /// Five characters, PostgreSQL, appendix A.
        sqlstate: String,
        /// The primary message.
        message: String,
    },
    /// The connection is gone.
    Lost,
}
