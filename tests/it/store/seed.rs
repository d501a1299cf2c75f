//! A small installation to write laws about: two humans, an agent of one, a connector, a target, and what grows on it.

use std::collections::BTreeMap;

use hallpass_domain::clock::{Millis, Timestamp};
use hallpass_domain::connector::ConnectorState;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::grant::{Grant, GrantState};
use hallpass_domain::holding::{Desired, Holding, Mode, Presence};
use hallpass_domain::ids::{Digest, GrantId, HoldingId, OperationId, PrincipalId, RequestId, Stamp, TargetId};
use hallpass_domain::operation::{Operation, OperationKind, OperationState};
use hallpass_domain::port::ConnectorFacts;
use hallpass_domain::principal::{Principal, PrincipalKind, PrincipalState};
use hallpass_domain::request::{Ask, Asked, OnTimeout, Request, RequestState, Stage};
use hallpass_domain::rng::SystemRng;
use hallpass_domain::target::Target;
use hallpass_store::{ConnectorRow, Store, StoreError, StoreResult, Tx, run_tx};

pub(super) const MINUTE: Millis = 60_000;

pub(super) struct World {
    pub(super) store: Store,
    pub(super) alice: Principal,
    pub(super) bob: Principal,
    pub(super) bot: Principal,
    pub(super) connector: Digest,
    pub(super) target: Target,
}

/// Something happened. Which, is of no matter here.
pub(super) async fn note(tx: &mut Tx, subject: &str) -> StoreResult<()> {
    tx.emit(Event::new(EventKind::TargetChanged, subject)).await.map(drop)
}

pub(super) fn principal(now: Timestamp, name: &str, kind: PrincipalKind, owner: Option<PrincipalId>) -> Principal {
    Principal {
        id: PrincipalId::new(now, &SystemRng).unwrap(),
        kind,
        name: name.parse().unwrap(),
        owner,
        state: PrincipalState::Invited,
        created: now,
        signing_key: None,
        recipient_key: None,
        version: 1,
    }
}

pub(super) fn facts(version: &str) -> ConnectorFacts {
    ConnectorFacts {
        digest: Digest::of(version.as_bytes()),
        name: "postgres".into(),
        version: version.into(),
        publisher: "hallpass".into(),
        title: "PostgreSQL".into(),
        entitlements: Vec::new(),
        settings: Vec::new(),
        secrets: Vec::new(),
        optional_secrets: Vec::new(),
        permissions: Vec::new(),
    }
}

pub(super) fn row(facts: ConnectorFacts, by: &PrincipalId, added: Timestamp) -> ConnectorRow {
    let (state, granted) = (ConnectorState::Loaded, Some((facts.permissions.clone(), added)));
    ConnectorRow { facts, state, granted, signers: vec!["release".into()], loaded_by: by.clone(), reason: None, added, revision: 1 }
}

fn parameters() -> BTreeMap<String, String> {
    BTreeMap::from([("level".into(), "read \"all\"".into())])
}

impl World {
    pub(super) async fn new(store: &Store) -> Self {
        let now = store.now();
        let alice = principal(now, "alice", PrincipalKind::User, None);
        let bob = principal(now, "bob", PrincipalKind::User, None);
        let bot = principal(now, "bot", PrincipalKind::Agent, Some(alice.id.clone()));
        let facts = facts("1");
        let target = Target {
            id: TargetId::new(now, &SystemRng).unwrap(),
            name: "shop".parse().unwrap(),
            environment: "production".parse().unwrap(),
            connector: facts.digest,
            settings: BTreeMap::from([("host".into(), "localhost".into())]),
            secrets: Vec::new(),
            network: vec!["https://10.1.2.3".into()],
            owner: alice.id.clone(),
            created: now,
            revision: 1,
            removed: None,
        };
        let made = run_tx!(store, "test.world", |tx| -> StoreResult<()> {
            for p in [&alice, &bob, &bot] {
                tx.insert_principal(p).await?;
            }
            tx.insert_connector(&row(facts.clone(), &alice.id, now), b"\0asm").await?;
            tx.insert_target(&target).await?;
            note(tx, target.id.as_str()).await
        });
        made.unwrap();
        Self { store: store.clone(), alice, bob, bot, connector: facts.digest, target }
    }

    pub(super) async fn second_target(&self, name: &str) -> Target {
        let target =
            Target { id: TargetId::new(self.store.now(), &SystemRng).unwrap(), name: name.parse().unwrap(), ..self.target.clone() };
        let made = run_tx!(self.store, "test.target", |tx| -> StoreResult<()> {
            tx.insert_target(&target).await?;
            note(tx, target.id.as_str()).await
        });
        made.unwrap();
        target
    }

    pub(super) fn request(&self) -> Request {
        let now = self.store.now();
        let stage = Stage {
            group: "data".parse().unwrap(),
            n: 1,
            denials: 1,
            timeout_ms: Some(10 * MINUTE),
            on_timeout: OnTimeout::Escalate,
            escalate_to: Some("leads".parse().unwrap()),
        };
        Request {
            id: RequestId::new(now, &SystemRng).unwrap(),
            requester: self.bot.id.clone(),
            ask: Asked::Access(Ask {
                target: self.target.id.clone(),
                entitlement: "schema.read".into(),
                resource: "database:shop/schema:sales".parse().unwrap(),
                parameters: parameters(),
                mode: Mode::Provisioning,
                duration_ms: 10 * MINUTE,
                justification: Some("the quarter's numbers\nfor \"sales\"".into()),
            }),
            connector: "postgres".into(),
            state: RequestState::Pending { stage: 0, since: now },
            stages: vec![stage.clone(), Stage { timeout_ms: None, ..stage }],
            approved_ms: 10 * MINUTE,
            policies: vec!["read-schema".into()],
            policy_revision: "r1".into(),
            created: now,
            expires: now.plus(60 * MINUTE),
            version: 1,
        }
    }

    pub(super) fn holding(&self, target: &TargetId, account: Option<&str>) -> Holding {
        let now = self.store.now();
        let id = HoldingId::new(now, &SystemRng).unwrap();
        Holding {
            stamp: Stamp::new(self.store.installation(), &id),
            id,
            target: target.clone(),
            account: account.map(str::to_owned),
            entitlement: "schema.read".into(),
            resource: "database:shop/schema:sales".parse().unwrap(),
            parameters: parameters(),
            mode: if account.is_some() { Mode::Access } else { Mode::Provisioning },
            connector: self.connector,
            locator: None,
            baseline: None,
            desired: Desired { presence: Presence::Present, until: now.plus(10 * MINUTE) },
            seen: None,
            version: 1,
        }
    }

    pub(super) fn grant(&self, request: &Request, holding: &Holding) -> Grant {
        let now = self.store.now();
        Grant {
            id: GrantId::new(now, &SystemRng).unwrap(),
            request: request.id.clone(),
            principal: self.bot.id.clone(),
            target: holding.target.clone(),
            entitlement: holding.entitlement.clone(),
            resource: holding.resource.clone(),
            parameters: holding.parameters.clone(),
            holding: holding.id.clone(),
            state: GrantState::Activating,
            duration_ms: 10 * MINUTE,
            policy_revision: "r1".into(),
            created: now,
            activate_by: now.plus(15 * MINUTE),
            activated: None,
            ends: None,
            end_reason: None,
            ending_since: None,
            ended: None,
            seen_by: None,
            left: None,
            last_failure: None,
            version: 1,
        }
    }

    pub(super) fn operation(&self, holding: &Holding) -> Operation {
        let now = self.store.now();
        Operation {
            id: OperationId::new(now, &SystemRng).unwrap(),
            holding: holding.id.clone(),
            target: holding.target.clone(),
            kind: OperationKind::Apply,
            state: OperationState::Planned,
            holding_version: holding.version,
            attempts: 0,
            tries: 0,
            revision: None,
            looked: None,
            sent: None,
            fresh_credential: true,
            until: holding.desired.until,
            due: now,
            continuation: None,
            last_failure: None,
            created: now,
        }
    }

    /// A holding with a planned operation, due now.
    pub(super) async fn planned(&self, target: &TargetId) -> Operation {
        let holding = self.holding(target, None);
        let operation = self.operation(&holding);
        let made = run_tx!(self.store, "test.planned", |tx| -> StoreResult<()> {
            tx.insert_holding(&holding).await?;
            tx.insert_operation(&operation).await?;
            note(tx, operation.id.as_str()).await
        });
        made.unwrap();
        operation
    }

    /// A request with one activating grant on a holding of its own.
    pub(super) async fn granted(&self) -> (Request, Holding, Grant) {
        let request = self.request();
        let holding = self.holding(&self.target.id, None);
        let grant = self.grant(&request, &holding);
        let made = run_tx!(self.store, "test.granted", |tx| -> StoreResult<()> {
            tx.insert_request(&request).await?;
            tx.insert_holding(&holding).await?;
            tx.insert_grant(&grant).await?;
            note(tx, grant.id.as_str()).await
        });
        made.unwrap();
        (request, holding, grant)
    }
}

pub(super) fn is_stale<T>(result: &StoreResult<T>) -> bool {
    matches!(result, Err(StoreError::Stale { .. }))
}
