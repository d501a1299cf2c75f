//! Takes what is gone for an error.

use hallpass_connector::grants::Outcome;
use hallpass_connector::{Failure, Holding, Invocation, http};

use crate::good;

pub(crate) fn revoke(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    if !inv.dry_run() {
        http::delete(&good::url(inv, want)?).send()?.success()?;
    }
    Ok(good::settled(want, false))
}
