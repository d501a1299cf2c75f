//! Taking a provisioned role away, whatever it left where.
//!
//! First nobody can log in, then nobody is logged in, then what depends on the role goes, database by database, and last the role. Each
//! step may be the last one before a crash: the next attempt begins again and finds less to do.

use hallpass_connector::grants::Outcome;
use hallpass_connector::sql::{self, Session, Step};
use hallpass_connector::{Failure, Holding, Invocation};

use crate::{open_to_revoke, sessions_remain, settled};

/// A database in which something depends on the role.
struct Depending {
    database: String,
    owned: i64,
}

/// Removes the role of the holding. Absent is success.
pub(crate) fn revoke(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    let stamp = want.stamp();
    let session = open_to_revoke(inv, want)?;
    if session.query(&Step::new("role-exists"), 1)?.rows.is_empty() {
        return Ok(settled(stamp, true));
    }
    session.transact(&[Step::new("disable")])?;
    remove(inv, want, session, &stamp).map_err(Failure::after_a_change)?;
    Ok(settled(stamp, false))
}

/// Everything after the role can no longer log in.
fn remove(inv: &Invocation, want: &Holding, session: Session, stamp: &str) -> Result<(), Failure> {
    end_sessions(&session, stamp)?;
    let depending = depending(&session)?;
    let reassign = match (depending.iter().find(|found| found.owned > 0), inv.setting("owned_objects").as_deref()) {
        (None, _) => false,
        (Some(_), Some("reassign")) => true,
        (Some(found), _) => return Err(owns_objects(found, stamp)),
    };
    // A host gives a call only a few sessions at once; the first one is not needed before the end.
    drop(session);
    for found in depending {
        let there = sql::open(inv, Some(want), Some(&found.database))?;
        there.transact(&cleaning(reassign && found.owned > 0))?;
    }
    let session = open_to_revoke(inv, want)?;
    // A login that was under way while the role was disabled shows itself only now.
    end_sessions(&session, stamp)?;
    session.transact(&[Step::new("lock"), Step::new("drop")])?;
    Ok(())
}

/// One database, in one transaction. A manager that is no superuser may touch what a role has only as its member.
fn cleaning(reassign: bool) -> Vec<Step<'static>> {
    let mut steps = vec![Step::new("lock"), Step::new("take-membership")];
    if reassign {
        steps.push(Step::new("reassign-owned"));
    }
    steps.push(Step::new("drop-owned"));
    steps
}

fn end_sessions(session: &Session, stamp: &str) -> Result<(), Failure> {
    match session.transact(&[Step::new("end-sessions")])?.iter().sum() {
        0 => Ok(()),
        left => Err(sessions_remain(stamp, left)),
    }
}

/// The databases, of which more than a thousand are left for the next attempt: the last step then fails and says so.
fn depending(session: &Session) -> Result<Vec<Depending>, Failure> {
    let page = session.query(&Step::new("depending-databases"), 1_000)?;
    page.records().map(|row| Ok(Depending { database: row.text("database")?.to_owned(), owned: row.integer("owned")? })).collect()
}

fn owns_objects(found: &Depending, stamp: &str) -> Failure {
    Failure::conflict(
        "owns-objects",
        format!(
            "the role \"{stamp}\" owns objects ({}) in the database `{}`, which would be lost with it: drop them, give them to somebody with \
             REASSIGN OWNED, or set `owned_objects` of this target to `reassign`; the role can no longer log in",
            found.owned, found.database
        ),
    )
}
