//! Why a file was not compiled, and what to do.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitStatus;

use hallpass_domain::clock::Millis;
use hallpass_domain::port::NotAdmitted;

use crate::hostile_text;
use crate::limits::Limits;

/// SIGABRT, SIGKILL and SIGXCPU: the same numbers on every system that Hallpass is built for.
const ABORTED: i32 = 6;
const KILLED: i32 = 9;
const OUT_OF_TIME: i32 = 24;

/// Why a file was not compiled.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It is no component that compiles.
    Invalid(String),
    /// More memory than the child may have, in bytes.
    Memory(u64),
    /// More processor time than the child may have, in seconds.
    Cpu(u64),
    /// It did not end, within milliseconds.
    TooLong(Millis),
    /// More machine code than is kept, in bytes.
    TooMuchCode(usize),
    /// The compiler broke on it: its last words.
    Crashed(String),
    /// The compiler could not be started.
    NotStarted {
        /// Which program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What it made does not fit this engine.
    Unfit(String),
}

impl Refusal {
    /// What the death of a child without an answer means.
    pub(super) fn of_death(ended: &std::io::Result<ExitStatus>, words: &str, limits: &Limits) -> Self {
        let Ok(status) = ended else { return Self::Crashed("its end was not seen".to_owned()) };
        match status.signal() {
            Some(OUT_OF_TIME) => Self::Cpu(limits.compile_cpu_seconds),
            Some(ABORTED) if words.contains("memory allocation of") => Self::Memory(limits.compile_memory_bytes),
            Some(KILLED) => Self::Crashed("it was killed from outside, as a system does that has no memory left".to_owned()),
            _ => {
                let first: Vec<&str> = words.lines().filter(|line| !line.trim().is_empty()).take(2).collect();
                Self::Crashed(format!("{status}; {}", hostile_text::line(&first.join(" "), 300)))
            }
        }
    }
}

/// For the operator.
impl From<Refusal> for NotAdmitted {
    fn from(refusal: Refusal) -> Self {
        const SMALLER: &str = "Build it with optimisation for size, and split what makes one function or table huge";
        let (reason, remedy) = match refusal {
            Refusal::Invalid(text) => (
                format!("it does not compile: {}", hostile_text::line(&text, 500)),
                "Build it again with `hallpass connector build DIR`; a damaged file shows in its digest".to_owned(),
            ),
            Refusal::Memory(bytes) => (format!("compiling it took more than {}", size(bytes)), SMALLER.to_owned()),
            Refusal::Cpu(seconds) => (format!("compiling it took more than {seconds} s of processor time"), SMALLER.to_owned()),
            Refusal::TooLong(ms) => (
                format!("compiling it did not end within {} s", ms / 1000),
                format!("{SMALLER}; on a machine that was busy with something else, load it again"),
            ),
            Refusal::TooMuchCode(bytes) => (format!("its machine code has more than {}", size(bytes as u64)), SMALLER.to_owned()),
            Refusal::Crashed(words) => (
                format!("the compiler broke on it: {}", hostile_text::line(&words, 500)),
                "Do not load it before its author has explained it; report the file as a fault of Hallpass".to_owned(),
            ),
            Refusal::NotStarted { program, source } => (
                format!("the compiler could not be started from {}: {source}", program.display()),
                "Make the file executable for the broker's user, or name it in HALLPASS_EXECUTABLE".to_owned(),
            ),
            Refusal::Unfit(text) => (
                format!("its machine code does not fit this broker: {}", hostile_text::line(&text, 300)),
                "Declare fewer and smaller memories and tables; where the text speaks of another version, the executable was replaced \
                 while the broker ran: restart it"
                    .to_owned(),
            ),
        };
        Self { reason, remedy }
    }
}

/// A bound as a person writes it.
fn size(bytes: u64) -> String {
    const GIB: u64 = 1 << 30;
    if bytes.is_multiple_of(GIB) { format!("{} GiB", bytes / GIB) } else { format!("{} MiB", bytes >> 20) }
}
