//! Files that attack the compiler, and the process that it runs in.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use hallpass::client::Until;

use super::act::refused;
use super::files;
use super::log;
use super::stage::executor;

#[test]
pub(super) fn compile_bomb() {
    let file = files::compile_bomb::make();
    refused(&file, "compiling it took more than 512 MiB");
    let digest = hallpass_domain::ids::Digest::of(&file).to_string();
    assert!(log::lines_of(&digest).iter().any(|line| line.contains("was not compiled")), "the log names it");
}

#[test]
pub(super) fn compile_treadmill() {
    refused(&files::compile_treadmill::make(), "s of processor time");
}

#[test]
pub(super) fn changed_artifact() {
    files::changed_artifact::change_and_load();
}

/// What the kernel says of the child, once it has its order and waits for its file.
#[cfg(target_os = "linux")]
#[test]
fn the_compiler_bounds_itself_before_it_reads() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg(hallpass_runtime::COMPILER_ARGUMENT)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut order = b"hpassC1?".to_vec();
    order.extend_from_slice(&(64_u64 << 20).to_le_bytes());
    order.extend_from_slice(&7_u64.to_le_bytes());
    let mut input = child.stdin.take().unwrap();
    input.write_all(&order).unwrap();
    let limits = format!("/proc/{}/limits", child.id());
    let until = Until::within(Duration::from_secs(60));
    let bounded = executor().block_on(async {
        loop {
            let text = std::fs::read_to_string(&limits).unwrap();
            // The last one that it sets.
            if words(&text, "Max open files") == ["3", "3"] || !until.is_ahead() {
                return text;
            }
            Until::pause().await;
        }
    });
    let expected = [
        ("Max data size", [64 << 20, 64 << 20]),
        ("Max address space", [256 << 20, 256 << 20]),
        ("Max cpu time", [7, 8]),
        ("Max core file size", [0, 0]),
        ("Max file size", [0, 0]),
        ("Max open files", [3, 3]),
    ];
    for (name, bounds) in expected {
        assert_eq!(words(&bounded, name), bounds.map(|bound: u64| bound.to_string()), "{name} in\n{bounded}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The soft and the hard limit of this name.
fn words(limits: &str, name: &str) -> Vec<String> {
    let line = limits.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line[name.len().min(line.len())..].split_whitespace().take(2).map(str::to_owned).collect()
}
