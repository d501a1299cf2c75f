//! What a new project must be.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

fn project(name: &str, language: Language) -> Project<'_> {
    Project { name, publisher: Some("acme.example"), language }
}

#[test]
fn a_project_bears_its_own_name_and_nothing_of_the_example_is_left() {
    for language in Language::ALL {
        let dir = tempfile::tempdir().unwrap();
        let created = create(&project("aardvark", language), &dir.path().join("new")).unwrap();
        assert_eq!(Language::of(&created.dir).unwrap(), language);
        for file in &created.files {
            let text = fs::read_to_string(created.dir.join(file)).unwrap();
            assert!(!text.contains(EXAMPLE) && !text.contains(PUBLISHER), "{}", file.display());
        }
        let manifest: Value = serde_json::from_slice(&fs::read(created.dir.join("manifest.json")).unwrap()).unwrap();
        assert_eq!((&manifest["name"], &manifest["publisher"]), (&"aardvark".into(), &"acme.example".into()));
        for file in [".gitignore", "README.md", "fixture.json"] {
            assert!(created.files.contains(&file.into()), "{language} has no {file}");
        }
    }
}

#[test]
fn a_folder_with_something_in_it_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("mine"), "").unwrap();
    let error = create(&project("shop", Language::Python), dir.path()).unwrap_err();
    assert!(matches!(error, Error::Occupied { .. }) && error.to_string().contains("--dir"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn names_that_a_manifest_or_cargo_would_refuse_are_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let long = "a".repeat(65);
    for name in ["", "Shop", "1shop", "../shop", "shop.eu", "a b", &long] {
        let error = create(&project(name, Language::Rust), &dir.path().join("new")).unwrap_err();
        assert!(matches!(error, Error::BadName { .. }), "{name}: {error}");
    }
    let publisher = Project { publisher: Some("Acme Inc"), ..project("shop", Language::Rust) };
    assert!(matches!(create(&publisher, &dir.path().join("new")), Err(Error::BadName { .. })));
    assert!(!dir.path().join("new").exists());
}

#[test]
fn the_lock_file_of_a_project_stays_in_order_under_every_name() {
    let lock = RUST.iter().copied().flatten().find(|(path, _)| *path == "Cargo.lock").unwrap().1;
    assert_eq!(in_order(lock), lock, "the example's own order is cargo's");
    for name in ["aardvark", "zebra"] {
        let own = filled("Cargo.lock", lock, &project(name, Language::Rust));
        let names: Vec<&str> = own.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
        assert!(names.is_sorted() && names.contains(&format!("{name:?}").as_str()), "{names:?}");
    }
}

#[test]
fn every_file_of_the_sdk_the_contract_and_the_templates_is_in_some_project() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let embedded: BTreeSet<&str> = [RUST, JAVASCRIPT, PYTHON].into_iter().flatten().copied().flatten().map(|(_, text)| *text).collect();
    for folder in [
        "sdk/rust/src",
        "sdk/rust/src/http",
        "sdk/rust/template",
        "sdk/js",
        "sdk/js/wit",
        "sdk/python",
        "sdk/python/wit",
        "wit",
        "wit/deps",
    ] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && !path.ends_with("CHANGELOG.md") {
                let text = fs::read_to_string(&path).unwrap();
                assert!(embedded.contains(text.as_str()), "{} is in no template: add it in scaffold.rs", path.display());
            }
        }
    }
}

#[test]
fn the_copied_crate_is_built_with_the_dependencies_of_the_original() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let line = |text: &str, start: &str| text.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned();
    let (workspace, copy) = (read("Cargo.toml"), read("sdk/rust/template/sdk.toml"));
    let original = read("sdk/rust/Cargo.toml");
    let dependencies = original.split_once("[dependencies]\n").unwrap().1;
    for dependency in dependencies.lines().take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty()) {
        let name = dependency.split('.').next().unwrap();
        let pinned = line(&workspace, &format!("{name} = "));
        let pinned = pinned.split(" #").next().unwrap();
        assert!(copy.lines().any(|line| line == pinned), "sdk/rust/template/sdk.toml must say: {pinned}");
    }
    for start in ["edition", "license", "version"] {
        assert_eq!(line(&copy, start), line(&workspace, start), "{start}");
    }
}
