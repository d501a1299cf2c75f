//! Story 3: the broker dies at the worst moment, the target is down at the worst moment, and nothing is lost.

use std::time::Duration;

use anyhow::Context as _;
use hallpass_domain::failpoint::Failpoint;
use sqlx::{Connection as _, PgConnection};

use super::cluster::Stop;
use super::database::login;
use super::report::Report;
use super::stage::{MOMENT, Stage, active, eventually, field, read_sales};
use super::story1::opened;
use crate::client::{Look as _, Until};

const MINUTES: Duration = Duration::from_mins(5);
/// How long after PostgreSQL is back an overdue access may still be there.
const SECONDS: Duration = Duration::from_secs(8);

pub(super) async fn play(stage: &mut Stage, report: &mut Report<'_>) -> anyhow::Result<()> {
    report.story(3, "The broker dies between an effect and its record; PostgreSQL is down when access must go");
    let grant = killed(stage, report).await?;
    down(stage, report, &grant).await
}

/// Dies after the target committed, before the broker wrote down that it did.
async fn killed(stage: &mut Stage, report: &mut Report<'_>) -> anyhow::Result<String> {
    stage.broker().stop().await?;
    stage.start_broker(Some(Failpoint::TargetAfterCommit)).await?;
    let request = field(&stage.people.bot.submit(&read_sales(MINUTES)).await?, "id")?;
    // The answer may be lost with the broker: what counts is what is durable.
    match stage.people.bob.decide(&request, "approve", None, None).await {
        Ok(_) => {}
        Err(e) if e.problem().is_none() => {}
        Err(e) => return Err(e.into()),
    }
    report.busy("the broker is about to die");
    stage.broker().died().await?;
    report.idle();
    let left = stage.database.our_roles().await?;
    report.check("the broker was killed after PostgreSQL committed a role", left.len() == 1, &names(&left));
    report.busy("the broker starts again");
    stage.start_broker(None).await?;
    let grant = field(&stage.people.bot.request(&request).await?, "grant")?;
    let active = active(&stage.people.bot, &grant).await?;
    report.idle();
    let roles = stage.database.our_roles().await?;
    let stamp = field(&active, "stamp")?;
    report.check(
        "started again, it knows of exactly that one role",
        roles.len() == 1 && roles.iter().all(|role| role.name == stamp),
        &names(&roles),
    );
    let credential = opened(&stage.people.bot.pick_up(&grant).await?)?;
    let options = login(&stage.cluster, &credential.user, credential.password.expose());
    let mut agent = PgConnection::connect_with(&options).await.context("the login with the credential after the kill")?;
    let orders: i64 = sqlx::query_scalar("SELECT count(*) FROM sales.orders").fetch_one(&mut agent).await?;
    agent.close().await?;
    report.check("the agent picks up a credential that works", orders == 42, "");
    stage.broker().kill().await?;
    stage.start_broker(None).await?;
    let after = stage.people.bot.grant(&grant).await?;
    report.check(
        "killed and started once more, everything is as it was",
        after.word("state") == "active" && stage.database.our_roles().await?.len() == 1,
        "",
    );
    Ok(grant)
}

/// A revoke while the target is down never gives up.
async fn down(stage: &Stage, report: &mut Report<'_>, grant: &str) -> anyhow::Result<()> {
    tokio::task::block_in_place(|| stage.cluster.stop(Stop::Fast))?;
    report.step("PostgreSQL is stopped; alice revokes what her agent holds");
    stage.people.alice.revoke(grant, Some("the agent behaves strangely")).await?;
    report.busy("the broker cannot reach the target");
    let until = Until::within(MOMENT);
    let overdue = stage.people.admin.grant_becomes(grant, &until, "the grant is not called overdue", |g| g.says("overdue")).await?;
    report.idle();
    report.check("the revoke is overdue, and called so", overdue.word("state") == "ending", overdue.word("last_failure"));
    let counted = stage.people.admin.metrics().await?;
    let gauge = counted.lines().any(|line| line.starts_with("hallpass_grants_overdue") && line.ends_with(" 1"));
    report.check("it is counted as such in the metrics", gauge, "hallpass_grants_overdue 1");
    report.busy("PostgreSQL comes back");
    tokio::task::block_in_place(|| stage.cluster.resume())?;
    let database = stage.database.clone();
    let gone = eventually(SECONDS, || {
        let database = database.clone();
        async move { Ok(database.our_roles().await?.is_empty()) }
    })
    .await?;
    report.idle();
    report.check("within seconds of its return the role is gone", gone, "");
    let ended = stage.people.bot.gone(grant, &Until::within(MOMENT)).await?;
    report.check("and the grant says so", ended.word("state") == "revoked" && !ended.says("overdue"), "");
    Ok(())
}

fn names(roles: &[super::database::Role]) -> String {
    roles.iter().map(|role| role.name.clone()).collect::<Vec<_>>().join(", ")
}
