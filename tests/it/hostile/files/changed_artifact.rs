//! Compiled code on disk that somebody changed: it is never run, and made anew.

use std::path::{Path, PathBuf};

use hallpass_domain::port::Connector as _;

use super::super::act::act_written;
use super::super::stage::{executor, limits, runtime};

pub(in super::super) fn change_and_load() {
    let folder = tempfile::tempdir().unwrap();
    let file = hallpass_tests::guests::written("remember");
    executor().block_on(async {
        runtime(folder.path(), limits()).load(&file).await.unwrap();
        let kept = only_file(folder.path());
        let good = std::fs::read(&kept).unwrap();
        for at in [0, 40, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 0x20;
            std::fs::write(&kept, &bad).unwrap();
            // A broker that starts finds it.
            runtime(folder.path(), limits()).load(&file).await.unwrap();
            assert_ne!(std::fs::read(&kept).unwrap(), bad, "byte {at}: it was taken as it was");
        }
    });
    let name = only_file(folder.path()).file_name().unwrap().to_string_lossy().into_owned();
    let said = super::super::log::lines_of(&name);
    assert_eq!(said.iter().filter(|line| line.contains("altered")).count(), 4, "the operator reads of each: {said:?}");
    act_written("remember").play().succeeded();
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let one = files.next().expect("the cache keeps what was compiled");
    assert!(files.next().is_none());
    one
}
