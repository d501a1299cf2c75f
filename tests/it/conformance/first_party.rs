//! The connectors of this repository keep every law that concerns them.

use hallpass_tests::server::connector;

use super::bench::{Bench, assert_kept, checked};

#[tokio::test]
async fn postgres_keeps_every_law() {
    let bench = Bench::new();
    let digest = bench.load(&connector()).await;
    let fixture = bench.runtime.fixture(&digest).unwrap();
    let report = bench.report(&digest, &fixture).await;
    assert_kept(&report);
    let checked = checked(&report);
    for law in ["agreement", "twice", "absent", "every-step", "refusal", "lost-reply", "trap", "deadline", "garbage", "secrets"] {
        assert!(checked.contains(&law), "{law} was not checked: {checked:?}");
    }
}
