//! Texts of a manifest that an operator or approver reads: none may be shown as another than it is.

use hallpass_domain::name::check_foreign;

use super::document::Document;
use crate::hostile_text::{is_one_line, is_plain, quoted};

/// Longest title or description, in bytes.
const LONGEST: usize = 1024;

/// Checks every text that is shown. The error is a sentence.
pub(super) fn check(document: &Document) -> Result<(), String> {
    title("the connector", &document.title)?;
    hallpass_domain::name::check_free_text("the description", &document.description, LONGEST).map_err(|e| e.to_string())?;
    for (name, setting) in &document.settings {
        title(&format!("the setting `{name}`"), &setting.title)?;
        let texts = setting.values.iter().flatten().chain(&setting.default).filter_map(|v| v.as_str());
        if texts.clone().any(|text| !is_plain(text)) {
            return Err(format!(
                "the setting `{name}` has a value or default with control characters or such as turn the direction of text"
            ));
        }
    }
    document.secrets.iter().try_for_each(|(name, secret)| title(&format!("the secret `{name}`"), &secret.title))?;
    for entitlement in &document.entitlements {
        let of = format!("the entitlement `{}`", entitlement.name);
        title(&of, &entitlement.title)?;
        for (key, parameter) in &entitlement.parameters {
            title(&format!("the parameter `{key}` of {of}"), &parameter.title)?;
            if let Some(bad) = parameter.values.iter().flatten().find(|v| !is_one_line(v)) {
                return Err(format!("the parameter `{key}` of {of} has the value {}, which is not one plain line", quoted(bad)));
            }
            for value in parameter.values.iter().flatten() {
                // No request could carry another.
                check_foreign(&format!("a value of the parameter `{key}` of {of}"), value).map_err(|e| e.to_string())?;
            }
        }
    }
    for (name, statement) in &document.statements {
        if !is_plain(&statement.text) {
            return Err(format!(
                "the statement `{name}` has control characters other than line break and tab, or such as turn the direction of text, in its text"
            ));
        }
    }
    Ok(())
}

fn title(of: &str, text: &str) -> Result<(), String> {
    if text.len() > LONGEST {
        return Err(format!("{of} has a title longer than {LONGEST} bytes"));
    }
    if !is_one_line(text) {
        return Err(format!(
            "{of} has the title {}: it must be one line, without control characters or such as turn the direction of text",
            quoted(text)
        ));
    }
    Ok(())
}
