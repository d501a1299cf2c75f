//! Takes a document in which there is nothing for a key that is not there.

use hallpass_connector::grants::{Mark, Observation, Presence};
use hallpass_connector::{Failure, Holding, Invocation, http};
use serde_json::json;

use crate::good;

pub(crate) fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
    let answer = http::get(&good::url(inv, want)?).send()?;
    if serde_json::from_slice(answer.body()).is_ok_and(|document: serde_json::Value| document == json!({})) {
        return Ok(good::seen(Presence::Absent, Mark::Unmarked));
    }
    good::observe(inv, want)
}
