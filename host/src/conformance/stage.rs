//! The scripted world as what the runtime takes for a target.

use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;
use hallpass_domain::clock::ManualClock;
use hallpass_domain::secret::SecretText;
use hallpass_egress::{Broke, StagedAnswer};
use hallpass_runtime::{Mishap, Stage, StagedRequest, StagedSession};
use hallpass_testkit::{Answered, Asked, Gone, Session, Trouble, World, placeholder};
use serde_json::{Map, Value};
use tokio::sync::Notify;

/// How far the clock goes on each time that nobody answers, in milliseconds.
const STRIDE: u64 = 250;

/// A world as a target.
pub(super) struct Scripted {
    pub(super) world: Arc<World>,
    pub(super) silence: Silence,
}

/// Where no answer comes: time goes on only then, and a trap is told to whoever waits for the call.
#[derive(Clone)]
pub(super) struct Silence {
    pub(super) clock: ManualClock,
    pub(super) trap: Arc<Notify>,
}

impl Silence {
    /// No answer ever comes: time passes until somebody gives up.
    async fn never(&self) -> Infallible {
        loop {
            self.clock.advance(STRIDE);
            tokio::task::yield_now().await;
        }
    }

    /// That the connection broke, if it is no more than that.
    async fn fall(&self, gone: Gone) -> Broke {
        match gone {
            Gone::Lost => Broke,
            Gone::Hang => match self.never().await {},
            Gone::Trap => {
                self.trap.notify_one();
                std::future::pending().await
            }
        }
    }

    /// What the runtime sees of it.
    async fn mishap(&self, trouble: Trouble) -> Mishap {
        match trouble {
            Trouble::Answer { sqlstate, message } => Mishap::Answer { sqlstate, message },
            Trouble::Gone(gone) => {
                let Broke = self.fall(gone).await;
                Mishap::Lost
            }
        }
    }
}

#[async_trait]
impl Stage for Scripted {
    async fn open(&self, database: &str) -> Result<Box<dyn StagedSession>, Mishap> {
        match self.world.open(database) {
            Ok(session) => Ok(Box::new(Open { session, silence: self.silence.clone() })),
            Err(trouble) => Err(self.silence.mishap(trouble).await),
        }
    }

    async fn ask(&self, request: StagedRequest) -> Result<StagedAnswer, Broke> {
        let StagedRequest { name, changes, slots, query, body, whole } = request;
        let asked = Asked { name, changes, slots, query, body, whole };
        let Answered { status, headers, body, stalls } = match self.world.ask(&asked) {
            Ok(answered) => answered,
            Err(gone) => return Err(self.silence.fall(gone).await),
        };
        let silence = self.silence.clone();
        let stalls = stalls.then(|| Box::pin(async move { silence.never().await }) as _);
        Ok(StagedAnswer { status, headers, body: body.into(), stalls })
    }

    fn token(&self) -> SecretText {
        SecretText::new(placeholder("token"))
    }

    fn refused(&self, reason: &str) {
        self.world.refuse(reason);
    }

    fn logged(&self, line: &str) {
        self.world.log(line);
    }
}

struct Open {
    session: Session,
    silence: Silence,
}

#[async_trait]
impl StagedSession for Open {
    async fn begin(&mut self) -> Result<(), Mishap> {
        self.session.begin();
        Ok(())
    }

    async fn read(&mut self, statement: &str, values: &Map<String, Value>) -> Result<Vec<Map<String, Value>>, Mishap> {
        match self.session.read(statement, values) {
            Ok(rows) => Ok(rows),
            Err(trouble) => Err(self.silence.mishap(trouble).await),
        }
    }

    async fn change(&mut self, statement: &str, values: &Map<String, Value>) -> Result<u64, Mishap> {
        match self.session.change(statement, values) {
            Ok(affected) => Ok(affected),
            Err(trouble) => Err(self.silence.mishap(trouble).await),
        }
    }

    async fn commit(&mut self) -> Result<(), Mishap> {
        match self.session.commit() {
            Ok(()) => Ok(()),
            Err(trouble) => Err(self.silence.mishap(trouble).await),
        }
    }

    async fn rollback(&mut self) -> Result<(), Mishap> {
        self.session.rollback();
        Ok(())
    }
}
