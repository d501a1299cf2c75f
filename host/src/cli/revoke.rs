//! `hallpass revoke`: take a grant away.

use std::time::Duration;

use super::context::Context;
use super::failure::Failure;
use super::grant::describe;
use crate::client::Until;
use crate::config::Length;

/// Take a grant away. It goes on until the access is seen to be gone, however long the target is down.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The grant's id.
    grant: String,
    /// Why, for the record.
    #[arg(long)]
    reason: Option<String>,
    /// Wait until the access is seen to be gone, at most this long.
    #[arg(long, value_name = "LENGTH")]
    wait: Option<Length>,
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<(), Failure> {
    let api = cx.api()?;
    let mut grant = api.revoke(&args.grant, args.reason.as_deref()).await?;
    if let Some(wait) = args.wait {
        grant = api.gone(&args.grant, &Until::within(Duration::from_millis(wait.0))).await?;
    }
    cx.show(&grant, describe)
}
