//! A broker whose files may not grow: it says so, changes nothing, lives on, and needs no repair.

use hallpass::client::{ClientError, Look as _, Until};
use hallpass_store::Backend;
use hallpass_tests::server::{PATIENCE, World, connector};

fn is_full(error: &ClientError) -> bool {
    let remedy = error.problem().and_then(|p| p.remedy.as_deref()).unwrap_or_default();
    error.problem().is_some_and(|p| p.status == 507) && error.kind() == "full" && remedy.contains("Make room on the disk")
}

/// Adds users until the disk is full; the names that were taken and the one that was not.
async fn fill(world: &World, round: &str) -> (Vec<String>, String) {
    let mut taken = Vec::new();
    for n in 0.. {
        let name = format!("{round}-{n}");
        match world.admin.add_principal("user", &name, None).await {
            Ok(_) => taken.push(name),
            Err(error) => {
                assert!(is_full(&error), "{error:?}");
                return (taken, name);
            }
        }
        assert!(n < 500, "the limit has no effect");
    }
    unreachable!("the loop ends by itself")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_changes_nothing_and_needs_no_repair() {
    let mut world = World::new(Backend::Sqlite, connector().to_vec()).await;
    let grant = world.bot.submit(&world.reading()).await.unwrap().word("grant").to_owned();
    let active = |g: &serde_json::Value| g.word("state") == "active";
    world.bot.grant_becomes(&grant, &Until::within(PATIENCE), "the grant does not become active", active).await.unwrap();
    // Signing in is a change too.
    world.dave.me().await.unwrap();
    let before = world.in_target().await;
    assert_eq!(before.0.len(), 1);

    let wal = std::fs::metadata(world.data().join("hallpass.db-wal")).unwrap().len();
    world.limit_files(Some(wal.max(64 * 1024)));
    let (taken, refused) = fill(&world, "full").await;
    let asked = world.dave.submit(&world.membership()).await.unwrap_err();
    assert!(is_full(&asked), "{asked:?}");
    let revoked = world.admin.revoke(&grant, None).await.unwrap_err();
    assert!(is_full(&revoked), "{revoked:?}");

    assert!(world.lives());
    assert!(active(&world.admin.grant(&grant).await.unwrap()), "nothing is half-done, and reading goes on");
    assert_eq!(world.admin.requests(None, false).await.unwrap().items("").len(), 1);
    assert_eq!(world.in_target().await, before);

    // With room again the same process goes on.
    world.limit_files(None);
    world.admin.add_principal("user", &refused, None).await.unwrap();

    // A kill while it is full, and a start with room.
    world.limit_files(Some(std::fs::metadata(world.data().join("hallpass.db-wal")).unwrap().len()));
    let (later, _) = fill(&world, "again").await;
    world.kill();
    world.start(None);
    let names = world.admin.principals().await.unwrap();
    let names: Vec<&str> = names.items("").iter().map(|p| p.word("name")).collect();
    for name in taken.iter().chain(&later).chain([&refused]) {
        assert!(names.contains(&name.as_str()), "{name} was answered with success and is not there");
    }
    assert_eq!(names.iter().filter(|n| n.starts_with("full-")).count(), taken.len() + 1, "only what was answered with success is there");
    world.admin.revoke(&grant, None).await.unwrap();
    let grants = world.at_rest().await;
    assert_eq!(grants.iter().map(|g| g.word("state")).collect::<Vec<_>>(), ["revoked"]);
    assert_eq!(world.in_target().await.0, Vec::<String>::new());

    let until = Until::within(PATIENCE);
    let report = loop {
        let report = world.admin.verify_log(None).await.unwrap();
        if report.at("unsequenced").as_array().is_some_and(Vec::is_empty) || !until.is_ahead() {
            break report;
        }
        Until::pause().await;
    };
    assert!(report.says("whole"), "{report}");
}
