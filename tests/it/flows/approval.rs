//! Who may decide, and how much (laws 6, 7, 9).

use hallpass_broker::{BrokerError, NewVerdict, Page};
use hallpass_domain::grant::GrantState;
use hallpass_domain::request::{RequestState, Verdict};
use hallpass_tests::app::{MINUTE, ROLE, SCHEMA, TestApp};
use hallpass_tests::on_both_backends;

on_both_backends! {
    async fn the_owner_of_an_agent_cannot_approve_for_it(bed: Bed) {
        let app = TestApp::new(bed).await;
        let asked = app.ask("bot", "schema.read", SCHEMA, MINUTE).await.unwrap();
        // alice is a member of data-team; only that she owns the agent stands in her way.
        let refused = app.approve("alice", &asked.request.id, None).await;
        assert!(matches!(refused, Err(BrokerError::Forbidden { .. })), "{refused:?}");
        assert!(app.approve("bob", &asked.request.id, None).await.unwrap().grant.is_some());
    }

    async fn nobody_approves_their_own_request(bed: Bed) {
        let app = TestApp::new(bed).await;
        let asked = app.ask("dave", "role.member", ROLE, MINUTE).await.unwrap();
        let refused = app.approve("dave", &asked.request.id, None).await;
        assert!(matches!(refused, Err(BrokerError::Forbidden { .. })), "{refused:?}");
    }

    async fn one_human_counts_once(bed: Bed) {
        let app = TestApp::new(bed).await;
        let asked = app.ask("dave", "role.member", ROLE, MINUTE).await.unwrap();
        assert!(app.approve("carol", &asked.request.id, None).await.unwrap().grant.is_none());
        let again = app.approve("carol", &asked.request.id, None).await;
        assert!(matches!(again, Err(BrokerError::Taken(_))), "{again:?}");
        assert!(app.approve("dan", &asked.request.id, None).await.unwrap().grant.is_some());
    }

    async fn the_shortest_narrowing_holds(bed: Bed) {
        let app = TestApp::new(bed).await;
        let asked = app.ask("dave", "role.member", ROLE, 30 * MINUTE).await.unwrap();
        app.approve("carol", &asked.request.id, Some(20_000)).await.unwrap();
        let view = app.approve("dan", &asked.request.id, Some(10 * MINUTE)).await.unwrap();
        let grant = app.grant(&view.grant.unwrap()).await;
        assert_eq!(grant.grant.duration_ms, 20_000);
    }

    async fn an_approver_cannot_widen(bed: Bed) {
        let app = TestApp::new(bed).await;
        let asked = app.ask("bot", "schema.read", SCHEMA, MINUTE).await.unwrap();
        let refused = app.approve("bob", &asked.request.id, Some(2 * MINUTE)).await;
        assert!(matches!(refused, Err(BrokerError::Invalid { field: "narrowed_ms", .. })), "{refused:?}");
    }

    async fn a_text_that_does_not_fit_is_named_by_its_field(bed: Bed) {
        let app = TestApp::new(bed).await;
        let asked = app.ask("bot", "schema.read", SCHEMA, MINUTE).await.unwrap();
        let unfit = NewVerdict { verdict: Verdict::Deny, narrowed_ms: None, reason: Some("a\0b".into()) };
        let refused = app.broker.decide(&app.sign_in("bob").await, &asked.request.id, unfit).await;
        assert!(matches!(refused, Err(BrokerError::Invalid { field: "reason", .. })), "{refused:?}");
    }

    async fn asking_for_too_much_names_the_limit(bed: Bed) {
        let app = TestApp::new(bed).await;
        let refused = app.ask("dave", "role.member", ROLE, 60 * MINUTE).await.unwrap_err();
        assert_eq!(refused.to_string(), "1h was asked for, the limit is 30m");
        assert!(matches!(refused, BrokerError::TooLong { .. }));
    }

    async fn ended_is_final(bed: Bed) {
        let app = TestApp::new(bed).await;
        let asked = app.ask("bot", "schema.read", SCHEMA, MINUTE).await.unwrap();
        let deny = NewVerdict { verdict: Verdict::Deny, narrowed_ms: None, reason: Some("not now".into()) };
        app.broker.decide(&app.sign_in("bob").await, &asked.request.id, deny).await.unwrap();
        let late = app.approve("bob", &asked.request.id, None).await;
        assert!(matches!(late, Err(BrokerError::Conflict(_))), "{late:?}");
        let withdrawn = app.broker.withdraw(&app.sign_in("bot").await, &asked.request.id).await;
        assert!(matches!(withdrawn, Err(BrokerError::Conflict(_))), "{withdrawn:?}");
    }

    async fn a_stage_that_nobody_decides_escalates_and_the_request_lapses(bed: Bed) {
        let app = TestApp::new(bed).await;
        let asked = app.ask("bot", "schema.read", SCHEMA, MINUTE).await.unwrap();
        // Before that it is no business of the group that the stage may escalate to, and not for it to read.
        let (carol, id) = (app.sign_in("carol").await, &asked.request.id);
        assert!(matches!(app.broker.request(&carol, id).await, Err(BrokerError::NotFound { .. })));
        assert!(matches!(app.approve("carol", id, None).await, Err(BrokerError::NotFound { .. })));
        assert!(app.broker.inbox(&carol, Page::default()).await.unwrap().items.is_empty());
        app.after(60 * MINUTE).await;
        assert_eq!(app.broker.inbox(&carol, Page::default()).await.unwrap().items.len(), 1);
        let other = app.ask("bot", "schema.read", SCHEMA, MINUTE).await.unwrap();
        assert!(app.approve("carol", &asked.request.id, None).await.unwrap().grant.is_some(), "dba may decide after the time-out");
        app.after(25 * 60 * MINUTE).await;
        let view = app.broker.request(&app.sign_in("admin").await, &other.request.id).await.unwrap();
        assert!(matches!(view.request.state, RequestState::Lapsed { .. }), "{:?}", view.request.state);
    }

    async fn an_offboarded_owner_ends_what_the_agent_holds(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.bot_reads(5 * MINUTE).await;
        app.settle().await;
        app.broker.offboard_principal(&app.sign_in("admin").await, app.id("alice")).await.unwrap();
        app.settle().await;
        assert_eq!(app.grant(&id).await.grant.state, GrantState::Revoked);
        assert!(app.scripted.held().is_empty());
        let assertion = app.assertion("bot");
        assert!(matches!(app.broker.issue_session(assertion.expose()).await, Err(BrokerError::Unauthenticated { .. })));
    }

    async fn one_principal_has_so_many_requests_waiting_and_no_more(bed: Bed) {
        let app = TestApp::new(bed).await;
        let mut asked = Vec::new();
        for _ in 0..100 {
            asked.push(app.ask("bot", "schema.read", SCHEMA, MINUTE).await.unwrap().request.id);
        }
        let refused = app.ask("bot", "schema.read", SCHEMA, MINUTE).await;
        assert!(matches!(refused, Err(BrokerError::TooMany { .. })), "{refused:?}");
        app.broker.withdraw(&app.sign_in("bot").await, &asked[0]).await.unwrap();
        app.ask("bot", "schema.read", SCHEMA, MINUTE).await.unwrap();
        let refused = app.ask("bot", "schema.read", SCHEMA, MINUTE).await;
        assert!(matches!(refused, Err(BrokerError::TooMany { .. })), "{refused:?}");
    }
}
