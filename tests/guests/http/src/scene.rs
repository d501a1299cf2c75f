//! What every behaviour over HTTP finds, and how it ends.

use hallpass_connector::grants::{Outcome, Settled};
use hallpass_connector::{Failure, Invocation, http};

use crate::raw::{Heard, Raw};

/// How a behaviour ends.
pub(crate) type Said = Result<Outcome, Failure>;

/// The call in which a behaviour shows itself.
pub(crate) struct Scene<'a> {
    pub(crate) inv: &'a Invocation,
    behaviour: String,
}

impl<'a> Scene<'a> {
    /// The scene, where the target has the setting `behaviour`.
    pub(crate) fn of(inv: &'a Invocation) -> Option<Self> {
        inv.setting("behaviour").map(|behaviour| Self { inv, behaviour })
    }

    /// Plays what the setting names.
    pub(crate) fn play(&self) -> Said {
        let name = self.behaviour.as_str();
        crate::behaviours::pick(name).map_or_else(|| Err(Failure::invalid_input("no-such-behaviour", name)), |run| run(self))
    }

    /// A path at the target: whatever the host puts before it is this guest's to reach.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", http::base(self.inv, "url").unwrap_or_default())
    }

    /// Host and port of the target.
    pub(crate) fn authority(&self) -> String {
        self.at("").split_once("://").map(|(_, rest)| rest.to_owned()).unwrap_or_default()
    }

    /// The port on which a server listens that is not the guest's to reach.
    pub(crate) fn forbidden_port(&self) -> String {
        self.inv.setting("forbidden_port").unwrap_or_default()
    }

    /// Asks these hosts, on the forbidden port, over both schemes; see [`refused`].
    pub(crate) fn reach(&self, hosts: &[&str]) -> Said {
        let port = self.forbidden_port();
        let urls = hosts.iter().flat_map(|host| ["http", "https"].map(|scheme| format!("{scheme}://{host}:{port}/v1/treasure")));
        refused(urls.map(|url| Raw::get(&url)))
    }
}

/// Sends all of them. None may be answered: the end is a failure with the code `refused` that says of each how it ended.
pub(crate) fn refused(requests: impl Iterator<Item = Raw>) -> Said {
    let mut ends = Vec::new();
    for request in requests {
        match request.send() {
            Ok(heard) => return Err(got_through(&format!("{}{} answered {}", request.authority, request.path, heard.status))),
            Err(e) if ["request-refused", "address-refused", "header-refused", "bad-request"].contains(&e.code.as_str()) => {
                ends.push(e.code);
            }
            Err(e) => return Err(e),
        }
    }
    Err(Failure::forbidden("refused", ends.join(" ")))
}

/// What a guest says that got away with it.
pub(crate) fn got_through(what: &str) -> Failure {
    Failure::internal("got-through", what)
}

/// It ends well, and this is what it has seen: a test finds it in the locator.
#[expect(clippy::unnecessary_wraps, reason = "the end of a behaviour")]
pub(crate) fn seen(text: &str) -> Said {
    let mut locator: String = text.chars().filter(|c| *c != '\0').collect();
    while locator.len() > 1024 {
        locator.pop();
    }
    Ok(Outcome::Settled(Settled { locator, already: false, replaced: Vec::new() }))
}

/// All of an answer as one text.
pub(crate) fn whole(heard: &Heard) -> String {
    let lines = heard.headers.iter().chain(&heard.trailers);
    let lines: Vec<String> = lines.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value))).collect();
    format!("{} {} {}", heard.status, lines.join(", "), String::from_utf8_lossy(&heard.body))
}
