//! Makes a component of a core module and embeds what belongs into a connector's file.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;
use wasm_encoder::{ComponentSection as _, CustomSection};
use wit_component::ComponentEncoder;

use crate::Error;

mod narrow;

pub(crate) use narrow::narrow;

/// The custom section that holds the bytes of `manifest.json`.
pub const MANIFEST_SECTION: &str = "hallpass:manifest";
/// The custom section that holds the bytes of `fixture.json`.
pub const FIXTURE_SECTION: &str = "hallpass:fixture";

/// What is embedded into a component.
pub(crate) struct Extras {
    /// The connector's name, from its manifest: `[a-z0-9-]`, at most 64 bytes, so that it can name a file.
    pub(crate) name: String,
    manifest: Vec<u8>,
    fixture: Vec<u8>,
}

impl Extras {
    /// Reads `manifest.json` and `fixture.json`. Whether the manifest keeps its contract is judged where a connector is loaded; here
    /// it must be a JSON object with a name.
    pub(crate) fn read(dir: &Path) -> Result<Self, Error> {
        let (manifest, parsed) = json_object(&dir.join("manifest.json"))?;
        let (fixture, _) = json_object(&dir.join("fixture.json"))?;
        let name = parsed.get("name").and_then(Value::as_str).unwrap_or_default();
        let fits = !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !fits {
            let reason = "`name` must be 1 to 64 characters of a-z, 0-9 and -".to_owned();
            return Err(Error::Json { path: dir.join("manifest.json"), reason });
        }
        Ok(Self { name: name.to_owned(), manifest, fixture })
    }

    /// The component with manifest and fixture embedded.
    pub(crate) fn embed(&self, component: Vec<u8>) -> Vec<u8> {
        embed(component, &self.manifest, &self.fixture)
    }
}

fn json_object(path: &Path) -> Result<(Vec<u8>, Value), Error> {
    let bytes = fs::read(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => Error::Missing { path: path.to_owned() },
        _ => Error::read(path, source),
    })?;
    let refused = |reason: String| Error::Json { path: path.to_owned(), reason };
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| refused(format!("not JSON: {error}")))?;
    if value.is_object() { Ok((bytes, value)) } else { Err(refused("must be a JSON object".to_owned())) }
}

/// The component of a core module.
pub(crate) fn component(module: &[u8]) -> Result<Vec<u8>, Error> {
    let encoded = ComponentEncoder::default().validate(true).module(module).and_then(ComponentEncoder::encode);
    encoded.map_err(|error| Error::Encode { reason: format!("{error:#}") })
}

/// Appends manifest and fixture to a component, as custom sections. For components that were compiled by other means, and for tests.
#[must_use]
pub fn embed(mut component: Vec<u8>, manifest: &[u8], fixture: &[u8]) -> Vec<u8> {
    for (name, data) in [(MANIFEST_SECTION, manifest), (FIXTURE_SECTION, fixture)] {
        CustomSection { name: name.into(), data: data.into() }.append_to_component(&mut component);
    }
    component
}

#[cfg(test)]
mod tests;
