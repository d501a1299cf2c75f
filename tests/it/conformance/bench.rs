//! A runtime that calls nothing but scripted worlds.

use std::sync::Arc;

use hallpass::conformance::conform_with;
use hallpass_domain::clock::ManualClock;
use hallpass_domain::ids::Digest;
use hallpass_domain::port::Connector as _;
use hallpass_domain::rng::SystemRng;
use hallpass_domain::secret::SecretBytes;
use hallpass_runtime::{Compiler, Limits, Runtime, Settings};
use hallpass_testkit::{Report, Verdict};
use hallpass_tests::bed::START;

/// A runtime and where its compiled connectors are.
pub(super) struct Bench {
    pub(super) runtime: Runtime,
    _cache: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        let cache = tempfile::tempdir().unwrap();
        let settings = Settings {
            cache_dir: cache.path().to_owned(),
            mac_key: SecretBytes::new(vec![7; 32]),
            compiler: Compiler::Apart(std::env::current_exe().unwrap()),
            clock: Arc::new(ManualClock::new(START)),
            rng: Arc::new(SystemRng),
            limits: Limits::default(),
            egress: Arc::new(hallpass_egress::Egress::new(Arc::new(ManualClock::new(START)))),
        };
        Self { runtime: Runtime::new(settings).unwrap(), _cache: cache }
    }

    pub(super) async fn load(&self, file: &[u8]) -> Digest {
        self.runtime.load(file).await.unwrap().digest
    }

    /// What all laws say of a connector with this fixture.
    pub(super) async fn report(&self, connector: &Digest, fixture: &[u8]) -> Report {
        conform_with(&self.runtime, connector, fixture).await.unwrap()
    }
}

/// Fails with everything that was found.
pub(super) fn assert_kept(report: &Report) {
    assert!(report.is_kept(), "{}", report.problems());
}

/// The laws that were really checked.
pub(super) fn checked(report: &Report) -> Vec<&'static str> {
    report.laws.iter().filter(|c| matches!(c.verdict, Verdict::Kept { calls } if calls > 0)).map(|c| c.law).collect()
}
