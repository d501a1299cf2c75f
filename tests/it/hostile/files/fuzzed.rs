//! A good connector with bytes of it changed, in many ways that are the same in every run: each is refused with a reason, or is a
//! connector like any other. None of them takes anything else down.

use std::collections::BTreeSet;

use hallpass_domain::ids::Digest;
use hallpass_domain::rng::{Rng as _, SeededRng};

use super::super::stage::{executor, load, stage};

const ROUNDS: u64 = 60;

pub(in super::super) fn load_many() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/wat/keep_a_borrow.wat");
    let component = hallpass_tests::guests::encoded(wat::parse_file(path).unwrap());
    let good = hallpass_build::embed(component, hallpass_tests::guests::manifest("fuzzed").as_bytes(), b"{\"rules\":[]}");
    let stage = stage();
    let mut reasons = BTreeSet::new();
    executor().block_on(async {
        for seed in 0..ROUNDS {
            let file = changed(&good, seed);
            match load(&stage.broker, &stage.operator, &file).await {
                Ok(digest) => assert_eq!(digest, Digest::of(&file)),
                Err(refusal) => {
                    let text = refusal.to_string();
                    assert!(text.contains("was not loaded: ") && !text.chars().any(char::is_control), "{seed}: {text:?}");
                    reasons.insert(text.chars().take(80).collect::<String>());
                }
            }
        }
        stage.neighbour_answers().await;
    });
    assert!(reasons.len() > 3, "the changes reach more than one check: {reasons:?}");
}

/// One to four bytes changed, before the manifest.
fn changed(good: &[u8], seed: u64) -> Vec<u8> {
    let rng = SeededRng::new(seed);
    let mut dice = [0_u8; 32];
    rng.fill(&mut dice).unwrap();
    let mut file = good.to_vec();
    let code = good.windows(17).position(|window| window == b"hallpass:manifest").unwrap();
    for turn in dice.chunks_exact(5).take(1 + usize::from(dice[31] % 4)) {
        let at = usize::from(u16::from_le_bytes([turn[0], turn[1]])) % (code - 8);
        file[8 + at] ^= turn[2].max(1);
    }
    file
}
