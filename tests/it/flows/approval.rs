//! Who may decide, and how much (laws 6, 7, 9).

use hallpass_broker::{BrokerError, NewVerdict, Page};
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::grant::GrantState;
use hallpass_domain::request::{RequestState, Verdict};
use hallpass_store::{StoreResult, run_tx};
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

    async fn a_stage_whose_time_is_over_takes_no_verdict_even_before_the_engine_looks(bed: Bed) {
        let app = TestApp::new(bed).await;
        let asked = app.ask("dave", "role.member", ROLE, MINUTE).await.unwrap();
        app.advance(60 * MINUTE).await;
        let late = app.approve("carol", &asked.request.id, None).await;
        assert!(matches!(late, Err(BrokerError::Conflict(_))), "{late:?}");
    }

    async fn a_time_out_that_comes_late_leaves_the_next_stage_alone(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.ask("dave", "role.member", ROLE, MINUTE).await.unwrap().request.id;
        app.advance(60 * MINUTE).await;
        let (held, waits) = tokio::sync::oneshot::channel();
        let decide = async {
            let mut held = Some(held);
            let done: StoreResult<()> = run_tx!(app.store, "test.decide", |tx| -> StoreResult<()> {
                let mut request = tx.reads().request(&id).await?.unwrap();
                request.stages.push(request.stages[0].clone());
                request.state = RequestState::Pending { stage: 1, since: tx.store().now() };
                tx.update_request(&request).await?;
                tx.emit(Event::new(EventKind::ApprovalGiven, &id).request(&id)).await?;
                held.take().unwrap().send(()).unwrap();
                // Time for the engine to read what is not true any more, and to come to where it waits.
                for _ in 0..200 {
                    app.store.reads().await?.request(&id).await?;
                    tokio::task::yield_now().await;
                }
                Ok(())
            });
            done.unwrap();
        };
        let engine = async {
            waits.await.unwrap();
            app.settle().await;
        };
        tokio::join!(decide, engine);
        let request = app.broker.request(&app.sign_in("admin").await, &id).await.unwrap().request;
        assert!(matches!(request.state, RequestState::Pending { stage: 1, .. }), "{:?}", request.state);
    }

    async fn a_limit_that_policy_sets_meanwhile_holds_at_the_last_verdict(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.ask("dave", "role.member", ROLE, 30 * MINUTE).await.unwrap().request.id;
        app.set_group("juniors", &["dave"]).await;
        app.approve("carol", &id, None).await.unwrap();
        let refused = app.approve("dan", &id, None).await;
        assert!(matches!(refused, Err(BrokerError::TooLong { .. })), "{refused:?}");
        assert!(app.approve("dan", &id, Some(5 * MINUTE)).await.unwrap().grant.is_some(), "narrowed to what is allowed");
    }

    async fn a_verdict_on_what_policy_forbids_by_now_is_refused(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.ask("dave", "role.member", ROLE, MINUTE).await.unwrap().request.id;
        app.set_group("on-leave", &["dave"]).await;
        let refused = app.approve("carol", &id, None).await;
        assert!(matches!(refused, Err(BrokerError::PolicyDenied { .. })), "{refused:?}");
    }

    async fn what_policy_forbids_between_the_verdict_and_the_activation_ends(bed: Bed) {
        let app = TestApp::new(bed).await;
        let id = app.dave_administers(MINUTE).await;
        app.set_group("on-leave", &["dave"]).await;
        app.settle().await;
        let grant = app.grant(&id).await.grant;
        assert_eq!((grant.state, grant.activated), (GrantState::Failed, None));
        assert!(app.scripted.held().is_empty());
        assert!(grant.last_failure.unwrap_or_default().contains("on leave"), "the reason is named");
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
