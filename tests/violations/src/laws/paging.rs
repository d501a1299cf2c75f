//! Pages that leave something out, show something twice, or lead in a circle.

use hallpass_connector::inventory::{Continuation, Page};
use hallpass_connector::{Failure, Invocation};

use crate::good;

/// Leaves the first item of every page but the first out.
pub(crate) fn gap(inv: &Invocation, cursor: Option<String>, limit: u32) -> Result<Page, Failure> {
    let later = cursor.is_some();
    let mut page = good::list_page(inv, cursor, limit)?;
    if later && !page.items.is_empty() {
        page.items.remove(0);
    }
    Ok(page)
}

/// Begins every page but the first with what the page before ended with.
pub(crate) fn twice(inv: &Invocation, cursor: Option<String>, limit: u32) -> Result<Page, Failure> {
    let before = cursor.clone();
    let mut page = good::list_page(inv, cursor, limit)?;
    if before.is_some() {
        let mut first = good::list_page(inv, None, 1)?;
        page.items.truncate(usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(1));
        page.items.append(&mut first.items);
    }
    Ok(page)
}

/// Never says that it is complete: behind the last page comes an empty one, again and again.
pub(crate) fn round_and_round(inv: &Invocation, cursor: Option<String>, limit: u32) -> Result<Page, Failure> {
    let next = |at: &str| Continuation::Next(at.to_owned());
    match cursor.as_deref() {
        Some("round") => Ok(Page { items: Vec::new(), after: next("and round") }),
        Some("and round") => Ok(Page { items: Vec::new(), after: next("round") }),
        _ => {
            let page = good::list_page(inv, cursor, limit)?;
            let after = if matches!(page.after, Continuation::Complete) { next("round") } else { page.after };
            Ok(Page { items: page.items, after })
        }
    }
}
