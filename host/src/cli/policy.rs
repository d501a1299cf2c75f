//! `hallpass policy`: check a set of policies before it is in force, and ask what those in force say.

use std::path::PathBuf;

use hallpass_domain::name::Name;
use hallpass_policy::PolicySet;
use serde_json::{Value, json};

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::render::{held_back, length, list, pairs, text};
use super::request::AskArgs;
use crate::client::Look as _;

/// Check policies, and explain what they say.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Check a folder of policies as a whole, as `hallpass serve` would load it.
    Check {
        /// The folder with *.cedar and routes.toml.
        dir: PathBuf,
        /// A group that exists; may be repeated. Without it, the broker of your profile is asked for its groups; without a
        /// profile only those count that routes.toml declares.
        #[arg(long = "group", value_name = "NAME")]
        groups: Vec<Name>,
    },
    /// Explain what policy would answer you, and why, without asking for anything; and what would hold the access back all the same.
    Explain(AskArgs),
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<Exit, Failure> {
    match args {
        Args::Check { dir, groups } => {
            let groups = if groups.is_empty() { known_groups(cx).await? } else { groups };
            let set = PolicySet::load(&dir, &groups).map_err(|e| Failure::failed(e.to_string()))?;
            let unmade: Vec<&str> = set.unmade_groups().map(Name::as_str).collect();
            let document = json!({ "revision": set.revision(), "policies": set.policies().collect::<Vec<_>>(), "unmade_groups": unmade });
            cx.show(&document, |d| {
                let policies = list(
                    d.at("policies"),
                    "no policies",
                    &[
                        ("policy", &|p| text(p, "id")),
                        ("effect", &|p| text(p, "effect")),
                        ("route", &|p| text(p, "asks.route")),
                        ("at most", &|p| length(p, "asks.max_ms")),
                        ("at", &|p| format!("{}:{}", text(p, "file"), text(p, "line"))),
                    ],
                );
                let unmade = match text(d, "unmade_groups") {
                    none if none.is_empty() => none,
                    some => format!("\nDeclared, and without members until somebody makes them with `hallpass group set`: {some}."),
                };
                format!("{policies}\n\nThe set is sound. Its revision is {}.{unmade}", text(d, "revision"))
            })?;
            Ok(Exit::Done)
        }
        Args::Explain(ask) => {
            let explanation = cx.api()?.explain(&ask.try_into()?).await?;
            cx.show(&explanation, describe)?;
            Ok(Exit::Done)
        }
    }
}

async fn known_groups(cx: &Context<'_>) -> Result<Vec<Name>, Failure> {
    let nobody = cx.profile.is_none() && cx.profiles().ok().and_then(|profiles| profiles.current()).is_none();
    if nobody {
        return Ok(Vec::new());
    }
    let remedy = "name the groups that exist with --group";
    let groups = cx.api().map_err(|e| Failure::usage(format!("{e}; or {remedy}")))?.groups().await?;
    Ok(groups.items("").iter().filter_map(|group| group.at("name").as_str()?.parse().ok()).collect())
}

fn describe(explanation: &Value) -> String {
    let stages = explanation.items("stages");
    let stages: Vec<String> = stages.iter().map(|s| format!("{} of {}", text(s, "n"), text(s, "group"))).collect();
    let answer = match (explanation.says("allowed"), explanation.says("auto")) {
        (false, _) => String::from("no"),
        (true, true) => String::from("yes, at once"),
        (true, false) => format!("yes, once approved by {}", stages.join(", then ")),
    };
    let justification = if explanation.says("justification_required") { "required" } else { "" };
    let head = pairs(&[
        ("answer", answer),
        ("reason", text(explanation, "reason")),
        ("at most", length(explanation, "max_ms")),
        ("justification", String::from(justification)),
        ("decided by", text(explanation, "decided_by")),
        ("revision", text(explanation, "revision")),
        ("held back", held_back(explanation)),
    ]);
    let policies = list(
        explanation.at("policies"),
        "no policy is about this",
        &[
            ("policy", &|p| text(p, "id")),
            ("effect", &|p| text(p, "effect")),
            ("applies", &|p| if p.says("applies") { String::from("yes") } else { text(p, "failure") }),
            ("route", &|p| text(p, "route")),
            ("at most", &|p| length(p, "max_ms")),
            ("at", &|p| format!("{}:{}", text(p, "file"), text(p, "line"))),
        ],
    );
    format!("{head}\n\n{policies}")
}
