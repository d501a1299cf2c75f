//! Logs a secret that it read in the target.

use hallpass_connector::grants::Outcome;
use hallpass_connector::log::Level;
use hallpass_connector::sql;
use hallpass_connector::{Failure, Holding, Invocation};

use crate::good;

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    if !good::is_list(want)
        && let Some(key) = good::key(&sql::open(inv, Some(want), None)?)?
    {
        inv.log(Level::Debug, &format!("the token is {}", key.token), &[]);
    }
    good::apply(inv, want)
}
