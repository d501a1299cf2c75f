//! What the kit needs of whoever runs a connector: a small trait, in words of its own.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fixture::Sample;
use crate::world::World;

/// A loaded connector, and the host around it.
#[async_trait]
pub trait Host: Send + Sync {
    /// What the connector has.
    fn surface(&self) -> &Surface;
    /// A target all of whose answers come from `world`. Time stands still in it, but for an answer that never comes.
    fn subject(&self, world: &Arc<World>) -> Arc<dyn Subject>;
}

/// A connector at one target. Each call is one of a fresh sandbox.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The mark of a holding.
    fn stamp(&self, holding: u32) -> String;
    /// The time at this target, in milliseconds.
    fn now(&self) -> u64;
    /// `grants.apply`.
    async fn apply(&self, run: &Run, want: &Wish, continuation: Option<&str>) -> Result<Applied, Failure>;
    /// `grants.revoke`.
    async fn revoke(&self, run: &Run, want: &Wish, continuation: Option<&str>) -> Result<Done, Failure>;
    /// `grants.observe`: what the connector itself sees.
    async fn observe(&self, run: &Run, want: &Wish) -> Result<Observed, Failure>;
    /// What the host sees: by the declared looks, else by `grants.observe`. `None` is drift.
    async fn look(&self, run: &Run, want: &Wish) -> Result<Option<Presence>, Failure>;
    /// `health.check`.
    async fn health(&self, run: &Run) -> Result<(), Failure>;
    /// `describe.describe`, as one document.
    async fn describe(&self, run: &Run) -> Result<Description, Failure>;
    /// `inventory.list-page`.
    async fn page(&self, run: &Run, cursor: Option<&str>, limit: u32) -> Result<Page, Failure>;
    /// `tools.call`.
    async fn call_tool(&self, run: &Run, tool: &str, arguments: &str) -> Result<String, Failure>;
    /// `tool-outcomes.observe`, of the operation of an earlier run.
    async fn tool_outcome(&self, run: &Run, operation: u32) -> Result<ToolOutcome, Failure>;
}

/// What a connector has and declares.
#[derive(Debug, Clone, Default)]
pub struct Surface {
    /// Its entitlements.
    pub entitlements: Vec<Entitlement>,
    /// Whether it exports `inventory`.
    pub inventory: bool,
    /// Whether it exports `describe`.
    pub describe: bool,
    /// Whether it exports `tools`.
    pub tools: bool,
    /// Whether it exports `tool-outcomes`.
    pub tool_outcomes: bool,
}

/// An entitlement of the manifest.
#[derive(Debug, Clone)]
pub struct Entitlement {
    /// Its name.
    pub name: String,
    /// An account is made for it; else an existing one gains something.
    pub provisions: bool,
    /// It can be there and unusable.
    pub suspend: bool,
    /// The target has room for the mark.
    pub marked: bool,
    /// The host looks itself.
    pub host_looks: bool,
}

/// How one call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Which operation: the same number is the same operation.
    pub operation: u32,
    /// Which attempt.
    pub attempt: i64,
    /// Change nothing.
    pub dry_run: bool,
    /// Until the call is cut off, in milliseconds.
    pub within_ms: u64,
}

/// A wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Which holding: the same number is the same stamp.
    pub holding: u32,
    /// What the author wrote.
    pub sample: Sample,
    /// An account is made for it.
    pub provisions: bool,
    /// Its end, in milliseconds since the Unix epoch.
    pub until: u64,
    /// There, but unusable.
    pub suspended: bool,
    /// A new secret is put in place.
    pub fresh_credential: bool,
    /// What an earlier settled call returned.
    pub locator: Option<String>,
}

/// How a change ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// Finished.
    Settled {
        /// What the target calls it.
        locator: String,
        /// Nothing had to change.
        already: bool,
        /// What was dropped to make room.
        replaced: Vec<String>,
    },
    /// Still going on.
    Pending(String),
}

/// What an apply left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// How it ended.
    pub done: Done,
    /// What everybody may see of the secret that was handed out: label, names and values. Never the secret.
    pub delivered: Option<Vec<String>>,
}

/// Whether the access is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Usable.
    Present,
    /// There and unusable.
    Suspended,
    /// Not there.
    Absent,
}

/// What a connector says that it saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Whether it is there.
    pub presence: Presence,
    /// Whose mark it bears; `None` where the target has no room for marks.
    pub ours: Option<bool>,
    /// All other words of it.
    pub words: Vec<String>,
}

/// `types.failure-kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The wish cannot be carried out.
    InvalidInput,
    /// The target did not accept the broker's credential.
    Unauthenticated,
    /// The broker's account may not do this.
    Forbidden,
    /// Something is not there.
    NotFound,
    /// Something contradicts the wish.
    Conflict,
    /// Slow down.
    RateLimited,
    /// Not reachable.
    Unavailable,
    /// No answer in time.
    Timeout,
    /// Not done.
    Unsupported,
    /// A fault of the connector.
    Internal,
}

/// `types.effect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing changed.
    None,
    /// All of it.
    Applied,
    /// Some of it.
    Partial,
    /// Not known.
    Unknown,
}

/// `types.failure`, as the host gives it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub kind: Kind,
    /// A stable word.
    pub code: String,
    /// A sentence.
    pub message: String,
    /// What is known of the target.
    pub effect: Effect,
}

/// Everything that depends on settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Description {
    /// Its tools.
    pub tools: Vec<Tool>,
    /// The whole of it, to compare.
    pub document: Value,
}

/// A tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Whether it changes something.
    pub changes: bool,
}

/// A page of an inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What is on it.
    pub items: Vec<Item>,
    /// Where the next one begins.
    pub next: Option<String>,
}

/// An entry of an inventory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// The account.
    pub account: String,
    /// The entitlement.
    pub entitlement: String,
    /// The resource.
    pub resource: String,
    /// The mark.
    pub stamp: Option<String>,
    /// All other words of it.
    pub words: Vec<String>,
}

/// What became of a tool's operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolOutcome {
    /// Done, with this result.
    Done(String),
    /// Not done.
    NotDone,
    /// The target cannot say.
    Unknown,
}
