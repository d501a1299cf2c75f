//! The command line as a person meets it.

use std::sync::Arc;

use clap::CommandFactory as _;
use hallpass_broker::SystemClock;
use hallpass_domain::Clock as _;
use hallpass_domain::ids::{GrantId, RequestId};
use hallpass_domain::rng::SystemRng;
use hallpass_domain::secret::{SecretText, Signer as _};
use hallpass_keyring::{KeyKind, Keyring, MasterKey, MasterSource};
use hallpass_tokens::MintRequest;
use hallpass_verify::{Mode, Party, Right};
use serde_json::{Value, json};

use super::{Cli, Context, Exit, run};
use crate::config::{Config, Environment, Flags};
use crate::wiring;

fn call(args: &[&str], environment: Environment) -> (Exit, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = std::iter::once("hallpass").chain(args.iter().copied()).map(Into::into);
    let exit = run(words.collect::<Vec<_>>(), environment, &mut out, &mut err);
    (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn the_commands_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn help_names_every_exit_code() {
    let (exit, out, _) = call(&["--help"], Environment::default());
    assert_eq!(exit, Exit::Done);
    for code in 0..=5 {
        assert!(out.contains(&format!("\n  {code}  ")), "exit code {code} is not explained");
    }
}

#[test]
fn every_subcommand_says_what_it_is_for() {
    fn walk(command: &clap::Command) {
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            assert!(sub.get_about().is_some(), "{} has no description", sub.get_name());
            walk(sub);
        }
    }
    walk(&Cli::command());
}

#[test]
fn a_wrong_command_line_is_another_exit_code_than_a_failure() {
    assert_eq!(call(&["grnat"], Environment::default()).0, Exit::Usage);
    assert_eq!(call(&["request", "shop", "schema.read", "database:shop"], Environment::default()).0, Exit::Usage, "--for is missing");
    assert_eq!(call(&["approve", "rq_x", "--for", "soon"], Environment::default()).0, Exit::Usage);
    assert_eq!(call(&["group", "set", "on-call"], Environment::default()).0, Exit::Usage, "nobody is emptied out of a group by a slip");
}

#[test]
fn without_a_profile_the_remedy_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let environment = Environment::of([("HALLPASS_HOME", folder.path().to_str().unwrap())]);
    let (exit, out, err) = call(&["inbox"], environment.clone());
    assert_eq!((exit, out.as_str()), (Exit::Failed, ""));
    assert!(err.contains("hallpass login"), "{err}");
    let (_, out, err) = call(&["inbox", "--json"], environment);
    assert_eq!(err, "");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert!(document["error"]["message"].as_str().unwrap().contains("hallpass login"));
}

#[test]
fn failpoints_are_for_throwaway_folders_only() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (exit, _, err) = call(&["serve", "--data", data.to_str().unwrap(), "--fail-at", "target-after-commit"], Environment::default());
    assert_eq!(exit, Exit::Failed);
    assert!(err.contains("--throwaway"), "{err}");
    assert!(!data.exists(), "nothing was made");
    assert_eq!(call(&["serve", "--fail-at", "nowhere"], Environment::default()).0, Exit::Usage);
}

#[test]
fn a_port_that_is_taken_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for more in [None, Some("--throwaway")] {
        let args: Vec<&str> = ["serve", "--data", data.to_str().unwrap(), "--listen", &address].into_iter().chain(more).collect();
        let (exit, _, err) = call(&args, Environment::default());
        assert!(exit == Exit::Failed && err.contains("--listen"), "{err}");
        assert!(!data.exists(), "a folder was made for {more:?}");
    }
}

#[test]
fn a_folder_that_is_no_data_folder_is_not_made_one_by_looking_at_it() {
    let folder = tempfile::tempdir().unwrap();
    let (exit, _, err) = call(&["audit", "verify", "--data", folder.path().to_str().unwrap()], Environment::default());
    assert_eq!(exit, Exit::NotFound);
    assert!(err.contains("hallpass.db"), "{err}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_completion_script_knows_the_subcommands() {
    let (exit, out, _) = call(&["completion", "bash"], Environment::default());
    assert_eq!(exit, Exit::Done);
    assert!(out.contains("set-account"));
}

#[test]
fn a_new_connector_is_written_once_and_never_over_something() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("queue");
    let args = ["connector", "new", "queue", "--lang", "js", "--dir", dir.to_str().unwrap()];
    let (exit, out, err) = call(&args, Environment::default());
    assert_eq!(exit, Exit::Done, "{err}");
    assert!(out.contains("connector.js") && out.contains("hallpass connector build"), "{out}");
    let (exit, _, err) = call(&args, Environment::default());
    assert!(exit == Exit::Usage && err.contains("is not empty") && err.contains("--dir"), "{err}");
    let (exit, _, err) = call(&["connector", "new", "Queue", "--lang", "js"], Environment::default());
    assert!(exit == Exit::Usage && err.contains("a-z, 0-9"), "{err}");
    let (exit, _, err) = call(&["connector", "new", "queue", "--lang", "cobol"], Environment::default());
    assert!(exit == Exit::Usage && err.contains("rust, js, python"), "{err}");
}

#[test]
fn a_folder_in_place_of_a_plugin_file_is_named_with_what_to_give() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("acme.key");
    assert_eq!(call(&["connector", "keygen", "acme", "--out", key.to_str().unwrap()], Environment::default()).0, Exit::Done);
    let args = ["connector", "sign", folder.path().to_str().unwrap(), "--key", key.to_str().unwrap()];
    let (exit, _, err) = call(&args, Environment::default());
    assert!(exit == Exit::Usage && err.contains("is a folder") && err.contains("hallpass connector build"), "{err}");
    std::fs::write(&key, "{}").unwrap();
    let (_, _, err) = call(&args, Environment::default());
    assert!(err.contains("acme.key: this is no publisher's key"), "{err}");
}

#[test]
fn a_pass_that_holds_offline_is_not_said_to_stand() {
    let folder = tempfile::tempdir().unwrap();
    let (pass, keys) = (folder.path().join("pass"), folder.path().join("keys.json"));
    let rng = SystemRng;
    let master = MasterSource::Variable { name: "TEST".into(), value: SecretText::new("11".repeat(32)) };
    let keyring = Keyring::open(&MasterKey::obtain(&master, true, &rng).unwrap());
    let signing = keyring.load(&keyring.new_keys(1, &rng).unwrap()).unwrap();
    let (issuer, approval) = (signing.current(KeyKind::Issuer).unwrap(), signing.current(KeyKind::Approval).unwrap());
    let now = SystemClock.now();
    let request = MintRequest {
        issuer: "https://hallpass.test".into(),
        grant: GrantId::new(now, &rng).unwrap(),
        request: RequestId::new(now, &rng).unwrap(),
        policy_revision: "sha256:0".into(),
        log: None,
        subject: Party { kind: "agent".into(), id: "pr_x".into() },
        on_behalf_of: None,
        owner: None,
        rights: vec![Right { target: "shop".into(), operation: "schema.read".into(), resource: "database:shop".into(), mode: Mode::Auto }],
        not_before: now,
        end: now.plus(60_000),
        audience: "https://shop.test".into(),
        holder: None,
    };
    let minted = hallpass_tokens::mint(&request, issuer, &approval.public_key(), &rng).unwrap();
    std::fs::write(&pass, minted.text.expose()).unwrap();
    let published = signing.published().filter(|(kind, _, _)| matches!(kind, KeyKind::Issuer | KeyKind::Approval));
    let published: Vec<Value> = published
        .map(|(kind, id, public)| json!({"algorithm": "ed25519", "key_bytes": hex::encode(public), "key_id": id, "use": kind.as_str()}))
        .collect();
    std::fs::write(&keys, json!({ "keys": published }).to_string()).unwrap();
    let call_for = |resource: &str, more: &[&str]| {
        let args = ["pass", "verify", pass.to_str().unwrap(), "--keys", keys.to_str().unwrap(), "--audience", "https://shop.test"];
        let rest = ["--target", "shop", "--operation", "schema.read", "--resource", resource];
        call(&[&args[..], &rest[..], more].concat(), Environment::default())
    };
    let (exit, out, err) = call_for("database:shop", &[]);
    assert!(exit == Exit::Done && out.contains("true"), "{out}{err}");
    assert!(err.contains("revoked") && err.contains("not looked up"), "{err}");
    let (_, out, _) = call_for("database:shop", &["--json"]);
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["revocation"], "not looked up");
    assert_eq!(call_for("database:other", &[]).0, Exit::Refused);
}

#[test]
fn a_doctor_tries_the_keys_of_a_database_and_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let environment = Environment::of([("HALLPASS_HOME", folder.path().join("home").to_str().unwrap())]);
    let doctor = || call(&["doctor", "--data", data.to_str().unwrap()], environment.clone());
    let (exit, out, _) = doctor();
    assert!(exit == Exit::Done && !data.exists(), "{out}");
    let config = Config::load(&Flags { data: Some(data.clone()), ..Flags::default() }, &environment).unwrap();
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let key = wiring::default_master_key(&data);
    std::fs::create_dir(key.parent().unwrap()).unwrap();
    runtime.block_on(async {
        let store = wiring::open_store(&config, Arc::new(SystemClock), Arc::new(SystemRng)).await.unwrap();
        wiring::Keys::load(&store, &wiring::master_key(&config, &environment), &SystemRng).await.ok().unwrap();
        store.close().await;
    });
    let (exit, out, _) = doctor();
    assert!(exit == Exit::Done && out.contains("the master key opens them"), "{out}");
    std::fs::write(&key, "0".repeat(64)).unwrap();
    let (exit, out, _) = doctor();
    assert!(exit == Exit::Failed && out.contains("✗ keys") && out.contains("Bring that key back"), "{out}");
    std::fs::remove_file(&key).unwrap();
    let (exit, out, _) = doctor();
    assert!(exit == Exit::Failed && out.contains("is missing") && !key.exists(), "{out}");
    std::fs::write(data.join("hallpass.db"), "no database at all, but long enough to be taken for one").unwrap();
    let (exit, out, _) = doctor();
    assert!(exit == Exit::Failed && out.contains("✗ database") && out.contains("backup"), "{out}");
}

/// Closed by its reader.
struct Closed;

impl std::io::Write for Closed {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut cx = Context { environment: Environment::default(), json: false, profile: None, out: &mut Closed, err: &mut Vec::new() };
    cx.show(&Value::Null, |_| "a long list".to_owned()).unwrap();
}

/// Source and documentation of the whole repository.
fn texts(folder: &std::path::Path, found: &mut Vec<(std::path::PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        // Decisions speak of what was, too.
        let skipped = ["target", "node_modules", ".git", "decisions"].contains(&name.to_str().unwrap());
        if path.is_dir() && !skipped {
            texts(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "md" || e == "toml") {
            found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// What is wrong with a command as a text spells it: `hallpass grant list --all`.
fn wrong(words: &str) -> Option<String> {
    let root = Cli::command();
    let mut command = &root;
    let global = root.get_arguments().filter(|a| a.is_global_set());
    let globals: Vec<_> = global.filter_map(clap::Arg::get_long).chain(["help", "version"]).collect();
    for word in words.split_whitespace() {
        if let Some(flag) = word.strip_prefix("--") {
            let flag = flag.split(|c: char| !(c.is_ascii_lowercase() || c == '-')).next().unwrap();
            let known = command.get_arguments().any(|a| a.get_long() == Some(flag)) || globals.contains(&flag);
            if !known {
                return Some(format!("`{}` has no --{flag}", command.get_name()));
            }
            continue;
        }
        let name = word.trim_matches(|c: char| !(c.is_ascii_lowercase() || c == '-'));
        match command.find_subcommand(name) {
            Some(deeper) => command = deeper,
            None if command.is_subcommand_required_set() && word.starts_with(|c: char| c.is_ascii_lowercase()) => {
                return Some(format!("there is no command `{name}`"));
            }
            None => {}
        }
    }
    None
}

#[test]
fn every_command_that_a_text_names_exists() {
    let mut found = Vec::new();
    texts(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap(), &mut found);
    let mut commands = 0;
    let mut mistakes = Vec::new();
    let root = Cli::command();
    for (path, text) in &found {
        for (before, rest) in text.split("hallpass ").zip(text.split("hallpass ").skip(1)) {
            let first: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            // Bare in a sentence it is a command only where the word behind it is one.
            let bare = before.ends_with([' ', '\n', '"']) && root.find_subcommand(&first).is_some();
            if before.ends_with('`') || bare {
                let words = rest.split(['`', '\n', '|', ';', '(', '"', ',', ':', '.']).next().unwrap();
                commands += 1;
                mistakes.extend(wrong(words).map(|why| format!("{}: `hallpass {words}`: {why}", path.display())));
            }
        }
    }
    assert!(commands > 50, "texts were looked for in the wrong place: {commands} commands");
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    for mistake in ["grnat list", "grant lst", "grant list --al"] {
        assert!(wrong(mistake).is_some(), "{mistake}");
    }
}
