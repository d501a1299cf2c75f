//! No secret shows in an output, a log line or an error: of everything that was said in all laws before.

use std::future::{Ready, ready};

use crate::bench::{Bench, Law, broken};

pub(super) fn check(bench: &Bench<'_>) -> Ready<Law> {
    ready(match bench.leak() {
        None => Ok(()),
        Some((item, word)) => {
            let shown: String = word.chars().take(80).collect();
            let mend = "Keep what the target hands out as a secret out of locators, details, log lines and messages";
            Err(broken(item, format!("a canary secret shows: \"{shown}\""), mend))
        }
    })
}
