//! `hallpass login`: enrol with a one-time link; see and choose profiles.

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::render::{list, pairs, text};
use crate::client::{Look as _, enrol};

/// Enrol with a one-time link: makes your keys here, in a file that only you can read, and registers their public halves.
/// Without a link: list the profiles.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The link that an operator gave you.
    link: Option<String>,
    /// Name of the new profile; your name at the broker where none is given.
    #[arg(long, requires = "link")]
    name: Option<String>,
    /// Use this profile from now on where none is named.
    #[arg(long, value_name = "PROFILE", conflicts_with = "link")]
    choose: Option<String>,
}

pub(super) async fn run(args: Args, cx: &mut Context<'_>) -> Result<(), Failure> {
    let profiles = cx.profiles()?;
    if let Some(profile) = &args.choose {
        profiles.load(Some(profile))?;
        profiles.choose(profile)?;
    }
    let Some(link) = args.link else {
        let current = profiles.current();
        let known = profiles.names().into_iter().filter_map(|name| {
            let identity = profiles.load(Some(&name)).ok()?;
            let chosen = current.as_deref() == Some(&name);
            Some(json!({ "profile": name, "name": identity.name, "principal": identity.principal, "broker": identity.broker, "chosen": chosen }))
        });
        let known = known.collect();
        return cx.show(&known, |known| {
            list(
                known,
                "no profiles; enrol with hallpass login LINK",
                &[
                    ("profile", &|p| text(p, "profile")),
                    ("name", &|p| text(p, "name")),
                    ("broker", &|p| text(p, "broker")),
                    ("chosen", &|p| if p.says("chosen") { String::from("yes") } else { String::new() }),
                ],
            )
        });
    };
    // Before the link is spent: it works once.
    if let Some(taken) = args.name.as_deref().filter(|name| profiles.has(name)) {
        return Err(Failure::failed(format!(
            "there is a profile {taken:?} already: choose another name with --name, or move its folder away"
        )));
    }
    let identity = enrol(&link).await?;
    let profile = args.name.unwrap_or_else(|| free_name(&identity.name, |name| profiles.has(name)));
    profiles.save(&profile, &identity)?;
    // Whoever enrols means to go on as that.
    let before = profiles.current().filter(|before| *before != profile);
    profiles.choose(&profile)?;
    if let Some(before) = before {
        cx.tell(&format!("From now on you act as {profile}; with --as {before} as before"));
    }
    let document = json!({ "profile": profile, "name": identity.name, "principal": identity.principal, "broker": identity.broker });
    cx.show(&document, |d| {
        pairs(&[
            ("enrolled as", text(d, "name")),
            ("profile", text(d, "profile")),
            ("id", text(d, "principal")),
            ("broker", text(d, "broker")),
        ])
    })
}

/// The name itself, or with the first number that is free: a link that was spent must not lose its keys to a taken name.
fn free_name(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|n: u32| format!("{name}-{n}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|candidate| !taken(candidate)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_taken_name_gets_a_number() {
        assert_eq!(super::free_name("a", |_| false), "a");
        assert_eq!(super::free_name("a", |n| n == "a" || n == "a-2"), "a-3");
    }
}
