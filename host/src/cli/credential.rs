//! `hallpass credential`: pick up what the target accepts, once; or have it replaced.

use serde_json::Value;

use super::context::Context;
use super::failure::Failure;
use super::grant;
use super::render::{pairs, text};
use crate::client::Look as _;

/// Pick up or replace the credential of a grant.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Pick the credential up. It is given out once; a second time is refused and noticed.
    PickUp {
        /// The grant's id.
        grant: String,
    },
    /// Have a lost credential replaced; then pick up the new one.
    Rotate {
        /// The grant's id.
        grant: String,
    },
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<(), Failure> {
    let api = cx.api()?;
    match args {
        Args::PickUp { grant } => {
            let credential = api.pick_up(&grant).await?;
            cx.show(&credential, describe)
        }
        Args::Rotate { grant } => {
            let grant = api.rotate(&grant).await?;
            cx.show(&grant, grant::describe)
        }
    }
}

fn describe(credential: &Value) -> String {
    let public = credential.items("public");
    let mut lines: Vec<(String, String)> = public.iter().map(|pair| (text_at(pair, 0), text_at(pair, 1))).collect();
    lines.push((text(credential, "label"), text(credential, "value")));
    pairs(&lines.iter().map(|(name, value)| (name.as_str(), value.clone())).collect::<Vec<_>>())
}

fn text_at(pair: &Value, index: usize) -> String {
    pair.get(index).map(|value| text(value, "")).unwrap_or_default()
}
