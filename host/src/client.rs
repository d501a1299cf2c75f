//! A client of a running broker: the command line and the demo speak through it, over the public API and nothing else.

mod api;
mod calls;
mod enrol;
mod profiles;
mod wait;
mod wire;

pub use api::{Api, ClientError, Problem};
pub use calls::Ask;
pub use enrol::enrol;
pub use profiles::{Identity, Profiles};
pub use wait::Until;
