//! Further versions of the PostgreSQL connector: the same code under another manifest, and so another file.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Value, json};

/// The connector as this version, with whatever else `change` does to its manifest.
pub fn postgres(version: &str, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    postgres_with(version, |manifest, _| change(manifest))
}

/// The same with whatever `change` does to its manifest and its fixture.
pub fn postgres_with(version: &str, change: impl FnOnce(&mut Value, &mut Value)) -> Vec<u8> {
    static COMPONENT: OnceLock<Vec<u8>> = OnceLock::new();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("plugins/postgres");
    let component = COMPONENT.get_or_init(|| {
        let options = hallpass_build::Options::from_environment().unwrap();
        hallpass_build::component(&dir, &options, &mut |line| eprintln!("{line}")).unwrap_or_else(|e| panic!("{e}"))
    });
    let read = |name: &str| -> Value { serde_json::from_slice(&std::fs::read(dir.join(name)).unwrap()).unwrap() };
    let (mut manifest, mut fixture) = (read("manifest.json"), read("fixture.json"));
    manifest["version"] = json!(version);
    change(&mut manifest, &mut fixture);
    hallpass_build::embed(component.clone(), manifest.to_string().as_bytes(), fixture.to_string().as_bytes())
}
