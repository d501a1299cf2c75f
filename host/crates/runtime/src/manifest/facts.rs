//! What the broker and the operator learn from a manifest.

use std::collections::BTreeMap;

use hallpass_domain::ids::Digest;
use hallpass_domain::port::{ConnectorFacts, EntitlementFacts, SettingFacts};

use super::document::{Effect, SecretUse};
use super::{Manifest, plain};

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
            out.push(format!("secret {name} ({}): used by the host to {}", secret.title, uses.join(", ")));
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
            let slots: Vec<String> = statement.slots.iter().map(|(slot, source)| format!("{slot} = {source}")).collect();
            let slots = if slots.is_empty() { String::new() } else { format!(" [{}]", slots.join(", ")) };
            out.push(format!("statement {name} ({effect}; in {}{databases}{wide}): {}{slots}", calls.join(", "), statement.text));
        }
        self.http.permissions(&mut out);
        out
    }
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
