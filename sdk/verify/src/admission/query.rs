//! The shape that checks may have.

use prost::Message as _;

use super::refuse;
use crate::refusal::Refusal;
use crate::wire::{self, OpContent, ScopeContent, TermContent};

const MAX_QUERIES: usize = 4;
const MAX_ATOMS: usize = 3;
const MAX_TERMS: usize = 8;
const MAX_OPS: usize = 16;
const MAX_QUERY_BYTES: usize = 1024;

/// `check if` and `check all`. `reject if` is open when its fact is missing, which its author rarely means.
const KINDS: [i32; 2] = [0, 1];
/// Negate, parentheses, length.
const UNARY: [i32; 3] = [0, 1, 2];
/// Comparisons, contains, prefix, suffix, eager and/or, not equal. No regular expression, arithmetic, set algebra,
/// closure or external function.
const BINARY: [i32; 13] = [0, 1, 2, 3, 4, 5, 6, 7, 13, 14, 20, 21, 22];
const LESS_THAN: i32 = 0;
const TRUSTS_PREVIOUS: i32 = 1;

/// Whether a check is of the admitted shape.
pub(super) fn check(check: &wire::Check) -> Result<(), Refusal> {
    if !KINDS.contains(&check.kind.unwrap_or(0)) {
        return Err(refuse("it uses `reject if`, which is open when its fact is missing; use `check if` or `check all`"));
    }
    if check.queries.is_empty() || check.queries.len() > MAX_QUERIES {
        return Err(refuse("a check has no query, or more than 4"));
    }
    check.queries.iter().try_for_each(query)
}

fn query(query: &wire::Rule) -> Result<(), Refusal> {
    scopes(&query.scope)?;
    if !query.head.terms.is_empty() {
        return Err(refuse("a check names a result"));
    }
    if query.body.len() > MAX_ATOMS || query.encoded_len() > MAX_QUERY_BYTES {
        return Err(refuse("a query of a check joins more than 3 facts or is longer than 1 KiB"));
    }
    if query.expressions.iter().map(|e| e.ops.len()).sum::<usize>() > MAX_OPS {
        return Err(refuse("a query of a check has more than 16 operators and operands"));
    }
    for atom in &query.body {
        if atom.terms.len() > MAX_TERMS {
            return Err(refuse("a fact in a check has more than 8 terms"));
        }
        atom.terms.iter().try_for_each(term)?;
    }
    query.expressions.iter().flat_map(|e| &e.ops).try_for_each(op)
}

/// Whether a `trusting` is of the admitted kind.
pub(super) fn scopes(scopes: &[wire::Scope]) -> Result<(), Refusal> {
    for scope in scopes {
        match scope.content {
            Some(ScopeContent::Kind(0) | ScopeContent::PublicKey(_)) => {}
            Some(ScopeContent::Kind(TRUSTS_PREVIOUS)) => {
                return Err(refuse("it trusts `previous` blocks, whoever wrote them"));
            }
            Some(ScopeContent::Kind(_)) | None => return Err(Refusal::Malformed),
        }
    }
    Ok(())
}

fn term(term: &wire::Term) -> Result<(), Refusal> {
    match &term.content {
        Some(TermContent::Null(_) | TermContent::Array(_) | TermContent::Map(_)) => {
            Err(refuse("it uses null, an array or a map (a set is written {1, 2})"))
        }
        Some(_) => Ok(()),
        None => Err(Refusal::Malformed),
    }
}

fn op(op: &wire::Op) -> Result<(), Refusal> {
    match &op.content {
        Some(OpContent::Value(value)) => term(value),
        Some(OpContent::Unary(o)) if UNARY.contains(&o.kind) && o.extern_name.is_none() => Ok(()),
        Some(OpContent::Binary(o)) if BINARY.contains(&o.kind) && o.extern_name.is_none() => Ok(()),
        Some(OpContent::Unary(_) | OpContent::Binary(_)) => {
            Err(refuse("it uses an operator beyond comparison, contains, starts_with and ends_with"))
        }
        Some(OpContent::Closure(_)) => Err(refuse("it uses a closure (`&&` and `||` are written with one: use `,` and `or`)")),
        None => Err(Refusal::Malformed),
    }
}

/// The ends that a block's checks set: every `check if time($t), $t < END …`. A check with alternatives sets none.
pub(super) fn ends<'a>(block: &'a wire::Block, symbols: &'a [String]) -> impl Iterator<Item = u64> + 'a {
    block
        .checks
        .iter()
        .filter_map(|check| match check.queries.as_slice() {
            [query] => Some(query),
            _ => None,
        })
        .filter_map(move |query| match query.body.as_slice() {
            [atom] if wire::symbol(symbols, atom.name) == Some("time") => match atom.terms.as_slice() {
                [wire::Term { content: Some(TermContent::Variable(time)) }] => Some((query, *time)),
                _ => None,
            },
            _ => None,
        })
        .flat_map(|(query, time)| query.expressions.iter().filter_map(move |e| end(e, time)))
}

fn end(expression: &wire::Expression, time: u32) -> Option<u64> {
    match expression.ops.as_slice() {
        [
            wire::Op { content: Some(OpContent::Value(wire::Term { content: Some(TermContent::Variable(v)) })) },
            wire::Op { content: Some(OpContent::Value(wire::Term { content: Some(TermContent::Date(end)) })) },
            wire::Op { content: Some(OpContent::Binary(operator)) },
        ] if *v == time && operator.kind == LESS_THAN => Some(*end),
        _ => None,
    }
}
