//! What every behaviour finds: the call in which it shows itself, and the few steps that many of them begin with.

use hallpass_connector::grants::{Outcome, Settled};
use hallpass_connector::secrets::{self, Secret};
use hallpass_connector::sql::{self, Argument, Session, Step};
use hallpass_connector::{Failure, Holding, Invocation};

/// How a behaviour ends.
pub(crate) type Said = Result<Outcome, Failure>;

/// The call in which a behaviour shows itself.
pub(crate) struct Scene<'a> {
    pub(crate) inv: &'a Invocation,
    pub(crate) want: Option<&'a Holding>,
    /// What an earlier call of this operation left to go on with.
    pub(crate) continuation: Option<String>,
    /// Whether access is to be taken away.
    pub(crate) revoking: bool,
}

impl Scene<'_> {
    /// Plays what the target's setting names.
    pub(crate) fn play(&self) -> Said {
        let name = self.inv.setting("behaviour").unwrap_or_default();
        crate::behaviours::pick(&name).map_or_else(|| Err(Failure::invalid_input("no-such-behaviour", name)), |run| run(self))
    }
}

/// What a guest says that got away with it.
pub(crate) fn got_through(what: &str) -> Failure {
    Failure::internal("got-through", what)
}

/// It is done, or so it says.
#[expect(clippy::unnecessary_wraps, reason = "the end of a behaviour")]
pub(crate) fn done() -> Said {
    Ok(Outcome::Settled(Settled { locator: "guest".to_owned(), already: false, replaced: Vec::new() }))
}

/// A session in the holding's database.
pub(crate) fn open(scene: &Scene<'_>) -> Result<Session, Failure> {
    sql::open(scene.inv, scene.want, None)
}

/// The statement that returns what it is given.
pub(crate) fn echo(text: &str) -> Step<'static> {
    Step::new("echo").with(Argument::Text(text.to_owned()))
}

/// A fresh secret.
pub(crate) fn secret(scene: &Scene<'_>) -> Result<Secret, Failure> {
    secrets::generate(scene.inv, "password")
}

/// Makes the role, and does `last` in the same transaction.
pub(crate) fn create(scene: &Scene<'_>, secret: &Secret, last: Step<'_>) -> Result<(), Failure> {
    open(scene)?.transact(&[Step::new("create").with(Argument::Secret(secret)), last]).map(drop)
}
