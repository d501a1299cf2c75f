//! Policy: who may ask for what, who must approve it, who may give a verdict, and who may use which verb of the API.
//!
//! Policies are [Cedar](https://docs.cedarpolicy.com) texts beside one `routes.toml`. Together with a small built-in set
//! (`operator.cedar`) they are one [`PolicySet`]: checked as a whole when it is loaded, against the schema
//! (`schema.cedarschema`), and refused as a whole when anything in it is wrong. Outcomes are actions (`request`,
//! `auto_approve`, `approve`); annotations on a permit only say which way an asking goes: `@route`, `@max`,
//! `@justification`.
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

pub use action::Action;
pub use annotation::Asks;
pub use authorize::Verdict;
pub use decide::{Allowed, Decider, Decision, Denied, Unmet};
pub use explain::{Explained, Explanation, Matched};
pub use facts::{
    AccessFacts, AccessQuery, ConnectorFacts, GrantFacts, OwnedFacts, PrincipalFacts, RequestFacts, ResourceFacts, TargetFacts, UserFacts,
};
pub use fault::{Fault, LoadError, Problem};
pub use load::{Effect, PolicySet, PolicySummary};
pub use source::{Source, Sources};

#[cfg(test)]
mod probe {
    use crate::fixture::*;
    #[test]
    fn probe() {
        let t = || std::time::SystemTime::now();
        let a = t();
        crate::names::parse_schema().unwrap();
        let b = t();
        let _ = crate::policy_text::split(&crate::source::Source { file: "x".into(), text: include_str!("operator.cedar").into() })
            .map_err(|e| e.to_string())
            .unwrap();
        let c = t();
        let set = sample();
        let d = t();
        let q = query(agent("b", human("o", &["developers"])), schema_read("shop-prod"), 10);
        for _ in 0..1000 {
            let _ = set.decide(&q);
        }
        let e = t();
        let who = user("root", &["operators"]);
        for _ in 0..1000 {
            let _ = set.authorize(&who, crate::Action::AuditRead, crate::ResourceFacts::Installation);
        }
        let f = t();
        eprintln!(
            "schema {:?} split {:?} load {:?} decide/1000 {:?} authorize/1000 {:?}",
            b.duration_since(a),
            c.duration_since(b),
            d.duration_since(c),
            e.duration_since(d),
            f.duration_since(e)
        );
    }
}
