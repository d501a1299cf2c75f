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

/// Refuses a version that would send a target's secrets elsewhere than the one that it has: by a default of its own, or by a setting
/// that decided nothing of it when it was set.
pub(crate) fn check_same_way(versions: &[ConnectorRow], new: &ConnectorFacts, target: &Target) -> Result<(), BrokerError> {
    let old = versions.iter().find(|row| row.facts.digest == target.connector).map(|row| &row.facts);
    let old = old.ok_or_else(|| BrokerError::not_found("connector", target.connector))?;
    let default = |setting: &SettingFacts| old.settings.iter().find(|s| s.name == setting.name).and_then(|s| s.default.clone());
    for setting in new.settings.iter().filter(|s| s.connects) {
        let is_set = target.settings.contains_key(&setting.name);
        if !is_set && default(setting) != setting.default {
            return Err(BrokerError::invalid(
                "settings",
                format!("`{}` decides where the secrets of this target are sent, and has another default in this version", setting.name),
                "Set it for the target first.",
            ));
        }
        // Changes were checked against the versions that were known then: one of them must have guarded this setting all the time.
        let guarded =
            connects(old, &setting.name) || versions.iter().any(|row| row.added <= target.created && connects(&row.facts, &setting.name));
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

fn connects(facts: &ConnectorFacts, name: &str) -> bool {
    facts.settings.iter().any(|setting| setting.name == name && setting.connects)
}
