//! Those laws that can be checked at a real target: the connector in it as a broker calls it, with marks that are nobody's holding.

use std::sync::Arc;

use hallpass_domain::ids::Digest;
use hallpass_domain::port::{Failure, FailureKind, LawTried, NotAdmitted, Trial, TrialVerdict, TrialWish, Tried};
use hallpass_runtime::Runtime;
use hallpass_testkit::{Fixture, Host, Sample, Subject, Surface, Verdict, World};

use super::subject::{Names, Staged};
use super::surface;

/// How long until a connector that answered "still going on" is asked again, in milliseconds.
const PENDING_MS: u64 = 1_000;
/// The most marks of one trial: more wishes than anybody may send.
const MARKS: u32 = 64;

/// A target, and whoever calls a connector there.
struct AtTarget<'a> {
    runtime: &'a Runtime,
    trial: &'a Trial,
    surface: Surface,
}

impl Host for AtTarget<'_> {
    fn surface(&self) -> &Surface {
        &self.surface
    }

    /// The world is empty: what answers is the target.
    fn subject(&self, _: &Arc<World>) -> Arc<dyn Subject> {
        let call = &self.trial.call;
        let stamps: Vec<_> = (0..MARKS).map(|n| self.trial.stamp(n)).collect();
        let stamp = move |holding: u32| {
            let found = usize::try_from(holding).ok().and_then(|n| stamps.get(n).cloned());
            let none = |what: &str| Failure::none(FailureKind::Internal, "no-mark", what);
            found.ok_or_else(|| none("there are no more marks"))?.map_err(|e| none(&e.to_string()))
        };
        Arc::new(Staged {
            runtime: self.runtime.beside(),
            connector: call.connector,
            clock: self.runtime.clock(),
            endpoint: Ok(Arc::clone(&call.endpoint)),
            granted: call.granted.clone(),
            fence: Arc::clone(&call.fence),
            // Another trial is another operation: a target that remembers operations must not take it for this one.
            names: Names { stamp: Box::new(stamp), seed: self.trial.seed(call.operation.as_str()) },
            pause: PENDING_MS,
            trap: Arc::default(),
        })
    }
}

/// Runs the laws with the trial's wishes.
pub(super) async fn try_out(runtime: &Runtime, trial: &Trial) -> Result<Tried, NotAdmitted> {
    let connector = &trial.call.connector;
    let surface = surface(runtime, connector).ok_or_else(|| refused(connector))?;
    let wishes = trial.wishes.iter().map(sample).collect();
    let host = AtTarget { runtime, trial, surface };
    let tried = hallpass_testkit::try_out(&host, wishes, trial.ends.as_unsigned()).await;
    let laws = tried.report.laws.into_iter().map(|checked| LawTried {
        law: checked.law.to_owned(),
        says: checked.says.to_owned(),
        verdict: match checked.verdict {
            Verdict::Kept { calls } => TrialVerdict::Kept { calls },
            Verdict::Skipped { because } => TrialVerdict::Skipped { because },
            Verdict::Broken(finding) => TrialVerdict::Broken { item: finding.item.to_owned(), what: finding.what, mend: finding.mend },
        },
    });
    Ok(Tried { laws: laws.collect(), left: tried.left })
}

fn refused(connector: &Digest) -> NotAdmitted {
    NotAdmitted { reason: format!("the connector {connector} is not loaded"), remedy: "Load its file".to_owned() }
}

/// What the author of a connector wishes for in its fixture.
pub(super) fn of_fixture(runtime: &Runtime, connector: &Digest) -> Result<Vec<TrialWish>, NotAdmitted> {
    let unread = |e: &dyn std::fmt::Display| NotAdmitted {
        reason: format!("the wishes of its fixture cannot be read: {e}"),
        remedy: "Name the wishes with `--wishes FILE`, or mend the fixture".to_owned(),
    };
    let fixture = Fixture::parse(&runtime.fixture(connector).unwrap_or_default()).map_err(|e| unread(&e))?;
    let wish = |sample: Sample| {
        let resource = sample.resource.parse().map_err(|e| unread(&e))?;
        let Sample { name, entitlement, account, parameters, .. } = sample;
        Ok(TrialWish { name, entitlement, resource, account, parameters })
    };
    fixture.wishes.into_iter().map(wish).collect()
}

fn sample(wish: &TrialWish) -> Sample {
    Sample {
        name: wish.name.clone(),
        entitlement: wish.entitlement.clone(),
        resource: wish.resource.to_string(),
        account: wish.account.clone(),
        parameters: wish.parameters.clone(),
    }
}
