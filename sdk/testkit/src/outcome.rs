//! What every outcome must keep, however it came about: done is done, and a failure tells the truth about its effect.

use crate::bench::{Bench, Law, Scene, broken, run, said, wish};
use crate::laws::difference;
use crate::subject::{Effect, Entitlement, Failure, Presence, Run, Wish};
use crate::world::{Fault, Point, State};

/// A change that may go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    Apply,
    Revoke,
}

impl Change {
    pub(crate) const ALL: [Self; 2] = [Self::Apply, Self::Revoke];

    pub(crate) fn item(self) -> &'static str {
        if self == Self::Apply { "grants.apply" } else { "grants.revoke" }
    }

    fn goal(self) -> Presence {
        if self == Self::Apply { Presence::Present } else { Presence::Absent }
    }
}

/// One change that one fault struck.
pub(crate) struct Struck<'a> {
    pub(crate) scene: Scene<'a>,
    pub(crate) want: Wish,
    pub(crate) done: Result<(), Failure>,
    /// What happened, as the beginning of a sentence.
    pub(crate) story: String,
    change: Change,
    before: State,
}

/// The steps of a change in which nothing goes wrong.
async fn steps(bench: &Bench<'_>, change: Change, first: &Wish) -> Law<Vec<Point>> {
    let scene = bench.scene();
    match change {
        Change::Apply => scene.applied(&run(1), first).await.map(drop)?,
        Change::Revoke => {
            let (want, _) = scene.applied(&run(1), first).await?;
            scene.revoked(&run(2), &want).await?;
        }
    }
    Ok(scene.trace())
}

/// Makes a change into which `fault` strikes at its `n`th step, in a new world.
async fn strike<'a>(bench: &'a Bench<'a>, change: Change, first: &Wish, (n, step): (usize, &Point), fault: Fault) -> Law<Struck<'a>> {
    let scene = bench.scene();
    let want = if change == Change::Revoke { scene.applied(&run(1), first).await?.0 } else { first.clone() };
    let before = scene.state();
    let story = format!("`{}`: {} ({step} {fault})", want.sample.name, change.item());
    scene.strike(n, fault);
    let done = match change {
        Change::Apply => scene.apply(&run(2), &want).await.map(drop),
        Change::Revoke => scene.revoke(&run(2), &want).await.map(drop),
    };
    Ok(Struck { scene, want, done, story, change, before })
}

impl Struck<'_> {
    /// What was said of the change is true: the look sees what is called done, and the effect of a failure is the one that it names.
    pub(crate) async fn check_truth(&self) -> Law {
        let item = self.change.item();
        let seen = self.scene.look(&self.want).await?;
        match &self.done {
            Ok(()) if seen == Some(self.change.goal()) => Ok(()),
            Ok(()) => {
                let mend = "Settle only what is so: give the failure of the target on with `?`";
                Err(broken(item, format!("{} says that it settled, and the look does not see it", self.story), mend))
            }
            Err(failure) => match failure.effect {
                Effect::None if self.scene.state() != self.before => {
                    let what =
                        format!("{} ends in {}, and yet {}", self.story, said(failure), difference(&self.before, &self.scene.state()));
                    Err(broken(
                        item,
                        what,
                        "Say what you left behind: `.after_a_change()` once a step took effect, `.leaving(Effect::Unknown)` in doubt",
                    ))
                }
                Effect::Applied if seen != Some(self.change.goal()) => {
                    let what = format!("{} ends in {}, and the look does not see it", self.story, said(failure));
                    Err(broken(item, what, "Say `effect: applied` only of what is whole; in doubt it is `unknown`"))
                }
                _ => Ok(()),
            },
        }
    }

    /// The same change again reaches the goal, and what was made is one thing, which one revoke takes away.
    pub(crate) async fn check_recovery(&self, entitlement: &Entitlement, clean: &State) -> Law {
        let mend = "Look first and go on from what is there: a call may have ended after any of its steps, with or without its effect";
        let again = Run { attempt: 9, ..run(2) };
        let fails = |what: &str, failure: &Failure| {
            broken(self.change.item(), format!("{}, and {what} fails: {}", self.story, said(failure)), mend)
        };
        if self.change == Change::Apply {
            let want = Wish { fresh_credential: entitlement.provisions, ..self.want.clone() };
            self.scene.apply(&again, &want).await.map_err(|failure| fails("the same call again", &failure))?;
            if self.scene.look(&want).await? != Some(Presence::Present) {
                return Err(broken(
                    "grants.apply",
                    format!("{}, and after the same call again the look does not see it", self.story),
                    mend,
                ));
            }
            if self.scene.state().keys().ne(clean.keys()) {
                let what = format!(
                    "{}, and the same call again does not leave what one call leaves: {}",
                    self.story,
                    difference(clean, &self.scene.state())
                );
                return Err(broken("grants.apply", what, mend));
            }
        }
        self.scene.revoke(&again, &self.want).await.map_err(|failure| fails("a revoke after it", &failure))?;
        if self.scene.look(&self.want).await? == Some(Presence::Absent) {
            return Ok(());
        }
        Err(broken("grants.revoke", format!("{}, and a revoke after it leaves the access there", self.story), mend))
    }
}

/// A step of a change, and what it is for.
pub(crate) struct Place {
    pub(crate) change: Change,
    pub(crate) first: Wish,
    pub(crate) entitlement: Entitlement,
    /// What a world holds after one apply in which nothing goes wrong.
    pub(crate) clean: State,
    /// Which step, counted from 0.
    pub(crate) n: usize,
    pub(crate) step: Point,
}

impl Place {
    /// Lets `fault` strike here, in a new world.
    pub(crate) async fn strike<'a>(&self, bench: &'a Bench<'a>, fault: Fault) -> Law<Struck<'a>> {
        strike(bench, self.change, &self.first, (self.n, &self.step), fault).await
    }
}

/// Every step of every change.
pub(crate) async fn places(bench: &Bench<'_>) -> Law<Vec<Place>> {
    let mut all = Vec::new();
    for (sample, entitlement) in bench.samples() {
        let first = wish(sample, entitlement);
        let scene = bench.scene();
        scene.applied(&run(1), &first).await?;
        for change in Change::ALL {
            let steps = steps(bench, change, &first).await?.into_iter().enumerate();
            all.extend(steps.map(|(n, step)| Place {
                change,
                first: first.clone(),
                entitlement: entitlement.clone(),
                clean: scene.state(),
                n,
                step,
            }));
        }
    }
    Ok(all)
}
