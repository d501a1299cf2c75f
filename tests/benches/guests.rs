//! The runtime alone, with the guests of `tests/guests` in it: their health check does what the setting `behaviour` says, and needs
//! no target.

use std::collections::BTreeMap;
use std::sync::Arc;

use hallpass_broker::SystemClock;
use hallpass_domain::clock::Clock as _;
use hallpass_domain::ids::{Digest, OperationId, TargetId};
use hallpass_domain::port::{Connector as _, Endpoint, Failure, FailureKind, Fence, Granted, Invocation};
use hallpass_domain::rng::SystemRng;
use hallpass_runtime::Runtime;
use hallpass_tests::guests::guests;
use tempfile::TempDir;

use crate::stage::{folder, keyring, runtime};

/// A call that changes nothing.
struct NoChange;

#[async_trait::async_trait]
impl Fence for NoChange {
    async fn check(&self) -> Result<(), Failure> {
        Err(Failure::none(FailureKind::Forbidden, "no-change", "a health check changes nothing"))
    }
}

/// A runtime with the guests loaded.
pub(crate) struct Guests {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) digest: Digest,
    _folder: TempDir,
}

impl Guests {
    pub(crate) async fn new() -> Self {
        let folder = folder();
        let runtime = Arc::new(runtime(folder.path().to_owned(), &keyring()));
        let digest = runtime.load(&guests()).await.unwrap().digest;
        Self { runtime, digest, _folder: folder }
    }

    /// A call that does this, within a minute.
    pub(crate) fn call(&self, behaviour: &str) -> Invocation {
        call(self.digest, behaviour)
    }
}

/// A call of this connector.
pub(crate) fn call(connector: Digest, behaviour: &str) -> Invocation {
    let now = SystemClock.now();
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let endpoint = Endpoint {
        id: TargetId::new(now, &SystemRng).unwrap(),
        name: "bench".parse().unwrap(),
        revision: 1,
        settings: BTreeMap::from([setting("behaviour", behaviour)]),
        secrets: BTreeMap::new(),
        network: Vec::new(),
    };
    Invocation {
        operation: OperationId::new(now, &SystemRng).unwrap(),
        attempt: 1,
        connector,
        granted: Granted::Asked,
        endpoint: Arc::new(endpoint),
        deadline: now.plus(60_000),
        dry_run: false,
        fence: Arc::new(NoChange),
    }
}
