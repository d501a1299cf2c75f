//! Where calls over HTTP leave the process: the one place that makes a client.
//!
//! [`Client`] speaks to one broker: HTTPS, or HTTP to this machine only; no redirects, no proxies from the environment,
//! a time limit for each call and a size limit for each answer.
//!
//! [`Egress`] sends the requests of connectors. The way of one: [`Allowance`] (`policy`: destinations and the requests that each
//! takes) → `place` (secrets that belong into a body) and `head` (what only
//! the host says is dropped) → `inject` (the credential) → `resolve` and `network` (addresses, and which of
//! them were granted) → `dial` and `tls` (the checked address, the target's roots) or `pool` → `limits` (bytes and time) → `answer`
//! (size, headers, `redact` and `spelling`, secrets moved out).
//!
//! Invariants: what is dialled is an address that was checked; a credential goes to the destination that the manifest binds it to, and
//! into no answer, error or log line; a request that no rule fits is not sent.

mod address;
mod answer;
mod client;
mod dial;
mod egress;
mod fingerprint;
mod head;
mod inject;
mod limits;
mod network;
mod origin;
mod path;
mod place;
mod policy;
mod pool;
mod problem;
mod redact;
mod refusal;
mod resolve;
mod spelling;
mod stage;
mod tls;

pub use address::AddressError;
pub use answer::{Answer, AnswerBody, is_kept_back};
pub use client::{Body, Client, EgressError, MAX_ANSWER_BYTES};
pub use egress::{Egress, Request, Unwatched, Watch};
pub use head::is_hosts_own;
pub use inject::{Basic, Bearer, Certificate, ClientAuth, Credential, Header, Kind, OAuth2, Query, SigV4};
pub use limits::{Bounds, Timeouts};
pub use network::NetworkGrant;
pub use origin::{Host, Origin, Scheme, parse_base};
pub use path::{Segment, encode};
pub use policy::{Allowance, Allowed, Destination, Rule};
pub use problem::Problem;
pub use refusal::Refusal;
pub use reqwest::Method;
pub use resolve::{Resolve, SystemResolver};
pub use stage::{Broke, Stage, StagedAnswer, StagedRequest};
