//! `hallpass whoami`: who the broker takes you for.

use super::context::Context;
use super::failure::Failure;
use super::render::{pairs, text};

pub(super) async fn run(cx: &mut Context<'_>) -> Result<(), Failure> {
    let me = cx.api()?.me().await?;
    cx.show(&me, |me| {
        pairs(&[("name", text(me, "name")), ("kind", text(me, "kind")), ("id", text(me, "id")), ("groups", text(me, "groups"))])
    })
}
