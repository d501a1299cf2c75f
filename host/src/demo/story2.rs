//! Story 2: a developer is an administrator in production, for twenty seconds, because two people said so.

use std::time::Duration;

use anyhow::Context as _;
use sqlx::{Connection as _, Executor as _, PgConnection};

use super::database::{DAVE, login, sqlstate};
use super::report::Report;
use super::stage::{MOMENT, Stage, active, ask, field, refused};
use crate::client::{Ask, Look as _, Until};

/// What is asked for in stories 2 and 4.
pub(super) fn be_admin(length: Duration, justification: Option<&str>) -> Ask {
    ask("role.member", "role:shop_admin", length, justification)
}

const HOUR: Duration = Duration::from_hours(1);
const HALF_AN_HOUR: Duration = Duration::from_mins(30);
const TWENTY_SECONDS_MS: u64 = 20_000;
const WHY: &str = "order 17 was charged twice; a refund must be written by hand";

pub(super) async fn play(stage: &mut Stage, report: &mut Report<'_>) -> anyhow::Result<()> {
    report.story(2, "A developer is an administrator in production, for twenty seconds, because two people said so");
    let before = stage.database.memberships(DAVE).await?;
    let grant = approved(stage, report).await?;
    held(stage, report, &grant, &before).await
}

async fn approved(stage: &Stage, report: &mut Report<'_>) -> anyhow::Result<String> {
    let people = &stage.people;
    let hour = people.dave.submit(&be_admin(HOUR, Some(WHY))).await;
    refused(report, "an hour is more than policy allows, and the answer names the limit", hour, &["too-long"], "30m");
    let silent = people.dave.submit(&be_admin(HALF_AN_HOUR, None)).await;
    refused(report, "without a reason it is not even taken", silent, &["invalid", "policy-denied", "forbidden"], "justification");
    let request = people.dave.submit(&be_admin(HALF_AN_HOUR, Some(WHY))).await?;
    let id = field(&request, "id")?;
    report.step("dave asks to be a member of shop_admin for 30 minutes, and says why");
    let two = request.number("stages.0.n") == Some(2) && request.word("stages.0.group") == "dba";
    report.check("policy asks for two different database administrators", two, "");
    people.bob.decide(&id, "approve", None, None).await?;
    let still = people.dave.request(&id).await?;
    report.check("one approval is not enough", still.word("state") == "pending", "");
    let twice = people.bob.decide(&id, "approve", None, None).await;
    refused(report, "one person does not count twice", twice, &["taken"], "verdict");
    people.carol.decide(&id, "approve", Some(TWENTY_SECONDS_MS), Some("one statement")).await?;
    report.step("bob and carol approve; carol narrows it to 20 seconds");
    field(&people.dave.request(&id).await?, "grant")
}

async fn held(stage: &Stage, report: &mut Report<'_>, grant: &str, before: &[String]) -> anyhow::Result<()> {
    active(&stage.people.dave, grant).await?;
    let during = stage.database.memberships(DAVE).await?;
    report.check("dave's own account gained the membership", during.iter().any(|role| role == "shop_admin"), &during.join(", "));
    let options = login(&stage.cluster, DAVE, stage.dave_password.expose());
    let mut session = PgConnection::connect_with(&options).await.context("dave's login")?;
    let refund = session.execute("INSERT INTO sales.refunds VALUES (1, 17)").await;
    report.check("dave writes the refund", refund.is_ok(), &super::story1::words(&refund));
    report.busy("its twenty seconds pass");
    let within = Until::within(Duration::from_millis(TWENTY_SECONDS_MS) + MOMENT);
    let ended = stage.people.dave.gone(grant, &within).await?;
    report.idle();
    report.check(
        "at its end the grant is seen to be gone",
        ended.word("state") == "ended" && ended.word("end_reason") == "time",
        &field(&ended, "ended")?,
    );
    report.check("dave's session was ended with it", session.ping().await.is_err() && stage.database.sessions(DAVE).await? == 0, "");
    let after = stage.database.memberships(DAVE).await?;
    report.check("what dave's account held before is untouched", after == before, &after.join(", "));
    let mut again = PgConnection::connect_with(&options).await.context("dave's second login")?;
    let reports = again.execute("SELECT * FROM reports.revenue").await;
    report.check("dave still reads his reports", reports.is_ok(), &super::story1::words(&reports));
    let refund = again.execute("INSERT INTO sales.refunds VALUES (2, 18)").await;
    report.check("and writes no refunds any more", sqlstate(&refund) == "42501", &super::story1::words(&refund));
    again.close().await?;
    Ok(())
}
