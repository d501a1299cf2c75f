//! Starting other programs: what of our environment they see, and what is heard of what they say.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::thread;

use crate::Error;

/// How many of a program's last lines an error repeats.
const REPEATED_LINES: usize = 40;

/// A command that inherits nothing which would change what a compiler makes: when a build runs inside `cargo run` or `cargo test`, the
/// outer cargo has set variables that are meant for its own package, and an author's flags for the host are none for the guest.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(changes_a_build)) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

fn changes_a_build(name: &str) -> bool {
    const KEPT: [&str; 6] = ["CARGO_HOME", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTRIES_", "CARGO_REGISTRY_", "CARGO_SOURCE_"];
    let dropped = name == "CARGO" || name == "RUSTFLAGS" || ["CARGO_", "RUSTC", "RUSTDOC"].iter().any(|start| name.starts_with(start));
    dropped && !KEPT.iter().any(|start| name.starts_with(start))
}

/// What a command writes to its standard output, or nothing when it fails or cannot be started.
pub(crate) fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Runs a command to its end, reporting the lines of its standard error as they come. Returns its standard output, or, when it fails,
/// its last lines.
pub(crate) fn run(command: &mut Command, report: &mut dyn FnMut(&str)) -> Result<Result<String, String>, Error> {
    let refused = |source, command: &Command| Error::Start { program: program_of(command), source };
    let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|source| refused(source, command))?;
    let mut stdout = child.stdout.take();
    // A pipe holds 64 KiB: whoever reads one only after the other may wait for ever.
    let heard = thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(stdout) = stdout.as_mut() {
            // A reader that fails has heard less; whether that matters, the exit status says.
            let _ = stdout.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let mut last = VecDeque::with_capacity(REPEATED_LINES);
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if line.is_empty() {
                continue;
            }
            report(&line);
            if last.len() == REPEATED_LINES {
                last.pop_front();
            }
            last.push_back(line);
        }
    }
    let status = child.wait().map_err(|source| refused(source, command))?;
    let stdout = heard.join().unwrap_or_default();
    Ok(if status.success() { Ok(stdout) } else { Err(Vec::from(last).join("\n")) })
}

/// The last of a program's lines.
pub(crate) fn last_line(lines: &str) -> &str {
    lines.lines().last().unwrap_or("it said nothing")
}

/// A command as it could be typed, without its environment.
pub(crate) fn spelled(command: &Command) -> String {
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program_of(command)).chain(arguments).collect::<Vec<_>>().join(" ")
}

fn program_of(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_targets_of_an_outer_cargo_do_not_reach_the_guest() {
        for dropped in ["CARGO", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER"] {
            assert!(changes_a_build(dropped), "{dropped}");
        }
        for kept in ["PATH", "HOME", "CARGO_HOME", "CARGO_HTTP_PROXY", "CARGO_REGISTRIES_MINE_TOKEN", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"] {
            assert!(!changes_a_build(kept), "{kept}");
        }
    }

    #[test]
    fn a_failed_command_gives_its_last_lines_and_reports_each() {
        let mut heard = Vec::new();
        let result =
            run(command("sh").args(["-c", "echo out; echo first >&2; echo second >&2; exit 3"]), &mut |line| heard.push(line.to_owned()));
        assert_eq!(result.unwrap().unwrap_err(), "first\nsecond");
        assert_eq!(heard, ["first", "second"]);
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut command("no-such-compiler"), &mut |_| ()).unwrap_err();
        assert!(error.to_string().starts_with("`no-such-compiler` cannot be run: "), "{error}");
    }
}
