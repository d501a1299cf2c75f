//! What one statement reads or writes for several others.

use hallpass_domain::connector::{ConnectorState, Quarantine};
use hallpass_domain::grant::{Grant, GrantState, SeenBy};
use hallpass_domain::holding::{Presence, Seen};
use hallpass_domain::ids::Digest;
use hallpass_domain::request::{Request, RequestState};
use hallpass_store::{Known, Standing, StoreResult, run_tx};
use hallpass_tests::on_both_backends;

use super::seed::{MINUTE, World, note, principal};

on_both_backends! {
    async fn a_principal_is_known_with_its_owner_and_with_the_groups_of_the_human(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let (leads, data) = ("leads".parse().unwrap(), "data".parse().unwrap());
        let made = run_tx!(world.store, "test.groups", |tx| -> StoreResult<()> {
            tx.set_group(&leads, std::slice::from_ref(&world.alice.id), "api").await?;
            tx.set_group(&data, &[world.alice.id.clone(), world.bot.id.clone()], "api").await?;
            note(tx, "groups").await
        });
        made.unwrap();
        let mut reads = world.store.reads().await.unwrap();
        let groups = vec![data, leads];
        let bot = Known { principal: world.bot.clone(), owner: Some(world.alice.clone()), groups: groups.clone() };
        assert_eq!(reads.known(&world.bot.id).await.unwrap(), Some(bot));
        assert_eq!(reads.known(&world.alice.id).await.unwrap(), Some(Known { principal: world.alice.clone(), owner: None, groups }));
        let bob = Known { principal: world.bob.clone(), owner: None, groups: Vec::new() };
        assert_eq!(reads.known(&world.bob.id).await.unwrap(), Some(bob));
        let nobody = principal(world.store.now(), "nobody", world.bob.kind, None);
        assert_eq!(reads.known(&nobody.id).await.unwrap(), None);
    }

    async fn a_holding_comes_with_what_decides_whether_its_connector_is_called(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let (request, holding, _) = world.granted().await;
        let elsewhere = world.second_target("elsewhere").await;
        let mut reads = world.store.reads().await.unwrap();
        let free = Standing { state: ConnectorState::Loaded, granted: Some(Vec::new()), quarantined: None };
        assert_eq!(reads.holding_to_call(&holding.id).await.unwrap(), Some((holding.clone(), free.clone())));
        let quarantine = Quarantine { connector: world.connector, since: world.store.now(), reason: "three in a row".into() };
        let made = run_tx!(world.store, "test.quarantine", |tx| -> StoreResult<bool> {
            note(tx, world.target.id.as_str()).await?;
            tx.insert_quarantine(&world.target.id, &quarantine).await
        });
        made.unwrap();
        let stopped = Standing { quarantined: Some("three in a row".into()), ..free.clone() };
        assert_eq!(reads.holding_to_call(&holding.id).await.unwrap(), Some((holding, stopped.clone())));
        assert_eq!(reads.standing(&world.connector, Some(&world.target.id)).await.unwrap(), Some(stopped));
        assert_eq!(reads.standing(&world.connector, Some(&elsewhere.id)).await.unwrap(), Some(free.clone()), "of its own target alone");
        assert_eq!(reads.standing(&world.connector, None).await.unwrap(), Some(free));
        assert_eq!(reads.standing(&Digest::of(b"another"), None).await.unwrap(), None);
        let target = (world.target.name.clone(), world.target.environment.clone());
        assert_eq!(reads.request_and_target(&request.id).await.unwrap(), Some((request, Some(target))));
    }

    async fn a_target_comes_with_its_secrets(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let mut reads = world.store.reads().await.unwrap();
        assert_eq!(reads.target_and_secrets(&world.target.id).await.unwrap(), Some((world.target.clone(), Vec::new())));
        let made = run_tx!(world.store, "test.secrets", |tx| -> StoreResult<()> {
            tx.put_target_secret(&world.target.id, "token", b"two").await?;
            tx.put_target_secret(&world.target.id, "password", b"one").await?;
            note(tx, world.target.id.as_str()).await
        });
        made.unwrap();
        let (target, secrets) = reads.target_and_secrets(&world.target.id).await.unwrap().unwrap();
        assert_eq!(Some(target), reads.target(&world.target.id).await.unwrap());
        assert_eq!(secrets, [("password".to_owned(), b"one".to_vec()), ("token".to_owned(), b"two".to_vec())]);
    }

    async fn what_is_seen_is_written_with_the_anchor_and_says_whether_rules_were_broken(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let (_, mut holding, _) = world.granted().await;
        let see = async |seen, locator, connector: Digest| {
            let done = run_tx!(world.store, "test.see", |tx| -> StoreResult<_> {
                note(tx, holding.id.as_str()).await?;
                tx.see_holding(&holding.id, seen, locator, &connector).await
            });
            done.unwrap().unwrap()
        };
        let seen = Some(Seen { presence: Presence::Present, at: world.store.now(), by: SeenBy::Host });
        let first = see(seen, Some("role:x"), world.connector).await;
        let strike = run_tx!(world.store, "test.strike", |tx| -> StoreResult<u32> { tx.add_strike(&world.target.id, &world.connector).await });
        assert_eq!(strike.unwrap(), 1);
        let (second, other) = (see(None, None, world.connector).await, see(None, None, Digest::of(b"another")).await);
        (holding.seen, holding.locator) = (seen, Some("role:x".into()));
        assert_eq!(first, (holding.clone(), false));
        holding.seen = None;
        assert_eq!(second, (holding.clone(), true), "a locator that is known stays");
        assert_eq!(other, (holding, false));
    }

    async fn anything_is_due_exactly_when_one_of_its_kinds_is(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let now = world.store.now();
        let due = async |after| world.store.reads().await.unwrap().anything_due(now.plus(after)).await.unwrap();
        assert!(!due(1_000 * MINUTE).await, "there is nothing");
        let (mut request, _, mut grant) = world.granted().await;
        assert!(!due(10 * MINUTE - 1).await);
        assert!(due(10 * MINUTE).await, "the time of the stage");
        request.state = RequestState::Approved { at: now };
        let write = async |request: &Request, grant: &Grant| {
            let wrote = run_tx!(world.store, "test.write", |tx| -> StoreResult<()> {
                tx.update_request(request).await?;
                tx.update_grant(grant).await?;
                note(tx, grant.id.as_str()).await
            });
            wrote.unwrap();
        };
        write(&request, &grant).await;
        assert!(!due(15 * MINUTE - 1).await);
        assert!(due(15 * MINUTE).await, "the window in which it is to be seen");
        (request.version, grant.version) = (2, 2);
        (grant.state, grant.ends) = (GrantState::Active, Some(now.plus(5 * MINUTE)));
        write(&request, &grant).await;
        assert!(!due(5 * MINUTE - 1).await);
        assert!(due(5 * MINUTE).await, "its end");
        (request.version, grant.version) = (3, 3);
        grant.state = GrantState::Ending;
        write(&request, &grant).await;
        assert!(!due(1_000 * MINUTE).await);
        let put = run_tx!(world.store, "test.put", |tx| -> StoreResult<()> {
            tx.put_credential(&grant.id, b"sealed", "recipient", now.plus(7 * MINUTE)).await?;
            note(tx, grant.id.as_str()).await
        });
        put.unwrap();
        assert!(!due(7 * MINUTE - 1).await);
        assert!(due(7 * MINUTE).await, "a credential that nobody picked up");
    }
}
