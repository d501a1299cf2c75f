//! PostgreSQL as a target.
use hallpass_connector::grants::{Grants, Mark, Observation, Outcome, Presence, Settled};
use hallpass_connector::sql::{self, Step};
use hallpass_connector::{Failure, Health, Holding, Invocation};

struct Postgres;

impl Grants for Postgres {
    fn apply(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
        sql::open(inv, Some(want), None)?.transact(&[Step::new("join")])?;
        Ok(Outcome::Settled(Settled { locator: want.stamp(), already: false, replaced: vec![] }))
    }
    fn revoke(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
        let left = sql::open(inv, Some(want), None)?.transact(&[Step::new("leave")])?;
        let already = left.iter().all(|rows| *rows == 0);
        Ok(Outcome::Settled(Settled { locator: want.stamp(), already, replaced: vec![] }))
    }
    fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
        let page = sql::open(inv, Some(want), None)?.query(&Step::new("member"), 1)?;
        let presence = if page.rows.is_empty() { Presence::Absent } else { Presence::Present };
        Ok(Observation { presence, mark: Mark::Unmarked, locator: Some(want.stamp()), until: None, details: vec![] })
    }
}
impl Health for Postgres {
    fn check(inv: &Invocation) -> Result<(), Failure> {
        sql::open(inv, None, None)?.query(&Step::new("ready"), 1)?;
        Ok(())
    }
}
hallpass_connector::connector!(Postgres: grants, health);
