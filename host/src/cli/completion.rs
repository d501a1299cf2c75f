//! `hallpass completion`: a script for a shell.

use super::context::Context;
use super::failure::Failure;

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell.
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "hallpass", &mut script);
    cx.out.write_all(&script).map_err(Failure::from)
}
