//! Takes a key that is there for one that fits: after a break in between it opens no door.

use hallpass_connector::grants::Outcome;
use hallpass_connector::{Failure, Holding, Invocation};

use crate::good;

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    let key = good::key(inv, &good::url(inv, want)?)?;
    let Some(key) = key.filter(|_| !inv.dry_run()) else { return good::apply(inv, want) };
    good::cut(inv, want, Some(&key))?;
    if key.open == want.suspended() {
        good::turn(inv, want)?;
    }
    Ok(good::settled(want, true))
}
