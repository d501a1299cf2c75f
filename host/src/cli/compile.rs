//! `hallpass compile_connector`: what the broker starts to compile a connector apart from itself. Not for people.

use std::io::Write;

use super::Exit;

/// Serves one order on standard input. Runs before there is an async runtime: the limits that it sets are those of the whole process.
pub(super) fn run(out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    match hallpass_runtime::serve_compiler(&mut std::io::stdin().lock(), out) {
        Ok(()) => Exit::Done,
        Err(e) => {
            // Heard by the broker; when it is gone there is nobody to tell.
            let _ = writeln!(err, "{e}");
            Exit::Failed
        }
    }
}
