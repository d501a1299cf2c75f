//! The use cases: from a request to a proven end.
//!
//! Knows the domain, the store, policy, keys, tokens and the log; knows no web framework and no WebAssembly engine. Every
//! use case begins with [`OpContext::authorize`], changes state only inside one transaction that also holds its events, and
//! leaves work outside of the broker to the [`engine`].
//!
//! To add a use case: a method on [`Broker`] in the noun's file, the action in `policy`, the route in `http`.

mod access;
mod approvals;
pub mod clock;
mod connectors;
mod context;
mod credentials;
mod engine;
mod error;
mod grants;
mod groups;
mod held_back;
mod identity;
mod log;
mod once;
mod part;
mod passes;
mod principals;
mod requests;
mod sequencer;
mod settings;
mod targets;
mod views;
mod witness;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};

use hallpass_domain::clock::Clock;
use hallpass_domain::ids::OperationId;
use hallpass_domain::port::{Connector, Delivery};
use hallpass_domain::rng::Rng;
use hallpass_keyring::{KeyKind, Keyring, SigningKey, SigningKeys};
use hallpass_policy::PolicySet;
use hallpass_store::{Backend, Store, run_tx};
use tokio_util::sync::CancellationToken;

pub use clock::SystemClock;
pub use connectors::trust::{SignedFile, TrustPolicy, TrustedPublisher};
pub use context::OpContext;
pub use error::{BrokerError, human};
pub use hallpass_audit::VerifierKey;
pub use hallpass_audit::note::NoteError;
pub use hallpass_store::ConnectorRow;
pub use held_back::{HeldBack, Obstacle};
pub use log::{log_origin, verify_store};
pub use once::{Made, Once};
pub use settings::Settings;
use witness::Witness;

pub use views::{
    Account, EnrolmentKeys, EventFilter, EventView, Explained, GrantFilter, GrantView, Group, Holders, Invitation, IssuedSession,
    MintedPass, Moved, NewConnector, NewPrincipal, NewRepin, NewRequest, NewTarget, NewTrial, NewUpgrade, NewVerdict, Offer, Page, Part,
    PickedUp, Readiness, Repinned, RequestFilter, RequestView, SealedFor, TargetChange, Unloading, Upgrade,
};

/// What a broker is made of.
pub struct Parts {
    /// Where everything is recorded.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// What seals secrets at rest.
    pub keyring: Arc<Keyring>,
    /// Issuer, approval and audit keys.
    pub keys: SigningKeys,
    /// Policies.
    pub policy: PolicySet,
    /// Connectors.
    pub connectors: Arc<dyn Connector>,
    /// Names and limits.
    pub settings: Settings,
    /// Where the newest signed checkpoint is kept beside the database.
    pub checkpoint_file: Option<PathBuf>,
}

/// The broker. Cheap to share behind an `Arc`.
pub struct Broker {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) keyring: Arc<Keyring>,
    keys: SigningKeys,
    pub(crate) policy: Arc<PolicySet>,
    pub(crate) connectors: Arc<dyn Connector>,
    pub(crate) settings: Settings,
    pub(crate) witness: Witness,
    /// A connector was banned, or its move ordered: looked after at once.
    pub(crate) connectors_changed: tokio::sync::Notify,
    pub(crate) breakers: engine::Breakers,
    /// Secrets that connectors made in attempts that are not settled yet. They live nowhere else (law: one attempt).
    pub(crate) deliveries: Mutex<HashMap<(OperationId, i64), Delivery>>,
    /// When what has expired was last removed, in milliseconds since the epoch.
    pub(crate) pruned: AtomicI64,
    /// This process among all nodes: the owner of leases.
    pub(crate) owner: String,
}

impl Broker {
    /// Puts the parts together and loads the connectors that the store knows.
    pub async fn start(parts: Parts) -> Result<Arc<Self>, BrokerError> {
        let owner = format!("{}-{}", parts.settings.node, hex::encode(hallpass_domain::rng::bytes::<8>(parts.rng.as_ref())?));
        let broker = Arc::new(Self {
            store: parts.store,
            clock: parts.clock,
            rng: parts.rng,
            keyring: parts.keyring,
            keys: parts.keys,
            policy: Arc::new(parts.policy),
            connectors: parts.connectors,
            settings: parts.settings,
            witness: Witness::new(parts.checkpoint_file),
            breakers: engine::Breakers::default(),
            connectors_changed: tokio::sync::Notify::new(),
            deliveries: Mutex::default(),
            pruned: AtomicI64::new(0),
            owner,
        });
        broker.take_over().await?;
        broker.load_known_connectors().await;
        Ok(broker)
    }

    /// Ends every lease of earlier servers on a SQLite folder: its lock proves that they are gone. What they had begun is taken up
    /// at once instead of after the lease.
    async fn take_over(&self) -> Result<(), BrokerError> {
        if self.store.backend() == Backend::Sqlite {
            let freed = run_tx!(self.store, "leases.take-over", |tx| -> Result<u64, BrokerError> {
                Ok(tx.take_over_all_leases(&self.owner).await?)
            })?;
            tracing::debug!(operations = freed, "the leases of earlier servers are over");
        }
        Ok(())
    }

    /// Does what is due, until told to stop: operations, ends, lapses, the log. Work in flight is finished first.
    pub async fn run(self: &Arc<Self>, stop: CancellationToken) {
        let sequencer = tokio::spawn({
            let (broker, stop) = (Arc::clone(self), stop.clone());
            async move { broker.sequence(stop).await }
        });
        let keeper = tokio::spawn({
            let (broker, stop) = (Arc::clone(self), stop.clone());
            async move { broker.keep_connectors(stop).await }
        });
        self.run_engine(stop).await;
        if keeper.await.is_err() {
            tracing::error!("looking after connectors panicked");
        }
        if sequencer.await.is_err() {
            tracing::error!("the sequencer panicked");
        }
    }

    /// The signing key in use of this kind.
    pub(crate) fn key(&self, kind: KeyKind) -> Result<&SigningKey, BrokerError> {
        self.keys.current(kind).ok_or_else(|| BrokerError::Internal(format!("there is no {} key", kind.as_str())))
    }

    /// Every public key that may have signed something that still counts.
    pub(crate) fn published_keys(&self) -> impl Iterator<Item = (KeyKind, u32, [u8; 32])> + '_ {
        self.keys.published()
    }

    /// The store, for what only reads it.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What time it is.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }
}
