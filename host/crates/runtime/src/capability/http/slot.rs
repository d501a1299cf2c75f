//! Where the parts of a path and the values of a query come from.

use hallpass_domain::port::Wish;

use crate::capability::sql::statement::render::{Frozen, mark};

/// The source of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The connector's choice.
    Open,
    /// Exactly this.
    Literal(String),
    Stamp,
    Mark,
    Account,
    Entitlement,
    Locator,
    Resource(String),
    Parameter(String),
}

/// What a source is in one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filled {
    /// The connector's choice.
    Open,
    /// Exactly this.
    Exactly(String),
}

impl Filled {
    /// The text, where there is no choice.
    pub(crate) fn exactly(self) -> Option<String> {
        match self {
            Self::Open => None,
            Self::Exactly(text) => Some(text),
        }
    }
}

impl Source {
    /// Reads a source as the manifest names it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(literal) = text.strip_prefix('=') {
            return Some(Self::Literal(literal.to_owned()));
        }
        Some(match text {
            "text" => Self::Open,
            "stamp" => Self::Stamp,
            "grant.mark" => Self::Mark,
            "grant.account" => Self::Account,
            "grant.entitlement" => Self::Entitlement,
            "grant.locator" => Self::Locator,
            other => match other.split_once('.') {
                Some(("resource", kind)) if !kind.is_empty() => Self::Resource(kind.to_owned()),
                Some(("parameter", key)) if !key.is_empty() => Self::Parameter(key.to_owned()),
                _ => return None,
            },
        })
    }

    /// What it is in this call; `None` where the call has not what fills it.
    pub(crate) fn fill(&self, frozen: Frozen<'_>) -> Option<Filled> {
        match self {
            Self::Open => Some(Filled::Open),
            Self::Literal(text) => Some(Filled::Exactly(text.clone())),
            _ => self.of(frozen.wish?, frozen.attempt).map(Filled::Exactly),
        }
    }

    fn of(&self, wish: &Wish, attempt: i64) -> Option<String> {
        match self {
            Self::Open | Self::Literal(_) => None,
            Self::Stamp => Some(wish.stamp.to_string()),
            Self::Mark => Some(mark(wish, attempt)),
            Self::Account => wish.account.clone(),
            Self::Entitlement => Some(wish.entitlement.clone()),
            Self::Locator => wish.locator.clone(),
            Self::Resource(kind) => wish.resource.segment(kind).map(str::to_owned),
            Self::Parameter(key) => wish.parameters.get(key).cloned(),
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open => f.write_str("text"),
            Self::Literal(text) => write!(f, "={}", crate::hostile_text::word(text)),
            Self::Stamp => f.write_str("stamp"),
            Self::Mark => f.write_str("grant.mark"),
            Self::Account => f.write_str("grant.account"),
            Self::Entitlement => f.write_str("grant.entitlement"),
            Self::Locator => f.write_str("grant.locator"),
            Self::Resource(kind) => write!(f, "resource.{kind}"),
            Self::Parameter(key) => write!(f, "parameter.{key}"),
        }
    }
}
