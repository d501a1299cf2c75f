//! Policy: who may ask for what, who must approve it, who may give a verdict, and who may use which verb of the API.
//!
//! Policies are [Cedar](https://docs.cedarpolicy.com) texts beside one `routes.toml`. Together with a small built-in set
//! (`operator.cedar`) they are one [`PolicySet`]: checked as a whole when it is loaded, against the schema
//! (`schema.cedarschema`), and refused as a whole when anything in it is wrong. Outcomes are actions (`request`,
//! `auto_approve`, `approve`); annotations on a permit only say which way an asking goes: `@route`, `@max`,
//! `@justification`.
//!
//! | annotation | on | meaning |
//! | --- | --- | --- |
//! | `@id("…")` | every policy | its name in decisions and in the log; unique; `builtin.` is ours |
//! | `@reason("…")` | every policy | why, for those whom it refuses |
//! | `@route("…")` | permits of `request` | the route in `routes.toml` that must approve |
//! | `@max("30m")` | permits of `request`, `auto_approve` | the longest time that may be asked for |
//! | `@justification("required")` | permits of `request`, `auto_approve` | an asking without one is refused |
//!
//! Of several permits that apply, every route must be satisfied (one after the other, a group once with its larger
//! number), the shortest `@max` holds, and a justification is needed if any asks for one. A permit of `auto_approve`
//! waives the stages, never the limits.
//!
//! Pure and deterministic: facts go in, an answer with the ids of the policies and the revision of the set comes out.
//! No clock, no store. When a policy cannot be evaluated, the answer is no.
//!
//! To add a verb: a variant in [`Action`], a line in the schema, and, if operators or holders may do it, in
//! `operator.cedar`. To add an annotation: `annotation.rs`, then what it means in `decide.rs`.

mod action;
mod annotation;
mod authorize;
mod combine;
mod decide;
mod duration;
mod entity;
mod evaluate;
mod explain;
mod facts;
mod fault;
#[cfg(test)]
mod fixture;
mod load;
mod names;
mod policy_text;
mod route;
mod source;
mod upgrade;

pub use action::Action;
pub use annotation::Asks;
pub use authorize::Verdict;
pub use decide::{Allowed, Decider, Decision, Denied, Unmet};
pub use explain::{Explained, Explanation, Matched};
pub use facts::{
    AccessFacts, AccessQuery, AskedFacts, ConnectorFacts, GrantFacts, OwnedFacts, PrincipalFacts, RequestFacts, ResourceFacts, TargetFacts,
    UserFacts,
};
pub use fault::{Fault, LoadError, Problem};
pub use load::{Effect, PolicySet, PolicySummary};
pub use source::{Source, Sources};
pub use upgrade::UpgradeAllowed;
