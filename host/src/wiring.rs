//! Makes a broker out of a configuration: store, keys, connectors' runtime, policies, routes.

mod keys;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use hallpass_audit::VerifierKey;
use hallpass_broker::{Broker, Parts, Settings};
use hallpass_domain::secret::Signer as _;
use hallpass_domain::{Clock, Rng};
use hallpass_keyring::KeyKind;
use hallpass_policy::{PolicySet, Sources};
use hallpass_runtime::{Compiler, Runtime};
use hallpass_store::Store;

use crate::config::{Config, Environment, Limits};
use crate::conformance::Kit;

pub(crate) use keys::source as master_key;
pub use keys::{Keys, KeysError};

/// The file beside the database that holds the newest signed checkpoint.
pub const CHECKPOINT: &str = "checkpoint";
/// The file of the log's public key within the data folder, for whoever checks the log without the broker.
pub const AUDIT_KEY: &str = "audit.vkey";

/// A broker and the routes to it.
pub struct Wired {
    /// The broker; nothing runs yet.
    pub broker: Arc<Broker>,
    /// The HTTP routes.
    pub router: axum::Router,
}

/// Opens the store of a configuration. A second server on the same data folder is refused here.
pub async fn open_store(config: &Config, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> anyhow::Result<Store> {
    make_private(&config.server.data)?;
    Ok(Store::open(which_store(config), clock, rng).await?)
}

/// The store of a configuration.
pub(crate) fn which_store(config: &Config) -> hallpass_store::Config {
    match &config.store.postgres_url {
        Some(url) => hallpass_store::Config::Postgres { url: url.clone(), offset_ms: 0 },
        None => hallpass_store::Config::Sqlite { dir: config.server.data.clone(), max_page_count: None },
    }
}

/// Puts everything together.
pub async fn wire(
    config: &Config,
    environment: &Environment,
    store: Store,
    url: &str,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
) -> anyhow::Result<Wired> {
    let data = &config.server.data;
    let source = keys::source(config, environment);
    keys::make_room(&source)?;
    let keys = Keys::load(&store, &source, rng.as_ref()).await?;
    keep_audit_key(&data.join(AUDIT_KEY), &store, &keys)?;
    let policy = policies(config.policies.dir.as_deref(), &store).await?;
    let runtime = Runtime::new(hallpass_runtime::Settings {
        cache_dir: data.join("cache"),
        mac_key: keys.keyring.artifact_mac_key(),
        compiler: Compiler::Apart(environment.executable().context("our own file is not found: name it in HALLPASS_EXECUTABLE")?),
        clock: Arc::clone(&clock),
        rng: Arc::clone(&rng),
        limits: hallpass_runtime::Limits::default(),
        egress: Arc::new(hallpass_egress::Egress::new(Arc::clone(&clock))),
    })
    .context("the runtime of connectors does not start")?
    .examined_by(Arc::new(Kit::new(Arc::clone(&clock))));
    let mut settings = settings(url, &config.server.node, &config.limits);
    settings.trust = config.connectors.trust().map_err(anyhow::Error::msg)?;
    settings.strikes = config.connectors.strikes.unwrap_or(settings.strikes);
    if settings.trust.allow_unsigned {
        tracing::warn!("[connectors] allow_unsigned is set: connectors without a signature are loaded. It is for development alone");
    }
    let broker = Broker::start(Parts {
        store,
        clock,
        rng,
        keyring: Arc::new(keys.keyring),
        keys: keys.signing,
        policy,
        connectors: Arc::new(runtime),
        settings,
        checkpoint_file: Some(data.join(CHECKPOINT)),
    })
    .await?;
    let router = hallpass_http::router(Arc::clone(&broker), hallpass_http::Settings::at(url));
    Ok(Wired { broker, router })
}

/// Leaves the log's public key beside the database at the first start, and holds to it: the store's own word for its key is worth
/// as much as the store.
fn keep_audit_key(file: &Path, store: &Store, keys: &Keys) -> anyhow::Result<()> {
    let signer = keys.signing.current(KeyKind::Audit).context("the store holds no audit key")?;
    let key = VerifierKey::new(&hallpass_broker::log_origin(store), signer.public_key())?.to_string();
    match std::fs::read_to_string(file) {
        Ok(kept) if kept.trim_end() == key => Ok(()),
        Ok(_) => bail!(
            "the log's key in {} is another than the store's: one of the two was replaced. Find out which; to go on with the store's, \
             move the file away",
            file.display()
        ),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            std::fs::write(file, key + "\n").with_context(|| format!("{} cannot be written", file.display()))
        }
        Err(e) => Err(e).with_context(|| format!("{} cannot be read", file.display())),
    }
}

/// The policies of a folder, or only the built-in ones.
async fn policies(dir: Option<&Path>, store: &Store) -> anyhow::Result<PolicySet> {
    let Some(dir) = dir else {
        return Ok(PolicySet::from_sources(&Sources::default(), [])?);
    };
    let groups: Vec<_> = store.reads().await?.groups().await?.into_iter().map(|group| group.name).collect();
    let set = PolicySet::load(dir, &groups)
        .with_context(|| format!("the policies in {} are not usable, and none of them is in force", dir.display()))?;
    for group in set.unmade_groups() {
        tracing::warn!(%group, "a group that the policies declare has no members yet: make it with `hallpass group set {group} MEMBER`");
    }
    Ok(set)
}

/// The broker's settings: its defaults, and over them what is configured.
pub(crate) fn settings(url: &str, node: &str, limits: &Limits) -> Settings {
    let mut settings = Settings::at(url);
    node.clone_into(&mut settings.node);
    let times = [
        (&mut settings.request_ttl_ms, limits.request_ttl),
        (&mut settings.activation_window_ms, limits.activation_window),
        (&mut settings.call_ms, limits.call),
        (&mut settings.lease_ms, limits.lease),
        (&mut settings.overdue_grace_ms, limits.overdue_grace),
        (&mut settings.session_ms, limits.session),
        (&mut settings.pass_ms, limits.pass),
        (&mut settings.enrolment_ms, limits.enrolment),
    ];
    for (setting, configured) in times {
        if let Some(length) = configured {
            *setting = length.0;
        }
    }
    settings
}

/// Where the master key is when nothing else is configured. Beside the database for one that just begins; whoever backs the
/// folder up leaves `keys` out.
pub(crate) fn default_master_key(data: &Path) -> PathBuf {
    data.join("keys").join("master.key")
}

fn make_private(folder: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).with_context(|| format!("the folder {} cannot be made: choose another with --data", folder.display()))
}
