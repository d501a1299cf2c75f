//! Makes sets of headers and keeps them, for ever. Says when it has more than a hundred.

use hallpass_connector::bindings::reaching::wasi::http::types::Fields;
use hallpass_connector::log::Level;

use crate::scene::{Said, Scene};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let mut kept = Vec::new();
    loop {
        kept.push(Fields::new());
        if kept.len() == 101 {
            scene.inv.log(Level::Info, "more than a hundred kept", &[]);
        }
    }
}
