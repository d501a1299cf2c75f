//! The seam of conformance: what answers instead of a target. A call on a stage goes through everything that a real one goes
//! through (declarations, slots, secrets, limits, fences, commits in doubt); only the very last step ends here.

use std::sync::Arc;

use async_trait::async_trait;
use hallpass_domain::secret::SecretText;
use hallpass_egress::{self as egress, Broke, StagedAnswer};
use serde_json::{Map, Value};

use crate::manifest::Manifest;
use crate::manifest::document::Effect;

/// A scripted target.
#[async_trait]
pub trait Stage: Send + Sync + 'static {
    /// Opens a session in a database.
    async fn open(&self, database: &str) -> Result<Box<dyn StagedSession>, Mishap>;

    /// Answers a request.
    async fn ask(&self, request: StagedRequest) -> Result<StagedAnswer, Broke>;

    /// The token that a credential fetches.
    fn token(&self) -> SecretText;

    /// Takes the reason for which a request was not let out: one line.
    fn refused(&self, reason: &str);

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

/// A request to a scripted target, in the words of the manifest.
#[derive(Debug, Clone)]
pub struct StagedRequest {
    /// Its name.
    pub name: String,
    /// Whether it is declared to change something.
    pub changes: bool,
    /// The slots of its path, decoded.
    pub slots: Vec<(String, String)>,
    /// The declared parts of its query, decoded; `None` where one was left out.
    pub query: Vec<(String, Option<String>)>,
    /// Its body.
    pub body: Vec<u8>,
    /// All of it, placeholders of secrets included, as a server could repeat it.
    pub whole: String,
}

/// A stage, as what egress asks instead of the network.
pub(crate) struct Requests {
    stage: Arc<dyn Stage>,
    manifest: Arc<Manifest>,
}

impl Requests {
    /// What egress asks in the calls of one connector.
    pub(crate) fn of(stage: &Arc<dyn Stage>, manifest: &Arc<Manifest>) -> Arc<dyn egress::Stage> {
        Arc::new(Self { stage: Arc::clone(stage), manifest: Arc::clone(manifest) })
    }
}

#[async_trait]
impl egress::Stage for Requests {
    async fn ask(&self, asked: egress::StagedRequest) -> Result<StagedAnswer, Broke> {
        let declared = self.manifest.http.requests.get(&asked.rule).ok_or(Broke)?;
        let request = StagedRequest {
            name: asked.rule,
            changes: declared.effect == Effect::Change,
            slots: declared.slots(&asked.below),
            query: declared.parts(&asked.query),
            body: asked.body.to_vec(),
            whole: asked.whole,
        };
        self.stage.ask(request).await
    }

    fn token(&self) -> SecretText {
        self.stage.token()
    }
}

/// What goes wrong in a database on a stage.
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
