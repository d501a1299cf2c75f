//! `hallpass principal`: who there is.

use serde_json::Value;

use super::context::Context;
use super::failure::Failure;
use super::render::{list, pairs, text};

/// Add, list and offboard principals.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Add a principal; prints its one-time enrolment link.
    Add {
        /// Its name.
        name: String,
        /// What it is.
        #[arg(long, value_parser = ["user", "agent", "workload"], default_value = "user")]
        kind: String,
        /// Name of the human who answers for it: required for agents and workloads.
        #[arg(long, required_if_eq_any([("kind", "agent"), ("kind", "workload")]))]
        owner: Option<String>,
    },
    /// Print a new one-time enrolment link for a principal; its earlier keys and links are void.
    Invite {
        /// Its name or id.
        principal: String,
    },
    /// List principals.
    List,
    /// End all that a principal holds, for good.
    Offboard {
        /// Its name or id.
        principal: String,
    },
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<(), Failure> {
    let api = cx.api()?;
    match args {
        Args::Add { name, kind, owner } => {
            let invitation = api.add_principal(&kind, &name, owner.as_deref()).await?;
            cx.show(&invitation, invited)
        }
        Args::Invite { principal } => {
            let invitation = api.invite(&api.principal_id(&principal).await?).await?;
            cx.show(&invitation, invited)
        }
        Args::List => {
            let principals = api.principals().await?;
            cx.show(&principals, |principals| {
                list(
                    principals,
                    "no principals",
                    &[
                        ("name", &|p| text(p, "name")),
                        ("kind", &|p| text(p, "kind")),
                        ("state", &|p| text(p, "state")),
                        ("id", &|p| text(p, "id")),
                    ],
                )
            })
        }
        Args::Offboard { principal } => {
            let principal = api.offboard(&api.principal_id(&principal).await?).await?;
            cx.show(&principal, |p| pairs(&[("name", text(p, "name")), ("state", text(p, "state")), ("id", text(p, "id"))]))
        }
    }
}

fn invited(invitation: &Value) -> String {
    pairs(&[
        ("name", text(invitation, "principal.name")),
        ("id", text(invitation, "principal.id")),
        ("link", text(invitation, "link")),
        ("valid until", text(invitation, "expires")),
        ("to enrol", format!("hallpass login {}", text(invitation, "link"))),
    ])
}
