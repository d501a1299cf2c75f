//! `schema.read`: a role of the holding's own that may read every table and sequence of one schema.

use hallpass_connector::grants::{Mark, Observation, Outcome, Presence};
use hallpass_connector::secrets::{self, Secret};
use hallpass_connector::sql::{self, Argument, Session, Step};
use hallpass_connector::{Attribute, Failure, Holding, Invocation};

use crate::{no_row, sessions_remain, settled};

/// What the server says of the role and the schema.
#[expect(clippy::struct_excessive_bools, reason = "one column of the statement each")]
struct State {
    database: String,
    schema_exists: bool,
    open_to_all: bool,
    role_exists: bool,
    login: bool,
    until_equal: bool,
    until: Option<u64>,
    mark: Option<String>,
    rights_whole: bool,
    sessions: i64,
}

impl State {
    fn read(session: &Session) -> Result<Self, Failure> {
        let page = session.query(&Step::new("schema-state"), 1)?;
        let row = page.record().ok_or_else(|| no_row("schema-state"))?;
        Ok(Self {
            database: row.text("database")?.to_owned(),
            schema_exists: row.boolean("schema_exists")?,
            open_to_all: row.boolean("open_to_all")?,
            role_exists: row.boolean("role_exists")?,
            login: row.boolean("login")?,
            until_equal: row.boolean("until_equal")?,
            until: match row.value("until_ms")? {
                sql::Value::Null => None,
                _ => u64::try_from(row.integer("until_ms")?).ok(),
            },
            mark: row.optional_text("mark")?.map(str::to_owned),
            rights_whole: row.boolean("rights_whole")?,
            sessions: row.integer("sessions")?,
        })
    }

    /// Whose mark is on the role: ours begins with the stamp; which attempt follows it is for the host to judge.
    fn mark(&self, stamp: &str) -> Mark {
        match &self.mark {
            None => Mark::Unmarked,
            Some(text) if text.strip_prefix(stamp).is_some_and(|rest| rest.starts_with('/')) => Mark::Ours,
            Some(_) => Mark::Foreign,
        }
    }

    /// Whether nothing is left to do for `want`. A mark that is missing is put back together with a fresh credential only.
    fn fits(&self, want: &Holding) -> bool {
        let usable = if want.suspended() { !self.login && self.sessions == 0 } else { self.login };
        self.role_exists && usable && self.until_equal && self.rights_whole && !want.fresh_credential()
    }
}

/// Makes the role and its rights what the holding says, in one transaction: a role without its mark, or with half of its rights, is
/// never seen. A table that was added to the schema later is covered again.
pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    let stamp = want.stamp();
    let session = sql::open(inv, Some(want), None)?;
    let state = State::read(&session)?;
    if !state.schema_exists {
        let message = format!("the database `{}` has no such schema; ask for one that exists", state.database);
        return Err(Failure::not_found("no-schema", message));
    }
    if state.role_exists && state.mark(&stamp) == Mark::Foreign {
        let message = format!("the role \"{stamp}\" carries the mark of somebody else; compare its comment with who made it");
        return Err(Failure::conflict("foreign-mark", message));
    }
    if state.fits(want) {
        return Ok(settled(stamp, true));
    }
    let secret = if !state.role_exists || want.fresh_credential() { Some(secrets::generate(inv, "password")?) } else { None };
    session.transact(&steps(&state, want, secret.as_ref()))?;
    // In a dry run the host ran nothing of it: there is no password to hand out.
    if inv.dry_run() {
        return Ok(settled(stamp, false));
    }
    if want.suspended() {
        let left = session.transact(&[Step::new("end-sessions")]).map_err(Failure::after_a_change)?;
        match left.iter().sum() {
            0 => {}
            left => return Err(sessions_remain(&stamp, left)),
        }
    }
    if let Some(secret) = secret {
        deliver(inv, secret, &stamp, &state.database).map_err(Failure::after_a_change)?;
    }
    Ok(settled(stamp, false))
}

/// The one transaction. The mark names the attempt whose password is in place, so it is written with a password and never alone.
fn steps<'a>(state: &State, want: &Holding, secret: Option<&'a Secret>) -> Vec<Step<'a>> {
    let mut steps = vec![Step::new("lock")];
    if let Some(secret) = secret {
        let statement = if state.role_exists { "password" } else { "create" };
        steps.push(Step::new(statement).with(Argument::Secret(secret)));
        steps.push(Step::new("mark"));
    }
    if state.role_exists {
        steps.push(Step::new("until"));
    }
    match (want.suspended(), state.login || !state.role_exists) {
        (true, true) => steps.push(Step::new("disable")),
        (false, false) => steps.push(Step::new("enable")),
        _ => {}
    }
    if !state.open_to_all {
        steps.push(Step::new("connect"));
    }
    steps.extend(["usage", "read-tables", "read-sequences"].map(Step::new));
    steps
}

/// Hands the password to whoever holds the grant, with what a client needs to use it.
fn deliver(inv: &Invocation, secret: Secret, user: &str, database: &str) -> Result<(), Failure> {
    let setting = |name: &str| inv.setting(name).unwrap_or_default();
    let public = [("user", user.to_owned()), ("host", setting("host")), ("port", setting("port")), ("database", database.to_owned())];
    let public = public.map(|(name, value)| Attribute { name: name.to_owned(), value });
    secrets::deliver(inv, secret, "PostgreSQL password", &public)
}

/// Looks at the role, without any effect.
pub(crate) fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
    let stamp = want.stamp();
    let state = State::read(&sql::open(inv, Some(want), None)?)?;
    let presence = match (state.role_exists, state.login) {
        (false, _) => Presence::Absent,
        (true, false) => Presence::Suspended,
        (true, true) => Presence::Present,
    };
    let details = [("rights_whole", state.rights_whole.to_string()), ("sessions", state.sessions.to_string())];
    Ok(Observation {
        presence,
        mark: state.mark(&stamp),
        locator: state.role_exists.then_some(stamp),
        until: state.until,
        details: details.map(|(name, value)| Attribute { name: name.to_owned(), value }).to_vec(),
    })
}
