//! Asks other hosts by names that look like the target's: a dot behind, upper case, letters that browsers fold.

use crate::scene::{Said, Scene};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    scene.reach(&[
        "localhost.",
        "127.0.0.1.",
        "LOCALHOST",
        "LocalHost.",
        "\u{24db}ocalhost",
        "\u{2460}\u{2461}\u{2466}.\u{24ea}.\u{24ea}.\u{2460}",
        "127\u{3002}0\u{3002}0\u{3002}1",
        "xn--localhost-.example",
        "loc%61lhost",
        "localhost%00.example",
    ])
}
