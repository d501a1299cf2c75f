//! When what happened on the way from a verdict to seen access.

use std::pin::Pin;
use std::sync::{Arc, Mutex, Once, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use async_trait::async_trait;
use hallpass_domain::ids::Digest;
use hallpass_domain::port::{Applied, Connector, ConnectorFacts, Done, Failure, Invocation, NotAdmitted, Sight, Wish};
use hallpass_runtime::Runtime;
use hallpass_store::Store;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

use crate::stats::now;

/// The next commit that changes something: its instant is taken in the thread that committed, when it wakes the engine.
pub(crate) struct Commit {
    at: Arc<At>,
    _waits: Pin<Box<dyn Future<Output = ()> + Send>>,
}

struct At(OnceLock<Instant>);

impl Wake for At {
    fn wake(self: Arc<Self>) {
        let _ = self.0.set(now());
    }
}

impl Commit {
    /// From here on.
    pub(crate) fn next(store: &Store) -> Self {
        let mut wake = store.wake();
        let at = Arc::new(At(OnceLock::new()));
        // Unconstrained: else the scheduler's own budget could wake it without any commit.
        let mut waits: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(tokio::task::unconstrained(async move { wake.woken().await }));
        let first = waits.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&at))));
        assert_eq!(first, Poll::Pending, "a commit from before is none of ours");
        Self { at, _waits: waits }
    }

    /// When it was. What it wrote can be seen a moment before.
    pub(crate) async fn at(&self) -> Instant {
        loop {
            if let Some(at) = self.at.0.get() {
                return *at;
            }
            tokio::task::yield_now().await;
        }
    }
}

/// The steps of one activation.
#[derive(Default)]
pub(crate) struct Steps {
    pub(crate) apply: Option<Instant>,
    pub(crate) instantiated: Option<Instant>,
    pub(crate) applied: Option<Instant>,
    pub(crate) look: Option<Instant>,
    pub(crate) looked: Option<Instant>,
    pub(crate) settled: Option<Commit>,
}

static STEPS: Mutex<Option<Steps>> = Mutex::new(None);

/// Begins to take times.
pub(crate) fn begin() {
    *STEPS.lock().unwrap() = Some(Steps::default());
}

/// Ends it.
pub(crate) fn end() -> Steps {
    STEPS.lock().unwrap().take().expect("begun before")
}

fn note(set: impl FnOnce(&mut Steps)) {
    if let Some(steps) = STEPS.lock().unwrap().as_mut() {
        set(steps);
    }
}

/// Takes the time at which the sandbox of a call is ready, which the runtime says in an event. From the first call on.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(subscribe);
}

fn subscribe() {
    struct Ready;
    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Ready {
        fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            if event.metadata().name() == "instantiated" {
                note(|steps| steps.instantiated = Some(now()));
            }
        }
    }
    let only = tracing_subscriber::filter::Targets::new().with_target("hallpass_runtime::invocation", tracing::Level::TRACE);
    let layers = tracing_subscriber::registry().with(Ready.with_filter(only));
    tracing::subscriber::set_global_default(layers).expect("nobody else listens");
}

/// The runtime, with a time taken before and after each call.
pub(crate) struct Timed {
    pub(crate) runtime: Runtime,
    pub(crate) store: Store,
}

#[async_trait]
impl Connector for Timed {
    async fn load(&self, file: &[u8]) -> Result<Arc<ConnectorFacts>, NotAdmitted> {
        self.runtime.load(file).await
    }

    fn facts(&self, connector: &Digest) -> Option<Arc<ConnectorFacts>> {
        self.runtime.facts(connector)
    }

    async fn unload(&self, connector: &Digest) {
        self.runtime.unload(connector).await;
    }

    fn interrupt(&self, connector: &Digest) {
        self.runtime.interrupt(connector);
    }

    async fn apply(&self, call: &Invocation, want: &Wish, continuation: Option<&str>) -> Result<Applied, Failure> {
        note(|steps| steps.apply = Some(now()));
        let applied = self.runtime.apply(call, want, continuation).await;
        note(|steps| steps.applied = Some(now()));
        applied
    }

    async fn revoke(&self, call: &Invocation, want: &Wish, continuation: Option<&str>) -> Result<Done, Failure> {
        self.runtime.revoke(call, want, continuation).await
    }

    async fn look(&self, call: &Invocation, want: &Wish) -> Result<Sight, Failure> {
        note(|steps| steps.look = Some(now()));
        let seen = self.runtime.look(call, want).await;
        note(|steps| (steps.looked, steps.settled) = (Some(now()), Some(Commit::next(&self.store))));
        seen
    }

    async fn fence_off(&self, call: &Invocation, want: &Wish) -> Result<bool, Failure> {
        self.runtime.fence_off(call, want).await
    }

    async fn reach(&self, call: &Invocation) -> Result<(), Failure> {
        self.runtime.reach(call).await
    }

    async fn health(&self, call: &Invocation) -> Result<(), Failure> {
        self.runtime.health(call).await
    }
}
