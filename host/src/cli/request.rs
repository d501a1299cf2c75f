//! `hallpass request`: ask for access, list and show requests; `hallpass inbox`: those that wait for a verdict.

use std::time::Duration;

use hallpass_domain::parameter::{Parameters, line};
use serde_json::Value;

use super::context::Context;
use super::failure::Failure;
use super::grant;
use super::render::{Column, held_back, length, list, pairs, text};
use super::target::pair;
use crate::client::{Ask, Look as _, Until};
use crate::config::Length;

/// Ask for access; list and show requests.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    look: Option<Look>,
    #[command(flatten)]
    ask: Option<AskArgs>,
    /// Wait until the grant is active or the request has ended otherwise, at most this long.
    #[arg(long, value_name = "LENGTH")]
    wait: Option<Length>,
}

/// What is asked for.
#[derive(Debug, clap::Args)]
pub(super) struct AskArgs {
    /// Name of the target.
    #[arg(required = true)]
    target: String,
    /// The kind of access, as `hallpass target entitlements` lists it.
    #[arg(required = true)]
    entitlement: String,
    /// On what, from the outside in: database:shop/schema:sales.
    #[arg(required = true)]
    resource: String,
    /// A parameter that the entitlement takes, as `hallpass target entitlements` lists it; may be repeated.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = pair)]
    parameters: Vec<(String, String)>,
    /// For how long: 10m, 1h.
    #[arg(long = "for", value_name = "LENGTH", required = true)]
    for_: Length,
    /// Why, in your words; approvers read it.
    #[arg(long)]
    justification: Option<String>,
}

impl TryFrom<AskArgs> for Ask {
    type Error = Failure;
    fn try_from(args: AskArgs) -> Result<Self, Failure> {
        let mut parameters = Parameters::new();
        for (name, value) in args.parameters {
            if parameters.contains_key(&name) {
                return Err(Failure::usage(format!("the parameter {name} is given twice")));
            }
            parameters.insert(name, value);
        }
        Ok(Self {
            target: args.target,
            entitlement: args.entitlement,
            resource: args.resource,
            parameters,
            duration_ms: args.for_.0,
            justification: args.justification,
        })
    }
}

#[derive(Debug, clap::Subcommand)]
enum Look {
    /// List requests: yours and those of the agents that you own, or all of them where you are an operator.
    List {
        /// Only in this state: pending, approved, denied, withdrawn, lapsed.
        #[arg(long)]
        state: Option<String>,
        /// Only your own, not those of your agents.
        #[arg(long)]
        mine: bool,
    },
    /// Show one request.
    Show {
        /// Its id.
        request: String,
    },
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<(), Failure> {
    let api = cx.api()?;
    match (args.look, args.ask) {
        (Some(Look::List { state, mine }), _) => {
            let requests = api.requests(state.as_deref(), mine).await?;
            cx.show(&requests, |requests| table(requests, "no requests", false))
        }
        (Some(Look::Show { request }), _) => {
            let request = api.request(&request).await?;
            cx.show(&request, describe)
        }
        (None, Some(ask)) => {
            let request = api.submit(&ask.try_into()?).await?;
            let Some(wait) = args.wait else { return cx.show(&request, describe) };
            let id = text(&request, "id");
            cx.tell(&format!("request {id} is {}; waiting", text(&request, "state")));
            let within = Until::within(Duration::from_millis(wait.0));
            let request = api.decided(&id, &within).await?;
            let granted = text(&request, "grant");
            if granted.is_empty() {
                return Err(Failure::failed(format!("the request {id} ended as {}", text(&request, "state"))));
            }
            let grant = api.settled(&granted, &within).await?;
            cx.show(&grant, grant::describe)?;
            if grant.word("state") == "failed" {
                return Err(Failure::failed(format!("the grant {granted} failed, as it says above; nothing is left of it")));
            }
            Ok(())
        }
        (None, None) => Err(Failure::usage("say what you ask for: hallpass request TARGET ENTITLEMENT RESOURCE --for LENGTH")),
    }
}

/// The requests that wait for the caller's verdict.
pub(super) async fn inbox(cx: &mut Context<'_>) -> Result<(), Failure> {
    let requests = cx.api()?.inbox().await?;
    cx.show(&requests, |requests| table(requests, "nothing waits for you", true))
}

/// For whoever decides, with the reason that was given.
fn table(requests: &Value, none: &str, why: bool) -> String {
    let mut columns: Vec<Column<'_>> = vec![
        ("id", &|r| text(r, "id")),
        ("state", &|r| text(r, "state")),
        ("who", &|r| text(r, "requester_name")),
        ("target", &|r| text(r, if r.at("permissions").is_null() { "target_name" } else { "permissions.name" })),
        ("entitlement", &|r| if r.at("permissions").is_null() { text(r, "entitlement") } else { "permissions".to_owned() }),
        ("resource", &|r| text(r, "resource")),
        ("for", &|r| how_long(r, "approved_ms")),
    ];
    if requests.items("").iter().any(|r| !r.at("parameters").is_null()) {
        columns.insert(columns.len() - 1, ("with", &parameters));
    }
    if why {
        columns.push(("why", &|r| text(r, "justification")));
    }
    list(requests, none, &columns)
}

/// Permissions are not for a time.
fn how_long(request: &Value, path: &str) -> String {
    if request.at("permissions").is_null() { length(request, path) } else { String::new() }
}

/// What a request is about.
fn what(request: &Value) -> String {
    if request.at("permissions").is_null() {
        return format!("{} on {} at {}", text(request, "entitlement"), text(request, "resource"), text(request, "target_name"));
    }
    let permissions = request.at("permissions");
    let head = format!("more permissions for the connector {} {}", text(permissions, "name"), text(permissions, "version"));
    format!("{head}\n{}", super::connector::versions::difference(permissions))
}

/// What a request or grant carries beside its resource: what it is for depends on it.
pub(super) fn parameters(document: &Value) -> String {
    let pairs = document.at("parameters").as_object().into_iter().flatten();
    line(&pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect())
}

/// One request for a person.
pub(super) fn describe(request: &Value) -> String {
    let stages = request.items("stages");
    let needed: Vec<String> = stages.iter().map(|s| format!("{} of {}", text(s, "n"), text(s, "group"))).collect();
    let verdicts = request.items("approvals");
    let given: Vec<String> = verdicts
        .iter()
        .map(|v| {
            let who = text(v, "approver_name");
            let who = if who.is_empty() { text(v, "approver") } else { who };
            format!("{} by {who} {}", text(v, "verdict"), length(v, "narrowed_ms")).trim_end().to_owned()
        })
        .collect();
    pairs(&[
        ("request", text(request, "id")),
        ("state", text(request, "state")),
        ("who", text(request, "requester_name")),
        ("what", what(request)),
        ("with", parameters(request)),
        ("asked for", how_long(request, "duration_ms")),
        ("approved for", how_long(request, "approved_ms")),
        ("why", text(request, "justification")),
        ("needs", needed.join(", then ")),
        ("verdicts", given.join(", ")),
        ("policies", text(request, "policies")),
        ("grant", text(request, "grant")),
        ("held back", held_back(request)),
    ])
}
