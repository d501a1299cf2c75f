//! What the broker's log says, as an operator reads it.

use std::io::{self, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Written;

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        WRITTEN.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps everything from here on that this process logs, as text.
pub(super) fn listen() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        tracing_subscriber::fmt().with_writer(|| Written).with_ansi(false).with_env_filter("warn,hallpass=info").init();
    });
}

/// Everything so far.
pub(super) fn whole() -> String {
    String::from_utf8(WRITTEN.lock().unwrap_or_else(PoisonError::into_inner).clone()).expect("the log is text")
}

/// Lines that name this.
pub(super) fn lines_of(word: &str) -> Vec<String> {
    whole().lines().filter(|line| line.contains(word)).map(str::to_owned).collect()
}
