//! A bound on the work that the checks of a pass can cause, known before any of it is done.
//!
//! A query with atoms A₁ … Aₙ looks at every fact for each combination of facts that match the atoms before, and
//! evaluates its expressions for each combination of all. Constants and shared variables only make it cheaper.

use std::collections::HashMap;

use super::refuse;
use crate::refusal::Refusal;
use crate::wire;

/// Looks at a fact plus evaluated bytes of expressions, over all checks of a pass. A pass as minted needs a few
/// thousand; all of it takes some 10 ms in a release build.
const BUDGET: u64 = 250_000;
/// The facts that the verifier adds: one of each name, but for the resource and those that it lies in.
const AMBIENT_RESOURCES: u64 = MAX_RESOURCES as u64;
const AMBIENT_FACTS: u64 = AMBIENT_RESOURCES + 6;
/// Most resources (the exact one and those it lies in) that a verifier presents.
pub(crate) const MAX_RESOURCES: usize = 16;

type Signature = (String, usize);

/// Collects facts and queries, then judges their product.
#[derive(Default)]
pub(super) struct Estimate {
    facts: HashMap<Signature, u64>,
    total: u64,
    queries: Vec<(Vec<Signature>, u64)>,
}

impl Estimate {
    /// Counts a fact.
    pub(super) fn fact(&mut self, fact: &wire::Predicate, symbols: &[String]) -> Result<(), Refusal> {
        *self.facts.entry(signature(fact, symbols)?).or_default() += 1;
        self.total += 1;
        Ok(())
    }

    /// Counts a query.
    pub(super) fn query(&mut self, query: &wire::Rule, symbols: &[String]) -> Result<(), Refusal> {
        let atoms = query.body.iter().map(|atom| signature(atom, symbols)).collect::<Result<Vec<_>, _>>()?;
        let bytes: usize = query.expressions.iter().map(prost::Message::encoded_len).sum();
        self.queries.push((atoms, u64::try_from(bytes).unwrap_or(u64::MAX)));
        Ok(())
    }

    /// Refuses a pass whose checks could cost more than the budget.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let total = self.queries.iter().fold(0u64, |sum, query| sum.saturating_add(self.of(query)));
        if total > BUDGET { Err(refuse("its checks could take too long to evaluate")) } else { Ok(()) }
    }

    fn of(&self, (atoms, expression_bytes): &(Vec<Signature>, u64)) -> u64 {
        let all = self.total + AMBIENT_FACTS;
        let mut combinations = 1u64;
        let mut looks = 0u64;
        for atom in atoms {
            looks = looks.saturating_add(combinations.saturating_mul(all));
            let ambient = if atom.0 == "resource" { AMBIENT_RESOURCES } else { 1 };
            let matching = self.facts.get(atom).copied().unwrap_or(0) + ambient;
            combinations = combinations.saturating_mul(matching);
        }
        looks.saturating_add(combinations.saturating_mul(*expression_bytes))
    }
}

fn signature(predicate: &wire::Predicate, symbols: &[String]) -> Result<Signature, Refusal> {
    let name = wire::symbol(symbols, predicate.name).ok_or(Refusal::Malformed)?;
    Ok((name.to_owned(), predicate.terms.len()))
}
