//! `hallpass connector new` and `build`: from nothing to a file.

use std::path::PathBuf;

use hallpass_build::{Built, Error, Language, Project};
use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::render::{pairs, text};
use crate::client::Look as _;

/// What a new connector is to be.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct New {
    /// Its name: a-z, 0-9 and -, a letter first.
    name: String,
    /// What it is written in: rust, js or python.
    #[arg(long, value_parser = language())]
    lang: Language,
    /// Its folder, absent or empty; without one, a folder of its name.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Who will sign it, as a trust policy names them.
    #[arg(long)]
    publisher: Option<String>,
}

/// Which connector to build.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Build {
    /// The folder with its manifest.json.
    dir: PathBuf,
}

fn language() -> impl clap::builder::TypedValueParser<Value = Language> {
    use clap::builder::TypedValueParser as _;
    clap::builder::PossibleValuesParser::new(Language::ALL.map(Language::as_str)).try_map(|word| word.parse::<Language>())
}

/// Writes the folder of a new connector.
pub(in crate::cli) fn new(args: New, cx: &mut Context<'_>) -> Result<(), Failure> {
    let dir = args.dir.unwrap_or_else(|| PathBuf::from(&args.name));
    let project = Project { name: &args.name, publisher: args.publisher.as_deref(), language: args.lang };
    let created = hallpass_build::create(&project, &dir).map_err(refusal)?;
    let document = json!({ "name": args.name, "language": args.lang.as_str(), "folder": created.dir, "files": created.files });
    cx.show(&document, |d| {
        let files: Vec<String> = d.items("files").iter().map(|file| format!("  {}", text(file, ""))).collect();
        let next = format!("build it with hallpass connector build {}", text(d, "folder"));
        format!("{}\n{}\n{next}", pairs(&[("connector", text(d, "name")), ("folder", text(d, "folder"))]), files.join("\n"))
    })
}

/// Builds a connector.
pub(in crate::cli) async fn build(args: Build, cx: &mut Context<'_>) -> Result<(), Failure> {
    let built = built(args.dir, cx).await?;
    let document: Value =
        json!({ "name": built.name, "file": built.path, "digest": format!("sha256:{}", built.digest), "bytes": built.bytes.len() });
    cx.show(&document, |d| {
        pairs(&[("connector", text(d, "name")), ("file", text(d, "file")), ("digest", text(d, "digest")), ("bytes", text(d, "bytes"))])
    })
}

/// The connector in a folder, freshly built.
pub(super) async fn built(dir: PathBuf, cx: &Context<'_>) -> Result<Built, Failure> {
    let options = hallpass_build::Options::from_environment().map_err(|e| Failure::usage(e.to_string()))?;
    let quiet = cx.json;
    let built = tokio::task::spawn_blocking(move || {
        hallpass_build::build(&dir, &options, &mut |line| {
            if !quiet {
                eprintln!("{line}");
            }
        })
    });
    built.await.map_err(|e| Failure::failed(e.to_string()))?.map_err(refusal)
}

fn refusal(error: Error) -> Failure {
    match error {
        Error::BadName { .. } | Error::Occupied { .. } | Error::NoConnector { .. } | Error::Ambiguous { .. } => {
            Failure::usage(error.to_string())
        }
        other => Failure::failed(other.to_string()),
    }
}
