//! `hallpass deny`: a no.

use super::context::Context;
use super::failure::Failure;
use super::request::describe;

/// Deny a request.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The request's id.
    request: String,
    /// Why, for the requester and the record.
    #[arg(long)]
    reason: Option<String>,
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<(), Failure> {
    let request = cx.api()?.decide(&args.request, "deny", None, args.reason.as_deref()).await?;
    cx.show(&request, describe)
}
