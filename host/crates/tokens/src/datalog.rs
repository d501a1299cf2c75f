//! Datalog as values. Nothing is ever made by joining strings: a name with a quote in it stays a name.

use biscuit_auth::PublicKey;
use biscuit_auth::builder::{Binary, Check, CheckKind, Expression, Fact, Op, Predicate, Rule, Scope, Term};

pub(crate) fn text(text: &str) -> Term {
    Term::Str(text.to_owned())
}

pub(crate) fn variable(name: &str) -> Term {
    Term::Variable(name.to_owned())
}

pub(crate) fn atom<const N: usize>(name: &str, terms: [Term; N]) -> Predicate {
    Predicate { name: name.to_owned(), terms: terms.into() }
}

pub(crate) fn fact<const N: usize>(name: &str, terms: [Term; N]) -> Fact {
    Fact::new(name.to_owned(), terms)
}

/// `left operator right`.
pub(crate) fn compare(left: Term, operator: Binary, right: Term) -> Expression {
    Expression { ops: vec![Op::Value(left), Op::Value(right), Op::Binary(operator)] }
}

/// One query of a check: all of the atoms, all of the expressions.
pub(crate) fn query<const N: usize>(atoms: [Predicate; N], expressions: Vec<Expression>, trusting: Option<PublicKey>) -> Rule {
    let scopes = trusting.map(Scope::PublicKey).into_iter().collect();
    Rule::new(atom("query", []), atoms.into(), expressions, scopes)
}

/// `check if` one of the queries.
pub(crate) fn check_if<const N: usize>(queries: [Rule; N]) -> Check {
    Check { queries: queries.into(), kind: CheckKind::One }
}
