//! What a transaction keeps, and what it does not.

use hallpass_domain::event::{Event, EventKind, MOST_BYTES};
use hallpass_domain::principal::PrincipalKind;
use hallpass_store::{Config, Constraint, EventFilter, Store, StoreError, StoreResult, run_tx};
use hallpass_tests::{Bed, on_both_backends};
use sqlx::{Connection as _, PgConnection};

use super::seed::{World, note, principal};

async fn names(store: &Store) -> Vec<String> {
    let all = store.reads().await.unwrap().principals(None, 100).await.unwrap();
    all.iter().map(|p| p.name.to_string()).collect()
}

on_both_backends! {
    async fn a_change_without_an_event_is_not_kept(bed: Bed) {
        let store = bed.open().await;
        let alice = principal(store.now(), "alice", PrincipalKind::User, None);
        let silent = run_tx!(store, "test.silent", |tx| -> StoreResult<()> { tx.insert_principal(&alice).await });
        assert!(matches!(silent, Err(StoreError::NoEvent)), "{silent:?}");
        assert!(names(&store).await.is_empty());
    }

    async fn a_change_whose_event_cannot_be_written_is_not_kept(bed: Bed) {
        let store = bed.open().await;
        let alice = principal(store.now(), "alice", PrincipalKind::User, None);
        let failed = run_tx!(store, "test.large", |tx| -> StoreResult<()> {
            tx.insert_principal(&alice).await?;
            tx.emit(Event::new(EventKind::PrincipalAdded, &alice.id).word("x", &"y".repeat(MOST_BYTES))).await.map(drop)
        });
        assert!(matches!(failed, Err(StoreError::Event(_))), "{failed:?}");
        assert!(names(&store).await.is_empty());
    }

    async fn an_error_of_the_body_undoes_everything_with_its_events(bed: Bed) {
        let store = bed.open().await;
        let before = store.reads().await.unwrap().events(&EventFilter::default(), 0, 100).await.unwrap().len();
        let alice = principal(store.now(), "alice", PrincipalKind::User, None);
        let failed = run_tx!(store, "test.undone", |tx| -> StoreResult<()> {
            tx.insert_principal(&alice).await?;
            note(tx, alice.id.as_str()).await?;
            Err(StoreError::Full)
        });
        assert!(matches!(failed, Err(StoreError::Full)));
        assert!(names(&store).await.is_empty());
        assert_eq!(store.reads().await.unwrap().events(&EventFilter::default(), 0, 100).await.unwrap().len(), before);
    }

    async fn what_failed_in_part_cannot_be_committed(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let twice = principal(world.store.now(), "alice", PrincipalKind::User, None);
        let carol = principal(world.store.now(), "carol", PrincipalKind::User, None);
        let result = run_tx!(world.store, "test.broken", |tx| -> StoreResult<()> {
            tx.insert_principal(&carol).await?;
            let swallowed = tx.insert_principal(&twice).await;
            assert!(matches!(swallowed, Err(StoreError::Duplicate { constraint: Constraint::PrincipalName })), "{swallowed:?}");
            let _ = note(tx, "pr_x").await;
            Ok(())
        });
        assert!(matches!(result, Err(StoreError::Broken)), "{result:?}");
        assert_eq!(names(&world.store).await.len(), 3);
    }

    async fn a_body_reads_what_it_wrote_and_others_do_not(bed: Bed) {
        let store = bed.open().await;
        let alice = principal(store.now(), "alice", PrincipalKind::User, None);
        let done = run_tx!(store, "test.own", |tx| -> StoreResult<()> {
            tx.insert_principal(&alice).await?;
            assert_eq!(tx.reads().principal(&alice.id).await?, Some(alice.clone()));
            assert_eq!(store.reads().await?.principal(&alice.id).await?, None);
            note(tx, alice.id.as_str()).await
        });
        done.unwrap();
        assert_eq!(store.reads().await.unwrap().principal(&alice.id).await.unwrap(), Some(alice));
    }

    async fn two_that_anchor_the_same_rows_in_opposite_order_both_come_through(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let swap = |first: hallpass_domain::ids::PrincipalId, second: hallpass_domain::ids::PrincipalId| {
            let store = world.store.clone();
            async move {
                for _ in 0..3 {
                    let result = run_tx!(store, "test.anchors", |tx| -> StoreResult<()> {
                        tx.anchor_principal(&first).await?;
                        tokio::task::yield_now().await;
                        tx.anchor_principal(&second).await.map(drop)
                    });
                    result.unwrap();
                }
            }
        };
        let (alice, bob) = (world.alice.id.clone(), world.bob.id.clone());
        tokio::join!(tokio::spawn(swap(alice.clone(), bob.clone())), tokio::spawn(swap(bob, alice.clone()))).0.unwrap();
        let version = world.store.reads().await.unwrap().principal(&alice).await.unwrap().unwrap().version;
        assert_eq!(version, world.alice.version + 6);
    }

    async fn a_transaction_that_is_dropped_leaves_nothing_and_blocks_nobody(bed: Bed) {
        let store = bed.open().await;
        let alice = principal(store.now(), "alice", PrincipalKind::User, None);
        for _ in 0..3 {
            let hanging = async {
                run_tx!(store, "test.dropped", |tx| -> StoreResult<()> {
                    tx.insert_principal(&alice).await?;
                    std::future::pending().await
                })
            };
            let mut hanging = Box::pin(hanging);
            // Polled until its row is written.
            for _ in 0..200 {
                assert!(futures_util::poll!(&mut hanging).is_pending());
                tokio::task::yield_now().await;
            }
        }
        World::new(&store).await;
        assert_eq!(names(&store).await.len(), 3, "the dropped row would stand in the way of this name");
    }

    async fn commits_are_counted_by_name_and_those_that_wrote_nothing_are_not(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let before = world.store.begin_commits();
        let looked = run_tx!(world.store, "test.looked", |tx| -> StoreResult<usize> { Ok(tx.reads().principals(None, 9).await?.len()) });
        assert_eq!(looked.unwrap(), 3);
        let wrote = run_tx!(world.store, "test.wrote", |tx| -> StoreResult<()> { note(tx, "tg_x").await });
        wrote.unwrap();
        assert_eq!(world.store.begin_commits(), before + 1);
        let counts = world.store.tx_counts();
        assert!(!counts.contains_key("test.looked"));
        assert_eq!(counts["test.wrote"].commits, 1);
    }

    async fn a_commit_wakes_whoever_waits_and_a_hint_in_between_is_not_lost(bed: Bed) {
        let store = bed.open().await;
        let mut wake = store.wake();
        World::new(&store).await;
        wake.woken().await;
        assert!(futures_util::poll!(Box::pin(wake.woken())).is_pending(), "one hint is one wake-up");
    }
}

#[tokio::test]
async fn a_commit_on_one_node_wakes_the_other() {
    let bed = Bed::postgres().await;
    let (one, other) = (bed.open().await, bed.open().await);
    let mut wake = other.wake();
    // The other node may still be about to listen: hints are told until one arrives.
    let told = async {
        loop {
            let told = run_tx!(one, "test.told", |tx| -> StoreResult<()> {
                tx.set_group(&"data".parse().unwrap(), &[], "api").await?;
                note(tx, "data").await
            });
            told.unwrap();
        }
    };
    tokio::select! {
        () = wake.woken() => {}
        () = told => {}
    }
}

#[tokio::test]
async fn a_transaction_survives_that_its_idle_connection_was_cut() {
    let bed = Bed::postgres().await;
    let world = World::new(&bed.open().await).await;
    let Config::Postgres { url, .. } = bed.config() else { panic!("a bed of PostgreSQL") };
    let mut other = PgConnection::connect(url.expose()).await.unwrap();
    let sql =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let mut cut = async || assert!(sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut other).await.unwrap() > 0);
    cut().await;
    let wrote = run_tx!(world.store, "test.cut", |tx| -> StoreResult<()> { note(tx, "tg_x").await });
    wrote.unwrap();
    cut().await;
    let operation = world.planned(&world.target.id).await;
    cut().await;
    let claimed = world.store.claim_due("one", 60_000, 9, &[], 9).await.unwrap();
    assert_eq!(claimed.into_iter().map(|c| c.operation).collect::<Vec<_>>(), [operation], "a claim alone survives it too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_held_moves_after_that_and_others_hold_it_too() {
    let bed = Bed::postgres().await;
    let world = World::new(&bed.open().await).await;
    let Config::Postgres { url, .. } = bed.config() else { panic!("a bed of PostgreSQL") };
    let mut watch = PgConnection::connect(url.expose()).await.unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let (store, target) = (world.store.clone(), world.target.clone());
    let held = run_tx!(world.store, "test.hold", |tx| -> StoreResult<tokio::task::JoinHandle<StoreResult<()>>> {
        tx.hold_target(&target.id).await?;
        run_tx!(store, "test.hold-too", |other| -> StoreResult<()> { other.hold_target(&target.id).await })?;
        let (store, target) = (store.clone(), target.clone());
        let moves = tokio::spawn(async move {
            run_tx!(store, "test.move", |tx| -> StoreResult<()> {
                tx.update_target(&target).await?;
                note(tx, target.id.as_str()).await
            })
        });
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut watch).await.unwrap() == 0 {
            assert!(!moves.is_finished(), "it did not wait");
            tokio::task::yield_now().await;
        }
        Ok(moves)
    });
    held.unwrap().await.unwrap().unwrap();
    assert_eq!(world.store.reads().await.unwrap().target(&world.target.id).await.unwrap().unwrap().revision, 2);
}
