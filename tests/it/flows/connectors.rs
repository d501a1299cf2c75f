//! The life of a connector: whose is let in, what it may do, how versions follow each other (law 11).

use hallpass_broker::{
    BrokerError, ConnectorRow, NewConnector, NewRepin, NewUpgrade, NewVerdict, Page, SignedFile, TrustPolicy, TrustedPublisher, Upgrade,
    VerifierKey,
};
use hallpass_domain::connector::{ConnectorState, permissions_digest};
use hallpass_domain::grant::GrantState;
use hallpass_domain::holding::Presence;
use hallpass_domain::ids::Digest;
use hallpass_domain::request::Verdict;
use hallpass_domain::rng::SeededRng;
use hallpass_domain::secret::Signer as _;
use hallpass_keyring::PublisherKey;
use hallpass_tests::Bed;
use hallpass_tests::app::{MINUTE, ROLE, SCHEMA, TestApp, name};
use hallpass_tests::on_both_backends;
use hallpass_tests::scripted::Fault;
use tokio_util::sync::CancellationToken;

async fn load(app: &TestApp, file: &str) -> Result<ConnectorRow, BrokerError> {
    app.broker.load_connector(&app.sign_in("admin").await, NewConnector::of(file.as_bytes())).await
}

fn refusal(outcome: Result<ConnectorRow, BrokerError>) -> String {
    match outcome {
        Err(BrokerError::NotAdmitted(refused)) => refused.reason,
        other => panic!("it was not refused as a file: {other:?}"),
    }
}

/// A first version that somebody accepted alone, and a later one that asks for less.
async fn wide_then_narrow(app: &TestApp) -> (ConnectorRow, ConnectorRow) {
    let admin = app.sign_in("admin").await;
    let wide = load(app, "scripted 1.0.0 asks=read,write").await.unwrap();
    app.broker.accept_connector(&admin, &wide.facts.digest, &permissions_digest(&wide.facts.permissions)).await.unwrap();
    app.advance(MINUTE).await;
    (wide, load(app, "scripted 1.1.0 asks=read").await.unwrap())
}

async fn upgrade(app: &TestApp, digest: &Digest) -> Result<Upgrade, BrokerError> {
    app.broker.upgrade_connector(&app.sign_in("admin").await, digest, NewUpgrade::default()).await
}

async fn row(app: &TestApp, version: &str) -> ConnectorRow {
    let all = app.broker.connectors(&app.sign_in("admin").await).await.unwrap();
    all.into_iter().find(|row| row.facts.version == version).unwrap()
}

async fn version(app: &TestApp, version: &str) -> Digest {
    row(app, version).await.facts.digest
}

async fn state(app: &TestApp, version: &str) -> ConnectorState {
    row(app, version).await.state
}

async fn kinds(app: &TestApp) -> Vec<String> {
    let events = app.broker.events(&app.sign_in("admin").await, hallpass_broker::EventFilter::default(), None, 500).await.unwrap();
    events.into_iter().map(|e| e.kind).collect()
}

/// The closed words of the refusals that the log has, in order.
async fn refusals(app: &TestApp) -> Vec<String> {
    let events = app.broker.events(&app.sign_in("admin").await, hallpass_broker::EventFilter::default(), None, 500).await.unwrap();
    let refused = events.into_iter().filter(|e| e.kind == "connector.refused");
    refused.map(|e| e.leaf["facts"]["why"].as_str().unwrap().to_owned()).collect()
}

on_both_backends! {
    async fn only_what_the_trust_policy_wants_signed_is_let_in(bed: Bed) {
        let key = |seed: u64| PublisherKey::generate("key", &SeededRng::new(seed)).unwrap();
        let keys = [1, 2, 3].map(|n| VerifierKey::new(&format!("k{n}"), key(n).signer().public_key()).unwrap()).to_vec();
        let publishers = vec![TrustedPublisher { name: "tests".into(), keys, required: 2 }];
        let trust = TrustPolicy { publishers, allow_unsigned: false };
        let app = TestApp::with(bed, |settings| settings.trust = trust).await;
        let admin = app.sign_in("admin").await;
        let file = b"scripted 1.1.0";
        let signed = SignedFile { digest: Digest::of(file), name: "scripted".into(), version: "1.1.0".into(), publisher: "tests".into() };
        let one = signed.sign("k1", key(1).signer(), None).unwrap();
        let two = signed.sign("k3", key(3).signer(), Some(&one)).unwrap();
        let try_with = async |file: &[u8], note: Option<&str>| {
            app.broker.load_connector(&admin, NewConnector { signature: note, ..NewConnector::of(file) }).await
        };
        assert!(refusal(try_with(file, None).await).contains("not signed"));
        assert!(refusal(try_with(file, Some(&one)).await).contains("1 of the trusted keys"));
        assert!(refusal(try_with(b"scripted 1.1.0 unhealthy", Some(&two)).await).contains("another file"));
        let relabelled = SignedFile { version: "1.2.0".into(), ..signed.clone() };
        let relabelled = relabelled.sign("k2", key(2).signer(), Some(&relabelled.sign("k1", key(1).signer(), None).unwrap())).unwrap();
        assert!(refusal(try_with(file, Some(&relabelled)).await).contains("says of itself something else"));
        let stranger = SignedFile { publisher: "nobody".into(), ..signed };
        assert!(refusal(try_with(file, Some(&stranger.sign("k1", key(1).signer(), None).unwrap())).await).contains("not one that this broker trusts"));
        assert!(app.scripted.in_memory().is_empty(), "nothing of what was refused stays");
        let loaded = try_with(file, Some(&two)).await.unwrap();
        assert_eq!((loaded.state, loaded.signers), (ConnectorState::Loaded, vec!["k1".to_owned(), "k3".to_owned()]));
        assert_eq!(refusals(&app).await, ["unsigned", "too-few-signatures", "wrong-digest", "bad-signature", "unknown-publisher"]);
    }

    async fn a_version_never_goes_back_unless_somebody_says_so_and_is_one_file(bed: Bed) {
        let app = TestApp::new(bed).await;
        load(&app, "scripted 1.10.0").await.unwrap();
        assert!(refusal(load(&app, "scripted 1.9.0").await).contains("older than 1.10.0"));
        assert!(refusal(load(&app, "scripted 1.10.0 blind").await).contains("from another file"));
        assert!(refusal(load(&app, "scripted 2.0.0 by=somebody-else").await).contains("belongs to the publisher `tests`"));
        assert_eq!(app.scripted.in_memory(), ["1.0.0", "1.10.0"]);
        let back = NewConnector { allow_downgrade: true, ..NewConnector::of(b"scripted 1.9.0") };
        app.broker.load_connector(&app.sign_in("admin").await, back).await.unwrap();
        let events = app.broker.events(&app.sign_in("admin").await, hallpass_broker::EventFilter::default(), None, 500).await.unwrap();
        assert_eq!(events.iter().filter(|e| e.kind == "connector.downgraded").count(), 1);
        assert_eq!(refusals(&app).await, ["downgrade", "same-version", "name-taken"]);
        assert!(load(&app, "scripted 1.10.0").await.is_ok(), "what is loaded can be loaded again");
    }

    async fn what_breaks_a_law_of_conformance_is_refused_and_not_kept(bed: Bed) {
        let app = TestApp::new(bed).await;
        assert!(refusal(load(&app, "scripted 1.1.0 lawless").await).contains("the law `twice`"));
        assert_eq!(app.scripted.in_memory(), ["1.0.0"]);
        assert_eq!(refusals(&app).await, ["conformance"]);
        load(&app, "scripted 1.1.0").await.expect("the version that was refused is still free");
    }

    async fn nobody_accepts_what_they_have_not_read(bed: Bed) {
        let app = TestApp::bare(bed).await;
        let admin = app.sign_in("admin").await;
        let file = b"scripted 1.0.0 asks=read,write";
        let loaded = app.broker.load_connector(&admin, NewConnector::of(file)).await.unwrap();
        assert_eq!(loaded.granted, None);
        let refused = app.target_of("shop-prod", "scripted").await.unwrap_err();
        assert!(refused.to_string().contains("nobody has accepted"), "{refused}");
        let unread = permissions_digest(&["read".to_owned()]);
        let refused = app.broker.accept_connector(&admin, &loaded.facts.digest, &unread).await;
        assert!(matches!(refused, Err(BrokerError::Invalid { field: "accept", .. })), "{refused:?}");
        let bob = app.sign_in("bob").await;
        let read = permissions_digest(&loaded.facts.permissions);
        assert!(matches!(app.broker.accept_connector(&bob, &loaded.facts.digest, &read).await, Err(BrokerError::Forbidden { .. })));
        let accepted = app.broker.accept_connector(&admin, &loaded.facts.digest, &read).await.unwrap();
        assert_eq!(accepted.granted_lines(), ["read", "write"]);
        app.target_of("shop-prod", "scripted").await.unwrap();

        let less = load(&app, "scripted 1.1.0 asks=read").await.unwrap();
        assert_eq!(less.granted_lines(), ["read"], "asking for less needs nobody");
        let more = load(&app, "scripted 1.2.0 asks=read,write").await.unwrap();
        assert_eq!(more.granted, None, "what was granted last is what counts");
        let refused = app.broker.accept_connector(&admin, &more.facts.digest, &read).await.unwrap_err();
        assert!(matches!(&refused, BrokerError::Forbidden { .. }) && refused.to_string().contains("upgrade"), "{refused}");
    }

    async fn what_was_accepted_before_a_target_had_less_is_asked_for_anew(bed: Bed) {
        let app = TestApp::bare(bed).await;
        let admin = app.sign_in("admin").await;
        let (wide, narrow) = wide_then_narrow(&app).await;
        let target = app.target_of("shop-prod", "scripted").await.unwrap();
        assert_eq!(app.broker.target(&admin, &target).await.unwrap().connector, narrow.facts.digest);
        let back = upgrade(&app, &wide.facts.digest).await.unwrap();
        assert_eq!((back.diff.added, back.targets.len()), (vec!["write".to_owned()], 0));
        let held = app.broker.held_back(&app.broker.target(&admin, &target).await.unwrap()).await.unwrap();
        assert!(held.iter().any(|held| held.why.as_str() == "upgrade-pending"), "{held:?}");
        app.set_group("operators", &["admin", "bob"]).await;
        app.advance(MINUTE).await;
        app.approve("bob", &back.request.expect("nobody accepted it for this target"), None).await.unwrap();
        app.settle().await;
        assert_eq!(app.broker.target(&admin, &target).await.unwrap().connector, wide.facts.digest);
    }

    async fn a_ban_of_the_last_version_brings_back_nothing_that_it_did_not_ask_for(bed: Bed) {
        let app = TestApp::bare(bed).await;
        let admin = app.sign_in("admin").await;
        let (_, narrow) = wide_then_narrow(&app).await;
        app.broker.ban_connector(&admin, &narrow.facts.digest, "it is broken").await.unwrap();
        assert_eq!(load(&app, "scripted 1.2.0 asks=read,write").await.unwrap().granted, None);
        assert_eq!(load(&app, "scripted 1.3.0 asks=read").await.unwrap().granted_lines(), ["read"]);
    }

    async fn what_only_banned_versions_were_granted_is_asked_for_anew(bed: Bed) {
        let app = TestApp::new(bed).await;
        app.advance(MINUTE).await;
        let admin = app.sign_in("admin").await;
        let read = load(&app, "scripted 1.1.0 asks=read").await.unwrap();
        let request = upgrade(&app, &read.facts.digest).await.unwrap().request.unwrap();
        app.set_group("operators", &["admin", "bob"]).await;
        app.approve("bob", &request, None).await.unwrap();
        app.settle().await;
        app.advance(MINUTE).await;
        let write = load(&app, "scripted 1.2.0 asks=read,write").await.unwrap();
        let request = upgrade(&app, &write.facts.digest).await.unwrap().request.unwrap();
        app.approve("bob", &request, None).await.unwrap();
        app.settle().await;
        app.broker.ban_connector(&admin, &write.facts.digest, "it writes too much").await.unwrap();
        let next = load(&app, "scripted 1.3.0 asks=read,write").await.unwrap();
        assert_eq!(next.granted, None, "to write was granted to the banned version alone");
        let ordered = upgrade(&app, &next.facts.digest).await.unwrap();
        assert_eq!((ordered.diff.added, ordered.request.is_some()), (vec!["write".to_owned()], true));
        assert_eq!(load(&app, "scripted 1.4.0 asks=read").await.unwrap().granted_lines(), ["read"], "to read was not");
        // Where all are banned, nobody who bans becomes the one who accepts.
        for version in ["1.0.0", "1.1.0", "1.4.0"] {
            let digest = self::version(&app, version).await;
            app.broker.ban_connector(&admin, &digest, "all of it").await.unwrap();
        }
        let last = load(&app, "scripted 1.5.0 asks=read").await.unwrap();
        assert_eq!(last.granted, None);
        let accepted = app.broker.accept_connector(&admin, &last.facts.digest, &permissions_digest(&last.facts.permissions)).await;
        assert!(matches!(accepted, Err(BrokerError::Forbidden { .. })), "{accepted:?}");
        let ordered = upgrade(&app, &last.facts.digest).await.unwrap();
        assert_eq!(ordered.diff.added, ["read"]);
        app.approve("bob", &ordered.request.unwrap(), None).await.unwrap();
        app.settle().await;
        assert_eq!(state(&app, "1.5.0").await, ConnectorState::Active);
    }

    async fn an_upgrade_moves_new_calls_and_holdings_end_with_the_version_that_made_them(bed: Bed) {
        let app = TestApp::new(bed).await;
        let old = app.bot_reads(5 * MINUTE).await;
        app.settle().await;
        let next = load(&app, "scripted 1.1.0").await.unwrap();
        let done = upgrade(&app, &next.facts.digest).await.unwrap();
        assert_eq!((done.request, done.targets[0].to, &done.targets[0].held_back), (None, next.facts.digest, &None));
        assert_eq!(done.connector.state, ConnectorState::Active);
        assert_eq!(state(&app, "1.0.0").await, ConnectorState::Retiring);
        let asked = app.ask("dave", "role.member", ROLE, 5 * MINUTE).await.unwrap();
        app.approve("carol", &asked.request.id, None).await.unwrap();
        let new = app.approve("dan", &asked.request.id, None).await.unwrap().grant.unwrap();
        app.settle().await;
        assert_eq!(app.grant(&new).await.grant.state, GrantState::Active);
        assert!(app.scripted.calls().contains(&("1.1.0".to_owned(), "apply")));
        app.after(5 * MINUTE).await;
        assert!(app.grant(&old).await.grant.state.is_final() && app.grant(&new).await.grant.state.is_final());
        let revokes: Vec<_> = app.scripted.calls().into_iter().filter(|(_, what)| *what == "revoke").map(|(version, _)| version).collect();
        assert_eq!((revokes.len(), revokes.contains(&"1.0.0".to_owned()), revokes.contains(&"1.1.0".to_owned())), (2, true, true));
        assert_eq!(state(&app, "1.0.0").await, ConnectorState::Unloaded);
        assert_eq!(app.scripted.in_memory(), ["1.1.0"], "what nothing holds any more is gone from memory");

        let admin = app.sign_in("admin").await;
        let back = app.broker.roll_back_connector(&admin, "scripted").await.unwrap();
        assert_eq!((back.len(), &back[0].held_back, back[0].from), (1, &None, next.facts.digest));
        assert_eq!((state(&app, "1.0.0").await, state(&app, "1.1.0").await), (ConnectorState::Active, ConnectorState::Retiring));
        let again = app.broker.roll_back_connector(&admin, "scripted").await.unwrap_err();
        assert!(again.to_string().contains("came after another one"), "it would go forward to what was just left: {again}");
        app.bot_reads(MINUTE).await;
        app.settle().await;
        assert_eq!(app.scripted.calls().last().unwrap(), &("1.0.0".to_owned(), "look"));
        assert_eq!(app.scripted.in_memory(), ["1.0.0"]);
    }

    async fn a_version_that_does_not_fit_or_is_not_healthy_never_becomes_active(bed: Bed) {
        let app = TestApp::new(bed).await;
        for (file, why) in [("scripted 1.1.0 unhealthy", "health"), ("scripted 1.2.0 needs=region", "does not know it")] {
            let next = load(&app, file).await.unwrap();
            let done = upgrade(&app, &next.facts.digest).await.unwrap();
            let held_back = done.targets[0].held_back.as_deref().unwrap();
            assert!(held_back.contains(why), "{held_back}");
            assert_eq!(done.connector.state, ConnectorState::Loaded);
        }
        assert_eq!(state(&app, "1.0.0").await, ConnectorState::Active);
        let grant = app.bot_reads(MINUTE).await;
        app.settle().await;
        assert_eq!(app.grant(&grant).await.grant.state, GrantState::Active);
        assert!(kinds(&app).await.iter().filter(|k| *k == "connector.held-back").count() == 2);
    }

    async fn a_version_that_asks_for_more_waits_for_another_person_and_then_goes_on_by_itself(bed: Bed) {
        let app = TestApp::new(bed).await;
        let more = load(&app, "scripted 1.1.0 asks=read,write").await.unwrap();
        let done = upgrade(&app, &more.facts.digest).await.unwrap();
        let request = done.request.expect("somebody must say yes");
        assert_eq!(done.diff.added, ["read", "write"]);
        assert_eq!(upgrade(&app, &more.facts.digest).await.unwrap().request, Some(request.clone()), "one asking is enough");
        app.settle().await;
        assert_eq!(state(&app, "1.1.0").await, ConnectorState::Loaded);
        let refused = app.approve("admin", &request, None).await.unwrap_err();
        assert!(matches!(&refused, BrokerError::Forbidden { .. }) && refused.to_string().contains("themselves"), "{refused}");
        let operators = ["admin", "bob"].map(name).to_vec();
        app.broker.set_group(&app.sign_in("admin").await, &name("operators"), operators).await.unwrap();
        assert!(matches!(app.approve("carol", &request, None).await, Err(BrokerError::NotFound { .. } | BrokerError::Forbidden { .. })));
        let inbox = app.broker.inbox(&app.sign_in("bob").await, Page::default()).await.unwrap();
        assert_eq!(inbox.items.iter().map(|view| &view.request.id).collect::<Vec<_>>(), [&request]);
        assert!(matches!(app.approve("bob", &request, Some(1)).await, Err(BrokerError::Invalid { field: "narrowed_ms", .. })));
        app.approve("bob", &request, None).await.unwrap();
        app.settle().await;
        assert_eq!(state(&app, "1.1.0").await, ConnectorState::Active);
        app.bot_reads(MINUTE).await;
        app.settle().await;
        assert_eq!(app.scripted.calls().last().unwrap(), &("1.1.0".to_owned(), "look"), "it may use what was granted");

        let again = load(&app, "scripted 1.2.0 asks=read,write,delete").await.unwrap();
        let request = upgrade(&app, &again.facts.digest).await.unwrap().request.unwrap();
        let deny = NewVerdict { verdict: Verdict::Deny, narrowed_ms: None, reason: Some("it needs no delete".into()) };
        app.broker.decide(&app.sign_in("bob").await, &request, deny).await.unwrap();
        app.settle().await;
        assert_eq!((state(&app, "1.1.0").await, state(&app, "1.2.0").await), (ConnectorState::Active, ConnectorState::Loaded));
    }

    async fn a_banned_version_never_runs_again_and_its_holdings_are_overdue_until_they_move(bed: Bed) {
        let app = TestApp::new(bed).await;
        let grant = app.bot_reads(30 * MINUTE).await;
        app.settle().await;
        let bad = version(&app, "1.0.0").await;
        let admin = app.sign_in("admin").await;
        let left = app.broker.ban_connector(&admin, &bad, "it phones home").await.unwrap();
        assert_eq!((left.connector.state, left.holders.holdings.len()), (ConnectorState::Banned, 1));
        assert_eq!((app.scripted.interrupted(), app.scripted.in_memory()), (vec![bad], Vec::<String>::new()));
        assert!(refusal(load(&app, "scripted").await).contains("it phones home"));
        let calls = app.scripted.calls().len();
        app.after(MINUTE).await;
        let view = app.grant(&grant).await;
        assert_eq!((view.grant.state, view.overdue, app.scripted.calls().len()), (GrantState::Ending, true, calls), "nothing of it ran");
        assert!(view.grant.last_failure.unwrap().contains("it phones home"));
        let refused = app.ask("bot", "schema.read", SCHEMA, MINUTE).await.unwrap_err();
        assert!(refused.to_string().contains("banned"), "{refused}");
        assert!(matches!(app.broker.ban_connector(&admin, &bad, "again").await, Err(BrokerError::Conflict(_))));

        let blind = load(&app, "scripted 1.1.0 blind").await.unwrap();
        let repin = NewRepin { target: Some(name("shop-prod")), ..NewRepin::default() };
        let stays = app.broker.repin_holdings(&admin, &blind.facts.digest, repin.clone()).await.unwrap();
        assert!(!stays[0].moved && stays[0].reason.as_deref().unwrap().contains("sees absent"), "{stays:?}");
        let good = load(&app, "scripted 1.2.0").await.unwrap();
        let dry = app.broker.repin_holdings(&admin, &good.facts.digest, NewRepin { dry_run: true, ..repin.clone() }).await.unwrap();
        assert_eq!((dry[0].moved, &dry[0].reason, dry[0].seen_now), (false, &None, Some(Presence::Present)));
        assert!(app.broker.repin_holdings(&admin, &good.facts.digest, repin).await.unwrap()[0].moved);
        let looks: Vec<_> = app.leaves("holding.repin-tried").await.iter().map(|leaf| leaf["facts"]["dry_run"].as_str().unwrap().to_owned()).collect();
        assert_eq!(looks, ["false", "true", "false"], "each look is on record, also one that moves nothing");
        app.settle().await;
        let view = app.grant(&grant).await;
        assert_eq!((view.grant.state, view.overdue), (GrantState::Revoked, false));
        assert!(app.scripted.held().is_empty());
    }

    async fn live_holdings_move_on_purpose_and_end_with_the_version_they_moved_to(bed: Bed) {
        let app = TestApp::new(bed).await;
        let grant = app.bot_reads(5 * MINUTE).await;
        app.settle().await;
        let next = load(&app, "scripted 1.1.0").await.unwrap();
        upgrade(&app, &next.facts.digest).await.unwrap();
        let holding = app.grant(&grant).await.grant.holding;
        let admin = app.sign_in("admin").await;
        let repin = NewRepin { holdings: vec![holding], ..NewRepin::default() };
        let moved = app.broker.repin_holdings(&admin, &next.facts.digest, repin).await.unwrap();
        assert!(moved[0].moved, "{moved:?}");
        app.settle().await;
        assert_eq!(state(&app, "1.0.0").await, ConnectorState::Unloaded, "its last holding has left it");
        assert_eq!(app.grant(&grant).await.grant.state, GrantState::Active);
        app.after(5 * MINUTE).await;
        assert_eq!(app.grant(&grant).await.grant.state, GrantState::Ended);
        assert_eq!(app.scripted.calls().into_iter().rfind(|(_, what)| *what == "revoke").unwrap().0, "1.1.0");
    }

    async fn a_version_that_breaks_the_rules_stops_in_one_target_alone(bed: Bed) {
        let app = TestApp::new(bed).await;
        app.add_target("other").await;
        let grant = app.bot_reads(10 * MINUTE).await;
        app.scripted.script(&[Fault::Break, Fault::Break]);
        for _ in 0..2 {
            app.after(MINUTE).await;
        }
        // The count is not in the memory of one process.
        let app = app.restart().await;
        app.scripted.script(&[Fault::Break]);
        for _ in 0..4 {
            app.after(MINUTE).await;
        }
        let stopped = app.broker.quarantines(&app.target).await.unwrap();
        assert!(stopped.len() == 1 && stopped[0].reason.contains("3 broken rules in a row"), "{stopped:?}");
        assert_eq!(app.scripted.changes(), 0);
        assert_eq!(app.grant(&grant).await.grant.state, GrantState::Activating);
        let admin = app.sign_in("admin").await;
        let refused = app.broker.check_target(&admin, &app.target).await.unwrap_err();
        assert!(refused.to_string().contains("have stopped"), "{refused}");
        let other = app.broker.targets(&admin).await.unwrap().into_iter().find(|t| t.name == name("other")).unwrap();
        app.broker.check_target(&admin, &other.id).await.unwrap();
        app.broker.lift_quarantine(&admin, &app.target).await.unwrap();
        app.settle().await;
        assert_eq!(app.grant(&grant).await.grant.state, GrantState::Active);
        let kinds = kinds(&app).await;
        for kind in ["connector.quarantined", "connector.quarantine-lifted"] {
            assert_eq!(kinds.iter().filter(|k| *k == kind).count(), 1, "{kind}");
        }
    }

    async fn unloading_names_what_still_holds_a_version(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        let used = app.broker.unload_connector(&admin, &version(&app, "1.0.0").await).await.unwrap_err();
        assert!(used.to_string().contains("shop-prod"), "{used}");
        let grant = app.bot_reads(MINUTE).await;
        app.settle().await;
        let next = load(&app, "scripted 1.1.0").await.unwrap();
        upgrade(&app, &next.facts.digest).await.unwrap();
        let waits = app.broker.unload_connector(&admin, &version(&app, "1.0.0").await).await.unwrap();
        assert_eq!((waits.connector.state, waits.holders.holdings), (ConnectorState::Retiring, vec![app.grant(&grant).await.grant.holding]));
        app.after(MINUTE).await;
        assert_eq!(state(&app, "1.0.0").await, ConnectorState::Unloaded);
        let unused = load(&app, "scripted 1.2.0").await.unwrap();
        let gone = app.broker.unload_connector(&admin, &unused.facts.digest).await.unwrap();
        assert_eq!(gone.connector.state, ConnectorState::Unloaded);
        assert_eq!(load(&app, "scripted 1.2.0").await.unwrap().state, ConnectorState::Loaded, "it can come back");
    }
}

#[tokio::test]
async fn another_node_learns_of_an_upgrade_and_of_a_ban() {
    let app = TestApp::new(Bed::postgres().await).await;
    let (other, memory) = app.second_node().await;
    let bad = version(&app, "1.0.0").await;
    assert_eq!(memory.in_memory(), ["1.0.0"]);
    let next = load(&app, "scripted 1.1.0").await.unwrap();
    upgrade(&app, &next.facts.digest).await.unwrap();
    app.bot_reads(MINUTE).await;
    other.settle_due().await.unwrap();
    assert_eq!(memory.calls().last().unwrap().0, "1.1.0", "the other node calls the new version");
    app.broker.ban_connector(&app.sign_in("admin").await, &bad, "malicious").await.unwrap();
    load(&app, "scripted 1.2.0").await.unwrap();
    app.broker.ban_connector(&app.sign_in("admin").await, &next.facts.digest, "malicious").await.unwrap();
    other.settle_due().await.unwrap();
    assert_eq!((memory.interrupted(), memory.in_memory()), (vec![next.facts.digest], Vec::<String>::new()));
}

#[tokio::test]
async fn a_stop_is_told_to_connectors() {
    let app = TestApp::new(Bed::sqlite()).await;
    assert!(!app.scripted.hears_of_the_stop());
    let stop = CancellationToken::new();
    stop.cancel();
    app.broker.run(stop).await;
    assert!(app.scripted.hears_of_the_stop());
}
