//! Who may call what: the committed list of endpoints is the whole truth, and nobody gets past a missing token.

mod endpoints;
mod unsigned;
