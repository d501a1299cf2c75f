//! The laws, one file each, in the order in which they are checked: a law may rest on those before it.

mod absent;
pub(crate) mod agreement;
mod canary;
mod dry_run;
mod fixture;
mod fresh;
mod garbage;
mod health;
mod look;
mod lost;
mod paging;
mod reads;
mod refusal;
mod secrets;
mod silence;
mod tools;
mod trap;
mod twice;

use std::future::Future;
use std::pin::Pin;

use crate::bench::{Bench, Law};
use crate::fixture::Fixture;
use crate::report::{Checked, Report, Verdict};
use crate::subject::Host;

pub(crate) use twice::difference;

type Checking<'a> = Pin<Box<dyn Future<Output = Law> + Send + 'a>>;

/// A law and how it is checked.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
    /// Why it does not concern this connector.
    skip: fn(&Bench<'_>) -> Option<&'static str>,
    check: for<'a> fn(&'a Bench<'a>) -> Checking<'a>,
}

fn always(_: &Bench<'_>) -> Option<&'static str> {
    None
}

macro_rules! laws {
    ($($module:ident $name:literal $says:literal $skip:expr;)+) => {
        /// All laws.
        pub(crate) const LAWS: &[Entry] = &[$(Entry { name: $name, says: $says, skip: $skip, check: |bench| Box::pin($module::check(bench)) },)+];
    };
}

laws! {
    fixture "fixture" "the fixture has a sample for everything that the connector declares" always;
    health "health" "health succeeds where nothing is wrong, and fails where the target does" always;
    agreement "agreement" "after every change, `observe` and the host's look see what was asked for" always;
    twice "twice" "applying twice is one effect" always;
    absent "absent" "revoking what is absent is fine" always;
    look "every-step" "each step that gives or takes a right is needed: the look sees when one is left out" always;
    reads "reads" "`observe`, `health`, `describe` and listings change nothing" always;
    dry_run "dry-run" "a dry run changes nothing" always;
    secrets "secrets" "a secret is made and delivered when asked for, and only then" secrets::skip;
    refusal "refusal" "a refusal of the target ends as a failure of its kind, and the effect is told truthfully" always;
    lost "lost-reply" "after a lost connection or reply, the same call again reaches the goal" always;
    trap "trap" "after a trap at any step, the same call again reaches the goal" always;
    silence "deadline" "a target that never answers ends in `timeout` at the deadline, and the same call again reaches the goal" always;
    garbage "garbage" "an answer that makes no sense ends as a failure" always;
    fresh "fresh-instance" "a fresh instance gives the same result" always;
    paging "paging" "paging covers everything once and says when it is complete" paging::skip;
    tools "tools" "a tool does what it is described as, and says truthfully what became of it" tools::skip;
    canary "canary" "no secret shows in an output, a log line or an error" always;
}

/// Checks all laws. A law that is broken does not keep the others from being checked.
pub async fn conform(host: &dyn Host, fixture: &Fixture) -> Report {
    let bench = Bench::new(host, fixture);
    let mut report = Report::default();
    for law in LAWS {
        let verdict = match (law.skip)(&bench) {
            Some(because) => Verdict::Skipped { because: because.to_owned() },
            None => match (law.check)(&bench).await {
                Ok(()) => Verdict::Kept { calls: bench.calls() },
                Err(finding) => Verdict::Broken(finding),
            },
        };
        bench.calls();
        report.laws.push(Checked { law: law.name, says: law.says, verdict });
    }
    report
}
