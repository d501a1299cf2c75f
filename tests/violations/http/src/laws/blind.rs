//! Takes every status but 200 for "not there".

use hallpass_connector::grants::{Mark, Observation, Presence};
use hallpass_connector::{Failure, Holding, Invocation, http};

use crate::good;

pub(crate) fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
    if http::get(&good::url(inv, want)?).send()?.status() == 200 {
        return good::observe(inv, want);
    }
    Ok(good::seen(Presence::Absent, Mark::Unmarked))
}
