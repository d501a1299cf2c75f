//! The connector that `hallpass connector new` writes, built, loaded and called: the same in every language.

use std::collections::BTreeMap;
use std::sync::Arc;

use hallpass_broker::SystemClock;
use hallpass_build::Language;
use hallpass_domain::clock::Clock as _;
use hallpass_domain::holding::{Mode, Presence};
use hallpass_domain::ids::{Digest, HoldingId, InstallationId, OperationId, Stamp, TargetId};
use hallpass_domain::port::{Connector as _, Done, Endpoint, FailureKind, Granted, Invocation, Wish};
use hallpass_domain::rng::{Rng as _, SystemRng};
use hallpass_domain::secret::{SecretBytes, SecretText};
use hallpass_egress::Egress;
use hallpass_runtime::{Compiler, Limits, Runtime, Settings};
use hallpass_tests::courier::Lease;
use hallpass_tests::rabbitmq::{self, rabbitmq};

/// The connector in a runtime, and a target that is the RabbitMQ of this run.
struct World {
    runtime: Runtime,
    connector: Digest,
    endpoint: Endpoint,
    stamp: Stamp,
    vhost: String,
    _cache: tempfile::TempDir,
}

impl World {
    async fn new(language: Language, file: &[u8]) -> Self {
        let server = rabbitmq().await;
        let vhost = format!("orders-{language}");
        server.prepare(&vhost, "alice").await;
        let cache = tempfile::tempdir().unwrap();
        let mut key = vec![0; 32];
        SystemRng.fill(&mut key).unwrap();
        let settings = Settings {
            cache_dir: cache.path().to_owned(),
            mac_key: SecretBytes::new(key),
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
            limits: Limits::default(),
            egress: Arc::new(Egress::new(Arc::new(SystemClock))),
            compiler: Compiler::Apart(std::env::current_exe().unwrap()),
        };
        let runtime = Runtime::new(settings).unwrap();
        let began = SystemClock.now();
        let connector = runtime.load(file).await.unwrap_or_else(|e| panic!("{}: {}", e.reason, e.remedy)).digest;
        eprintln!("{language}: loaded in {} ms", SystemClock.now().since(began));
        let endpoint = Endpoint {
            id: TargetId::new(SystemClock.now(), &SystemRng).unwrap(),
            name: "rabbit".parse().unwrap(),
            revision: 1,
            settings: BTreeMap::from([("url".to_owned(), server.url()), ("user".to_owned(), rabbitmq::USER.to_owned())]),
            secrets: BTreeMap::from([("password".to_owned(), SecretText::new(rabbitmq::PASSWORD.to_owned()))]),
            network: vec![server.url()],
        };
        let stamp = Stamp::new(&InstallationId::new(&SystemRng).unwrap(), &HoldingId::new(SystemClock.now(), &SystemRng).unwrap());
        Self { runtime, connector, endpoint, stamp, vhost, _cache: cache }
    }

    fn call(&self) -> Invocation {
        Invocation {
            operation: OperationId::new(SystemClock.now(), &SystemRng).unwrap(),
            attempt: 1,
            connector: self.connector,
            endpoint: Arc::new(self.endpoint.clone()),
            deadline: SystemClock.now().plus(20_000),
            dry_run: false,
            fence: Arc::new(Lease(true)),
            granted: Granted::Asked,
        }
    }

    fn wish(&self) -> Wish {
        Wish {
            stamp: self.stamp.clone(),
            mode: Mode::Access,
            account: Some("alice".to_owned()),
            entitlement: "vhost.read".to_owned(),
            resource: format!("vhost:{}", self.vhost).parse().unwrap(),
            parameters: BTreeMap::new(),
            until: SystemClock.now().plus(600_000),
            suspended: false,
            fresh_credential: false,
            locator: None,
        }
    }

    async fn seen(&self) -> Option<Presence> {
        self.runtime.look(&self.call(), &self.wish()).await.unwrap().presence
    }
}

/// Plays the calls that the broker makes, and some that end badly.
pub(super) async fn works_on_a_real_server(language: Language, file: &[u8]) {
    let mut world = World::new(language, file).await;
    let server = rabbitmq().await;
    let began = SystemClock.now();
    world.runtime.health(&world.call()).await.unwrap_or_else(|e| panic!("{e:?}"));
    eprintln!("{language}: first call in {} ms", SystemClock.now().since(began));
    assert_eq!(world.seen().await, Some(Presence::Absent));
    for already in [false, true] {
        let applied = world.runtime.apply(&world.call(), &world.wish(), None).await.unwrap_or_else(|e| panic!("{e:?}"));
        assert!(matches!(applied.done, Done::Settled { already: said, .. } if said == already), "{:?}", applied.done);
        let held = server.permission(&world.vhost, "alice").await.unwrap();
        assert_eq!((&held["read"], &held["write"]), (&".*".into(), &"^$".into()));
        assert_eq!(world.seen().await, Some(Presence::Present));
    }
    for already in [false, true] {
        let revoked = world.runtime.revoke(&world.call(), &world.wish(), None).await.unwrap_or_else(|e| panic!("{e:?}"));
        assert!(matches!(revoked, Done::Settled { already: said, .. } if said == already), "{revoked:?}");
        assert_eq!(server.permission(&world.vhost, "alice").await, None);
        assert_eq!(world.seen().await, Some(Presence::Absent));
    }
    // A permission of somebody else's making is left alone.
    let path = format!("/api/permissions/{}/alice", world.vhost);
    let other = r#"{"configure":".*","write":".*","read":".*"}"#;
    server.call("PUT", &path, Some(other)).await.unwrap();
    let refused = world.runtime.apply(&world.call(), &world.wish(), None).await.err().unwrap();
    assert_eq!((refused.kind, refused.code.as_str()), (FailureKind::Conflict, "other-permission"));
    let refused = world.runtime.revoke(&world.call(), &world.wish(), None).await.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Conflict);
    assert_eq!(server.permission(&world.vhost, "alice").await.unwrap()["write"], ".*");
    // What the server says no to is said in its kind.
    world.endpoint.secrets.insert("password".to_owned(), SecretText::new("wrong".to_owned()));
    world.endpoint.revision += 1;
    let refused = world.runtime.health(&world.call()).await.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Unauthenticated, "{refused:?}");
}
