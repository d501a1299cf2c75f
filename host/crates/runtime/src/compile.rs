//! Compiling apart: a file of a stranger meets the compiler in a child process, which has bounds of its own and can reach nothing.
//! What the compiler may do to itself there (eat memory, never end, crash) is a refusal here.
//!
//! The child is our own executable with the one argument [`ARGUMENT`]; it calls [`serve`]. It sees no variable of the environment
//! and no descriptor but its three streams, and sets its limits before it reads the first byte of the file.

mod child;
mod refusal;
mod wire;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use hallpass_domain::clock::Clock;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

pub use child::serve;
pub(crate) use refusal::Refusal;

use self::wire::{Order, Reply};
use crate::limits::Limits;

/// The hidden subcommand of the child. A word that can also name a function: a test binary serves as its own compiler through a test of
/// this name.
pub const ARGUMENT: &str = "compile_connector";

/// The most that is heard of the child's last words, in bytes.
const LAST_WORDS_BYTES: u64 = 8 * 1024;

/// Where connectors are compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// In a child process, started from this executable of ours.
    Apart(PathBuf),
    /// In this process, without a bound: only for files that are trusted as one's own code is.
    Here,
}

/// Compiles files, one at a time: each compilation already uses all processors.
pub(crate) struct Workshop {
    compiler: Compiler,
    limits: Limits,
    clock: Arc<dyn Clock>,
    one: tokio::sync::Mutex<()>,
}

impl Workshop {
    /// A workshop at rest.
    pub(crate) fn new(compiler: Compiler, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self { compiler, limits, clock, one: tokio::sync::Mutex::new(()) }
    }

    /// Waits for its turn, and says whether it had to: what another one compiled meanwhile need not be compiled again.
    pub(crate) async fn turn(&self) -> (tokio::sync::MutexGuard<'_, ()>, bool) {
        match self.one.try_lock() {
            Ok(turn) => (turn, false),
            Err(_) => (self.one.lock().await, true),
        }
    }

    /// Machine code of `file` for an engine like `engine`.
    pub(crate) async fn compile(&self, engine: &wasmtime::Engine, file: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        match &self.compiler {
            Compiler::Apart(program) => self.apart(program, &file).await,
            Compiler::Here => {
                let engine = engine.clone();
                let compiled = tokio::task::spawn_blocking(move || engine.precompile_component(&file)).await;
                compiled.map_err(|e| Refusal::Crashed(e.to_string()))?.map_err(|e| Refusal::Invalid(format!("{e:#}")))
            }
        }
    }

    async fn apart(&self, program: &Path, file: &[u8]) -> Result<Vec<u8>, Refusal> {
        let limits = &self.limits;
        let late = self.clock.sleep_until(self.clock.now().plus(limits.compile_ms));
        // What somebody opened without close-on-exec, or handed to the broker itself, is not for the child.
        close_fds::set_fds_cloexec_threadsafe(3, &[]);
        let mut command = Command::new(program);
        command.arg(ARGUMENT).env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|source| Refusal::NotStarted { program: program.to_owned(), source })?;
        let (Some(mut to), Some(from), Some(words)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
            return Err(Refusal::Crashed("it has no streams".to_owned()));
        };
        let order = Order { memory_bytes: limits.compile_memory_bytes, cpu_seconds: limits.compile_cpu_seconds };
        let give = async move {
            // A child that is gone does not take it; how it went is what counts.
            let _ = to.write_all(&order.encode()).await;
            let _ = to.write_all(file).await;
            let _ = to.shutdown().await;
        };
        let most = limits.compiled_bytes;
        let whole = async {
            let ((), reply, words) = tokio::join!(give, take(from, most), last_words(words));
            (child.wait().await, reply, words)
        };
        // Dropping the child kills it.
        let (ended, reply, words) = tokio::select! {
            biased;
            () = late => return Err(Refusal::TooLong(limits.compile_ms)),
            done = whole => done,
        };
        match Reply::find(&reply, most) {
            Some(Reply::Compiled(code)) => Ok(code),
            Some(Reply::Invalid(text)) => Err(Refusal::Invalid(text)),
            Some(Reply::NoMemory) => Err(Refusal::Memory(limits.compile_memory_bytes)),
            None if reply.len() > most => Err(Refusal::TooMuchCode(most)),
            None => Err(Refusal::of_death(&ended, &words, limits)),
        }
    }
}

/// What the child says, up to a bit more than a reply may be: what is more shows by its length.
async fn take(from: impl AsyncRead + Unpin, most: usize) -> Vec<u8> {
    let mut said = Vec::new();
    let room = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(wire::MOST_BEFORE_CODE);
    let _ = from.take(room).read_to_end(&mut said).await;
    said
}

/// The child's complaints: the beginning is kept, the rest is read, so that it never waits to be heard.
async fn last_words(mut from: impl AsyncRead + Unpin) -> String {
    let mut said = Vec::new();
    let _ = (&mut from).take(LAST_WORDS_BYTES).read_to_end(&mut said).await;
    let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&said).into_owned()
}

#[cfg(test)]
mod tests;
