//! What is fixed for one call, and what is known of its effect. The host state around it is in `call`.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use hallpass_domain::clock::{Clock, Millis};
use hallpass_domain::port::{Effect, Failure, FailureKind, Invocation, Wish};
use hallpass_domain::rng::Rng;
use hallpass_domain::secret::SecretText;
use hallpass_egress::{Allowance, Egress};

use crate::capability::sql::pool::Pools;
use crate::capability::sql::statement::render::Frozen;
use crate::limits::Limits;
use crate::low_priority::LowPriority;
use crate::manifest::Manifest;
use crate::manifest::document::Call;
use crate::stage::Stage;
use crate::turns::Ticks;

/// What all calls of a runtime share.
pub(crate) struct Services {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) limits: Limits,
    pub(crate) pools: Arc<Pools>,
    pub(crate) egress: Arc<Egress>,
    /// In conformance, what answers instead of a target.
    pub(crate) stage: Option<Arc<dyn Stage>>,
    pub(crate) ticks: Ticks,
    pub(crate) low_priority: LowPriority,
}

/// One call, frozen.
pub(crate) struct Frame {
    pub(crate) services: Arc<Services>,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) call: Invocation,
    pub(crate) wish: Option<Wish>,
    pub(crate) kind: Call,
    pub(crate) progress: Progress,
    /// What it may send over HTTP.
    pub(crate) http: Arc<Allowance>,
    /// Secrets that were made in it, by their recipe.
    pub(crate) made: Mutex<Vec<(String, SecretText)>>,
    /// Secrets that the target answered with, by the name that the manifest gives them.
    pub(crate) captured: Mutex<Vec<(String, SecretText)>>,
}

impl Frame {
    /// What the host fills slots with.
    pub(crate) fn frozen(&self) -> Frozen<'_> {
        Frozen { wish: self.wish.as_ref(), attempt: self.call.attempt }
    }

    /// Whether an operator granted the permission of this kind and name. What the manifest asks for is not enough.
    pub(crate) fn permit(&self, kind: &str, name: &str) -> Result<(), Failure> {
        if self.manifest.permission(kind, name).is_some_and(|line| self.call.granted.allows(line)) {
            return Ok(());
        }
        let message = format!("the {kind} `{name}` was not granted to this version of the connector: an operator must accept it");
        Err(Failure::none(FailureKind::Forbidden, "not-granted", message))
    }

    /// Until the call is cut off, in milliseconds.
    pub(crate) fn remaining(&self) -> Millis {
        self.call.deadline.since(self.services.clock.now())
    }
}

/// What the host itself knows of the target after everything that it sent. It outlives a call that is cut off.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Changes that went out and were not answered, or not yet.
    doubts: AtomicU32,
    committed: AtomicBool,
    outage: AtomicBool,
}

/// Where a call stands, in order of what must be assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// Nothing that changes was committed: what was open is rolled back by the target.
    Nothing,
    /// Something was committed for sure, or was answered in a way that leaves it possible.
    Committed,
    /// A change went out and was not answered.
    InDoubt,
}

impl Progress {
    /// Where the call stands.
    pub(crate) fn step(&self) -> Step {
        if self.doubts.load(Ordering::SeqCst) > 0 {
            Step::InDoubt
        } else if self.committed.load(Ordering::SeqCst) {
            Step::Committed
        } else {
            Step::Nothing
        }
    }

    /// A change goes out. Until one of the other two is called it is in doubt.
    pub(crate) fn sent(&self) {
        self.doubts.fetch_add(1, Ordering::SeqCst);
    }

    /// It was answered: it took effect, or may have.
    pub(crate) fn committed(&self) {
        self.committed.store(true, Ordering::SeqCst);
        self.doubts.fetch_sub(1, Ordering::SeqCst);
    }

    /// It was answered, or never left: it took no effect.
    pub(crate) fn without_effect(&self) {
        self.doubts.fetch_sub(1, Ordering::SeqCst);
    }

    /// The host could not reach the target, or was not let in.
    pub(crate) fn note_outage(&self) {
        self.outage.store(true, Ordering::SeqCst);
    }

    /// Whether the host itself saw that the target is not there.
    pub(crate) fn outage(&self) -> bool {
        self.outage.load(Ordering::SeqCst)
    }

    /// The effect of a call that the connector itself ended with a failure, of which it claims `claim`. The host knows better
    /// what was committed; only whether that was all is the connector's to say.
    pub(crate) fn effect(&self, claim: Effect) -> Effect {
        match (self.step(), claim) {
            (Step::Nothing, _) => Effect::None,
            (Step::Committed, Effect::None) => Effect::Partial,
            (Step::Committed, claim) => claim,
            (Step::InDoubt, _) => Effect::Unknown,
        }
    }

    /// The effect of a call that was cut off: by a trap, its deadline or a broken rule.
    pub(crate) fn cut_off(&self) -> Effect {
        if self.step() == Step::Nothing { Effect::None } else { Effect::Unknown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connector_cannot_talk_a_commit_away() {
        let progress = Progress::default();
        assert_eq!(progress.effect(Effect::Applied), Effect::None, "nothing went out, whatever it claims");
        assert_eq!(progress.cut_off(), Effect::None);
        progress.sent();
        assert_eq!(progress.effect(Effect::None), Effect::Unknown);
        progress.committed();
        assert_eq!(progress.effect(Effect::None), Effect::Partial);
        assert_eq!(progress.effect(Effect::Unknown), Effect::Unknown);
        assert_eq!(progress.cut_off(), Effect::Unknown);
    }

    #[test]
    fn one_answer_does_not_settle_another_doubt() {
        let progress = Progress::default();
        progress.sent();
        progress.sent();
        progress.committed();
        assert_eq!(progress.step(), Step::InDoubt);
        progress.without_effect();
        assert_eq!(progress.step(), Step::Committed);
    }
}
