//! What is fixed for one call, and what is known of its effect. The host state around it is in `call`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    /// Shared with the tasks in which its requests go out.
    pub(crate) progress: Arc<Progress>,
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
    sending: Mutex<Sending>,
    outage: AtomicBool,
}

/// What went out. One lock over all of it: whether a change still begins and what is told of the call are decided in one order.
#[derive(Debug, Default)]
struct Sending {
    /// Changes that went out and were not answered, or not yet.
    doubts: u32,
    committed: bool,
    /// What became of the call was told.
    closed: bool,
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
    fn sending(&self) -> MutexGuard<'_, Sending> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the call and says where it stands. A request goes out in a task of its own, which may outrun the call by a moment: from
    /// now on none begins any more, so that nothing goes out that what is told here does not count. Can be called again.
    pub(crate) fn close(&self) -> Step {
        let mut sending = self.sending();
        sending.closed = true;
        if sending.doubts > 0 {
            Step::InDoubt
        } else if sending.committed {
            Step::Committed
        } else {
            Step::Nothing
        }
    }

    /// A change goes out, unless the call is closed. Until one of the next two is called it is in doubt.
    pub(crate) fn begin_sending(&self) -> Result<(), Failure> {
        let mut sending = self.sending();
        if sending.closed {
            return Err(Failure::none(FailureKind::Timeout, "call-over", "the call ended before this was sent"));
        }
        sending.doubts += 1;
        Ok(())
    }

    /// It was answered: it took effect, or may have.
    pub(crate) fn committed(&self) {
        let mut sending = self.sending();
        sending.committed = true;
        sending.doubts -= 1;
    }

    /// It was answered, or never left: it took no effect.
    pub(crate) fn without_effect(&self) {
        self.sending().doubts -= 1;
    }

    /// The host could not reach the target, or was not let in.
    pub(crate) fn note_outage(&self) {
        self.outage.store(true, Ordering::SeqCst);
    }

    /// Whether the host itself saw that the target is not there.
    pub(crate) fn outage(&self) -> bool {
        self.outage.load(Ordering::SeqCst)
    }
}

impl Step {
    /// The effect of a call that the connector itself ended with a failure, of which it claims `claim`. The host knows better
    /// what was committed; only whether that was all is the connector's to say.
    pub(crate) fn effect(self, claim: Effect) -> Effect {
        match (self, claim) {
            (Self::Nothing, _) => Effect::None,
            (Self::Committed, Effect::None) => Effect::Partial,
            (Self::Committed, claim) => claim,
            (Self::InDoubt, _) => Effect::Unknown,
        }
    }

    /// The effect of a call that was cut off: by a trap, its deadline or a broken rule.
    pub(crate) fn cut_off(self) -> Effect {
        if self == Self::Nothing { Effect::None } else { Effect::Unknown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connector_cannot_talk_a_commit_away() {
        let progress = Progress::default();
        progress.begin_sending().unwrap();
        progress.committed();
        let step = progress.close();
        assert_eq!(step, Step::Committed);
        assert_eq!(step.effect(Effect::None), Effect::Partial);
        assert_eq!(step.effect(Effect::Unknown), Effect::Unknown);
        assert_eq!(step.cut_off(), Effect::Unknown);
        assert_eq!(Step::Nothing.effect(Effect::Applied), Effect::None, "nothing went out, whatever it claims");
    }

    #[test]
    fn one_answer_does_not_settle_another_doubt() {
        let progress = Progress::default();
        progress.begin_sending().unwrap();
        progress.begin_sending().unwrap();
        progress.committed();
        assert_eq!(progress.close(), Step::InDoubt);
        progress.without_effect();
        assert_eq!(progress.close(), Step::Committed);
    }

    #[test]
    fn a_change_is_told_of_or_does_not_begin() {
        let (before, after) = (Progress::default(), Progress::default());
        before.begin_sending().unwrap();
        assert_eq!(before.close().effect(Effect::None), Effect::Unknown, "it may be on its way");
        assert_eq!(after.close().cut_off(), Effect::None);
        let refused = after.begin_sending().unwrap_err();
        assert_eq!((refused.code.as_str(), refused.effect), ("call-over", Effect::None));
        assert_eq!(after.close(), Step::Nothing, "what did not begin is no doubt");
    }
}
