//! `hallpass connector upgrade`, `rollback`, `repin`, `unload`, `ban`: one version after another.

use std::path::Path;

use serde_json::{Value, json};

use super::digest_of;
use super::load::upload;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{list, pairs, text};
use crate::client::Look as _;

/// A version to move to.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Upgrade {
    /// The connector's name.
    name: String,
    /// The .wasm file, which is loaded first, or the digest of a loaded version.
    to: String,
    /// Only this target; may be repeated. All of the connector's where none is named.
    #[arg(long = "target", value_name = "TARGET")]
    targets: Vec<String>,
    /// Why, for whoever must approve.
    #[arg(long)]
    justification: Option<String>,
    /// Load it though a newer version was loaded before.
    #[arg(long)]
    allow_downgrade: bool,
}

/// Holdings to move.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Repin {
    /// A live holding's id; may be repeated.
    #[arg(required_unless_present = "target")]
    holdings: Vec<String>,
    /// All live holdings of this target instead.
    #[arg(long, conflicts_with = "holdings")]
    target: Option<String>,
    /// The version to move to: a digest, or a name, whose newest version is meant.
    #[arg(long)]
    to: String,
    /// Only look and compare.
    #[arg(long)]
    dry_run: bool,
}

/// A version to stop for good.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Ban {
    /// Its digest.
    digest: String,
    /// What was found; shown wherever the version would be used.
    #[arg(long)]
    reason: String,
}

pub(super) async fn upgrade(args: Upgrade, cx: &mut Context<'_>) -> Result<Exit, Failure> {
    let api = cx.api()?;
    let digest = if args.to.starts_with("sha256:") {
        args.to
    } else {
        let loaded = upload(&api, Path::new(&args.to), args.allow_downgrade).await?;
        text(&loaded, "digest")
    };
    let connector = api.connector(&digest).await?;
    if connector.word("name") != args.name {
        return Err(Failure::usage(format!("the version is one of {}, not of {}", text(&connector, "name"), args.name)));
    }
    let mut body = json!({});
    if let Value::Object(body) = &mut body {
        if !args.targets.is_empty() {
            body.insert("targets".to_owned(), json!(args.targets));
        }
        if let Some(justification) = args.justification {
            body.insert("justification".to_owned(), json!(justification));
        }
    }
    let upgrade = api.connector_verb(&digest, "upgrade", &body).await?;
    cx.show(&upgrade, |u| {
        let mut parts = vec![pairs(&[
            ("connector", text(u, "connector.name")),
            ("version", text(u, "connector.version")),
            ("digest", text(u, "connector.digest")),
        ])];
        let difference = difference(u);
        if !difference.is_empty() {
            parts.push(format!("permissions\n{difference}"));
        }
        match u.at("request").as_str() {
            Some(request) => parts.push(format!(
                "It asks for more than before: the request {request} waits for another person (hallpass approve {request}). What is approved goes on by itself."
            )),
            None => parts.push(moves(u.at("targets"))),
        }
        parts.join("\n\n")
    })?;
    Ok(if upgrade.at("request").is_null() { moved(upgrade.at("targets")) } else { Exit::Waiting })
}

pub(super) async fn rollback(name: &str, cx: &mut Context<'_>) -> Result<Exit, Failure> {
    let targets = cx.api()?.roll_back_connector(name).await?;
    cx.show(&targets, moves)?;
    Ok(moved(&targets))
}

/// Whether all targets moved.
fn moved(targets: &Value) -> Exit {
    let stays = targets.items("").iter().any(|target| !target.at("held_back").is_null());
    if stays { Exit::Failed } else { Exit::Done }
}

pub(super) async fn repin(args: Repin, cx: &mut Context<'_>) -> Result<(), Failure> {
    let api = cx.api()?;
    let digest = digest_of(&api, &args.to).await?;
    let mut body = json!({ "holdings": args.holdings, "dry_run": args.dry_run });
    if let (Value::Object(body), Some(target)) = (&mut body, args.target) {
        body.insert("target".to_owned(), json!(target));
    }
    let done = api.connector_verb(&digest, "repin", &body).await?;
    let items = done.at("items").clone();
    cx.show(&items, |items| {
        list(
            items,
            "no live holding of another version",
            &[
                ("holding", &|h| text(h, "holding")),
                ("moved", &|h| text(h, "moved")),
                ("seen before", &|h| text(h, "seen_before")),
                ("seen now", &|h| text(h, "seen_now")),
                ("changes", &|h| text(h, "changes")),
                ("why not", &|h| text(h, "reason")),
            ],
        )
    })?;
    let stays = items.items("").iter().any(|h| !h.at("reason").is_null());
    if stays { Err(Failure::failed("some holdings stay where they are, as the list says")) } else { Ok(()) }
}

pub(super) async fn unload(connector: &str, cx: &mut Context<'_>) -> Result<(), Failure> {
    let api = cx.api()?;
    let digest = digest_of(&api, connector).await?;
    let left = api.connector_verb(&digest, "unload", &json!({})).await?;
    cx.show(&left, holders)
}

pub(super) async fn ban(args: &Ban, cx: &mut Context<'_>) -> Result<(), Failure> {
    let api = cx.api()?;
    if !args.digest.starts_with("sha256:") {
        return Err(Failure::usage("a ban names one version by its digest: hallpass connector list shows them"));
    }
    let left = api.connector_verb(&args.digest, "ban", &json!({ "reason": args.reason })).await?;
    cx.show(&left, |left| {
        let mut lines = vec![holders(left)];
        if !left.items("holdings").is_empty() {
            let name = text(left, "connector.name");
            lines.push(format!("\nTheir access stays in the target until another version takes it away: hallpass connector repin HOLDING --to DIGEST, of a version of {name}"));
        }
        lines.join("\n")
    })
}

/// Added and removed lines, as a diff shows them: what a thing was granted stands right above what is asked for it now.
pub(in crate::cli) fn difference(document: &Value) -> String {
    let lines = |path: &str| document.items(path).iter().map(|line| text(line, "")).collect::<Vec<_>>();
    let mut added = lines("added");
    let mut shown = Vec::new();
    for was in lines("removed") {
        shown.push(format!("  - {was}"));
        shown.extend(added.extract_if(.., |now| thing(now) == thing(&was)).map(|now| format!("  + {now}")));
    }
    shown.extend(added.into_iter().map(|now| format!("  + {now}")));
    shown.join("\n")
}

/// What a line of permissions speaks of: its kind and its name.
fn thing(line: &str) -> Vec<&str> {
    line.split([' ', ':']).filter(|word| !word.is_empty()).take(2).collect()
}

fn moves(targets: &Value) -> String {
    list(
        targets,
        "no target had to move",
        &[
            ("target", &|m| text(m, "target_name")),
            ("from", &|m| text(m, "from")),
            ("to", &|m| text(m, "to")),
            ("held back because", &|m| text(m, "held_back")),
        ],
    )
}

fn holders(left: &Value) -> String {
    pairs(&[
        ("connector", text(left, "connector.name")),
        ("version", text(left, "connector.version")),
        ("state", text(left, "connector.state")),
        ("used by", text(left, "targets")),
        ("held by", text(left, "holdings")),
    ])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_thing_was_granted_stands_above_what_is_asked_for_it_now() {
        let diff = json!({
            "removed": ["statement drop (changes): DROP", "secret password: SQL login", "statement make (changes): CREATE"],
            "added": ["request new (reads): GET a", "statement make (changes): CREATE more", "secret password: HTTP"],
        });
        let expected = "  - statement drop (changes): DROP\n  - secret password: SQL login\n  + secret password: HTTP\n  \
                        - statement make (changes): CREATE\n  + statement make (changes): CREATE more\n  + request new (reads): GET a";
        assert_eq!(difference(&diff), expected);
    }
}
