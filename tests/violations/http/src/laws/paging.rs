//! Takes every status but 200 for "that was all".

use hallpass_connector::inventory::{Continuation, Page};
use hallpass_connector::{Failure, FailureKind, Invocation};

use crate::good;

pub(crate) fn list_page(inv: &Invocation, cursor: Option<&str>, limit: u32) -> Result<Page, Failure> {
    match good::list_page(inv, cursor, limit) {
        Err(failure) if failure.kind == FailureKind::Forbidden => Ok(Page { items: Vec::new(), after: Continuation::Complete }),
        answered => answered,
    }
}
