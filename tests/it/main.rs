//! The one test binary.

mod flows;
mod store;
mod tidy;
