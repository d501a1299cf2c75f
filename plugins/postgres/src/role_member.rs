//! `role.member`: an existing account is a member of one role for a while. A membership has no room for a mark; the broker's baseline
//! decides whether it is ours to take away. Roles belong to the whole server, so the resource names no database: a membership is one holding,
//! and the target's own database is the one to work in.

use hallpass_connector::grants::{Mark, Observation, Outcome, Presence};
use hallpass_connector::sql::{self, Session, Step};
use hallpass_connector::{Attribute, Failure, Holding, Invocation};

use crate::{no_row, sessions_remain, settled};

struct State {
    role_exists: bool,
    account_exists: bool,
    member: bool,
    sessions: i64,
}

impl State {
    fn read(session: &Session) -> Result<Self, Failure> {
        let page = session.query(&Step::new("member-state"), 1)?;
        let row = page.record().ok_or_else(|| no_row("member-state"))?;
        Ok(Self {
            role_exists: row.boolean("role_exists")?,
            account_exists: row.boolean("account_exists")?,
            member: row.boolean("member")?,
            sessions: row.integer("sessions")?,
        })
    }
}

/// Makes the account a member. One that is a member already stays as it is, admin option and all.
pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    if want.suspended() {
        let message = "a membership cannot be there and unusable: it is taken away and given back";
        return Err(Failure::unsupported("cannot-suspend", message));
    }
    let session = sql::open(inv, Some(want), None)?;
    let state = State::read(&session)?;
    if !state.role_exists {
        return Err(Failure::not_found("no-role", "the server has no role of this name; ask for one that exists"));
    }
    if !state.account_exists {
        let message = "the server has no role of the account's name; create it, or map the principal to another account";
        return Err(Failure::not_found("no-account", message));
    }
    if !state.member {
        session.transact(&[Step::new("lock"), Step::new("join")])?;
    }
    Ok(settled(want.resource(), state.member))
}

/// Ends the membership, and then the account's sessions: a session that took the role on keeps it until it ends. They are ended also
/// where the membership is gone already, because an earlier attempt may have come no further than that.
pub(crate) fn revoke(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    let session = sql::open(inv, Some(want), None)?;
    let state = State::read(&session)?;
    if state.member {
        session.transact(&[Step::new("lock"), Step::new("leave")])?;
        if State::read(&session).map_err(Failure::after_a_change)?.member {
            let message = "the account is still a member: somebody else granted it too, and only they or a superuser can revoke that";
            return Err(Failure::conflict("granted-by-another", message).after_a_change());
        }
    }
    let left = session.transact(&[Step::new("end-account-sessions")]);
    match left.map_err(|failure| if state.member { failure.after_a_change() } else { failure })?.iter().sum() {
        0 => Ok(settled(want.resource(), !state.member && state.sessions == 0)),
        left => Err(sessions_remain(&want.account().unwrap_or_default(), left)),
    }
}

/// Looks at the membership, without any effect.
pub(crate) fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
    let state = State::read(&sql::open(inv, Some(want), None)?)?;
    let presence = if state.member { Presence::Present } else { Presence::Absent };
    let details = [("role_exists", state.role_exists), ("account_exists", state.account_exists)];
    let details = details.map(|(name, value)| Attribute { name: name.to_owned(), value: value.to_string() });
    Ok(Observation { presence, mark: Mark::Unmarked, locator: Some(want.resource()), until: None, details: details.to_vec() })
}
