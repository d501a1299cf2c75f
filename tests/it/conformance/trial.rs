//! A connector is tried out at a real server, by an author's command and a broker's rules.

use std::ffi::OsString;
use std::path::Path;

use hallpass::cli::{Exit, run};
use hallpass::client::{Api, ClientError, Look as _};
use hallpass::config::Environment;
use hallpass_domain::failpoint::Failpoint;
use hallpass_store::Backend;
use hallpass_tests::server::{PATIENCE, World, connector};
use hallpass_tests::versions;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

/// Laws that are checked at a target.
const CHECKED: [&str; 8] = ["health", "agreement", "twice", "absent", "reads", "dry-run", "secrets", "fresh-instance"];

async fn digest(world: &World) -> String {
    world.admin.connectors().await.unwrap().word("0.digest").to_owned()
}

/// What the target of `world` has, to be tried with.
fn wishes(world: &World) -> Value {
    let database = world.target.name();
    json!([
        {"name": "read a schema", "entitlement": "schema.read", "resource": format!("database:{database}/schema:sales")},
        {"name": "join a role", "entitlement": "role.member", "resource": format!("role:power_{database}"), "account": format!("dave_{database}")}
    ])
}

async fn try_out(who: &Api, digest: &str, target: &str, wishes: Value) -> Result<Value, ClientError> {
    who.connector_verb(digest, "test", &json!({"target": target, "wishes": wishes})).await
}

fn verdict<'a>(report: &'a Value, law: &str) -> &'a Value {
    report.items("laws").iter().find(|l| l.word("law") == law).unwrap_or_else(|| panic!("no {law}: {report}"))
}

async fn sql(world: &World, text: String) {
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut world.target.connect().await).await.unwrap();
}

/// The command line of somebody with a profile in `home`.
pub(crate) async fn hallpass(home: &Path, words: &[&str]) -> (Exit, String, String) {
    let environment = Environment::of([("HALLPASS_HOME", home.to_str().unwrap())]);
    let words: Vec<OsString> = ["hallpass"].iter().chain(words).map(OsString::from).collect();
    tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = run(words, environment, &mut out, &mut err);
        (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_tries_the_postgres_connector_out_with_one_command() {
    let world = World::new(Backend::Sqlite, connector().to_vec()).await;
    let home = tempfile::tempdir().unwrap();
    let invited = world.admin.add_principal("user", "olga", None).await.unwrap();
    let (exit, _, err) = hallpass(home.path(), &["login", invited.word("link")]).await;
    assert_eq!(exit, Exit::Done, "{err}");
    let written = |name: &str, bytes: &[u8]| {
        let path = home.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let file = written("postgres.wasm", &connector());
    let named = written("wishes.json", wishes(&world).to_string().as_bytes());
    let command = ["--json", "connector", "test", &file, "--target", "shop", "--wishes", &named];
    let (exit, out, err) = hallpass(home.path(), &command).await;
    assert_eq!(exit, Exit::NotFound, "only an operator may: {out} {err}");
    world.admin.set_group("operators", &["admin", "olga"]).await.unwrap();

    let (exit, out, err) = hallpass(home.path(), &command).await;
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out} {err}"));
    assert_eq!(exit, Exit::Done, "{out}");
    for law in CHECKED {
        let checked = verdict(&report, law);
        assert!(checked.word("verdict") == "kept" && checked.number("calls").unwrap() > 0, "{checked}");
    }
    for law in ["every-step", "refusal", "lost-reply", "trap", "deadline", "garbage", "paging", "tools", "canary"] {
        assert!(verdict(&report, law).word("verdict") == "skipped" && !verdict(&report, law).word("because").is_empty(), "{law}");
    }
    assert_eq!((report.word("name"), report.says("kept"), report.items("left").len()), ("postgres", true, 0));
    assert_eq!(world.in_target().await, (Vec::new(), Vec::new()));
    assert!(world.grants().await.is_empty(), "a trial is nobody's grant");
    let (exit, out, _) = hallpass(home.path(), &["connector", "test", "postgres", "--target", "shop", "--wishes", &named]).await;
    assert!(exit == Exit::Done && out.contains("it keeps every law that concerns it"), "{out}");

    // The fixture's own wishes would give a role to whom its author chose.
    let (exit, _, err) = hallpass(home.path(), &["connector", "test", &file, "--target", "shop"]).await;
    assert!(exit != Exit::Done && err.contains("--wishes FILE"), "{err}");
    assert_eq!(world.in_target().await, (Vec::new(), Vec::new()));
    let unknown = written("other.wasm", b"another file");
    let (exit, _, err) = hallpass(home.path(), &["connector", "test", &unknown, "--target", "shop"]).await;
    assert!(exit == Exit::NotFound && err.contains("hallpass connector load"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_touches_nothing_that_is_not_its_own() {
    let world = World::new(Backend::Postgres, connector().to_vec()).await;
    let (digest, database) = (digest(&world).await, world.target.name().to_owned());
    let held = world.bot.submit(&world.reading()).await.unwrap();
    let grant = world.bot.decided(held.word("id"), &hallpass::client::Until::within(PATIENCE)).await.unwrap().word("grant").to_owned();
    world.bot.settled(&grant, &hallpass::client::Until::within(PATIENCE)).await.unwrap();
    sql(&world, format!("GRANT power_{database} TO dave_{database}")).await;
    let report = try_out(&world.admin, &digest, "shop", wishes(&world)).await.unwrap();
    assert!(!report.says("kept"));
    let fixture = verdict(&report, "fixture");
    assert!(fixture.word("what").contains("`join a role` is there already"), "{report}");
    assert_eq!(verdict(&report, "agreement").word("verdict"), "kept", "the other wish is tried all the same");
    assert_eq!(
        world.in_target().await,
        (vec![world.admin.grant(&grant).await.unwrap().word("stamp").to_owned()], vec![format!("dave_{database}")])
    );

    // A law that is broken leaves nothing either.
    sql(&world, format!("REVOKE power_{database} FROM dave_{database}; ALTER ROLE manager_{database} NOCREATEROLE")).await;
    let report = try_out(&world.admin, &digest, "shop", wishes(&world)).await.unwrap();
    assert!(verdict(&report, "agreement").word("verdict") == "broken" && report.items("left").is_empty(), "{report}");
    assert_eq!(world.in_target().await.0.len(), 1, "the agent's alone");

    let refused = async |who: &Api, digest: &str, target: &str, wishes: Value, status: u16, says: &str| {
        let error = try_out(who, digest, target, wishes).await.unwrap_err();
        let problem = error.problem().unwrap();
        assert!(problem.status == status && error.to_string().contains(says), "{error}");
    };
    refused(&world.dave, &digest, "shop", json!([]), 403, "connector.test").await;
    let mut production = json!({"name": "shop-prod", "environment": "production", "connector": digest, "secrets": {"password": "manager"}});
    production["settings"] = world.admin.targets().await.unwrap().at("0.settings").clone();
    world.admin.add_target(&production).await.unwrap();
    refused(&world.admin, &digest, "shop-prod", json!([]), 422, "sandbox").await;
    refused(&world.admin, &digest, "nowhere", json!([]), 404, "nowhere").await;
    let many: Vec<Value> =
        (0..17).map(|n| json!({"name": n.to_string(), "entitlement": "role.member", "resource": "role:a", "account": "b"})).collect();
    refused(&world.admin, &digest, "shop", json!(many), 422, "16").await;
    refused(&world.admin, &digest, "shop", json!([{"name": "a", "entitlement": "b", "resource": "no resource"}]), 422, "resource").await;
    let wider = versions::postgres("0.2.0", |m| {
        m["statements"]["ready"]["text"] = json!(
            "SELECT 'x'::text AS me, false AS superuser, true AS creates_roles, true AS inherits, true AS ends_sessions, 170000::bigint AS version"
        )
    });
    let wider = world.admin.load_connector(&wider, None, false).await.unwrap().word("digest").to_owned();
    refused(&world.admin, &wider, "shop", json!([]), 422, "accepted").await;
    let next = world.admin.load_connector(&versions::postgres("0.3.0", |_| {}), None, false).await.unwrap().word("digest").to_owned();
    sql(&world, format!("ALTER ROLE manager_{database} CREATEROLE")).await;
    let report = try_out(&world.admin, &next, "shop", wishes(&world)).await.unwrap();
    assert!(report.says("kept"), "a version is tried before it is used: {report}");

    let events = world.admin.events(None, None, None).await.unwrap();
    let of = |kind: &str| events.items("").iter().filter(|e| e.word("kind") == kind).cloned().collect::<Vec<_>>();
    let (began, ended) = (of("connector.test-began"), of("connector.tested"));
    assert_eq!((began.len(), ended.len()), (3, 3));
    assert_eq!(ended.iter().map(|e| e.word("leaf.facts.kept")).collect::<Vec<_>>(), ["false", "false", "true"]);
    assert_eq!(ended[2].word("leaf.connector"), next);
    assert_eq!(began[0].word("leaf.actors.0"), world.admin.identity().principal);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_trial_left_is_taken_away_by_the_next() {
    let mut world = World::new(Backend::Sqlite, connector().to_vec()).await;
    let digest = digest(&world).await;
    world.start(Some(Failpoint::TargetAfterCommit));
    assert!(try_out(&world.admin, &digest, "shop", wishes(&world)).await.unwrap_err().problem().is_none());
    assert!(world.died(PATIENCE).await);
    let left = world.in_target().await.0;
    assert!(left.len() == 1 && left[0].starts_with("hp_trial000_"), "{left:?}");
    world.start(None);
    let report = try_out(&world.admin, &digest, "shop", wishes(&world)).await.unwrap();
    assert!(report.says("kept"), "{report}");
    assert_eq!(world.in_target().await, (Vec::new(), Vec::new()));
}
