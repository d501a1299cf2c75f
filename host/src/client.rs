//! A client of a running broker: the command line and the demo speak through it, over the public API and nothing else.

mod api;
mod calls;
mod document;
mod enrol;
mod profiles;
mod wait;

pub use api::{Api, ClientError};
pub use calls::Ask;
pub use document::Look;
pub use enrol::enrol;
pub use profiles::{Identity, Profiles};
pub use wait::Until;
