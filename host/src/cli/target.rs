//! `hallpass target`: where access is given.

use std::path::PathBuf;

use hallpass_domain::parameter::word;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::failure::Failure;
use super::render::{held_back, list, pairs, text};
use crate::client::Look as _;

/// Add and look after targets, and the accounts in them.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Add a target.
    Add(Add),
    /// Change settings, secrets, the network or the environment of a target. What is not named stays.
    Update(Update),
    /// Remove a target in which everything has ended, for good. Its name may be used again; its history stays.
    Remove {
        /// Its name or id.
        target: String,
    },
    /// List targets.
    List,
    /// Show one target and its accounts.
    Show {
        /// Its name or id.
        target: String,
    },
    /// Say which account a principal has in a target.
    SetAccount {
        /// The target's name or id.
        target: String,
        /// The principal's name or id.
        principal: String,
        /// Its name in the target.
        account: String,
    },
    /// Ask a target whether it answers and its account may do what the connector needs.
    Check {
        /// Its name or id.
        target: String,
    },
    /// Let a target's calls to its connector go on, which stopped after too many broken rules.
    Lift {
        /// Its name or id.
        target: String,
    },
    /// List what can be asked for.
    Entitlements,
}

/// A new target.
#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// Its name.
    name: String,
    /// A loaded connector, by name or digest.
    #[arg(long)]
    connector: String,
    /// production, staging …: what policies ask about.
    #[arg(long)]
    environment: String,
    /// A setting that the connector declares; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    settings: Vec<(String, String)>,
    /// A secret that the connector declares, read from a file; may be repeated. `-` is standard input.
    #[arg(long = "secret", value_name = "NAME=FILE", value_parser = pair)]
    secrets: Vec<(String, String)>,
    /// What it may reach beyond the public internet, such as https://10.1.2.3 or http://127.0.0.1:8080; may be repeated.
    #[arg(long = "allow-network", value_name = "ORIGIN")]
    network: Vec<String>,
    /// Name of the human who answers for it; you where none is named.
    #[arg(long)]
    owner: Option<String>,
}

/// A change of a target.
#[derive(Debug, clap::Args)]
pub(super) struct Update {
    /// Its name or id.
    target: String,
    /// Put it into this environment; its secrets must come along. Grants go on; policies are asked about the new one from now on.
    #[arg(long)]
    environment: Option<String>,
    /// A setting to change; may be repeated. An empty value removes it.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    settings: Vec<(String, String)>,
    /// A secret to set anew, read from a file; may be repeated. `-` is standard input.
    #[arg(long = "secret", value_name = "NAME=FILE", value_parser = pair)]
    secrets: Vec<(String, String)>,
    /// What it may reach beyond the public internet, all anew; may be repeated.
    #[arg(long = "allow-network", value_name = "ORIGIN")]
    network: Vec<String>,
    /// Take away all that it may reach beyond the public internet.
    #[arg(long, conflicts_with = "network")]
    no_network: bool,
}

/// What a request for an entitlement must carry: `level=read|write, team=…`.
fn takes(entitlement: &Value) -> String {
    let one = |p: &Value| match p.items("values") {
        [] => format!("{}=…", text(p, "name")),
        values => format!("{}={}", text(p, "name"), values.iter().filter_map(Value::as_str).map(word).collect::<Vec<_>>().join("|")),
    };
    entitlement.items("parameters").iter().map(one).collect::<Vec<_>>().join(", ")
}

/// `NAME=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| String::from("write NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<(), Failure> {
    let api = cx.api()?;
    match args {
        Args::Add(add) => {
            let target = api.add_target(&body(add)?).await?;
            cx.show(&target, describe)
        }
        Args::Update(update) => {
            let id = api.target_id(&update.target).await?;
            let mut body = Map::new();
            if !update.settings.is_empty() {
                let mut settings = api.target(&id).await?.at("settings").as_object().cloned().unwrap_or_default();
                for (name, value) in update.settings {
                    if value.is_empty() {
                        settings.remove(&name)
                    } else {
                        settings.insert(name, Value::String(value))
                    };
                }
                body.insert("settings".to_owned(), Value::Object(settings));
            }
            body.insert("secrets".to_owned(), Value::Object(secrets(update.secrets)?));
            if let Some(environment) = update.environment {
                body.insert("environment".to_owned(), Value::String(environment));
            }
            if update.no_network || !update.network.is_empty() {
                body.insert("network".to_owned(), json!(update.network));
            }
            let target = api.update_target(&id, &Value::Object(body)).await?;
            cx.show(&target, describe)
        }
        Args::Remove { target } => {
            let target = api.remove_target(&api.target_id(&target).await?).await?;
            cx.show(&target, describe)
        }
        Args::List => {
            let targets = api.targets().await?;
            cx.show(&targets, |targets| {
                list(
                    targets,
                    "no targets",
                    &[
                        ("name", &|t| text(t, "name")),
                        ("environment", &|t| text(t, "environment")),
                        ("id", &|t| text(t, "id")),
                        ("connector", &|t| text(t, "connector")),
                    ],
                )
            })
        }
        Args::Show { target } => {
            let id = api.target_id(&target).await?;
            let mut target = api.target(&id).await?;
            let accounts = api.accounts(&id).await?;
            if let Value::Object(target) = &mut target {
                target.insert("accounts".to_owned(), accounts);
            }
            cx.show(&target, describe)
        }
        Args::SetAccount { target, principal, account } => {
            let (target, principal) = (api.target_id(&target).await?, api.principal_id(&principal).await?);
            let account = api.set_account(&target, &principal, &account).await?;
            cx.show(&account, |a| {
                pairs(&[("principal", text(a, "principal")), ("target", text(a, "target")), ("account", text(a, "account"))])
            })
        }
        Args::Check { target } => {
            api.check_target(&api.target_id(&target).await?).await?;
            cx.show(&json!({ "target": target, "healthy": true }), |_| {
                format!("{target} answers, and its account may do what the connector needs")
            })
        }
        Args::Lift { target } => {
            let target = api.lift_quarantine(&api.target_id(&target).await?).await?;
            cx.show(&target, describe)
        }
        Args::Entitlements => {
            let offers = api.entitlements().await?;
            cx.show(&offers, |offers| {
                list(
                    offers,
                    "nothing can be asked for",
                    &[
                        ("target", &|o| text(o, "target_name")),
                        ("entitlement", &|o| text(o, "entitlement.name")),
                        ("resource", &|o| text(o, "entitlement.resource")),
                        ("mode", &|o| text(o, "entitlement.mode")),
                        ("sessions", &|o| text(o, "entitlement.sessions")),
                        ("parameters", &|o| takes(o.at("entitlement"))),
                        ("what it is", &|o| text(o, "entitlement.title")),
                    ],
                )
            })
        }
    }
}

fn body(add: Add) -> Result<Value, Failure> {
    let settings: Map<String, Value> = add.settings.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    let secrets = secrets(add.secrets)?;
    let mut body = json!({
        "name": add.name, "environment": add.environment, "connector": add.connector, "settings": settings, "secrets": secrets,
        "network": add.network,
    });
    if let (Value::Object(body), Some(owner)) = (&mut body, add.owner) {
        body.insert("owner".to_owned(), Value::String(owner));
    }
    Ok(body)
}

/// Secrets by name, each read from its file.
fn secrets(files: Vec<(String, String)>) -> Result<Map<String, Value>, Failure> {
    let mut secrets = Map::new();
    for (name, file) in files {
        let value = if file == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(PathBuf::from(&file)) };
        let value = value.map_err(|e| Failure::failed(format!("the secret {name} cannot be read from {file}: {e}")))?;
        let value = value.trim_end_matches('\n');
        if value.is_empty() {
            return Err(Failure::usage(format!("the secret {name} is empty: {file} holds nothing")));
        }
        secrets.insert(name, Value::String(value.to_owned()));
    }
    Ok(secrets)
}

fn describe(target: &Value) -> String {
    let settings = target.at("settings").as_object().into_iter().flatten();
    let settings: Vec<String> = settings.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
    let accounts = target.items("accounts");
    let accounts: Vec<String> = accounts.iter().map(|a| format!("{} is {}", text(a, "principal"), text(a, "account"))).collect();
    pairs(&[
        ("target", text(target, "name")),
        ("id", text(target, "id")),
        ("environment", text(target, "environment")),
        ("connector", text(target, "connector")),
        ("settings", settings.join(", ")),
        ("secrets", text(target, "secrets")),
        ("network", text(target, "network")),
        ("owner", text(target, "owner")),
        ("accounts", accounts.join(", ")),
        ("removed", text(target, "removed")),
        ("held back", held_back(target)),
    ])
}
