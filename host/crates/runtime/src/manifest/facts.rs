//! What the broker and the operator learn from a manifest.

use std::collections::BTreeMap;

use hallpass_domain::ids::Digest;
use hallpass_domain::parameter::ParameterFacts;
use hallpass_domain::port::{ConnectorFacts, EntitlementFacts, SettingFacts};

use super::document::{Effect, Entitlement, Parameter, SecretUse};
use super::{Manifest, plain};
use crate::hostile_text;

impl Manifest {
    /// The facts of the file with this digest.
    pub(crate) fn facts(&self, digest: Digest) -> ConnectorFacts {
        let document = &self.document;
        ConnectorFacts {
            digest,
            name: document.name.clone(),
            version: document.version.clone(),
            publisher: document.publisher.clone(),
            title: document.title.clone(),
            entitlements: document
                .entitlements
                .iter()
                .map(|e| EntitlementFacts {
                    name: e.name.clone(),
                    title: e.title.clone(),
                    resource: e.resource.clone(),
                    mode: e.mode,
                    sessions: e.sessions,
                    settles_within_ms: e.settles_within_ms,
                    suspend: e.suspend,
                    marked: e.marked,
                    host_looks: !e.look.is_empty(),
                    parameters: e
                        .parameters
                        .iter()
                        .map(|(name, p)| ParameterFacts { name: name.clone(), title: p.title.clone(), values: p.values.clone() })
                        .collect(),
                })
                .collect(),
            settings: document
                .settings
                .iter()
                .map(|(name, s)| SettingFacts {
                    name: name.clone(),
                    title: s.title.clone(),
                    required: s.required,
                    default: s.default.as_ref().map(plain),
                    connects: self.connects(name),
                })
                .collect(),
            secrets: document.secrets.keys().cloned().collect(),
            optional_secrets: document.secrets.iter().filter(|(_, s)| s.optional).map(|(name, _)| name.clone()).collect(),
            permissions: self.lines(),
        }
    }

    /// One line per permission, in a fixed order: the diff of two versions is the diff of these lines.
    /// Each begins with its kind and name, `statement create …` or `recipe password: …`: the host finds it by them.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (name, secret) in &self.document.secrets {
            let uses: Vec<&str> = secret
                .r#use
                .iter()
                .map(|u| match u {
                    SecretUse::SqlLogin => "log in to the database",
                    SecretUse::Http => "make the credentials of http",
                })
                .collect();
            let marks = |c: char| "()\"".contains(c);
            let title = if secret.title.contains(marks) { hostile_text::quoted(&secret.title) } else { secret.title.clone() };
            out.push(format!("secret {name} ({title}): used by the host to {}", uses.join(", ")));
        }
        for (name, recipe) in &self.recipes {
            out.push(format!("recipe {name}: makes a secret of {} random bytes", recipe.bytes));
        }
        for (name, statement) in &self.document.statements {
            let effect = match statement.effect {
                Effect::Read => "reads",
                Effect::Change => "changes",
            };
            let calls: Vec<&str> = statement.calls.iter().map(|c| c.word()).collect();
            let databases = if statement.databases { "; revoke may open the databases that it names" } else { "" };
            let wide = if statement.server_wide { "; also in the target's own database, where the resource's is gone" } else { "" };
            let expects = statement.expect.as_ref().map_or(String::new(), |e| format!("; expects {}", e.describe()));
            let slots: Vec<String> = statement.slots.iter().map(|(slot, source)| format!("; {slot} = {source}")).collect();
            let slots = slots.concat();
            // The text stands last, so that nothing in it can be read as something else.
            let text = one_line(&statement.text);
            out.push(format!("statement {name} ({effect}; in {}{databases}{wide}{expects}{slots}): {text}", calls.join(", ")));
        }
        self.http.permissions(&mut out);
        for (name, setting) in self.document.settings.iter().filter(|(name, _)| self.connects(name)) {
            // The operator chooses every other value; this one comes with the version.
            if let Some(default) = &setting.default {
                out.push(format!("setting {name}: default {}", hostile_text::word(&plain(default))));
            }
        }
        out.extend(self.document.entitlements.iter().map(Entitlement::describe));
        out
    }
}

impl Entitlement {
    /// What kind of access it is, and what the host relies on.
    fn describe(&self) -> String {
        let yes = |is: bool| if is { "yes" } else { "no" };
        let looks = if self.look.is_empty() {
            "no look: nobody but the connector itself looks".to_owned()
        } else {
            format!("looks: {}", self.look.join(", "))
        };
        let parameter = |(key, parameter): (&String, &Parameter)| match &parameter.values {
            None => format!("; parameter {key}: any text"),
            Some(values) => {
                let values: Vec<String> = values.iter().map(|v| hostile_text::word(v)).collect();
                format!("; parameter {key}: one of {}", values.join(", "))
            }
        };
        let parameters: String = self.parameters.iter().map(parameter).collect();
        format!(
            "entitlement {} on {} ({}; sessions {}; suspend {}; marked {}; settles within {} ms; {looks}{parameters})",
            self.name,
            self.resource,
            self.mode.as_str(),
            self.sessions.as_str(),
            yes(self.suspend),
            yes(self.marked),
            self.settles_within_ms
        )
    }
}

/// SQL in one line, from which its own lines can be told: lists are printed line by line.
fn one_line(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t")
}

/// Permission lines by the kind and name that each begins with.
pub(super) fn by_name(lines: Vec<String>) -> BTreeMap<(String, String), String> {
    let key = |line: &str| {
        let mut words = line.splitn(3, ' ');
        let (kind, name) = (words.next()?, words.next()?);
        Some((kind.to_owned(), name.trim_end_matches(':').to_owned()))
    };
    lines.into_iter().filter_map(|line| Some((key(&line)?, line))).collect()
}
