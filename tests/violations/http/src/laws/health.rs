//! Takes any answer for a working account.

use hallpass_connector::{Failure, Invocation, http};

pub(crate) fn check(inv: &Invocation) -> Result<(), Failure> {
    http::get(&format!("{}/me", http::base(inv, "url")?)).send().map(drop)
}
