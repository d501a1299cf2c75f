//! Reads page after page of the same rows. What a call may read is bounded over all of its pages.

use crate::scene::{Said, Scene, done, got_through, open};
use hallpass_connector::sql::Step;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let session = open(scene)?;
    let pages = (0..16).map(|_| session.query(&Step::new("flood"), u32::MAX)).collect::<Result<Vec<_>, _>>()?;
    let last = pages.last().map_or(0, |page| page.rows.len());
    if last == 0 { done() } else { Err(got_through(&format!("{last} rows on the sixteenth page"))) }
}
