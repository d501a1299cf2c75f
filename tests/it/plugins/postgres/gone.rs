//! Access that reached into something that was dropped: it can still be taken away, and the host sees that it is gone.

use super::*;

async fn drop_database(world: &World) {
    let mut root = superuser("postgres").await;
    run(&mut root, &format!("DROP DATABASE {} WITH (FORCE)", world.database)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_a_dropped_database_is_taken_away_and_seen_to_be_gone() {
    let world = World::new().await;
    let want = world.read();
    world.apply(1, &want).await;
    drop_database(&world).await;

    let seen = world.look(&want).await;
    assert_eq!((seen.presence, seen.by, world.roles().await), (None, SeenBy::Host, 1), "a role that is left is no state of ours");
    assert!(seen.details.contains(&("database".to_owned(), "does not exist".to_owned())), "{:?}", seen.details);

    world.revoke(&want).await;
    let seen = world.look(&want).await;
    assert_eq!((seen.presence, seen.by, world.roles().await), (Some(Presence::Absent), SeenBy::Host, 0), "{:?}", seen.details);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_membership_belongs_to_the_server_and_no_database_takes_it_along() {
    let world = World::new().await;
    let (role, account) = (format!("gone_{}", world.database), format!("dev_{}", world.database));
    let mut root = superuser("postgres").await;
    run(&mut root, &format!("CREATE ROLE {role}; CREATE ROLE {account} LOGIN; GRANT {role} TO {} WITH ADMIN OPTION", world.manager)).await;
    let want = world.member(&account, &role);
    world.apply(1, &want).await;
    drop_database(&world).await;
    assert_eq!(world.presence(&want).await, Some(Presence::Present), "still a member");
    world.revoke(&want).await;
    assert_eq!(world.presence(&want).await, Some(Presence::Absent));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_schema_holds_nothing_up() {
    let world = World::new().await;
    let want = world.read();
    world.apply(1, &want).await;
    run(&mut superuser(&world.database).await, "DROP SCHEMA sales CASCADE").await;
    assert_eq!(world.presence(&want).await, None, "a role without its schema is no state of ours");
    world.revoke(&want).await;
    assert_eq!((world.presence(&want).await, world.roles().await), (Some(Presence::Absent), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_never_was_is_named_and_nothing_is_there() {
    let world = World::new().await;
    let want = Wish { resource: "database:no_such_database/schema:sales".parse().unwrap(), ..world.read() };
    let failure = world.runtime.apply(&world.call(1), &want, None).await.err().unwrap();
    assert_eq!((failure.kind, failure.effect), (FailureKind::NotFound, Effect::None), "{failure}");
    assert_eq!(world.presence(&want).await, Some(Presence::Absent), "so the broker can give the request up");
}
