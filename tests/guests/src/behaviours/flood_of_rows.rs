//! Asks for more rows than fit anywhere. Succeeds where the page is cut.

use crate::scene::{Said, Scene, done, got_through, open};
use hallpass_connector::sql::Step;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let page = open(scene)?.query(&Step::new("flood"), u32::MAX)?;
    if page.truncated { done() } else { Err(got_through(&format!("{} rows", page.rows.len()))) }
}
