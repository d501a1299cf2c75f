//! `hallpass demo`: the whole story against a private PostgreSQL.

use std::path::PathBuf;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::demo;

/// Play the whole story against a private PostgreSQL: an agent asks, people approve, access comes and goes, the broker is
/// killed, the log is proven. Leaves nothing behind.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Leave everything running at the end, print the addresses, and clean up at Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// A connector that is built already.
    #[arg(long, value_name = "FILE")]
    connector: Option<PathBuf>,
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<Exit, Failure> {
    let options = demo::Options {
        json: cx.json,
        keep: args.keep,
        connector: args.connector,
        executable: cx.environment.executable()?,
        path: cx.environment.path(),
    };
    let held = demo::run(options, cx.out).await?;
    Ok(if held { Exit::Done } else { Exit::Failed })
}
