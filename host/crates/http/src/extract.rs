//! Reading what came. Each extractor turns what does not fit into a problem that names the place.

mod bearer;
mod body;
mod once;
mod place;
mod query;
mod words;

pub(crate) use bearer::Caller;
pub(crate) use body::{OrDefault, Strict, WasmFile, media_type, read, whole};
pub(crate) use once::{Keyed, body_of, kept};
pub(crate) use place::Place;
pub(crate) use query::{Query, page};
