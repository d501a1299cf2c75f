//! Whether a file goes with what was signed, and with the versions that are there.

use hallpass_domain::connector::Version;
use hallpass_domain::port::ConnectorFacts;
use hallpass_store::ConnectorRow;

use super::trust::{Refused, Trusted};

/// `true` for a downgrade on purpose. `versions` are those of the same name.
pub(super) fn fits(facts: &ConnectorFacts, trusted: &Trusted, versions: &[ConnectorRow], allow_downgrade: bool) -> Result<bool, Refused> {
    if let Some(signed) = &trusted.file
        && (signed.name != facts.name || signed.version != facts.version || signed.publisher != facts.publisher)
    {
        let reason =
            format!("it was signed as {} {} of {}, and says of itself something else", signed.name, signed.version, signed.publisher);
        return Err(Refused::new("bad-signature", reason, "Sign the file anew with `hallpass connector sign`"));
    }
    let others = versions.iter().filter(|row| row.facts.digest != facts.digest);
    if let Some(other) = others.clone().find(|row| row.facts.publisher != facts.publisher) {
        let reason = format!(
            "the name `{}` belongs to the publisher `{}` here, and its is `{}`",
            facts.name, other.facts.publisher, facts.publisher
        );
        return Err(Refused::new("name-taken", reason, "Give the connector another name in manifest.json"));
    }
    if others.clone().any(|row| row.facts.version == facts.version) {
        let reason = format!("{} {} was loaded before, from another file", facts.name, facts.version);
        return Err(Refused::new("same-version", reason, "Raise `version` in manifest.json and build it again"));
    }
    let version = |facts: &ConnectorFacts| facts.version.parse::<Version>().ok();
    let highest = others.max_by_key(|row| version(&row.facts));
    match highest.filter(|row| version(&row.facts) > version(facts)) {
        Some(_) if allow_downgrade => Ok(true),
        Some(highest) => {
            let reason = format!("{} {} is older than {}, which was loaded before", facts.name, facts.version, highest.facts.version);
            let remedy = "Load a newer version; with --allow-downgrade it is done all the same, and recorded";
            Err(Refused::new("downgrade", reason, remedy))
        }
        None => Ok(false),
    }
}
