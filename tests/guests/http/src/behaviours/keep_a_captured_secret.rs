//! Makes the target make a key, and looks for it everywhere: in the answer, in a later one, under its handle.

use hallpass_connector::secrets;

use crate::raw::{Raw, hear, wait};
use crate::scene::{Said, Scene, seen, whole};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let (body, answer) = Raw::post(&scene.at("/keys")).open()?;
    let _ = hallpass_connector::bindings::reaching::wasi::http::types::OutgoingBody::finish(body, None);
    let minted = hear(&wait(&answer)?)?;
    let listed = Raw::get(&scene.at("/keys")).send()?;
    let handle = secrets::captured(scene.inv, "key")?;
    let other = secrets::captured(scene.inv, "token").is_ok();
    secrets::deliver(scene.inv, handle, "key", &[])?;
    seen(&format!("{} {} {other}", whole(&minted), whole(&listed)))
}
