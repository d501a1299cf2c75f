//! Leases: one works at a time, whoever takes over has a higher fence, and the earlier one can write nothing any more.

use hallpass_domain::operation::{OperationEvent, OperationState};
use hallpass_store::{Claimed, Store, StoreResult, run_tx};
use hallpass_tests::on_both_backends;

use super::seed::{MINUTE, World, is_stale, note};

async fn claim(store: &Store, owner: &str) -> Vec<Claimed> {
    store.claim_due(owner, MINUTE, 100, &[], 100).await.unwrap()
}

async fn write(store: &Store, claimed: &Claimed, event: OperationEvent) -> StoreResult<()> {
    let mut operation = claimed.operation.clone();
    operation.state = operation.state.on(event).unwrap();
    operation.attempts += 1;
    run_tx!(store, "test.step", |tx| -> StoreResult<()> {
        tx.update_operation(&operation, &claimed.lease).await?;
        note(tx, operation.id.as_str()).await
    })
}

on_both_backends! {
    async fn whoever_takes_over_fences_the_earlier_owner_off(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        world.planned(&world.target.id).await;
        let first = claim(&world.store, "one").await.remove(0);
        assert!(claim(&world.store, "two").await.is_empty(), "it is somebody's");
        let left = world.store.lease_left(&first.lease).await.unwrap().unwrap();
        assert!(left > MINUTE - 20_000 && left <= MINUTE, "{left}");
        bed.advance(2 * MINUTE, &[&world.store]).await;
        assert_eq!(world.store.lease_left(&first.lease).await.unwrap(), None);
        let second = claim(&world.store, "two").await.remove(0);
        assert!(second.lease.fence > first.lease.fence);
        assert!(is_stale(&write(&world.store, &first, OperationEvent::Send).await));
        let late = run_tx!(world.store, "test.late", |tx| -> StoreResult<bool> {
            assert_eq!(tx.renew_lease(&first.lease, MINUTE).await?, None);
            tx.release_lease(&first.lease).await?;
            tx.defer_operation(&first.lease, world.store.now(), None).await
        });
        assert!(!late.unwrap());
        write(&world.store, &second, OperationEvent::Send).await.unwrap();
        assert!(world.store.lease_left(&second.lease).await.unwrap().is_some(), "an open operation keeps its lease");
    }

    async fn the_same_owner_that_claims_again_has_a_new_fence(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        world.planned(&world.target.id).await;
        let first = claim(&world.store, "one").await.remove(0);
        bed.advance(2 * MINUTE, &[&world.store]).await;
        let second = claim(&world.store, "one").await.remove(0);
        assert!(is_stale(&write(&world.store, &first, OperationEvent::Send).await));
        write(&world.store, &second, OperationEvent::Send).await.unwrap();
    }

    async fn a_settled_operation_is_nobodys_and_never_claimed_again(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let operation = world.planned(&world.target.id).await;
        let mut claimed = claim(&world.store, "one").await.remove(0);
        write(&world.store, &claimed, OperationEvent::Send).await.unwrap();
        claimed.operation.state = OperationState::Sent;
        write(&world.store, &claimed, OperationEvent::See).await.unwrap();
        assert_eq!(world.store.lease_left(&claimed.lease).await.unwrap(), None);
        assert!(is_stale(&write(&world.store, &claimed, OperationEvent::See).await), "ended is final");
        bed.advance(60 * MINUTE, &[&world.store]).await;
        assert!(claim(&world.store, "two").await.is_empty());
        let mut reads = world.store.reads().await.unwrap();
        assert_eq!(reads.operation(&operation.id).await.unwrap().unwrap().state, OperationState::Seen);
        assert_eq!(reads.next_due().await.unwrap(), None);
        assert!(reads.counts(world.store.now(), 0).await.unwrap().operations.is_empty());
    }

    async fn nobody_changes_what_another_works_on(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let mut operation = world.planned(&world.target.id).await;
        let claimed = claim(&world.store, "one").await.remove(0);
        operation.state = OperationState::Dropped;
        let dropping = async || {
            run_tx!(world.store, "test.drop", |tx| -> StoreResult<()> {
                tx.update_unclaimed_operation(&operation, OperationState::Planned).await?;
                note(tx, operation.id.as_str()).await
            })
        };
        assert!(is_stale(&dropping().await));
        let released = run_tx!(world.store, "test.release", |tx| -> StoreResult<()> { tx.release_lease(&claimed.lease).await });
        released.unwrap();
        dropping().await.unwrap();
    }

    async fn one_operation_is_claimed_in_the_commit_that_plans_it(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let holding = world.holding(&world.target.id, None);
        let operation = world.operation(&holding);
        let claimed = run_tx!(world.store, "test.plan", |tx| -> StoreResult<Option<Claimed>> {
            tx.insert_holding(&holding).await?;
            tx.insert_operation(&operation).await?;
            note(tx, operation.id.as_str()).await?;
            tx.claim_operation(&operation.id, "one", MINUTE).await
        });
        let claimed = claimed.unwrap().unwrap();
        assert_eq!(claimed.operation, operation);
        assert!(claim(&world.store, "two").await.is_empty());
        let again = run_tx!(world.store, "test.again", |tx| -> StoreResult<Option<Claimed>> {
            tx.claim_operation(&operation.id, "two", MINUTE).await
        });
        assert_eq!(again.unwrap(), None);
        let renewed = run_tx!(world.store, "test.renew", |tx| -> StoreResult<Option<hallpass_domain::operation::Lease>> {
            tx.renew_lease(&claimed.lease, 5 * MINUTE).await
        });
        assert!(world.store.lease_left(&renewed.unwrap().unwrap()).await.unwrap().unwrap() > 4 * MINUTE);
    }

    async fn of_many_that_claim_at_once_each_operation_goes_to_one(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        for _ in 0..12 {
            world.planned(&world.target.id).await;
        }
        let store = &world.store;
        let claim = |owner: &'static str| async move {
            let mut mine = Vec::new();
            loop {
                let claimed = store.claim_due(owner, MINUTE, 2, &[], 100).await.unwrap();
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed.into_iter().map(|c| c.operation.id));
            }
        };
        let (a, b, c) = tokio::join!(claim("a"), claim("b"), claim("c"));
        // One may find nothing while the others hold the last rows; what it left is there for the next.
        let rest = claim("d").await;
        let mut all = [a, b, c, rest].concat();
        assert_eq!(all.len(), 12);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 12);
    }

    async fn a_server_that_starts_takes_over_every_lease_but_its_own(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        world.planned(&world.target.id).await;
        let old = claim(&world.store, "old").await.remove(0);
        world.planned(&world.target.id).await;
        let mine = claim(&world.store, "new").await.remove(0);
        let taken = run_tx!(world.store, "test.take-over", |tx| -> StoreResult<u64> {
            assert_eq!(tx.acquire_named("sequencer", "old", MINUTE).await?, Some(1));
            tx.take_over_all_leases("new").await
        });
        assert_eq!(taken.unwrap(), 1);
        assert!(world.store.lease_left(&mine.lease).await.unwrap().is_some());
        assert!(is_stale(&write(&world.store, &old, OperationEvent::Send).await));
        assert_eq!(claim(&world.store, "new").await.remove(0).operation.id, old.operation.id);
    }

    async fn a_named_lease_has_one_owner_and_a_higher_fence_with_each_new_one(bed: Bed) {
        let store = bed.open().await;
        let acquire = async |owner: &str| {
            run_tx!(store, "test.acquire", |tx| -> StoreResult<Option<i64>> { tx.acquire_named("sequencer", owner, MINUTE).await }).unwrap()
        };
        let check = async |owner: &str, fence: i64| {
            run_tx!(store, "test.check", |tx| -> StoreResult<bool> { tx.check_named("sequencer", owner, fence).await }).unwrap()
        };
        assert_eq!(acquire("one").await, Some(1));
        assert_eq!(acquire("two").await, None);
        assert_eq!(acquire("one").await, Some(1), "whoever has it keeps it");
        assert!(check("one", 1).await);
        assert!(!check("two", 1).await);
        bed.advance(2 * MINUTE, &[&store]).await;
        assert!(!check("one", 1).await, "it is over");
        assert_eq!(acquire("two").await, Some(2));
        assert!(!check("one", 1).await);
        let release = run_tx!(store, "test.release", |tx| -> StoreResult<()> {
            tx.release_named("sequencer", "one", 1).await?;
            tx.release_named("sequencer", "two", 2).await
        });
        release.unwrap();
        assert_eq!(acquire("one").await, Some(3));
    }

    async fn the_stores_time_moves_with_the_hands_of_the_test(bed: Bed) {
        let store = bed.open().await;
        assert!(store.skew_ms().await.unwrap().abs() < 20_000);
        bed.clock.advance(60 * MINUTE);
        if store.backend() == hallpass_store::Backend::Postgres {
            assert!(store.skew_ms().await.unwrap() < -50 * 60_000, "a node whose clock is off is told so");
        }
        bed.advance(0, &[&store]).await;
        assert!(store.skew_ms().await.unwrap().abs() < 20_000);
    }
}
