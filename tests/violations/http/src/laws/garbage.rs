//! Trusts the target to make sense.

use hallpass_connector::grants::Outcome;
use hallpass_connector::{Failure, Holding, Invocation, http};
use serde_json::Value;

use crate::good;

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    let answer = http::get(&good::url(inv, want)?).send()?;
    if !answer.body().is_empty() && answer.body() != b"no such key" {
        let key: Value = serde_json::from_slice(answer.body()).unwrap();
        assert!(key["owner"].is_string());
    }
    good::apply(inv, want)
}
