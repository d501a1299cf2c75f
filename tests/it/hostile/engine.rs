//! What an operator sees of a grant whose connector misbehaves: through the engine, as in life.

use std::time::Duration;

use hallpass::client::Until;
use hallpass_broker::{GrantView, NewRequest};
use hallpass_domain::grant::{GrantState, SeenBy};
use hallpass_domain::ids::GrantId;
use hallpass_domain::port::{Connector as _, Wish};
use hallpass_tests::app::name;

use super::site::{self, Site};
use super::stage::{Stage, executor, stage};

/// Asks for access whose connector behaves like this; it is approved at once.
async fn granted(stage: &Stage, behaviour: &str) -> GrantId {
    let target = format!("target-{}", behaviour.replace('_', "-"));
    stage.add_target(&target, &stage.guests, behaviour, &[]).await;
    asked(stage, &target).await
}

/// Asks for access to this target; it is approved at once.
async fn asked(stage: &Stage, target: &str) -> GrantId {
    asked_for(stage, target, "role.exist").await
}

/// The same of another entitlement.
async fn asked_for(stage: &Stage, target: &str, entitlement: &str) -> GrantId {
    let ask = NewRequest {
        target: name(target),
        entitlement: entitlement.into(),
        resource: format!("database:{}", stage.database),
        parameters: Default::default(),
        duration_ms: 600_000,
        justification: None,
    };
    stage.broker.submit(&stage.operator, ask).await.unwrap().grant.expect("it is approved at once")
}

/// Waits until the grant is as wished.
async fn becomes(stage: &Stage, id: &GrantId, wish: impl Fn(&GrantView) -> bool) -> GrantView {
    let until = Until::within(Duration::from_secs(60));
    loop {
        let view = stage.broker.grant(&stage.operator, id).await.unwrap();
        if wish(&view) {
            return view;
        }
        assert!(until.is_ahead(), "the grant does not become so: {view:?}");
        Until::pause().await;
    }
}

fn says(view: &GrantView, code: &str) -> bool {
    view.grant.last_failure.as_ref().is_some_and(|failure| failure.contains(code))
}

/// The kinds of events of a grant and of its holding.
async fn story(stage: &Stage, view: &GrantView) -> Vec<String> {
    let named = [view.grant.id.to_string(), view.grant.holding.to_string()];
    stage.events_about(&named).await.into_iter().map(|event| event.kind).collect()
}

/// The guest misbehaves, the grant stays on its way with this said of it, and is not active.
fn never_active(behaviour: &str, code: &str) {
    executor().block_on(async {
        let stage = stage();
        let id = granted(stage, behaviour).await;
        let view = becomes(stage, &id, |view| says(view, code)).await;
        assert_eq!(view.grant.state, GrantState::Activating, "{view:?}");
        let story = story(stage, &view).await;
        assert!(!story.iter().any(|kind| kind == "grant.activated"), "{story:?}");
        assert!(story.iter().any(|kind| kind == "operation.unsettled"), "{story:?}");
        stage.broker.revoke(&stage.operator, &id, None).await.unwrap();
        stage.neighbour_answers().await;
    });
}

#[test]
fn what_is_said_to_be_done_and_was_not_is_never_active() {
    never_active("do_nothing", "not-as-wished");
}

#[test]
fn a_call_that_burns_its_processor_time_is_told_and_never_active() {
    never_active("loop_for_ever", "cpu-budget");
}

#[test]
fn a_call_that_panics_is_told_and_never_active() {
    never_active("panic", "panic");
}

#[test]
fn a_mark_of_somebody_else_is_never_active() {
    never_active("forge_the_mark", "not-as-wished");
}

#[test]
fn a_guest_that_is_kept_from_a_place_is_told_and_never_active() {
    let (site, connector) = (Site::open(), site::connector());
    executor().block_on(async {
        let stage = stage();
        stage.try_target_over_http("target-kept-out", &connector, "reach_metadata", &site.url("127.0.0.1")).await.unwrap();
        let id = asked(stage, "target-kept-out").await;
        let view = becomes(stage, &id, |view| says(view, "refused")).await;
        assert_eq!(view.grant.state, GrantState::Failed, "{view:?}");
        let story = story(stage, &view).await;
        assert!(!story.iter().any(|kind| kind == "grant.activated") && story.iter().any(|kind| kind == "grant.failed"), "{story:?}");
        stage.neighbour_answers().await;
    });
    assert!(site.seen().is_empty());
}

#[test]
fn hostile_text_ends_as_one_line_of_a_failed_grant() {
    executor().block_on(async {
        let stage = stage();
        let id = granted(stage, "hostile_text").await;
        let view = becomes(stage, &id, |view| view.grant.state == GrantState::Failed).await;
        let failure = view.grant.last_failure.clone().expect("the operator reads why");
        assert!(failure.contains("no-code") && failure.len() <= 1_200 && !failure.chars().any(char::is_control), "{failure:?}");
        assert!(story(stage, &view).await.iter().any(|kind| kind == "grant.failed"));
        stage.neighbour_answers().await;
    });
}

#[test]
fn what_is_said_to_be_gone_and_stays_is_never_ended() {
    executor().block_on(async {
        let stage = stage();
        let id = granted(stage, "say_gone_and_let_stay").await;
        becomes(stage, &id, |view| view.grant.state == GrantState::Active).await;
        stage.broker.revoke(&stage.operator, &id, None).await.unwrap();
        let view = becomes(stage, &id, |view| says(view, "not-as-wished")).await;
        assert_eq!(view.grant.state, GrantState::Ending, "{view:?}");
        let overdue = becomes(stage, &id, |view| view.overdue).await;
        assert_eq!(overdue.grant.state, GrantState::Ending);
        stage.neighbour_answers().await;
    });
}

#[test]
fn what_goes_on_in_the_target_is_active_once_it_is_done() {
    executor().block_on(async {
        let stage = stage();
        let id = granted(stage, "come_back").await;
        let view = becomes(stage, &id, |view| view.grant.state == GrantState::Active).await;
        let story = story(stage, &view).await;
        assert!(story.iter().filter(|kind| *kind == "operation.unsettled").count() >= 2, "it was pending twice: {story:?}");
        stage.broker.revoke(&stage.operator, &id, None).await.unwrap();
        becomes(stage, &id, |view| view.grant.state == GrantState::Revoked).await;
        stage.neighbour_answers().await;
    });
}

#[test]
fn where_nobody_but_the_connector_looks_its_word_counts_and_everybody_is_told() {
    executor().block_on(async {
        let stage = stage();
        stage.add_target("target-claimed", &stage.guests, "do_nothing", &[]).await;
        let id = asked_for(stage, "target-claimed", "role.claimed").await;
        let view = becomes(stage, &id, |view| view.grant.state == GrantState::Active).await;
        assert_eq!(view.grant.seen_by, Some(SeenBy::Connector));
        let wish = Wish { stamp: view.stamp.clone(), ..stage.wish() };
        assert_eq!(stage.roles(&wish).await, 0, "it is not there");
        let lines = &stage.runtime.facts(&stage.guests).expect("it is loaded").permissions;
        let line = lines.iter().find(|line| line.starts_with("entitlement role.claimed ")).expect("the operator accepted it");
        assert!(line.contains("nobody but the connector itself looks"), "{line}");
        stage.neighbour_answers().await;
    });
}
