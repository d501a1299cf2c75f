//! One Cedar file as a list of policies with the lines they begin at.

use cedar_policy::{Policy, PolicySet as CedarSet};

use crate::fault::{Fault, Problem};
use crate::source::Source;

/// A policy as it stands in a file; its id is still the parser's.
pub(crate) struct Written {
    pub(crate) policy: Policy,
    /// As written, annotations included.
    pub(crate) text: String,
    /// The line it begins at, from one.
    pub(crate) line: usize,
}

/// The policies of a file, in order.
pub(crate) fn split(source: &Source) -> Result<Vec<Written>, Fault> {
    let set: CedarSet = source.text.parse().map_err(|e: cedar_policy::ParseErrors| {
        let detail = detail(&e);
        Fault::new(&source.file, Problem::Syntax(detail.text)).at(detail.offset.map(|o| line_of(&source.text, o)))
    })?;
    if set.templates().next().is_some() {
        return Err(Fault::new(&source.file, Problem::Template));
    }
    let mut policies: Vec<&Policy> = set.policies().collect();
    // The parser numbers them in the order of the file: policy0, policy1, ….
    policies.sort_by_key(|p| p.id().to_string().trim_start_matches("policy").parse::<usize>().unwrap_or(usize::MAX));
    let mut from = 0;
    Ok(policies
        .into_iter()
        .map(|policy| {
            let text = policy.to_cedar().unwrap_or_default();
            let start = source.text.get(from..).and_then(|rest| rest.find(&text)).map_or(from, |n| from + n);
            from = start + text.len();
            Written { policy: policy.clone(), text, line: line_of(&source.text, start) }
        })
        .collect())
}

/// An error of Cedar's in one line, and the byte it is about.
pub(crate) struct Detail {
    pub(crate) text: String,
    pub(crate) offset: Option<usize>,
}

/// The text of an error of Cedar's with its advice, and where it is.
pub(crate) fn detail<'a, E>(error: &'a E) -> Detail
where
    cedar_policy::ffi::DetailedError: From<&'a E>,
{
    let error = cedar_policy::ffi::DetailedError::from(error);
    let mut text = error.message;
    if let Some(help) = error.help {
        text = format!("{text}; {help}");
    }
    Detail { text, offset: error.source_locations.first().map(|l| l.loc.start) }
}

/// The line of a byte, from one.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|b| *b == b'\n').count()
}
