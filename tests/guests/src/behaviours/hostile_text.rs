//! Puts into its failure what would write over a terminal, a log or a page.

use crate::scene::{Said, Scene};
use hallpass_connector::Failure;

pub(crate) fn run(_: &Scene<'_>) -> Said {
    let text = "\u{1b}[2J\u{202e}<script>alert(1)</script>\r\nlevel=error msg=\"the broker is lost\"\0";
    Err(Failure::invalid_input("Not A Code \u{1b}", text.repeat(1_000)))
}
