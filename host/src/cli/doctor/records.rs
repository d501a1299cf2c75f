//! What the broker's own records say is wrong.

use std::sync::Arc;

use hallpass_broker::SystemClock;
use hallpass_domain::connector::ConnectorState;
use hallpass_domain::grant::{Grant, GrantState};
use hallpass_domain::rng::SystemRng;
use hallpass_domain::{Clock as _, Millis};
use hallpass_store::{GrantFilter, Reads, Store, StoreError};

use super::Finding;
use crate::config::{Config, Environment};
use crate::wiring::{self, Keys};

/// What the finding about connectors is called.
pub(super) const CONNECTORS: &str = "connectors";
/// How many of a kind are named.
const NAMED: usize = 5;
/// How many grants are read at once.
const PART: u32 = 200;

/// Looks at the database and what it says, changing nothing. Nothing where there is no database yet.
pub(super) async fn look(config: &Config, environment: &Environment) -> Vec<Finding> {
    let store = match Store::look(wiring::which_store(config), Arc::new(SystemClock), Arc::new(SystemRng)).await {
        Ok(Some(store)) => store,
        Ok(None) => return Vec::new(),
        Err(e) => return vec![Finding { about: "database", outcome: Err(e.to_string()) }],
    };
    let found = vec![
        Finding { about: "database", outcome: Ok(format!("holds the installation {}", store.installation().as_str())) },
        Finding { about: "keys", outcome: keys(&store, config, environment).await },
        Finding { about: "grants", outcome: said(overdue(&store, config).await) },
        Finding { about: CONNECTORS, outcome: said(connectors(&store).await) },
    ];
    store.close().await;
    found
}

fn said(outcome: Result<Result<String, String>, StoreError>) -> Result<String, String> {
    outcome.unwrap_or_else(|e| Err(e.to_string()))
}

async fn keys(store: &Store, config: &Config, environment: &Environment) -> Result<String, String> {
    match Keys::look(store, &wiring::master_key(config, environment), &SystemRng).await {
        Ok(Some(_)) => Ok(String::from("the master key opens them; keep it out of backups of the database")),
        Ok(None) => Ok(String::from("are made at the first start")),
        Err(e) => Err(format!("{e}. Until then no broker starts on this database")),
    }
}

/// Grants whose access should be gone and is not: a target that is down, a version that may not run, or no broker that does the work.
async fn overdue(store: &Store, config: &Config) -> Result<Result<String, String>, StoreError> {
    let grace = wiring::settings("", "", &config.limits).overdue_grace_ms;
    let mut reads = store.reads().await?;
    let mut late = Vec::new();
    for state in [GrantState::Ending, GrantState::Active, GrantState::Suspended] {
        let filter = GrantFilter { state: Some(state), ..GrantFilter::default() };
        let mut after = None;
        loop {
            let part = reads.grants(&filter, after.as_ref(), PART).await?;
            after = part.last().map(|grant| grant.id.clone());
            let is_last = part.len() < PART as usize;
            late.extend(part.into_iter().filter(|grant| is_late(grant, grace)));
            if is_last {
                break;
            }
        }
    }
    if late.is_empty() {
        return Ok(Ok(String::from("none is overdue")));
    }
    let mut named = Vec::new();
    for grant in late.iter().take(NAMED) {
        named.push(tell(&mut reads, grant).await?);
    }
    let more = if late.len() > NAMED { format!(", and {} more", late.len() - NAMED) } else { String::new() };
    Ok(Err(format!(
        "{} overdue, so access that should be gone may be there: {}{more}. See that a broker runs, and that the targets answer \
         (`hallpass target check`); `hallpass grant show` says what each waits for",
        count(late.len(), "grant is", "grants are"),
        named.join(", ")
    )))
}

/// Ending for too long, or past its end without anybody having taken it up.
fn is_late(grant: &Grant, grace: Millis) -> bool {
    let now = SystemClock.now();
    grant.is_overdue(now, grace) || (grant.state != GrantState::Ending && grant.ends.is_some_and(|ends| ends.plus(grace) < now))
}

async fn tell(reads: &mut Reads<'_>, grant: &Grant) -> Result<String, StoreError> {
    let target = reads.target(&grant.target).await?.map_or_else(|| grant.target.to_string(), |target| target.name.to_string());
    let holder = reads.principal(&grant.principal).await?.map_or_else(|| grant.principal.to_string(), |holder| holder.name.to_string());
    let since = grant.ending_since.or(grant.ends).map_or_else(String::new, |at| format!(" since {at}"));
    Ok(format!("{} of {holder} in {target}{since}", grant.id))
}

/// Versions that may not run and are still needed, and calls that have stopped.
async fn connectors(store: &Store) -> Result<Result<String, String>, StoreError> {
    let mut reads = store.reads().await?;
    let targets = reads.targets().await?;
    let mut wrong = Vec::new();
    for row in reads.connectors().await?.into_iter().filter(|row| row.state == ConnectorState::Banned) {
        let name = format!("{} {}", row.facts.name, row.facts.version);
        let using: Vec<&str> = targets.iter().filter(|t| t.connector == row.facts.digest).map(|t| t.name.as_str()).collect();
        if !using.is_empty() {
            let remedy = "move them to another version with `hallpass connector upgrade`";
            wrong.push(format!("{name} is banned, and used by {}: {remedy}", using.join(", ")));
        }
        let held = reads.live_holdings_of(&row.facts.digest).await?.len();
        if held > 0 {
            let remedy = "move them to another version with `hallpass connector repin`, which then takes the access away";
            wrong.push(format!("{name} is banned, and {} with it: {remedy}", count(held, "holding is", "holdings are")));
        }
    }
    for target in &targets {
        if let Some(stopped) = reads.quarantines(&target.id).await?.into_iter().next() {
            let remedy = "upgrade the connector, or let them go on with `hallpass target lift`";
            wrong.push(format!("calls have stopped in {} after {}: {remedy}", target.name, stopped.reason));
        }
    }
    let sound = "none that is in use is banned, and no target's calls have stopped";
    Ok(if wrong.is_empty() { Ok(String::from(sound)) } else { Err(wrong.join("; ")) })
}

fn count(n: usize, one: &str, more: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { more })
}
