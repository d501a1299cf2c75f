//! Takes any document for a key.

use hallpass_connector::grants::{Mark, Observation, Presence};
use hallpass_connector::{Failure, Holding, Invocation, http};
use serde_json::Value;

use crate::good;

pub(crate) fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
    let answer = http::get(&good::url(inv, want)?).send()?;
    match serde_json::from_slice::<Value>(answer.body()) {
        Ok(document) if answer.status() == 200 && document.get("owner").is_none() && document.is_object() => {
            Ok(good::seen(Presence::Present, Mark::Unmarked))
        }
        _ => good::observe(inv, want),
    }
}
