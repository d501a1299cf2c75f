//! `hallpass connector check` and `hallpass connector test`: what the broker itself does before it activates a connector, without a
//! broker.

use std::path::PathBuf;
use std::sync::Arc;

use hallpass_domain::connector::permissions_digest;
use hallpass_domain::port::{Connector as _, ConnectorFacts, NotAdmitted};
use hallpass_domain::rng::SystemRng;
use hallpass_domain::secret::SecretBytes;
use hallpass_runtime::{Compiler, Limits, Runtime, Settings};
use serde_json::{Value, json};

use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render::{pairs, text};
use super::describe;
use super::make::built;
use crate::client::Look as _;
use crate::conformance::conform;
use hallpass_broker::SystemClock;

/// A runtime for one connector; what it compiles goes away with it.
struct Offline {
    runtime: Runtime,
    facts: Arc<ConnectorFacts>,
    _cache: tempfile::TempDir,
}

/// Admits the connector of a file or folder, by the rules of a broker with no setting of its own.
async fn admit(connector: PathBuf, cx: &Context<'_>) -> Result<Offline, Failure> {
    let file = if connector.is_dir() {
        built(connector, cx).await?.bytes
    } else {
        std::fs::read(&connector).map_err(|e| Failure::failed(format!("{} cannot be read: {e}", connector.display())))?
    };
    let cache = tempfile::tempdir().map_err(|e| Failure::failed(format!("there is no folder for temporary files: {e}")))?;
    let key = hallpass_domain::rng::bytes::<32>(&SystemRng).map_err(|e| Failure::failed(e.to_string()))?;
    let executable = cx.environment.executable().map_err(|e| {
        Failure::failed(format!("our own file, in which connectors are compiled, is not found ({e}): name it in HALLPASS_EXECUTABLE"))
    })?;
    let settings = Settings {
        cache_dir: cache.path().to_owned(),
        mac_key: SecretBytes::new(key.to_vec()),
        compiler: Compiler::Apart(executable),
        clock: Arc::new(SystemClock),
        rng: Arc::new(SystemRng),
        limits: Limits::default(),
        egress: Arc::new(hallpass_egress::Egress::new(Arc::new(SystemClock))),
    };
    let runtime = Runtime::new(settings).map_err(|e| Failure::failed(e.to_string()))?;
    let facts = runtime.load(&file).await.map_err(|e| refused(&e))?;
    Ok(Offline { runtime, facts, _cache: cache })
}

fn refused(why: &NotAdmitted) -> Failure {
    Failure::failed(format!("the broker would not admit this connector: {}. {}", why.reason, why.remedy))
}

/// Says whether the broker would admit it, and what it asks for.
pub(super) async fn check(connector: PathBuf, cx: &mut Context<'_>) -> Result<(), Failure> {
    let next = format!("hallpass connector test {}", connector.display());
    let offline = admit(connector, cx).await?;
    let mut document = serde_json::to_value(offline.facts.as_ref()).map_err(|e| Failure::failed(e.to_string()))?;
    if let Some(fields) = document.as_object_mut() {
        // As a broker names the list that an operator accepts.
        fields.insert("permissions_digest".to_owned(), json!(permissions_digest(&offline.facts.permissions)));
    }
    cx.show(&document, |d| format!("{}\nthe broker admits it; see whether it keeps the laws with {next}", describe(d)))
}

/// Runs every law.
pub(super) async fn test(connector: PathBuf, cx: &mut Context<'_>) -> Result<Exit, Failure> {
    let offline = admit(connector, cx).await?;
    let report = conform(&offline.runtime, &offline.facts.digest).await.map_err(|e| refused(&e))?;
    let kept = report.is_kept();
    let document = json!({
        "name": offline.facts.name,
        "version": offline.facts.version,
        "digest": offline.facts.digest,
        "kept": kept,
        "laws": report.laws,
    });
    cx.show(&document, laws)?;
    Ok(if kept { Exit::Done } else { Exit::Failed })
}

pub(super) fn laws(document: &Value) -> String {
    let head =
        pairs(&[("connector", text(document, "name")), ("version", text(document, "version")), ("digest", text(document, "digest"))]);
    let mut lines = vec![head, String::new()];
    let mut told: Vec<(String, String)> = Vec::new();
    for law in document.items("laws") {
        let (name, says) = (text(law, "law"), text(law, "says"));
        match law.word("verdict") {
            // One mistake breaks many laws: it is told once, at the first of them.
            "broken" if told.iter().any(|(_, what)| *what == text(law, "what")) => {
                let first = told.iter().find(|(_, what)| *what == text(law, "what")).map(|(law, _)| law.as_str()).unwrap_or_default();
                lines.push(format!("BROKEN   {name:<15} {says}: as `{first}` above"));
            }
            "broken" => {
                told.push((name.clone(), text(law, "what")));
                lines.push(format!("BROKEN   {name:<15} {says}"));
                lines.push(format!("         in {}: {}", text(law, "item"), text(law, "what")));
                lines.push(format!("         mend: {}", text(law, "mend")));
            }
            "skipped" => lines.push(format!("skipped  {name:<15} {}", text(law, "because"))),
            _ if law.number("calls") == Some(0) => lines.push(format!("kept     {name:<15} {says}")),
            _ => lines.push(format!("kept     {name:<15} {says} ({} calls)", text(law, "calls"))),
        }
    }
    let count = |verdict: &str| document.items("laws").iter().filter(|law| law.word("verdict") == verdict).count();
    lines.push(String::new());
    lines.push(match (count("broken"), count("kept")) {
        (0, 0) => "no law was checked".to_owned(),
        (0, _) => "it keeps every law that concerns it".to_owned(),
        (broken, _) => format!("it breaks {broken} of the laws above"),
    });
    lines.join("\n")
}
