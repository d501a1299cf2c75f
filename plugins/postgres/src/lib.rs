//! PostgreSQL as a target: a role that lives as long as its grant (`schema.read`), and a membership that ends with it (`role.member`).
//!
//! Everything that this connector can say to a server stands in `manifest.json`; the code decides in which order it is said. Names, ends
//! and marks are filled in by the host from the holding.

mod health;
mod removal;
mod role_member;
mod schema_read;

use hallpass_connector::grants::{Grants, Observation, Outcome, Settled};
use hallpass_connector::sql::{self, Session};
use hallpass_connector::{Failure, FailureKind, Holding, Invocation};

/// The connector.
struct Postgres;

/// The entitlements of the manifest.
enum Entitlement {
    SchemaRead,
    RoleMember,
}

impl Entitlement {
    fn of(want: &Holding) -> Result<Self, Failure> {
        match want.entitlement().as_str() {
            "schema.read" => Ok(Self::SchemaRead),
            "role.member" => Ok(Self::RoleMember),
            other => Err(Failure::unsupported(
                "unknown-entitlement",
                format!("this connector has no entitlement `{other}`; it has schema.read and role.member"),
            )),
        }
    }
}

impl Grants for Postgres {
    fn apply(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
        match Entitlement::of(want)? {
            Entitlement::SchemaRead => schema_read::apply(inv, want),
            Entitlement::RoleMember => role_member::apply(inv, want),
        }
    }

    fn revoke(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
        match Entitlement::of(want)? {
            Entitlement::SchemaRead => removal::revoke(inv, want),
            Entitlement::RoleMember => role_member::revoke(inv, want),
        }
    }

    fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
        match Entitlement::of(want)? {
            Entitlement::SchemaRead => schema_read::observe(inv, want),
            Entitlement::RoleMember => role_member::observe(inv, want),
        }
    }
}

/// A session in the resource's database, or, where that is gone, in the target's own: roles belong to the whole server, and what was
/// given must be taken away.
fn open_to_revoke(inv: &Invocation, want: &Holding) -> Result<Session, Failure> {
    match sql::open(inv, Some(want), None) {
        Err(failure) if failure.kind == FailureKind::NotFound => sql::open(inv, None, None),
        done => done,
    }
}

/// A finished change; `locator` is what the server calls it.
fn settled(locator: String, already: bool) -> Outcome {
    Outcome::Settled(Settled { locator, already, replaced: Vec::new() })
}

/// The failure of a statement that must return a row and returned none.
fn no_row(statement: &str) -> Failure {
    Failure::internal("no-row", format!("the statement `{statement}` returned no row, and always does on a PostgreSQL server"))
}

/// The failure of sessions that were told to end and did not.
fn sessions_remain(of: &str, left: u64) -> Failure {
    Failure::unavailable(
        "sessions-remain",
        format!("{left} sessions of \"{of}\" did not end within five seconds; see pg_stat_activity, the broker tries again"),
    )
    .after_a_change()
}

hallpass_connector::connector!(Postgres: grants, health);

#[cfg(test)]
mod tests {
    const MANIFEST: &str = include_str!("../manifest.json");
    const SOURCES: [&str; 4] =
        [include_str!("health.rs"), include_str!("removal.rs"), include_str!("role_member.rs"), include_str!("schema_read.rs")];

    /// The names in the manifest's `statements`, which stand alone on a line each, and whether the host runs them itself.
    fn declared() -> Vec<(&'static str, bool)> {
        let (_, statements) = MANIFEST.split_once("\"statements\": {").unwrap();
        let (statements, _) = statements.split_once("\n  },").unwrap();
        let blocks = statements.split("\n    \"").skip(1);
        blocks.map(|block| (block.split_once('"').unwrap().0, block.contains("\"calls\": [\"look\"]"))).collect()
    }

    #[test]
    fn every_permission_that_the_manifest_asks_for_is_used() {
        for (name, look) in declared() {
            let quoted = format!("\"{name}\"");
            assert_eq!(SOURCES.iter().any(|source| source.contains(&quoted)), !look, "{name}");
        }
    }

    #[test]
    fn every_statement_that_is_run_is_declared() {
        let run = SOURCES.iter().flat_map(|source| source.split("Step::new(\"").skip(1)).map(|rest| rest.split_once('"').unwrap().0);
        for name in run {
            assert!(declared().iter().any(|(declared, _)| *declared == name), "{name}");
        }
    }
}
