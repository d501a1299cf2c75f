//! Has secrets pass through its hands by handle (the target's own, one that the target makes and one that the host makes), and then looks
//! for them in all of its memory.

use std::hint::black_box;

use hallpass_connector::bindings::reaching::wasi::http::types::OutgoingBody;
use hallpass_connector::secrets;

use crate::raw::{Raw, hear, wait};
use crate::scene::{Said, Scene, got_through, seen};

/// Beginnings of the secrets that the test knows, and of what is surely there: masked, so that they are not what is found.
const TOKEN: [u8; 16] = masked(b"c4narybird/t0ken");
const KEY: [u8; 16] = masked(b"m1nted/by+the=ta");
const MADE: [u8; 16] = masked(b"WlpaWlpaWlpaWlpa");
const OWN: [u8; 16] = masked(b"in-its-own-memor");

const fn masked(text: &[u8; 16]) -> [u8; 16] {
    let (mut out, mut at) = ([0; 16], 0);
    while at < 16 {
        out[at] = text[at] ^ 0x55;
        at += 1;
    }
    out
}

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let (body, answer) = Raw::post(&scene.at("/keys")).open()?;
    let _ = OutgoingBody::finish(body, None);
    let minted = hear(&wait(&answer)?)?;
    let echoed = Raw::get(&scene.at("/v1/echo")).send()?;
    let captured = secrets::captured(scene.inv, "key")?;
    let made = secrets::generate(scene.inv, "password")?;
    let own: Vec<u8> = OWN.iter().map(|byte| black_box(byte ^ 0x55)).collect();
    if !lies_in_memory(&OWN) {
        return Err(got_through("it looks and does not find what is there"));
    }
    drop(black_box(own));
    let known = [("the token", &TOKEN), ("the key", &KEY), ("the password", &MADE)];
    let found = || known.iter().find(|(_, secret)| lies_in_memory(secret)).map(|(what, _)| got_through(what));
    if let Some(found) = found() {
        return Err(found);
    }
    secrets::deliver(scene.inv, made, "password", &[])?;
    if let Some(found) = found() {
        return Err(found);
    }
    drop(black_box((minted, echoed, captured)));
    seen("nothing")
}

/// Whether the text that is masked here stands anywhere in the memory of this instance.
fn lies_in_memory(secret: &[u8; 16]) -> bool {
    (1..memory_bytes().saturating_sub(secret.len())).any(|from| secret.iter().enumerate().all(|(at, byte)| byte_at(from + at) ^ 0x55 == *byte))
}

/// None where the code is only checked, for another machine than the sandbox.
fn memory_bytes() -> usize {
    #[cfg(target_arch = "wasm32")]
    let pages = core::arch::wasm32::memory_size(0);
    #[cfg(not(target_arch = "wasm32"))]
    let pages = 0;
    pages * 65_536
}

#[expect(unsafe_code, reason = "whoever attacks reads whatever the sandbox lets it read")]
fn byte_at(address: usize) -> u8 {
    // SAFETY: every address below the size of the memory can be read.
    unsafe { std::ptr::with_exposed_provenance::<u8>(address).read_volatile() }
}
