//! `hallpass doctor`: what is wrong, and how to mend it.

mod records;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::client::Look as _;
use crate::config::{Config, Flags};
use crate::wiring;

/// Say what is wrong and how to mend it: configuration, data folder, database, keys, grants, connectors, profile and broker. The database is
/// read and never changed, also while a broker runs on it. Exit code 1 when anything is wrong.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration file to look at.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder to look at.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// What was looked at, and what is wrong with it.
struct Finding {
    about: &'static str,
    outcome: Result<String, String>,
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<Exit, Failure> {
    let flags = Flags { config: args.config, data: args.data, ..Flags::default() };
    let mut findings = Vec::new();
    match Config::load(&flags, &cx.environment) {
        Err(e) => findings.push(Finding { about: "configuration", outcome: Err(e.to_string()) }),
        Ok(config) => {
            findings.push(Finding { about: "configuration", outcome: Ok(String::from("is sound")) });
            findings.push(Finding { about: "data folder", outcome: data_folder(&config.server.data) });
            let recorded = records::look(&config, &cx.environment).await;
            if recorded.is_empty() {
                findings.push(Finding { about: "master key", outcome: master_key(&config) });
            }
            findings.extend(recorded);
        }
    }
    findings.push(Finding { about: "profile and broker", outcome: broker(cx).await });
    if !findings.iter().any(|finding| finding.about == records::CONNECTORS)
        && let Some(outcome) = quarantines(cx).await
    {
        findings.push(Finding { about: records::CONNECTORS, outcome });
    }
    let sound = findings.iter().all(|finding| finding.outcome.is_ok());
    let document: Vec<Value> = findings
        .iter()
        .map(|f| json!({ "about": f.about, "sound": f.outcome.is_ok(), "detail": f.outcome.as_ref().map_or_else(Clone::clone, Clone::clone) }))
        .collect();
    cx.show(&json!({ "sound": sound, "findings": document }), |_| {
        let lines = findings.iter().map(|finding| match &finding.outcome {
            Ok(detail) => format!("✓ {}: {detail}", finding.about),
            Err(detail) => format!("✗ {}: {detail}", finding.about),
        });
        lines.collect::<Vec<_>>().join("\n")
    })?;
    Ok(if sound { Exit::Done } else { Exit::Failed })
}

fn data_folder(folder: &Path) -> Result<String, String> {
    use std::os::unix::fs::PermissionsExt as _;
    let shown = folder.display();
    let Ok(facts) = std::fs::metadata(folder) else {
        return Ok(format!("{shown} does not exist yet; the first start makes it"));
    };
    if !facts.is_dir() {
        return Err(format!("{shown} is no folder: choose another with --data"));
    }
    let mode = facts.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(format!("{shown} has mode {mode:04o}, others can look into it: run `chmod 700 {shown}`"));
    }
    Ok(format!("{shown} is there and private"))
}

fn master_key(config: &Config) -> Result<String, String> {
    use std::os::unix::fs::PermissionsExt as _;
    if config.master_key.env.is_some() || config.master_key.command.is_some() {
        return Ok(String::from("comes from elsewhere; it is tried at the start"));
    }
    let file = config.master_key.file.clone().unwrap_or_else(|| wiring::default_master_key(&config.server.data));
    let shown = file.display();
    match std::fs::metadata(&file) {
        Err(_) if !config.server.data.join("hallpass.db").exists() => Ok(format!("{shown} is made at the first start")),
        Err(e) => Err(format!("{shown} cannot be looked at: {e}")),
        Ok(facts) if facts.permissions().mode() & 0o077 != 0 => Err(format!("{shown} can be read by others: run `chmod 600 {shown}`")),
        Ok(_) => Ok(format!("{shown} is there and private; keep it out of backups of the database")),
    }
}

async fn broker(cx: &Context<'_>) -> Result<String, String> {
    let profiles = cx.profiles().map_err(|e| e.to_string())?;
    if profiles.names().is_empty() {
        return Ok(String::from("there is no profile here; enrol with `hallpass login LINK` to use a broker"));
    }
    let api = cx.api().map_err(|e| e.to_string())?;
    let me = api.me().await.map_err(|e| e.to_string())?;
    Ok(format!("{} takes you for {}", api.identity().broker, me.at("name").as_str().unwrap_or("nobody")))
}

/// Targets whose calls to their connector have stopped; `None` where nobody can be asked.
async fn quarantines(cx: &Context<'_>) -> Option<Result<String, String>> {
    let api = cx.api().ok()?;
    let targets = api.targets().await.ok()?;
    let stopped: Vec<String> = targets
        .items("")
        .iter()
        .filter(|target| !target.items("quarantines").is_empty())
        .map(|target| format!("{} ({})", target.word("name"), target.at("quarantines.0.reason").as_str().unwrap_or_default()))
        .collect();
    Some(if stopped.is_empty() {
        Ok(String::from("keep to the rules in every target that you may see"))
    } else {
        Err(format!("calls have stopped in {}: upgrade the connector, or run `hallpass target lift TARGET`", stopped.join(", ")))
    })
}
