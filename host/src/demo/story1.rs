//! Story 1: an agent reads one schema, for as long as a person said.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use hallpass_domain::Timestamp;
use hallpass_domain::secret::SecretText;
use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection};

use super::database::{SHOP, login, sqlstate};
use super::people::TARGET;
use super::report::Report;
use super::stage::{MOMENT, Stage, active, field, read_sales, refused};
use crate::cli::judge;
use crate::client::{Look as _, Until};

const TEN_MINUTES: Duration = Duration::from_mins(10);
const FIVE_MINUTES_MS: u64 = 300_000;

/// A credential, opened.
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: SecretText,
}

pub(super) async fn play(stage: &mut Stage, report: &mut Report<'_>) -> anyhow::Result<()> {
    report.story(1, "An agent reads one schema, for as long as a person said");
    let grant = approved(stage, report).await?;
    seen(stage, report, &grant).await?;
    pass(stage, report, &grant).await?;
    let login = credential(stage, report, &grant).await?;
    used(stage, report, &login).await?;
    given_back(stage, report, &grant, &login).await
}

/// Asked by the agent, refused to its owner, approved and narrowed by the right person.
async fn approved(stage: &Stage, report: &mut Report<'_>) -> anyhow::Result<String> {
    let people = &stage.people;
    let request = people.bot.submit(&read_sales(TEN_MINUTES)).await?;
    let id = field(&request, "id")?;
    report.step("triage-bot, an agent of alice, asks to read the schema sales for 10 minutes");
    let stage_of = &request.at("stages.0");
    let one_of_data_team = request.word("state") == "pending" && stage_of.word("group") == "data-team" && stage_of.number("n") == Some(1);
    report.check("policy asks for one approver of the data team", one_of_data_team, request.word("policies.0"));
    let own = people.alice.decide(&id, "approve", None, None).await;
    refused(report, "alice may not approve: she is of the data team, and the agent is hers", own, &["forbidden", "policy-denied"], "");
    people.bob.decide(&id, "approve", Some(FIVE_MINUTES_MS), Some("five minutes will do")).await?;
    report.step("bob, of the data team, approves and narrows it to 5 minutes");
    field(&people.bot.request(&id).await?, "grant")
}

/// Only what the host saw in the target is active.
async fn seen(stage: &Stage, report: &mut Report<'_>, grant: &str) -> anyhow::Result<()> {
    report.busy("the connector creates a role");
    let active = active(&stage.people.bot, grant).await?;
    report.idle();
    report.check(
        "the grant is active because the host itself saw it in the target",
        active.word("seen_by") == "host",
        &field(&active, "stamp")?,
    );
    let roles = stage.database.our_roles().await?;
    let stamp = field(&active, "stamp")?;
    let ours = roles.iter().find(|role| role.name == stamp);
    report.check(
        "one role exists, and it carries the grant's mark",
        roles.len() == 1 && ours.is_some_and(|role| role.mark.starts_with(&stamp)),
        "",
    );
    let ends = Timestamp::parse(&field(&active, "ends")?).context("the end of a grant is no instant")?;
    // PostgreSQL's end and ours are one, to the millisecond.
    let same_end = ours.is_some_and(|role| role.until_ms == Some(ends.0));
    report.check("PostgreSQL itself ends the role with the grant (VALID UNTIL)", same_end, &ends.to_string());
    report.check("the role can do nothing else: no superuser, no makings of one", ours.is_some_and(|role| !role.powerful), "");
    let activated = Timestamp::parse(&field(&active, "activated")?).context("the begin of a grant is no instant")?;
    let runs = ends.since(activated);
    report.check("it runs for the five minutes that were approved", runs <= FIVE_MINUTES_MS && runs > FIVE_MINUTES_MS - 20_000, "");
    Ok(())
}

/// The pass says what; it is verified offline, with the published keys.
async fn pass(stage: &Stage, report: &mut Report<'_>, grant: &str) -> anyhow::Result<()> {
    let minted = stage.people.bot.mint_pass(grant, None).await?;
    let pass = field(&minted, "pass")?;
    let keys = stage.people.bot.keys().await?.to_string();
    let mut verdict = |operation: &str, resource: &str, wanted: bool, what: &str| -> anyhow::Result<()> {
        let outcome = judge(&pass, &keys, stage.url(), TARGET, operation, &resource.parse()?).map_err(|e| anyhow::anyhow!("{e}"))?;
        // The rest of a refusal is the checks of the pass themselves.
        let reason = outcome.word("reason").split(';').next().unwrap_or_default();
        report.check(what, outcome.says("allowed") == wanted, reason);
        Ok(())
    };
    verdict("schema.read", "database:shop/schema:sales", true, "the agent's pass, verified offline, opens the approved read")?;
    verdict("schema.write", "database:shop/schema:sales", false, "the same pass does not open a write")?;
    verdict("schema.read", "database:shop/schema:hr", false, "nor another schema")
}

/// Once, and sealed to the agent's key.
async fn credential(stage: &Stage, report: &mut Report<'_>, grant: &str) -> anyhow::Result<Login> {
    let credential = stage.people.bot.pick_up(grant).await?;
    let login = opened(&credential)?;
    report.step(&format!("triage-bot picks up its credential, sealed to its own key, for {}", login.user));
    let again = stage.people.bot.pick_up(grant).await;
    refused(report, "picking it up a second time is refused", again, &["gone"], "");
    let events = stage.people.admin.events(Some(grant), None, None).await?;
    let noticed = events.items("").iter().any(|event| event.word("kind") == "credential.refused");
    report.check("and noticed: the log has an alarm of it", noticed, "credential.refused");
    Ok(login)
}

/// User and password out of a credential.
pub(super) fn opened(credential: &Value) -> anyhow::Result<Login> {
    let public = credential.at("public").as_array().context("a credential without its public part")?;
    let user = public
        .iter()
        .find(|pair| pair.word("0") == "user")
        .and_then(|pair| pair.at("1").as_str())
        .context("a credential without a user")?;
    let password = SecretText::new(field(credential, "value").map_err(|_| anyhow::anyhow!("a credential without a value"))?);
    Ok(Login { user: user.to_owned(), password })
}

/// With real clients.
async fn used(stage: &Stage, report: &mut Report<'_>, credential: &Login) -> anyhow::Result<()> {
    let options = login(&stage.cluster, &credential.user, credential.password.expose());
    let mut agent = PgConnection::connect_with(&options).await.context("the agent's login")?;
    let orders: i64 = sqlx::query_scalar("SELECT count(*) FROM sales.orders").fetch_one(&mut agent).await?;
    report.check("the agent reads with a real PostgreSQL client", orders == 42, &format!("{orders} orders"));
    let write = agent.execute("INSERT INTO sales.orders VALUES (43, 'mallory', 0)").await;
    report.check("PostgreSQL refuses it a write", sqlstate(&write) == "42501", &words(&write));
    let salaries = agent.execute("SELECT * FROM hr.salaries").await;
    report.check("PostgreSQL refuses it the schema hr", sqlstate(&salaries) == "42501", &words(&salaries));
    agent.close().await?;
    if let Some(psql) = found(&stage.options.path, "psql") {
        let out = tokio::process::Command::new(psql)
            .args(["-X", "-At", "-h", stage.cluster.host(), "-p", &stage.cluster.port().to_string(), "-U", &credential.user, "-d", SHOP])
            .args(["-c", "SELECT count(*) FROM sales.orders"])
            .env("PGPASSWORD", credential.password.expose())
            .stdin(Stdio::null())
            .output()
            .await?;
        report.check("psql reads too", out.stdout.trim_ascii() == b"42", String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(())
}

/// Given back before its end, it is gone at once, with the session that used it.
async fn given_back(stage: &Stage, report: &mut Report<'_>, grant: &str, credential: &Login) -> anyhow::Result<()> {
    let options = login(&stage.cluster, &credential.user, credential.password.expose());
    let mut session = PgConnection::connect_with(&options).await?;
    report.busy("triage-bot gives the grant back");
    stage.people.bot.release(grant).await?;
    let gone = stage.people.bot.gone(grant, &Until::within(MOMENT)).await?;
    report.idle();
    report.check("given back, the grant ends as seen to be gone", gone.word("state") == "revoked", "");
    report.check("its role is gone from the database", stage.database.our_roles().await?.is_empty(), "");
    report.check("its open session was ended", session.ping().await.is_err(), "");
    let login = PgConnection::connect_with(&options).await.map(drop);
    report.check("its password opens nothing any more", matches!(sqlstate(&login).as_str(), "28P01" | "28000"), &words(&login));
    Ok(())
}

/// What PostgreSQL said.
pub(super) fn words<T>(outcome: &Result<T, sqlx::Error>) -> String {
    outcome.as_ref().err().and_then(sqlx::Error::as_database_error).map(|e| e.message().to_owned()).unwrap_or_default()
}

fn found(path: &[PathBuf], program: &str) -> Option<PathBuf> {
    path.iter().map(|folder| folder.join(program)).find(|file| file.is_file())
}
