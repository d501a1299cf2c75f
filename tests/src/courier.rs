//! The guest that sends what its settings say (the courier of `tests/guests/http`), in a runtime of its own, under a manifest of the test's.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use hallpass_broker::SystemClock;
use hallpass_domain::clock::Clock;
use hallpass_domain::holding::Mode;
use hallpass_domain::ids::{Digest, HoldingId, InstallationId, OperationId, Stamp, TargetId};
use hallpass_domain::port::{
    Applied, Connector as _, Done, Endpoint, Failure, FailureKind, Fence, Granted, Invocation, NotAdmitted, Sight, Wish,
};
use hallpass_domain::rng::{Rng as _, SystemRng};
use hallpass_domain::secret::{SecretBytes, SecretText};
use hallpass_egress::{Egress, Resolve};
use hallpass_runtime::{Compiler, Limits, Runtime, Settings};
use serde_json::{Value, json};

/// A lease that is held, or lost.
pub struct Lease(pub bool);

#[async_trait]
impl Fence for Lease {
    async fn check(&self) -> Result<(), Failure> {
        if self.0 { Ok(()) } else { Err(Failure::none(FailureKind::Conflict, "lease-lost", "the lease is over")) }
    }
}

/// Every name leads to this machine.
struct Here;

#[async_trait]
impl Resolve for Here {
    async fn resolve(&self, _: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        Ok(vec![std::net::Ipv4Addr::LOCALHOST.into()])
    }
}

/// A manifest with this section `http`: settings `url`, `roots` and a script for each call, the secrets `secret` and `other`, and one
/// entitlement on `org` that is looked at by what `look` names.
pub fn manifest(http: &Value, look: &[&str]) -> Value {
    let setting = |title: &str, required: bool| json!({"type": "string", "title": title, "required": required});
    let used: Vec<&str> = ["secret", "other"].into_iter().filter(|s| http.to_string().contains(&format!("\"secret\":\"{s}\""))).collect();
    let secrets: BTreeMap<&str, Value> = used.iter().map(|s| (*s, json!({"title": "A secret", "use": ["http"]}))).collect();
    json!({
        "name": "courier", "version": "0.1.0", "publisher": "hallpass", "wit": "0.1.0", "title": "Sends what it is told",
        "settings": {
            "url": setting("Where the target is", true),
            "aside": setting("Another place", false),
            "roots": setting("Root certificates", false),
            "certificate": setting("Client certificate", false),
            "apply": setting("Script", false), "revoke": setting("Script", false),
            "observe": setting("Script", false), "check": setting("Script", false)
        },
        "secrets": secrets,
        "entitlements": [{
            "name": "org.member", "title": "Be a member", "resource": "org", "mode": "access", "sessions": "leave",
            "settles_within_ms": 1000, "suspend": false, "marked": false, "look": look
        }],
        "recipes": {"password": {"bytes": 32, "alphabet": "base64url"}},
        "http": http
    })
}

/// The guest's file under `manifest`.
pub fn file(manifest: &Value) -> Vec<u8> {
    hallpass_build::embed(crate::guests::http_component(), manifest.to_string().as_bytes(), b"{\"rules\":[]}")
}

/// A runtime at this clock, for which every name leads to this machine, and the folder that it needs.
pub fn runtime(clock: Arc<dyn Clock>, limits: Limits) -> (Runtime, tempfile::TempDir) {
    let cache = tempfile::tempdir().unwrap();
    let mut key = vec![0; 32];
    SystemRng.fill(&mut key).unwrap();
    let settings = Settings {
        cache_dir: cache.path().to_owned(),
        mac_key: SecretBytes::new(key),
        compiler: Compiler::Apart(std::env::current_exe().unwrap()),
        clock: Arc::clone(&clock),
        rng: Arc::new(SystemRng),
        limits,
        egress: Arc::new(Egress::with_resolver(clock, Arc::new(Here))),
    };
    (Runtime::new(settings).unwrap(), cache)
}

/// A loaded guest and its target.
pub struct Courier {
    /// The runtime.
    pub runtime: Runtime,
    /// The target: settings, secrets and what it was granted.
    pub endpoint: Endpoint,
    /// With which parameters somebody is to be a member.
    pub parameters: BTreeMap<String, String>,
    connector: Digest,
    stamp: Stamp,
    _cache: tempfile::TempDir,
}

impl Courier {
    /// A runtime with the guest under `manifest`, whose target is at `url` and was granted what is there.
    pub async fn new(manifest: &Value, url: &str) -> Self {
        Self::within(manifest, url, Limits::default()).await.unwrap()
    }

    /// Like [`Courier::new`], with these limits, or the reason why it is not admitted.
    pub async fn within(manifest: &Value, url: &str, limits: Limits) -> Result<Self, NotAdmitted> {
        let (runtime, cache) = runtime(Arc::new(SystemClock), limits);
        let connector = runtime.load(&file(manifest)).await?.digest;
        let endpoint = Endpoint {
            id: TargetId::new(SystemClock.now(), &SystemRng).unwrap(),
            name: "peer".parse().unwrap(),
            revision: 1,
            settings: BTreeMap::from([("url".to_owned(), url.to_owned())]),
            secrets: BTreeMap::new(),
            network: vec![url.to_owned()],
        };
        let stamp = Stamp::new(&InstallationId::new(&SystemRng).unwrap(), &HoldingId::new(SystemClock.now(), &SystemRng).unwrap());
        Ok(Self { runtime, endpoint, parameters: BTreeMap::new(), connector, stamp, _cache: cache })
    }

    /// With this setting.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.endpoint.settings.insert(name.to_owned(), value.to_owned());
        self.endpoint.revision += 1;
        self
    }

    /// With this secret.
    #[must_use]
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.endpoint.secrets.insert(name.to_owned(), SecretText::new(value.to_owned()));
        self.endpoint.revision += 1;
        self
    }

    /// One call, whose lease is held or lost.
    pub fn call(&self, leased: bool) -> Invocation {
        Invocation {
            operation: OperationId::new(SystemClock.now(), &SystemRng).unwrap(),
            attempt: 1,
            connector: self.connector,
            granted: Granted::Asked,
            endpoint: Arc::new(self.endpoint.clone()),
            deadline: SystemClock.now().plus(20_000),
            dry_run: false,
            fence: Arc::new(Lease(leased)),
        }
    }

    /// `bob smith` is to be a member of `shop`.
    pub fn wish(&self) -> Wish {
        Wish {
            stamp: self.stamp.clone(),
            mode: Mode::Access,
            account: Some("bob smith".to_owned()),
            entitlement: "org.member".to_owned(),
            resource: "org:shop".parse().unwrap(),
            parameters: self.parameters.clone(),
            until: SystemClock.now().plus(600_000),
            suspended: false,
            fresh_credential: false,
            locator: None,
        }
    }

    /// Plays the script of `apply`.
    pub async fn apply(&self) -> Result<Applied, Failure> {
        self.runtime.apply(&self.call(true), &self.wish(), None).await
    }

    /// Plays `steps` as `apply`, and gives what the guest saw last.
    pub async fn play(self, steps: &str) -> Result<String, Failure> {
        match self.set("apply", steps).apply().await?.done {
            Done::Settled { locator, .. } => Ok(locator),
            Done::Pending(_) => panic!("the courier never waits"),
        }
    }

    /// Plays the script of `revoke`.
    pub async fn revoke(&self) -> Result<Done, Failure> {
        self.runtime.revoke(&self.call(true), &self.wish(), None).await
    }

    /// Looks.
    pub async fn look(&self) -> Result<Sight, Failure> {
        self.runtime.look(&self.call(true), &self.wish()).await
    }
}
