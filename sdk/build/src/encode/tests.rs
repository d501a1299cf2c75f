//! What `encode` must do.

use wasmparser::{Parser, Payload};

use super::*;

/// The custom sections of a component that are its own, not those of modules inside of it.
fn own_sections(component: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 => found.push((section.name().to_owned(), section.data().to_vec())),
            _ => {}
        }
    }
    found
}

fn folder(manifest: &str, fixture: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("manifest.json"), manifest).unwrap();
    fs::write(dir.path().join("fixture.json"), fixture).unwrap();
    dir
}

fn refusal(dir: &tempfile::TempDir) -> String {
    Extras::read(dir.path()).err().unwrap().to_string()
}

#[test]
fn manifest_and_fixture_are_embedded_byte_for_byte_and_the_component_stays_valid() {
    let manifest = "{ \"name\": \"shop\" }\n";
    let extras = Extras::read(folder(manifest, "{\"rules\":[]}").path()).unwrap();
    let component = extras.embed(component(&wasm_encoder::Module::new().finish()).unwrap());
    let sections = own_sections(&component);
    let data = |name: &str| sections.iter().find(|(own, _)| own == name).map(|(_, data)| data.clone()).unwrap();
    assert_eq!(data(MANIFEST_SECTION), manifest.as_bytes());
    assert_eq!(data(FIXTURE_SECTION), b"{\"rules\":[]}");
    wasmparser::Validator::new().validate_all(&component).unwrap();
}

#[test]
fn a_file_that_is_no_json_is_named_with_the_place_of_the_fault() {
    let dir = folder("{\"name\": \"shop\",}", "{}");
    let text = refusal(&dir);
    assert!(text.contains("manifest.json: not JSON") && text.contains("line 1 column 17"), "{text}");
    assert!(refusal(&folder("{\"name\":\"shop\"}", "[]")).ends_with("fixture.json: must be a JSON object"));
}

#[test]
fn a_missing_fixture_is_named() {
    let dir = folder("{\"name\":\"shop\"}", "{}");
    fs::remove_file(dir.path().join("fixture.json")).unwrap();
    assert!(refusal(&dir).contains("fixture.json is missing"));
}

#[test]
fn a_name_that_would_leave_the_target_folder_is_refused() {
    for name in ["", "../shop", "Shop", "a/b"] {
        assert!(refusal(&folder(&format!("{{\"name\":{name:?}}}"), "{}")).contains("`name` must be"), "{name}");
    }
}

#[test]
fn a_file_that_is_no_module_is_refused_by_the_encoder() {
    assert!(matches!(component(b"\x7fELF"), Err(Error::Encode { .. })));
}
