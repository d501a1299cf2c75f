//! `hallpass audit`: prove the log, read its checkpoint and events.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hallpass_audit::{Report, VerifierKey, Which};
use hallpass_broker::SystemClock;
use hallpass_domain::rng::SystemRng;
use hallpass_store::Store;
use serde_json::{Value, json};

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::render::{list, text};
use crate::client::Look as _;
use crate::config::{Config, Environment, Flags};
use crate::wiring;

/// Prove the log, read its checkpoint and events.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Prove the log whole: every leaf, the tree over them, the signed checkpoint. Exit code 1 when it is not.
    Verify(Verify),
    /// Print the newest signed checkpoint. Keep it elsewhere: it proves later that no history was rewritten.
    Checkpoint,
    /// List events, oldest first.
    Events {
        /// Only those of this grant.
        #[arg(long)]
        grant: Option<String>,
        /// Only those of this request.
        #[arg(long)]
        request: Option<String>,
        /// Only those of this id: a principal, a target, an operation.
        #[arg(long)]
        subject: Option<String>,
    },
}

/// Which log is proven, and against what.
#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    /// A checkpoint that was kept elsewhere.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Read this data folder itself instead of asking a broker; no server may run on it.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Read the store that this configuration names instead of asking a broker.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// With --data or --config: the public key of the log (C2SP note key). Without it, the one that the broker left in the data
    /// folder at its first start is trusted, which whoever can write that folder can replace.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<Exit, Failure> {
    match args {
        Args::Verify(args) => verify(args, cx).await,
        Args::Checkpoint => {
            let note = cx.api()?.checkpoint().await?;
            cx.show(&json!({ "checkpoint": note }), |_| note.clone())?;
            Ok(Exit::Done)
        }
        Args::Events { grant, request, subject } => {
            let events = cx.api()?.events(grant.as_deref(), request.as_deref(), subject.as_deref()).await?;
            cx.show(&events, |events| {
                list(
                    events,
                    "no events",
                    &[
                        ("leaf", &|e| text(e, "index")),
                        ("at", &|e| text(e, "at")),
                        ("event", &|e| text(e, "kind")),
                        ("subject", &|e| text(e, "leaf.subject")),
                        ("actors", &|e| text(e, "leaf.actors")),
                    ],
                )
            })?;
            Ok(Exit::Done)
        }
    }
}

async fn verify(args: Verify, cx: &mut Context<'_>) -> Result<Exit, Failure> {
    let external = match &args.checkpoint {
        Some(file) => Some(std::fs::read_to_string(file).map_err(|e| Failure::failed(format!("{} cannot be read: {e}", file.display())))?),
        None => None,
    };
    let report = if args.data.is_some() || args.config.is_some() {
        let flags = Flags { config: args.config, data: args.data, ..Flags::default() };
        offline(&flags, args.key.as_deref(), &cx.environment, external.as_deref()).await?
    } else {
        cx.api()?.verify_log(external.as_deref()).await?
    };
    let exit = if report.says("whole") { Exit::Done } else { Exit::Failed };
    cx.show(&report, describe)?;
    Ok(exit)
}

/// Reads the store itself.
async fn offline(flags: &Flags, key: Option<&Path>, environment: &Environment, external: Option<&str>) -> Result<Value, Failure> {
    let config = Config::load(flags, environment)?;
    let data = &config.server.data;
    if config.store.postgres_url.is_none() && !data.join("hallpass.db").is_file() {
        return Err(Failure::not_found(format!("{} is no data folder: there is no hallpass.db in it", data.display())));
    }
    let store = wiring::open_store(&config, Arc::new(SystemClock), Arc::new(SystemRng)).await?;
    let report = examine(&store, data, key, external).await;
    store.close().await;
    report
}

/// Trusts the key that is named, else the one that the broker left in its data folder at its first start.
async fn examine(store: &Store, data: &Path, key: Option<&Path>, external: Option<&str>) -> Result<Value, Failure> {
    let internal = |e: &dyn std::fmt::Display| Failure::failed(e.to_string());
    let file = key.map_or_else(|| data.join(wiring::AUDIT_KEY), Path::to_owned);
    let text = optional(&file)?.ok_or_else(|| {
        Failure::not_found(format!(
            "{} is not there: name the log's public key with --key FILE, as the broker wrote it at its first start",
            file.display()
        ))
    })?;
    let key: VerifierKey = text.parse().map_err(|e| {
        Failure::failed(format!(
            "{} holds no key: {e}. Use the line in `{}`, which the broker wrote into its data folder at its first start",
            file.display(),
            wiring::AUDIT_KEY
        ))
    })?;
    let beside = optional(&data.join(wiring::CHECKPOINT))?;
    let notes = [(Which::Beside, beside.as_deref()), (Which::External, external)];
    let notes: Vec<_> = notes.into_iter().filter_map(|(which, note)| Some((which, note?))).collect();
    let report = hallpass_broker::verify_store(store, &key, &notes).await.map_err(|e| internal(&e))?;
    Ok(document(&report))
}

/// A file that need not be there.
fn optional(file: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Failure::failed(format!("{} cannot be read: {e}", file.display()))),
    }
}

/// A report in the form that the API gives.
fn document(report: &Report) -> Value {
    let which = |which: Which| match which {
        Which::Stored => "stored",
        Which::Beside => "beside",
        Which::External => "external",
    };
    let findings: Vec<Value> = report.findings.iter().map(|f| json!({ "kind": f.word(), "detail": f.to_string() })).collect();
    let checkpoints: Vec<Value> = report.checkpoints.iter().map(|(w, size)| json!({ "which": which(*w), "size": size })).collect();
    json!({
        "whole": report.is_whole(), "size": report.size, "root": report.root.to_string(), "checkpoints": checkpoints,
        "uncovered": report.uncovered, "unsequenced": report.unsequenced, "findings": findings, "more_altered": report.more_altered,
    })
}

fn describe(report: &Value) -> String {
    let mut lines = Vec::new();
    let findings = report.items("findings");
    for finding in findings {
        lines.push(format!("✗ {}", text(finding, "detail")));
    }
    if report.at("more_altered").as_u64().is_some_and(|more| more > 0) {
        lines.push(format!("✗ and {} more alterations", text(report, "more_altered")));
    }
    let checkpoints = report.items("checkpoints");
    for checkpoint in checkpoints {
        let which = match checkpoint.word("which") {
            "external" => "the checkpoint kept elsewhere",
            "beside" => "the checkpoint beside the database",
            _ => "the stored checkpoint",
        };
        lines.push(format!("· {which} vouches for {} leaves", text(checkpoint, "size")));
    }
    let unsequenced = report.at("unsequenced").as_array().map_or(0, Vec::len);
    if unsequenced > 0 {
        lines.push(format!("· {unsequenced} events have no place in the log yet: {}", text(report, "unsequenced")));
    }
    let verdict = if report.says("whole") { "The log is whole" } else { "The log is NOT whole" };
    lines.push(format!("{verdict}: {} leaves, root {}", text(report, "size"), text(report, "root")));
    lines.join("\n")
}
