//! The log of a broker at work.

use hallpass_audit::Finding;
use hallpass_tests::app::{MINUTE, TestApp};
use hallpass_tests::on_both_backends;

/// Whether the node says that it does not go on with the log.
async fn contradicted(app: &TestApp) -> bool {
    app.broker.readiness().await.problems.iter().any(|p| p.contains("contradicts"))
}

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

    async fn a_database_that_is_put_back_is_found_by_the_file_beside_it_and_not_signed_over(bed: Bed) {
        let app = TestApp::new(bed).await;
        app.settle().await;
        let admin = app.sign_in("admin").await;
        app.settle().await;
        let old = app.broker.verify_log(&admin, None).await.unwrap().size;
        app.tamper(&["CREATE TABLE tree_before AS SELECT id, bytes FROM tree"]).await;
        app.bot_reads(2 * MINUTE).await;
        app.settle().await;
        assert!(!contradicted(&app).await);
        let kept = app.kept_checkpoint();
        app.tamper(&[
            &format!("DELETE FROM events WHERE leaf_index >= {old}"),
            &format!("DELETE FROM checkpoints WHERE size > {old}"),
            "DELETE FROM tree",
            "INSERT INTO tree SELECT id, bytes FROM tree_before",
        ])
        .await;
        let report = app.broker.verify_log(&admin, None).await.unwrap();
        let found: Vec<_> = report.findings.iter().map(Finding::word).collect();
        assert_eq!(found, ["cut-tail", "rolled-back"], "{:?}", report.findings);
        let error = app.broker.settle_due().await.unwrap_err().to_string();
        assert!(error.contains("leaves are gone"), "{error}");
        app.sign_in("bot").await;
        app.broker.settle_due().await.unwrap_err();
        assert_eq!(app.broker.checkpoint(&admin).await.unwrap().map(|note| note.lines().nth(1).unwrap().to_owned()), Some(old.to_string()));
        assert_eq!(app.kept_checkpoint(), kept, "the witness stays as it was");
        assert!(contradicted(&app).await);
    }

    async fn an_event_filed_under_another_grant_and_a_changed_value_are_found(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(2 * MINUTE).await;
        app.settle().await;
        let admin = app.sign_in("admin").await;
        app.settle().await;
        app.tamper(&[
            &format!("UPDATE events SET grant_id = NULL WHERE grant_id = '{id}' AND kind = 'grant.activated'"),
            "UPDATE event_values SET value = 'nothing much' WHERE field = 'justification'",
        ])
        .await;
        let report = app.broker.verify_log(&admin, None).await.unwrap();
        let mut found: Vec<_> = report.findings.iter().map(Finding::word).collect();
        found.sort_unstable();
        assert_eq!(found, ["altered-value", "relabelled-leaf"], "{:?}", report.findings);
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
