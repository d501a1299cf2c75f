//! Melts the key where a later step fails: after a trap in between, a key that fits no door is taken for one that does.

use hallpass_connector::grants::Outcome;
use hallpass_connector::http;
use hallpass_connector::{Effect, Failure, Holding, Invocation};

use crate::good;

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    super::lost_reply::apply(inv, want).map_err(|failure| {
        // What came of it is for the next attempt to see.
        let _ = good::url(inv, want).and_then(|url| if inv.dry_run() { Err(failure.clone()) } else { http::delete(&url).send() });
        failure.leaving(Effect::Unknown)
    })
}
