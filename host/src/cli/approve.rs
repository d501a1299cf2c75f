//! `hallpass approve`: a yes, perhaps for a shorter time.

use super::context::Context;
use super::failure::Failure;
use super::request::describe;
use crate::config::Length;

/// Approve a request, perhaps for a shorter time. An approver may narrow, never widen.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The request's id.
    request: String,
    /// For no longer than this: 20s, 5m, 1h.
    #[arg(long = "for", value_name = "LENGTH")]
    for_: Option<Length>,
    /// Why, for the record.
    #[arg(long)]
    reason: Option<String>,
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<(), Failure> {
    let api = cx.api()?;
    let request = api.decide(&args.request, "approve", args.for_.map(|length| length.0), args.reason.as_deref()).await?;
    cx.show(&request, describe)
}
