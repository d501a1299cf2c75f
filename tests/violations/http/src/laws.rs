//! One file per violation.

pub(crate) mod absent;
pub(crate) mod blind;
pub(crate) mod canary;
pub(crate) mod claim;
pub(crate) mod garbage;
pub(crate) mod health;
pub(crate) mod hollow;
pub(crate) mod kind;
pub(crate) mod lost_reply;
pub(crate) mod paging;
pub(crate) mod shape;
pub(crate) mod trap;
pub(crate) mod undeclared;
