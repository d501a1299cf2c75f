//! The life of a connector: whose is let in, what it may do, how versions follow each other (law 11).

use hallpass_broker::{BrokerError, ConnectorRow, NewConnector, SignedFile, TrustPolicy, TrustedPublisher, VerifierKey};
use hallpass_domain::connector::{ConnectorState, permissions_digest};
use hallpass_domain::ids::Digest;
use hallpass_domain::rng::SeededRng;
use hallpass_domain::secret::Signer as _;
use hallpass_keyring::PublisherKey;
use hallpass_tests::app::TestApp;
use hallpass_tests::on_both_backends;

async fn load(app: &TestApp, file: &str) -> Result<ConnectorRow, BrokerError> {
    app.broker.load_connector(&app.sign_in("admin").await, NewConnector::of(file.as_bytes())).await
}

fn refusal(outcome: Result<ConnectorRow, BrokerError>) -> String {
    match outcome {
        Err(BrokerError::NotAdmitted(refused)) => refused.reason,
        other => panic!("it was not refused as a file: {other:?}"),
    }
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
}
