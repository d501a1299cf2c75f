//! Shorter ways to say why a call failed.

use crate::{Effect, Failure, FailureKind};

impl Failure {
    /// A failure that promises to have changed nothing; say otherwise with [`Failure::leaving`]. `code` is a stable word of
    /// `[a-z0-9-]`, at most 64 bytes; `message` is one sentence for a person that names the cause and the remedy.
    pub fn new(kind: FailureKind, code: &str, message: impl Into<String>) -> Self {
        Self { kind, code: code.to_owned(), message: message.into(), effect: Effect::None, retry_after_ms: None }
    }

    /// The wish itself cannot be carried out: the request must be fixed.
    pub fn invalid_input(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::InvalidInput, code, message)
    }

    /// The broker's own account in the target may not do this.
    pub fn forbidden(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Forbidden, code, message)
    }

    /// Something that the wish names is not in the target.
    pub fn not_found(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::NotFound, code, message)
    }

    /// The target holds something that contradicts the wish.
    pub fn conflict(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Conflict, code, message)
    }

    /// The target cannot be reached or is not ready.
    pub fn unavailable(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Unavailable, code, message)
    }

    /// This connector or this target does not do that.
    pub fn unsupported(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Unsupported, code, message)
    }

    /// A fault of the connector itself.
    pub fn internal(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Internal, code, message)
    }

    /// The same failure, with what the call left in the target. When in doubt it is [`Effect::Unknown`]: the broker then looks.
    #[must_use]
    pub fn leaving(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// The same failure, after an earlier step of this call took effect: a promise of nothing becomes [`Effect::Partial`], a doubt
    /// stays a doubt.
    #[must_use]
    pub fn after_a_change(mut self) -> Self {
        if self.effect != Effect::Unknown {
            self.effect = Effect::Partial;
        }
        self
    }

    /// The same failure, with the milliseconds that the target asked to wait.
    #[must_use]
    pub fn retry_after_ms(mut self, milliseconds: u64) -> Self {
        self.retry_after_ms = Some(milliseconds);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_is_not_forgotten_when_an_earlier_step_took_effect() {
        let lost = Failure::unavailable("lost", "the reply was lost").leaving(Effect::Unknown).after_a_change();
        assert_eq!(lost.effect, Effect::Unknown);
        let refused = Failure::conflict("owns-objects", "the role owns a table").after_a_change();
        assert_eq!(refused.effect, Effect::Partial);
    }
}
