//! The one binary of Hallpass.

use std::process::ExitCode;

use hallpass::config::Environment;

fn main() -> ExitCode {
    hallpass::cli::run(std::env::args_os(), Environment::read(), &mut std::io::stdout(), &mut std::io::stderr()).into()
}
