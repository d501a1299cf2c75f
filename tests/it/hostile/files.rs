//! Files that are no connectors, or cost too much to become one: one each.

pub(super) mod bad_signature;
pub(super) mod changed_artifact;
pub(super) mod compile_bomb;
pub(super) mod compile_treadmill;
pub(super) mod core_module;
pub(super) mod downgrade;
pub(super) mod fuzzed;
pub(super) mod machine_code;
pub(super) mod nested;
pub(super) mod no_manifest;
pub(super) mod oversize;
pub(super) mod same_version;
pub(super) mod secret_in_a_result;
pub(super) mod signed_by_a_stranger;
pub(super) mod signed_for_another;
pub(super) mod text;
pub(super) mod truncated;
pub(super) mod two_manifests;
pub(super) mod widened;
pub(super) mod widened_destination;
pub(super) mod wrong_digest;
