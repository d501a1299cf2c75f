//! `POST /oauth/token`: session tokens for signed assertions.

mod form;
mod refusal;
pub(crate) mod token;

pub use refusal::TokenError;
pub use token::TokenAnswer;
