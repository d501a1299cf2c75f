//! Story 4: two grants of the same access overlap, and the end of the first takes nothing from the second.

use std::time::Duration;

use super::database::DAVE;
use super::report::Report;
use super::stage::{MOMENT, Stage, active, field};
use super::story2::be_admin;
use crate::client::{Look as _, Until};

const SHORT_MS: u64 = 6_000;
const LONG: Duration = Duration::from_mins(10);

pub(super) async fn play(stage: &mut Stage, report: &mut Report<'_>) -> anyhow::Result<()> {
    report.story(4, "Two grants of the same access overlap");
    let before = stage.database.memberships(DAVE).await?;
    let first = granted(stage, Some(SHORT_MS)).await?;
    let second = granted(stage, None).await?;
    report.step("dave holds shop_admin twice: for 6 seconds, and for 10 minutes");
    let dave = &stage.people.dave;
    let one_holding = dave.grant(&first).await?.at("stamp") == dave.grant(&second).await?.at("stamp");
    report.check("both grants are one holding in the target", one_holding, "");
    report.busy("the first grant's time passes");
    let ended = dave.gone(&first, &Until::within(Duration::from_millis(SHORT_MS) + MOMENT)).await?;
    report.idle();
    report.check("the first grant ends at its time", ended.word("state") == "ended", "");
    let kept = stage.database.memberships(DAVE).await?;
    let still = dave.grant(&second).await?;
    report.check(
        "the second one's access is still there",
        still.word("state") == "active" && kept.iter().any(|role| role == "shop_admin"),
        &kept.join(", "),
    );
    dave.release(&second).await?;
    dave.gone(&second, &Until::within(MOMENT)).await?;
    let after = stage.database.memberships(DAVE).await?;
    report.check("with the last grant the access goes", after == before, &after.join(", "));
    Ok(())
}

async fn granted(stage: &Stage, narrowed_ms: Option<u64>) -> anyhow::Result<String> {
    let people = &stage.people;
    let request = field(&people.dave.submit(&be_admin(LONG, Some("two jobs at once"))).await?, "id")?;
    people.bob.decide(&request, "approve", narrowed_ms, None).await?;
    people.carol.decide(&request, "approve", None, None).await?;
    let grant = field(&people.dave.request(&request).await?, "grant")?;
    active(&people.dave, &grant).await?;
    Ok(grant)
}
