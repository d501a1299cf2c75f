//! The log of a broker at work.

use hallpass_tests::app::{MINUTE, TestApp};
use hallpass_tests::on_both_backends;

on_both_backends! {
    async fn every_event_gets_its_place_and_the_log_is_whole(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(2 * MINUTE).await;
        app.settle().await;
        let admin = app.sign_in("admin").await;
        app.settle().await;
        let early = app.broker.checkpoint(&admin).await.unwrap().unwrap();
        app.after(2 * MINUTE).await;
        let report = app.broker.verify_log(&admin, Some(&early)).await.unwrap();
        assert!(report.is_whole(), "{:?}", report.findings);
        assert!(report.size > 10 && report.unsequenced.is_empty(), "{report:?}");
        let story = app.story(&id).await;
        assert_eq!(story.last().map(String::as_str), Some("grant.ended"));
    }

    async fn the_log_holds_no_free_text(bed: Bed) {
        let app = TestApp::new(bed).await;
        app.bot_reads(2 * MINUTE).await;
        app.settle().await;
        let events = app.broker.events(&app.sign_in("admin").await, hallpass_broker::EventFilter::default(), None, 1_000).await.unwrap();
        assert!(!events.is_empty());
        for event in events {
            let leaf = event.leaf.to_string();
            assert!(!leaf.contains("the tests need it") && !leaf.contains("secret-"), "{leaf}");
        }
    }
}
