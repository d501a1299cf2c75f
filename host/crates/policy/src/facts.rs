//! What a question to policy consists of. Whoever asks looks these facts up first; policy looks up nothing.

use hallpass_domain::clock::Millis;
use hallpass_domain::holding::Mode;
use hallpass_domain::ids::{GrantId, PrincipalId, RequestId};
use hallpass_domain::name::Name;
use hallpass_domain::parameter::Parameters;
use hallpass_domain::principal::PrincipalKind;
use hallpass_domain::resource::Resource;

/// A human.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFacts {
    /// Its id.
    pub id: PrincipalId,
    /// Its name.
    pub name: Name,
    /// Enrolled and not offboarded.
    pub active: bool,
    /// The groups it is a member of now. A group from a stale source is left out.
    pub groups: Vec<Name>,
}

/// An agent or workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedFacts {
    /// Its id.
    pub id: PrincipalId,
    /// Its name.
    pub name: Name,
    /// Enrolled and not offboarded.
    pub active: bool,
    /// The human who answers for it.
    pub owner: UserFacts,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalFacts {
    /// A human.
    User(UserFacts),
    /// An AI agent.
    Agent(OwnedFacts),
    /// A service, a pipeline or a third party's integration.
    Workload(OwnedFacts),
}

impl PrincipalFacts {
    /// Its id.
    pub const fn id(&self) -> &PrincipalId {
        match self {
            Self::User(user) => &user.id,
            Self::Agent(owned) | Self::Workload(owned) => &owned.id,
        }
    }

    /// Its name.
    pub const fn name(&self) -> &Name {
        match self {
            Self::User(user) => &user.name,
            Self::Agent(owned) | Self::Workload(owned) => &owned.name,
        }
    }

    /// User, agent or workload.
    pub const fn kind(&self) -> PrincipalKind {
        match self {
            Self::User(_) => PrincipalKind::User,
            Self::Agent(_) => PrincipalKind::Agent,
            Self::Workload(_) => PrincipalKind::Workload,
        }
    }

    /// Its owner, where it is not itself a human.
    pub const fn owner(&self) -> Option<&UserFacts> {
        match self {
            Self::User(_) => None,
            Self::Agent(owned) | Self::Workload(owned) => Some(&owned.owner),
        }
    }

    /// The human behind it: itself or its owner.
    pub const fn human(&self) -> &UserFacts {
        match self {
            Self::User(user) => user,
            Self::Agent(owned) | Self::Workload(owned) => &owned.owner,
        }
    }
}

/// A target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFacts {
    /// Its name: policies say `Target::"shop-prod"`.
    pub name: Name,
    /// Its environment: `prod`, `staging` ….
    pub environment: Name,
    /// The name of its connector, as the manifest gives it.
    pub connector: String,
}

/// What is asked for or held: one entitlement on one resource of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessFacts {
    /// Where.
    pub target: TargetFacts,
    /// Which kind of access: `schema.read`.
    pub entitlement: String,
    /// On what.
    pub resource: Resource,
    /// With which parameters.
    pub parameters: Parameters,
    /// What the entitlement does to the target.
    pub mode: Mode,
}

/// The question of a request: may this principal ask for this access, and who must approve?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessQuery {
    /// Who asks and would hold it.
    pub principal: PrincipalFacts,
    /// What.
    pub access: AccessFacts,
    /// For how long it is asked, in milliseconds.
    pub duration_ms: Millis,
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskedFacts {
    /// Access.
    Access(AccessFacts),
    /// More permissions for a connector.
    Connector(ConnectorFacts),
}

/// A request that is read, withdrawn or decided upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFacts {
    /// Its id.
    pub id: RequestId,
    /// Who asks.
    pub requester: PrincipalFacts,
    /// Who would hold it, where that is another principal; who loaded the version of a connector.
    pub beneficiary: Option<PrincipalFacts>,
    /// What is asked for.
    pub what: AskedFacts,
    /// Every group that has a say in any of its stages; one that a stage may escalate to, only once it has.
    pub approvers: Vec<Name>,
}

/// A grant that is read, used or taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantFacts {
    /// Its id.
    pub id: GrantId,
    /// Who holds it.
    pub holder: PrincipalFacts,
    /// What.
    pub access: AccessFacts,
}

/// A loaded connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorFacts {
    /// Its name, as the manifest gives it.
    pub name: String,
}

/// What a verb of the API is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceFacts<'a> {
    /// The broker itself: making principals, targets; loading connectors; the log, metrics, policies.
    Installation,
    /// A principal.
    Principal(&'a PrincipalFacts),
    /// A group, by name.
    Group(&'a Name),
    /// A target, or what can be asked for there.
    Target(&'a TargetFacts),
    /// A connector.
    Connector(&'a ConnectorFacts),
    /// A request, or the verdicts on it.
    Request(&'a RequestFacts),
    /// A grant, its credential or its passes.
    Grant(&'a GrantFacts),
}
