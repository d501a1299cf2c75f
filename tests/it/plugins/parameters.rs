//! Parameters from the command line to the target: a version of the PostgreSQL connector that writes one into the role it makes.

use std::path::Path;

use hallpass::cli::Exit;
use hallpass::client::Look as _;
use hallpass_store::Backend;
use hallpass_tests::server::World;
use hallpass_tests::versions;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row as _};

use crate::conformance::trial::hallpass;

/// Reading takes a purpose and a level, a membership a note.
fn connector() -> Vec<u8> {
    versions::postgres_with("0.2.0", |manifest, fixture| {
        manifest["entitlements"][0]["parameters"] =
            json!({"purpose": {"title": "What it is for"}, "level": {"title": "How much", "values": ["some", "all"]}});
        manifest["entitlements"][1]["parameters"] = json!({"note": {"title": "A note"}});
        manifest["statements"]["read-sequences"] = json!({
            "text": "ALTER ROLE {stamp} SET application_name = {purpose}", "slots": {"purpose": "parameter.purpose"},
            "effect": "change", "calls": ["apply"]
        });
        fixture["wishes"][0]["parameters"] = json!({"purpose": "a purpose", "level": "all"});
        fixture["wishes"][1]["parameters"] = json!({"note": "a note"});
    })
}

/// Somebody new, with a profile of the command line in `home`.
async fn sign_in(world: &World, name: &str, home: &Path) {
    let invited = world.admin.add_principal("user", name, None).await.unwrap();
    let (exit, _, err) = hallpass(home, &["login", invited.word("link")]).await;
    assert_eq!(exit, Exit::Done, "{err}");
}

/// What the server keeps for a role.
async fn settings(world: &World, role: &str) -> Vec<String> {
    let sql = format!("SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setrole = '{role}'::regrole");
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut world.target.connect().await).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_goes_from_the_command_line_into_the_target() {
    let world = World::new(Backend::Sqlite, connector()).await;
    let (olga, dora) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    sign_in(&world, "olga", olga.path()).await;
    let resource = format!("database:{}/schema:sales", world.target.name());
    let asking = |more: &[&'static str]| {
        let words = ["--json", "request", "shop", "schema.read", &resource, "--for", "10m", "--wait", "60s"];
        words.iter().map(|w| (*w).to_owned()).chain(more.iter().map(|w| (*w).to_owned())).collect::<Vec<_>>()
    };
    let ask = async |more: &[&'static str]| {
        let words = asking(more);
        hallpass(olga.path(), &words.iter().map(String::as_str).collect::<Vec<_>>()).await
    };
    let (exit, out, _) = hallpass(olga.path(), &["target", "entitlements"]).await;
    assert!(exit == Exit::Done && out.contains("level=some|all, purpose=…"), "{out}");
    for (more, says) in [
        (&["--parameter", "level=all"][..], "schema.read needs the parameter purpose (What it is for)"),
        (&["--parameter", "level=most", "--parameter", "purpose=x"], "the parameter level must be one of some, all"),
        (&["--parameter", "level=all", "--parameter", "purpose=x", "--parameter", "why=x"], "schema.read has no parameter why"),
        (&["--parameter", "level=all", "--parameter", "level=some"], "the parameter level is given twice"),
        (&["--parameter", "level"], "NAME=VALUE"),
    ] {
        let (exit, out, err) = ask(more).await;
        assert!(exit != Exit::Done && format!("{out}{err}").contains(says), "{more:?}: {out} {err}");
    }

    let (exit, out, err) = ask(&["--parameter", "purpose=Ada's \"report\"; --", "--parameter", "level=some"]).await;
    assert_eq!(exit, Exit::Done, "{out} {err}");
    let grant: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((grant.word("state"), grant.word("parameters.level")), ("active", "some"));
    assert_eq!(settings(&world, grant.word("stamp")).await, ["application_name=Ada's \"report\"; --"]);
    let shown = r#"level=some, purpose="Ada's \"report\"; --""#;
    for words in [["grant", "show", grant.word("id")], ["request", "show", grant.word("request")]] {
        let (_, out, err) = hallpass(olga.path(), &words).await;
        assert!(out.contains(shown), "{words:?}: {out} {err}");
    }
    let (_, out, _) = hallpass(olga.path(), &["grant", "list"]).await;
    assert!(out.contains(shown), "{out}");
    world.admin.revoke(grant.word("id"), None).await.unwrap();
    let ended = world.at_rest().await;
    assert_eq!(ended[0].word("state"), "revoked", "{ended:?}");

    sign_in(&world, "dora", dora.path()).await;
    world.admin.set_group("dba", &["carol", "dora"]).await.unwrap();
    let mut membership = world.membership();
    membership.parameters.insert("note".into(), "a\u{200b}, level=all".into());
    world.dave.submit(&membership).await.unwrap();
    let (_, out, err) = hallpass(dora.path(), &["inbox"]).await;
    assert!(out.contains(r#"note="a\u{200b}, level=all""#), "whoever approves sees what it is: {out} {err}");

    let without = versions::postgres_with("0.3.0", |manifest, _| {
        manifest["entitlements"][0]["parameters"] = json!({"level": {"title": "How much", "values": ["some", "all"]}});
    });
    let refused = world.admin.load_connector(&without, None, false).await.unwrap_err().to_string();
    assert!(refused.contains("fixture is not valid") && refused.contains("needs the parameter level"), "{refused}");
}
