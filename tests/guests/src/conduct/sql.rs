//! Against the rule that only declared statements run, where and how they are declared.

use hallpass_connector::Failure;
use hallpass_connector::sql::{self, Argument, Session, Step, Value};

use crate::{Scene, got_through};

fn open(scene: &Scene<'_>) -> Result<Session, Failure> {
    sql::open(scene.inv, scene.want, None)
}

fn echo(text: &str) -> Step<'static> {
    Step::new("echo").with(Argument::Text(text.to_owned()))
}

/// Names SQL where a statement's name belongs.
pub(crate) fn run_undeclared(scene: &Scene<'_>) -> Result<(), Failure> {
    open(scene)?.query(&Step::new("SELECT 1"), 1)?;
    Err(got_through("SQL of its own"))
}

/// Runs a statement that changes something where only reads may run.
pub(crate) fn change_in_query(scene: &Scene<'_>) -> Result<(), Failure> {
    open(scene)?.query(&Step::new("mark"), 1)?;
    Err(got_through("a change in a query"))
}

/// Runs a change that its manifest calls a read.
pub(crate) fn lie_about_a_read(scene: &Scene<'_>) -> Result<(), Failure> {
    open(scene)?.query(&Step::new("lie"), 1)?;
    Err(got_through("a change that was declared as a read"))
}

/// Tries values that would end a literal, if nobody quoted them. Succeeds where each comes back as it went.
pub(crate) fn inject(scene: &Scene<'_>) -> Result<(), Failure> {
    let session = open(scene)?;
    for text in ["'", "'; DROP ROLE x; --", "\\'", "E'\\x27'", "{stamp}", "$1", "$$", "\u{2019}", "\n", "/*", "\u{feff}"] {
        let page = session.query(&echo(text), 1)?;
        match page.record().map(|row| row.value("anything").cloned()) {
            Some(Ok(Value::Text(back))) if back == text => {}
            _ => return Err(got_through(text)),
        }
    }
    match session.query(&echo("before\0after"), 1) {
        Err(_) => Ok(()),
        Ok(_) => Err(got_through("NUL")),
    }
}

/// Gives a statement too few, too many and wrong arguments. Succeeds where each is refused.
pub(crate) fn wrong_arguments(scene: &Scene<'_>) -> Result<(), Failure> {
    let session = open(scene)?;
    let steps = [Step::new("echo"), echo("one").with(Argument::Integer(2)), Step::new("echo").with(Argument::Identifier("x".to_owned()))];
    for (n, step) in steps.iter().enumerate() {
        if session.query(step, 1).is_ok() {
            return Err(got_through(&format!("arguments {n}")));
        }
    }
    Ok(())
}

/// Opens a database that nobody approved.
pub(crate) fn other_database(scene: &Scene<'_>) -> Result<(), Failure> {
    sql::open(scene.inv, scene.want, Some("template1"))?;
    Err(got_through("another database"))
}

/// Opens a database that a declared statement named: right in `revoke`, and only after the statement ran.
pub(crate) fn learned_database(scene: &Scene<'_>) -> Result<(), Failure> {
    let session = open(scene)?;
    if sql::open(scene.inv, scene.want, Some("template1")).is_ok() {
        return Err(got_through("a database that no statement named yet"));
    }
    session.query(&Step::new("databases"), 10)?;
    sql::open(scene.inv, scene.want, Some("template1")).map(drop)
}

/// Asks for more rows than fit anywhere. Succeeds where the page is cut.
pub(crate) fn flood_of_rows(scene: &Scene<'_>) -> Result<(), Failure> {
    let page = open(scene)?.query(&Step::new("flood"), u32::MAX)?;
    if page.truncated { Ok(()) } else { Err(got_through(&format!("{} rows", page.rows.len()))) }
}

/// Reads a value of a type that is in no closed list.
pub(crate) fn strange_type(scene: &Scene<'_>) -> Result<(), Failure> {
    open(scene)?.query(&Step::new("strange"), 1)?;
    Err(got_through("a point"))
}

/// Waits in the database, past any deadline.
pub(crate) fn sleep_in_the_database(scene: &Scene<'_>) -> Result<(), Failure> {
    open(scene)?.transact(&[Step::new("sleep")])?;
    Err(got_through("ten minutes"))
}
