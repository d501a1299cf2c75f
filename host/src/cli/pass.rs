//! `hallpass pass`: mint, read and verify passes.

use std::path::{Path, PathBuf};

use hallpass_broker::SystemClock;
use hallpass_domain::Clock as _;
use hallpass_domain::resource::Resource;
use hallpass_verify::{KeySet, Presented, Verifier};
use serde_json::{Value, json};

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::render::{pairs, text};
use crate::client::Look as _;

/// Mint, read and verify passes.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Mint a pass for a grant of yours. Whoever has it may use it: keep it secret.
    Mint {
        /// The grant's id.
        grant: String,
        /// Who shall accept it: a URL; the broker where none is given.
        #[arg(long)]
        audience: Option<String>,
    },
    /// Read a pass without verifying it.
    Inspect {
        /// A file that holds it; standard input where none is given.
        file: Option<PathBuf>,
    },
    /// Verify a pass for one call, as a resource owner would: offline, so whether it was revoked is not looked up. Exit code 3 when it does
    /// not hold.
    Verify(Verify),
}

/// One call that a pass is presented for.
#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    /// A file that holds the pass; standard input where none is given.
    file: Option<PathBuf>,
    /// The published keys of the broker, as a file; asked of the broker where none is given.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Who is asked: the URL that the pass must name.
    #[arg(long)]
    audience: String,
    /// Name of the target.
    #[arg(long)]
    target: String,
    /// The tool or entitlement, with its parameters where it takes any: role.member, repo.use[level=read].
    #[arg(long)]
    operation: String,
    /// The exact resource.
    #[arg(long)]
    resource: Resource,
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<Exit, Failure> {
    match args {
        Args::Mint { grant, audience } => {
            let minted = cx.api()?.mint_pass(&grant, audience.as_deref()).await?;
            cx.show(&minted, |m| text(m, "pass"))?;
            cx.tell(&format!("valid until {}; revocation ids: {}", text(&minted, "expires"), text(&minted, "revocation_ids")));
            Ok(Exit::Done)
        }
        Args::Inspect { file } => {
            let inspection = hallpass_verify::inspect(&read(file.as_deref())?).map_err(|e| Failure::failed(e.to_string()))?;
            let document = serde_json::to_value(&inspection).map_err(|e| Failure::failed(e.to_string()))?;
            cx.show(&document, |_| inspection.to_string())?;
            Ok(Exit::Done)
        }
        Args::Verify(call) => verify(call, cx).await,
    }
}

async fn verify(call: Verify, cx: &mut Context<'_>) -> Result<Exit, Failure> {
    let pass = read(call.file.as_deref())?;
    let keys = match &call.keys {
        Some(file) => read(Some(file))?,
        None => cx.api()?.keys().await?.to_string(),
    };
    let outcome = judge(&pass, &keys, &call.audience, &call.target, &call.operation, &call.resource);
    // Which keys: those of the file, or what the broker answered.
    let outcome = outcome.map_err(|e| match &call.keys {
        Some(file) => Failure::failed(format!("{}: {e}", file.display())),
        None => e,
    })?;
    let exit = if outcome.says("allowed") { Exit::Done } else { Exit::Refused };
    cx.show(&outcome, |o| {
        pairs(&[
            ("allowed", text(o, "allowed")),
            ("why not", text(o, "reason")),
            ("grant", text(o, "grant")),
            ("subject", text(o, "subject")),
            ("revocation ids", text(o, "revocation_ids")),
        ])
    })?;
    if exit == Exit::Done {
        cx.tell("This was verified offline: whether the pass was revoked, or its grant has ended early, was not looked up.");
    }
    Ok(exit)
}

/// Verifies a pass, offline, for one call. The same for the command and the demo.
pub(crate) fn judge(pass: &str, keys: &str, audience: &str, target: &str, operation: &str, resource: &Resource) -> Result<Value, Failure> {
    let keys = KeySet::from_json(keys).map_err(|e| Failure::failed(e.to_string()))?;
    let verifier = Verifier::new(keys).map_err(|e| Failure::failed(e.to_string()))?;
    let ancestors: Vec<String> = resource.ancestors().map(|ancestor| ancestor.to_string()).collect();
    let ancestors: Vec<&str> = ancestors.iter().map(String::as_str).collect();
    let text = resource.to_string();
    let presented = Presented {
        time: SystemClock.now().seconds(),
        audience,
        target,
        operation,
        resource: &text,
        ancestors: &ancestors,
        call_digest: None,
        holder: None,
    };
    Ok(match verifier.verify(pass.trim(), &presented, &|_| false) {
        Ok(granted) => json!({
            "allowed": true, "revocation": "not looked up", "grant": granted.grant, "request": granted.request, "subject": granted.subject.id, "issuer": granted.issuer,
            "bearer": granted.bearer, "expires": granted.expires, "revocation_ids": granted.revocation_ids,
        }),
        Err(refusal) => json!({ "allowed": false, "reason": refusal.to_string() }),
    })
}

fn read(file: Option<&Path>) -> Result<String, Failure> {
    let text = match file {
        Some(file) => std::fs::read_to_string(file).map_err(|e| Failure::failed(format!("{} cannot be read: {e}", file.display())))?,
        None => std::io::read_to_string(std::io::stdin())?,
    };
    Ok(text.trim().to_owned())
}
