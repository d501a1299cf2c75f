//! Makes sets of headers and keeps them, for ever.

use hallpass_connector::bindings::reaching::wasi::http::types::Fields;

use crate::scene::{Said, Scene};

pub(crate) fn run(_: &Scene<'_>) -> Said {
    let mut kept = Vec::new();
    loop {
        kept.push(Fields::new());
    }
}
