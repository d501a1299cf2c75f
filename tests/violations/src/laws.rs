//! One file per law that is broken.

pub(crate) mod absent;
pub(crate) mod agreement;
pub(crate) mod canary;
pub(crate) mod deadline;
pub(crate) mod dry_run;
pub(crate) mod every_step;
pub(crate) mod fresh_instance;
pub(crate) mod garbage;
pub(crate) mod health;
pub(crate) mod lost_reply;
pub(crate) mod paging;
pub(crate) mod reads;
pub(crate) mod refusal;
pub(crate) mod secrets;
pub(crate) mod tools;
pub(crate) mod trap;
pub(crate) mod twice;
