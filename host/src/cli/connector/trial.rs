//! `hallpass connector test … --target NAME`: the broker tries the connector out at a real target.

use std::path::{Path, PathBuf};

use hallpass_domain::ids::Digest;
use serde_json::{Value, json};

use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render::text;
use super::conformance::laws;
use super::digest_of;
use super::make::built;
use crate::client::{Api, Look as _};

/// Tries it out, and says what came of it.
pub(super) async fn test(connector: PathBuf, target: &str, wishes: Option<&Path>, cx: &mut Context<'_>) -> Result<Exit, Failure> {
    let api = cx.api()?;
    let wishes = wishes.map(read_wishes).transpose()?.unwrap_or_else(|| json!([]));
    let loaded = loaded(connector, &api, cx).await?;
    let tried = api.connector_verb(loaded.word("digest"), "test", &json!({ "target": target, "wishes": wishes })).await?;
    let mut document = tried;
    for key in ["name", "version", "digest"] {
        if let Value::Object(fields) = &mut document {
            fields.insert(key.to_owned(), loaded.at(key).clone());
        }
    }
    cx.show(&document, |document| {
        let mut lines = vec![laws(document)];
        let left = document.items("left");
        if !left.is_empty() {
            lines.push(String::from("\nleft behind in the target, to be taken away there by hand:"));
            lines.extend(left.iter().map(|what| format!("  {}", text(what, ""))));
        }
        lines.join("\n")
    })?;
    Ok(if document.says("kept") { Exit::Done } else { Exit::Failed })
}

/// The connector as the broker has it: that of the file, which must be loaded, or the newest of this name.
async fn loaded(connector: PathBuf, api: &Api, cx: &Context<'_>) -> Result<Value, Failure> {
    let shown = connector.display().to_string();
    // What was built and loaded before: not every language builds the same file twice.
    let file = connector.is_dir().then(|| made_before(&connector)).flatten().unwrap_or_else(|| connector.clone());
    let digest = if file.is_dir() {
        Digest::of(&built(file, cx).await?.bytes).to_string()
    } else if connector.exists() {
        let file = std::fs::read(&file).map_err(|e| Failure::failed(format!("{shown} cannot be read: {e}")))?;
        Digest::of(&file).to_string()
    } else {
        digest_of(api, &shown).await?
    };
    let all = api.connectors().await?;
    all.items("").iter().find(|c| c.word("digest") == digest).cloned().ok_or_else(|| {
        Failure::not_found(format!(
            "the broker has no connector {digest}, as {shown} is: load it first with hallpass connector load, which tries it in its scripted world"
        ))
    })
}

/// The file that an earlier build left in this folder.
fn made_before(folder: &Path) -> Option<PathBuf> {
    let manifest: Value = serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).ok()?).ok()?;
    let file = folder.join("target").join(format!("{}.wasm", manifest.word("name")));
    file.is_file().then_some(file)
}

fn read_wishes(path: &Path) -> Result<Value, Failure> {
    let wrong = |what: String| Failure::failed(format!("{} {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|e| wrong(format!("cannot be read: {e}")))?;
    let wishes: Value = serde_json::from_slice(&bytes).map_err(|e| wrong(format!("is not JSON: {e}")))?;
    // A whole fixture will do as well: its wishes count.
    match wishes {
        Value::Array(_) => Ok(wishes),
        Value::Object(_) if wishes.at("wishes").is_array() => Ok(wishes.at("wishes").clone()),
        _ => Err(wrong("holds no wishes: write a list as the `wishes` of fixture.json".to_owned())),
    }
}
