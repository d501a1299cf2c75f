//! `hallpass group`: who belongs together.

use super::context::Context;
use super::failure::Failure;
use super::render::{list, pairs, text};

/// Set and list groups.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Set the members of a group, making it where there is none.
    Set {
        /// Its name.
        group: String,
        /// Names of all its members; whoever is not named is no member any more.
        #[arg(required_unless_present = "empty")]
        members: Vec<String>,
        /// Leave nobody in it.
        #[arg(long, conflicts_with = "members")]
        empty: bool,
    },
    /// List groups.
    List,
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<(), Failure> {
    let api = cx.api()?;
    match args {
        Args::Set { group, members, empty: _ } => {
            let group = api.set_group(&group, &members.iter().map(String::as_str).collect::<Vec<_>>()).await?;
            cx.show(&group, |group| pairs(&[("group", text(group, "name")), ("members", text(group, "members"))]))
        }
        Args::List => {
            let groups = api.groups().await?;
            cx.show(&groups, |groups| {
                list(
                    groups,
                    "no groups",
                    &[("name", &|g| text(g, "name")), ("members", &|g| text(g, "members")), ("from", &|g| text(g, "source"))],
                )
            })
        }
    }
}
