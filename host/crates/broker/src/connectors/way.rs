//! Where a target's secrets are sent is decided by whoever knows them. A setting, or the default of a version, could decide it anew
//! for secrets that were given for another place; so no version of a connector is looked at alone.

use std::collections::BTreeMap;

use hallpass_domain::port::{ConnectorFacts, SettingFacts};
use hallpass_domain::secret::SecretText;
use hallpass_domain::target::Target;
use hallpass_store::ConnectorRow;

use crate::error::BrokerError;

/// Refuses a change of where any version connects to that does not bring the secrets that would be sent there. `versions` are all
/// that are known of the connector, banned ones too: live holdings keep an older one, and an upgrade or a roll-back takes the settings as
/// they are.
pub(crate) fn check_redirected(
    versions: &[ConnectorRow],
    target: &Target,
    settings: &BTreeMap<String, String>,
    secrets: &BTreeMap<String, SecretText>,
) -> Result<(), BrokerError> {
    let value = |of: &BTreeMap<String, String>, setting: &SettingFacts| of.get(&setting.name).or(setting.default.as_ref()).cloned();
    let changed =
        versions.iter().flat_map(|row| row.facts.settings.iter()).find(|s| s.connects && value(&target.settings, s) != value(settings, s));
    let kept: Vec<&str> = target.secrets.iter().filter(|name| !secrets.contains_key(*name)).map(String::as_str).collect();
    match changed {
        Some(setting) if !kept.is_empty() => Err(BrokerError::invalid(
            "settings",
            format!("`{}` decides where the secrets of this target are sent, and is changed without them", setting.name),
            format!("Send the secrets along: {}.", kept.join(", ")),
        )),
        _ => Ok(()),
    }
}

/// Refuses a version that would send a target's secrets elsewhere than the one that it has: by another default of its own, or by a
/// setting that decided nothing of it when it was set. A default that is new altogether, which nobody could have set before, is a
/// permission like any other: who accepted the version has read it.
pub(crate) fn check_same_way(versions: &[ConnectorRow], new: &ConnectorFacts, target: &Target) -> Result<(), BrokerError> {
    let old = row_of(versions, target)?;
    let accepted = versions.iter().any(|row| row.facts.digest == new.digest && accepted_since(row, old));
    let old = &old.facts;
    let default = |setting: &SettingFacts| old.settings.iter().find(|s| s.name == setting.name).and_then(|s| s.default.clone());
    for setting in new.settings.iter().filter(|s| s.connects) {
        let (is_set, decides) = (target.settings.contains_key(&setting.name), connects(old, &setting.name));
        if !is_set && default(setting) != setting.default {
            let decided = |what: &str, remedy: &str| {
                let message = format!("`{}` decides where the secrets of this target are sent, and {what}", setting.name);
                Err(BrokerError::invalid("settings", message, remedy))
            };
            match (decides, accepted) {
                (true, _) => return decided("has another default in this version", "Set it for the target first."),
                (false, false) => {
                    return decided(
                        "has a default that nobody has accepted yet",
                        "Order the upgrade: its request shows the default to whoever approves it.",
                    );
                }
                (false, true) => {}
            }
        }
        // Changes were checked against the versions that were known then: one of them must have guarded this setting all the time.
        let guarded = decides || versions.iter().any(|row| row.added <= target.created && connects(&row.facts, &setting.name));
        if is_set && !guarded {
            return Err(BrokerError::invalid(
                "settings",
                format!("`{}` decides where the secrets of this target are sent, and did not when it was set", setting.name),
                "Add a target anew with this version, and its secrets.",
            ));
        }
    }
    Ok(())
}

/// Refuses a version that needs a setting which the one that the target has does not know: nobody can set it before the move.
pub(crate) fn check_can_be_set(versions: &[ConnectorRow], new: &ConnectorFacts, target: &Target) -> Result<(), BrokerError> {
    let old = &row_of(versions, target)?.facts;
    let unknown = |setting: &&SettingFacts| old.settings.iter().all(|s| s.name != setting.name);
    match new.settings.iter().filter(|s| s.required && s.default.is_none()).find(unknown) {
        Some(setting) => Err(BrokerError::invalid(
            "settings",
            format!("`{}` must be set, and the version that the target has does not know it", setting.name),
            "Give it a default in the new version, or add a target anew with it.",
        )),
        None => Ok(()),
    }
}

/// Whether a version was accepted no earlier than the one that a target has: whoever accepted it knew what it would follow.
pub(crate) fn accepted_since(row: &ConnectorRow, present: &ConnectorRow) -> bool {
    let at = |row: &ConnectorRow| row.granted.as_ref().map(|(_, at)| *at);
    at(row).is_some_and(|then| at(present).is_none_or(|now| then >= now))
}

fn row_of<'a>(versions: &'a [ConnectorRow], target: &Target) -> Result<&'a ConnectorRow, BrokerError> {
    let row = versions.iter().find(|row| row.facts.digest == target.connector);
    row.ok_or_else(|| BrokerError::not_found("connector", target.connector))
}

fn connects(facts: &ConnectorFacts, name: &str) -> bool {
    facts.settings.iter().any(|setting| setting.name == name && setting.connects)
}
