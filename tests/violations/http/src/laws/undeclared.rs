//! Asks for what its manifest does not declare.

use hallpass_connector::grants::Observation;
use hallpass_connector::{Failure, Holding, Invocation, http};

use crate::good;

pub(crate) fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
    http::get(&format!("{}/everything", http::base(inv, "url")?)).send()?;
    good::observe(inv, want)
}
