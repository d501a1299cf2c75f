//! `hallpass connector`: from a source folder to a loaded connector, and its life in the broker.

mod conformance;
mod keys;
mod load;
mod make;
mod trial;
pub(in crate::cli) mod versions;

use std::path::PathBuf;

use serde_json::Value;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::render::{list, pairs, text};
use crate::client::{Api, Look as _};

/// Build, check, test, sign and load connectors, and look after their versions.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Write a small whole connector into a new folder, to begin with.
    New(make::New),
    /// Build the connector in a folder: Rust, JavaScript or Python.
    Build(make::Build),
    /// Say whether the broker would admit a connector: offline, with the broker's own rules.
    Check {
        /// The .wasm file, or the folder to build it from.
        connector: PathBuf,
    },
    /// Run the conformance kit: the connector against the scripted world of its fixture, or at a real sandbox target.
    Test {
        /// The .wasm file, or the folder to build it from.
        connector: PathBuf,
        /// Let the broker, which has the connector loaded, try it out at this target in the environment sandbox or test.
        #[arg(long, value_name = "NAME")]
        target: Option<String>,
        /// What is applied and taken away at the target: JSON, a list as the `wishes` of fixture.json. Those count where this is left out
        /// and none of them gives access to an account that is there.
        #[arg(long, value_name = "FILE", requires = "target")]
        wishes: Option<PathBuf>,
    },
    /// Make a key that signs connectors.
    Keygen(keys::Keygen),
    /// Sign a connector: FILE.sig beside it gains a signature.
    Sign(keys::Sign),
    /// Load a connector into the broker.
    Load(load::Load),
    /// Accept what a loaded connector asks for.
    Accept(load::Accept),
    /// Move targets to another version; one that asks for more waits for another person.
    Upgrade(versions::Upgrade),
    /// Move every target of a connector back to the version before.
    Rollback {
        /// The connector's name.
        name: String,
    },
    /// Move live holdings to another version, which looks at them first.
    Repin(versions::Repin),
    /// Take a version out of use, as soon as nothing holds it.
    Unload {
        /// Its name or digest.
        connector: String,
    },
    /// Stop a version for good, everywhere.
    Ban(versions::Ban),
    /// List loaded connectors.
    List,
    /// Show one connector and everything that it asks for.
    Show {
        /// Its name or digest.
        connector: String,
    },
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<Exit, Failure> {
    let done = match args {
        Args::New(args) => make::new(args, cx),
        Args::Build(args) => make::build(args, cx).await,
        Args::Check { connector } => conformance::check(connector, cx).await,
        Args::Test { connector, target: Some(target), wishes } => {
            return trial::test(connector, &target, wishes.as_deref(), cx).await;
        }
        Args::Test { connector, target: None, .. } => return conformance::test(connector, cx).await,
        Args::Keygen(args) => keys::keygen(args, cx),
        Args::Sign(args) => keys::sign(&args, cx),
        Args::Load(args) => load::load(args, cx).await,
        Args::Accept(args) => load::accept(args, cx).await,
        Args::Upgrade(args) => return versions::upgrade(args, cx).await,
        Args::Rollback { name } => return versions::rollback(&name, cx).await,
        Args::Repin(args) => versions::repin(args, cx).await,
        Args::Unload { connector } => versions::unload(&connector, cx).await,
        Args::Ban(args) => versions::ban(&args, cx).await,
        Args::List => {
            let connectors = cx.api()?.connectors().await?;
            cx.show(&connectors, |connectors| {
                list(
                    connectors,
                    "no connectors; load one with hallpass connector load FILE",
                    &[
                        ("name", &|c| text(c, "name")),
                        ("version", &|c| text(c, "version")),
                        ("publisher", &|c| text(c, "publisher")),
                        ("state", &|c| text(c, "state")),
                        ("permissions", &|c| granted(c).to_owned()),
                        ("digest", &|c| text(c, "digest")),
                    ],
                )
            })
        }
        Args::Show { connector } => {
            let api = cx.api()?;
            let digest = digest_of(&api, &connector).await?;
            let connector = api.connector(&digest).await?;
            cx.show(&connector, describe)
        }
    };
    done.map(|()| Exit::Done)
}

/// The digest of a connector by name, of which the newest counts, or digest.
async fn digest_of(api: &Api, connector: &str) -> Result<String, Failure> {
    if connector.starts_with("sha256:") {
        return Ok(connector.to_owned());
    }
    newest(&api.connectors().await?, connector)
}

fn newest(connectors: &Value, name: &str) -> Result<String, Failure> {
    let named = connectors.items("").iter().rfind(|c| c.word("name") == name);
    named
        .and_then(|c| c.at("digest").as_str())
        .map(str::to_owned)
        .ok_or_else(|| Failure::not_found(format!("no connector {name:?} is loaded; list them with hallpass connector list")))
}

fn granted(connector: &Value) -> &'static str {
    if connector.at("granted").is_null() { "not accepted yet" } else { "accepted" }
}

fn describe(connector: &Value) -> String {
    let entitlements = connector.items("entitlements");
    let entitlements: Vec<String> = entitlements.iter().map(|e| format!("{} on {}", text(e, "name"), text(e, "resource"))).collect();
    let head = pairs(&[
        ("connector", text(connector, "name")),
        ("version", text(connector, "version")),
        ("publisher", text(connector, "publisher")),
        ("what it is", text(connector, "title")),
        ("digest", text(connector, "digest")),
        ("state", text(connector, "state")),
        ("signed by", text(connector, "signers")),
        ("banned because", text(connector, "reason")),
        ("entitlements", entitlements.join(", ")),
        ("secrets", text(connector, "secrets")),
    ]);
    let permissions = connector.items("permissions");
    let permissions: Vec<String> = permissions.iter().map(|p| format!("  {}", text(p, ""))).collect();
    if permissions.is_empty() {
        return head;
    }
    // No broker has seen what `check` describes.
    let granted = if connector.at("state").is_null() { "" } else { granted(connector) };
    let separator = if granted.is_empty() { "" } else { "; " };
    format!("{head}\nasks for ({granted}{separator}digest {})\n{}", text(connector, "permissions_digest"), permissions.join("\n"))
}
