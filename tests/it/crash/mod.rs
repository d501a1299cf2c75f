//! Killed at every failpoint, started again: the target holds exactly what the grants say (law 1).

mod disk;
mod orphan;

use hallpass::client::{ClientError, Look as _, Until};
use hallpass_domain::failpoint::Failpoint;
use hallpass_store::Backend;
use hallpass_tests::server::{PATIENCE, World, connector};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_point_leaves_one_effect_or_none_on_sqlite() {
    every_failpoint(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_point_leaves_one_effect_or_none_on_postgresql() {
    every_failpoint(Backend::Postgres).await;
}

async fn every_failpoint(backend: Backend) {
    let mut world = World::new(backend, connector().to_vec()).await;
    for point in Failpoint::ALL {
        let [activating, revoking] = passes(*point);
        killed_while_activating(&mut world, *point, activating).await;
        killed_while_revoking(&mut world, *point, revoking).await;
    }
    for point in [Failpoint::FenceBeforeCall, Failpoint::FenceAfterCall] {
        killed_while_taking_over(&mut world, point).await;
    }
}

/// Whether activating passes the point, and whether revoking does. Told beforehand, so that no pause has to tell what never comes from what
/// comes late on a busy machine.
fn passes(point: Failpoint) -> [bool; 2] {
    match point {
        Failpoint::VerdictBeforeCommit
        | Failpoint::VerdictAfterCommit
        | Failpoint::BaselineBeforeLook
        | Failpoint::BaselineAfterLook
        | Failpoint::ApplyBeforeCall
        | Failpoint::ApplyAfterCall
        | Failpoint::PickUpBeforeCommit
        | Failpoint::PickUpAfterCommit => [true, false],
        Failpoint::RevokeBeforeCall | Failpoint::RevokeAfterCall | Failpoint::EndBeforeCommit | Failpoint::EndAfterCommit => [false, true],
        // Earlier attempts are cut off only where a process died in the middle, which `killed_while_taking_over` arms on purpose.
        Failpoint::FenceBeforeCall | Failpoint::FenceAfterCall => [false, false],
        Failpoint::ClaimBeforeCommit
        | Failpoint::ClaimAfterCommit
        | Failpoint::SendBeforeCommit
        | Failpoint::SendAfterCommit
        | Failpoint::TargetBeforeCommit
        | Failpoint::TargetAfterCommit
        | Failpoint::LookBeforeCall
        | Failpoint::LookAfterCall
        | Failpoint::SettleBeforeCommit
        | Failpoint::SettleAfterCommit => [true, true],
    }
}

/// Dies at the point, where the flow passes it; else the flow comes to its end.
async fn dies_or_rests(world: &mut World, point: Failpoint, passes: bool, when: &str) {
    if passes {
        assert!(world.died(PATIENCE).await, "{point} is not reached while {when}");
    } else {
        world.at_rest().await;
        assert!(world.lives(), "{point} is reached while {when}");
    }
}

/// Whether an answer may be missing because the broker died.
fn or_died(answer: Result<Value, ClientError>) -> Option<Value> {
    match answer {
        Ok(answer) => Some(answer),
        Err(e) if e.problem().is_none() => None,
        Err(e) => panic!("{e}"),
    }
}

async fn killed_while_activating(world: &mut World, point: Failpoint, passes: bool) {
    world.start(Some(point));
    or_died(world.bot.submit(&world.reading()).await);
    if let Some(asked) = or_died(world.dave.submit(&world.membership()).await) {
        let id = asked.word("id").to_owned();
        or_died(world.carol.decide(&id, "approve", None, None).await);
    }
    if matches!(point, Failpoint::PickUpBeforeCommit | Failpoint::PickUpAfterCommit) {
        pick_up_all(world).await;
    }
    dies_or_rests(world, point, passes, "activating").await;
    world.start(None);
    equal(world, point, "activating").await;
}

async fn killed_while_revoking(world: &mut World, point: Failpoint, passes: bool) {
    world.start(Some(point));
    if let Ok(grants) = world.admin.grants(true, None).await {
        for grant in grants.items("") {
            or_died(world.admin.revoke(grant.word("id"), None).await);
        }
    }
    dies_or_rests(world, point, passes, "revoking").await;
    world.start(None);
    equal(world, point, "revoking").await;
    for grant in world.grants().await {
        if grant.word("state") == "active" {
            world.admin.revoke(grant.word("id"), None).await.unwrap();
        }
    }
    equal(world, point, "revoked").await;
    let (roles, members) = world.in_target().await;
    assert!(roles.is_empty() && members.is_empty(), "{point}: after everything was revoked: {roles:?} {members:?}");
}

/// Dies after the effect, and again while the next process cuts off the first one's attempt.
async fn killed_while_taking_over(world: &mut World, point: Failpoint) {
    world.start(Some(Failpoint::TargetAfterCommit));
    or_died(world.bot.submit(&world.reading()).await);
    assert!(world.died(PATIENCE).await, "the first kill");
    world.start(Some(point));
    assert!(world.died(PATIENCE).await, "{point} is reached by whoever takes over");
    world.start(None);
    equal(world, point, "taking over").await;
    for grant in world.admin.grants(true, None).await.unwrap().items("") {
        world.admin.revoke(grant.word("id"), None).await.unwrap();
    }
    equal(world, point, "revoked").await;
}

async fn pick_up_all(world: &World) {
    for grant in world.bot.grants(true, None).await.unwrap().items("") {
        let id = grant.word("id");
        if grant.word("entitlement") == "schema.read" {
            world.bot.settled(id, &Until::within(PATIENCE)).await.unwrap();
            if let Err(e) = world.bot.pick_up(id).await {
                assert!(e.problem().is_none() || e.problem().is_some_and(|p| p.status == 410), "{e}");
                return;
            }
        }
    }
}

/// What the target holds is what the live grants say, to the last name.
async fn equal(world: &World, point: Failpoint, when: &str) {
    let grants = world.at_rest().await;
    let live = |entitlement: &str, word: &str| -> Vec<String> {
        let mut names: Vec<String> = grants
            .iter()
            .filter(|g| g.word("state") == "active" && g.word("entitlement") == entitlement)
            .map(|g| g.word(word).to_owned())
            .collect();
        names.sort();
        names.dedup();
        names
    };
    let (roles, members) = world.in_target().await;
    assert_eq!(roles, live("schema.read", "stamp"), "{point} while {when}: roles");
    assert_eq!(members, live("role.member", "account"), "{point} while {when}: members");
}
