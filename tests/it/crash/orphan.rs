//! A broker that the demo or a test started does not outlive them, however they end.

use hallpass_store::Backend;
use hallpass_tests::server::{PATIENCE, World, connector};

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_ends_with_the_process_that_started_it() {
    let mut world = World::new(Backend::Sqlite, connector().to_vec()).await;
    assert!(world.lives());
    world.orphan();
    assert!(world.died(PATIENCE).await);
}
