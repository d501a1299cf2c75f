//! `hallpass withdraw`: the requester takes a request back.

use super::context::Context;
use super::failure::Failure;
use super::request::describe;

/// Take a request of yours back.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The request's id.
    request: String,
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<(), Failure> {
    let request = cx.api()?.withdraw(&args.request).await?;
    cx.show(&request, describe)
}
