//! The PostgreSQL connector is upgraded while a real broker works with it at a real server: holdings end with the version that made
//! them, no call is lost, and what does not work there never becomes active.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use hallpass::client::{Api, Ask, Look as _, Until, enrol};
use hallpass_store::Backend;
use hallpass_tests::server::{PATIENCE, World, connector};
use hallpass_tests::versions;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

/// Writes a test once and runs it with the broker's records in either database.
macro_rules! on_both_stores {
    ($($name:ident)+) => {$(
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                super::$name(Backend::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgresql() {
                super::$name(Backend::Postgres).await;
            }
        }
    )+};
}

on_both_stores! {
    an_upgrade_strands_nothing_and_the_old_version_goes_after_its_last_holding
    swaps_under_load_lose_no_call
    what_is_not_healthy_there_never_becomes_active
}

fn within() -> Until {
    Until::within(PATIENCE)
}

async fn digest(world: &World, version: &str) -> String {
    let all = world.admin.connectors().await.unwrap();
    all.items("").iter().find(|c| c.word("version") == version).unwrap().word("digest").to_owned()
}

async fn state(world: &World, digest: &str) -> String {
    world.admin.connector(digest).await.unwrap().word("state").to_owned()
}

async fn becomes(world: &World, digest: &str, wished: &str) {
    let until = within();
    while state(world, digest).await != wished {
        assert!(until.is_ahead(), "{digest} is {} and not {wished}", state(world, digest).await);
        Until::pause().await;
    }
}

async fn load(world: &World, file: &[u8]) -> String {
    world.admin.load_connector(file, None, false).await.unwrap().word("digest").to_owned()
}

/// Orders the upgrade and gives what became of the one target.
async fn upgrade(world: &World, digest: &str) -> Value {
    let done = world.admin.connector_verb(digest, "upgrade", &json!({})).await.unwrap();
    assert!(done.at("request").is_null(), "{done}");
    done.at("targets.0").clone()
}

/// Asks, and waits until what was asked for is there. The grant's id.
async fn active(who: &Api, ask: &Ask) -> String {
    let asked = who.submit(ask).await.unwrap();
    became_active(who, &asked).await
}

async fn became_active(who: &Api, request: &Value) -> String {
    let decided = who.decided(request.word("id"), &within()).await.unwrap();
    let grant = decided.word("grant").to_owned();
    let settled = who.settled(&grant, &within()).await.unwrap();
    assert_eq!(settled.word("state"), "active", "{settled}");
    grant
}

async fn gone(world: &World, grant: &str) {
    world.admin.revoke(grant, None).await.unwrap();
    assert_eq!(world.admin.gone(grant, &within()).await.unwrap().word("state"), "revoked");
}

/// The version that an event of this kind names, of those of a grant.
async fn version_in(world: &World, grant: &str, kind: &str) -> String {
    let events = world.admin.events(Some(grant), None, None).await.unwrap();
    let found = events.items("").iter().find(|e| e.word("kind") == kind);
    found.unwrap_or_else(|| panic!("no {kind}: {events}")).word("leaf.connector").to_owned()
}

async fn an_upgrade_strands_nothing_and_the_old_version_goes_after_its_last_holding(backend: Backend) {
    let world = World::new(backend, connector().to_vec()).await;
    let old = digest(&world, "0.1.0").await;
    let read = active(&world.bot, &world.reading()).await;
    let asked = world.dave.submit(&world.membership()).await.unwrap();
    world.carol.decide(asked.word("id"), "approve", None, None).await.unwrap();
    let member = became_active(&world.dave, &asked).await;

    let new = load(&world, &versions::postgres("0.2.0", |_| {})).await;
    assert_eq!(state(&world, &new).await, "loaded");
    let moved = upgrade(&world, &new).await;
    assert_eq!((moved.word("from"), moved.word("to"), moved.word("held_back")), (old.as_str(), new.as_str(), ""));
    assert_eq!((state(&world, &old).await.as_str(), state(&world, &new).await.as_str()), ("retiring", "active"));

    let (later, moves) = (active(&world.bot, &world.reading()).await, active(&world.bot, &world.reading()).await);
    assert_eq!(version_in(&world, &read, "grant.activated").await, old);
    assert_eq!(version_in(&world, &later, "grant.activated").await, new);
    gone(&world, &read).await;
    assert_eq!(version_in(&world, &read, "grant.ended").await, old, "who made it took it away");
    let waits = world.admin.connector_verb(&old, "unload", &json!({})).await.unwrap();
    assert_eq!((waits.word("connector.state"), waits.items("holdings").len()), ("retiring", 1), "{waits}");
    assert_eq!(world.in_target().await.1, [format!("dave_{}", world.target.name())]);
    gone(&world, &member).await;
    assert_eq!(version_in(&world, &member, "grant.ended").await, old);
    becomes(&world, &old, "unloaded").await;
    let (roles, members) = world.in_target().await;
    assert_eq!((roles.len(), members.len()), (2, 0), "what the new version made stays");

    let back = world.admin.roll_back_connector("postgres").await.unwrap();
    assert_eq!((back.word("0.from"), back.word("0.to"), back.word("0.held_back")), (new.as_str(), old.as_str(), ""));
    let again = active(&world.bot, &world.reading()).await;
    assert_eq!(version_in(&world, &again, "grant.activated").await, old);

    // One of two live holdings moves on purpose; each ends with the version that it has then.
    let holding = world.admin.grant(&moves).await.unwrap().word("holding").to_owned();
    let moved = world.admin.connector_verb(&old, "repin", &json!({"holdings": [holding]})).await.unwrap();
    assert!(moved.items("items").len() == 1 && moved.at("items.0").says("moved"), "{moved}");
    gone(&world, &moves).await;
    assert_eq!(version_in(&world, &moves, "grant.ended").await, old);
    assert_eq!(state(&world, &new).await, "retiring");
    gone(&world, &later).await;
    assert_eq!(version_in(&world, &later, "grant.ended").await, new);
    becomes(&world, &new, "unloaded").await;
    gone(&world, &again).await;
    assert_eq!(world.in_target().await, (Vec::new(), Vec::new()));
}

/// How many work at once.
const WORKERS: usize = 6;
/// How often the version changes under them.
const SWAPS: usize = 8;

async fn swaps_under_load_lose_no_call(backend: Backend) {
    let world = Arc::new(World::patient(backend, connector().to_vec()).await);
    let old = digest(&world, "0.1.0").await;
    let new = load(&world, &versions::postgres("0.2.0", |_| {})).await;
    let (over, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let work = |_| {
        let (world, over, done) = (Arc::clone(&world), Arc::clone(&over), Arc::clone(&done));
        tokio::spawn(async move {
            while !over.load(Ordering::SeqCst) {
                let grant = active(&world.bot, &world.reading()).await;
                gone(&world, &grant).await;
                done.fetch_add(1, Ordering::SeqCst);
            }
        })
    };
    let workers: Vec<_> = (0..WORKERS).map(work).collect();
    for n in 0..SWAPS {
        // Each version gets some of the work; every second time the other one is gone from memory before it is called back.
        let (next, left) = if n % 2 == 0 { (&new, &old) } else { (&old, &new) };
        let (before, until) = (done.load(Ordering::SeqCst), within());
        while done.load(Ordering::SeqCst) < before + 3 {
            assert!(until.is_ahead() && !workers.iter().any(tokio::task::JoinHandle::is_finished), "the work does not go on");
            Until::pause().await;
        }
        let moved = upgrade(&world, next).await;
        assert_eq!((moved.word("to"), moved.word("held_back")), (next.as_str(), ""), "swap {n}");
        if n % 4 < 2 {
            becomes(&world, left, "unloaded").await;
        }
    }
    over.store(true, Ordering::SeqCst);
    for worker in workers {
        worker.await.unwrap();
    }
    let grants = world.grants().await;
    assert!(grants.len() >= SWAPS * 3, "only {} grants", grants.len());
    let lost: Vec<_> = grants.iter().filter(|g| g.word("state") != "revoked").collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(world.in_target().await, (Vec::new(), Vec::new()));
    let events = world.admin.events(None, None, None).await.unwrap();
    let of = |kind: &str| events.items("").iter().filter(|e| e.word("kind") == kind).collect::<Vec<_>>();
    let unsettled = of("operation.unsettled");
    assert!(unsettled.is_empty(), "a call did not settle at once: {unsettled:?}");
    for version in [&old, &new] {
        let sent = of("operation.sent").into_iter().filter(|e| e.word("leaf.connector") == version).count();
        assert!(sent >= SWAPS, "{version} made only {sent} calls");
    }
}

async fn what_is_not_healthy_there_never_becomes_active(backend: Backend) {
    let world = World::new(backend, connector().to_vec()).await;
    let old = digest(&world, "0.1.0").await;
    let manager = |rights: &str| format!("ALTER ROLE manager_{} {rights}", world.target.name());
    let mut root = world.target.connect().await;

    // The same permissions, and the account lost a right that the connector needs.
    let next = load(&world, &versions::postgres("0.2.0", |_| {})).await;
    sqlx::raw_sql(AssertSqlSafe(manager("NOCREATEROLE"))).execute(&mut root).await.unwrap();
    let stays = upgrade(&world, &next).await;
    assert_eq!(stays.word("to"), old);
    assert!(stays.word("held_back").contains("fails its health check there"), "{stays}");
    sqlx::raw_sql(AssertSqlSafe(manager("CREATEROLE"))).execute(&mut root).await.unwrap();
    assert_eq!((state(&world, &old).await.as_str(), state(&world, &next).await.as_str()), ("active", "loaded"));

    // Another statement is another permission: a second person says yes, it goes on by itself, and is not healthy.
    let blind = versions::postgres("0.3.0", |manifest| {
        let text = &mut manifest["statements"]["ready"]["text"];
        let changed = text.as_str().unwrap().replace("rolcreaterole AS", "false AS");
        assert_ne!(*text, changed);
        *text = json!(changed);
    });
    let blind = load(&world, &blind).await;
    let invited = world.admin.add_principal("user", "olga", None).await.unwrap();
    let olga = Api::new(enrol(invited.word("link")).await.unwrap()).unwrap();
    world.admin.set_group("operators", &["admin", "olga"]).await.unwrap();
    let asked = world.admin.connector_verb(&blind, "upgrade", &json!({})).await.unwrap();
    assert_eq!((asked.items("added").len(), asked.items("removed").len(), asked.items("targets").len()), (1, 1, 0), "{asked}");
    let request = asked.word("request").to_owned();
    assert!(world.admin.decide(&request, "approve", None, None).await.is_err(), "nobody says yes to themselves");
    olga.decide(&request, "approve", None, None).await.unwrap();
    let until = within();
    let held_back = async || {
        let events = world.admin.events(None, None, None).await.unwrap();
        events.items("").iter().any(|e| e.word("kind") == "connector.held-back" && e.word("leaf.connector") == blind)
    };
    while !held_back().await {
        assert!(until.is_ahead(), "it was not tried");
        Until::pause().await;
    }
    assert_eq!((state(&world, &old).await.as_str(), state(&world, &blind).await.as_str()), ("active", "loaded"));
    let grant = active(&world.bot, &world.reading()).await;
    assert_eq!(version_in(&world, &grant, "grant.activated").await, old, "work goes on with the old one");
    gone(&world, &grant).await;
}
