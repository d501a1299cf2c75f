//! Logs a secret that the target answers with and the manifest does not capture.

use hallpass_connector::grants::Outcome;
use hallpass_connector::log::Level;
use hallpass_connector::{Failure, Holding, Invocation};

use crate::good;

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    if let Some(key) = good::key(inv, &good::url(inv, want)?)? {
        inv.log(Level::Debug, &format!("the spare key is {}", key.spare), &[]);
    }
    good::apply(inv, want)
}
