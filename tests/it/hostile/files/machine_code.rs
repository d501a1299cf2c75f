//! What the broker's own cache holds, sent in as a connector: code that would run as it is.

use super::super::stage::{limits, runtime};
use hallpass_domain::port::Connector as _;

pub(in super::super) fn make() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = hallpass_tests::guests::written("remember");
    super::super::stage::executor().block_on(runtime(folder.path(), limits()).load(&file)).unwrap();
    let kept = std::fs::read_dir(folder.path()).unwrap().next().expect("the cache keeps what was compiled").unwrap();
    // Without the MAC that stands before it.
    std::fs::read(kept.path()).unwrap().split_off(32)
}
