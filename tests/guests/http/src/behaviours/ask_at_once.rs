//! Asks for more answers at once than a call may wait for.

use hallpass_connector::bindings::reaching::wasi::http::types::FutureIncomingResponse;
use hallpass_connector::bindings::reaching::wasi::io::poll;

use crate::raw::{Raw, wait};
use crate::scene::{Said, Scene, got_through};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let waiting: Vec<_> = (0..20).map(|_| Raw::get(&scene.at("/v1/silent")).begin()).collect::<Result<_, _>>()?;
    let pollables: Vec<_> = waiting.iter().map(FutureIncomingResponse::subscribe).collect();
    // Nobody ever answers: what is ready was refused.
    let ready = poll::poll(&pollables.iter().collect::<Vec<_>>());
    match ready.first().and_then(|at| waiting.get(*at as usize)) {
        Some(refused) => wait(refused).and_then(|_| Err(got_through("who never answers answered"))),
        None => Err(got_through("nothing was ready, and the wait ended")),
    }
}
