//! Where calls over HTTP leave the process: the one place that makes a client.
//!
//! [`Client`] speaks to one broker: HTTPS, or HTTP to this machine only; no redirects, no proxies from the environment,
//! a time limit for each call and a size limit for each answer.

mod address;
mod client;
mod problem;

pub use address::AddressError;
pub use client::{Body, Client, EgressError, MAX_ANSWER_BYTES};
pub use problem::Problem;
pub use reqwest::Method;
