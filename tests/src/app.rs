//! A broker over a scripted target, with people in it. Time stands still unless a test moves it, and work is done only when a
//! test says so: [`TestApp::settle`].

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use hallpass_broker::{
    Broker, BrokerError, EnrolmentKeys, GrantView, NewConnector, NewPrincipal, NewRequest, NewTarget, NewVerdict, OpContext, Parts,
    RequestView, Settings,
};
use hallpass_domain::clock::{Clock, Millis};
use hallpass_domain::ids::{GrantId, PrincipalId, RequestId, TargetId};
use hallpass_domain::name::Name;
use hallpass_domain::port::Connector;
use hallpass_domain::principal::PrincipalKind;
use hallpass_domain::request::Verdict;
use hallpass_domain::rng::SystemRng;
use hallpass_domain::secret::SecretText;
use hallpass_keyring::{ClientKeys, Keyring, MasterKey, MasterSource};
use hallpass_policy::{PolicySet, Source, Sources};
use hallpass_store::{Config, Store};
use hallpass_tokens::assertion;
use sqlx::{AnyConnection, Connection as _};
use tempfile::TempDir;

use crate::Bed;
use crate::scripted::Scripted;

/// The address of every test broker.
pub const PUBLIC_URL: &str = "https://hallpass.test";
/// One minute.
pub const MINUTE: Millis = 60_000;
/// What everybody in these tests asks to read.
pub const SCHEMA: &str = "database:shop/schema:sales";
/// What a developer asks to be a member of.
pub const ROLE: &str = "role:shop_admin";

const POLICIES: &str = r#"
@id("read") @route("data-team") @max("1h")
permit (principal, action == Action::"request", resource) when { resource.entitlement == "schema.read" };
@id("admin") @route("two-dbas") @max("30m") @justification("required")
permit (principal is User, action == Action::"request", resource) when { resource.entitlement == "role.member" };
@id("juniors") @route("two-dbas") @max("5m")
permit (principal in Group::"juniors", action == Action::"request", resource) when { resource.entitlement == "role.member" };
@id("frozen")
forbid (principal, action == Action::"request", resource) when { resource.environment == "frozen" };
@id("vault")
forbid (principal, action == Action::"target.configure", resource) when { resource.environment == "vault" };
@id("leave") @reason("who is on leave gets nothing")
forbid (principal in Group::"on-leave", action == Action::"request", resource);
"#;
const ROUTES: &str = r#"
[routes.data-team]
stages = [{ group = "data-team", n = 1, timeout = "1h", on_timeout = "escalate:dba" }]
[routes.two-dbas]
stages = [{ group = "dba", n = 2, timeout = "1h", on_timeout = "deny" }]
"#;

/// Somebody who can sign in.
pub struct Actor {
    /// Their id.
    pub id: PrincipalId,
    /// Their keys.
    pub keys: ClientKeys,
}

/// A broker, its target and its people: `admin` (operator), `alice` (owner of the agent `bot`), `bob` (data team), `carol` and
/// `dan` (database administrators), `dave` (developer, with an account of the same name).
pub struct TestApp {
    /// The broker.
    pub broker: Arc<Broker>,
    /// Its store.
    pub store: Store,
    /// The target in memory.
    pub scripted: Arc<Scripted>,
    /// The target's id.
    pub target: TargetId,
    bed: Bed,
    /// Where the checkpoint beside the database is.
    folder: TempDir,
    settings: Settings,
    actors: BTreeMap<&'static str, Actor>,
}

impl TestApp {
    /// Everything set up on this bed.
    pub async fn new(bed: Bed) -> Self {
        let mut app = Self::bare(bed).await;
        let admin = app.sign_in("admin").await;
        app.broker.load_connector(&admin, NewConnector::of(b"scripted")).await.unwrap();
        app.target = app.add_target("shop-prod").await;
        app.broker.set_account(&admin, &app.target, app.id("dave"), "dave").await.unwrap();
        app
    }

    /// The people alone: no connector is loaded, there is no target.
    pub async fn bare(bed: Bed) -> Self {
        Self::with(bed, |_| {}).await
    }

    /// The same with other settings.
    pub async fn with(bed: Bed, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::at(PUBLIC_URL);
        settings.trust.allow_unsigned = true;
        change(&mut settings);
        let store = bed.open().await;
        let folder = tempfile::tempdir().unwrap();
        let scripted = Arc::new(Scripted::default());
        let broker = start(&bed, folder.path(), store.clone(), scripted.clone(), settings.clone()).await;
        let invitation = broker.first_enrolment().await.unwrap().unwrap();
        let mut app = Self {
            broker,
            store,
            scripted,
            target: TargetId::new(bed.clock.now(), &SystemRng).unwrap(),
            bed,
            folder,
            settings,
            actors: BTreeMap::new(),
        };
        let admin = app.enrol(invitation).await;
        app.actors.insert("admin", admin);
        app.people().await;
        app
    }

    /// Another target of the scripted connector.
    pub async fn add_target(&self, called: &str) -> TargetId {
        self.target_of(called, "scripted").await.unwrap()
    }

    /// A target of this connector, by name or digest.
    pub async fn target_of(&self, called: &str, connector: &str) -> Result<TargetId, BrokerError> {
        let target = NewTarget {
            name: name(called),
            environment: name("production"),
            connector: connector.into(),
            settings: BTreeMap::new(),
            secrets: BTreeMap::from([("password".into(), SecretText::new("management-secret".into()))]),
            network: Vec::new(),
            owner: None,
        };
        Ok(self.broker.add_target(&self.sign_in("admin").await, target).await?.id)
    }

    async fn people(&mut self) {
        for (who, kind, owner) in [
            ("alice", PrincipalKind::User, None),
            ("bob", PrincipalKind::User, None),
            ("carol", PrincipalKind::User, None),
            ("dan", PrincipalKind::User, None),
            ("dave", PrincipalKind::User, None),
            ("bot", PrincipalKind::Agent, Some("alice")),
        ] {
            let admin = self.sign_in("admin").await;
            let new = NewPrincipal { kind, name: name(who), owner: owner.map(name) };
            let invitation = self.broker.add_principal(&admin, new).await.unwrap();
            let actor = self.enrol(invitation).await;
            self.actors.insert(who, actor);
        }
        let admin = self.sign_in("admin").await;
        for (group, members) in [("data-team", vec!["alice", "bob"]), ("dba", vec!["carol", "dan", "dave"])] {
            self.broker.set_group(&admin, &name(group), members.into_iter().map(name).collect()).await.unwrap();
        }
    }

    async fn enrol(&self, invitation: hallpass_broker::Invitation) -> Actor {
        let keys = ClientKeys::generate(&SystemRng).unwrap();
        let token = invitation.token.expose();
        let registered = EnrolmentKeys {
            signing_key: keys.signing_public(),
            recipient_key: keys.recipient_public(),
            proof: keys.enrolment_proof(token),
        };
        let id = self.broker.enrol(token, registered).await.unwrap().id;
        Actor { id, keys }
    }

    /// Signs somebody in, as the command line does.
    pub async fn sign_in(&self, who: &str) -> OpContext {
        let session = self.broker.issue_session(self.assertion(who).expose()).await.unwrap();
        self.broker.authenticate(session.token.expose()).await.unwrap()
    }

    /// A fresh client assertion of somebody.
    pub fn assertion(&self, who: &str) -> SecretText {
        let actor = self.actor(who);
        assertion::create(actor.keys.signer(), actor.id.as_str(), PUBLIC_URL, self.bed.clock.now(), &SystemRng).unwrap()
    }

    /// Somebody.
    pub fn actor(&self, who: &str) -> &Actor {
        self.actors.get(who).unwrap_or_else(|| panic!("there is no {who}"))
    }

    /// Somebody's id.
    pub fn id(&self, who: &str) -> &PrincipalId {
        &self.actor(who).id
    }

    /// Asks for access.
    pub async fn ask(&self, who: &str, entitlement: &str, resource: &str, duration_ms: Millis) -> Result<RequestView, BrokerError> {
        self.ask_at("shop-prod", who, entitlement, resource, duration_ms).await
    }

    /// The same at another target.
    pub async fn ask_at(
        &self,
        target: &str,
        who: &str,
        entitlement: &str,
        resource: &str,
        duration_ms: Millis,
    ) -> Result<RequestView, BrokerError> {
        let new = NewRequest { target: name(target), ..asking(entitlement, resource, &[], duration_ms) };
        self.broker.submit(&self.sign_in(who).await, new).await
    }

    /// The same with parameters.
    pub async fn ask_with(
        &self,
        who: &str,
        (entitlement, resource): (&str, &str),
        parameters: &[(&str, &str)],
        duration_ms: Millis,
    ) -> Result<RequestView, BrokerError> {
        self.broker.submit(&self.sign_in(who).await, asking(entitlement, resource, parameters, duration_ms)).await
    }

    /// Gives a group its members, as the operator does.
    pub async fn set_group(&self, group: &str, members: &[&str]) {
        let members = members.iter().copied().map(name).collect();
        self.broker.set_group(&self.sign_in("admin").await, &name(group), members).await.unwrap();
    }

    /// Approves a request, perhaps for a shorter time.
    pub async fn approve(&self, who: &str, id: &RequestId, narrowed_ms: Option<Millis>) -> Result<RequestView, BrokerError> {
        let verdict = NewVerdict { verdict: Verdict::Approve, narrowed_ms, reason: None };
        self.broker.decide(&self.sign_in(who).await, id, verdict).await
    }

    /// A grant of the agent `bot` on [`SCHEMA`], approved by `bob`; not settled yet.
    pub async fn bot_reads(&self, duration_ms: Millis) -> GrantId {
        let asked = self.ask("bot", "schema.read", SCHEMA, duration_ms).await.unwrap();
        self.approve("bob", &asked.request.id, None).await.unwrap().grant.unwrap()
    }

    /// A grant of `dave` on [`ROLE`], approved by `carol` and `dan`; not settled yet.
    pub async fn dave_administers(&self, duration_ms: Millis) -> GrantId {
        let asked = self.ask("dave", "role.member", ROLE, duration_ms).await.unwrap();
        self.approve("carol", &asked.request.id, None).await.unwrap();
        self.approve("dan", &asked.request.id, None).await.unwrap().grant.unwrap()
    }

    /// Does everything that is due now.
    pub async fn settle(&self) {
        self.broker.settle_due().await.unwrap();
    }

    /// Moves time on and does everything that is due then.
    pub async fn after(&self, length: Millis) {
        self.bed.advance(length, &[&self.store]).await;
        self.settle().await;
    }

    /// Moves time on, and nothing else.
    pub async fn advance(&self, length: Millis) {
        self.bed.advance(length, &[&self.store]).await;
    }

    /// Where the records are.
    pub fn records(&self) -> &Config {
        self.bed.config()
    }

    /// The checkpoint beside the database.
    pub fn kept_checkpoint(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("checkpoint")).unwrap()
    }

    /// What somebody with write access to the database alone could do.
    pub async fn tamper(&self, statements: &[&str]) {
        let url = match self.bed.config() {
            Config::Sqlite { dir, .. } => format!("sqlite://{}", dir.join("hallpass.db").display()),
            Config::Postgres { url, .. } => url.expose().to_owned(),
        };
        let mut database = AnyConnection::connect(&url).await.unwrap();
        for statement in statements {
            sqlx::raw_sql(sqlx::AssertSqlSafe(*statement)).execute(&mut database).await.unwrap();
        }
        database.close().await.unwrap();
    }

    /// A grant as an operator sees it.
    pub async fn grant(&self, id: &GrantId) -> GrantView {
        self.broker.grant(&self.sign_in("admin").await, id).await.unwrap()
    }

    /// The kinds of the events of a grant, in order.
    pub async fn story(&self, id: &GrantId) -> Vec<String> {
        let filter = hallpass_broker::EventFilter { grant: Some(id.clone()), ..Default::default() };
        let events = self.broker.events(&self.sign_in("admin").await, filter, None, 0).await.unwrap();
        events.into_iter().map(|e| e.kind).collect()
    }

    /// The leaves of the events of one kind, in order.
    pub async fn leaves(&self, kind: &str) -> Vec<serde_json::Value> {
        let events = self.broker.events(&self.sign_in("admin").await, hallpass_broker::EventFilter::default(), None, 10_000).await.unwrap();
        events.into_iter().filter(|e| e.kind == kind).map(|e| e.leaf).collect()
    }

    /// Another broker process on the same database, with a memory of its own. The target in it is another one.
    pub async fn second_node(&self) -> (Arc<Broker>, Arc<Scripted>) {
        let scripted = Arc::new(Scripted::default());
        let store = self.bed.open().await;
        (start(&self.bed, self.folder.path(), store, scripted.clone(), self.settings.clone()).await, scripted)
    }

    /// The same installation with other connectors in place of the target in memory.
    pub async fn over(self, connectors: Arc<dyn Connector>) -> Self {
        let broker = start(&self.bed, self.folder.path(), self.store.clone(), connectors, self.settings.clone()).await;
        Self { broker, ..self }
    }

    /// The clock, which the test moves.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.bed.clock.clone())
    }

    /// The same installation after its process died: everything that lived in memory is gone.
    pub async fn restart(self) -> Self {
        let broker = start(&self.bed, self.folder.path(), self.store.clone(), self.scripted.clone(), self.settings.clone()).await;
        Self { broker, ..self }
    }
}

/// What somebody asks for at the target `shop-prod`.
pub fn asking(entitlement: &str, resource: &str, parameters: &[(&str, &str)], duration_ms: Millis) -> NewRequest {
    NewRequest {
        target: name("shop-prod"),
        entitlement: entitlement.into(),
        resource: resource.into(),
        parameters: parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        duration_ms,
        justification: Some("the tests need it".into()),
    }
}

/// A name.
pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

async fn start(bed: &Bed, folder: &Path, store: Store, connectors: Arc<dyn Connector>, settings: Settings) -> Arc<Broker> {
    let master = MasterSource::Variable { name: "TEST".into(), value: SecretText::new("11".repeat(32)) };
    let keyring = Arc::new(Keyring::open(&MasterKey::obtain(&master, true, &SystemRng).unwrap()));
    let records = keyring.new_keys(1, &hallpass_domain::rng::SeededRng::new(1)).unwrap();
    let keys = keyring.load(&records).unwrap();
    let source = |file: &str, text: &str| Source { file: file.into(), text: text.into() };
    let sources = Sources { policies: vec![source("main.cedar", POLICIES)], routes: Some(source("routes.toml", ROUTES)) };
    let groups = ["data-team", "dba", "juniors", "on-leave"].map(name);
    let policy = PolicySet::from_sources(&sources, &groups).unwrap_or_else(|e| panic!("{e}"));
    let parts = Parts {
        store,
        clock: Arc::new(bed.clock.clone()),
        rng: Arc::new(SystemRng),
        keyring,
        keys,
        policy,
        connectors,
        settings,
        checkpoint_file: Some(folder.join("checkpoint")),
    };
    Broker::start(parts).await.unwrap()
}
