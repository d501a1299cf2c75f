//! What a configuration takes and refuses.

use std::path::PathBuf;

use super::{Config, ConfigError, Environment, Flags, Length};

fn load(text: &str, environment: &Environment, flags: Flags) -> Result<Config, ConfigError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    Config::load(&Flags { config: Some(file.path().to_owned()), ..flags }, environment)
}

fn refusal(text: &str, environment: &Environment) -> String {
    load(text, environment, Flags::default()).err().unwrap().to_string()
}

#[test]
fn without_anything_a_broker_on_loopback_with_one_folder_comes_out() {
    let config = Config::load(&Flags::default(), &Environment::of([])).unwrap();
    assert_eq!(config.server.data, PathBuf::from("hallpass-data"));
    assert!(config.server.listen.ip().is_loopback());
    assert!(config.store.postgres_url.is_none());
}

#[test]
fn the_samples_are_configurations() {
    let minimal = load(include_str!("samples/minimal.toml"), &Environment::of([]), Flags::default()).unwrap();
    assert_eq!(minimal.policies.dir.unwrap().file_name().unwrap(), "policies");
    let full = load(include_str!("samples/full.toml"), &Environment::of([]), Flags::default()).unwrap();
    assert_eq!(full.limits.lease, Some(Length(30_000)));
    assert_eq!(full.server.public_url.as_deref(), Some("https://hallpass.example"));
}

#[test]
fn the_full_sample_names_every_key() {
    let table: toml::Table = toml::from_str(include_str!("samples/full.toml")).unwrap();
    for (section, keys) in super::load::SECTIONS {
        for key in keys {
            // One of the three sources of the master key excludes the others.
            let named = table[section].get(key).is_some() || section == "master_key";
            assert!(named, "[{section}] {key} is not in the sample");
        }
    }
}

#[test]
fn flags_override_variables_and_variables_override_the_file() {
    let text = "[server]\nlisten = \"127.0.0.1:1\"\ndata = \"from-file\"\nnode = \"from-file\"";
    let environment = Environment::of([("HALLPASS_SERVER_LISTEN", "127.0.0.1:2"), ("HALLPASS_SERVER_DATA", "from-variable")]);
    let flags = Flags { listen: Some("127.0.0.1:3".parse().unwrap()), ..Flags::default() };
    let config = load(text, &environment, flags).unwrap();
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!(config.server.data, PathBuf::from("from-variable"));
    assert_eq!(config.server.node, "from-file");
}

#[test]
fn a_relative_path_is_taken_from_where_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hallpass.toml");
    let text = "[server]\ndata = \"data\"\n[master_key]\nfile = \"/etc/master.key\"\n[policies]\ndir = \"../policies\"\n";
    std::fs::write(&file, text).unwrap();
    let flags = Flags { config: Some(file), ..Flags::default() };
    let config = Config::load(&flags, &Environment::of([])).unwrap();
    assert_eq!(config.server.data, folder.path().join("data"));
    assert_eq!(config.policies.dir, Some(folder.path().join("../policies")));
    assert_eq!(config.master_key.file, Some(PathBuf::from("/etc/master.key")));
    let environment = Environment::of([("HALLPASS_POLICIES_DIR", "here")]);
    let config = Config::load(&Flags { data: Some(PathBuf::from("there")), ..flags }, &environment).unwrap();
    assert_eq!((config.server.data, config.policies.dir), (PathBuf::from("there"), Some(PathBuf::from("here"))));
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let text = refusal("[server]\nlisten = \"127.0.0.1:1\"\nlisten_adress = \"x\"\n", &Environment::of([]));
    assert!(text.contains("line 3") && text.contains("listen_adress") && text.contains("public_url"), "{text}");
    let text = refusal("[sever]\n", &Environment::of([]));
    assert!(text.contains("line 1") && text.contains("sever"), "{text}");
}

#[test]
fn a_bad_variable_is_refused_by_its_name() {
    let text = refusal("", &Environment::of([("HALLPASS_LIMITS_CALL", "soon")]));
    assert!(text.contains("HALLPASS_LIMITS_CALL") && text.contains("20s"), "{text}");
    let text = refusal("", &Environment::of([("HALLPASS_LISTEN", "127.0.0.1:1")]));
    assert!(text.contains("HALLPASS_LISTEN") && text.contains("HALLPASS_SERVER_LISTEN"), "{text}");
}

#[test]
fn an_open_address_needs_a_public_one() {
    let open = "[server]\nlisten = \"0.0.0.0:8420\"\n";
    assert!(refusal(open, &Environment::of([])).contains("public_url"));
    for bad in ["hallpass.example", "ftp://hallpass.example", "https://hallpass.example/", "https://hallpass.example?x=1"] {
        assert!(refusal(&format!("{open}public_url = \"{bad}\""), &Environment::of([])).contains("public_url"), "{bad}");
    }
    assert!(load(&format!("{open}public_url = \"https://hallpass.example\""), &Environment::of([]), Flags::default()).is_ok());
}

#[test]
fn a_trust_policy_that_nobody_can_meet_is_refused() {
    let key = "release+ef168d19+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
    let policy =
        |keys: &str, required: u32| format!("[[connectors.publishers]]\nname = \"acme\"\nkeys = [{keys}]\nrequired = {required}\n");
    for (text, named) in [
        (policy(&format!("\"{key}\""), 2), "2 of 1"),
        (policy("", 1), "1 of 0"),
        (policy(&format!("\"{key}\", \"{key}\""), 1), "twice"),
        (policy("\"release\"", 1), "name+hash+base64"),
    ] {
        let refusal = refusal(&text, &Environment::of([]));
        assert!(refusal.contains("connectors.publishers") && refusal.contains(named), "{refusal}");
    }
    let from_variable = format!("[{{ name = \"*\", keys = [\"{key}\"] }}]");
    let environment = Environment::of([("HALLPASS_CONNECTORS_PUBLISHERS", &from_variable), ("HALLPASS_CONNECTORS_STRIKES", "5")]);
    let config = load("", &environment, Flags::default()).unwrap();
    assert_eq!(config.connectors.trust().unwrap().publishers[0].required, 1);
    assert_eq!((config.connectors.strikes, config.connectors.allow_unsigned), (Some(5), false));
}

#[test]
fn the_master_key_has_one_source() {
    let text = refusal("[master_key]\nfile = \"a\"\nenv = \"B\"\n", &Environment::of([]));
    assert!(text.contains("not several"), "{text}");
    assert!(refusal("[master_key]\ncommand = []\n", &Environment::of([])).contains("program"));
}
