//! What conformance found.

use serde::Serialize;

/// How a connector kept the laws.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// One per law, in the order in which they are checked.
    pub laws: Vec<Checked>,
}

/// One law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Its name.
    pub law: &'static str,
    /// What it says.
    pub says: &'static str,
    /// How the connector kept it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// How a law was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// Kept, in this many calls.
    Kept {
        /// Calls of the connector.
        calls: usize,
    },
    /// It does not concern this connector.
    Skipped {
        /// Why.
        because: String,
    },
    /// Broken.
    Broken(Finding),
}

/// Where and how a law was broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The WIT item that is concerned: `grants.apply`.
    pub item: &'static str,
    /// What was done and what came of it.
    pub what: String,
    /// What to do about it.
    pub mend: String,
}

impl Report {
    /// Whether no law was broken.
    pub fn is_kept(&self) -> bool {
        self.broken().next().is_none()
    }

    /// The laws that were broken.
    pub fn broken(&self) -> impl Iterator<Item = (&Checked, &Finding)> {
        self.laws.iter().filter_map(|checked| match &checked.verdict {
            Verdict::Broken(finding) => Some((checked, finding)),
            _ => None,
        })
    }

    /// Every broken law in one line each, for an error.
    pub fn problems(&self) -> String {
        let lines =
            self.broken().map(|(checked, finding)| format!("{} ({}): {}. {}", checked.law, finding.item, finding.what, finding.mend));
        lines.collect::<Vec<_>>().join("; ")
    }
}
