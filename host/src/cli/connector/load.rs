//! `hallpass connector load` and `accept`: a file into the broker, and a yes to what it asks for.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::keys::{read, signature_file};
use super::{describe, digest_of};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::render::text;
use crate::client::{Api, Look as _};

/// A file to load.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Load {
    /// The .wasm file. FILE.sig beside it goes along.
    file: PathBuf,
    /// Accept what it asks for without being asked.
    #[arg(long, conflicts_with = "accept")]
    yes: bool,
    /// Accept what it asks for if the list has this digest, as `hallpass connector show` prints it.
    #[arg(long, value_name = "DIGEST")]
    accept: Option<String>,
    /// Load it though a newer version was loaded before.
    #[arg(long)]
    allow_downgrade: bool,
}

/// A yes.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Accept {
    /// A loaded connector, by name or digest.
    connector: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn load(args: Load, cx: &mut Context<'_>) -> Result<(), Failure> {
    let api = cx.api()?;
    let loaded = upload(&api, &args.file, args.allow_downgrade).await?;
    let consent = match args.accept {
        Some(digest) if digest == loaded.word("permissions_digest") => Consent::Given,
        Some(_) => {
            return Err(Failure::failed(format!(
                "it was loaded and not accepted: its permissions have the digest {}. Read them with hallpass connector show {}",
                text(&loaded, "permissions_digest"),
                text(&loaded, "digest")
            )));
        }
        None if args.yes => Consent::Given,
        None => Consent::Ask,
    };
    let connector = accepted(&api, loaded, consent, cx).await?;
    cx.show(&connector, describe)
}

pub(super) async fn accept(args: Accept, cx: &mut Context<'_>) -> Result<(), Failure> {
    let api = cx.api()?;
    let digest = digest_of(&api, &args.connector).await?;
    let connector = api.connector(&digest).await?;
    if !args.yes && !may_ask(cx) && connector.at("granted").is_null() {
        return Err(Failure::usage(format!(
            "nobody can be asked here: read what it asks for with hallpass connector show {digest}, then run hallpass connector accept {digest} --yes"
        )));
    }
    let connector = accepted(&api, connector, if args.yes { Consent::Given } else { Consent::Ask }, cx).await?;
    cx.show(&connector, describe)
}

/// Sends a file and its signatures.
pub(super) async fn upload(api: &Api, file: &Path, allow_downgrade: bool) -> Result<Value, Failure> {
    let bytes = read(file)?;
    let signature = match std::fs::read_to_string(signature_file(file)) {
        Ok(text) => Some(text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(Failure::failed(format!("{} cannot be read: {e}", signature_file(file).display()))),
    };
    Ok(api.load_connector(&bytes, signature.as_deref(), allow_downgrade).await?)
}

enum Consent {
    Given,
    Ask,
}

/// Whether somebody sits at the terminal and reads what is printed.
fn may_ask(cx: &Context<'_>) -> bool {
    std::io::stdin().is_terminal() && !cx.json
}

/// Shows what a connector asks for and accepts it where somebody says yes.
async fn accepted(api: &Api, connector: Value, consent: Consent, cx: &mut Context<'_>) -> Result<Value, Failure> {
    if !connector.at("granted").is_null() {
        return Ok(connector);
    }
    let yes = match consent {
        Consent::Given => true,
        Consent::Ask if may_ask(cx) => {
            cx.tell(&describe(&connector));
            cx.tell("\nMay it do all of this? Type yes to accept, anything else to leave it as it is:");
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line)?;
            matches!(line.trim(), "y" | "yes")
        }
        Consent::Ask => false,
    };
    if yes {
        return Ok(api.accept_connector(&connector).await?);
    }
    cx.tell(&format!(
        "It can do nothing until somebody accepts what it asks for: hallpass connector accept {}",
        text(&connector, "digest")
    ));
    Ok(connector)
}
