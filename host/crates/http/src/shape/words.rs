//! Schemas of the domain's closed words, made from the domain's own lists, so that the document cannot say other words.

use hallpass_broker::Obstacle;
use hallpass_domain::connector::ConnectorState;
use hallpass_domain::grant::{EndReason, GrantState, Left, SeenBy};
use hallpass_domain::holding::Mode;
use hallpass_domain::port::Sessions;
use hallpass_domain::principal::{PrincipalKind, PrincipalState};
use hallpass_domain::request::{OnTimeout, Verdict};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

macro_rules! words {
    ($($name:ident: $of:ty;)+) => {$(
        pub(crate) fn $name() -> Object {
            one_of(<$of>::ALL.iter().map(|word| word.as_str()))
        }
    )+};
}

words! {
    connector_state: ConnectorState;
    principal_kind: PrincipalKind;
    principal_state: PrincipalState;
    grant_state: GrantState;
    end_reason: EndReason;
    seen_by: SeenBy;
    left: Left;
    mode: Mode;
    sessions: Sessions;
    verdict: Verdict;
    on_timeout: OnTimeout;
    obstacle: Obstacle;
}

/// Where a request stands. The domain's state carries data, so its words are listed here; a test compares.
pub(crate) const REQUEST_STATES: [&str; 5] = ["pending", "approved", "denied", "withdrawn", "lapsed"];

/// There is no credential and never was.
pub(crate) const NO_CREDENTIAL: &str = "none";

/// Whether a credential waits; a test compares.
pub(crate) const CREDENTIAL_STATES: [&str; 4] = [NO_CREDENTIAL, "waiting", "picked-up", "erased"];

pub(crate) fn request_state() -> Object {
    one_of(REQUEST_STATES)
}

pub(crate) fn credential_state() -> Object {
    one_of(CREDENTIAL_STATES)
}

fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.into_iter().map(str::to_owned))).build()
}

#[cfg(test)]
mod tests {
    use hallpass_domain::Timestamp;
    use hallpass_domain::request::RequestState as S;

    use super::*;

    #[test]
    fn the_words_for_states_of_a_request_are_those_of_the_domain() {
        let at = Timestamp(1);
        let states = [S::Pending { stage: 0, since: at }, S::Approved { at }, S::Denied { at }, S::Withdrawn { at }, S::Lapsed { at }];
        assert_eq!(states.map(|s| s.as_str()), REQUEST_STATES);
    }
}
