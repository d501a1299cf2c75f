//! The laws that can be checked at a real target: those that need no faults, and whose effect a look can see. Everything that is made
//! there is taken away again, whatever a law finds.

use std::sync::{Mutex, PoisonError};

use crate::bench::{Bench, Law, Scene, broken, run, said, wish};
use crate::fixture::{Fixture, Sample};
use crate::laws::LAWS;
use crate::laws::agreement::seen;
use crate::report::{Checked, Finding, Report, Verdict};
use crate::subject::{Applied, Done, Entitlement, Host, Presence, Run, Wish};

mod laws;
#[cfg(test)]
mod tests;

/// How long what is made may last: an end that the target enforces comes even if the trial is killed.
const LASTS: u64 = 3_600_000;
/// How often it is tried to take away what a law left.
const SWEEPS: usize = 3;
/// How long after the end of a trial what it made may still be taken away, in milliseconds.
const CLEANUP: u64 = 60_000;
/// Why a law is not checked, or not to its end.
const OVER: &str = "the time of the trial was over";

/// What came of a trial.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tried {
    /// Law by law.
    pub report: Report,
    /// What could not be taken away again.
    pub left: Vec<String>,
}

/// One wish at the target.
struct Place<'a> {
    entitlement: &'a Entitlement,
    first: Wish,
    locator: Mutex<Option<String>>,
}

/// Checks the laws with these wishes. No call is begun after `ends`, in milliseconds since the Unix epoch, but to take away what was
/// made: for one minute more, and what is not gone by then is named. The world that `host` is given
/// is empty: what answers is the target.
pub async fn try_out(host: &dyn Host, wishes: Vec<Sample>, ends: u64) -> Tried {
    let fixture = Fixture { wishes, ..Fixture::default() };
    let bench = Bench::new(host, &fixture);
    let scene = bench.scene();
    let mut places = Vec::new();
    let mut tried = Tried::default();
    for law in LAWS {
        scene.until(ends);
        let because = if law.name == "fixture" { None } else { skip(law.name, &bench, &places) };
        let verdict = if let Some(because) = because {
            Verdict::Skipped { because: because.to_owned() }
        } else if scene.subject.now() >= ends {
            Verdict::Skipped { because: OVER.to_owned() }
        } else {
            let verdict = match law.name {
                "fixture" => prepare(&bench, &scene, &mut places).await,
                name => laws::check(name, &bench, &scene, &places).await.map(|()| None),
            };
            let verdict = match verdict {
                // Nobody knows how it would have gone on.
                _ if scene.is_over() => Verdict::Skipped { because: OVER.to_owned() },
                Ok(None) => Verdict::Kept { calls: bench.calls() },
                Ok(Some(because)) => Verdict::Skipped { because },
                Err(finding) => Verdict::Broken(finding),
            };
            scene.until(ends.saturating_add(CLEANUP));
            sweep(&scene, &mut places, &mut tried.left).await;
            verdict
        };
        bench.calls();
        tried.report.laws.push(Checked { law: law.name, says: law.says, verdict });
    }
    tried
}

/// Why a law is not checked at a real target.
fn skip(law: &str, bench: &Bench<'_>, places: &[Place<'_>]) -> Option<&'static str> {
    match law {
        "health" => None,
        "every-step" | "refusal" | "lost-reply" | "trap" | "deadline" | "garbage" => {
            Some("a real target does not go wrong when it is wished for: the scripted world of the fixture does")
        }
        "tools" => Some("what a tool does cannot be taken back: it is checked in the scripted world of the fixture"),
        "canary" => Some("no canary is among a real target's secrets: it is checked in the scripted world of the fixture"),
        "paging" if !bench.surface().inventory => Some("it does not export `inventory`"),
        "reads" if bench.surface().describe => None,
        "secrets" if !places.is_empty() && !places.iter().any(|p| p.entitlement.provisions) => Some("no wish provisions an account"),
        _ if places.is_empty() => Some("there is no wish that can be tried"),
        _ => None,
    }
}

/// Finds out which wishes can be tried: what they name is not there yet. What an earlier trial left is taken away. `Some`: what is
/// not tried at all.
async fn prepare<'a>(bench: &'a Bench<'_>, scene: &Scene<'_>, places: &mut Vec<Place<'a>>) -> Law<Option<String>> {
    const MEND: &str = "Name something that the target has and nobody holds: `hallpass connector test … --wishes FILE`";
    let declared = &bench.surface().entitlements;
    let unknown = bench.fixture.wishes.iter().find(|sample| !declared.iter().any(|e| e.name == sample.entitlement));
    if let Some(sample) = unknown {
        return Err(broken(
            "hallpass:fixture",
            format!("`{}` wishes for `{}`, which it does not declare", sample.name, sample.entitlement),
            MEND,
        ));
    }
    let mut fault = None;
    for (n, (sample, entitlement)) in (1..).zip(bench.samples()) {
        // Whole seconds: what targets keep of an end.
        let until = scene.subject.now() / 1_000 * 1_000 + LASTS;
        let place = Place { entitlement, first: Wish { holding: n, until, ..wish(sample, entitlement) }, locator: Mutex::default() };
        if entitlement.provisions == sample.account.is_some() {
            let which = if entitlement.provisions { "names an account, and one is made for it" } else { "names no account" };
            fault.get_or_insert(broken("hallpass:fixture", format!("`{}` {which}", sample.name), MEND));
            continue;
        }
        let mut there = scene.look(&place.first).await;
        if entitlement.marked && there != Ok(Some(Presence::Absent)) {
            let _ = scene.revoke(&run(60), &place.first).await;
            there = scene.look(&place.first).await;
        }
        match there {
            Ok(Some(Presence::Absent)) => places.push(place),
            Ok(_) => {
                let what = format!("`{}` is there already, and a trial would take it away", sample.name);
                fault.get_or_insert(broken("hallpass:fixture", what, MEND));
            }
            Err(finding) => drop(fault.get_or_insert(Finding { mend: MEND.to_owned(), ..finding })),
        }
    }
    if let Some(fault) = fault {
        return Err(fault);
    }
    let tried = |name: &str| places.iter().any(|p| p.entitlement.name == name);
    let without: Vec<&str> = declared.iter().map(|e| e.name.as_str()).filter(|name| !tried(name)).collect();
    Ok((!without.is_empty()).then(|| format!("no wish tries {}", without.join(", "))))
}

/// Takes away whatever a law left. A wish that stays is not tried any more.
async fn sweep(scene: &Scene<'_>, places: &mut Vec<Place<'_>>, left: &mut Vec<String>) {
    let mut stuck = Vec::new();
    for (n, place) in places.iter().enumerate() {
        let mut gone = scene.look(&place.now()).await == Ok(Some(Presence::Absent));
        for _ in 0..SWEEPS {
            if !gone {
                let _ = scene.revoke(&run(70), &place.now()).await;
                gone = scene.look(&place.now()).await == Ok(Some(Presence::Absent));
            }
        }
        if !gone {
            let who = place.first.sample.account.clone().unwrap_or_else(|| scene.subject.stamp(place.first.holding));
            left.push(format!("{who}: {} on {}", place.first.sample.entitlement, place.first.sample.resource));
            stuck.push(n);
        }
    }
    for n in stuck.into_iter().rev() {
        places.remove(n);
    }
}

impl Place<'_> {
    fn name(&self) -> &str {
        &self.first.sample.name
    }

    /// The wish as it is known by now: without a new secret.
    fn now(&self) -> Wish {
        let locator = self.locator.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Wish { locator, fresh_credential: false, ..self.first.clone() }
    }

    fn forget(&self) {
        *self.locator.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn apply(&self, scene: &Scene<'_>, run: &Run, want: &Wish) -> Law<Applied> {
        let applied = scene.apply(run, want).await.map_err(|failure| {
            let what = format!("`{}` was applied, and failed: {}", self.name(), said(&failure));
            broken(
                "grants.apply",
                what,
                "See that the target has what the wish names and that its account may give it; else make it settle",
            )
        })?;
        if let Done::Settled { locator, .. } = &applied.done {
            *self.locator.lock().unwrap_or_else(PoisonError::into_inner) = Some(locator.clone());
        }
        Ok(applied)
    }

    async fn first(&self, scene: &Scene<'_>) -> Law<Applied> {
        self.apply(scene, &run(1), &self.first).await
    }

    async fn revoke(&self, scene: &Scene<'_>, number: u32, when: &str) -> Law {
        scene.revoke(&run(number), &self.now()).await.map(drop).map_err(|failure| {
            let what = format!("`{}`, revoked {when}, fails: {}", self.name(), said(&failure));
            broken("grants.revoke", what, "What is gone already is success: settle, with `already` true, and touch nothing")
        })
    }

    async fn seen(&self, scene: &Scene<'_>, want: &Wish, right: Presence, when: &str) -> Law {
        seen(scene, self.entitlement, want, right, when).await
    }
}
