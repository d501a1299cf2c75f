//! What is fixed for one call, and what is known of its effect. The host state around it is in `call`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use hallpass_domain::clock::{Clock, Millis};
use hallpass_domain::port::{Effect, Failure, FailureKind, Invocation, Wish};
use hallpass_domain::rng::Rng;

use crate::capability::sql::pool::Pools;
use crate::capability::sql::statement::render::Frozen;
use crate::limits::Limits;
use crate::manifest::Manifest;
use crate::manifest::document::Call;
use crate::stage::Stage;

/// What all calls of a runtime share.
pub(crate) struct Services {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) limits: Limits,
    pub(crate) pools: Arc<Pools>,
    /// In conformance, what answers instead of a target.
    pub(crate) stage: Option<Arc<dyn Stage>>,
}

/// One call, frozen.
pub(crate) struct Frame {
    pub(crate) services: Arc<Services>,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) call: Invocation,
    pub(crate) wish: Option<Wish>,
    pub(crate) kind: Call,
    pub(crate) progress: Progress,
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
    step: AtomicU8,
    outage: AtomicBool,
}

/// The steps of [`Progress`], in order of what must be assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// Nothing that changes was committed: what was open is rolled back by the target.
    Nothing = 0,
    /// Something was committed for sure.
    Committed = 1,
    /// A commit went out and was not answered.
    InDoubt = 2,
}

impl Progress {
    /// Where the call stands.
    pub(crate) fn step(&self) -> Step {
        match self.step.load(Ordering::SeqCst) {
            0 => Step::Nothing,
            1 => Step::Committed,
            _ => Step::InDoubt,
        }
    }

    /// Moves to `step`; only the answer to a commit moves back.
    pub(crate) fn set(&self, step: Step) {
        self.step.store(step as u8, Ordering::SeqCst);
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
        progress.set(Step::InDoubt);
        assert_eq!(progress.effect(Effect::None), Effect::Unknown);
        progress.set(Step::Committed);
        assert_eq!(progress.effect(Effect::None), Effect::Partial);
        assert_eq!(progress.effect(Effect::Unknown), Effect::Unknown);
        assert_eq!(progress.cut_off(), Effect::Unknown);
    }
}
