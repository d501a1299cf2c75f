//! Every record comes back as it was written, and moves on by compare-and-set alone.

use hallpass_domain::connector::ConnectorState;
use hallpass_domain::grant::{EndReason, GrantState, SeenBy};
use hallpass_domain::holding::{Baseline, Presence, Seen};
use hallpass_domain::ids::{ApprovalId, Digest, EnrolmentId};
use hallpass_domain::port::ConnectorFacts;
use hallpass_domain::principal::PrincipalState;
use hallpass_domain::request::{Approval, RequestEvent, Verdict};
use hallpass_domain::rng::SystemRng;
use hallpass_store::{Answer, Constraint, CredentialState, GrantFilter, KeyRow, RequestFilter, StoreError, StoreResult, run_tx};
use hallpass_tests::on_both_backends;

use super::seed::{MINUTE, World, facts, is_stale, note, row};

on_both_backends! {
    async fn keys_and_the_master_keys_fingerprint_are_set_once(bed: Bed) {
        let store = bed.open().await;
        assert_eq!(store.reads().await.unwrap().master_fingerprint().await.unwrap(), None);
        let key =
            KeyRow { kind: "audit".into(), key_id: u32::MAX, public_hex: "ab".into(), envelope: vec![0, 1, 255], created: store.now() };
        let set = run_tx!(store, "test.keys", |tx| -> StoreResult<()> {
            tx.set_master_fingerprint("f1").await?;
            tx.insert_key(&key).await?;
            note(tx, "keys").await
        });
        set.unwrap();
        let again = run_tx!(store, "test.keys", |tx| -> StoreResult<()> { tx.set_master_fingerprint("f2").await });
        assert!(is_stale(&again));
        let mut reads = store.reads().await.unwrap();
        assert_eq!(reads.master_fingerprint().await.unwrap().as_deref(), Some("f1"));
        assert_eq!(reads.keys().await.unwrap(), [key]);
    }

    async fn a_principal_enrols_once_and_offboarded_is_final(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let id = &world.alice.id;
        let enrol = async || {
            run_tx!(world.store, "test.enrol", |tx| -> StoreResult<()> {
                tx.enrol_principal(id, "aa", "bb").await?;
                note(tx, id.as_str()).await
            })
        };
        let offboard = async || {
            run_tx!(world.store, "test.offboard", |tx| -> StoreResult<()> {
                tx.offboard_principal(id).await?;
                note(tx, id.as_str()).await
            })
        };
        enrol().await.unwrap();
        assert!(is_stale(&enrol().await));
        let mut reads = world.store.reads().await.unwrap();
        let alice = reads.principal_by_name(&world.alice.name).await.unwrap().unwrap();
        assert_eq!((alice.state, alice.signing_key.as_deref(), alice.version), (PrincipalState::Active, Some("aa"), 2));
        offboard().await.unwrap();
        assert!(is_stale(&offboard().await) && is_stale(&enrol().await));
        assert_eq!(reads.owned_by(id).await.unwrap(), std::slice::from_ref(&world.bot));
        let first = reads.principals(None, 2).await.unwrap();
        let rest = reads.principals(Some(&first[1].id), 9).await.unwrap();
        assert_eq!((first.len(), rest.len()), (2, 1));
    }

    async fn an_enrolment_is_used_once_and_in_time(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let now = world.store.now();
        let (good, late) = (Digest::of(b"good"), Digest::of(b"late"));
        let made = run_tx!(world.store, "test.invite", |tx| -> StoreResult<()> {
            tx.insert_enrolment(&EnrolmentId::new(now, &SystemRng)?, &good, &world.alice.id, now.plus(MINUTE)).await?;
            tx.insert_enrolment(&EnrolmentId::new(now, &SystemRng)?, &late, &world.bob.id, now).await?;
            note(tx, "en").await
        });
        made.unwrap();
        let take = async |token: &Digest| {
            run_tx!(world.store, "test.take", |tx| -> StoreResult<Option<hallpass_domain::ids::PrincipalId>> {
                note(tx, "en").await?;
                tx.take_enrolment(token, now).await
            })
            .unwrap()
        };
        assert_eq!(take(&good).await, Some(world.alice.id.clone()));
        assert_eq!(take(&good).await, None);
        assert_eq!(take(&late).await, None);
    }

    async fn groups_have_exactly_the_members_that_were_set_last(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let data = "data".parse().unwrap();
        for members in [vec![world.alice.id.clone(), world.bob.id.clone(), world.bob.id.clone()], vec![world.bob.id.clone()], vec![]] {
            let set = run_tx!(world.store, "test.group", |tx| -> StoreResult<()> {
                tx.set_group(&data, &members, "api").await?;
                note(tx, "data").await
            });
            set.unwrap();
            let mut reads = world.store.reads().await.unwrap();
            let mut distinct = members.clone();
            distinct.sort();
            distinct.dedup();
            assert_eq!(reads.group(&data).await.unwrap().unwrap().members, distinct);
            assert_eq!(reads.groups().await.unwrap().len(), 1);
            assert_eq!(reads.groups_of(&world.alice.id).await.unwrap().len(), usize::from(members.contains(&world.alice.id)));
        }
        assert_eq!(world.store.reads().await.unwrap().group(&"none".parse().unwrap()).await.unwrap(), None);
    }

    async fn sessions_end_at_their_time_and_an_assertion_is_spent_once(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let (now, token) = (world.store.now(), Digest::of(b"token"));
        let spend = async || {
            run_tx!(world.store, "test.session", |tx| -> StoreResult<bool> { tx.spend_jti("bot", "1", now.plus(MINUTE)).await }).unwrap()
        };
        let made = run_tx!(world.store, "test.session", |tx| -> StoreResult<()> {
            tx.insert_session(&token, &world.bot.id, "api", now.plus(MINUTE)).await
        });
        made.unwrap();
        assert!(spend().await);
        assert!(!spend().await);
        let mut reads = world.store.reads().await.unwrap();
        assert_eq!(reads.session(&token, now).await.unwrap().unwrap().principal, world.bot.id);
        assert_eq!(reads.session(&token, now.plus(MINUTE)).await.unwrap(), None);
        let pruned = run_tx!(world.store, "test.prune", |tx| -> StoreResult<u64> { tx.prune(now.plus(MINUTE)).await });
        assert_eq!(pruned.unwrap(), 2);
        assert!(spend().await, "what was pruned had expired");
    }

    async fn a_connector_is_kept_with_its_file_and_the_newest_of_a_name_is_found(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let newer = row(facts("2"), &world.alice.id, world.store.now().plus(MINUTE));
        let load = async || {
            run_tx!(world.store, "test.load", |tx| -> StoreResult<()> {
                tx.insert_connector(&newer, b"\0asm2").await?;
                note(tx, "connector").await
            })
        };
        load().await.unwrap();
        assert!(matches!(load().await, Err(StoreError::Duplicate { constraint: Constraint::ConnectorDigest | Constraint::ConnectorVersion })));
        let mut reads = world.store.reads().await.unwrap();
        assert_eq!(reads.connector_by_name("postgres").await.unwrap().unwrap(), newer);
        assert_eq!(reads.connector_bytes(&newer.facts.digest).await.unwrap().unwrap(), b"\0asm2");
        assert_eq!(reads.connector(&world.connector).await.unwrap().unwrap().facts.version, "1");
        assert_eq!(reads.connectors().await.unwrap().len(), 2);
    }

    async fn a_version_of_a_connector_is_one_file_and_moves_on_by_revision(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let twin = row(ConnectorFacts { digest: Digest::of(b"another file"), ..facts("1") }, &world.alice.id, world.store.now());
        let loaded = run_tx!(world.store, "test.load", |tx| -> StoreResult<()> {
            tx.insert_connector(&twin, b"\0asm").await?;
            note(tx, "connector").await
        });
        assert!(matches!(loaded, Err(StoreError::Duplicate { constraint: Constraint::ConnectorVersion })), "{loaded:?}");
        let mut banned = world.store.reads().await.unwrap().connector(&world.connector).await.unwrap().unwrap();
        (banned.state, banned.reason) = (ConnectorState::Banned, Some("malicious".into()));
        let ban = async || {
            run_tx!(world.store, "test.ban", |tx| -> StoreResult<i64> {
                note(tx, "connector").await?;
                tx.update_connector(&banned).await
            })
        };
        assert_eq!(ban().await.unwrap(), 2);
        assert!(is_stale(&ban().await));
        let mut reads = world.store.reads().await.unwrap();
        assert_eq!(reads.connector(&world.connector).await.unwrap().unwrap().reason.as_deref(), Some("malicious"));
        assert_eq!(reads.connector_by_name("postgres").await.unwrap(), None, "a banned one is nobody's choice");
        assert_eq!(reads.connector_states().await.unwrap(), [(world.connector, ConnectorState::Banned)]);
    }

    async fn a_target_changes_by_revision_and_keeps_its_secrets_apart(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let mut target = world.target.clone();
        target.settings.insert("port".into(), "5432".into());
        let change = async |t: &hallpass_domain::target::Target| {
            run_tx!(world.store, "test.configure", |tx| -> StoreResult<i64> {
                tx.put_target_secret(&t.id, "password", b"one").await?;
                tx.put_target_secret(&t.id, "password", b"two").await?;
                note(tx, t.id.as_str()).await?;
                tx.update_target(t).await
            })
        };
        assert_eq!(change(&target).await.unwrap(), 2);
        assert!(is_stale(&change(&target).await));
        let mut reads = world.store.reads().await.unwrap();
        let read = reads.target_by_name(&target.name).await.unwrap().unwrap();
        target.secrets = vec!["password".into()];
        target.revision = 2;
        assert_eq!(read, target);
        assert_eq!(reads.target_secrets(&target.id).await.unwrap(), [("password".to_owned(), b"two".to_vec())]);
        assert_eq!(reads.targets().await.unwrap(), [target]);
    }

    async fn an_account_belongs_to_one_principal_and_a_principal_has_one(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let set = async |who: &hallpass_domain::ids::PrincipalId, account: &str| {
            run_tx!(world.store, "test.account", |tx| -> StoreResult<()> {
                tx.set_account(who, &world.target.id, account).await?;
                note(tx, who.as_str()).await
            })
        };
        set(&world.alice.id, "al\"ice").await.unwrap();
        set(&world.alice.id, "alice").await.unwrap();
        assert!(matches!(set(&world.bob.id, "alice").await, Err(StoreError::Duplicate { constraint: Constraint::Account })));
        let mut reads = world.store.reads().await.unwrap();
        assert_eq!(reads.account(&world.alice.id, &world.target.id).await.unwrap().as_deref(), Some("alice"));
        assert_eq!(reads.account(&world.bob.id, &world.target.id).await.unwrap(), None);
        assert_eq!(reads.accounts(&world.target.id).await.unwrap(), [(world.alice.id.clone(), "alice".to_owned())]);
    }

    async fn a_request_moves_by_version_and_is_due_when_time_says(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let (now, mut request) = (world.store.now(), world.request());
        let made = run_tx!(world.store, "test.submit", |tx| -> StoreResult<()> {
            tx.insert_request(&request).await?;
            note(tx, request.id.as_str()).await
        });
        made.unwrap();
        let mut reads = world.store.reads().await.unwrap();
        assert_eq!(reads.request(&request.id).await.unwrap(), Some(request.clone()));
        assert_eq!(reads.due_requests(now.plus(10 * MINUTE - 1), 9).await.unwrap(), []);
        assert_eq!(reads.due_requests(now.plus(10 * MINUTE), 9).await.unwrap().len(), 1);
        request.state = request.state.on(RequestEvent::StageDone { last: false }, now.plus(1)).unwrap();
        request.approved_ms = 5 * MINUTE;
        let write = async |r: &hallpass_domain::request::Request| {
            run_tx!(world.store, "test.verdict", |tx| -> StoreResult<i64> {
                note(tx, r.id.as_str()).await?;
                tx.update_request(r).await
            })
        };
        assert_eq!(write(&request).await.unwrap(), 2);
        assert!(is_stale(&write(&request).await));
        request.version = 2;
        assert_eq!(reads.request(&request.id).await.unwrap(), Some(request.clone()));
        assert_eq!(reads.due_requests(now.plus(60 * MINUTE - 1), 9).await.unwrap(), [], "its second stage has no time-out");
        assert_eq!(reads.due_requests(now.plus(60 * MINUTE), 9).await.unwrap().len(), 1);
        request.state = request.state.on(RequestEvent::Lapse, now.plus(60 * MINUTE)).unwrap();
        write(&request).await.unwrap();
        assert_eq!(reads.due_requests(now.plus(90 * MINUTE), 9).await.unwrap(), []);
        let filter = RequestFilter { requester: Some(world.bot.id.clone()), state: Some("lapsed".into()), ..RequestFilter::default() };
        assert_eq!(reads.requests(&filter, None, 9).await.unwrap().len(), 1);
        assert_eq!(reads.requests(&filter, Some(&request.id), 9).await.unwrap().len(), 0);
    }

    async fn one_human_has_one_verdict_on_a_request(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let (request, _, _) = world.granted().await;
        let now = world.store.now();
        let approval = Approval {
            id: ApprovalId::new(now, &SystemRng).unwrap(),
            request: request.id.clone(),
            stage: 0,
            approver: world.alice.id.clone(),
            verdict: Verdict::Approve,
            narrowed_ms: Some(5 * MINUTE),
            reason: Some("go on".into()),
            at: now,
        };
        let through_the_agent = Approval {
            id: ApprovalId::new(now, &SystemRng).unwrap(),
            stage: 1,
            approver: world.bot.id.clone(),
            narrowed_ms: None,
            reason: None,
            ..approval.clone()
        };
        let give = async |a: &Approval| {
            run_tx!(world.store, "test.approve", |tx| -> StoreResult<()> {
                tx.insert_approval(a, &world.alice.id).await?;
                note(tx, a.id.as_str()).await
            })
        };
        give(&approval).await.unwrap();
        assert!(matches!(give(&through_the_agent).await, Err(StoreError::Duplicate { constraint: Constraint::ApprovalHuman })));
        assert_eq!(world.store.reads().await.unwrap().approvals(&request.id).await.unwrap(), [approval]);
        assert_eq!(world.store.reads().await.unwrap().approving_humans(&request.id).await.unwrap(), std::slice::from_ref(&world.alice.id));
    }

    async fn a_grant_moves_by_version_and_is_due_at_its_end_or_at_the_end_of_its_window(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let (_, holding, mut grant) = world.granted().await;
        let now = world.store.now();
        let mut reads = world.store.reads().await.unwrap();
        assert_eq!(reads.grant(&grant.id).await.unwrap(), Some(grant.clone()));
        assert_eq!(reads.due_grants(now.plus(15 * MINUTE), 9).await.unwrap().len(), 1, "not seen within its window");
        let write = async |g: &hallpass_domain::grant::Grant| {
            run_tx!(world.store, "test.grant", |tx| -> StoreResult<i64> {
                note(tx, g.id.as_str()).await?;
                tx.update_grant(g).await
            })
        };
        grant.state = GrantState::Active;
        grant.activated = Some(now);
        grant.ends = Some(now.plus(5 * MINUTE));
        grant.seen_by = Some(SeenBy::Host);
        assert_eq!(write(&grant).await.unwrap(), 2);
        assert!(is_stale(&write(&grant).await));
        grant.version = 2;
        assert_eq!(reads.due_grants(now.plus(5 * MINUTE - 1), 9).await.unwrap(), []);
        assert_eq!(reads.due_grants(now.plus(5 * MINUTE), 9).await.unwrap(), [grant.clone()]);
        assert_eq!(reads.live_grants_of(&holding.id).await.unwrap().len(), 1);
        grant.state = GrantState::Ending;
        grant.end_reason = Some(EndReason::Time);
        grant.ending_since = Some(now);
        grant.last_failure = Some("the target does not answer".into());
        write(&grant).await.unwrap();
        let counts = reads.counts(now.plus(MINUTE), 30_000).await.unwrap();
        assert_eq!((counts.grants[&GrantState::Ending], counts.overdue), (1, 1));
        assert_eq!(reads.counts(now.plus(30_000), 30_000).await.unwrap().overdue, 0, "overdue is past the grace, not at it");
        assert_eq!(reads.due_grants(now.plus(90 * MINUTE), 9).await.unwrap(), []);
        assert_eq!(reads.live_grants_of(&holding.id).await.unwrap(), []);
        assert_eq!(reads.ending_grants_of(&holding.id).await.unwrap().len(), 1);
        let of_bot = GrantFilter { principal: Some(world.bot.id.clone()), state: Some(GrantState::Ending), ..GrantFilter::default() };
        assert_eq!(reads.grants(&of_bot, None, 9).await.unwrap().len(), 1);
        let live = GrantFilter { live: true, ..of_bot };
        assert_eq!(reads.grants(&live, None, 9).await.unwrap().len(), 1, "what should be gone and is not is what an operator looks for");
    }

    async fn a_changed_wish_moves_a_holdings_version_and_a_sight_does_not(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let mut holding = world.holding(&world.target.id, Some("alice"));
        let twin = world.holding(&world.target.id, Some("alice"));
        let insert = async |h: &hallpass_domain::holding::Holding| {
            run_tx!(world.store, "test.hold", |tx| -> StoreResult<()> {
                tx.insert_holding(h).await?;
                note(tx, h.id.as_str()).await
            })
        };
        insert(&holding).await.unwrap();
        assert!(matches!(insert(&twin).await, Err(StoreError::Duplicate { constraint: Constraint::HoldingKey })));
        insert(&world.holding(&world.target.id, None)).await.unwrap();
        insert(&world.holding(&world.target.id, None)).await.unwrap();
        holding.baseline = Some(Baseline::Present);
        holding.locator = Some("role:x".into());
        holding.seen = Some(Seen { presence: Presence::Present, at: world.store.now(), by: SeenBy::Connector });
        let seen = run_tx!(world.store, "test.seen", |tx| -> StoreResult<()> {
            tx.update_holding_seen(&holding).await?;
            note(tx, holding.id.as_str()).await
        });
        seen.unwrap();
        let mut reads = world.store.reads().await.unwrap();
        assert_eq!(
            reads.holding_by_key(&world.target.id, "alice", &holding.entitlement, &holding.resource).await.unwrap(),
            Some(holding.clone())
        );
        let wish = async || {
            run_tx!(world.store, "test.wish", |tx| -> StoreResult<i64> {
                let anchored = tx.anchor_holding(&holding.id).await?.unwrap();
                assert!(anchored.version >= holding.version, "taking the anchor is no change of the wish");
                note(tx, holding.id.as_str()).await?;
                tx.update_holding_wish(&holding).await
            })
        };
        assert_eq!(wish().await.unwrap(), 2);
        assert!(is_stale(&wish().await));
        assert_eq!(reads.holdings(&world.target.id).await.unwrap().len(), 3);
    }

    async fn a_credential_is_picked_up_once_and_its_bytes_are_gone(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let (_, _, grant) = world.granted().await;
        let now = world.store.now();
        let put = async || {
            run_tx!(world.store, "test.seal", |tx| -> StoreResult<()> {
                tx.put_credential(&grant.id, b"sealed", "recipient", now.plus(10 * MINUTE)).await?;
                note(tx, grant.id.as_str()).await
            })
            .unwrap();
        };
        let take = async |at| {
            run_tx!(world.store, "test.take", |tx| -> StoreResult<Option<Vec<u8>>> {
                note(tx, grant.id.as_str()).await?;
                Ok(tx.take_credential(&grant.id, at).await?.map(|c| c.sealed))
            })
            .unwrap()
        };
        let state = async || world.store.reads().await.unwrap().credential_state(&grant.id).await.unwrap();
        assert_eq!(state().await, None);
        assert_eq!(take(now).await, None);
        put().await;
        assert_eq!(take(now.plus(10 * MINUTE)).await, None, "too late");
        assert_eq!(
            world.store.reads().await.unwrap().expired_credentials(now.plus(10 * MINUTE)).await.unwrap(),
            std::slice::from_ref(&grant.id)
        );
        assert_eq!(take(now).await.as_deref(), Some(&b"sealed"[..]));
        assert_eq!(take(now).await, None);
        assert_eq!(state().await, Some(CredentialState::PickedUp));
        put().await;
        let erase = async || {
            run_tx!(world.store, "test.erase", |tx| -> StoreResult<bool> {
                note(tx, grant.id.as_str()).await?;
                tx.erase_credential(&grant.id).await
            })
            .unwrap()
        };
        assert!(erase().await);
        assert!(!erase().await);
        assert_eq!(state().await, Some(CredentialState::Erased));
    }

    async fn of_those_that_pick_up_at_once_one_gets_it(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let (_, _, grant) = world.granted().await;
        let now = world.store.now();
        let take = || async {
            let taken = run_tx!(world.store, "test.take", |tx| -> StoreResult<bool> {
                let taken = tx.take_credential(&grant.id, now).await?.is_some();
                note(tx, grant.id.as_str()).await?;
                Ok(taken)
            });
            taken.unwrap()
        };
        // The first rounds open the connections; in the later ones they meet.
        for _ in 0..12 {
            let put = run_tx!(world.store, "test.seal", |tx| -> StoreResult<()> {
                tx.put_credential(&grant.id, b"sealed", "recipient", now.plus(MINUTE)).await?;
                note(tx, grant.id.as_str()).await
            });
            put.unwrap();
            let results = tokio::join!(take(), take(), take(), take());
            assert_eq!([results.0, results.1, results.2, results.3].iter().filter(|got| **got).count(), 1);
        }
    }

    async fn an_idempotency_key_has_one_answer_for_a_day(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let answer = Answer { request: Digest::of(b"call"), status: 201, body: "{}".into() };
        let put =
            async || run_tx!(world.store, "test.answer", |tx| -> StoreResult<()> { tx.put_idempotent(&world.bot.id, "k", &answer).await });
        put().await.unwrap();
        assert!(matches!(put().await, Err(StoreError::Duplicate { constraint: Constraint::IdempotencyKey })));
        let mut reads = world.store.reads().await.unwrap();
        assert_eq!(reads.idempotent(&world.bot.id, "k").await.unwrap(), Some(answer));
        assert_eq!(reads.idempotent(&world.alice.id, "k").await.unwrap(), None);
        let a_day = world.store.now().plus(24 * 60 * MINUTE);
        let pruned = run_tx!(world.store, "test.prune", |tx| -> StoreResult<u64> { tx.prune(a_day).await });
        assert_eq!(pruned.unwrap(), 1);
    }

    async fn a_record_cannot_point_to_nothing(bed: Bed) {
        let world = World::new(&bed.open().await).await;
        let holding = world.holding(&world.target.id, None);
        let operation = world.operation(&holding);
        let result = run_tx!(world.store, "test.dangling", |tx| -> StoreResult<()> {
            tx.insert_operation(&operation).await?;
            note(tx, operation.id.as_str()).await
        });
        assert!(matches!(result, Err(StoreError::Dangling)), "{result:?}");
    }
}
