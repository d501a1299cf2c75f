//! Operations as due work: found by time, in a fair order, at most one open per holding.

use hallpass_domain::operation::{OperationEvent, OperationState};
use hallpass_store::{Claimed, Constraint, Store, StoreError, StoreResult, run_tx};
use hallpass_tests::on_both_backends;

use super::seed::{MINUTE, World, is_stale, note};

async fn claim(store: &Store, limit: u32, busy: &[hallpass_domain::ids::TargetId], per_target: u32) -> Vec<Claimed> {
    store.claim_due("one", MINUTE, limit, busy, per_target).await.unwrap()
}

on_both_backends! {
    async fn a_holding_has_one_open_operation(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let holding = world.holding(&world.target.id, None);
        let mut first = world.operation(&holding);
        let made = run_tx!(world.store, "test.plan", |tx| -> StoreResult<()> {
            tx.insert_holding(&holding).await?;
            tx.insert_operation(&first).await?;
            note(tx, holding.id.as_str()).await
        });
        made.unwrap();
        bed.advance(1, &[&world.store]).await;
        let second = world.operation(&holding);
        let plan = async || {
            run_tx!(world.store, "test.plan", |tx| -> StoreResult<()> {
                tx.insert_operation(&second).await?;
                note(tx, holding.id.as_str()).await
            })
        };
        assert!(matches!(plan().await, Err(StoreError::Duplicate { constraint: Constraint::OpenOperation })));
        let mut reads = world.store.reads().await.unwrap();
        assert_eq!(reads.open_operation(&holding.id).await.unwrap(), Some(first.clone()));
        first.state = first.state.on(OperationEvent::Drop).unwrap();
        let dropping = async || {
            run_tx!(world.store, "test.drop", |tx| -> StoreResult<()> {
                tx.update_unclaimed_operation(&first, OperationState::Planned).await?;
                note(tx, first.id.as_str()).await
            })
        };
        dropping().await.unwrap();
        assert!(is_stale(&dropping().await), "it was no longer planned");
        plan().await.unwrap();
        assert_eq!(reads.open_operation(&holding.id).await.unwrap(), Some(second.clone()));
        assert_eq!(reads.operations_of(&holding.id).await.unwrap(), [first.clone(), second]);
        assert_eq!(reads.operation(&first.id).await.unwrap(), Some(first));
    }

    async fn work_is_claimed_when_it_is_due_and_not_before(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let operation = world.planned(&world.target.id).await;
        let claimed = claim(&world.store, 9, &[], 9).await;
        assert_eq!(claimed.iter().map(|c| &c.operation).collect::<Vec<_>>(), [&operation]);
        let deferred = run_tx!(world.store, "test.defer", |tx| -> StoreResult<bool> {
            tx.defer_operation(&claimed[0].lease, world.store.now().plus(MINUTE), Some("not now")).await
        });
        assert!(deferred.unwrap());
        assert!(claim(&world.store, 9, &[], 9).await.is_empty());
        assert_eq!(world.store.reads().await.unwrap().next_due().await.unwrap(), Some(world.store.now().plus(MINUTE)));
        bed.advance(MINUTE, &[&world.store]).await;
        assert_eq!(claim(&world.store, 9, &[], 9).await[0].operation.last_failure.as_deref(), Some("not now"));
    }

    async fn a_target_with_much_work_delays_no_other(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let quiet = world.second_target("quiet").await;
        for _ in 0..6 {
            world.planned(&world.target.id).await;
        }
        bed.advance(1_000, &[&world.store]).await;
        let late = world.planned(&quiet.id).await;
        let claimed = claim(&world.store, 2, &[], 4).await;
        assert!(claimed.iter().any(|c| c.operation.id == late.id), "each target has its first before any has its second");
        assert_eq!(claimed.len(), 2);
        let more = claim(&world.store, 9, &[], 4).await;
        assert_eq!(more.len(), 3, "of one target at most four are in flight");
        assert!(claim(&world.store, 9, &[], 4).await.is_empty());
    }

    async fn work_of_a_busy_target_is_left_where_it_is(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let other = world.second_target("other").await;
        world.planned(&world.target.id).await;
        let free = world.planned(&other.id).await;
        let claimed = claim(&world.store, 9, std::slice::from_ref(&world.target.id), 9).await;
        assert_eq!(claimed.iter().map(|c| &c.operation.id).collect::<Vec<_>>(), [&free.id]);
        assert!(claim(&world.store, 9, &[other.id.clone(), world.target.id.clone()], 9).await.is_empty());
        assert_eq!(claim(&world.store, 9, &[], 9).await.len(), 1);
    }

    async fn a_target_that_answers_again_has_all_its_work_due_at_once(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        for _ in 0..3 {
            world.planned(&world.target.id).await;
        }
        let later = world.store.now().plus(5 * MINUTE);
        for claimed in claim(&world.store, 9, &[], 9).await {
            let deferred =
                run_tx!(world.store, "test.defer", |tx| -> StoreResult<bool> { tx.defer_operation(&claimed.lease, later, None).await });
            deferred.unwrap();
        }
        assert!(claim(&world.store, 9, &[], 9).await.is_empty());
        let mut wake = world.store.wake();
        let due =
            run_tx!(world.store, "test.due", |tx| -> StoreResult<u64> { tx.make_target_due(&world.target.id, world.store.now()).await });
        assert_eq!(due.unwrap(), 3);
        wake.woken().await;
        assert_eq!(claim(&world.store, 9, &[], 9).await.len(), 3);
    }
}
