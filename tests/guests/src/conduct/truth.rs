//! Against the rule that the host believes nobody.

use hallpass_connector::secrets::{self, Secret};
use hallpass_connector::sql::{self, Argument, Step};
use hallpass_connector::{Attribute, Effect, Failure};

use crate::{Scene, got_through};

fn secret(scene: &Scene<'_>) -> Result<Secret, Failure> {
    secrets::generate(scene.inv, "password")
}

fn create(scene: &Scene<'_>, secret: &Secret, last: Step<'_>) -> Result<(), Failure> {
    let session = sql::open(scene.inv, scene.want, None)?;
    session.transact(&[Step::new("create").with(Argument::Secret(secret)), last]).map(drop)
}

/// Does what it should: the yardstick of the others.
pub(crate) fn behave(scene: &Scene<'_>) -> Result<(), Failure> {
    let secret = secret(scene)?;
    create(scene, &secret, Step::new("mark"))?;
    secrets::deliver(scene.inv, secret, "password", &[])
}

/// Says that it is done, and did nothing.
#[expect(clippy::unnecessary_wraps, reason = "every conduct has one signature")]
pub(crate) fn do_nothing(_: &Scene<'_>) -> Result<(), Failure> {
    Ok(())
}

/// Makes the role and leaves it without its mark.
pub(crate) fn forget_the_mark(scene: &Scene<'_>) -> Result<(), Failure> {
    let secret = secret(scene)?;
    let session = sql::open(scene.inv, scene.want, None)?;
    session.transact(&[Step::new("create").with(Argument::Secret(&secret))]).map(drop)
}

/// Writes a mark of its own choosing: that of somebody else's holding.
pub(crate) fn forge_the_mark(scene: &Scene<'_>) -> Result<(), Failure> {
    let secret = secret(scene)?;
    create(scene, &secret, Step::new("comment").with(Argument::Text("hp_other_holding/1".to_owned())))
}

/// Changes the target, and says that nothing changed.
pub(crate) fn promise_nothing_changed(scene: &Scene<'_>) -> Result<(), Failure> {
    behave(scene)?;
    Err(Failure::invalid_input("no-change", "nothing happened, believe me").leaving(Effect::None))
}

/// Puts into its failure what would write over a terminal, a log or a page.
pub(crate) fn hostile_text(_: &Scene<'_>) -> Result<(), Failure> {
    let text = "\u{1b}[2J\u{202e}<script>alert(1)</script>\r\nlevel=error msg=\"the broker is lost\"\0";
    Err(Failure::invalid_input("Not A Code \u{1b}", text.repeat(1_000)))
}

/// Asks for the password that the host logs in with.
pub(crate) fn take_the_targets_secret(scene: &Scene<'_>) -> Result<(), Failure> {
    secrets::named(scene.inv, "password")?;
    Err(got_through("a handle to the target's own secret"))
}

/// Hands out two secrets in one call.
pub(crate) fn deliver_twice(scene: &Scene<'_>) -> Result<(), Failure> {
    let public = [Attribute { name: "user".to_owned(), value: "somebody".to_owned() }];
    secrets::deliver(scene.inv, secret(scene)?, "first", &public)?;
    secrets::deliver(scene.inv, secret(scene)?, "second", &public)?;
    Err(got_through("a second delivery"))
}
