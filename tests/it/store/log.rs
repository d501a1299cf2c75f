//! Events: in the commit of the change, in order, and given an index once.

use hallpass_domain::event::{Event, EventKind, commitment};
use hallpass_domain::ids::{Digest, EventId};
use hallpass_store::{Checkpoint, EventFilter, Store, StoreResult, run_tx};
use hallpass_tests::on_both_backends;

use super::seed::{World, is_stale, note};

async fn emit(store: &Store, event: Event) -> EventId {
    run_tx!(store, "test.emit", |tx| -> StoreResult<EventId> { tx.emit(event.clone()).await }).unwrap()
}

async fn pending(store: &Store) -> Vec<EventId> {
    store.reads().await.unwrap().unsequenced(1_000).await.unwrap().into_iter().map(|e| e.id).collect()
}

async fn assign(store: &Store, from: u64, ids: &[EventId]) -> StoreResult<()> {
    run_tx!(store, "test.assign", |tx| -> StoreResult<()> { tx.assign_indexes(from, ids).await })
}

on_both_backends! {
    async fn the_ids_of_one_millisecond_are_in_order_and_so_are_the_rows(bed: Bed) {
        let store = bed.open().await;
        let mut ids = Vec::new();
        let emitted = run_tx!(store, "test.many", |tx| -> StoreResult<Vec<EventId>> {
            let mut ids = Vec::new();
            for _ in 0..50 {
                ids.push(tx.emit(Event::new(EventKind::TargetChanged, "tg_x")).await?);
            }
            Ok(ids)
        });
        ids.extend(emitted.unwrap());
        ids.push(emit(&store, Event::new(EventKind::TargetChanged, "tg_x")).await);
        assert!(ids.is_sorted() && ids.windows(2).all(|w| w[0] != w[1]));
        let filter = EventFilter { subject: Some("tg_x".into()), ..EventFilter::default() };
        let rows = store.reads().await.unwrap().events(&filter, 0, 100).await.unwrap();
        assert_eq!(rows.iter().map(|r| r.id.clone()).collect::<Vec<_>>(), ids);
        let behind = store.reads().await.unwrap().events(&filter, rows[48].seq, 100).await.unwrap();
        assert_eq!(behind, rows[49..]);
    }

    async fn an_event_is_found_by_what_it_names_and_its_text_only_beside_it(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let (request, _, grant) = world.granted().await;
        let event = Event::new(EventKind::GrantCreated, &grant.id)
            .grant(&grant.id)
            .request(&request.id)
            .text("reason", "because of Alice")
            .text("also", "Bob");
        let id = emit(&world.store, event).await;
        let mut reads = world.store.reads().await.unwrap();
        for filter in [
            EventFilter { grant: Some(grant.id.clone()), ..EventFilter::default() },
            EventFilter { request: Some(request.id.clone()), ..EventFilter::default() },
        ] {
            let found = reads.events(&filter, 0, 9).await.unwrap();
            assert_eq!((found.len(), &found[0].id, found[0].kind, found[0].index), (1, &id, EventKind::GrantCreated, None));
            let leaf = String::from_utf8(found[0].bytes.clone()).unwrap();
            assert!(!leaf.contains("Alice"));
            let values = reads.erasable_values(&id).await.unwrap();
            assert_eq!(
                values.iter().map(|v| (v.field.as_str(), v.value.as_str())).collect::<Vec<_>>(),
                [("also", "Bob"), ("reason", "because of Alice")]
            );
            assert!(values.iter().all(|v| leaf.contains(&commitment(&v.salt, &v.value))));
        }
    }

    async fn an_index_is_given_once_and_to_one_event(bed: Bed) {
        let store = bed.open().await;
        for _ in 0..6 {
            emit(&store, Event::new(EventKind::TargetChanged, "tg_x")).await;
        }
        let ids = pending(&store).await;
        assert_eq!((ids.len(), store.reads().await.unwrap().log_size().await.unwrap()), (7, 0));
        assign(&store, 0, &ids[..5]).await.unwrap();
        assert_eq!(pending(&store).await, ids[5..]);
        assert!(is_stale(&assign(&store, 5, &ids[4..]).await), "one of them has an index");
        assert!(assign(&store, 4, &ids[5..]).await.is_err(), "the index is another's");
        assert_eq!(pending(&store).await, ids[5..], "nothing of it is kept");
        assign(&store, 5, &ids[5..]).await.unwrap();
        let mut reads = store.reads().await.unwrap();
        assert_eq!(reads.log_size().await.unwrap(), 7);
        assert_eq!(reads.leaf_index(&ids[6]).await.unwrap(), Some(6));
        assert_eq!(reads.unsequenced_oldest().await.unwrap(), None);
        let leaves = reads.leaves(2, 5).await.unwrap();
        assert_eq!(leaves.iter().map(|l| l.index).collect::<Vec<_>>(), [2, 3, 4]);
        assert!(leaves.iter().all(|l| Digest::of(&l.bytes) == l.digest));
        assert_eq!(reads.leaf(3).await.unwrap().unwrap(), leaves[1].bytes);
        assert_eq!(reads.leaf(7).await.unwrap(), None);
    }

    async fn a_full_batch_gets_its_indexes_at_once(bed: Bed) {
        let store = bed.open().await;
        let emitted = run_tx!(store, "test.many", |tx| -> StoreResult<()> {
            for _ in 0..255 {
                note(tx, "tg_x").await?;
            }
            Ok(())
        });
        emitted.unwrap();
        let ids = pending(&store).await;
        assign(&store, 0, &ids).await.unwrap();
        let leaves = store.reads().await.unwrap().leaves(0, 1_000).await.unwrap();
        assert_eq!(leaves.iter().map(|l| l.index).collect::<Vec<_>>(), (0..256).collect::<Vec<u64>>());
    }

    async fn the_oldest_without_an_index_says_how_far_the_sequencer_is_behind(bed: Bed) {
        let store = bed.open().await;
        let first = store.now();
        bed.advance(5_000, &[&store]).await;
        emit(&store, Event::new(EventKind::TargetChanged, "tg_x")).await;
        let mut reads = store.reads().await.unwrap();
        assert_eq!(reads.unsequenced_oldest().await.unwrap(), Some(first));
        let counts = reads.counts(store.now(), 0).await.unwrap();
        assert_eq!((counts.unsequenced, counts.unsequenced_since), (2, Some(first)));
    }

    async fn checkpoint_and_tree_are_those_written_last(bed: Bed) {
        let store = bed.open().await;
        let mut reads = store.reads().await.unwrap();
        assert_eq!((reads.latest_checkpoint().await.unwrap(), reads.tree_state().await.unwrap()), (None, None));
        for size in [3_u64, 10] {
            let put = run_tx!(store, "test.checkpoint", |tx| -> StoreResult<()> {
                tx.put_tree_state(&[u8::try_from(size).unwrap(); 40]).await?;
                tx.put_checkpoint(size, &Digest::of(&size.to_be_bytes()), "note\n\n— x\n").await
            });
            put.unwrap();
        }
        let newest = Checkpoint { size: 10, root: Digest::of(&10_u64.to_be_bytes()), note: "note\n\n— x\n".into() };
        assert_eq!(reads.latest_checkpoint().await.unwrap(), Some(newest));
        assert_eq!(reads.tree_state().await.unwrap(), Some(vec![10; 40]));
    }
}
