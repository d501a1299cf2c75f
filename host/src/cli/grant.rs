//! `hallpass grant`: list, show and give back grants.

use serde_json::Value;

use super::context::Context;
use super::failure::Failure;
use super::render::{Column, list, pairs, text};
use super::request::parameters;
use crate::client::Look as _;

/// List, show and give back grants.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// List grants: yours and those of the agents that you own, or all of them where you are an operator.
    List {
        /// Also those that have ended.
        #[arg(long)]
        all: bool,
        /// Only those of this principal, by name or id.
        #[arg(long)]
        principal: Option<String>,
    },
    /// Show one grant.
    Show {
        /// Its id.
        grant: String,
    },
    /// Give a grant of yours back before its end.
    Release {
        /// Its id.
        grant: String,
    },
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<(), Failure> {
    let api = cx.api()?;
    match args {
        Args::List { all, principal } => {
            let principal = match principal {
                Some(name) => Some(api.principal_id(&name).await?),
                None => None,
            };
            let grants = api.grants(!all, principal.as_deref()).await?;
            cx.show(&grants, table)
        }
        Args::Show { grant } => {
            let grant = api.grant(&grant).await?;
            cx.show(&grant, describe)
        }
        Args::Release { grant } => {
            let grant = api.release(&grant).await?;
            cx.show(&grant, describe)
        }
    }
}

fn table(grants: &Value) -> String {
    let mut columns: Vec<Column<'_>> = vec![
        ("id", &|g| text(g, "id")),
        ("state", &state),
        ("who", &|g| text(g, "principal_name")),
        ("target", &|g| text(g, "target_name")),
        ("entitlement", &|g| text(g, "entitlement")),
        ("resource", &|g| text(g, "resource")),
        ("ends", &|g| text(g, "ends")),
    ];
    if grants.items("").iter().any(|g| !g.at("parameters").is_null()) {
        columns.insert(columns.len() - 1, ("with", &parameters));
    }
    list(grants, "no grants", &columns)
}

fn state(grant: &Value) -> String {
    let overdue = if grant.says("overdue") { ", overdue" } else { "" };
    format!("{}{overdue}", text(grant, "state"))
}

/// One grant for a person.
pub(super) fn describe(grant: &Value) -> String {
    pairs(&[
        ("grant", text(grant, "id")),
        ("state", state(grant)),
        ("who", text(grant, "principal_name")),
        ("what", format!("{} on {} at {}", text(grant, "entitlement"), text(grant, "resource"), text(grant, "target_name"))),
        ("with", parameters(grant)),
        ("account", text(grant, "account")),
        ("active since", text(grant, "activated")),
        ("ends", text(grant, "ends")),
        ("seen by", text(grant, "seen_by")),
        ("credential", text(grant, "credential")),
        ("why it ends", text(grant, "end_reason")),
        ("gone since", text(grant, "ended")),
        ("last failure", text(grant, "last_failure")),
        ("mark in the target", text(grant, "stamp")),
    ])
}
