//! Facts for the tests: one human or agent of each sort, two targets.

use std::path::Path;

use hallpass_domain::holding::Mode;
use hallpass_domain::name::Name;
use hallpass_domain::parameter::Parameters;

use crate::facts::{AccessFacts, AccessQuery, AskedFacts, GrantFacts, OwnedFacts, PrincipalFacts, RequestFacts, TargetFacts, UserFacts};
use crate::load::PolicySet;
use crate::source::{Source, Sources};

pub(crate) const GROUPS: [&str; 4] = ["data-team", "dba", "operators", "developers"];

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) fn names(texts: &[&str]) -> Vec<Name> {
    texts.iter().map(|t| name(t)).collect()
}

/// An id that is the same for the same name.
fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(prefix: &str, name: &str) -> T {
    let hash = name.bytes().fold(7_u64, |h, b| h.wrapping_mul(131).wrapping_add(u64::from(b)));
    format!("{prefix}{hash:026}").parse().unwrap()
}

pub(crate) fn human(who: &str, groups: &[&str]) -> UserFacts {
    UserFacts { id: id("pr_", who), name: name(who), active: true, groups: names(groups) }
}

pub(crate) fn user(who: &str, groups: &[&str]) -> PrincipalFacts {
    PrincipalFacts::User(human(who, groups))
}

fn owned(who: &str, owner: UserFacts) -> OwnedFacts {
    OwnedFacts { id: id("pr_", who), name: name(who), active: true, owner }
}

pub(crate) fn agent(who: &str, owner: UserFacts) -> PrincipalFacts {
    PrincipalFacts::Agent(owned(who, owner))
}

pub(crate) fn workload(who: &str, owner: UserFacts) -> PrincipalFacts {
    PrincipalFacts::Workload(owned(who, owner))
}

pub(crate) fn inactive(mut principal: PrincipalFacts) -> PrincipalFacts {
    match &mut principal {
        PrincipalFacts::User(user) => user.active = false,
        PrincipalFacts::Agent(owned) | PrincipalFacts::Workload(owned) => owned.active = false,
    }
    principal
}

pub(crate) fn target(target: &str) -> TargetFacts {
    let environment = target.rsplit('-').next().unwrap();
    TargetFacts { name: name(target), environment: name(environment), connector: "postgres".to_owned() }
}

pub(crate) fn access(at: &str, entitlement: &str, resource: &str) -> AccessFacts {
    let mode = if entitlement == "role.member" { Mode::Access } else { Mode::Provisioning };
    AccessFacts {
        target: target(at),
        entitlement: entitlement.to_owned(),
        resource: resource.parse().unwrap(),
        parameters: Parameters::new(),
        mode,
    }
}

pub(crate) fn schema_read(at: &str) -> AccessFacts {
    access(at, "schema.read", "database:shop/schema:sales")
}

pub(crate) fn admin(at: &str) -> AccessFacts {
    access(at, "role.member", "role:shop_admin")
}

pub(crate) fn query(principal: PrincipalFacts, access: AccessFacts, minutes: u64) -> AccessQuery {
    AccessQuery { principal, access, duration_ms: minutes * 60_000 }
}

pub(crate) fn request(requester: PrincipalFacts, access: AccessFacts, approvers: &[&str]) -> RequestFacts {
    RequestFacts { id: id("rq_", "request"), requester, beneficiary: None, what: AskedFacts::Access(access), approvers: names(approvers) }
}

pub(crate) fn grant(holder: PrincipalFacts) -> GrantFacts {
    GrantFacts { id: id("gr_", "grant"), holder, access: schema_read("shop-prod") }
}

pub(crate) fn sources(cedar: &str, routes: &str) -> Sources {
    let source = |file: &str, text: &str| Source { file: file.to_owned(), text: text.to_owned() };
    Sources { policies: vec![source("main.cedar", cedar)], routes: Some(source("routes.toml", routes)) }
}

pub(crate) const ROUTES: &str = r#"
[routes.data-team]
stages = [{ group = "data-team" }]
[routes.two-dbas]
stages = [{ group = "dba", n = 2, timeout = "1h", on_timeout = "deny" }]
[routes.team-then-dba]
stages = [{ group = "data-team", n = 2 }, { group = "dba" }]
"#;

/// A set with the routes above.
pub(crate) fn set(cedar: &str) -> PolicySet {
    PolicySet::from_sources(&sources(cedar, ROUTES), &names(&GROUPS)).unwrap()
}

/// The set of the sample folder.
pub(crate) fn sample() -> PolicySet {
    PolicySet::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"), &names(&GROUPS)).unwrap()
}
