//! What `hallpass demo` plays with.

pub mod cluster;
