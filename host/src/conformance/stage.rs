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

/// How far the clock goes on each time that nobody answers, in milliseconds.
const STRIDE: u64 = 250;

/// A world and its clock, which goes on only while nobody answers.
pub(super) struct Scripted {
    pub(super) world: Arc<World>,
    pub(super) clock: ManualClock,
}

#[async_trait]
impl Stage for Scripted {
    async fn open(&self, database: &str) -> Result<Box<dyn StagedSession>, Mishap> {
        match self.world.open(database) {
            Ok(session) => Ok(Box::new(Open { session, clock: self.clock.clone() })),
            Err(trouble) => Err(mishap(trouble, &self.clock).await),
        }
    }

    async fn ask(&self, request: StagedRequest) -> Result<StagedAnswer, Broke> {
        let StagedRequest { name, changes, slots, query, body, whole } = request;
        let asked = Asked { name, changes, slots, query, body, whole };
        let Answered { status, headers, body, stalls } = match self.world.ask(&asked) {
            Ok(answered) => answered,
            Err(Gone::Lost) => return Err(Broke),
            Err(Gone::Hang) => match never(&self.clock).await {},
        };
        let clock = self.clock.clone();
        let stalls = stalls.then(|| Box::pin(async move { never(&clock).await }) as _);
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
    clock: ManualClock,
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
            Err(trouble) => Err(mishap(trouble, &self.clock).await),
        }
    }

    async fn change(&mut self, statement: &str, values: &Map<String, Value>) -> Result<u64, Mishap> {
        match self.session.change(statement, values) {
            Ok(affected) => Ok(affected),
            Err(trouble) => Err(mishap(trouble, &self.clock).await),
        }
    }

    async fn commit(&mut self) -> Result<(), Mishap> {
        match self.session.commit() {
            Ok(()) => Ok(()),
            Err(trouble) => Err(mishap(trouble, &self.clock).await),
        }
    }

    async fn rollback(&mut self) -> Result<(), Mishap> {
        self.session.rollback();
        Ok(())
    }
}

/// What the runtime sees of it.
async fn mishap(trouble: Trouble, clock: &ManualClock) -> Mishap {
    match trouble {
        Trouble::Answer { sqlstate, message } => Mishap::Answer { sqlstate, message },
        Trouble::Gone(Gone::Lost) => Mishap::Lost,
        Trouble::Gone(Gone::Hang) => match never(clock).await {},
    }
}

/// Where no answer ever comes, time passes until somebody gives up.
async fn never(clock: &ManualClock) -> Infallible {
    loop {
        clock.advance(STRIDE);
        tokio::task::yield_now().await;
    }
}
