//! Looks at its own request after the host has sent it: the credential is not in it.

use hallpass_connector::bindings::reaching::wasi::http::outgoing_handler;

use crate::raw::{Raw, hear, wait};
use crate::scene::{Said, Scene, seen};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let request = Raw::get(&scene.at("/v1/echo")).header("x-mine", "1");
    let outgoing = request.outgoing()?;
    // The very headers of the request, held on to while the host has them.
    let kept = outgoing.headers();
    let before = kept.entries();
    let future = outgoing_handler::handle(outgoing, None).map_err(|e| hallpass_connector::Failure::internal("broken", format!("{e:?}")))?;
    hear(&wait(&future)?)?;
    let after = kept.entries();
    seen(&format!("{} {}: {:?}", before.len(), after.len(), after.iter().map(|(name, _)| name).collect::<Vec<_>>()))
}
